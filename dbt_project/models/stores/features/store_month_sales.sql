with sales_of_known_stores as (
    select sales.*
    from {{ ref('stg_sales') }} as sales
    semi join {{ ref('stg_stores') }} as stores on sales.store_id = stores.store_id
)

select
    store_id,
    date_trunc('month', date)::date as month,
    category,
    sum(revenue_minor)::bigint as revenue_minor,
    sum(receipts)::bigint as receipts,
    sum(customers)::bigint as customers,
    sum(items)::bigint as items
from sales_of_known_stores
group by store_id, month, category
