"""What the assets of stores share: the quarters of a run, and how assets by quarter are declared."""

import datetime as dt
from typing import Any

import dagster as dg

from resources.partitions import QUARTERS
from vitrina.array_cache import ArrayCache
from vitrina.settings import Settings

PRODUCT = "stores"
BY_QUARTER: dict[str, Any] = {"partitions_def": QUARTERS, "backfill_policy": dg.BackfillPolicy.single_run(), "pool": PRODUCT}


def quarters_of(context: dg.AssetExecutionContext) -> list[dt.date]:
    """First days of the quarters that the run is about."""
    return [dt.date.fromisoformat(key) for key in context.partition_keys]


def cache_of(settings: Settings) -> ArrayCache:
    """Where trees and their measures are kept."""
    return ArrayCache(settings.cache / PRODUCT)


def inputs(*names: str) -> dict[str, dg.AssetIn]:
    """Tables of the product that an asset reads."""
    return {name: dg.AssetIn(key=[PRODUCT, name]) for name in names}
