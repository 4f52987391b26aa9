-- without who it was: that stays in the raw table
with earliest as (
    select
        decision_id as feedback_id,
        made_at,
        about,
        page,
        subject,
        published_version,
        rating,
        reason as comment,
        requested_at,
        reported_at
    from {{ source('feedback', 'raw_feedback') }}
    {{ earlier_delivery_wins(['decision_id']) }}
)

select * from earliest
