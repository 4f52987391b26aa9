-- bots are not indexed, least of all our own
with people as (
    select *
    from {{ source('posts', 'raw_posts') }}
    where author_kind <> 'bot'
),

-- a live file may hold a message and its edits
latest_of_file as (
    select *
    from people
    qualify row_number() over (
        partition by source_file, platform, channel_id, post_id
        order by coalesce(edited_at, posted_at) desc nulls last, source_row desc
    ) = 1
),

-- an export does not say when it was made: it is as new as its newest message or edit
files as (
    select
        source_file,
        max(coalesce(edited_at, posted_at)) as newest
    from people
    group by source_file
)

select
    messages.source_file,
    messages.source_row,
    messages.delivery,
    messages.platform,
    messages.channel_id,
    messages.channel_name,
    messages.post_id,
    messages.thread,
    messages.seen,
    messages.author_kind,
    messages.posted_at,
    messages.edited_at,
    messages.text,
    messages.reply_to,
    messages.has_media,
    messages.link,
    coalesce(
        case when messages.seen = 'live' then coalesce(messages.edited_at, messages.posted_at) else files.newest end,
        deliveries.received_at
    ) as as_of
from latest_of_file as messages
inner join files on messages.source_file = files.source_file
inner join {{ source('posts', 'deliveries') }} as deliveries on messages.delivery = deliveries.delivery
