select
    group_id,
    max(text) filter (where question_id = group_id) as question,
    count(*) as times_asked,
    count(distinct user_hash) as people,
    count(distinct platform || ':' || chat_id) as chats,
    list_sort(list(distinct platform || ':' || chat_id)) as asked_in,
    min(asked_at) as first_asked_at,
    max(asked_at) as last_asked_at,
    count(*) filter (where outcome = 'silent') as times_silent,
    max(probability) as best_probability
from {{ source('posts_models', 'asked_questions') }}
group by group_id
having
    (count(distinct user_hash) >= 2 or count(*) >= 3)
    -- where nobody has looked since, what the bot did then tells
    and not bool_or(coalesce(answerable, outcome = 'answered'))
