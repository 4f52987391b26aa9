with latest as (
    select * exclude (source_file, source_row, delivery)
    from {{ source('stores', 'raw_geo') }}
    {{ later_delivery_wins(['store_id']) }}
)

-- further columns are the retailer's own: only the delivered file knows them
select * from latest  -- noqa: AM04
