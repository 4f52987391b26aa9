"""The made-up retailer as the warehouse would know it, without the way through files and staging."""

import datetime as dt

import polars as pl

from simulation.retailer import LAST_DAY
from simulation.stores import SimulatedStores
from vitrina.stores.network import Network

LAST_QUARTER = dt.date(LAST_DAY.year, LAST_DAY.month - 2, 1)
"""First day of the last quarter that was simulated."""


def network_of(simulated: SimulatedStores) -> Network:
    """What staging and the monthly sums make of the delivered files; sales of unknown stores are left out."""
    return Network(
        stores=simulated.stores.select("store_id", "name", "format", "region", "opened_on", "latitude", "longitude"),
        sales=_monthly(simulated.sales.join(simulated.stores, on="store_id", how="semi")),
        geography=simulated.geo.select(
            "store_id",
            *(pl.col(name).cast(pl.Float64).alias(f"geo_{name}") for name in simulated.geo.columns if name != "store_id"),
        ),
        sale_dates=tuple(simulated.sales.get_column("date").unique().sort()),
    )


def types_of(store_ids: pl.Series, simulated: SimulatedStores) -> list[str]:
    """Latent type of each store."""
    truth = dict(simulated.truth.select("store_id", "store_type").iter_rows())
    return [truth[store_id] for store_id in store_ids]


def _monthly(sales: pl.DataFrame) -> pl.DataFrame:
    counted = [
        # as in SQL, a sum of nothing is nothing
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)
        for name in ("receipts", "customers", "items")
    ]
    minor = (pl.col("revenue") * 100).round().cast(pl.Int64).sum().alias("revenue_minor")
    return (
        sales.group_by("store_id", pl.col("date").alias("month"), "category")
        .agg(minor, *counted)
        .sort("store_id", "month", "category")
    )
