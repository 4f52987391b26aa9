with asked_again as (
    select
        group_id,
        max(text) filter (where question_id = group_id) as question,
        count(*) as times_asked,
        count(*) filter (where repeated) as times_repeated,
        count(distinct user_hash) as people,
        count(distinct platform || ':' || chat_id) as chats,
        list_sort(list(distinct platform || ':' || chat_id)) as asked_in,
        min(asked_at) as first_asked_at,
        max(asked_at) as last_asked_at,
        count(*) filter (where outcome <> 'not asked') as asked_of_bot,
        count(*) filter (where outcome = 'answered') as answered
    from {{ source('posts_models', 'asked_questions') }}
    group by group_id
    having count(*) >= 2
),

opinions as (
    select
        question_id,
        count(*) filter (where helped) - count(*) filter (where not helped) as in_favour
    from {{ ref('stg_feedback') }}
    group by question_id
),

shown as (
    select
        asked.group_id,
        answers.answer_channel,
        answers.answer_post,
        count(*) as times_shown,
        coalesce(sum(opinions.in_favour), 0) as in_favour,
        max(answers.asked_at) as last_shown_at
    from {{ source('posts_models', 'asked_questions') }} as asked
    inner join {{ ref('stg_answers') }} as answers on asked.question_id = answers.question_id
    left join opinions on answers.question_id = opinions.question_id
    where answers.outcome = 'answered' and answers.answer_post is not null
    group by asked.group_id, answers.answer_channel, answers.answer_post
),

-- what people liked, or else what was shown most often; a post of yesterday rather than one of last year
best as (
    select *
    from shown
    qualify row_number() over (
        partition by group_id
        order by in_favour desc, times_shown desc, last_shown_at desc, answer_channel asc, answer_post asc
    ) = 1
)

select
    asked_again.group_id,
    asked_again.question,
    asked_again.times_asked,
    asked_again.times_repeated,
    asked_again.people,
    asked_again.chats,
    asked_again.asked_in,
    asked_again.first_asked_at,
    asked_again.last_asked_at,
    asked_again.asked_of_bot,
    asked_again.answered,
    asked_again.answered / nullif(asked_again.asked_of_bot, 0) as share_answered,
    best.answer_channel as best_channel,
    best.answer_post as best_post,
    coalesce(best.times_shown, 0) as times_best_shown
from asked_again
left join best on asked_again.group_id = best.group_id
