with members as (
    select
        assignments.quarter,
        assignments.cluster,
        matches.name as cluster_name,
        assignments.store_id,
        features.name as store_name,
        features.format as store_format,
        features.region,
        features.latitude,
        features.longitude,
        features.revenue,
        assignments.distance,
        assignments.next_cluster,
        assignments.next_distance,
        assignments.margin,
        assignments.silhouette,
        assignments.outlier,
        assignments.imputed,
        approved.cluster as approved_cluster,
        approved.name as approved_name,
        approved.version as approved_version,
        approved.margin as approved_margin,
        approved.previous_cluster as approved_cluster_before,
        approved.moved_by_hand,
        approved.is_new,
        assignments.scenario_id
    from {{ source('stores_models', 'cluster_assignments') }} as assignments
    inner join {{ source('stores_models', 'cluster_scenarios') }} as scenarios
        on assignments.quarter = scenarios.quarter and assignments.scenario_id = scenarios.scenario_id
    inner join {{ source('stores_models', 'store_features') }} as features
        on
            assignments.quarter = features.quarter
            and assignments.store_id = features.store_id
            and scenarios.window_quarters = features.window_quarters
    left join {{ source('stores_models', 'cluster_matches') }} as matches
        on assignments.quarter = matches.quarter and assignments.cluster = matches.cluster
    left join {{ source('stores_models', 'model_assignments') }} as approved
        on assignments.quarter = approved.quarter and assignments.store_id = approved.store_id
)

select * from members
