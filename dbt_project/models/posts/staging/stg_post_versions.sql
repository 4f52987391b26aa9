with numbered as (
    select
        *,
        try_cast(post_id as bigint) as number
    from {{ ref('stg_messages') }}
),

-- an album is sent at once: neighbours in number, in the same second, each with a picture
bordered as (
    select
        *,
        coalesce(
            platform = 'telegram'
            and has_media
            and lag(has_media) over in_order
            and number - lag(number) over in_order = 1
            and posted_at = lag(posted_at) over in_order,
            false
        ) as continues
    from numbered
    window in_order as (partition by source_file, channel_id order by number, source_row)
),

counted as (
    select
        *,
        sum(case when continues then 0 else 1 end) over (
            partition by source_file, channel_id order by number, source_row rows unbounded preceding
        ) as album
    from bordered
)

select
    source_file,
    platform,
    channel_id,
    thread,
    seen,
    album,
    arg_min(post_id, source_row) as post_id,
    arg_min(author_kind, source_row) as author_kind,
    max(channel_name) as channel_name,
    min(posted_at) as posted_at,
    max(edited_at) as edited_at,
    string_agg(text, chr(10) order by source_row) as text,
    arg_min(reply_to, source_row) as reply_to,
    arg_min(link, source_row) as link,
    count(*)::bigint as messages,
    max(as_of) as as_of,
    max(delivery) as delivery
from counted
group by source_file, platform, channel_id, thread, seen, album
having string_agg(text, '') is not null
