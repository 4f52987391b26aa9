with snapshots as (
    select
        date_trunc('month', snapshot_date)::date as month,
        snapshot_date,
        max(delivery) as delivery
    from {{ source('propensity', 'raw_clients') }}
    group by month, snapshot_date
),

-- a month has one cut: that of its latest delivery, and of its dates the last
standing as (
    select
        month,
        snapshot_date
    from snapshots
    qualify row_number() over (partition by month order by delivery desc, snapshot_date desc) = 1
),

-- few columns are ordered, for a snapshot may have hundreds
latest as (
    select
        clients.client_id,
        standing.month,
        clients.delivery,
        clients.source_row
    from {{ source('propensity', 'raw_clients') }} as clients
    inner join standing on clients.snapshot_date = standing.snapshot_date
    {{ last_row_wins(['clients.client_id', 'standing.month']) }}
),

kept as (
    select
        clients.*,
        date_trunc('month', clients.snapshot_date)::date as month
    from {{ source('propensity', 'raw_clients') }} as clients
    semi join latest
        on
            clients.delivery = latest.delivery
            and clients.source_row = latest.source_row
            and date_trunc('month', clients.snapshot_date)::date = latest.month
)

-- further columns are the bank's own: only the delivered file knows them
select * exclude (source_file, source_row, delivery) from kept  -- noqa: AM04
