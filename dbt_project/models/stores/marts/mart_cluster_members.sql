with own_clusterings as (
    select
        assignments.quarter,
        assignments.store_id,
        assignments.cluster,
        matches.name as cluster_name,
        assignments.distance,
        assignments.next_cluster,
        assignments.next_distance,
        assignments.margin,
        assignments.silhouette,
        assignments.outlier,
        assignments.imputed,
        scenarios.window_quarters,
        assignments.scenario_id
    from {{ source('stores_models', 'cluster_assignments') }} as assignments
    inner join {{ source('stores_models', 'cluster_scenarios') }} as scenarios
        on assignments.quarter = scenarios.quarter and assignments.scenario_id = scenarios.scenario_id
    left join {{ source('stores_models', 'cluster_matches') }} as matches
        on assignments.quarter = matches.quarter and assignments.cluster = matches.cluster
),

approved as (
    select
        assignments.quarter,
        assignments.store_id,
        assignments.cluster,
        assignments.name,
        assignments.version,
        assignments.margin,
        assignments.previous_cluster,
        assignments.moved_by_hand,
        assignments.is_new,
        json_extract(models.scenario, '$.window_quarters')::bigint as window_quarters
    from {{ source('stores_models', 'model_assignments') }} as assignments
    inner join {{ source('stores_models', 'cluster_models') }} as models on assignments.version = models.version
),

-- a request for one region leaves the approved model's other stores where they are
members as (
    select
        coalesce(own_clusterings.quarter, approved.quarter) as quarter,
        coalesce(own_clusterings.store_id, approved.store_id) as store_id,
        coalesce(own_clusterings.window_quarters, approved.window_quarters) as window_quarters,
        own_clusterings.* exclude (quarter, store_id, window_quarters),
        approved.cluster as approved_cluster,
        approved.name as approved_name,
        approved.version as approved_version,
        approved.margin as approved_margin,
        approved.previous_cluster as approved_cluster_before,
        approved.moved_by_hand,
        approved.is_new
    from own_clusterings
    full outer join approved
        on own_clusterings.quarter = approved.quarter and own_clusterings.store_id = approved.store_id
)

select
    members.quarter,
    members.cluster,
    members.cluster_name,
    members.store_id,
    features.name as store_name,
    features.format as store_format,
    features.region,
    features.latitude,
    features.longitude,
    features.revenue,
    members.distance,
    members.next_cluster,
    members.next_distance,
    members.margin,
    members.silhouette,
    members.outlier,
    members.imputed,
    members.approved_cluster,
    members.approved_name,
    members.approved_version,
    members.approved_margin,
    members.approved_cluster_before,
    members.moved_by_hand,
    members.is_new,
    members.scenario_id
from members
inner join {{ source('stores_models', 'store_features') }} as features
    on
        members.quarter = features.quarter
        and members.store_id = features.store_id
        and members.window_quarters = features.window_quarters
