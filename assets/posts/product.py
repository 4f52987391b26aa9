"""What the assets of posts share."""

from typing import Any

import dagster as dg
import polars as pl

from resources.table_assets import table_out
from resources.warehouse import WarehouseResource
from vitrina.tables import Table
from vitrina.warehouse import load

PRODUCT = "posts"
SEED = 0
POOLED: dict[str, Any] = {"pool": PRODUCT}


def keys_of(*names: str) -> list[dg.AssetKey]:
    """Keys of tables of the product."""
    return [dg.AssetKey([PRODUCT, name]) for name in names]


def outs(*tables: type[Table], kinds: tuple[str, ...] = ("polars", "duckdb")) -> dict[str, dg.AssetOut]:
    """Tables that one step makes."""
    return {table.table_name(): table_out(table, kinds=kinds) for table in tables}


def inputs(*names: str) -> dict[str, dg.AssetIn]:
    """Tables of the product that an asset reads."""
    return {name: dg.AssetIn(key=[PRODUCT, name]) for name in names}


def stored(warehouse: WarehouseResource, *tables: type[Table]) -> tuple[pl.DataFrame, ...]:
    """Tables as they were last written; one that never was is empty."""
    with warehouse.of(PRODUCT).read() as connection:
        return tuple(load(connection, table) for table in tables)
