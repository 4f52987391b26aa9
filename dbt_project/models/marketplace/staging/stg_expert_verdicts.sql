with latest as (
    select
        pilot,
        "case",
        item_id,
        expert,
        suits
    from {{ source('marketplace', 'raw_expert_verdicts') }}
    {{ last_row_wins(['pilot', '"case"', 'item_id', 'expert']) }}
)

select * from latest
