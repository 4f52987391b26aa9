with latest as (
    select
        store_id,
        camera_id,
        start,
        identity,
        role
    from {{ source('sellers', 'raw_true_roles') }}
    {{ last_row_wins(['store_id', 'camera_id', 'start', 'identity']) }}
)

select * from latest
