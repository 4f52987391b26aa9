"""A log of so many rows, fast: for loading and counting, not for learning. Nobody in it has a taste."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from simulation.marketplace import PLATFORM_SHARES, PLATFORMS
from simulation.marketplace_realism import MARKETPLACE_SHARES
from simulation.marketplace_rows import EVENT_COLUMNS, TIME_MISSING
from simulation.retailer import LAST_DAY

DAYS = 14
"""As long as the marketplace's log whose shares of events are drawn here."""

BASKETS = 0.08
"""Share of rows whose lists hold several items."""

LONGEST_BASKET = 6
ZIPF = 0.9
CHUNK = 500_000
_MILLISECONDS = 24 * 3_600_000


def log_rows(n_rows: int, seed: int, path: Path, *, n_users: int, n_items: int) -> int:
    """Write a log as one Parquet file, some rows at a time.

    Parameters
    ----------
    n_rows
        Rows to write.
    seed
        The same seed writes the same rows.
    path
        The file; its folder is created.
    n_users, n_items
        How many there are to choose from; popularity of items falls by Zipf's law, users' activity is log-normal.

    Returns
    -------
    int
        Rows written, with the columns of `marketplace_rows.EVENT_COLUMNS` as text, by day: the last `DAYS` days of the calendar.
    """
    rng = np.random.default_rng(seed)
    pools = _Pools(rng, n_users, n_items)
    days = np.sort(rng.integers(0, DAYS, n_rows)).astype(np.int16)
    first_day = LAST_DAY - dt.timedelta(days=DAYS - 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, pa.schema([(name, pa.large_string()) for name in EVENT_COLUMNS]), compression="zstd") as writer:
        for start in range(0, n_rows, CHUNK):
            rows = pools.rows(rng, days[start : start + CHUNK], first_day)
            writer.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
    return n_rows


class _Pools:
    """Texts made once, to be chosen from.

    Parameters
    ----------
    rng
        Draws identifiers, prices and activities.
    n_users, n_items
        Sizes of the pools.
    """

    def __init__(self, rng: np.random.Generator, n_users: int, n_items: int) -> None:
        self.users = pl.Series(np.arange(n_users) * 7 + 1_000_003).cast(pl.String)
        self.items = pl.Series(np.arange(n_items) * 13 + 20_011).cast(pl.String)
        self.prices = pl.Series(np.round(np.exp(rng.normal(6.5, 0.9, n_items))).astype(np.int64) * 100).cast(pl.String)
        self.active = np.cumsum(rng.lognormal(0, 1.2, n_users))
        self.popular = np.cumsum(np.arange(1, n_items + 1) ** -ZIPF)
        self.types = pl.Series([*MARKETPLACE_SHARES])
        self.shares = np.array([*MARKETPLACE_SHARES.values()])

    def rows(self, rng: np.random.Generator, days: np.ndarray, first_day: dt.date) -> pl.DataFrame:
        """Rows of these days."""
        count = days.size
        kind = rng.choice(self.types.len(), count, p=self.shares / self.shares.sum())
        moments = pl.Series(days.astype(np.int64) * _MILLISECONDS + rng.integers(0, _MILLISECONDS, count)).cast(pl.Duration("ms"))
        moments = moments + dt.datetime.combine(first_day, dt.time())
        user = _drawn(rng, self.active, count)
        rows = pl.DataFrame(
            {
                "platform": pl.Series(PLATFORMS).gather(
                    np.searchsorted(np.cumsum(PLATFORM_SHARES), (user % 1_000) / 1_000, side="right")
                ),
                "utc_event_time": moments.dt.to_string("%Y-%m-%d %H:%M:%S%.3f+00:00"),
                "utc_event_date": moments.dt.to_string("%Y-%m-%d"),
                "user_id": self.users.gather(user),
                "event_type": self.types.gather(kind),
                **self._lists(rng, count),
            }
        )
        without_items = pl.col("event_type").is_in(["user_engagement", "pageview"])
        listed = EVENT_COLUMNS[-3:]
        return rows.with_columns(
            pl.when(pl.Series(rng.random(count) >= TIME_MISSING)).then("utc_event_time"),
            *(pl.when(without_items).then(pl.lit("[]")).otherwise(name).alias(name) for name in listed),
        ).select(EVENT_COLUMNS)

    def _lists(self, rng: np.random.Generator, count: int) -> dict[str, pl.Series]:
        """Texts of items, prices and quantities: single ones first, then baskets by length, then shuffled."""
        length = np.where(rng.random(count) < BASKETS, rng.integers(2, LONGEST_BASKET + 1, count), 1)
        order = np.argsort(np.argsort(length, kind="stable"), kind="stable")
        parts: dict[str, list[pl.Series]] = {name: [] for name in EVENT_COLUMNS[-3:]}
        for many, rows in zip(*np.unique(length, return_counts=True), strict=True):
            items = [_drawn(rng, self.popular, rows) for _ in range(many)]
            parts["ecom.nm"].append(_joined([self.items.gather(item) for item in items]))
            parts["ecom.price100"].append(_joined([self.prices.gather(item) for item in items]))
            parts["ecom.qty"].append(pl.Series([f"[{', '.join(['1'] * many)}]"]).new_from_index(0, int(rows)))
        return {name: pl.concat(found).gather(order) for name, found in parts.items()}


def _drawn(rng: np.random.Generator, cumulative: np.ndarray, count: int) -> np.ndarray:
    return np.asarray(np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right"))


def _joined(texts: list[pl.Series]) -> pl.Series:
    """Texts of lists, one from each row."""
    frame = pl.DataFrame([text.alias(str(place)) for place, text in enumerate(texts)])
    return frame.select(pl.format("[{}]", pl.concat_str(pl.all(), separator=", "))).to_series().alias("list")
