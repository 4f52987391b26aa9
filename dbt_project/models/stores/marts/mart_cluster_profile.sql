with features_in_rows as (
    unpivot (
        select
            quarter,
            store_id,
            columns(* exclude (quarter, store_id, name, format, latitude, longitude, months_observed))::double
        from {{ source('stores_models', 'store_features') }}
    )
    on columns(* exclude (quarter, store_id))
    into name feature value value
),

clustered as (
    select
        assignments.quarter,
        assignments.cluster,
        assignments.scenario_id,
        features_in_rows.feature,
        features_in_rows.value
    from {{ source('stores_models', 'cluster_assignments') }} as assignments
    inner join features_in_rows
        on assignments.quarter = features_in_rows.quarter and assignments.store_id = features_in_rows.store_id
),

network as (
    select
        quarter,
        feature,
        avg(value) as network_mean,
        stddev_pop(value) as network_deviation
    from clustered
    group by quarter, feature
),

by_cluster as (
    select
        quarter,
        cluster,
        scenario_id,
        feature,
        count(*) as n_stores,
        avg(value) as cluster_mean
    from clustered
    group by quarter, cluster, scenario_id, feature
)

select
    by_cluster.quarter,
    by_cluster.cluster,
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
    by_cluster.scenario_id
from by_cluster
inner join network on by_cluster.quarter = network.quarter and by_cluster.feature = network.feature
inner join {{ source('stores_models', 'feature_catalogue') }} as catalogue
    on by_cluster.quarter = catalogue.quarter and by_cluster.feature = catalogue.feature
