"""The real file of stores and sales, as the staging models would hand it over."""

import os
from pathlib import Path

import polars as pl

from vitrina.stores.network import Network


def real_network() -> Network:
    folder = Path(os.environ.get("VITRINA_REAL_DATA", "")) / "stores"
    sales = pl.read_parquet(folder / "sales" / "*.parquet")
    months = sales.select(
        "store_id",
        pl.col("date").dt.truncate("1mo").alias("month"),
        "category",
        (pl.col("revenue") * 100).round().cast(pl.Int64).alias("revenue_minor"),
        "receipts",
        pl.lit(None, dtype=pl.Int64).alias("customers"),
    )
    stores = pl.read_csv(folder / "stores.csv", schema_overrides={"store_id": pl.String}, try_parse_dates=True)
    master = stores.select("store_id", "name", "format", pl.col("city").alias("region"), "opened_on", "latitude", "longitude")
    return Network(master, months, pl.DataFrame(schema={"store_id": pl.String}), tuple(sales.get_column("date").unique()))
