select
    quality.quarter,
    quality.n_clusters,
    quality.silhouette,
    quality.davies_bouldin,
    quality.merge_distance,
    quality.height_gap,
    quality.jaccard,
    quality.smallest_cluster,
    quality.qualifies,
    quality.mean_rank,
    quality.chosen,
    scenarios.choice,
    scenarios.n_stores,
    scenarios.n_components,
    scenarios.fingerprint,
    scenarios.note,
    quality.scenario_id
from {{ source('stores_models', 'cluster_quality') }} as quality
inner join {{ source('stores_models', 'cluster_scenarios') }} as scenarios
    on quality.quarter = scenarios.quarter and quality.scenario_id = scenarios.scenario_id
