with measured as (
    select * from {{ source('propensity_models', 'propensity_backtest') }}
    where segment_kind = 'all'
),

steadiness as (
    select
        scorer,
        measure,
        min(value) as worst,
        stddev_samp(value) as deviation,
        count(value) as months
    from measured
    group by scorer, measure
)

select
    measured.month,
    measured.scorer,
    measured.measure,
    measured.value,
    measured.low,
    measured.high,
    random.value as by_chance,
    measured.value - lag(measured.value) over (
        partition by measured.scorer, measured.measure
        order by measured.month
    ) as change,
    steadiness.worst as worst_month,
    steadiness.deviation as deviation_of_months,
    steadiness.months as months_measured,
    measured.clients,
    measured.openings
from measured
inner join steadiness on measured.scorer = steadiness.scorer and measured.measure = steadiness.measure
left join measured as random
    on measured.month = random.month and measured.measure = random.measure and random.scorer = 'random'
