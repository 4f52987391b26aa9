with asked as (
    select
        question_id,
        outcome,
        probability,
        answer_channel,
        -- by way of microseconds, so that months are those of UTC wherever this runs
        date_trunc('month', make_timestamp(epoch_us(asked_at)))::date as month
    from {{ ref('stg_answers') }}
),

pressed as (
    select
        asked.question_id,
        count(*) filter (where feedback.helped) as helped,
        count(*) filter (where not feedback.helped) as not_helped
    from {{ ref('stg_feedback') }} as feedback
    inner join asked on feedback.question_id = asked.question_id
    where asked.outcome = 'answered'
    group by asked.question_id
),

-- a question that was met with silence is no channel's
of_channels as (
    select
        month,
        answer_channel as channel,
        outcome,
        probability,
        question_id
    from asked
    where outcome = 'answered' and answer_channel is not null
    union all
    select
        month,
        '*' as channel,
        outcome,
        probability,
        question_id
    from asked
),

counted as (
    select
        of_channels.month,
        of_channels.channel,
        count(*) as questions,
        count(*) filter (where of_channels.outcome = 'answered') as answered,
        count(*) filter (where of_channels.outcome = 'silent') as silent,
        coalesce(sum(pressed.helped), 0)::bigint as helped,
        coalesce(sum(pressed.not_helped), 0)::bigint as not_helped,
        avg(of_channels.probability) filter (where of_channels.outcome = 'answered') as mean_probability,
        -- of each press, as the share is
        sum(of_channels.probability * (pressed.helped + pressed.not_helped))
        / sum(pressed.helped + pressed.not_helped) filter (where of_channels.probability is not null) as mean_probability_of_judged
    from of_channels
    left join pressed on of_channels.question_id = pressed.question_id
    group by of_channels.month, of_channels.channel
),

shares as (
    select
        *,
        helped + not_helped as judged,
        helped / nullif(helped + not_helped, 0) as share_helped,
        -- the 97.5 % point of the normal distribution, squared
        3.841458820694124 as z2
    from counted
)

-- E. B. Wilson (1927), Journal of the American Statistical Association 22
select
    month,
    channel,
    case when channel = '*' then questions end as questions,
    answered,
    case when channel = '*' then silent end as silent,
    case when channel = '*' then questions - answered - silent end as not_looked_at,
    helped,
    not_helped,
    share_helped,
    (share_helped + z2 / (2 * judged) - sqrt(z2 * (share_helped * (1 - share_helped) + z2 / (4 * judged)) / judged))
    / (1 + z2 / judged) as share_helped_low,
    (share_helped + z2 / (2 * judged) + sqrt(z2 * (share_helped * (1 - share_helped) + z2 / (4 * judged)) / judged))
    / (1 + z2 / judged) as share_helped_high,
    mean_probability,
    mean_probability_of_judged
from shares
