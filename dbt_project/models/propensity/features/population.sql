with rules as (
    select
        rule_version,
        list_filter(string_split(segments, '|'), lambda value: value <> '') as segments,
        list_filter(string_split(liquidated_statuses, '|'), lambda value: value <> '') as liquidated_statuses
    from {{ source('propensity_models', 'propensity_settings') }}
),

excluded_beginnings as (
    select unnest(list_filter(string_split(excluded_okved, '|'), lambda value: value <> '')) as beginning
    from {{ source('propensity_models', 'propensity_settings') }}
),

clients as (
    select
        client_id,
        month,
        snapshot_date,
        segment,
        okved,
        status,
        liquidated_on
    from {{ ref('stg_clients') }}
),

months_with_segments as (
    select distinct month
    from clients
    where segment is not null
),

-- the first month in which it was known; what became known later never reaches back
known_as_liquidated as (
    select
        clients.client_id,
        min(clients.month) as since
    from clients
    cross join rules
    where
        list_contains(rules.liquidated_statuses, clients.status)
        or clients.liquidated_on <= clients.snapshot_date
    group by clients.client_id
),

activities as (
    select distinct okved from clients
),

excluded_activities as (
    select distinct activities.okved
    from activities
    inner join excluded_beginnings on starts_with(activities.okved, excluded_beginnings.beginning)
),

first_openings as (
    select
        client_id,
        min(opened_on) as opened_on
    from {{ ref('stg_openings') }}
    group by client_id
)

select
    clients.client_id,
    clients.month,
    clients.snapshot_date,
    case
        when
            len(rules.segments) > 0
            and months_with_segments.month is not null
            and not coalesce(list_contains(rules.segments, clients.segment), false)
            then 'not small business'
        when known_as_liquidated.since <= clients.month then 'liquidated'
        when excluded_activities.okved is not null then 'excluded activity'
        when first_openings.opened_on <= clients.snapshot_date then 'already has the account'
    end as excluded_by,
    rules.rule_version
from clients
cross join rules
left join months_with_segments on clients.month = months_with_segments.month
left join known_as_liquidated on clients.client_id = known_as_liquidated.client_id
left join excluded_activities on clients.okved = excluded_activities.okved
left join first_openings on clients.client_id = first_openings.client_id
