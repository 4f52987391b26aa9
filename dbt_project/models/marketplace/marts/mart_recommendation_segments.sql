with segments as (
    select
        as_of,
        scorer,
        measure,
        segment_kind,
        segment,
        value,
        low,
        high,
        n
    from {{ source('marketplace_models', 'recommender_quality') }}
    where "window" = 'test' and segment_kind <> 'all'
),

-- asked of everybody, too: a judgement without segments leaves none, not those of the judgement before
latest as (
    select max(as_of) as as_of
    from {{ source('marketplace_models', 'recommender_quality') }}
    where "window" = 'test'
)

select
    reranker.as_of,
    reranker.measure,
    reranker.segment_kind,
    reranker.segment,
    reranker.value as reranker,
    reranker.low as reranker_low,
    reranker.high as reranker_high,
    popularity.value as popularity,
    reranker.value - popularity.value as difference,
    reranker.n
from segments as reranker
inner join latest on reranker.as_of = latest.as_of
left join segments as popularity
    on
        reranker.as_of = popularity.as_of
        and reranker.measure = popularity.measure
        and reranker.segment_kind = popularity.segment_kind
        and reranker.segment = popularity.segment
        and popularity.scorer = 'popularity'
where reranker.scorer = 'reranker'
