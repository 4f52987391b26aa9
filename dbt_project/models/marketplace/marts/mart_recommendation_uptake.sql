select
    compared,
    measure,
    value,
    other,
    difference,
    low,
    high,
    low > 0 or high < 0 as excludes_zero,
    users,
    other_users,
    shown_from,
    shown_until - shown_from as days_shown
from {{ source('marketplace_models', 'recommendation_uptake') }}
