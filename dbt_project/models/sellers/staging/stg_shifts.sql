with latest as (
    select
        store_id,
        seller_id,
        begin,
        "end"
    from {{ source('sellers', 'raw_shifts') }}
    {{ last_row_wins(['store_id', 'seller_id', 'begin']) }}
)

select * from latest
