-- people change their minds: by the time of the press, for files may come in any order
select
    question_id,
    user_hash,
    helped,
    given_at
from {{ source('posts', 'raw_feedback') }}
qualify row_number() over (partition by question_id, user_hash order by given_at desc, delivery desc, source_row desc) = 1
