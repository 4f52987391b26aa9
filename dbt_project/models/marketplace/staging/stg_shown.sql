with latest as (
    select
        user_hash,
        shown_at,
        bucket,
        version,
        {{ list_in('items') }} as item_list
    from {{ source('marketplace', 'raw_shown') }}
    {{ last_row_wins(['user_hash', 'shown_at']) }}
),

by_item as (
    select
        user_hash,
        shown_at,
        bucket,
        version,
        unnest(item_list) as item,
        generate_subscripts(item_list, 1) as place
    from latest
)

select
    user_hash,
    shown_at,
    bucket,
    version,
    trim(item) as item_id,
    place
from by_item
where {{ names_an_item('item') }}
