select
    feedback_id,
    made_at,
    about,
    page,
    subject,
    published_version,
    rating,
    comment,
    requested_at,
    reported_at,
    -- a delivered row may say that a result was there before it was asked for: then nobody knows how long it took
    case when reported_at >= requested_at then (epoch_us(reported_at) - epoch_us(requested_at)) / 60000000 end as minutes_to_report
from {{ ref('stg_ratings') }}
