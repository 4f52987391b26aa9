with delivered as (
    select max(opened_on) as known_until from {{ ref('stg_openings') }}
),

first_openings as (
    select
        client_id,
        min(opened_on) as opened_on
    from {{ ref('stg_openings') }}
    group by client_id
),

windows as (
    select
        population.client_id,
        population.month,
        population.snapshot_date,
        (population.snapshot_date + to_months(in_force.horizon_months::integer))::date as window_until
    from {{ ref('population') }} as population
    cross join {{ source('propensity_models', 'propensity_settings') }} as in_force
    where population.excluded_by is null
)

select
    windows.client_id,
    windows.month,
    windows.snapshot_date,
    -- who had opened one by the snapshot is not in the population: the first opening is later
    coalesce(first_openings.opened_on <= windows.window_until, false) as opened,
    windows.window_until
from windows
cross join delivered
left join first_openings on windows.client_id = first_openings.client_id
where windows.window_until <= delivered.known_until
