"""What a store was like over the trailing window that ends with a quarter, for each of the windows of `WINDOWS`."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.errors import DeliveryError
from vitrina.files import slug
from vitrina.stores.network import Network
from vitrina.stores.quarters import add_months, complete_quarters
from vitrina.stores.tables import FeatureCatalogue, StoreFeatures
from vitrina.stores.windows import WINDOWS, YEAR

EARTH_RADIUS_KM = 6371.0088
NEAR_KM = 5.0
MINOR_UNITS = 100
MONTHS_FOR_SEASONALITY = 6
DAYS_PER_YEAR = 365.25

AGE = "age"
ALL_OTHER = "all other categories"

TRADE_LABELS = {
    "revenue": "Revenue per month",
    "customers": "Customers per month",
    "receipts": "Receipts per month",
    "average_basket": "Average basket",
    "growth": "Growth against a year before",
    "age": "Age",
    "seasonality": "Seasonality",
}
LOCATION_LABELS = {"nearest_store": "Nearest other store", "stores_within_5_km": "Other stores within 5 km"}
DEFAULT_PARAMETERS = ("revenue", "customers", "receipts", "average_basket", "growth", "age")
"""Always take part in clustering and are always reported, as far as the inbox has them."""


@dataclass(frozen=True)
class Features:
    """Features of some quarters.

    Attributes
    ----------
    features
        Rows of `StoreFeatures`.
    catalogue
        Rows of `FeatureCatalogue`.
    skipped
        Quarters that were asked for but cannot be computed, because their sales are not complete.
    """

    features: pl.DataFrame
    catalogue: pl.DataFrame
    skipped: tuple[dt.date, ...]


def features_of_quarters(  # what is known, and how far to look back
    network: Network,
    quarters: Sequence[dt.date],
    *,
    since: dt.date,
    today: dt.date,
    max_category_shares: int = 20,
) -> Features:
    """Features of the quarters whose sales are complete, for every window.

    Parameters
    ----------
    network
        What the inbox knows.
    quarters
        First days of the quarters asked for.
    since
        First day of the first quarter that counts.
    today
        A quarter that is not over is not complete.
    max_category_shares
        As for `store_features`.

    Raises
    ------
    DeliveryError
        None of the quarters is complete.
    """
    complete = complete_quarters(network.sale_dates, since, today)
    wanted = [quarter for quarter in quarters if quarter in complete]
    if not wanted:
        raise DeliveryError(
            f"Sales are complete for none of {', '.join(map(str, quarters))}; complete quarters: {', '.join(map(str, complete)) or 'none'}.",
            "Deliver the missing months to stores/sales/, or run one of the complete quarters.",
        )
    made = [
        store_features(network, quarter, window_quarters=window_quarters, max_category_shares=max_category_shares)
        for quarter in wanted
        for window_quarters in WINDOWS
    ]
    return Features(
        features=pl.concat([features for features, _ in made], how="diagonal"),
        catalogue=pl.concat([catalogue for _, catalogue in made]),
        skipped=tuple(quarter for quarter in quarters if quarter not in complete),
    )


def store_features(
    network: Network, quarter: dt.date, *, window_quarters: int = YEAR, max_category_shares: int = 20
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features of every store that sold in the window, and the catalogue of these features.

    Nothing after the end of the quarter is looked at, so a replayed quarter has the same content.

    Parameters
    ----------
    network
        What the inbox knows.
    quarter
        First day of the quarter.
    window_quarters
        Quarters to look back on, the quarter itself included.
    max_category_shares
        Largest categories that get a feature of their own.

    Returns
    -------
    tuple of polars.DataFrame
        Rows of `StoreFeatures` and of `FeatureCatalogue`, both of this quarter and window.
    """
    history = network.sales.filter(pl.col("month") < add_months(quarter, 3))
    window = history.filter(pl.col("month") >= add_months(quarter, 3 - 3 * window_quarters))
    labels = _share_names(window, max_category_shares)
    features = (
        _trade(window, history)
        .join(_growth(history, quarter), on="store_id", how="left")
        .join(_seasonality(window), on="store_id", how="left")
        .join(_shares(window, labels), on="store_id", how="left")
        .join(_master(network.stores, quarter), on="store_id")
        .pipe(_distances)
        .join(network.geography, on="store_id", how="left")
        .with_columns(pl.lit(quarter).alias("quarter"), pl.lit(window_quarters, dtype=pl.Int64).alias("window_quarters"))
        .sort("store_id")
    )
    features = StoreFeatures.check(_in_declared_types(features))
    return features, _catalogue(features, {name: label for label, name in labels.items()})


def _trade(window: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Amounts per month since the store's first sale, so that a store that opened late is not called small.

    Each measure counts only the months for which the network has delivered it: a file that gained a column half a year
    ago would otherwise halve the measure, and a quarter that was never delivered would shrink the stores that were open.
    """
    first_sale = history.group_by("store_id").agg(pl.col("month").min().alias("first_month"))
    totals = window.group_by("store_id").agg(
        pl.col("revenue_minor").sum() / MINOR_UNITS,
        _sum_or_null("receipts"),
        _sum_or_null("customers"),
        (pl.col("revenue_minor").filter(pl.col("receipts").is_not_null()).sum() / MINOR_UNITS).alias("revenue_with_receipts"),
    )
    months = {name: _months_since_first_sale(window, name) for name in ("revenue_minor", "receipts", "customers")}
    return totals.join(first_sale, on="store_id").select(
        "store_id",
        months["revenue_minor"].fill_null(0).alias("months_observed"),
        (pl.col("revenue_minor") / months["revenue_minor"]).alias("revenue"),
        (pl.col("customers") / months["customers"]).alias("customers"),
        (pl.col("receipts") / months["receipts"]).alias("receipts"),
        pl.when(pl.col("receipts") > 0).then(pl.col("revenue_with_receipts") / pl.col("receipts")).alias("average_basket"),
    )


def _months_since_first_sale(window: pl.DataFrame, measure: str) -> pl.Expr:
    """Months of the window that have the measure and are not before the store's first; null where there are none."""
    delivered = window.filter(pl.col(measure).is_not_null()).get_column("month").unique().sort()
    open_then = [(pl.col("first_month") <= month).cast(pl.Int64) for month in delivered]
    count = pl.sum_horizontal(open_then) if open_then else pl.lit(0, dtype=pl.Int64)
    return pl.when(count > 0).then(count)


def _growth(history: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
    """Against the same quarter a year before, for a store that sold from its first month on, where all of it was delivered."""
    a_year_before = add_months(quarter, -12)
    delivered = set(history.get_column("month").unique())
    if not all(add_months(a_year_before, offset) in delivered for offset in range(3)):
        return pl.DataFrame(schema={"store_id": pl.String, "growth": pl.Float64})
    opened = history.group_by("store_id").agg(pl.col("month").min().alias("first_month"))
    now = _revenue_between(history, quarter, "revenue_now")
    then = _revenue_between(history, a_year_before, "revenue_then")
    return (
        now.join(then, on="store_id")
        .join(opened, on="store_id")
        .filter((pl.col("first_month") <= a_year_before) & (pl.col("revenue_then") > 0))
        .select("store_id", (pl.col("revenue_now") / pl.col("revenue_then") - 1).alias("growth"))
    )


def _seasonality(window: pl.DataFrame) -> pl.DataFrame:
    by_month = window.group_by("store_id", "month").agg(pl.col("revenue_minor").sum())
    return (
        # in a fixed order, or the last digit of the deviation changes from run to run
        by_month.sort("store_id", "month")
        .group_by("store_id", maintain_order=True)
        .agg(
            pl.len().alias("months"),
            pl.col("revenue_minor").mean().alias("mean"),
            pl.col("revenue_minor").std(ddof=0).alias("deviation"),
        )
        .filter((pl.col("months") >= MONTHS_FOR_SEASONALITY) & (pl.col("mean") > 0))
        .select("store_id", (pl.col("deviation") / pl.col("mean")).alias("seasonality"))
    )


def _share_names(window: pl.DataFrame, limit: int) -> dict[str, str]:
    """Category → column of its share: the largest by revenue, then one for all others."""
    sold = window.filter(pl.col("category").is_not_null()).group_by("category").agg(pl.col("revenue_minor").sum())
    ranked = sold.sort("revenue_minor", "category", descending=[True, False]).get_column("category").to_list()
    kept = sorted(ranked[:limit]) + ([ALL_OTHER] if len(ranked) > limit else [])
    return {category: _share_name(category) for category in kept}


def _share_name(category: str) -> str:
    """A column that means the same category in every quarter: a name that had to be changed carries a hash of its own."""
    name = slug(category)
    return f"share_{name}" if name == category else f"share_{name}_{hashlib.sha256(category.encode()).hexdigest()[:6]}"


def _shares(window: pl.DataFrame, labels: dict[str, str]) -> pl.DataFrame:
    """Category mix tells formats apart better than revenue, which mostly measures size."""
    named = window.filter(pl.col("category").is_not_null()).with_columns(
        pl.col("category").replace_strict(labels, default=labels.get(ALL_OTHER), return_dtype=pl.String).alias("share")
    )
    by_share = named.group_by("store_id", "share").agg(pl.col("revenue_minor").sum())
    totals = by_share.group_by("store_id").agg(pl.col("revenue_minor").sum().alias("total")).filter(pl.col("total") > 0)
    wide = (
        by_share.join(totals, on="store_id")
        .with_columns((pl.col("revenue_minor") / pl.col("total")).alias("value"))
        .pivot(on="share", index="store_id", values="value", on_columns=sorted(labels.values()))
    )
    return wide.with_columns(pl.col(name).fill_null(0.0) for name in labels.values())


def years_between(quarter: dt.date, later: dt.date) -> float:
    """By how much a store grows older from the end of one quarter to the end of another."""
    return (_last_day(later) - _last_day(quarter)).days / DAYS_PER_YEAR


def _last_day(quarter: dt.date) -> dt.date:
    return add_months(quarter, 3) - dt.timedelta(days=1)


def _master(stores: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
    last_day = _last_day(quarter)
    age = (pl.lit(last_day) - pl.col("opened_on")).dt.total_days() / DAYS_PER_YEAR
    return stores.select(
        "store_id",
        "name",
        "format",
        "region",
        "latitude",
        "longitude",
        pl.when(pl.col("opened_on") <= last_day).then(age).alias("age"),
    )


def _distances(stores: pl.DataFrame) -> pl.DataFrame:
    """Great-circle distances among the stores that sold in the window, of every format."""
    from sklearn.neighbors import BallTree  # noqa: PLC0415  # half a second that loading the definitions need not pay

    located = stores.filter(pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null())
    if located.height < 2:
        return stores.with_columns(
            pl.lit(None, dtype=pl.Float64).alias("nearest_store"), pl.lit(None, dtype=pl.Float64).alias("stores_within_5_km")
        )
    points = np.radians(located.select("latitude", "longitude").to_numpy())
    tree = BallTree(points, metric="haversine")
    nearest = tree.query(points, k=2)[0][:, 1] * EARTH_RADIUS_KM
    within = tree.query_radius(points, r=NEAR_KM / EARTH_RADIUS_KM, count_only=True) - 1
    found = located.select("store_id").with_columns(
        pl.Series("nearest_store", nearest), pl.Series("stores_within_5_km", within.astype(np.float64))
    )
    return stores.join(found, on="store_id", how="left")


def _catalogue(features: pl.DataFrame, share_labels: dict[str, str]) -> pl.DataFrame:
    if features.is_empty():
        return FeatureCatalogue.empty()
    period = features.select("quarter", "window_quarters").row(0, named=True)
    rows = []
    for name in features.columns:
        declared = StoreFeatures.find(name)
        family, label = _family(name, share_labels)
        if declared is not None and family:
            rows.append(
                {
                    **period,
                    "feature": name,
                    "family": family,
                    "label": label,
                    "unit": declared.unit,
                    "is_default": name in DEFAULT_PARAMETERS,
                    "stores_missing": features.get_column(name).null_count(),
                }
            )
    return FeatureCatalogue.check(pl.DataFrame(rows, schema=FeatureCatalogue.polars_schema()))


def _family(name: str, share_labels: dict[str, str]) -> tuple[str, str]:
    if name in TRADE_LABELS:
        return "trade", TRADE_LABELS[name]
    if name in LOCATION_LABELS:
        return "location", LOCATION_LABELS[name]
    if name in share_labels:
        return "assortment", share_labels[name]
    if name.startswith("geo_"):
        return "geography", name.removeprefix("geo_").replace("_", " ")
    return "", ""


def _in_declared_types(features: pl.DataFrame) -> pl.DataFrame:
    return features.select(
        pl.col(name).cast(declared.dtype) for name in features.columns if (declared := StoreFeatures.find(name)) is not None
    )


def _revenue_between(history: pl.DataFrame, quarter: dt.date, name: str) -> pl.DataFrame:
    months = pl.col("month").is_between(quarter, add_months(quarter, 2))
    return history.filter(months).group_by("store_id").agg(pl.col("revenue_minor").sum().alias(name))


def _sum_or_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).otherwise(None).alias(name)
