-- by quarters of an hour first: clocks differ by no less, and whoever asks for the hour of every sample waits long
-- by the camera's clock as it is known now, which may have been corrected since the frames were looked at
with samples as (
    select
        frames.video,
        (epoch_us(videos.started_at) + (frames.pts_s * 1000000)::bigint) // 900000000 as quarter,
        count(*) filter (where frames.state = 'ok') as fit
    from {{ source('sellers_models', 'footage_samples') }} as frames
    inner join {{ source('sellers_models', 'day_videos') }} as videos on frames.video = videos.video
    group by frames.video, quarter
),

seen as (
    select
        hours.video,
        hours.number,
        least(sum(samples.fit) * any_value(hours.step_s), any_value(hours.filmed_to_s - hours.filmed_from_s)) as seen_s
    from {{ ref('video_hours') }} as hours
    inner join samples
        on
            hours.video = samples.video
            and epoch_us(hours.begin_at) <= samples.quarter * 900000000
            and epoch_us(hours.begin_at) + 3600000000 > samples.quarter * 900000000
    group by hours.video, hours.number
),

stays as (
    select
        hours.store_id,
        hours.begin_at,
        people.role,
        tracks.video || '#' || tracks.person as person,
        people.seller_id,
        least(tracks.last_s, hours.begin_s + 3600) - greatest(tracks.first_s, hours.begin_s) as seconds
    from {{ source('sellers_models', 'tracks') }} as tracks
    inner join {{ source('sellers_models', 'people') }} as people
        on tracks.video = people.video and tracks.person = people.person
    inner join {{ ref('video_hours') }} as hours
        on
            tracks.video = hours.video
            and tracks.first_s < hours.begin_s + 3600
            and tracks.last_s >= hours.begin_s
    where people.role <> 'fixture'
),

-- a seller of the roster is one person, whatever the cameras and files
there as (
    select
        store_id,
        begin_at,
        count(distinct person) filter (where role = 'customer') as customers_seen,
        count(distinct coalesce(seller_id, person)) filter (where role = 'seller') as sellers_seen,
        count(distinct person) filter (where role = 'unknown') as unknown_seen,
        sum(seconds) / 60 as people_minutes,
        sum(seconds) filter (where role = 'customer') / 60 as customer_minutes,
        sum(seconds) filter (where role = 'seller') / 60 as seller_minutes
    from stays
    group by store_id, begin_at
),

served as (
    select
        hours.store_id,
        hours.begin_at,
        count(*) filter (where interactions.kind = 'consultation') as consultations,
        -- videos are evaluated one by one: of two that hold the same receipt for a talk, one has the purchase
        count(*) filter (
            where interactions.kind = 'consultation' and interactions.successful and purchases.receipt_id is not null
        ) as successful,
        count(*) filter (where interactions.kind = 'consultation' and interactions.successful is null) as untold,
        count(*) filter (where interactions.kind = 'payment') as payments
    from {{ source('sellers_models', 'interactions') }} as interactions
    inner join {{ ref('video_hours') }} as hours
        on
            interactions.video = hours.video
            and interactions.begin_s >= hours.begin_s
            and interactions.begin_s < hours.begin_s + 3600
    left join {{ source('sellers_models', 'purchases') }} as purchases
        on interactions.video = purchases.video and interactions.interaction = purchases.interaction
    group by hours.store_id, hours.begin_at
),

-- nobody said whether these cameras see the same floor; cameras begin the next file before they close the last
doubtful as (
    select distinct
        one.store_id,
        one.begin_at
    from {{ ref('video_hours') }} as one
    inner join {{ ref('video_hours') }} as other
        on
            one.store_id = other.store_id
            and one.begin_at = other.begin_at
            and one.camera_id < other.camera_id
            and (one.stands_alone or other.stands_alone)
    where
        least(one.filmed_to_s - one.begin_s, other.filmed_to_s - other.begin_s)
        - greatest(one.filmed_from_s - one.begin_s, other.filmed_from_s - other.begin_s) > 5
),

filmed as (
    select
        hours.store_id,
        hours.begin_at,
        hours.time_zone,
        hours.begin_at at time zone hours.time_zone as local,
        sum(hours.filmed_to_s - hours.filmed_from_s) as filmed_s,
        coalesce(sum(seen.seen_s), 0) as seen_s
    from {{ ref('video_hours') }} as hours
    left join seen on hours.video = seen.video and hours.number = seen.number
    group by hours.store_id, hours.begin_at, hours.time_zone
),

floors as (
    select
        store_id,
        (begin_at at time zone time_zone)::date as day,
        count(distinct floor) as floors
    from {{ ref('video_hours') }}
    group by store_id, day
),

put_together as (
    select
        filmed.*,
        filmed.local::date as day,
        floors.floors,
        there.customers_seen,
        there.sellers_seen,
        there.unknown_seen,
        there.people_minutes,
        there.customer_minutes,
        there.seller_minutes,
        served.consultations,
        served.successful,
        served.untold,
        served.payments,
        case
            when doubtful.store_id is not null
                then 'Cameras ran at once, and nobody said whether they see the same floor: declare `overlaps` for them.'
            when filmed.seen_s = 0 and there.store_id is null then 'Nothing could be seen.'
        end as refused
    from filmed
    inner join floors on filmed.store_id = floors.store_id and filmed.local::date = floors.day
    left join there on filmed.store_id = there.store_id and filmed.begin_at = there.begin_at
    left join served on filmed.store_id = served.store_id and filmed.begin_at = served.begin_at
    left join doubtful on filmed.store_id = doubtful.store_id and filmed.begin_at = doubtful.begin_at
)

select
    store_id,
    day,
    hour(local)::integer as hour,
    begin_at,
    time_zone,
    case when refused is null then coalesce(customers_seen, 0) end as customers_seen,
    case when refused is null then coalesce(sellers_seen, 0) end as sellers_seen,
    case when refused is null then coalesce(unknown_seen, 0) end as unknown_seen,
    case when refused is null then coalesce(people_minutes, 0) end as people_minutes,
    case when refused is null then coalesce(customer_minutes, 0) end as customer_minutes,
    case when refused is null then coalesce(seller_minutes, 0) end as seller_minutes,
    case when refused is null then coalesce(consultations, 0) end as consultations,
    case when refused is null and coalesce(untold, 0) = 0 then coalesce(successful, 0) end as successful,
    case when refused is null then coalesce(payments, 0) end as payments,
    filmed_s / 60 as filmed_minutes,
    least(seen_s / (3600 * floors), 1) as share_seen,
    refused
from put_together
