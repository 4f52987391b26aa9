with total as (
    select count(*) as events from {{ source('marketplace', 'raw_events') }}
),

unmapped as (
    select
        events.event_type,
        count(*) as events
    from {{ source('marketplace', 'raw_events') }} as events
    anti join {{ source('marketplace_models', 'event_meanings') }} as meanings on events.event_type = meanings.event_type
    group by events.event_type
),

used as (
    select count(distinct hash(source_file, source_row)) as events from {{ ref('stg_events') }}
),

findings as (
    select
        'events in all' as finding,
        null::varchar as detail,
        false as left_out,
        events
    from total
    union all
    select
        'used' as finding,
        null as detail,
        false as left_out,
        events
    from used
    union all
    select
        'event type without a meaning' as finding,
        event_type as detail,
        true as left_out,
        events
    from unmapped
    union all
    select
        'over the daily cap' as finding,
        null as detail,
        true as left_out,
        sum(events - kept)::bigint as events
    from {{ ref('bot_days') }}
    having count(*) > 0
    union all
    select
        finding,
        detail,
        left_out,
        count(*) as events
    from {{ ref('event_findings') }}
    group by finding, detail, left_out
)

select
    findings.finding,
    findings.detail,
    findings.left_out,
    findings.events,
    findings.events / nullif(total.events, 0) as share
from findings
cross join total
