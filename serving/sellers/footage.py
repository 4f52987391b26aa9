"""What cameras filmed, what could be seen of it, and which files came to nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from serving.sellers.stores import FOOTAGE
from serving.web.versions import Version

DRIFT, DELIVERIES, FILES = "footage_drift", "video_deliveries", "video_files"

_DAYS = """
    FROM mart_footage_quality
    WHERE store_id = $store AND day BETWEEN coalesce($since, day) AND coalesce($until, day)
"""
_DRIFTED = """
    SELECT * FROM footage_drift WHERE store_id = $store AND day = $day AND drifted ORDER BY camera_id, measure
"""
# as bad_files.sql has it: whoever may see one store learns nothing of another one's files
_PROBLEMS = """
    SELECT path, state, reason, remedy, recorded_at FROM video_deliveries
    WHERE state IN ('unreadable', 'refused', 'duplicate', 'waiting') AND $store = coalesce(
        nullif(split_part(video, '|', 1), ''),
        nullif(regexp_extract(path, '(?:^|/)videos/([A-Za-z0-9_.-]{1,64})/[A-Za-z0-9_.-]{1,64}/[^/]+$', 1), '')
    )
    ORDER BY recorded_at DESC, path LIMIT $most
"""
_VIDEOS = """
    FROM video_files
    WHERE store_id = $store AND ($day IS NULL OR (started_at AT TIME ZONE $zone)::DATE = $day)
"""


@dataclass(frozen=True)
class Wanted:
    """Which days of which store's cameras are asked for."""

    store: str
    since: dt.date | None = None
    until: dt.date | None = None


def count_footage(version: Version, wanted: Wanted) -> int:
    """How many rows `footage` has in all."""
    version.require(FOOTAGE)
    return int(version.rows(f"SELECT count(*) AS n {_DAYS}", vars(wanted))[0]["n"])


def footage(version: Version, wanted: Wanted, *, limit: int = 1000, offset: int = 0) -> list[dict[str, Any]]:
    """Rows of `mart_footage_quality`, the latest day first."""
    version.require(FOOTAGE)
    return version.rows(f"SELECT * {_DAYS} ORDER BY day DESC, camera_id LIMIT {int(limit)} OFFSET {int(offset)}", vars(wanted))


def footage_of_day(version: Version, store: str, day: dt.date) -> list[dict[str, Any]]:
    """Of one day; empty where no version has it."""
    return footage(version, Wanted(store, day, day)) if version.has(FOOTAGE) else []


def drifted(version: Version, store: str, day: dt.date) -> list[dict[str, Any]]:
    """What is far from usual on a day's cameras."""
    return version.rows(_DRIFTED, {"store": store, "day": day}) if version.has(DRIFT) else []


def problem_files(version: Version, store: str, most: int = 50) -> list[dict[str, Any]]:
    """Files that came to nothing, the latest first."""
    return version.rows(_PROBLEMS, {"store": store, "most": most}) if version.has(DELIVERIES) else []


@dataclass(frozen=True)
class VideosWanted:
    """Which videos of a store are asked for.

    Attributes
    ----------
    store
        The store.
    day
        The day on which they begin by its clock; None for any.
    zone
        Name of that clock.
    """

    store: str
    day: dt.date | None
    zone: str


def count_videos(version: Version, wanted: VideosWanted) -> int:
    """How many rows `videos` has in all."""
    version.require(FILES)
    return int(version.rows(f"SELECT count(*) AS n {_VIDEOS}", vars(wanted))[0]["n"])


def videos(version: Version, wanted: VideosWanted, *, limit: int = 1000, offset: int = 0) -> list[dict[str, Any]]:
    """Rows of `VideoFiles` in the order of their beginnings."""
    version.require(FILES)
    sql = f"SELECT * {_VIDEOS} ORDER BY started_at, camera_id, video LIMIT {int(limit)} OFFSET {int(offset)}"
    return version.rows(sql, vars(wanted))


def is_video_of(version: Version, store: str, video: str) -> bool:
    """Whether a video is a store's, as published tables have it."""
    return any(
        version.has(table) and version.rows(f"SELECT 1 FROM {table} WHERE video = ? AND store_id = ? LIMIT 1", [video, store])  # noqa: S608  # names of our own
        for table in (FILES, "mart_interaction_evidence")
    )
