"""The Excel workbook of every store's day: what goes into it, and where it lies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from duckdb import DuckDBPyConnection

from vitrina.files import slug, write_atomically
from vitrina.sellers.day_tables import DayReports, DayVideos, EvidenceFiles, FootageDrift, Purchases, SellerDayMetrics
from vitrina.sellers.drifting import days_to_renew
from vitrina.sellers.report import day_report
from vitrina.sellers.tables import Interactions
from vitrina.settings import Settings
from vitrina.warehouse import load, stored_columns

_HOURS = """
SELECT store_id, day, hour, customers_seen AS customers, consultations AS interactions, NULL::BIGINT AS unserved, share_seen AS coverage
FROM mart_store_hourly ORDER BY store_id, day, hour
"""
_PICTURES = ("timeline", "heat map")


@dataclass(frozen=True)
class _Known:
    metrics: pl.DataFrame
    videos: pl.DataFrame
    hours: pl.DataFrame
    interactions: pl.DataFrame
    purchases: pl.DataFrame
    drift: pl.DataFrame
    evidence: pl.DataFrame


def reports_now(connection: DuckDBPyConnection, settings: Settings, now: dt.datetime, run_id: str) -> pl.DataFrame:
    """Table `DayReports` as it is to stand: days that nothing is stored of, or whose videos are young, are written anew.

    The run is in a file's name: what an earlier run wrote, and a published version names, stays as it is.

    Parameters
    ----------
    connection
        The product's tables, marts included.
    settings
        Folders, languages, currency.
    now
        The time, aware.
    run_id
        The run.
    """
    stored, videos = load(connection, DayReports), load(connection, DayVideos)
    whole = videos.with_columns(camera_id=pl.lit(""))
    wanted = days_to_renew(whole, stored.with_columns(camera_id=pl.lit("")), settings, now)
    days = wanted.select("store_id", "day").unique().sort("store_id", "day")
    known = _known(connection, videos.join(days, on=["store_id", "day"], how="semi"))
    made = [
        _written(known, store, day, locale, settings, now, run_id) for store, day in days.iter_rows() for locale in settings.locales
    ]
    kept = stored.join(days, on=["store_id", "day"], how="anti").join(videos, on=["store_id", "day"], how="semi")
    fresh = pl.DataFrame(made, schema=DayReports.polars_schema(), orient="row")
    return DayReports.check(pl.concat([kept, fresh]).sort("store_id", "day", "locale"))


def _known(connection: DuckDBPyConnection, videos: pl.DataFrame) -> _Known:
    of_videos = {"video": videos["video"].to_list()}
    hours = connection.execute(_HOURS).pl() if stored_columns(connection, "mart_store_hourly") else pl.DataFrame()
    return _Known(
        load(connection, SellerDayMetrics),
        videos,
        hours,
        load(connection, Interactions, of_videos),
        load(connection, Purchases),
        load(connection, FootageDrift),
        load(connection, EvidenceFiles, of_videos),
    )


def _written(  # noqa: PLR0913, PLR0917  # what, of which day, in which language, and where to
    known: _Known, store: str, day: dt.date, locale: str, settings: Settings, now: dt.datetime, run_id: str
) -> dict[str, object]:
    here = (pl.col("store_id") == store) & (pl.col("day") == day)
    evidence = known.evidence.join(known.videos.filter(here), on="video", how="semi")
    content = day_report(
        day,
        store,
        locale,
        metrics=known.metrics,
        videos=known.videos,
        hours=known.hours.filter(here).drop("store_id", "day"),
        interactions=known.interactions,
        purchases=known.purchases,
        drift=known.drift,
        pictures=_pictures(evidence, known.videos, locale, settings),
        currency=settings.currency,
        made_at=now,
        evidence=evidence,
    )
    path = settings.artifacts / "sellers" / DayReports.table_name() / f"{slug(store, 40)}-{day}-{locale}-{run_id[:8]}.xlsx"
    write_atomically(path, content)
    return {"store_id": store, "day": day, "locale": locale, "path": str(path.relative_to(settings.data)), "made_at": now}


def _pictures(evidence: pl.DataFrame, videos: pl.DataFrame, locale: str, settings: Settings) -> Mapping[str, bytes]:
    shown = evidence.filter(pl.col("kind").is_in(_PICTURES) & (pl.col("locale") == locale)).join(
        videos.select("video", "camera_id", "started_at"), on="video"
    )
    found: dict[str, bytes] = {}
    for row in shown.sort(pl.col("kind") == _PICTURES[1], "camera_id", "started_at").iter_rows(named=True):
        path = settings.data / row["path"]
        if path.is_file():
            name = f"{row['kind']} {row['camera_id']} {row['started_at']:%H%M}"
            found[name] = path.read_bytes()
    return found
