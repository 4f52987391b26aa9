with latest as (
    select
        question_id,
        platform,
        chat_id,
        user_hash,
        asked_at,
        via,
        locale,
        text,
        outcome,
        probability,
        answer_channel,
        answer_post,
        index_version,
        cpu_ms,
        tokens
    from {{ source('posts', 'raw_asked') }}
    {{ last_row_wins(['question_id']) }}
)

select * from latest
