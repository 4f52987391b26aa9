-- a store has one clock: that of its latest video
select
    store_id,
    time_zone
from {{ source('sellers_models', 'day_videos') }}
qualify row_number() over (partition by store_id order by started_at desc, video desc) = 1
