"""How each person of a video was there: how long, when, where, and in whose company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers.polygons import Polygon, inside

Floats: TypeAlias = npt.NDArray[np.float64]

PARTS_OF_A_DAY = 24
PRESENCE_SCHEMA = {
    "person": pl.Int64(),
    "tracks": pl.Int64(),
    "samples": pl.Int64(),
    "first_s": pl.Float64(),
    "last_s": pl.Float64(),
    "present_s": pl.Float64(),
    "staff_zone_share": pl.Float64(),
    "range_heights": pl.Float64(),
    "fixture": pl.Boolean(),
    "spread": pl.Float64(),
    "came_first": pl.Boolean(),
    "left_last": pl.Boolean(),
    "alone_s": pl.Float64(),
    "alone_share": pl.Float64(),
    "pauses": pl.Int64(),
    "visitors": pl.Int64(),
}


@dataclass(frozen=True)
class PresenceSettings:
    """What is a fixture, a pause and a visitor.

    Attributes
    ----------
    fixture_heights
        Body heights that the middle of a fixture's box stays within, the outer tenth on either side left out: whoever passes in front
        of a poster cuts its box.
    away_heights, away_share
        Body heights from its usual place at which a box is elsewhere, which no cut can do, and the share of such samples from which on
        it is no fixture: a seller may stand still at the till for most of a film, but has walked there.
    fixture_s, fixture_share
        Time that a fixture is there at least; or share of the video, where that is shorter.
    fixture_samples
        Samples without which nobody is called a fixture.
    pause_s
        Absence from which on a return is one from a pause, and no lost track.
    visitor_share
        Part of the video's active time in which a visitor has come and gone.
    """

    fixture_heights: float = 0.06
    away_heights: float = 0.5
    away_share: float = 0.005
    fixture_s: float = 600.0
    fixture_share: float = 0.5
    fixture_samples: int = 30
    pause_s: float = 60.0
    visitor_share: float = 0.25


PRESENCE = PresenceSettings()


def presence_of(
    tracks: pl.DataFrame, trajectories: pl.DataFrame, *, staff_zone: Polygon | None = None, settings: PresenceSettings = PRESENCE
) -> pl.DataFrame:
    """What can be said of how each person of a video was there.

    Parameters
    ----------
    tracks
        Rows of table `Tracks` of one video.
    trajectories
        Rows of table `Trajectories` of the same video.
    staff_zone
        Corners of the staff's part of the floor, in pixels.
    settings
        What is a fixture, a pause and a visitor.

    Returns
    -------
    polars.DataFrame
        Columns of `PRESENCE_SCHEMA`, by person. ``present_s`` sums the tracks, each with one sampling step, so that somebody on one
        sample was there for one step. ``range_heights`` is how far the middle of the box moves, in heights of the box, the outer
        tenths left out. ``spread`` is the share of 24 parts of the video's active time in which somebody is seen; ``alone_share``
        the share of all time at which exactly one person was there. ``visitors`` are others who came and went within a quarter of
        the active time. Fixtures are nobody's company.
    """
    if tracks.is_empty():
        return pl.DataFrame(schema=PRESENCE_SCHEMA)
    moments = np.unique(trajectories["pts_s"].to_numpy())
    step = float(np.median(np.diff(moments))) if len(moments) > 1 else 0.0
    totals = tracks.group_by("person").agg(
        pl.len().cast(pl.Int64).alias("tracks"),
        pl.col("samples").sum().cast(pl.Int64),
        pl.col("first_s").min(),
        pl.col("last_s").max(),
        (pl.col("last_s") - pl.col("first_s") + step).sum().alias("present_s"),
    )
    video_s = max(float(moments[-1] - moments[0]) if len(moments) else 0.0, step)
    found = (
        totals.join(_places(tracks, trajectories, staff_zone, settings), on="person", how="left")
        .with_columns(_is_fixture(video_s, settings).alias("fixture"))
        .sort("person")
    )
    company = _company(tracks, found, moments, step, settings)
    return found.join(company, on="person").select(list(PRESENCE_SCHEMA)).cast(PRESENCE_SCHEMA).sort("person")  # type: ignore[arg-type]  # polars takes a schema


def _places(
    tracks: pl.DataFrame, trajectories: pl.DataFrame, staff_zone: Polygon | None, settings: PresenceSettings
) -> pl.DataFrame:
    """Share of samples in the staff zone, how far the middle of the box moves, and the share of samples at which it is elsewhere."""
    rows = trajectories.join(tracks.select("track", "person"), on="track")
    zone: pl.Series | pl.Expr = pl.lit(None, pl.Float64)
    if staff_zone is not None and len(staff_zone) >= 3:
        zone = pl.Series(inside(staff_zone, rows.select("foot_x", "foot_y").to_numpy())).cast(pl.Float64)
    x, y = (pl.col("x1") + pl.col("x2")) / 2, (pl.col("y1") + pl.col("y2")) / 2
    height = (pl.col("y2") - pl.col("y1")).median()
    reach = pl.max_horizontal(*(middle.quantile(0.9) - middle.quantile(0.1) for middle in (x, y)))
    away = pl.max_horizontal(*((middle - middle.median()).abs() for middle in (x, y))) > settings.away_heights * height
    return (
        rows.with_columns(zone.alias("zone"))
        .group_by("person")
        .agg(
            pl.col("zone").mean().alias("staff_zone_share"),
            (reach / height).alias("range_heights"),
            away.mean().alias("away"),
        )
    )


def _is_fixture(video_s: float, settings: PresenceSettings) -> pl.Expr:
    long = pl.col("present_s") >= min(settings.fixture_s, settings.fixture_share * video_s)
    still = (pl.col("range_heights") <= settings.fixture_heights) & (pl.col("away") <= settings.away_share)
    return (long & still & (pl.col("samples") >= settings.fixture_samples)).fill_null(value=False)


def _company(tracks: pl.DataFrame, totals: pl.DataFrame, moments: Floats, step: float, settings: PresenceSettings) -> pl.DataFrame:
    """Who was there with whom, and who came before whom."""
    people = totals.filter(~pl.col("fixture"))
    begin, end = (people["first_s"].min(), people["last_s"].max()) if people.height else (0.0, 0.0)
    active = max(float(end) - float(begin), step, 1e-9)  # type: ignore[arg-type]  # columns of numbers have numbers for extremes
    stays = people["last_s"].to_numpy() - people["first_s"].to_numpy()
    visiting = (stays <= settings.visitor_share * active) & (people["samples"].to_numpy() > 1)
    visitors = people.filter(pl.Series(visiting))
    came, left = (
        (float(visitors["first_s"].min()), float(visitors["last_s"].max())) if visitors.height else (np.inf, -np.inf)  # type: ignore[arg-type]  # as above
    )
    spans = {
        person: (rows["first_s"].to_numpy(), rows["last_s"].to_numpy())
        for (person,), rows in tracks.sort("first_s", "track").group_by("person", maintain_order=True)
    }
    counts = np.zeros(len(moments) + 1)
    for person in people["person"]:
        for first, last in _ranks(moments, *spans[person]):
            counts[first] += 1
            counts[last] -= 1
    one = np.concatenate([[0], np.cumsum(np.cumsum(counts)[:-1] == 1)])
    visits = dict(zip(people["person"].to_list(), visiting.tolist(), strict=True))
    rows = []
    for person, first_s, last_s in totals.select("person", "first_s", "last_s").iter_rows():
        firsts, lasts = spans[person]
        alone = sum(int(one[last] - one[first]) for first, last in _ranks(moments, firsts, lasts)) if person in visits else 0
        parts: set[int] = set()
        for first, last in zip(firsts - float(begin), lasts - float(begin), strict=True):  # type: ignore[arg-type]  # as above
            parts.update(range(int(first / active * PARTS_OF_A_DAY), int(last / active * PARTS_OF_A_DAY) + 1))
        stays_long = person in visits and not visits[person]
        rows.append(
            (
                person,
                len(parts & set(range(PARTS_OF_A_DAY))) / PARTS_OF_A_DAY,
                stays_long and first_s <= came < np.inf,
                stays_long and last_s >= left > -np.inf,
                alone * step,
                alone / max(int(one[-1]), 1),
                int((firsts[1:] - np.maximum.accumulate(lasts)[:-1] >= settings.pause_s).sum()),
                visitors.height - visits.get(person, False),
            )
        )
    names = ("person", "spread", "came_first", "left_last", "alone_s", "alone_share", "pauses", "visitors")
    return pl.DataFrame(rows, schema={name: PRESENCE_SCHEMA[name] for name in names}, orient="row")


def _ranks(moments: Floats, firsts: Floats, lasts: Floats) -> list[tuple[int, int]]:
    """Places of the first moment of each span, and of the one after its last."""
    starts, ends = np.searchsorted(moments, firsts, side="left"), np.searchsorted(moments, lasts, side="right")
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
