with latest as (
    select
        item_id,
        title,
        category,
        coalesce(available, true) as available,
        available_from
    from {{ source('marketplace', 'raw_items') }}
    {{ last_row_wins(['item_id']) }}
)

select * from latest
