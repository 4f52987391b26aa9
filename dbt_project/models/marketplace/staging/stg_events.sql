with left_out as (
    select
        delivery,
        source_row
    from {{ ref('event_findings') }}
    where left_out
),

events_of_bot_days as (
    select
        events.delivery,
        events.source_row,
        bot_days.kept,
        row_number() over (
            partition by events.user_hash, events.event_date
            order by events.event_time, events.delivery, events.source_row
        ) as place
    from {{ ref('stg_event_rows') }} as events
    inner join {{ ref('bot_days') }} as bot_days
        on events.user_hash = bot_days.user_hash and events.event_date = bot_days.event_date
    anti join left_out on events.delivery = left_out.delivery and events.source_row = left_out.source_row
),

not_counted as (
    select * from left_out
    union all
    select
        delivery,
        source_row
    from events_of_bot_days
    where place > kept
),

with_lists as (
    select
        events.*,
        {{ list_in('events.items') }} as item_list,
        {{ numbers_in('events.prices') }} as price_list,
        {{ numbers_in('events.quantities') }} as quantity_list
    from {{ ref('stg_event_rows') }} as events
    anti join not_counted on events.delivery = not_counted.delivery and events.source_row = not_counted.source_row
),

by_item as (
    select
        source_file,
        source_row,
        user_hash,
        kind,
        event_time,
        time_known,
        event_date,
        platform,
        generate_subscripts(item_list, 1) as position,
        unnest(item_list) as item,
        -- of lists that differ in length nobody knows what belongs to what
        unnest(case when len(price_list) = len(item_list) then price_list end) as price,
        unnest(case when len(quantity_list) = len(item_list) then quantity_list end) as quantity
    from with_lists
)

select
    user_hash,
    trim(item) as item_id,
    case when kind = 'purchase' and quantity < 0 then 'refund' else kind end as kind,
    event_time,
    time_known,
    event_date,
    platform,
    case when price > 0 then price end as price_minor,
    greatest(coalesce(abs(nullif(quantity, -9223372036854775808)), 1), 1) as quantity,
    source_file,
    source_row,
    position
from by_item
where {{ names_an_item('item') }}
