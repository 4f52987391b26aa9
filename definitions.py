"""The whole graph on one page."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from assets import marts, publication, stores
from resources import jobs
from resources.dbt import DBT, PROJECT
from resources.inbox import InboxResource
from resources.publication import PublicationResource
from resources.table_io import TableIOManager
from resources.warehouse import SettingsResource, WarehouseResource
from sensors import calendar, upkeep, uploads
from vitrina.catalogue import FOLLOWING
from vitrina.stores.contracts import CONTRACTS

stores_ingest = jobs.ingest_job("stores", stores.stores_inbox)
stores_refresh = jobs.refresh_job("stores", stores.stores_inbox)
stores_publish = jobs.publish_job("stores")
stores_whole = jobs.product_job("stores")


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
        ],
        asset_checks=stores.CHECKS,
        jobs=[stores_ingest, stores_refresh, stores_publish, stores_whole, jobs.everything],
        sensors=[
            uploads.upload_sensor("stores", CONTRACTS, stores_ingest),
            uploads.refresh_sensor("stores", stores_refresh, FOLLOWING["stores"]),
            upkeep.publish_after_failure("stores", [stores_refresh, stores_whole], stores_publish),
        ],
        schedules=[calendar.quarterly_schedule("stores", stores_whole)],
        resources={
            "settings": SettingsResource(overrides=settings),
            "warehouse": warehouse,
            "tables": TableIOManager(warehouse=warehouse),
            "inbox": InboxResource(overrides=settings),
            "publisher": PublicationResource(overrides=settings),
            "dbt": DbtCliResource(project_dir=PROJECT, dbt_executable=DBT),
            **(resources or {}),
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions()
