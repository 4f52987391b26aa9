with newest as (
    select
        path,
        max(version) as version
    from {{ source('sellers_models', 'video_deliveries') }}
    group by path
),

-- the file is gone once it was deleted, or once another one lies under its name
sources as (
    select
        files.video,
        files.path,
        deliveries.deleted_at is null
        and deliveries.version = newest.version as source_exists,
        deliveries.expires_at
    from {{ source('sellers_models', 'video_files') }} as files
    left join {{ source('sellers_models', 'video_deliveries') }} as deliveries
        on files.path = deliveries.path and files.version = deliveries.version
    left join newest on files.path = newest.path
),

-- a picture that was made anew expires later than the old one was deleted
evidence as (
    select files.*
    from {{ source('sellers_models', 'evidence_files') }} as files
    anti join {{ source('sellers_models', 'deleted_files') }} as deleted
        on files.path = deleted.path and deleted.failure is null and files.expires_at <= deleted.deleted_at
    where files.interaction > 0
),

shown as (
    select
        video,
        interaction,
        max(path) filter (where kind = 'clip') as clip_path,
        max(path) filter (where kind = 'trajectory' and locale in ('en', '')) as trajectory_path_en,
        max(path) filter (where kind = 'trajectory' and locale in ('ru', '')) as trajectory_path_ru,
        min(expires_at) as evidence_expires_at
    from evidence
    group by video, interaction
)

select
    interactions.video,
    interactions.interaction,
    videos.store_id,
    videos.camera_id,
    videos.day,
    interactions.seller_id,
    interactions.kind,
    interactions.begin_at,
    interactions.end_at,
    interactions.duration_s,
    interactions.successful,
    interactions.receipt_id,
    purchases.amount,
    videos.counts,
    interactions.begin_s,
    interactions.end_s,
    sources.path as video_path,
    sources.source_exists,
    sources.expires_at as source_expires_at,
    shown.clip_path,
    shown.trajectory_path_en,
    shown.trajectory_path_ru,
    shown.evidence_expires_at
from {{ source('sellers_models', 'interactions') }} as interactions
inner join {{ source('sellers_models', 'day_videos') }} as videos on interactions.video = videos.video
left join sources on interactions.video = sources.video
-- a receipt is one interaction's, so that amounts add up
left join {{ source('sellers_models', 'purchases') }} as purchases
    on interactions.video = purchases.video and interactions.interaction = purchases.interaction
left join shown on interactions.video = shown.video and interactions.interaction = shown.interaction
