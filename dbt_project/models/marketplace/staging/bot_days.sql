with left_out as (
    select
        delivery,
        source_row
    from {{ ref('event_findings') }}
    where left_out
),

-- who has no more events in all than the cap has no day above it
busy as (
    select user_hash
    from {{ ref('stg_event_rows') }}
    group by user_hash
    having count(*) > (select max(cap.bot_events_a_day) from {{ source('marketplace_models', 'recommender_settings') }} as cap)
),

by_day as (
    select
        events.user_hash,
        events.event_date,
        count(*) as events
    from {{ ref('stg_event_rows') }} as events
    semi join busy on events.user_hash = busy.user_hash
    anti join left_out on events.delivery = left_out.delivery and events.source_row = left_out.source_row
    group by events.user_hash, events.event_date
)

select
    by_day.user_hash,
    by_day.event_date,
    by_day.events,
    in_force.bot_events_a_day as kept
from by_day
inner join {{ source('marketplace_models', 'recommender_settings') }} as in_force on by_day.events > in_force.bot_events_a_day
