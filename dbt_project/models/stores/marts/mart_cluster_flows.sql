with approved as (
    select
        quarter,
        'approved model' as basis,
        store_id,
        previous_cluster as from_cluster,
        cluster as to_cluster,
        name as to_name,
        previous_cluster = cluster as stayed
    from {{ source('stores_models', 'model_assignments') }}
    where previous_cluster is not null
),

own_clusterings as (
    select
        now.quarter,
        'own clustering' as basis,
        now.store_id,
        before.cluster as from_cluster,
        now.cluster as to_cluster,
        matches.name as to_name,
        coalesce(matches.previous_cluster = before.cluster, false) as stayed
    from {{ source('stores_models', 'cluster_assignments') }} as now
    inner join {{ source('stores_models', 'cluster_assignments') }} as before
        on now.store_id = before.store_id and now.quarter = before.quarter + interval 3 month
    left join {{ source('stores_models', 'cluster_matches') }} as matches
        on now.quarter = matches.quarter and now.cluster = matches.cluster
),

transitions as (
    select * from approved
    union all
    select * from own_clusterings
)

select
    quarter,
    basis,
    from_cluster,
    to_cluster,
    max(to_name) as to_name,
    count(*) as n_stores,
    count(*) / sum(count(*)) over (partition by quarter, basis, from_cluster) as share_of_from,
    bool_or(stayed) as stayed
from transitions
group by quarter, basis, from_cluster, to_cluster
