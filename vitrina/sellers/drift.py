"""Whether what a camera shows has moved away from what it usually shows: per day and measure, against the same weekdays before.

Numbers go wrong silently when a lens is bumped, a lamp fails, the roster is no longer matched or a detector no longer fits. A measure
of a day is compared with its median on the same weekday of the weeks before: Saturdays are busier, and that is no drift.
"""

from __future__ import annotations

import datetime as dt
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import SettingsError
from vitrina.sellers.day_tables import FootageDrift

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

PEOPLE, CONFIDENCE, SHORT_TRACKS, UNKNOWN_SELLERS = (
    "people_per_hour",
    "mean_confidence",
    "short_track_share",
    "unknown_seller_share",
)
BRIGHTNESS, SHARPNESS, COVERAGE = "brightness", "sharpness", "coverage"
MEASURES = (PEOPLE, CONFIDENCE, SHORT_TRACKS, UNKNOWN_SELLERS, BRIGHTNESS, SHARPNESS, COVERAGE)

VIDEO_MEASURES_SCHEMA = {"video": pl.String(), "measure": pl.String(), "value": pl.Float64(), "weight": pl.Float64()}
DAY_MEASURES_SCHEMA = {
    "store_id": pl.String(),
    "camera_id": pl.String(),
    "day": pl.Date(),
    "measure": pl.String(),
    "value": pl.Float64(),
    "weight": pl.Float64(),
}

SHORT = 2
"""Samples up to which a track is short: people are lost, or were never there."""

NORMAL = 1.4826
"""A normal distribution's standard deviation by its median absolute deviation."""

_WEEK = 7


@dataclass(frozen=True)
class Floor:
    """The spread that a measure is given at least: four of them are the smallest change that anybody needs to know.

    Attributes
    ----------
    absolute
        In the measure's unit.
    relative
        As a share of what is usual.
    """

    absolute: float
    relative: float = 0.0


FLOORS: Mapping[str, Floor] = {
    PEOPLE: Floor(0.5, 0.12),
    CONFIDENCE: Floor(0.01),
    SHORT_TRACKS: Floor(0.02),
    UNKNOWN_SELLERS: Floor(0.08),
    BRIGHTNESS: Floor(4.0),
    SHARPNESS: Floor(1.0, 0.08),
    COVERAGE: Floor(0.03),
}


@dataclass(frozen=True)
class DriftRule:
    """What a day is compared with, and what is too far.

    Attributes
    ----------
    farthest
        Distance from the median, in spreads, beyond which it is no chance.
    weeks
        Weeks before the day that it is compared with.
    fewest_weekdays
        Same weekdays among them without which any days count.
    fewest_days
        Days among them without which nothing is said.
    floors
        Of each measure.
    """

    farthest: float = 4.0
    weeks: int = 8
    fewest_weekdays: int = 4
    fewest_days: int = 5
    floors: Mapping[str, Floor] = field(default_factory=lambda: FLOORS)

    def __post_init__(self) -> None:
        if not (self.farthest > 0 and self.weeks >= 1 and min(self.fewest_weekdays, self.fewest_days) >= 1):
            raise SettingsError(f"Nothing can be compared by {self}.", "Give numbers above 0.")


DRIFT = DriftRule()


def video_measures(
    day_videos: pl.DataFrame, samples: pl.DataFrame, detections: pl.DataFrame, tracks: pl.DataFrame, people: pl.DataFrame
) -> pl.DataFrame:
    """Each measure of each video, so that the large tables need not be read again.

    Parameters
    ----------
    day_videos
        Rows of table `DayVideos`, of the videos that are asked about.
    samples, detections, tracks, people
        Tables `FootageSamples`, `Detections`, `Tracks` and `People` of these videos; columns of appearance are not needed.

    Returns
    -------
    polars.DataFrame
        Columns of `VIDEO_MEASURES_SCHEMA`, a row per video and measure. ``value`` is null where nothing could be measured;
        ``weight`` is how much it rests on: hours, detections, tracks, samples, or seconds of sellers.
    """
    hours = _seconds(day_videos) / 3600
    open_h = (pl.col("open_s") / 3600).fill_null(hours)
    films = day_videos.select("video", "coverage", open_h=open_h, seen_h=hours * pl.col("coverage"))
    persons = people.filter(pl.col("role") != "fixture").group_by("video").agg(n=pl.len())
    sellers = people.filter(pl.col("role") == "seller")
    per_hour = films.join(persons, on="video", how="left").select(
        "video", value=pl.col("n").fill_null(0) / pl.col("seen_h"), weight="seen_h"
    )
    found = {
        PEOPLE: per_hour,
        CONFIDENCE: _by_video(detections, pl.col("confidence").mean(), pl.len()),
        SHORT_TRACKS: _by_video(tracks, (pl.col("samples") <= SHORT).mean(), pl.len()),
        UNKNOWN_SELLERS: _by_video(
            sellers,
            pl.col("present_s").filter(pl.col("seller_id").is_null()).sum() / pl.col("present_s").sum(),
            pl.col("present_s").sum(),
        ),
        # medians: a lamp that flickers on one frame is no dark day
        BRIGHTNESS: _by_video(samples, pl.col("brightness").median(), pl.len()),
        SHARPNESS: _by_video(samples, pl.col("sharpness").median(), pl.len()),
        COVERAGE: films.select("video", value="coverage", weight="open_h"),
    }
    whole = [
        films.select("video")
        .join(frame, on="video", how="left")
        .select(
            "video",
            measure=pl.lit(name),
            # nothing divided by nothing is no number
            value=pl.when(pl.col("weight") > 0).then(pl.col("value").cast(pl.Float64)).fill_nan(None),
            weight=pl.col("weight").cast(pl.Float64).fill_null(0.0),
        )
        for name, frame in found.items()
    ]
    return pl.concat(whole).sort("video", "measure")


def measures_of_days(
    day_videos: pl.DataFrame, measures: pl.DataFrame, opened_s: Mapping[tuple[str, dt.date], float] | None = None
) -> pl.DataFrame:
    """Each measure of each camera and local day: its videos' mean, by their weights.

    Parameters
    ----------
    day_videos
        Table `DayVideos`.
    measures
        What `video_measures` returned for these videos, in one piece or concatenated.
    opened_s
        How long each store was open on each day: time without any video was not covered either. Without it, the videos are
        taken for the whole day.

    Returns
    -------
    polars.DataFrame
        Columns of `DAY_MEASURES_SCHEMA`. Whole days are comparable with one another; leave out a day that is not over.
    """
    placed = day_videos.select("video", "store_id", "camera_id", "day").join(measures, on="video")
    known = pl.col("value").is_not_null() & (pl.col("weight") > 0)
    weight = pl.col("weight").filter(known).sum()
    summed = placed.group_by("store_id", "camera_id", "day", "measure").agg(
        total=(pl.col("value") * pl.col("weight")).filter(known).sum(), weight=weight
    )
    opened = pl.DataFrame(
        [(store, day, seconds / 3600) for (store, day), seconds in (opened_s or {}).items()],
        schema={"store_id": pl.String, "day": pl.Date, "opened_h": pl.Float64},
        orient="row",
    )
    of = pl.when(measure=COVERAGE).then(pl.max_horizontal("weight", "opened_h")).otherwise("weight")
    return (
        summed.join(opened, on=["store_id", "day"], how="left")
        .with_columns(value=pl.when(of > 0).then(pl.col("total") / of))
        .select(pl.col(name).cast(dtype) for name, dtype in DAY_MEASURES_SCHEMA.items())
        .sort("store_id", "camera_id", "day", "measure")
    )


def drift_of(measures: pl.DataFrame, *, rule: DriftRule = DRIFT, since: dt.date | None = None) -> pl.DataFrame:
    """How far each day is from what is usual.

    The spread is the median absolute deviation of the days that are compared with. As that of a few days is often small by chance
    alone (of eight, one day in thirty would be taken for drift), it is never taken for less than that of all days around their own
    weekday's median, than the measure's floor, and than chance gives counts of that size.

    Parameters
    ----------
    measures
        What `measures_of_days` returned, or columns of `FootageDrift` for days that were stored: ``weight`` may be missing or
        null, and a day that is given twice counts as it is given last.
    rule
        What is compared, and how far is too far.
    since
        Days before are compared with, but have no rows of their own.

    Returns
    -------
    polars.DataFrame
        Table `FootageDrift`. The order of days changes nothing.
    """
    weight = pl.col("weight") if "weight" in measures.columns else pl.lit(None, pl.Float64)
    key = ["store_id", "camera_id", "measure", "day"]
    once = measures.select(*key, "value", weight=weight.cast(pl.Float64)).unique(key, keep="last", maintain_order=True).sort(key)
    rows = [pl.DataFrame(schema=FootageDrift.polars_schema())]
    for (store, camera, measure), days in once.group_by(key[:3], maintain_order=True):
        judged = _judged(str(measure), days, rule)
        rows.append(
            pl.DataFrame(
                {
                    "store_id": pl.repeat(store, days.height, dtype=pl.String, eager=True),
                    "camera_id": pl.repeat(camera, days.height, dtype=pl.String, eager=True),
                    "day": days["day"],
                    "measure": pl.repeat(measure, days.height, dtype=pl.String, eager=True),
                    "value": days["value"],
                    **judged,
                }
            ).select(pl.col(name).cast(dtype) for name, dtype in FootageDrift.polars_schema().items())
        )
    told = pl.concat(rows)
    if since is not None:
        told = told.filter(pl.col("day") >= since)
    return FootageDrift.check(told.sort("store_id", "camera_id", "day", "measure"))


def _seconds(day_videos: pl.DataFrame) -> pl.Series:
    return (day_videos["ended_at"] - day_videos["started_at"]).dt.total_microseconds() / 1e6


def _by_video(frame: pl.DataFrame, value: pl.Expr, weight: pl.Expr) -> pl.DataFrame:
    return frame.group_by("video").agg(value=value, weight=weight)


@dataclass(frozen=True)
class _Reference:
    """What each day is compared with; all of shape (days,), NaN where there is nothing."""

    usual: Floats
    spread: Floats
    days: Ints
    is_weekday: npt.NDArray[np.bool_]


def _judged(measure: str, days: pl.DataFrame, rule: DriftRule) -> dict[str, pl.Series]:
    """The columns that a series of one camera and measure has beside its values; days ascend."""
    value, weight = (days[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in ("value", "weight"))
    known = _reference(days["day"].to_numpy().astype("datetime64[D]").astype(np.int64), value, rule)
    floor = rule.floors.get(measure, Floor(0.0))
    least = np.maximum(floor.absolute, floor.relative * np.abs(known.usual))
    spread = np.fmax(np.fmax(known.spread, least), _by_chance(measure, known.usual, weight))
    with np.errstate(divide="ignore", invalid="ignore"):
        # without a floor and without any spread, everything that differs is infinitely far
        z = np.where(value == known.usual, 0.0, (value - known.usual) / spread)
    z = np.where(np.isfinite(value) & np.isfinite(known.usual), np.clip(z, -1e6, 1e6), np.nan)
    columns = {"usual": known.usual, "spread": np.where(np.isfinite(known.usual), spread, np.nan), "z": z}
    return {
        **{name: pl.Series(column, dtype=pl.Float64).fill_nan(None) for name, column in columns.items()},
        "days": pl.Series(known.days),
        "weekday": pl.Series(known.is_weekday),
        "drifted": pl.Series(np.abs(z) > rule.farthest),
    }


def _reference(days: Ints, value: Floats, rule: DriftRule) -> _Reference:
    calendar = np.full(int(days[-1] - days[0]) + 1 if len(days) else 0, np.nan)
    places = days - days[0] if len(days) else days
    calendar[places] = value
    # of each day and lag, the value so many days before: weeks in rows, weekdays in columns, the same weekday last
    lags = np.stack(list(_lagged(calendar, rule.weeks * _WEEK)), axis=-1)[places].reshape(-1, rule.weeks, _WEEK)
    weekdays, everything = lags[:, :, -1], lags.reshape(len(places), -1)
    n_weekdays, n_days = (np.isfinite(known).sum(axis=1) for known in (weekdays, everything))
    enough = n_days >= rule.fewest_days
    is_weekday = enough & (n_weekdays >= rule.fewest_weekdays)
    of_weekday = _median(weekdays, 1)
    usual = np.where(is_weekday, of_weekday, _median(everything, 1))
    own = np.where(is_weekday, _median(np.abs(weekdays - of_weekday[:, None]), 1), _median(np.abs(everything - usual[:, None]), 1))
    around = np.abs(lags - _median(lags, 1)[:, None, :])
    # around a median of a few days, they lie too close to be told from it
    pooled = np.where((np.isfinite(lags).sum(axis=1) >= rule.fewest_weekdays)[:, None, :], around, np.nan)
    of_all = np.where(is_weekday, _median(pooled.reshape(len(places), -1), 1), np.nan)
    return _Reference(
        np.where(enough, usual, np.nan),
        np.where(enough, NORMAL * np.fmax(own, of_all), np.nan),
        np.where(is_weekday, n_weekdays, n_days).astype(np.int64),
        is_weekday,
    )


def _lagged(calendar: Floats, most: int) -> Iterator[Floats]:
    """The calendar 1, 2, … days later, so that each place holds an earlier day's value."""
    for lag in range(1, most + 1):
        moved = np.full(len(calendar), np.nan)
        moved[lag:] = calendar[: max(0, len(calendar) - lag)]
        yield moved


def _median(values: Floats, axis: int) -> Floats:
    with warnings.catch_warnings():
        # days without anything before them have no median, and nothing is wrong with that
        warnings.filterwarnings("ignore", "All-NaN slice encountered", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=axis), dtype=np.float64)


def _by_chance(measure: str, usual: Floats, weight: Floats) -> Floats:
    """Standard deviation that the day's counts have by chance alone: Poisson's for people, binomial for tracks; NaN elsewhere."""
    if measure not in {PEOPLE, SHORT_TRACKS}:
        return np.full(len(usual), math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = usual / weight if measure == PEOPLE else usual * (1 - usual) / weight
        return np.asarray(np.sqrt(np.where(weight > 0, np.maximum(variance, weight**-2.0), np.nan)), dtype=np.float64)
