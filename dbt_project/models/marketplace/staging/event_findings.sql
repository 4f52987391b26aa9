with keyed as (
    select
        delivery,
        source_row,
        -- 64 bits stand for the key: of 400,000 logs of ten million events, one has two keys that share them
        hash(user_hash, event_type, platform, event_time) as event_key,
        hash(items, prices, quantities) as content
    from {{ ref('stg_event_rows') }}
    where event_time is not null
),

repeated as (
    select
        event_key,
        max(delivery) as latest
    from keyed
    group by event_key
    having count(*) > 1
),

-- only rows whose key comes again are ordered: they are few, all rows are many
contested as (
    select
        keyed.delivery,
        keyed.source_row,
        case
            when keyed.delivery < repeated.latest then 'superseded by a later delivery'
            when
                row_number() over (partition by keyed.event_key, keyed.delivery, keyed.content order by keyed.source_row) > 1
                then 'exact duplicate'
        end as finding
    from keyed
    inner join repeated on keyed.event_key = repeated.event_key
),

replaced as (
    select * from contested
    where finding is not null
),

standing as (
    select
        events.*,
        {{ list_in('events.items') }} as item_list,
        {{ numbers_in('events.prices') }} as price_list,
        {{ numbers_in('events.quantities') }} as quantity_list
    from {{ ref('stg_event_rows') }} as events
    anti join replaced on events.delivery = replaced.delivery and events.source_row = replaced.source_row
),

judged as (
    select
        delivery,
        source_row,
        event_time is null as timeless,
        {{ is_unreadable('items', 'item_list') }} as items_unreadable,
        coalesce(len(list_filter(item_list, lambda item: {{ names_an_item('item') }})), 0) as items_named,
        not time_known as no_time,
        time_known and event_date <> event_date_delivered as other_day,
        {{ is_unreadable('prices', 'price_list') }} as prices_unreadable,
        {{ is_unreadable('quantities', 'quantity_list') }} as quantities_unreadable,
        len(price_list) not in (0, len(item_list)) as prices_ragged,
        len(quantity_list) not in (0, len(item_list)) as quantities_ragged,
        list_count(price_list) < len(price_list) as prices_no_number,
        list_count(quantity_list) < len(quantity_list) as quantities_no_number,
        list_min(price_list) <= 0 as not_above_zero,
        items_named < len(item_list) as items_nameless,
        kind = 'refund' or (kind = 'purchase' and len(quantity_list) = len(item_list) and list_min(quantity_list) < 0) as refund
    from standing
),

-- a condition in a filter would be computed apart from the same one in a column, with all its lists; so nothing is filtered
found as (
    select
        delivery,
        source_row,
        unnest(
            case
                when timeless then [{{ finding('neither time nor date', left_out=true) }}]
                when items_unreadable then [{{ finding('list that cannot be read', 'items', left_out=true) }}]
                when items_named = 0 then [{{ finding('empty list', 'items', left_out=true) }}]
                when
                    no_time or other_day or prices_unreadable or quantities_unreadable or prices_ragged or quantities_ragged
                    or prices_no_number or quantities_no_number or not_above_zero or items_nameless or refund
                    then [
                        case when no_time then {{ finding('no time but a date') }} end,
                        case when other_day then {{ finding('time and date of different days') }} end,
                        case when prices_unreadable then {{ finding('list that cannot be read', 'prices') }} end,
                        case when quantities_unreadable then {{ finding('list that cannot be read', 'quantities') }} end,
                        case when prices_ragged then {{ finding('lists of different lengths', 'prices') }} end,
                        case when quantities_ragged then {{ finding('lists of different lengths', 'quantities') }} end,
                        case when prices_no_number then {{ finding('value that is no number', 'prices') }} end,
                        case when quantities_no_number then {{ finding('value that is no number', 'quantities') }} end,
                        case when not_above_zero then {{ finding('price not above zero', 'prices') }} end,
                        case when items_nameless then {{ finding('element that names no item', 'items') }} end,
                        case when refund then {{ finding('refund') }} end
                    ]
            end
        ) as found
    from judged
)

select
    delivery,
    source_row,
    finding,
    null::varchar as detail,
    true as left_out
from replaced
union all
select
    delivery,
    source_row,
    found['finding'] as finding,
    found['detail'] as detail,
    found['left_out'] as left_out
from found
where found is not null
