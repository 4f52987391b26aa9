with latest as (
    select
        store_id,
        date,
        category,
        revenue_minor,
        receipts,
        customers,
        items
    from {{ source('stores', 'raw_sales') }}
    {{ later_delivery_wins(['store_id', 'date', 'category']) }}
)

select * from latest
