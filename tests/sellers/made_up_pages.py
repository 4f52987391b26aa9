"""A published version of sellers for pages: stores by hand, with days that were seen well, badly and not at all, clips, and boxes."""

import datetime as dt
import random
from io import BytesIO
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from PIL import Image

from tests.dbt_sql import select_of
from vitrina.dictionary import DataDictionary
from vitrina.publication import Candidate, publish
from vitrina.sellers import day_tables as d
from vitrina.sellers import metrics as m
from vitrina.sellers import tables as t
from vitrina.sellers.evidence.boxes import as_parquet, boxes
from vitrina.sellers.evidence.recording import recording
from vitrina.sellers.intervals import Interval
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate, replace

ZONE = "Europe/Moscow"
STORE, OTHER, FILMED_ONLY = "lenina-5", "mira-1", "gagarina-9"
CAMERA, SECOND_CAMERA = "hall-1", "till-1"
SELLERS = ("S01", "S02", "А. И.")
HOSTILE = "<script>alert(1)</script>/x"
"""A seller whom the shifts name so."""

OPENS, CLOSES = 9, 21
TALKS = 18
"""Interactions of a day."""

TOO_LITTLE = "31% of the time could be seen; numbers are told from 50% on."
NOTHING_SEEN = "Nothing could be seen."
DARK = "Too dark on 69 % of the samples."

HOURLY = {
    "store_id": pl.String, "day": pl.Date, "hour": pl.Int32, "begin_at": pl.Datetime("us", "UTC"), "time_zone": pl.String,
    "customers_seen": pl.Int64, "sellers_seen": pl.Int64, "unknown_seen": pl.Int64, "people_minutes": pl.Float64,
    "customer_minutes": pl.Float64, "seller_minutes": pl.Float64, "consultations": pl.Int64, "successful": pl.Int64,
    "payments": pl.Int64, "filmed_minutes": pl.Float64, "share_seen": pl.Float64, "refused": pl.String,
}  # fmt: skip
FOOTAGE = {
    "store_id": pl.String, "camera_id": pl.String, "day": pl.Date, "videos": pl.Int64, "hours_filmed": pl.Float64,
    "coverage": pl.Float64, "samples": pl.Int64, "share_dark": pl.Float64, "share_blurred": pl.Float64, "share_noisy": pl.Float64,
    "share_frozen": pl.Float64, "share_occluded": pl.Float64, "brightness": pl.Float64, "sharpness": pl.Float64, "gaps": pl.Int64,
    "gap_s": pl.Float64, "unreadable_files": pl.Int64, "duplicate_files": pl.Int64, "refused_files": pl.Int64, "worst": pl.String,
    "worst_reason": pl.String,
}  # fmt: skip
MARTS = ("mart_seller_daily", "mart_store_hourly", "mart_footage_quality", "mart_interaction_evidence")
READ = (d.SellerDayMetrics, t.VideoFiles, d.VideoDeliveries, d.EvidenceFiles, d.DeletedFiles, d.FootageDrift, d.DayReports)


class MadeUpShop:
    """Days up to yesterday, or another last day, written to a data folder.

    Parameters
    ----------
    settings
        The data folder.
    now
        When all of it is published: clips of the last day are kept two days more, those of the day before are gone.
    n_days
        Days.
    """

    def __init__(self, settings: Settings, now: dt.datetime, n_days: int = 4) -> None:
        self.settings, self.now = settings, now
        last = now.astimezone(ZoneInfo(ZONE)).date() - dt.timedelta(days=1)
        self.days = [last - dt.timedelta(days=number) for number in reversed(range(n_days))]
        self.rng = random.Random(5)

    @property
    def last(self) -> dt.date:
        return self.days[-1]

    @property
    def poor_day(self) -> dt.date:
        """A day of `STORE` of which too little could be seen."""
        return self.days[-3]

    def video(self, day: dt.date, store: str = STORE, camera: str = CAMERA) -> str:
        return f"{store}|{camera}|{self.at(day, OPENS):%Y%m%dT%H%M%SZ}|0123abcd"

    @staticmethod
    def at(day: dt.date, hour: float) -> dt.datetime:
        midnight = dt.datetime.combine(day, dt.time(), ZoneInfo(ZONE)).astimezone(dt.UTC)
        return midnight + dt.timedelta(hours=hour)

    def publish(self, leave_out: tuple[str, ...] = ()) -> None:
        """Write the tables, all but some, and publish them."""
        frames = {
            d.SellerDayMetrics: self._metrics(),
            t.VideoFiles: self._video_files(),
            t.Interactions: self._interactions(),
            d.DayVideos: self._day_videos(),
            d.Purchases: self._purchases(),
            d.VideoDeliveries: self._deliveries(),
            d.EvidenceFiles: self._evidence(),
            d.DeletedFiles: self._deleted(),
            d.FootageDrift: self._drift(),
            d.DayReports: self._reports(),
        }
        warehouse = Warehouse(locate(self.settings, "sellers"))
        with warehouse.write() as connection:
            for table, rows in frames.items():
                replace(connection, table, table.check(pl.DataFrame(rows, schema=table.polars_schema(), orient="row")))
            for name, rows, schema in (
                ("mart_store_hourly", self._hours(), HOURLY),
                ("mart_footage_quality", self._footage(), FOOTAGE),
            ):
                connection.register("frame", pl.DataFrame(rows, schema=schema, orient="row"))
                connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM frame")
                connection.unregister("frame")
            for name in ("mart_seller_daily", "mart_interaction_evidence"):
                connection.execute(f"CREATE OR REPLACE TABLE {name} AS {select_of('sellers', name)}")
            columns = connection.execute("SELECT table_name, column_name, data_type FROM duckdb_columns() ORDER BY ALL").fetchall()
        names = [name for name in (*MARTS, *(table.table_name() for table in READ)) if name not in leave_out]
        about = {"unit": "", "meaning": "As it is called.", "nullable": True, "is_key": False, "personal": False, "bounds": ""}
        dictionary = [{"table_name": table, "column_name": name, "type": kind, **about} for table, name, kind in columns]
        publish(
            "sellers",
            [Candidate(name) for name in names],
            DataDictionary.check(pl.DataFrame(dictionary, schema=DataDictionary.polars_schema())),
            warehouse=warehouse,
            settings=self.settings,
            now=self.now,
            run_id="test",
        )

    def _metrics(self):
        for day in self.days:
            people = [*SELLERS, HOSTILE] if day == self.last else SELLERS
            yield from self._day(STORE, day, people, coverage=0.31 if day == self.poor_day else 0.97)
        yield from self._day(OTHER, self.days[0], SELLERS[:1], coverage=0.72, receipts=False)
        yield from self._day(OTHER, self.last, SELLERS[:1], coverage=0.31)

    def _day(self, store, day, sellers, *, coverage, receipts=True):
        weekend = 1.5 if day.weekday() >= 5 else 1.0
        all_talks = 0
        for place, seller in enumerate((*sellers, "")):
            there = self.rng.randint(60, 90) if seller else 160
            talks = round(self.rng.randint(12, 24) * weekend) - 3 * place if seller else all_talks + 5
            served = min(there, talks - 2)
            all_talks += talks
            sold = round(talks * 0.35)
            average = 260_000 + 20_000 * place
            number = {
                m.CUSTOMERS_PRESENT: _count(there),
                m.CUSTOMERS_SERVED: _count(served),
                m.INTERACTION_RATIO: _share(served, there),
                m.INTERACTIONS: _count(talks),
                m.SUCCESSFUL: _count(sold),
                m.UNSUCCESSFUL: _count(talks - sold),
                m.WITH_CONSULTATION: Interval(average, average - 60_000, average + 70_000, sold),
                m.WITHOUT_CONSULTATION: Interval(180_000, 130_000, 240_000, 21),
                m.DIFFERENCE: Interval(average - 180_000, 10_000, 190_000, sold + 21),
                m.PURCHASE_RATIO: Interval(average / 180_000, 1.02, 2.0, sold + 21),
                m.PRESENT_S: _time(30_000 + 700 * place),
                m.IDLE_S: _time(17_000 + 500 * place),
                m.WAITING_UNSERVED: _count(3),
            }
            for metric in m.METRICS:
                found = number[metric.name]
                if not receipts and metric.name in {m.SUCCESSFUL, m.UNSUCCESSFUL, *m.OF_PURCHASES}:
                    found = m.NO_RECEIPTS
                told = m.told(metric, seller, found, coverage, m.DEFAULT_RULE.least_coverage)
                yield {"store_id": store, "day": day, "seller_id": seller, "metric": metric.name, **told}

    def _hours(self):
        for store, days in ((STORE, self.days), (OTHER, [self.days[0], self.last])):
            for day in days:
                for hour in range(OPENS, CLOSES):
                    unseen = (day == self.last and hour == 13) or (day == self.poor_day and hour > 12)
                    seen = 0.0 if unseen else 0.4 if (day == self.last and hour == 14) else 0.99
                    busy = 6 + round(14 * np.exp(-(((hour - 17) / 2.5) ** 2)))
                    counts = (busy, 2, 1, 90.0, 50.0, 40.0, busy // 2, busy // 5, busy // 4)
                    values = (None,) * len(counts) if unseen else counts
                    yield (store, day, hour, self.at(day, hour), ZONE, *values, 60.0, seen, NOTHING_SEEN if unseen else None)

    def _footage(self):
        for day in self.days:
            for camera in (CAMERA, SECOND_CAMERA):
                poor = day == self.poor_day and camera == CAMERA
                gap = day == self.last and camera == SECOND_CAMERA
                told = ("dark", DARK) if poor else ("gap", "Between files, 8 % of the time is missing.") if gap else (None, None)
                yield (
                    STORE, camera, day, 1, 11.0 if gap else 12.0, 0.31 if poor else 0.97, 720, 0.69 if poor else 0.0, 0.0, 0.01,
                    0.0, 0.0, 118.0, 740.0, int(gap), 3_600.0 * gap, 0, 0, 0, *told,
                )  # fmt: skip
        file = f"videos/{FILMED_ONLY}/{CAMERA}/x.mp4: The file is empty (0 bytes)."
        nothing = (None,) * 7
        for store, reason in ((FILMED_ONLY, file), (OTHER, None)):
            yield (
                store,
                CAMERA,
                self.last,
                0,
                0.0,
                None,
                0,
                *nothing,
                0,
                0.0,
                int(reason is not None),
                0,
                0,
                reason and "file",
                reason,
            )

    def _video_files(self):
        for day in self.days:
            for camera in (CAMERA, SECOND_CAMERA):
                yield {
                    "video": self.video(day, camera=camera), "store_id": STORE, "camera_id": camera,
                    "path": f"videos/{STORE}/{camera}/{day:%Y%m%d}_090000.mp4", "fingerprint": "0123abcd" * 4, "size": 1_000, "version": 1,
                    "modified_at": self.at(day, CLOSES), "state": "readable", "codec": "h264", "width": 640, "height": 360, "rotation": 0,
                    "fps": 5.0, "duration_s": 43_200.0, "frames": 216_000, "keyframe_gap_median_s": 2.0, "keyframe_gap_max_s": 2.0,
                    "started_at": self.at(day, OPENS), "time_zone": ZONE, "offset_s": 0.0,
                }  # fmt: skip

    def _day_videos(self):
        for row in self._video_files():
            kept = ("video", "store_id", "camera_id", "time_zone", "started_at")
            day = row["started_at"].astimezone(ZoneInfo(ZONE)).date()
            ended_at = row["started_at"] + dt.timedelta(seconds=row["duration_s"])
            more = {"day": day, "ended_at": ended_at, "step_s": 1.0, "coverage": 0.97, "counts": row["camera_id"] == CAMERA}
            yield {name: row[name] for name in kept} | more

    def _talks(self):
        for day in self.days:
            for number in range(1, TALKS + 1):
                begin_s = 1_200.0 * number
                seller = None if number % 5 == 0 else SELLERS[number % len(SELLERS)]
                payment, sold = number % 6 == 0, number % 3 == 0
                yield day, number, begin_s, begin_s + 20.0 + 9 * number, seller, payment, sold

    def _interactions(self):
        for day, number, begin_s, end_s, seller, payment, sold in self._talks():
            began = self.at(day, OPENS)
            yield {
                "video": self.video(day), "interaction": number, "kind": "payment" if payment else "consultation",
                "seller_person": 1, "customer_person": 1 + number, "seller_id": seller, "begin_s": begin_s, "end_s": end_s,
                "begin_at": began + dt.timedelta(seconds=begin_s), "end_at": began + dt.timedelta(seconds=end_s),
                "duration_s": end_s - begin_s, "closest": 0.8, "basis": "metres", "samples": 20,
                "successful": None if payment else sold, "receipt_id": f"{day:%d}-{number}" if sold and not payment else None,
            }  # fmt: skip

    def _purchases(self):
        for row in self._interactions():
            if row["receipt_id"]:
                yield {
                    "store_id": STORE, "receipt_id": row["receipt_id"], "at": row["end_at"], "day": row["end_at"].date(), "register": "1",
                    "amount": 199_900 + row["interaction"], "video": row["video"], "interaction": row["interaction"], "consulted": True,
                }  # fmt: skip

    def _deliveries(self):
        for row in self._video_files():
            yield {
                "path": row["path"], "version": 1, "video": row["video"], "state": "evaluated", "size": 1_000,
                "recorded_at": row["modified_at"], "expires_at": self.now + dt.timedelta(days=2),
            }  # fmt: skip
        for store, reason in ((STORE, "The file is empty (0 bytes)."), (OTHER, "The file has no frames.")):
            yield {
                "path": f"videos/{store}/{CAMERA}/broken.mp4", "version": 1, "state": "unreadable", "size": 0, "reason": reason,
                "recorded_at": self.now,
            }  # fmt: skip

    def clip_path(self, day: dt.date) -> str:
        return f"artifacts/sellers/evidence_files/{day}/clip.mp4"

    def _evidence(self):
        for day in self.days:
            old = day != self.last
            folder = self.settings.artifacts / "sellers" / "evidence_files" / str(day)
            clip = folder / "clip.mp4"
            folder.mkdir(parents=True, exist_ok=True)
            with recording(clip, (64, 36), 5) as made:
                for number in range(10):
                    made.add(np.full((36, 64, 3), 20 * number, np.uint8), number / 5)
            known = {"video": self.video(day), "locale": "", "expires_at": None}
            end = (self.now - dt.timedelta(hours=1)) if old else (self.now + dt.timedelta(days=2))
            yield known | self._file(clip, "clip") | {"interaction": 1, "begin_s": 1200.0, "end_s": 1229.0, "expires_at": end}
            if old:
                clip.unlink()
            for kind, name, number in (("heat map", "heat-map", 0), ("timeline", "timeline", 0), ("trajectory", "ways", 1)):
                picture = folder / f"{name}.png"
                picture.write_bytes(_png())
                yield known | self._file(picture, kind) | {"interaction": number, "locale": "en"}
            found = folder / "boxes.parquet"
            found.write_bytes(as_parquet(self.boxes(day)))
            yield known | self._file(found, "boxes") | {"interaction": 0}

    def _file(self, path, kind):
        return {"path": str(path.relative_to(self.settings.data)), "kind": kind, "size": path.stat().st_size}

    def boxes(self, day: dt.date) -> pl.DataFrame:
        """A seller who stands, a customer who walks by, and one box that nobody followed, for ten minutes a second apart."""
        rows, places = [], []
        for sample in range(600):
            for track, x in ((1, 500.0), (2, 100.0 + sample / 2)):
                corners = {"x1": x, "y1": 100.0 + track, "x2": x + 40, "y2": 220.0 + track}
                rows.append({"sample": sample, "detection": track - 1, "pts_s": float(sample), **corners, "confidence": 0.9})
                places.append({"sample": sample, "track": track, **corners, "floor_x": x / 60, "floor_y": 3.0 * track})
        rows.append({"sample": 5, "detection": 2, "pts_s": 5.0, "x1": 1.0, "y1": 1.0, "x2": 9.0, "y2": 30.0, "confidence": 0.26})
        detections = pl.DataFrame(rows).with_columns(heading=pl.lit(None, pl.Float64))
        tracks = pl.DataFrame({"track": [1, 2], "person": [1, 2]})
        people = pl.DataFrame({"person": [1, 2], "role": ["seller", "customer"]})
        return boxes(detections, pl.DataFrame(places), tracks, people, self.at(day, OPENS))

    def _deleted(self):
        yield {
            "path": self.clip_path(self.days[-2]), "deleted_at": self.now, "kind": "clip", "video": self.video(self.days[-2]), "size": 900,
        }  # fmt: skip

    def _drift(self):
        yield {
            "store_id": STORE, "camera_id": SECOND_CAMERA, "day": self.last, "measure": "sharpness", "value": 320.0, "usual": 742.0,
            "spread": 40.0, "days": 8, "weekday": True, "z": -10.5, "drifted": True,
        }  # fmt: skip

    def _reports(self):
        path = self.settings.artifacts / "sellers" / "day_reports" / "report.xlsx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PK a workbook")
        for locale in ("en", "ru"):
            made = {"path": str(path.relative_to(self.settings.data)), "made_at": self.now}
            yield {"store_id": STORE, "day": self.last, "locale": locale, **made}


def _count(events: int) -> Interval:
    """About what `vitrina.sellers.intervals` says, without waiting for scipy."""
    return Interval(events, max(0.0, events - 2 * events**0.5), events + 2 * events**0.5 + 1, events)


def _share(part: int, n: int) -> Interval:
    value = part / n
    return Interval(value, max(0.0, value - 0.1), min(1.0, value + 0.1), n)


def _time(seconds: float) -> Interval:
    return Interval(seconds, seconds, seconds + 1200, 1)


def _png() -> bytes:
    with BytesIO() as file:
        Image.new("RGB", (64, 36), "white").save(file, format="PNG")
        return file.getvalue()
