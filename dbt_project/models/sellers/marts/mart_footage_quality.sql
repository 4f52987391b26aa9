-- recorders begin the next file before they close the last
with in_order as (
    select
        video,
        store_id,
        camera_id,
        day,
        coverage,
        coalesce(open_s, epoch(ended_at) - epoch(started_at)) as open_s,
        epoch(started_at) as begin_s,
        epoch(ended_at) as end_s,
        max(epoch(ended_at)) over (
            partition by store_id, camera_id, day
            order by started_at, ended_at, video
            rows between unbounded preceding and 1 preceding
        ) as before_s
    from {{ source('sellers_models', 'day_videos') }}
),

filmed as (
    select
        store_id,
        camera_id,
        day,
        count(*) as videos,
        sum(greatest(end_s - greatest(begin_s, coalesce(before_s, begin_s)), 0)) as filmed_s,
        sum(coverage * open_s) / nullif(sum(open_s), 0) as coverage,
        count(*) filter (where begin_s - before_s > 5) as gaps,
        coalesce(sum(begin_s - before_s) filter (where begin_s - before_s > 5), 0) as gap_s
    from in_order
    group by store_id, camera_id, day
),

put_together as (
    select
        coalesce(filmed.store_id, bad_files.store_id) as store_id,
        coalesce(filmed.camera_id, bad_files.camera_id) as camera_id,
        coalesce(filmed.day, bad_files.day) as day,
        coalesce(filmed.videos, 0) as videos,
        coalesce(filmed.filmed_s, 0) as filmed_s,
        filmed.coverage,
        coalesce(filmed.gaps, 0) as gaps,
        coalesce(filmed.gap_s, 0) as gap_s,
        pictures.share_dark,
        pictures.share_blurred,
        pictures.share_noisy,
        pictures.share_frozen,
        pictures.share_occluded,
        coalesce(pictures.samples, 0) as samples,
        pictures.brightness,
        pictures.sharpness,
        coalesce(bad_files.unreadable_files, 0) as unreadable_files,
        coalesce(bad_files.duplicate_files, 0) as duplicate_files,
        coalesce(bad_files.refused_files, 0) as refused_files,
        bad_files.lost_file
    from filmed
    full outer join {{ ref('bad_files') }} as bad_files
        on filmed.store_id = bad_files.store_id and filmed.camera_id = bad_files.camera_id and filmed.day = bad_files.day
    left join {{ ref('picture_quality') }} as pictures
        on filmed.store_id = pictures.store_id and filmed.camera_id = pictures.camera_id and filmed.day = pictures.day
),

compared as (
    select
        *,
        list_max([
            struct_pack(share := coalesce(gap_s / nullif(filmed_s + gap_s, 0), 0), problem := 'gap'),
            {% for state in ['dark', 'blurred', 'noisy', 'frozen'] %}
            struct_pack(share := coalesce(share_{{ state }}, 0), problem := '{{ state }}'),
            {% endfor %}
            struct_pack(share := coalesce(share_occluded, 0), problem := 'occluded')
        ]) as greatest_loss
    from put_together
),

-- all of a file is lost; below a hundredth nobody need look
judged as (
    select
        *,
        case
            when lost_file is not null then 'file'
            when greatest_loss.share >= 0.01 then greatest_loss.problem
        end as worst,
        round(100 * greatest_loss.share)::bigint as percent
    from compared
)

select
    store_id,
    camera_id,
    day,
    videos,
    filmed_s / 3600 as hours_filmed,
    coverage,
    samples,
    share_dark,
    share_blurred,
    share_noisy,
    share_frozen,
    share_occluded,
    brightness,
    sharpness,
    gaps,
    gap_s,
    unreadable_files,
    duplicate_files,
    refused_files,
    worst,
    case worst
        when 'file' then lost_file
        when 'gap' then format('Between files, {} % of the time is missing.', percent)
        when 'occluded' then format('Something is before the camera on {} % of the samples.', percent)
        when 'frozen' then format('The picture stands still on {} % of the samples.', percent)
        when 'dark' then format('Too dark on {} % of the samples.', percent)
        when 'blurred' then format('Out of focus on {} % of the samples.', percent)
        when 'noisy' then format('Too noisy on {} % of the samples.', percent)
    end as worst_reason
from judged
