with earliest as (
    select
        decision_id,
        kind,
        made_at,
        made_by,
        reason,
        quarter,
        version,
        scenario,
        fingerprint,
        cluster,
        name,
        store_id
    from {{ source('stores', 'raw_decisions') }}
    {{ earlier_delivery_wins(['decision_id']) }}
)

select * from earliest
