with used as (
    select
        platform,
        chat_id,
        user_hash,
        -- by way of microseconds, so that months are those of UTC wherever this runs
        date_trunc('month', make_timestamp(epoch_us(asked_at)))::date as month,
        count(*) as questions,
        count(*) filter (where outcome = 'answered') as answers,
        coalesce(sum(tokens), 0)::bigint as tokens,
        coalesce(sum(cpu_ms), 0) / 1000 as cpu_s
    from {{ ref('stg_answers') }}
    group by platform, chat_id, user_hash, month
),

-- a chat without a plan of its own has that of all others
with_chat as (
    select
        used.*,
        coalesce(own.chat_id, '*') as planned_as,
        sum(used.answers) over (partition by used.platform, used.chat_id, used.month)::bigint as answers_of_chat
    from used
    left join {{ source('posts_models', 'plans') }} as own on used.platform || ':' || used.chat_id = own.chat_id
)

select
    with_chat.month,
    with_chat.platform,
    with_chat.chat_id,
    with_chat.user_hash,
    with_chat.questions,
    with_chat.answers,
    with_chat.tokens,
    with_chat.cpu_s,
    with_chat.tokens / 1000 * plans.price_per_1000_tokens + with_chat.cpu_s / 3600 * plans.price_per_cpu_hour as cost,
    plans.plan,
    plans.answers_a_month,
    with_chat.answers_of_chat,
    with_chat.answers_of_chat / nullif(plans.answers_a_month, 0) as share_of_quota
from with_chat
left join {{ source('posts_models', 'plans') }} as plans on with_chat.planned_as = plans.chat_id
