with questions as (
    select
        platform,
        chat_id,
        user_hash,
        repeated,
        outcome,
        -- by way of microseconds, so that weeks are those of UTC wherever this runs
        date_trunc('week', make_timestamp(epoch_us(asked_at)))::date as week
    from {{ source('posts_models', 'asked_questions') }}
),

bot_came as (
    select
        platform,
        chat_id,
        min(week) as bot_since
    from questions
    where outcome <> 'not asked'
    group by platform, chat_id
),

by_week as (
    select
        platform,
        chat_id,
        week,
        count(*) as questions,
        count(distinct user_hash) as people,
        count(*) filter (where repeated) as repeated,
        count(*) filter (where outcome <> 'not asked') as asked_of_bot,
        count(*) filter (where outcome = 'answered') as answered
    from questions
    group by platform, chat_id, week
)

select
    by_week.platform,
    by_week.chat_id,
    by_week.week,
    by_week.questions,
    by_week.people,
    by_week.repeated,
    by_week.repeated / by_week.questions as share_repeated,
    by_week.asked_of_bot,
    by_week.answered,
    by_week.asked_of_bot > 0 as bot_present,
    bot_came.bot_since
from by_week
left join bot_came on by_week.platform = bot_came.platform and by_week.chat_id = bot_came.chat_id
