with channels as (
    select
        source_file,
        platform,
        channel_id,
        thread,
        max(as_of) as as_of,
        min(posted_at) as first_posted_at,
        max(posted_at) as last_posted_at,
        max(delivery) as delivery
    from {{ ref('stg_messages') }}
    where seen = 'snapshot'
    group by source_file, platform, channel_id, thread
),

chats as (
    select
        source_file,
        platform,
        chat_id as channel_id,
        'chat' as thread,
        max(coalesce(edited_at, posted_at)) as as_of,
        min(posted_at) as first_posted_at,
        max(posted_at) as last_posted_at,
        max(delivery) as delivery
    from {{ source('posts', 'raw_chat_messages') }}
    group by source_file, platform, chat_id
)

select * from channels
union all by name
select * from chats
