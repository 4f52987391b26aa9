select
    month,
    comparison,
    measure,
    value,
    low,
    high,
    excludes_zero,
    n_offer,
    n_control,
    openings_offer,
    openings_control
from {{ source('propensity_models', 'campaign_effect') }}
