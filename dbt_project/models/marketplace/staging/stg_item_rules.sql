with latest as (
    select
        item_id,
        rule,
        reason
    from {{ source('marketplace', 'raw_item_rules') }}
    {{ last_row_wins(['item_id']) }}
)

select * from latest
