"""Each camera's days against what is usual for it, from what is stored: only days that may have changed are measured again."""

from __future__ import annotations

import datetime as dt

import polars as pl
from duckdb import DuckDBPyConnection

from vitrina.sellers.day_tables import DayVideos, FootageDrift
from vitrina.sellers.drift import drift_of, measures_of_days, video_measures
from vitrina.sellers.tables import People
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.settings import Settings
from vitrina.warehouse import load

_OF_VIDEOS = "WHERE video IN (SELECT unnest($videos))"
_DAY = ["store_id", "camera_id", "day"]


def drift_now(connection: DuckDBPyConnection, settings: Settings, now: dt.datetime) -> pl.DataFrame:
    """Table `FootageDrift` as it is to stand.

    Parameters
    ----------
    connection
        The product's tables.
    settings
        How long videos may be computed anew.
    now
        The time, aware.
    """
    days, stored = load(connection, DayVideos), load(connection, FootageDrift)
    fresh = days.join(days_to_renew(days, stored, settings, now), on=_DAY, how="semi")
    known = stored.join(fresh, on=_DAY, how="anti").select(*_DAY, "measure", "value", pl.lit(None, pl.Float64).alias("weight"))
    known = known.join(days, on=_DAY, how="semi")
    videos = {"videos": fresh["video"].to_list()}
    samples, detections, tracks = (
        connection.execute(f"SELECT {columns} FROM {table} {_OF_VIDEOS}", videos).pl()  # noqa: S608  # our own names; values are bound
        for table, columns in (
            ("footage_samples", "video, brightness, sharpness"),
            ("detections", "video, confidence"),
            ("tracks", "video, samples"),
        )
    )
    measured = measures_of_days(
        fresh, video_measures(fresh, samples, detections, tracks, load(connection, People, {"video": videos["videos"]}))
    )
    return drift_of(pl.concat([known, measured.select(known.columns)]))


def days_to_renew(days: pl.DataFrame, stored: pl.DataFrame, settings: Settings, now: dt.datetime) -> pl.DataFrame:
    """Stores, cameras and days that nothing is stored of, or whose videos may have been computed anew."""
    young = now - dt.timedelta(days=max(settings.sellers_partition_days, settings.sellers_retention_days))
    recent = [record.video for record in VideoLedger(settings.videos).evaluated() if record.recorded_at >= young]
    groups = days.select(_DAY).unique()
    unknown = groups.join(stored.select(_DAY).unique(), on=_DAY, how="anti")
    return pl.concat([unknown, days.filter(pl.col("video").is_in(recent)).select(_DAY)]).unique()
