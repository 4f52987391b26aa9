"""What is known of items and users beside who met what: from the events that count and from the catalogue."""

from __future__ import annotations

import datetime as dt

import duckdb
import polars as pl

from vitrina.marketplace.tables import PRICE_BANDS, ItemFeatures, UserFeatures

FEWEST_PRICES = 5
"""Priced items that a category needs for bands of its own."""

_BEFORE = "event_time < make_timestamptz(epoch_us($as_of::DATE)) AND kind <> 'refund'"

_HOUR = "(epoch_us(event_time) // 3600000000) % 24"
"""Hour of the day, UTC; by way of microseconds, for time zones are slow."""

_BY_ITEM = f"""
WITH by_pair AS (
    SELECT
        item_id, user_hash,
        bool_or(kind = 'purchase') AS bought,
        min(event_time) AS first_at,
        max(event_time) AS last_at
    FROM stg_events
    WHERE {_BEFORE}
    GROUP BY item_id, user_hash
),
met AS (
    SELECT
        item_id,
        count(*) AS users,
        count(*) FILTER (bought) AS buyers,
        min(first_at) AS first_at,
        max(last_at) AS last_at
    FROM by_pair
    GROUP BY item_id
),
priced AS (
    SELECT item_id, quantile_disc(price_minor, 0.5) AS price_minor
    FROM stg_events
    WHERE {_BEFORE} AND price_minor IS NOT NULL
    GROUP BY item_id
)
SELECT
    coalesce(met.item_id, items.item_id) AS item_id,
    items.title, items.category,
    priced.price_minor,
    coalesce(items.available, true) AND coalesce(items.available_from <= $as_of::DATE, true) AS available,
    items.available_from,
    -- a list of allowed items leaves out whatever is not on it, even where nothing on it is known
    CASE
        WHEN rules.rule = 'deny' OR NOT EXISTS (SELECT * FROM stg_item_rules WHERE rule = 'allow') THEN rules.rule
        ELSE coalesce(rules.rule, 'unlisted')
    END AS rule,
    met.first_at, met.last_at,
    coalesce(met.users, 0) AS users,
    coalesce(met.buyers, 0) AS buyers
FROM met
FULL JOIN stg_items AS items ON met.item_id = items.item_id
LEFT JOIN priced ON met.item_id = priced.item_id
LEFT JOIN stg_item_rules AS rules ON coalesce(met.item_id, items.item_id) = rules.item_id
"""  # noqa: S608  # texts of our own

_BY_USER = f"""
WITH banded AS (
    SELECT events.user_hash, events.kind, events.event_time, items.price_band
    FROM stg_events AS events
    LEFT JOIN item_bands AS items ON events.item_id = items.item_id
    WHERE {_BEFORE}
)
SELECT
    user_hash,
    -- five counters a user, for a list of all bands would take the memory of the log
    {", ".join(f"count(*) FILTER (price_band = {band} AND kind = 'purchase') AS bought_{band}" for band in range(1, PRICE_BANDS + 1))},
    {", ".join(f"count(*) FILTER (price_band = {band} AND kind <> 'purchase') AS seen_{band}" for band in range(1, PRICE_BANDS + 1))},
    min(event_time) AS first_at,
    max(event_time) AS last_at,
    count(*) AS events,
    count(*) FILTER (kind = 'purchase') AS purchases
FROM banded
GROUP BY user_hash
"""  # noqa: S608  # texts of our own


def item_features(connection: duckdb.DuckDBPyConnection, as_of: dt.date) -> pl.DataFrame:
    """What is known of each item before a day.

    Parameters
    ----------
    connection
        Knows the tables `stg_events`, `stg_items` and `stg_item_rules`.
    as_of
        First day whose events are not looked at. An item whose first day comes after it is not available.

    Returns
    -------
    polars.DataFrame
        Rows of `ItemFeatures` by item: those of the log and those of the catalogue. Refunds say nothing here; an hour is that of
        events whose time is known. Of equally frequent values the first in order stands.
    """
    found = connection.execute(_BY_ITEM, {"as_of": as_of}).pl()
    features = with_price_bands(found)
    for name, value in _habits("main_platform"):
        features = features.join(_most_frequent(connection, as_of, "item_id", name, value), on="item_id", how="left")
    return ItemFeatures.check(features.cast(pl.Schema(ItemFeatures.polars_schema())).sort("item_id"))


def user_features(connection: duckdb.DuckDBPyConnection, items: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """What is known of each user before a day.

    Parameters
    ----------
    connection
        Knows the table `stg_events`.
    items
        Rows of `ItemFeatures` of the same day.
    as_of
        First day whose events are not looked at.

    Returns
    -------
    polars.DataFrame
        Rows of `UserFeatures` by user. The price band is the lower median over what they bought, else over what they saw; an event
        with several items counts once for each.
    """
    connection.register("item_bands", items.select("item_id", "price_band"))
    try:
        found = connection.execute(_BY_USER, {"as_of": as_of}).pl()
    finally:
        connection.unregister("item_bands")
    features = found.with_columns(pl.coalesce(_median_band("bought"), _median_band("seen")).alias("price_band"))
    for name, value in _habits("platform"):
        features = features.join(_most_frequent(connection, as_of, "user_hash", name, value), on="user_hash", how="left")
    return UserFeatures.check(
        features.select(UserFeatures.polars_schema().keys()).cast(pl.Schema(UserFeatures.polars_schema())).sort("user_hash")
    )


def with_price_bands(items: pl.DataFrame) -> pl.DataFrame:
    """Items with the fifth of prices that each belongs to, ``price_band``, 1 the cheapest.

    A band begins above a quintile (interpolated linearly) of the median prices within the category. Items of categories with fewer
    than five prices, and of no category, are compared with all items. Equal prices share a band.

    Parameters
    ----------
    items
        ``category`` and ``price_minor``, both nullable.
    """
    prices = items.filter(pl.col("price_minor").is_not_null())
    by_category = prices.filter(pl.col("category").is_not_null()).group_by("category")
    own = by_category.agg(_edges()).filter(pl.col("prices") >= FEWEST_PRICES).drop("prices")
    overall = prices.select(_edges()).row(0, named=True)
    joined = items.join(own, on="category", how="left")
    above = [
        (pl.col("price_minor") > pl.coalesce(pl.col(f"edge_{edge}"), pl.lit(overall[f"edge_{edge}"], pl.Float64))).cast(pl.Int64)
        for edge in range(1, PRICE_BANDS)
    ]
    band = pl.when(pl.col("price_minor").is_not_null()).then(1 + pl.sum_horizontal(above))
    return joined.select(*items.columns, band.alias("price_band"))


def _edges() -> list[pl.Expr]:
    edges = [
        pl.col("price_minor").quantile(edge / PRICE_BANDS, interpolation="linear").alias(f"edge_{edge}")
        for edge in range(1, PRICE_BANDS)
    ]
    return [*edges, pl.len().alias("prices")]


def _habits(platform: str) -> tuple[tuple[str, str], ...]:
    """Feature → SQL of the value whose most frequent one it is, null where an event has none."""
    return (
        (platform, "platform"),
        ("main_hour", f"CASE WHEN time_known THEN {_HOUR} END"),
        ("main_weekday", "isodow(event_date)"),
    )


def _most_frequent(connection: duckdb.DuckDBPyConnection, as_of: dt.date, entity: str, name: str, value: str) -> pl.DataFrame:
    """The most frequent value per entity, of equally frequent ones the first in order; entities without any are left out."""
    counted = f"""
    SELECT {entity}, {value} AS value, count(*) AS n FROM stg_events WHERE {_BEFORE} GROUP BY {entity}, value
    """  # noqa: S608  # texts of our own
    found = connection.execute(counted, {"as_of": as_of}).pl().drop_nulls("value")
    ranked = found.sort("n", "value", descending=[True, False])
    return ranked.unique(entity, keep="first", maintain_order=True).select(entity, pl.col("value").alias(name))


def _median_band(prefix: str) -> pl.Expr:
    """The lower median of bands that were counted; null where none was."""
    counts = [pl.col(f"{prefix}_{band}") for band in range(1, PRICE_BANDS + 1)]
    total = pl.sum_horizontal(counts)
    below = [(2 * pl.sum_horizontal(counts[:band]) < total).cast(pl.Int64) for band in range(1, PRICE_BANDS)]
    return pl.when(total > 0).then(1 + pl.sum_horizontal(below))
