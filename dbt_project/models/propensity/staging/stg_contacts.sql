with latest as (
    select
        client_id,
        date,
        channel,
        cost_minor,
        rule
    from {{ source('propensity', 'raw_contacts') }}
    {{ later_delivery_wins(['client_id', 'date', 'channel']) }}
)

select * from latest
