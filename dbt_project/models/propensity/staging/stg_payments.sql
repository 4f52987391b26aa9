with latest as (
    select
        client_id,
        date,
        amount_minor,
        direction,
        counterparty
    from {{ source('propensity', 'raw_payments') }}
    {{ later_delivery_wins(['client_id', 'date']) }}
)

select * from latest
