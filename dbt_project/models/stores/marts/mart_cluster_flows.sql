with approved as (
    select
        quarter,
        'approved model' as basis,
        store_id,
        previous_cluster as from_cluster,
        cluster as to_cluster,
        name as to_name
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
        matches.name as to_name
    from {{ source('stores_models', 'cluster_assignments') }} as now
    inner join {{ source('stores_models', 'cluster_assignments') }} as before
        on now.store_id = before.store_id and now.quarter = before.quarter + interval 3 month
    left join {{ source('stores_models', 'cluster_matches') }} as matches
        on now.quarter = matches.quarter and now.cluster = matches.cluster
),

continued as (
    select
        quarter,
        cluster as to_cluster,
        matched_cluster as from_cluster
    from {{ source('stores_models', 'cluster_matches') }}
    where continues = 'quarter before'
),

transitions as (
    select * from approved
    union all
    select * from own_clusterings
)

select
    transitions.quarter,
    transitions.basis,
    transitions.from_cluster,
    transitions.to_cluster,
    max(transitions.to_name) as to_name,
    count(*) as n_stores,
    count(*) / sum(count(*)) over (
        partition by transitions.quarter, transitions.basis, transitions.from_cluster
    ) as share_of_from,
    case
        when transitions.basis = 'approved model' then transitions.from_cluster = transitions.to_cluster
        else count(continued.to_cluster) > 0
    end as stayed
from transitions
left join continued
    on
        transitions.basis = 'own clustering'
        and transitions.quarter = continued.quarter
        and transitions.from_cluster = continued.from_cluster
        and transitions.to_cluster = continued.to_cluster
group by transitions.quarter, transitions.basis, transitions.from_cluster, transitions.to_cluster
