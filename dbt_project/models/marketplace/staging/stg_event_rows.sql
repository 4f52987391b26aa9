with meant as (
    select
        events.source_file,
        events.source_row,
        events.delivery,
        events.user_hash,
        events.platform,
        events.event_type,
        meanings.kind,
        events.items,
        events.prices,
        events.quantities,
        events.event_time is not null as time_known,
        -- by way of microseconds, for time zones are slow and everything here is UTC
        coalesce(events.event_time, make_timestamptz(epoch_us(events.event_date))) as event_time,
        coalesce(make_timestamp(epoch_us(events.event_time))::date, events.event_date) as event_date,
        events.event_date as event_date_delivered
    from {{ source('marketplace', 'raw_events') }} as events
    inner join {{ source('marketplace_models', 'event_meanings') }} as meanings on events.event_type = meanings.event_type
)

select * from meant
