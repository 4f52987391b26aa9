with latest as (
    select
        client_id,
        opened_on
    from {{ source('propensity', 'raw_openings') }}
    {{ last_row_wins(['client_id', 'opened_on']) }}
)

select * from latest
