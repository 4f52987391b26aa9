"""The whole graph on one page."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets import feedback, marketplace, marts, posts, propensity, publication, sellers, stores
from resources import jobs
from resources.dbt import DBT, PROJECT, InstalledDbt
from resources.inbox import InboxResource
from resources.publication import PublicationResource
from resources.table_io import TableIOManager
from resources.warehouse import SettingsResource, WarehouseResource
from sensors import calendar, upkeep, uploads, videos
from vitrina.catalogue import FOLLOWING
from vitrina.feedback.contracts import CONTRACTS as FEEDBACK_CONTRACTS
from vitrina.marketplace.contracts import CONTRACTS as MARKETPLACE_CONTRACTS
from vitrina.posts.contracts import CONTRACTS as POSTS_CONTRACTS
from vitrina.propensity.contracts import CLIENTS
from vitrina.propensity.contracts import CONTRACTS as PROPENSITY_CONTRACTS
from vitrina.sellers.contracts import CONTRACTS as SELLERS_CONTRACTS
from vitrina.stores.contracts import CONTRACTS as STORES_CONTRACTS

stores_ingest = jobs.ingest_job("stores", stores.stores_inbox)
stores_refresh = jobs.refresh_job("stores", stores.stores_inbox)
stores_publish = jobs.publish_job("stores")
stores_whole = jobs.product_job("stores")

marketplace_ingest = jobs.ingest_job("marketplace", marketplace.marketplace_inbox)
marketplace_refresh = jobs.refresh_job("marketplace", marketplace.marketplace_inbox)
marketplace_publish = jobs.publish_job("marketplace")
marketplace_whole = jobs.product_job("marketplace")

propensity_ingest = jobs.ingest_job("propensity", propensity.propensity_inbox)
propensity_refresh = jobs.refresh_job("propensity", propensity.propensity_inbox)
propensity_publish = jobs.publish_job("propensity")
propensity_whole = jobs.product_job("propensity")

posts_ingest = jobs.ingest_job("posts", posts.posts_inbox)
posts_refresh = jobs.refresh_job("posts", posts.posts_inbox)
posts_publish = jobs.publish_job("posts")
posts_whole = jobs.product_job("posts")

sellers_ingest = jobs.ingest_job("sellers", sellers.sellers_inbox)
sellers_video = jobs.video_job("sellers_video", sellers.OF_A_VIDEO, "Evaluate one video, from its file to its numbers.")
sellers_from_detections = jobs.video_job(
    "sellers_from_detections", sellers.FROM_DETECTIONS, "Compute one video again from stored detections; its file is not needed."
)
sellers_refresh = jobs.days_job("sellers", sellers.sellers_inbox, (*sellers.OF_A_VIDEO, *sellers.BY_HAND))
sellers_judge = jobs.video_job(
    "sellers_judge", (sellers.stride_quality,), "Judge an annotated video at strides of 1 to 30 frames; its file is needed."
)
sellers_replay = jobs.asset_job(
    "sellers_replay", sellers.replay_differences, "Compute a day again with other parameters, on trial."
)
sellers_publish = jobs.publish_job("sellers")

feedback_ingest = jobs.ingest_job("feedback", feedback.feedback_inbox)
feedback_refresh = jobs.refresh_job("feedback", feedback.feedback_inbox)
feedback_publish = jobs.publish_job("feedback")


def build_definitions(overrides: Mapping[str, str] | None = None, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Fresh definitions.

    Parameters
    ----------
    overrides
        Settings by name that differ from the environment's, e.g. ``{"data": "/tmp/trial"}``.
    resources
        Resources by key that replace the usual ones, in tests.
    """
    settings = dict(overrides or {})
    warehouse = WarehouseResource(overrides=settings)
    return dg.Definitions(
        assets=[
            *stores.ASSETS,
            marts.stores_staging,
            marts.stores_marts,
            publication.stores_publication,
            *marketplace.ASSETS,
            marts.marketplace_staging,
            marts.marketplace_marts,
            publication.marketplace_publication,
            *propensity.ASSETS,
            marts.propensity_staging,
            marts.propensity_marts,
            publication.propensity_publication,
            *posts.ASSETS,
            marts.posts_staging,
            marts.posts_marts,
            publication.posts_publication,
            *sellers.ASSETS,
            marts.sellers_staging,
            marts.sellers_marts,
            publication.sellers_publication,
            *feedback.ASSETS,
            marts.feedback_marts,
            publication.feedback_publication,
        ],
        asset_checks=[*stores.CHECKS, *marketplace.CHECKS, *propensity.CHECKS, *posts.CHECKS, *sellers.CHECKS, *feedback.CHECKS],
        jobs=[
            stores_ingest,
            stores_refresh,
            stores_publish,
            stores_whole,
            marketplace_ingest,
            marketplace_refresh,
            marketplace_publish,
            marketplace_whole,
            propensity_ingest,
            propensity_refresh,
            propensity_publish,
            propensity_whole,
            posts_ingest,
            posts_refresh,
            posts_publish,
            posts_whole,
            sellers_ingest,
            sellers_video,
            sellers_from_detections,
            sellers_refresh,
            sellers_judge,
            sellers_replay,
            sellers_publish,
            feedback_ingest,
            feedback_refresh,
            feedback_publish,
        ],
        sensors=[
            uploads.upload_sensor("stores", STORES_CONTRACTS, stores_ingest),
            uploads.refresh_sensor("stores", stores_refresh, FOLLOWING["stores"]),
            upkeep.publish_after_failure("stores", [stores_refresh, stores_whole], stores_publish),
            uploads.upload_sensor("marketplace", MARKETPLACE_CONTRACTS, marketplace_ingest),
            uploads.refresh_sensor("marketplace", marketplace_refresh, FOLLOWING["marketplace"]),
            upkeep.publish_after_failure("marketplace", [marketplace_refresh, marketplace_whole], marketplace_publish),
            uploads.upload_sensor("propensity", PROPENSITY_CONTRACTS, propensity_ingest),
            uploads.refresh_sensor("propensity", propensity_refresh, FOLLOWING["propensity"]),
            upkeep.publish_after_failure("propensity", [propensity_refresh, propensity_whole], propensity_publish),
            uploads.upload_sensor("posts", POSTS_CONTRACTS, posts_ingest),
            uploads.refresh_sensor("posts", posts_refresh, FOLLOWING["posts"]),
            upkeep.publish_after_failure("posts", [posts_refresh, posts_whole], posts_publish),
            uploads.upload_sensor("sellers", SELLERS_CONTRACTS, sellers_ingest),
            videos.video_sensor(sellers_video),
            videos.stale_videos_sensor(sellers_from_detections),
            videos.days_sensor(sellers_refresh),
            videos.sheet_sensor("sellers"),
            upkeep.publish_after_failure("sellers", [sellers_refresh], sellers_publish),
            uploads.upload_sensor("feedback", FEEDBACK_CONTRACTS, feedback_ingest),
            uploads.refresh_sensor("feedback", feedback_refresh, FOLLOWING["feedback"]),
            upkeep.publish_after_failure("feedback", [feedback_refresh], feedback_publish),
        ],
        schedules=[
            calendar.quarterly_schedule("stores", stores_whole),
            calendar.weekly_schedule("marketplace", marketplace_whole),
            calendar.monthly_schedule("propensity", propensity_whole, CLIENTS.name),
            calendar.daily_schedule("posts", posts_whole),
            calendar.daily_schedule("sellers", sellers_refresh),
        ],
        resources={
            "settings": SettingsResource(overrides=settings),
            "warehouse": warehouse,
            "tables": TableIOManager(warehouse=warehouse),
            "inbox": InboxResource(overrides=settings),
            "publisher": PublicationResource(overrides=settings),
            "dbt": InstalledDbt(project_dir=PROJECT, dbt_executable=DBT),  # type: ignore[arg-type]  # the class it extends takes a project
            **(resources or {}),
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions()
