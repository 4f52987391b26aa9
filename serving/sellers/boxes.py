"""Boxes around people, a part of a video at a time, from the file that the published version names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from serving.sellers.published_files import evidence_row, place_of
from serving.web.problems import Problem, not_found
from serving.web.versions import Version
from vitrina.settings import Settings

ROLES = ("seller", "customer", "unknown", "fixture")


@dataclass(frozen=True)
class Window:
    """Which boxes of a video are asked for.

    Attributes
    ----------
    begin_s, end_s
        From when to before when, in seconds from the first frame.
    role
        Of whom; None for all, also for boxes that nobody followed.
    followed
        Only boxes of tracks.
    """

    begin_s: float = 0.0
    end_s: float = 1e9
    role: str | None = None
    followed: bool = False


def boxes_file(version: Version, settings: Settings, video: str) -> Path | None:
    """The file of a video's boxes; None where the version names none, or it is not as it was published."""
    row = evidence_row(version, video, "boxes")
    return None if row is None else place_of(settings, row["path"], row["size"])


def insist_on_boxes(version: Version, settings: Settings, video: str) -> Path:
    """The file of a video's boxes.

    Raises
    ------
    Problem
        The version names none, or the file is not as it was published.
    """
    row = evidence_row(version, video, "boxes")
    if row is None:
        raise not_found("detections of the video", video)
    path = place_of(settings, row["path"], row["size"])
    if path is None:
        raise _gone()
    return path


def count_boxes(path: Path, window: Window) -> int:
    """How many rows `boxes` has in all."""
    return int(_collected(_lazy(path, window).select(pl.len())).item())


def boxes(path: Path, window: Window, *, limit: int | None = None, offset: int = 0) -> pl.DataFrame:
    """Columns of `vitrina.sellers.evidence.boxes.BOXES`, by sample and detection."""
    return _collected(_lazy(path, window).slice(offset, limit))


def _lazy(path: Path, window: Window) -> pl.LazyFrame:
    found = pl.scan_parquet(path).filter(pl.col("pts_s") >= window.begin_s, pl.col("pts_s") < window.end_s)
    if window.role is not None:
        found = found.filter(pl.col("role") == window.role)
    return found.filter(pl.col("track").is_not_null()) if window.followed else found


def _collected(rows: pl.LazyFrame) -> pl.DataFrame:
    try:
        return rows.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        # it was whole a moment ago, and may be replaced or removed at any time
        raise _gone() from error


def _gone() -> Problem:
    return Problem(
        410,
        "The detections of the video are made anew just now, or their file was removed.",
        "Ask again once the next version is published.",
        kind="gone",
    )
