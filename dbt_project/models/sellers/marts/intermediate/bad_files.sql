-- a file that was refused for its name has no key: its folders tell the camera, and the day on which it came stands for its own
with placed as (
    select
        deliveries.path,
        deliveries.version,
        deliveries.state,
        deliveries.reason,
        coalesce(
            nullif(split_part(deliveries.video, '|', 1), ''),
            nullif(regexp_extract(deliveries.path, '(?:^|/)videos/([A-Za-z0-9_.-]{1,64})/[A-Za-z0-9_.-]{1,64}/[^/]+$', 1), '')
        ) as store_id,
        coalesce(
            nullif(split_part(deliveries.video, '|', 2), ''),
            nullif(regexp_extract(deliveries.path, '(?:^|/)videos/[A-Za-z0-9_.-]{1,64}/([A-Za-z0-9_.-]{1,64})/[^/]+$', 1), '')
        ) as camera_id,
        coalesce(
            files.started_at,
            try_strptime(split_part(deliveries.video, '|', 3), '%Y%m%dT%H%M%SZ') at time zone 'UTC',
            deliveries.recorded_at
        ) as moment,
        files.time_zone
    from {{ source('sellers_models', 'video_deliveries') }} as deliveries
    left join {{ source('sellers_models', 'video_files') }} as files on deliveries.video = files.video
    where deliveries.state in ('unreadable', 'duplicate', 'refused')
)

select
    placed.store_id,
    placed.camera_id,
    (placed.moment at time zone coalesce(placed.time_zone, clocks.time_zone, 'UTC'))::date as day,
    count(*) filter (where placed.state = 'unreadable') as unreadable_files,
    count(*) filter (where placed.state = 'duplicate') as duplicate_files,
    count(*) filter (where placed.state = 'refused') as refused_files,
    arg_min(
        placed.path || ': ' || coalesce(placed.reason, placed.state), (placed.state = 'refused', placed.path, placed.version)
    ) filter (where placed.state <> 'duplicate') as lost_file
from placed
left join {{ ref('store_clocks') }} as clocks on placed.store_id = clocks.store_id
where placed.store_id is not null
group by placed.store_id, placed.camera_id, day
