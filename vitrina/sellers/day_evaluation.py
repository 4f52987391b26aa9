"""What all videos come to: which day each belongs to, which purchases were preceded by a consultation, and every day's numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl
from duckdb import DuckDBPyConnection

from vitrina.sellers.cameras import Camera
from vitrina.sellers.day_tables import DayVideos, Purchases, SellerDayMetrics
from vitrina.sellers.days import Filmed, counted, filmed, per_day
from vitrina.sellers.delivered import cameras, receipts_of
from vitrina.sellers.interactions import CONSULTATION
from vitrina.sellers.metrics import ALL
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.receipts import consulted
from vitrina.sellers.tables import Interactions, SellerVideoMetrics, VideoFiles
from vitrina.warehouse import load, stored_columns

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_STEPS = """
SELECT video, (max(pts_s) - min(pts_s)) / nullif(count(*) - 1, 0) AS step_s FROM footage_samples GROUP BY video
"""


@dataclass(frozen=True)
class Days:
    """What days are made of.

    Attributes
    ----------
    videos, purchases, metrics
        Rows of `DayVideos`, `Purchases` and `SellerDayMetrics`.
    """

    videos: pl.DataFrame
    purchases: pl.DataFrame
    metrics: pl.DataFrame


@dataclass(frozen=True)
class Material:
    """What days are computed from.

    Attributes
    ----------
    files, metrics, interactions
        Rows of `VideoFiles`, `SellerVideoMetrics` and `Interactions`.
    receipts
        Columns of `vitrina.sellers.receipts.RECEIPTS_SCHEMA`.
    cameras
        Cameras that were described.
    steps
        ``video`` and ``step_s``, the usual time between two samples.
    """

    files: pl.DataFrame
    metrics: pl.DataFrame
    interactions: pl.DataFrame
    receipts: pl.DataFrame
    cameras: Sequence[Camera]
    steps: pl.DataFrame


def material(connection: DuckDBPyConnection, *, time_zone: str) -> Material:
    """Everything that is stored of videos that were evaluated to their end."""
    metrics = load(connection, SellerVideoMetrics)
    files = load(connection, VideoFiles).join(metrics.select("video").unique(), on="video", how="semi")
    readable = files.filter(pl.col("state") == "readable")
    begin, end = _span(readable)
    receipts = receipts_of(connection, sorted(set(readable["store_id"])), begin, end)
    steps = pl.DataFrame(schema={"video": pl.String(), "step_s": pl.Float64()})
    if stored_columns(connection, "footage_samples"):
        steps = connection.execute(_STEPS).pl().cast({"step_s": pl.Float64()})
    return Material(files, metrics, load(connection, Interactions), receipts, cameras(connection, time_zone=time_zone), steps)


def days_of(known: Material, parameters: Parameters) -> Days:
    """Every store's days.

    Parameters
    ----------
    known
        What is stored.
    parameters
        What numbers are told from which coverage on.
    """
    seen = dict(known.metrics.filter(pl.col("seller_id") == ALL).select("video", "coverage").unique("video").iter_rows())
    files = known.files.filter(pl.col("video").is_in(list(seen)))
    groups = {(each.store_id, each.camera_id): each.overlaps for each in known.cameras if each.overlaps is not None}
    open_s = _open_s(files, known.cameras)
    films = filmed(files, seen, open_s)
    chosen = {film.footage.video for film in counted(films, groups)}
    consultations = known.interactions.filter((pl.col("kind") == CONSULTATION) & pl.col("video").is_in(list(chosen)))
    purchases = consulted(consultations, known.receipts, files) if known.receipts.height else None
    metrics = per_day(
        files,
        seen,
        known.metrics,
        consultations,
        purchases,
        groups=groups,
        open_s=open_s,
        opened_s=_opened_s(films, known.cameras),
        rule=parameters.metrics,
    )
    videos = _day_videos(files, films, chosen, known.steps, groups)
    bought = _purchases(purchases, videos)
    return Days(videos, bought, SellerDayMetrics.check(metrics))


def _span(readable: pl.DataFrame) -> tuple[dt.datetime, dt.datetime]:
    """From the first film's beginning to the last one's end."""
    spans = [
        (at, at + dt.timedelta(seconds=length or 0.0)) for at, length in readable.select("started_at", "duration_s").iter_rows()
    ]
    if not spans:
        return EPOCH, EPOCH
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def _open_s(files: pl.DataFrame, described: Sequence[Camera]) -> dict[str, float]:
    """For how much of each video the shop was open, where its camera says so."""
    camera_of = {(camera.store_id, camera.camera_id): camera for camera in described}
    rows = files.filter(pl.col("state") == "readable").select("video", "store_id", "camera_id", "started_at", "duration_s")
    return {
        video: camera.open_s(begin, begin + dt.timedelta(seconds=length or 0.0))
        for video, store, name, begin, length in rows.iter_rows()
        if (camera := camera_of.get((store, name))) is not None
    }


def _opened_s(films: Sequence[Filmed], described: Sequence[Camera]) -> Mapping[tuple[str, dt.date], float]:
    """How long each store was open on each day, where a camera of it says so: the longest that any says."""
    hours: dict[str, float] = {}
    for camera in described:
        if camera.open_minutes is not None:
            opens, closes = camera.open_minutes
            hours[camera.store_id] = max(hours.get(camera.store_id, 0.0), 60.0 * (closes - opens))
    return {(film.store_id, film.day): hours[film.store_id] for film in films if film.store_id in hours}


def _day_videos(
    files: pl.DataFrame,
    films: Sequence[Filmed],
    chosen: set[str],
    steps: pl.DataFrame,
    groups: Mapping[tuple[str, str], str],
) -> pl.DataFrame:
    zones = dict(files.select("video", "time_zone").iter_rows())
    step_of = dict(steps.select("video", "step_s").iter_rows())
    rows = [
        {
            "video": film.footage.video,
            "store_id": film.store_id,
            "camera_id": film.camera_id,
            "day": film.day,
            "time_zone": zones[film.footage.video],
            "started_at": film.footage.started_at,
            "ended_at": film.footage.started_at + dt.timedelta(seconds=film.footage.duration_s),
            "step_s": step_of.get(film.footage.video),
            "coverage": film.footage.coverage,
            "open_s": film.footage.open_s,
            "counts": film.footage.video in chosen,
            "floor_group": groups.get((film.store_id, film.camera_id)),
        }
        for film in films
    ]
    return DayVideos.check(pl.DataFrame(rows, schema=DayVideos.polars_schema()).sort("video"))


def _purchases(found: pl.DataFrame | None, videos: pl.DataFrame) -> pl.DataFrame:
    if found is None or found.is_empty():
        return Purchases.empty()
    zones = dict(videos.select("store_id", "time_zone").unique("store_id", maintain_order=True).iter_rows())
    days = [at.astimezone(ZoneInfo(zones.get(store, "UTC"))).date() for store, at in found.select("store_id", "at").iter_rows()]
    placed = found.with_columns(pl.Series("day", days, dtype=pl.Date))
    return Purchases.check(placed.select(list(Purchases.polars_schema())))
