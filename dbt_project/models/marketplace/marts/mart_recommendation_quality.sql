with everybody as (
    select
        as_of,
        "window",
        scorer,
        measure,
        value,
        low,
        high,
        n,
        window_from,
        window_until
    from {{ source('marketplace_models', 'recommender_quality') }}
    where segment_kind = 'all'
),

-- a measure that was left out of a judgement is compared with the latest one that has it
with_the_one_before as (
    select
        *,
        lag(value) over earlier as value_before,
        lag(as_of) over earlier as as_of_before
    from everybody
    window earlier as (partition by "window", scorer, measure order by as_of)
)

select
    judged.as_of,
    judged."window",
    judged.scorer,
    judged.measure,
    judged.value,
    judged.low,
    judged.high,
    popularity.value as popularity,
    judged.n,
    judged.window_from,
    judged.window_until,
    judged.as_of_before,
    judged.value - judged.value_before as change
from with_the_one_before as judged
left join everybody as popularity
    on
        judged.as_of = popularity.as_of
        and judged."window" = popularity."window"
        and judged.measure = popularity.measure
        and popularity.scorer = 'popularity'
