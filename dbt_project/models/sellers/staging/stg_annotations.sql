-- a video that is annotated anew is annotated as a whole: a box that somebody took away must not come back
with standing as (
    select *
    from {{ source('sellers', 'raw_annotations') }}
    {{ later_delivery_wins(['store_id', 'camera_id', 'start']) }}
),

latest as (
    select
        store_id,
        camera_id,
        start,
        frame,
        identity,
        x1,
        y1,
        x2,
        y2,
        ignored
    from standing
    {{ last_row_wins(['store_id', 'camera_id', 'start', 'frame', 'identity']) }}
)

select * from latest
