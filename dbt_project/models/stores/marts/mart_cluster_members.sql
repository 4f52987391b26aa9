with members as (
    select
        assignments.quarter,
        assignments.cluster,
        assignments.store_id,
        features.name as store_name,
        features.format as store_format,
        features.latitude,
        features.longitude,
        features.revenue,
        assignments.distance,
        assignments.next_cluster,
        assignments.next_distance,
        assignments.silhouette,
        assignments.imputed,
        assignments.scenario_id
    from {{ source('stores_models', 'cluster_assignments') }} as assignments
    inner join {{ source('stores_models', 'store_features') }} as features
        on assignments.quarter = features.quarter and assignments.store_id = features.store_id
)

select * from members
