with in_lists as (
    select
        item_id,
        count(distinct user_hash) as lists,
        count(*) as places,
        min(place) as best_place
    from {{ source('marketplace_models', 'recommendations') }}
    group by item_id
),

total as (
    select sum(places) as places from in_lists
)

select
    items.item_id,
    items.title,
    items.category,
    items.price_band,
    items.available,
    items.rule,
    items.users,
    items.buyers,
    coalesce(in_lists.lists, 0) as lists,
    in_lists.best_place,
    coalesce(in_lists.places, 0) / nullif(total.places, 0) as share_of_places,
    in_lists.item_id is not null as reached
from {{ source('marketplace_models', 'item_features') }} as items
cross join total
left join in_lists on items.item_id = in_lists.item_id
