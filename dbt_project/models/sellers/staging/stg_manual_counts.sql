with latest as (
    select
        store_id,
        camera_id,
        begin,
        "end",
        metric,
        value,
        counted_by
    from {{ source('sellers', 'raw_manual_counts') }}
    {{ last_row_wins(['store_id', 'camera_id', 'begin', '"end"', 'metric', 'counted_by']) }}
)

select * from latest
