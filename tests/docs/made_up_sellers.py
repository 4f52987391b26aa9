"""The warehouse of a made-up shop: people, visits and consultations by hand, no film; all that is counted, by the code that users run."""

import datetime as dt
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from tests.dbt_sql import select_of
from vitrina.sellers import day_tables as d
from vitrina.sellers import tables as t
from vitrina.sellers.day_evaluation import days_of, material
from vitrina.sellers.delivered import latest
from vitrina.sellers.deviations import as_rows, deviations
from vitrina.sellers.drifting import drift_now
from vitrina.sellers.interactions import ENCOUNTERS_SCHEMA
from vitrina.sellers.manual_counts import MANUAL_COUNTS, RawManualCounts, beside, counted, measured_of_videos
from vitrina.sellers.metrics import Footage, seller_video_metrics
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.raw_tables import RawCameras, RawShifts, RawTillReceipts, SellersDeliveries, SellersRefusedRows
from vitrina.sellers.receipts import consulted, with_receipts
from vitrina.settings import Settings
from vitrina.tables import Table
from vitrina.warehouse import Warehouse, load, locate, replace

Row: TypeAlias = dict[str, Any]

PRODUCT = "sellers"
STORE, CAMERA, ZONE = "lenina-5", "hall-1", "Europe/Moscow"
FIRST = dt.date(2026, 9, 21)
DAYS = 8
LENGTH_S, STEP_S = 7200.0, 60.0
VISITS = tuple((number, 300.0 + 700 * number, 900.0 + 700 * number) for number in range(9))
"""Customers with the seconds in which they are in the picture; all but the last are served in the middle of it."""

MODELS = (
    "store_clocks",
    "video_hours",
    "picture_quality",
    "bad_files",
    "mart_seller_daily",
    "mart_store_hourly",
    "mart_footage_quality",
    "mart_interaction_evidence",
)


def fill(settings: Settings, now: dt.datetime) -> Warehouse:
    """Every table of the product that is published, and what the marts are made of."""
    warehouse = Warehouse(locate(settings, PRODUCT))
    _store(warehouse, {**_delivered(now), **_seen(now)})
    with warehouse.read() as connection:
        days = days_of(material(connection, time_zone=ZONE), Parameters())
    _store(warehouse, {d.DayVideos: days.videos, d.Purchases: days.purchases, d.SellerDayMetrics: days.metrics})
    with warehouse.read() as connection:
        drift = drift_now(connection, settings, now)
        counts = counted(latest(connection, MANUAL_COUNTS))
        measured = measured_of_videos(load(connection, t.SellerVideoMetrics), load(connection, t.VideoFiles))
    _store(warehouse, {d.FootageDrift: drift, d.MetricDeviations: as_rows(deviations(beside(counts, measured))), **_files(now)})
    with warehouse.write() as connection:
        for model in MODELS:
            connection.execute(f"CREATE OR REPLACE TABLE {model} AS {select_of(PRODUCT, model)}")
    return warehouse


def _delivered(now: dt.datetime) -> dict[type[Table], pl.DataFrame]:
    """What the shop delivered beside its films: a receipt follows every other consultation, and one nobody's."""
    origin = {"source_file": "sellers/receipts.csv", "delivery": 1}
    camera = {"store_id": STORE, "camera_id": CAMERA, "time_zone": ZONE, "offset_s": 0.0, "opening": "09:00-11:00"}
    shifts, receipts, counts = [], [], []
    for day in _days():
        at = _began(day)
        shifts.append({"store_id": STORE, "seller_id": "S01", "begin": at, "end": at + dt.timedelta(seconds=LENGTH_S)})
        served = [begin + 500 for number, begin, _ in VISITS[:-1] if number % 2 == 0]
        for number, moment in enumerate([*served, VISITS[-1][1] + 150]):
            bought = {
                "store_id": STORE,
                "receipt_id": f"{day:%d}-{number}",
                "at": at + dt.timedelta(seconds=moment),
                "register": "1",
            }
            receipts.append({**bought, "amount_minor": 249_900 + 10_000 * number})
        period = {"store_id": STORE, "camera_id": CAMERA, "begin": at, "end": at + dt.timedelta(seconds=LENGTH_S)}
        counts.append({**period, "metric": "successful_interactions", "value": 4.0, "counted_by": "A"})
    frames = {RawCameras: [camera], RawShifts: shifts, RawTillReceipts: receipts, RawManualCounts: counts}
    found = {
        table: _frame(table, [{**row, **origin, "source_row": number} for number, row in enumerate(rows, start=2)])
        for table, rows in frames.items()
    }
    return found | {
        SellersDeliveries: _frame(SellersDeliveries, [_delivery(now)]),
        SellersRefusedRows: _frame(SellersRefusedRows, [_refusal()]),
    }


def _seen(now: dt.datetime) -> dict[type[Table], pl.DataFrame]:
    """What was seen on one film a day."""
    videos = [_video(day) for day in _days()]
    tracks, people, interactions = [], [], []
    for video in videos:
        persons = [(1, 0.0, LENGTH_S - STEP_S, "seller"), *((2 + n, begin, end, "customer") for n, begin, end in VISITS)]
        tracks += [_track(video, *person[:3]) for person in persons]
        people += [_person(video, *person) for person in persons]
        interactions += [_interaction(video, number, begin + 100, begin + 460) for number, begin, _ in VISITS[:-1]]
    files = _frame(t.VideoFiles, videos)
    talks = _frame(t.Interactions, interactions)
    found = {
        t.VideoFiles: files,
        t.FootageSamples: _frame(t.FootageSamples, [row for video in videos for row in _samples(video)]),
        t.Detections: t.Detections.empty(),
        t.Tracks: _frame(t.Tracks, tracks),
        t.People: _frame(t.People, people),
    }
    receipts = _delivered(now)[RawTillReceipts].rename({"amount_minor": "amount"}).drop("source_file", "delivery", "source_row")
    joined = with_receipts(talks, receipts, files)
    purchases = consulted(joined.interactions, receipts, files)
    metrics = [
        seller_video_metrics(
            Footage(video["video"], video["started_at"], LENGTH_S, 0.97),
            found[t.Tracks],
            found[t.People],
            joined.interactions,
            encounters=pl.DataFrame(schema=ENCOUNTERS_SCHEMA),
            purchases=purchases,
        )
        for video in videos
    ]
    return found | {t.Interactions: joined.interactions, t.SellerVideoMetrics: pl.concat(metrics)}


def _files(now: dt.datetime) -> dict[type[Table], pl.DataFrame]:
    """Films and what was made of them; the oldest are gone, and one was broken."""
    known = {"version": 1, "size": 1_000, "recorded_at": now - dt.timedelta(days=1)}
    deliveries, deleted, evidence, reports = [], [], [], []
    for day in _days():
        video, is_old = _video(day), day < FIRST + dt.timedelta(days=DAYS - 2)
        deliveries.append(
            {
                **known,
                "path": video["path"],
                "video": video["video"],
                "state": "expired" if is_old else "evaluated",
                "expires_at": None if is_old else now + dt.timedelta(days=2),
                "deleted_at": now if is_old else None,
            }
        )
        if is_old:
            deleted.append({"path": video["path"], "deleted_at": now, "kind": "video", "video": video["video"], "size": 1_000})
        clip = {
            "video": video["video"],
            "kind": "clip",
            "interaction": 1,
            "locale": "",
            "path": f"artifacts/{day}.mp4",
            "size": 900,
        }
        evidence.append({**clip, "begin_s": 397.0, "end_s": 520.0, "expires_at": now + dt.timedelta(days=2)})
        reports.append({"store_id": STORE, "day": day, "locale": "en", "path": f"artifacts/{day}.xlsx", "made_at": now})
    broken = {
        "path": f"videos/{STORE}/{CAMERA}/20260930_090000.mp4",
        "state": "unreadable",
        "reason": "The file is empty (0 bytes).",
    }
    deliveries.append({**known, **broken, "video": _key(dt.date(2026, 9, 30))})
    newest = _key(FIRST)
    quality = [
        {"video": newest, "stride": stride, "measure": measure, "value": value, "n": 67}
        for stride, value in ((1, 0.99), (25, 0.95), (30, 0.9))
        for measure in ("idf1", "recall")
    ]
    confusion = [
        {"video": newest, "matrix": "role", "truth": truth, "said": said, "seconds": seconds}
        for truth, said, seconds in (("seller", "seller", 3300.0), ("customer", "seller", 30.0), ("customer", "customer", 700.0))
    ]
    rows = {
        d.VideoDeliveries: deliveries,
        d.DeletedFiles: deleted,
        d.EvidenceFiles: evidence,
        d.DayReports: reports,
        d.StrideQuality: quality,
        d.RoleConfusion: confusion,
    }
    return {table: _frame(table, given) for table, given in rows.items()}


def _days() -> list[dt.date]:
    return [FIRST + dt.timedelta(days=number) for number in range(DAYS)]


def _began(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(9), ZoneInfo(ZONE)).astimezone(dt.UTC)


def _key(day: dt.date) -> str:
    return f"{STORE}|{CAMERA}|{_began(day):%Y%m%dT%H%M%SZ}|0123abcd"


def _video(day: dt.date) -> Row:
    return {
        "video": _key(day), "store_id": STORE, "camera_id": CAMERA, "path": f"videos/{STORE}/{CAMERA}/{day:%Y%m%d}_090000.mp4",
        "fingerprint": "0123abcd" * 4, "size": 1_000, "version": 1, "modified_at": _began(day), "state": "readable", "codec": "h264",
        "width": 1920, "height": 1080, "rotation": 0, "fps": 25.0, "duration_s": LENGTH_S, "frames": 180_000,
        "keyframe_gap_median_s": 2.0, "keyframe_gap_max_s": 2.0, "started_at": _began(day), "time_zone": ZONE, "offset_s": 0.0,
    }  # fmt: skip


def _samples(video: Row) -> list[Row]:
    """A picture a minute, of which the third hundredth is dark."""
    return [
        {
            "video": video["video"], "sample": number, "pts_s": number * STEP_S, "brightness": 100.0, "sharpness": 2500.0,
            "at": video["started_at"] + dt.timedelta(seconds=number * STEP_S), "change": 1.0, "state": "dark" if number < 3 else "ok",
        }
        for number in range(int(LENGTH_S / STEP_S))
    ]  # fmt: skip


def _track(video: Row, person: int, first_s: float, last_s: float) -> Row:
    return {
        "video": video["video"], "track": person, "person": person, "first_s": first_s, "last_s": last_s, "moved_px": 300.0,
        "samples": int((last_s - first_s) / STEP_S) + 1, "confidence": 0.8, "height_px": 160.0, "appearance": [1.0, 0.0],
    }  # fmt: skip


def _person(video: Row, person: int, first_s: float, last_s: float, role: str) -> Row:
    return {
        "video": video["video"], "person": person, "tracks": 1, "first_s": first_s, "last_s": last_s, "present_s": last_s - first_s,
        "role": role, "seller_id": "S01" if role == "seller" else None, "confidence": 0.95, "baseline_role": role, "evidence": "By hand.",
    }  # fmt: skip


def _interaction(video: Row, number: int, begin_s: float, end_s: float) -> Row:
    began = video["started_at"]
    return {
        "video": video["video"], "interaction": number + 1, "kind": "consultation", "seller_person": 1, "customer_person": 2 + number,
        "seller_id": "S01", "begin_s": begin_s, "end_s": end_s, "begin_at": began + dt.timedelta(seconds=begin_s),
        "end_at": began + dt.timedelta(seconds=end_s), "duration_s": end_s - begin_s, "closest": 0.8, "basis": "metres", "samples": 6,
    }  # fmt: skip


def _delivery(now: dt.datetime) -> Row:
    return {
        "delivery": 1, "source_file": "sellers/receipts.csv", "contract": "till_receipts", "version": 1, "state": "loaded",
        "rows_read": 41, "rows_loaded": 40, "rows_refused": 1, "fingerprint": "0" * 64, "received_at": now,
        "first_date": FIRST, "last_date": FIRST + dt.timedelta(days=DAYS - 1),
    }  # fmt: skip


def _refusal() -> Row:
    return {
        "source_file": "sellers/receipts.csv", "source_row": 42, "column_name": "amount", "contract": "till_receipts", "delivery": 1,
        "value": "по карте", "expectation": "a number", "remedy": "Write digits only.",
    }  # fmt: skip


def _frame(table: type[Table], rows: list[Row]) -> pl.DataFrame:
    return table.check(pl.DataFrame(rows, schema=table.polars_schema()))


def _store(warehouse: Warehouse, frames: dict[type[Table], pl.DataFrame]) -> None:
    with warehouse.write() as connection:
        for table, frame in frames.items():
            replace(connection, table, frame)
