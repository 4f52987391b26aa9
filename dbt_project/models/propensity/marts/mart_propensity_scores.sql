select
    scores.month,
    scores.client_id,
    clients.segment,
    clients.okved,
    scores.probability,
    scores.decile::integer as decile,
    scores.rank,
    lists.group as campaign_group,
    scores.reason_en,
    scores.reason_ru,
    scores.version,
    labels.opened
from {{ source('propensity_models', 'propensity_scores') }} as scores
left join {{ ref('stg_clients') }} as clients on scores.month = clients.month and scores.client_id = clients.client_id
left join {{ ref('labels') }} as labels on scores.month = labels.month and scores.client_id = labels.client_id
left join {{ source('propensity_models', 'campaign_lists') }} as lists
    on scores.month = lists.month and scores.client_id = lists.client_id
