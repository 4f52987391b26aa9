with latest as (
    select
        column_name,
        kind,
        coalesce(use, true) as use,
        reason
    from {{ source('propensity', 'raw_column_rules') }}
    {{ last_row_wins(['column_name']) }}
)

select * from latest
