with states as (
    select
        video,
        state,
        count(*) as n
    from {{ source('sellers_models', 'footage_samples') }}
    group by video, state
),

shares as (
    select
        videos.store_id,
        videos.camera_id,
        videos.day,
        {% for state in ['dark', 'blurred', 'noisy', 'frozen', 'occluded'] %}
        coalesce(sum(states.n) filter (where states.state = '{{ state }}'), 0) / sum(states.n) as share_{{ state }},
        {% endfor %}
        sum(states.n)::bigint as samples
    from states
    inner join {{ source('sellers_models', 'day_videos') }} as videos on states.video = videos.video
    group by videos.store_id, videos.camera_id, videos.day
),

-- medians are those of counts per level, for a year's samples do not fit into memory: luma to the unit, and of sharpness, a
-- variance, its root to the quarter
levels as (
    select
        video,
        'brightness' as measure,
        brightness::smallint as level,
        count(*) as n
    from {{ source('sellers_models', 'footage_samples') }}
    group by video, level
    union all
    select
        video,
        'sharpness' as measure,
        (4 * sqrt(sharpness))::integer as level,
        count(*) as n
    from {{ source('sellers_models', 'footage_samples') }}
    group by video, level
),

levels_of_days as (
    select
        videos.store_id,
        videos.camera_id,
        videos.day,
        levels.measure,
        levels.level,
        sum(levels.n) as n
    from levels
    inner join {{ source('sellers_models', 'day_videos') }} as videos on levels.video = videos.video
    group by videos.store_id, videos.camera_id, videos.day, levels.measure, levels.level
),

summed as (
    select
        *,
        sum(n) over (partition by store_id, camera_id, day, measure order by level) as up_to,
        sum(n) over (partition by store_id, camera_id, day, measure) as of_all
    from levels_of_days
),

medians as (
    select
        store_id,
        camera_id,
        day,
        min(level) filter (where measure = 'brightness')::double as brightness,
        (min(level) filter (where measure = 'sharpness') / 4) ** 2 as sharpness
    from summed
    where 2 * up_to >= of_all
    group by store_id, camera_id, day
)

select
    shares.store_id,
    shares.camera_id,
    shares.day,
    shares.samples,
    shares.share_dark,
    shares.share_blurred,
    shares.share_noisy,
    shares.share_frozen,
    shares.share_occluded,
    medians.brightness,
    medians.sharpness
from shares
inner join medians
    on shares.store_id = medians.store_id and shares.camera_id = medians.camera_id and shares.day = medians.day
