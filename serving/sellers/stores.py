"""Which stores there are, since when, by which clock, and how each of them did last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from serving.sellers.days import DAILY, HOURLY, SellerDay
from serving.web.problems import not_found
from serving.web.versions import Version

FOOTAGE = "mart_footage_quality"
MOST_DAYS = 400

_STORES = """
    SELECT store_id, min(day) AS first_day, max(day) AS last_day FROM ({sources}) GROUP BY store_id ORDER BY store_id
"""
_ZONES = {
    # the first that knows a store's clock is believed
    HOURLY: "SELECT store_id, arg_max(time_zone, begin_at) AS time_zone FROM mart_store_hourly GROUP BY store_id",
    "video_files": "SELECT store_id, arg_max(time_zone, started_at) AS time_zone FROM video_files GROUP BY store_id",
}
_LATEST = (
    "SELECT * FROM mart_seller_daily WHERE seller_id = '' QUALIFY row_number() OVER (PARTITION BY store_id ORDER BY day DESC) = 1"
)
_CAMERAS = """
    SELECT * FROM mart_footage_quality
    QUALIFY row_number() OVER (PARTITION BY store_id, camera_id ORDER BY day DESC) = 1 ORDER BY store_id, camera_id
"""


@dataclass(frozen=True)
class Store:
    """A store with cameras.

    Attributes
    ----------
    store_id
        Which.
    first_day, last_day
        Days of which there is anything.
    time_zone
        Of its clock.
    latest
        Its latest day with numbers, or reasons why there are none; None where there is no such day.
    cameras
        The latest row of `mart_footage_quality` of each camera.
    """

    store_id: str
    first_day: dt.date
    last_day: dt.date
    time_zone: str
    latest: SellerDay | None
    cameras: tuple[Mapping[str, Any], ...]

    @property
    def zone(self) -> ZoneInfo:
        """Its clock; that of Greenwich where nobody knows it."""
        return zone_of(self.time_zone)

    @property
    def latest_day(self) -> dt.date:
        """The latest day with numbers; where there is none, the last of which there is anything."""
        return self.latest.day if self.latest else self.last_day

    @property
    def clock(self) -> str:
        """Name of its clock, as the database knows it too."""
        return str(self.zone)

    @property
    def poor_cameras(self) -> tuple[Mapping[str, Any], ...]:
        """Cameras that somebody should look at."""
        return tuple(camera for camera in self.cameras if camera["worst"] is not None)


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def all_stores(version: Version) -> dict[str, Store]:
    """Every store of a version by its name, whoever may see it."""
    return version.remembered("stores", lambda: _all_stores(version))


def stores(version: Version, parts: Collection[str] | None) -> list[Store]:
    """Stores that somebody may see.

    Parameters
    ----------
    version
        The published version.
    parts
        As of `serving.web.visitors.Visitor.parts`.
    """
    return [store for name, store in all_stores(version).items() if parts is None or name in parts]


def store_named(version: Version, name: str) -> Store:
    """A store; whether it may be seen is decided by the route's rule.

    Raises
    ------
    Problem
        There is none of the name.
    """
    found = all_stores(version).get(name)
    if found is None:
        raise not_found("store", name)
    return found


def days_with_anything(version: Version, store: str) -> list[dt.date]:
    """Days of which there are numbers or footage, the latest first, `MOST_DAYS` of them."""
    return version.remembered(("days", store), lambda: _days(version, store))


def _days(version: Version, store: str) -> list[dt.date]:
    sources = _together(version, "store_id, day")
    sql = f"SELECT DISTINCT day FROM ({sources}) WHERE store_id = ? ORDER BY day DESC LIMIT {MOST_DAYS}"  # noqa: S608  # our own names
    return [row["day"] for row in version.rows(sql, [store])]


def _together(version: Version, columns: str) -> str:
    """Rows of every table that tells of days of stores.

    Raises
    ------
    PublicationError
        There is no such table.
    """
    found = [table for table in (DAILY, HOURLY, FOOTAGE) if version.has(table)]
    if not found:
        version.require(DAILY)
    return " UNION ALL ".join(f"SELECT {columns} FROM {table}" for table in found)  # noqa: S608  # our own names


def _all_stores(version: Version) -> dict[str, Store]:
    sources = _together(version, "store_id, day")
    zones: dict[str, str] = {}
    for table, sql in _ZONES.items():
        if version.has(table):
            zones = {row["store_id"]: row["time_zone"] for row in version.rows(sql)} | zones
    latest = {row["store_id"]: SellerDay.of(row) for row in version.rows(_LATEST)} if version.has(DAILY) else {}
    cameras: dict[str, list[Mapping[str, Any]]] = {}
    for row in version.rows(_CAMERAS) if version.has(FOOTAGE) else []:
        cameras.setdefault(row["store_id"], []).append(row)
    return {
        row["store_id"]: Store(
            row["store_id"],
            row["first_day"],
            row["last_day"],
            zones.get(row["store_id"], "UTC"),
            latest.get(row["store_id"]),
            tuple(cameras.get(row["store_id"], ())),
        )
        for row in version.rows(_STORES.format(sources=sources))
    }
