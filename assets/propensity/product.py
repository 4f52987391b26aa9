"""What the assets of propensity share: the months of a run, and how assets by month are declared."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg
import polars as pl

from resources.partitions import MONTHS
from resources.table_assets import table_out
from resources.warehouse import WarehouseResource
from vitrina.propensity.tables import ClientFeatures
from vitrina.sql import quote
from vitrina.tables import Table
from vitrina.warehouse import stored_columns

PRODUCT = "propensity"
SEED = 0
POOLED: dict[str, Any] = {"pool": PRODUCT}
BY_MONTH: dict[str, Any] = {"partitions_def": MONTHS, "backfill_policy": dg.BackfillPolicy.single_run(), **POOLED}


def months_of(context: dg.AssetExecutionContext) -> list[dt.date]:
    """First days of the months that the run is about, oldest first."""
    return sorted(dt.date.fromisoformat(key) for key in context.partition_keys)


def keys_of(*names: str) -> list[dg.AssetKey]:
    """Keys of tables of the product."""
    return [dg.AssetKey([PRODUCT, name]) for name in names]


def outs(*tables: type[Table], kinds: tuple[str, ...] = ("polars", "duckdb")) -> dict[str, dg.AssetOut]:
    """Tables that one step makes."""
    return {table.table_name(): table_out(table, kinds=kinds) for table in tables}


def read(warehouse: WarehouseResource, sql: str, **given: object) -> pl.DataFrame:
    """Rows of a query, with values bound by name."""
    with warehouse.of(PRODUCT).read() as connection:
        return connection.execute(sql, given or None).pl()


def features_of(warehouse: WarehouseResource, months: Sequence[dt.date]) -> pl.DataFrame:
    """Stored features of some months, by month and client; columns that none of them fills are left out."""
    table = ClientFeatures.table_name()
    with warehouse.of(PRODUCT).read() as connection:
        if not stored_columns(connection, table):
            return ClientFeatures.empty()
        frame = connection.execute(
            f"SELECT * FROM {quote(table)} WHERE month IN (SELECT unnest($months)) ORDER BY month, client_id",  # noqa: S608  # quoted
            {"months": list(months)},
        ).pl()
    return frame.drop(
        [name for name in frame.columns if name[:2] in {"n_", "c_", "t_"} and frame[name].null_count() == frame.height]
    )
