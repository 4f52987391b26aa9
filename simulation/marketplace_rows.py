"""From what happened to the rows of the log: eight columns of text, lists as their own text, some times missing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from simulation.marketplace import PLATFORMS, SimulatedMarketplace

EVENT_COLUMNS = (
    "platform", "utc_event_time", "utc_event_date", "user_id", "event_type", "ecom.nm", "ecom.price100", "ecom.qty",
)  # fmt: skip
TIME_MISSING = 0.039
"""Share of rows without a time, as in a real marketplace's log of 49.7 M rows (measured)."""

ELSEWHERE = 0.05
"""Share of visits from another platform than the user's own."""

MOMENT_WRITTEN = "%Y-%m-%d %H:%M:%S%.3f+00:00"
"""Format of moments: UTC, to the millisecond."""

VERSION = "made-up-1"
LINE_SCHEMA = {
    "user": pl.Int64,
    "visit": pl.Int64,
    "ms": pl.Int64,
    "event_type": pl.String,
    "item": pl.Int64,
    "price": pl.Int64,
    "quantity": pl.Int64,
}
"""A line is one item of one event: places of the user and the item, the visit of the day, the millisecond of the day."""


def lines(event_type: str, **columns: np.ndarray) -> pl.DataFrame:
    """Lines of one kind of event, as of `LINE_SCHEMA`; what is not given is null."""
    return pl.DataFrame(columns).select(
        pl.lit(event_type).alias(name)
        if name == "event_type"
        else pl.col(name).cast(kind)
        if name in columns
        else pl.lit(None, dtype=kind).alias(name)
        for name, kind in LINE_SCHEMA.items()
    )


def delivered_rows(rng: np.random.Generator, world: SimulatedMarketplace, happened: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Write lines down as the log does.

    Parameters
    ----------
    rng
        For the platforms of visits, and for the times that are lost.
    world
        Names of users and items.
    happened
        Lines of `LINE_SCHEMA`; the lines of a purchase that share visit and millisecond become one row.
    day
        Their day.

    Returns
    -------
    polars.DataFrame
        `EVENT_COLUMNS`, text, ordered by time.
    """
    numbers = [pl.col(name).cast(pl.String) for name in ("price", "quantity")]
    named = happened.with_columns(world.items.get_column("nm").gather(happened.get_column("item")).alias("item"), *numbers)
    purchase = pl.col("event_type") == "purchase"
    listed = ("item", "price", "quantity")
    baskets = (
        named.filter(purchase).group_by("user", "visit", "ms", "event_type", maintain_order=True).agg(pl.col(listed).str.join(", "))
    )
    rows = pl.concat([named.filter(~purchase), baskets.select(named.columns)])
    rows = rows.with_columns(pl.format("[{}]", pl.col(name).fill_null("")).alias(name) for name in listed)
    rows = rows.sort("ms", "user", "event_type", "item")
    moment = (pl.lit(dt.datetime.combine(day, dt.time())) + pl.duration(milliseconds="ms")).dt.to_string(MOMENT_WRITTEN)
    kept = pl.Series(rng.random(rows.height) >= TIME_MISSING)
    return rows.select(
        _platforms(rng, world, rows),
        pl.when(kept).then(moment).alias("utc_event_time"),
        pl.lit(day.isoformat()).alias("utc_event_date"),
        world.users.get_column("user_id").gather(rows.get_column("user")).alias("user_id"),
        "event_type",
        pl.col("item").alias("ecom.nm"),
        pl.col("price").alias("ecom.price100"),
        pl.col("quantity").alias("ecom.qty"),
    )


def shown_rows(
    world: SimulatedMarketplace, user: np.ndarray, millisecond: np.ndarray, items: np.ndarray, day: dt.date
) -> pl.DataFrame:
    """Write lists down: ``user_id``, ``shown_at``, ``bucket``, ``version``, ``items`` (the text of a list), by time.

    Parameters
    ----------
    world
        Names of users and items.
    user, millisecond
        Places of users, and when each was shown a list; shape ``(n,)``.
    items
        Places of items, shape ``(n, length)``.
    day
        Their day.
    """
    names = world.items.get_column("nm").to_numpy()[items]
    order = np.lexsort((user, millisecond))
    users = world.users[user[order]]
    midnight = dt.datetime.combine(day, dt.time())
    return pl.DataFrame(
        {
            "user_id": users.get_column("user_id"),
            "shown_at": (pl.Series(millisecond[order]).cast(pl.Duration("ms")) + midnight).dt.to_string(MOMENT_WRITTEN),
            "bucket": users.get_column("bucket"),
            "version": [VERSION] * order.size,
            "items": [f"[{', '.join(row)}]" for row in names[order]],
        },
        schema=dict.fromkeys(("user_id", "shown_at", "bucket", "version", "items"), pl.String),
    )


def _platforms(rng: np.random.Generator, world: SimulatedMarketplace, rows: pl.DataFrame) -> pl.Series:
    """The user's own, but for some visits; what belongs to no visit comes from the own one."""
    own = world.users.get_column("platform").gather(rows.get_column("user")).to_numpy()
    visit = rows.get_column("visit").fill_null(0).to_numpy()
    elsewhere = np.asarray(PLATFORMS)[rng.integers(0, len(PLATFORMS), visit.max(initial=0) + 1)]
    moved = (rng.random(elsewhere.size) < ELSEWHERE)[visit] & rows.get_column("visit").is_not_null().to_numpy()
    return pl.Series("platform", np.where(moved, elsewhere[visit], own), dtype=pl.String)
