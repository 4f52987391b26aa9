with latest as (
    select
        cameras.store_id,
        cameras.camera_id,
        cameras.time_zone,
        cameras.offset_s,
        cameras.opening,
        cameras.floor,
        cameras.staff_zone,
        cameras.ignored,
        cameras.overlaps,
        -- where a cell cannot be meant, people are told which row it stands in
        cameras.source_file,
        cameras.source_row
    from {{ source('sellers', 'raw_cameras') }} as cameras
    {{ last_row_wins(['cameras.store_id', 'cameras.camera_id']) }}
)

select * from latest
