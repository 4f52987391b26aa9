{% set metrics = [
    'customers_present',
    'customers_served',
    'interaction_ratio',
    'interactions',
    'successful_interactions',
    'unsuccessful_interactions',
    'average_purchase_with_consultation',
    'average_purchase_without_consultation',
    'average_purchase_difference',
    'average_purchase_ratio',
    'present_s',
    'idle_s',
    'waiting_unserved',
] %}

select
    store_id,
    day,
    seller_id,
    {% for metric in metrics %}
    max(case when metric = '{{ metric }}' then value end) as {{ metric }},
    max(case when metric = '{{ metric }}' then low end) as {{ metric }}_low,
    max(case when metric = '{{ metric }}' then high end) as {{ metric }}_high,
    max(case when metric = '{{ metric }}' then n end) as {{ metric }}_n,
    max(case when metric = '{{ metric }}' then refused end) as {{ metric }}_refused,
    {% endfor %}
    max(coverage) as coverage
from {{ source('sellers_models', 'seller_day_metrics') }}
group by store_id, day, seller_id
