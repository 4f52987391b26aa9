"""How hard real stores are to tell apart: measured properties, and the measure itself.

`IOWA_HYPERMARKETS` is measured on Iowa liquor sales, State of Iowa open data: 328 large shops, by `measure_stores` at
the end of September 2022. The simulated retailer is held to it, so that its clusters are no easier than real ones.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class StoreRealism:
    """Properties of a chain's large stores that decide how well they can be clustered.

    Attributes
    ----------
    log_revenue_deviation
        Standard deviation over stores of the logarithm of twelve months' revenue.
    log_basket_deviation
        The same of revenue per receipt.
    log_growth_deviation
        The same of the last quarter's revenue over that of the same quarter a year before.
    median_seasonality
        Median over stores of the standard deviation of monthly revenue over its mean, in twelve months.
    mix_variation
        Mean over stores of half the absolute difference between a store's category shares and the mean store's.
    missing_coordinates
        Share of stores without coordinates.
    late_openings
        Share of selling stores with no sale in the first year of the file's history.
    silhouette_of_four
        Mean silhouette of four Ward clusters on log revenue, log basket, log growth, seasonality and category shares
        (medians for gaps, 1/99 % winsorised, standardised, components by Kaiser's criterion).
    """

    log_revenue_deviation: float
    log_basket_deviation: float
    log_growth_deviation: float
    median_seasonality: float
    mix_variation: float
    missing_coordinates: float
    late_openings: float
    silhouette_of_four: float


IOWA_HYPERMARKETS = StoreRealism(
    log_revenue_deviation=0.999,
    log_basket_deviation=0.607,
    log_growth_deviation=0.242,
    median_seasonality=0.279,
    mix_variation=0.102,
    missing_coordinates=0.07,
    late_openings=0.07,
    silhouette_of_four=0.176,
)
"""Measured on Iowa liquor sales, State of Iowa open data."""

_N_CLUSTERS = 4


def measure_stores(stores: pl.DataFrame, sales: pl.DataFrame, last_day: dt.date) -> StoreRealism:
    """Measure a chain's hypermarkets over the twelve months that end with `last_day`.

    Parameters
    ----------
    stores
        Master data: ``store_id``, ``format``, ``latitude``.
    sales
        Rows of ``store_id``, ``date``, ``category``, ``revenue``, ``receipts``; one or more per month.
    last_day
        Last day of a quarter.
    """
    large = stores.filter(pl.col("format") == "hypermarket")
    sold = sales.join(large.select("store_id"), on="store_id", how="semi").filter(pl.col("date") <= last_day)
    features = features_of(sold, last_day)
    shares = features.select(pl.selectors.starts_with("share ")).to_numpy()
    first_sale = sold.group_by("store_id").agg(pl.col("date").min()).get_column("date")
    second_year = sold.select(pl.col("date").min().dt.offset_by("1y")).item()
    return StoreRealism(
        log_revenue_deviation=_deviation(features, "log_revenue"),
        log_basket_deviation=_deviation(features, "log_basket"),
        log_growth_deviation=_deviation(features, "log_growth"),
        median_seasonality=float(np.nanmedian(features.get_column("seasonality").to_numpy())),
        mix_variation=float(np.abs(shares - shares.mean(axis=0)).sum(axis=1).mean() / 2),
        missing_coordinates=large.get_column("latitude").null_count() / large.height,
        late_openings=float((first_sale >= second_year).sum() / len(first_sale)),
        silhouette_of_four=_silhouette(components(features.drop("store_id"))),
    )


def components(features: pl.DataFrame) -> np.ndarray:
    """Principal components of features by Kaiser's criterion, shape ``(n_stores, n_components)``."""
    filled = features.with_columns(pl.all().fill_null(pl.all().median())).to_numpy()
    clipped = np.clip(filled, *np.quantile(filled, [0.01, 0.99], axis=0))
    standardised = (clipped - clipped.mean(axis=0)) / clipped.std(axis=0)
    _, singular, directions = np.linalg.svd(standardised, full_matrices=False)
    kept = max(1, int((singular**2 / len(standardised) >= 1).sum()))
    return np.asarray(standardised @ directions[:kept].T)


def ward_clusters(points: np.ndarray, n_clusters: int = _N_CLUSTERS) -> np.ndarray:
    """Labels of Ward's agglomerative clustering, shape ``(n_points,)``."""
    from scipy.cluster.hierarchy import fcluster, ward  # noqa: PLC0415  # the demo does not measure

    return np.asarray(fcluster(ward(points), n_clusters, criterion="maxclust"))


def _silhouette(points: np.ndarray) -> float:
    from sklearn.metrics import silhouette_score  # noqa: PLC0415  # the demo does not measure

    return float(silhouette_score(points, ward_clusters(points)))


def features_of(sold: pl.DataFrame, last_day: dt.date) -> pl.DataFrame:
    """Features of stores over twelve months: ``store_id``, ``log_revenue``, ``log_basket``, ``log_growth``, ``seasonality``, and one share per category.

    Parameters
    ----------
    sold
        Sales as of `measure_stores`, of the stores to describe.
    last_day
        Last day of a quarter.
    """
    year = sold.filter(pl.col("date").dt.offset_by("1y") > last_day)
    totals = year.group_by("store_id").agg(pl.col("revenue", "receipts").sum()).filter(pl.col("revenue") > 0)
    return (
        totals.select(
            "store_id",
            pl.col("revenue").log().alias("log_revenue"),
            (pl.col("revenue") / pl.col("receipts")).log().alias("log_basket"),
        )
        .join(_growth(sold, last_day), on="store_id", how="left")
        .join(_seasonality(year), on="store_id", how="left")
        .join(_shares(year), on="store_id")
        .sort("store_id")
    )


def _growth(sold: pl.DataFrame, last_day: dt.date) -> pl.DataFrame:
    last_quarter = pl.col("date").dt.offset_by("3mo") > last_day
    a_year_before = (pl.col("date").dt.offset_by("15mo") > last_day) & (pl.col("date").dt.offset_by("1y") <= last_day)
    by_store = sold.group_by("store_id").agg(
        pl.col("revenue").filter(last_quarter).sum().alias("now"),
        pl.col("revenue").filter(a_year_before).sum().alias("then"),
        pl.col("date").filter(a_year_before).dt.month().n_unique().alias("months_then"),
    )
    comparable = by_store.filter((pl.col("months_then") == 3) & (pl.col("now") > 0) & (pl.col("then") > 0))
    return comparable.select("store_id", (pl.col("now") / pl.col("then")).log().alias("log_growth"))


def _seasonality(year: pl.DataFrame) -> pl.DataFrame:
    monthly = year.group_by("store_id", pl.col("date").dt.truncate("1mo").alias("month")).agg(pl.col("revenue").sum())
    spread = monthly.group_by("store_id").agg(
        pl.len().alias("months"), (pl.col("revenue").std(ddof=0) / pl.col("revenue").mean()).alias("seasonality")
    )
    return spread.filter(pl.col("months") == 12).select("store_id", "seasonality")


def _shares(year: pl.DataFrame) -> pl.DataFrame:
    by_category = (
        year.with_columns(pl.format("share {}", "category").alias("category"))
        .group_by("store_id", "category")
        .agg(pl.col("revenue").sum())
    )
    wide = by_category.pivot(on="category", index="store_id", values="revenue").fill_null(0.0)
    amounts = pl.selectors.starts_with("share ")
    return wide.with_columns(amounts / pl.sum_horizontal(amounts))


def _deviation(features: pl.DataFrame, name: str) -> float:
    return float(features.get_column(name).drop_nulls().to_numpy().std())
