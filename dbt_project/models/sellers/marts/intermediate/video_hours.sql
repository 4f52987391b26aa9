-- of cameras that see the same floor, one counts at a time
with counted as (
    select
        videos.video,
        videos.store_id,
        videos.camera_id,
        clocks.time_zone,
        videos.floor_group is null as stands_alone,
        case when videos.floor_group is null then 'camera ' || videos.camera_id else 'group ' || videos.floor_group end as floor,
        coalesce(videos.step_s, 0) as step_s,
        videos.started_at,
        epoch_us(videos.ended_at) - epoch_us(videos.started_at) as duration_us,
        -- since the hour of the store's clock began
        epoch_us(videos.started_at at time zone clocks.time_zone) % 3600000000 as lead_us
    from {{ source('sellers_models', 'day_videos') }} as videos
    inner join {{ ref('store_clocks') }} as clocks on videos.store_id = clocks.store_id
    where videos.counts
),

numbered as (
    select
        *,
        unnest(range((lead_us + duration_us + 3599999999) // 3600000000)) as number
    from counted
)

select
    video,
    number,
    store_id,
    camera_id,
    time_zone,
    stands_alone,
    floor,
    step_s,
    started_at + to_microseconds(number * 3600000000 - lead_us) as begin_at,
    (number * 3600000000 - lead_us) / 1e6 as begin_s,
    greatest(number * 3600000000 - lead_us, 0) / 1e6 as filmed_from_s,
    least((number + 1) * 3600000000 - lead_us, duration_us) / 1e6 as filmed_to_s
from numbered
