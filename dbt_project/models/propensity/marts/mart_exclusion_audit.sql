with counted as (
    select
        month,
        rule_version,
        coalesce(excluded_by, 'scored') as rule,
        count(*) as clients
    from {{ ref('population') }}
    group by month, rule_version, rule
)

select
    month,
    rule,
    rule_version,
    clients,
    clients / sum(clients) over (partition by month) as share
from counted
