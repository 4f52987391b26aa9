"""Days of a store and its sellers, as `mart_seller_daily` and `mart_store_hourly` have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.web.versions import Version
from vitrina.sellers.metrics import ALL, METRICS
from vitrina.sellers.report.contents import UNKNOWN, Number

DAILY, HOURLY = "mart_seller_daily", "mart_store_hourly"

_DAYS = """
    FROM mart_seller_daily
    WHERE store_id = $store AND day BETWEEN coalesce($since, day) AND coalesce($until, day)
        AND ($seller IS NULL OR seller_id = $seller)
"""
_HOURS = "FROM mart_store_hourly WHERE store_id = $store AND day = $day ORDER BY begin_at"


@dataclass(frozen=True)
class SellerDay:
    """A seller's day, or that of the whole store.

    Attributes
    ----------
    day, seller_id
        Which; `ALL` for the whole store.
    coverage
        Share of the opening hours that could be seen.
    numbers
        By metric.
    """

    day: dt.date
    seller_id: str
    coverage: float
    numbers: Mapping[str, Number]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> SellerDay:
        """From a row of the mart."""
        numbers = {
            metric.name: Number(
                row[metric.name],
                row[f"{metric.name}_low"],
                row[f"{metric.name}_high"],
                row[f"{metric.name}_n"] or 0,
                row["coverage"],
                row[f"{metric.name}_refused"],
            )
            for metric in METRICS
        }
        return cls(row["day"], row["seller_id"], row["coverage"], numbers)

    def number(self, metric: str) -> Number:
        """A number, or that nobody measured it."""
        return self.numbers.get(metric, UNKNOWN)

    @property
    def refused(self) -> bool:
        """Whether nothing at all can be said of the day."""
        return all(number.value is None for number in self.numbers.values())


@dataclass(frozen=True)
class Wanted:
    """Which days are asked for.

    Attributes
    ----------
    store
        The store.
    since, until
        First and last day; None for any.
    seller
        A seller, `ALL` for the store as a whole, None for both.
    """

    store: str
    since: dt.date | None = None
    until: dt.date | None = None
    seller: str | None = None


def count_days(version: Version, wanted: Wanted) -> int:
    """How many rows `days` has in all."""
    return int(version.rows(f"SELECT count(*) AS n {_DAYS}", vars(wanted))[0]["n"])


def days(version: Version, wanted: Wanted, *, limit: int = 1000, offset: int = 0) -> list[SellerDay]:
    """Days, the latest first; of a day the whole store first, then its sellers by name."""
    version.require(DAILY)
    rows = version.rows(f"SELECT * {_DAYS} ORDER BY day DESC, seller_id LIMIT {int(limit)} OFFSET {int(offset)}", vars(wanted))
    return [SellerDay.of(row) for row in rows]


def whole_and_sellers(version: Version, store: str, day: dt.date) -> tuple[SellerDay | None, list[SellerDay]]:
    """A store's day, and that of each seller whom the shifts name."""
    found = days(version, Wanted(store, day, day))
    return next((one for one in found if one.seller_id == ALL), None), [one for one in found if one.seller_id != ALL]


def hours(version: Version, store: str, day: dt.date) -> list[dict[str, Any]]:
    """Hours of a store's day in their order; empty where no version has them."""
    return version.rows(_HOURS, {"store": store, "day": day}) if version.has(HOURLY) else []


def sellers_of(version: Version, store: str) -> Sequence[str]:
    """Everybody whom a store's shifts have named."""
    sql = "SELECT DISTINCT seller_id FROM mart_seller_daily WHERE store_id = ? AND seller_id <> '' ORDER BY seller_id"
    return [row["seller_id"] for row in version.rows(sql, [store])] if version.has(DAILY) else []
