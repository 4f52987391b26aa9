"""What the assets of marketplace share."""

from typing import Any

import dagster as dg

from resources.table_assets import table_out
from resources.warehouse import WarehouseResource
from vitrina.array_cache import ArrayCache
from vitrina.marketplace.log import EventLog, Weighing, read_log
from vitrina.settings import Settings
from vitrina.tables import Table

PRODUCT = "marketplace"
POOLED: dict[str, Any] = {"pool": PRODUCT}

STAGED = tuple(dg.AssetKey([PRODUCT, name]) for name in ("stg_events", "stg_items"))


def outs(*tables: type[Table], kinds: tuple[str, ...] = ("polars", "duckdb")) -> dict[str, dg.AssetOut]:
    """Tables that one step makes."""
    return {table.table_name(): table_out(table, kinds=kinds) for table in tables}


def inputs(*names: str) -> dict[str, dg.AssetIn]:
    """Tables of the product that an asset reads."""
    return {name: dg.AssetIn(key=[PRODUCT, name]) for name in names}


def staged_log(warehouse: WarehouseResource) -> EventLog:
    """The whole log, as staged, weighed as the settings say."""
    with warehouse.of(PRODUCT).read() as connection:
        return read_log(connection, Weighing.of(warehouse.settings))


def cache_of(settings: Settings) -> ArrayCache:
    """Where what re-rankers learn from is kept: the windows of a few weeks, for lists and for pairs."""
    return ArrayCache(settings.cache / PRODUCT, max_entries=60)
