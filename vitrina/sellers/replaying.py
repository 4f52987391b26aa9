"""A day computed again with other parameters, from stored detections, beside what is stored; nothing that is stored changes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from vitrina.errors import VitrinaError
from vitrina.sellers.day_evaluation import Material, days_of, material
from vitrina.sellers.day_tables import DayVideos, ReplayDifferences, SellerDayMetrics
from vitrina.sellers.delivered import camera_of, delivered_for
from vitrina.sellers.evaluation import Video, count, coverage_of, follow, name_people, serve
from vitrina.sellers.networks import in_force
from vitrina.sellers.parameters import Parameters, parameters
from vitrina.sellers.replay import differences
from vitrina.sellers.tables import Detections, FootageSamples, Interactions, SellerVideoMetrics
from vitrina.settings import Settings
from vitrina.warehouse import load


def replayed(  # noqa: PLR0913  # what is stored, what differs, and which day
    connection: DuckDBPyConnection, settings: Settings, changes: Mapping[str, Any], *, store_id: str, day: dt.date, now: dt.datetime
) -> pl.DataFrame:
    """Rows of `ReplayDifferences` of a store's day.

    The videos themselves are not needed: what was detected on them is stored.

    Parameters
    ----------
    connection
        The product's tables.
    settings
        The parameters in force, and how often was looked.
    changes
        Parameters that differ, by name; see `vitrina.sellers.parameters.parameters`.
    store_id, day
        The day, by the store's clock.
    now
        The time, aware.

    Raises
    ------
    VitrinaError
        Nothing is stored of the day.
    SettingsError
        A parameter is not known, or its value cannot be meant.
    """
    other = parameters(changes, in_force(settings))
    here = (pl.col("store_id") == store_id) & (pl.col("day") == day)
    videos = load(connection, DayVideos).filter(here)
    if videos.is_empty():
        raise VitrinaError(
            f"Nothing is stored of the store {store_id!r} on {day}.", "Name a store and a day that seller_day_metrics has."
        )
    stored = load(connection, SellerDayMetrics).filter(here)
    known = material(connection, time_zone=settings.sellers_time_zone)
    found = [
        _video(connection, row, settings, other)
        for row in known.files.filter(pl.col("video").is_in(videos["video"].implode())).iter_rows(named=True)
    ]
    again = days_of(_instead(known, found), other).metrics.filter(here)
    return ReplayDifferences.check(differences(stored, again, changes, now))


def as_values(texts: Mapping[str, str]) -> dict[str, Any]:
    """Values of parameters that a form holds as text: numbers and true or false where they read so."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def _instead(known: Material, found: list[tuple[pl.DataFrame, pl.DataFrame]]) -> Material:
    """What is known, of the videos that were computed again alone."""
    interactions = pl.concat([Interactions.empty(), *(each[0] for each in found)])
    metrics = pl.concat([SellerVideoMetrics.empty(), *(each[1] for each in found)])
    files = known.files.join(metrics.select("video").unique(), on="video", how="semi")
    return replace(known, files=files, metrics=metrics, interactions=interactions)


def _video(
    connection: DuckDBPyConnection, row: Mapping[str, Any], settings: Settings, other: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Interactions and metrics of a video with other parameters."""
    camera = camera_of(connection, row["store_id"], row["camera_id"], time_zone=row["time_zone"])
    video = Video(row["video"], row["store_id"], row["started_at"], row["duration_s"], (row["width"], row["height"]), camera)
    detections, samples = (load(connection, table, {"video": [video.key]}) for table in (Detections, FootageSamples))
    kept_days = other.roles.roster.kept_days
    known = delivered_for(
        connection, camera, video=video.key, begin=video.started_at, end=video.ended_at, day=video.day, kept_days=kept_days
    )
    tracks, places = follow(detections, samples, video, other)
    people, _ = name_people(tracks, places, video, shifts=known.shifts, prototypes=known.prototypes, parameters=other)
    interactions = serve(tracks, places, people, video=video, receipts=known.receipts, parameters=other)
    seen = coverage_of(samples, detections, video, settings.sellers_step_s, other)
    metrics = count(tracks, places, people, interactions, video=video, receipts=known.receipts, seen=seen, parameters=other)
    return interactions, metrics
