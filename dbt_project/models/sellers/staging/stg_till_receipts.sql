with latest as (
    select
        receipts.receipt_id,
        receipts.store_id,
        receipts.at,
        receipts.amount_minor as amount,
        receipts.register
    from {{ source('sellers', 'raw_till_receipts') }} as receipts
    {{ last_row_wins(['receipts.store_id', 'receipts.receipt_id']) }}
)

select * from latest
