with features_in_rows as (
    unpivot (
        select
            quarter,
            window_quarters,
            store_id,
            columns(
                * exclude (
                    quarter, window_quarters, store_id, name, format, region, latitude, longitude, months_observed
                )
            )::double
        from {{ source('stores_models', 'store_features') }}
    )
    on columns(* exclude (quarter, window_quarters, store_id))
    into name feature value value
),

memberships as (
    select
        assignments.quarter,
        'own clustering' as basis,
        assignments.store_id,
        assignments.cluster,
        matches.name as cluster_name,
        scenarios.window_quarters,
        assignments.scenario_id
    from {{ source('stores_models', 'cluster_assignments') }} as assignments
    inner join {{ source('stores_models', 'cluster_scenarios') }} as scenarios
        on assignments.quarter = scenarios.quarter and assignments.scenario_id = scenarios.scenario_id
    left join {{ source('stores_models', 'cluster_matches') }} as matches
        on assignments.quarter = matches.quarter and assignments.cluster = matches.cluster
    union all
    select
        approved.quarter,
        'approved model' as basis,
        approved.store_id,
        approved.cluster,
        approved.name as cluster_name,
        json_extract(models.scenario, '$.window_quarters')::bigint as window_quarters,
        models.scenario_id
    from {{ source('stores_models', 'model_assignments') }} as approved
    inner join {{ source('stores_models', 'cluster_models') }} as models on approved.version = models.version
),

clustered as (
    select
        memberships.quarter,
        memberships.basis,
        memberships.cluster,
        memberships.cluster_name,
        memberships.window_quarters,
        memberships.scenario_id,
        features_in_rows.feature,
        features_in_rows.value
    from memberships
    inner join features_in_rows
        on
            memberships.quarter = features_in_rows.quarter
            and memberships.store_id = features_in_rows.store_id
            and memberships.window_quarters = features_in_rows.window_quarters
),

network as (
    select
        quarter,
        basis,
        feature,
        avg(value) as network_mean,
        stddev_pop(value) as network_deviation
    from clustered
    group by quarter, basis, feature
),

by_cluster as (
    select
        quarter,
        basis,
        cluster,
        window_quarters,
        scenario_id,
        feature,
        max(cluster_name) as cluster_name,
        count(*) as n_stores,
        avg(value) as cluster_mean
    from clustered
    group by quarter, basis, cluster, window_quarters, scenario_id, feature
)

select
    by_cluster.quarter,
    by_cluster.basis,
    by_cluster.cluster,
    by_cluster.cluster_name,
    by_cluster.feature,
    catalogue.label as feature_label,
    catalogue.unit,
    by_cluster.n_stores,
    by_cluster.cluster_mean,
    network.network_mean,
    case
        when network.network_deviation > 0
            then (by_cluster.cluster_mean - network.network_mean) / network.network_deviation
    end as standardised_difference,
    differences.difference as difference_to_rest,
    differences.low as difference_low,
    differences.high as difference_high,
    effects.eta_squared,
    by_cluster.scenario_id
from by_cluster
inner join network
    on
        by_cluster.quarter = network.quarter
        and by_cluster.basis = network.basis
        and by_cluster.feature = network.feature
inner join {{ source('stores_models', 'feature_catalogue') }} as catalogue
    on
        by_cluster.quarter = catalogue.quarter
        and by_cluster.window_quarters = catalogue.window_quarters
        and by_cluster.feature = catalogue.feature
left join {{ source('stores_models', 'cluster_differences') }} as differences
    on
        by_cluster.basis = 'own clustering'
        and by_cluster.quarter = differences.quarter
        and by_cluster.cluster = differences.cluster
        and by_cluster.feature = differences.feature
left join {{ source('stores_models', 'feature_effects') }} as effects
    on
        by_cluster.basis = 'own clustering'
        and by_cluster.quarter = effects.quarter
        and by_cluster.feature = effects.feature
