with latest as (
    select *
    from {{ source('posts', 'raw_chat_messages') }}
    qualify row_number() over (
        partition by source_file, platform, chat_id, message_id
        order by coalesce(edited_at, posted_at) desc, source_row desc
    ) = 1
),

snapshots as (
    select
        source_file,
        max(coalesce(edited_at, posted_at)) as as_of
    from latest
    group by source_file
)

select
    answers.source_file,
    answers.platform,
    answers.chat_id,
    answers.chat_name,
    answers.author_channel,
    answers.message_id,
    answers.posted_at,
    answers.edited_at,
    answers.text,
    questions.text as question,
    snapshots.as_of,
    answers.delivery
from latest as answers
inner join latest as questions
    on
        answers.source_file = questions.source_file
        and answers.chat_id = questions.chat_id
        and answers.reply_to = questions.message_id
        and questions.kind = 'question'
inner join snapshots on answers.source_file = snapshots.source_file
where answers.kind = 'answer'
