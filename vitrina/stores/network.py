"""What the warehouse knows about all stores, and which quarters a delivery makes stale."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from vitrina.inbox.staleness import Staleness
from vitrina.sql import quote
from vitrina.stores.model_tables import ClusterModels
from vitrina.stores.quarters import add_months, complete_quarters, quarter_of, stale_quarters
from vitrina.stores.tables import StoreFeatures
from vitrina.warehouse import stored_columns

if TYPE_CHECKING:
    import duckdb

    from vitrina.inbox.entries import Entry
    from vitrina.settings import Settings
    from vitrina.tables import Table
    from vitrina.warehouse import Warehouse


SALES = "sales"
"""Contract whose rows change the quarters of their dates and what looks back on them."""
DECISIONS = "decisions"
"""Contract whose rows change what is said of their quarter and all later ones."""


@dataclass(frozen=True)
class Network:
    """What the inbox knows about all stores.

    Attributes
    ----------
    stores
        ``stg_stores``: one row per store.
    sales
        ``store_month_sales``: one row per store, month and category.
    geography
        ``stg_geo``: one row per store, columns ``geo_*``.
    sale_dates
        Distinct dates of sales; they tell which quarters are complete.
    """

    stores: pl.DataFrame
    sales: pl.DataFrame
    geography: pl.DataFrame
    sale_dates: tuple[dt.date, ...]


def read_network(connection: duckdb.DuckDBPyConnection) -> Network:
    """Read the staging models and the monthly sales."""
    return Network(
        stores=connection.execute("SELECT * FROM stg_stores ORDER BY store_id").pl(),
        sales=connection.execute("SELECT * FROM store_month_sales ORDER BY store_id, month, category").pl(),
        geography=connection.execute("SELECT * FROM stg_geo ORDER BY store_id").pl(),
        sale_dates=tuple(row[0] for row in connection.execute("SELECT DISTINCT date FROM stg_sales ORDER BY date").fetchall()),
    )


def snapshot(connection: duckdb.DuckDBPyConnection) -> str:
    """Name of the data that features rest on: the latest delivery that is no decision."""
    latest = connection.execute(
        "SELECT max(delivery) FROM deliveries WHERE state = 'loaded' AND contract <> ?", [DECISIONS]
    ).fetchall()[0][0]
    return f"delivery {latest}" if latest is not None else "no delivery"


def staleness(entries: Sequence[Entry], warehouse: Warehouse, settings: Settings, today: dt.date) -> Staleness:
    """Quarters to compute anew after some deliveries, and those that can be computed; master data touches every quarter."""
    with warehouse.read() as connection:
        dates = [row[0] for row in connection.execute("SELECT DISTINCT date FROM raw_sales").fetchall()]
        computed = stored_quarters(connection, StoreFeatures)
        approved = stored_quarters(connection, ClusterModels)
    complete = complete_quarters(dates, settings.first_quarter, today)
    changes = [
        (entry.changed_from, entry.changed_to) if entry.changed_from is not None and entry.changed_to is not None else None
        for entry in entries
        # sales that changed no row changed no quarter
        if entry.contract != DECISIONS and (entry.contract != SALES or entry.changed_from is not None)
    ]
    decided = [entry.changed_from for entry in entries if entry.contract == DECISIONS and entry.changed_from is not None]
    # a name or a move holds for every quarter of its version, whichever quarter people had before them
    since = min([*decided, *approved]) if decided else None
    stale = {*stale_quarters(changes, complete, computed), *(quarter for quarter in complete if since and quarter >= since)}
    return Staleness(tuple(quarter.isoformat() for quarter in sorted(stale)), tuple(quarter.isoformat() for quarter in complete))


def read_decisions(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """What people decided, in the order in which they did."""
    return connection.execute("SELECT * FROM stg_decisions ORDER BY made_at, decision_id").pl()


def incomplete_quarters(sale_dates: Collection[dt.date], complete: Collection[dt.date], since: dt.date) -> dict[dt.date, int]:
    """Quarters between the first and the last sale that cannot be computed, and how many of their three months have sales.

    Features of later quarters whose window covers such a quarter rest on fewer months.
    """
    if not sale_dates:
        return {}
    months = Counter(quarter_of(month) for month in {day.replace(day=1) for day in sale_dates})
    quarter, last, found = max(quarter_of(since), min(months)), max(months), {}
    while quarter <= last:
        if quarter not in complete:
            found[quarter] = months[quarter]
        quarter = add_months(quarter, 3)
    return found


def stored_quarters(connection: duckdb.DuckDBPyConnection, table: type[Table]) -> frozenset[dt.date]:
    """Quarters that a table has rows of."""
    if not stored_columns(connection, table.table_name()):
        return frozenset()
    return frozenset(row[0] for row in connection.execute(f"SELECT DISTINCT quarter FROM {quote(table.table_name())}").fetchall())  # noqa: S608  # quoted
