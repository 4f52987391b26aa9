with latest as (
    select
        client_id,
        text,
        known_since
    from {{ source('propensity', 'raw_texts') }}
    {{ last_row_wins(['client_id', 'text']) }}
)

select * from latest
