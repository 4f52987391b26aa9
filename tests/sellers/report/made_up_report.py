"""A store's day as its report is given it: two sellers and one whom nobody could name, a till's and an aisle's camera."""

import datetime as dt
from io import BytesIO
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import polars as pl
from PIL import Image

from vitrina.sellers import intervals
from vitrina.sellers.day_tables import DayVideos, EvidenceFiles, FootageDrift, Purchases, SellerDayMetrics
from vitrina.sellers.drift import BRIGHTNESS, COVERAGE
from vitrina.sellers.metrics import (
    ALL,
    CUSTOMERS_PRESENT,
    CUSTOMERS_SERVED,
    IDLE_S,
    INTERACTION_RATIO,
    INTERACTIONS,
    METRICS,
    PRESENT_S,
    SUCCESSFUL,
    UNSUCCESSFUL,
    WAITING_UNSERVED,
    averages,
    clustered,
    told,
)
from vitrina.sellers.report import day_report
from vitrina.sellers.tables import Interactions

DAY = dt.date(2026, 10, 14)
STORE = "north"
ZONE = ZoneInfo("Europe/Moscow")
MADE_AT = dt.datetime(2026, 10, 15, 3, 20, tzinfo=dt.UTC)
MORNING, EVENING, AISLE = (
    "north|till|20261014T060000Z|0a1b2c3d",
    "north|till|20261014T123000Z|99aabbcc",
    "north|aisle|20261014T060000Z|77665544",
)
SELLERS = ("anna.k", "boris.m", None)


def at(hour, minute=0, second=0):
    """A moment of the day by the store's clock, in UTC as tables have it."""
    return dt.datetime(DAY.year, DAY.month, DAY.day, hour, minute, second, tzinfo=ZONE).astimezone(dt.UTC)


def rows(table, found):
    """Rows of a declared table; what is not given is null."""
    schema = table.polars_schema()
    filled = [dict.fromkeys(schema) | row for row in found]
    return table.check(pl.DataFrame(filled, schema=schema, orient="row"))


def videos(store=STORE, coverage=0.93):
    known = {"store_id": store, "day": DAY, "time_zone": ZONE.key, "step_s": 1.0, "floor_group": "hall"}
    return rows(
        DayVideos,
        [
            known | {"video": video, "camera_id": camera, "started_at": begin, "ended_at": end, "coverage": seen, "counts": counts}
            for video, camera, begin, end, seen, counts in (
                (MORNING, "till", at(9), at(15), coverage, True),
                (EVENING, "till", at(15, 30), at(21), coverage, True),
                (AISLE, "aisle", at(9), at(21), 0.61, False),
            )
        ],
    )


def interactions(n=46, seed=0):
    rng = np.random.default_rng(seed)
    begins = np.sort(rng.uniform(0, 10.8 * 3600, n))
    # nobody filmed from 15:00 to 15:30
    begins = np.where(begins > 5.6 * 3600, begins + 0.9 * 3600, begins)
    found = []
    for number, begin in enumerate(begins, start=1):
        evening = begin > 6.5 * 3600
        offset = 6.5 * 3600 if evening else 0.0
        took = float(np.clip(rng.gamma(2, 60), 8, 900))
        seller = int(rng.choice(3, p=[0.55, 0.38, 0.07]))
        kind = "payment" if rng.random() < 0.12 else "consultation"
        succeeded = kind == "consultation" and bool(rng.random() < (0.6, 0.4, 0.5)[seller])
        begin_at = at(9) + dt.timedelta(seconds=float(begin))
        found.append(
            {
                "video": EVENING if evening else MORNING,
                "interaction": number,
                "kind": kind,
                "seller_person": seller + 1,
                "customer_person": number + 10,
                "seller_id": SELLERS[seller],
                "begin_s": float(begin) - offset,
                "end_s": float(begin) - offset + took,
                "begin_at": begin_at,
                "end_at": begin_at + dt.timedelta(seconds=took),
                "duration_s": took,
                "closest": 0.7,
                "basis": "metres",
                "samples": int(took),
                "receipt_id": f"K-{1000 + number}" if succeeded else None,
                "successful": succeeded if kind == "consultation" else None,
            }
        )
    return rows(Interactions, found)


def purchases(served, n_without=34, seed=1, store=STORE):
    rng = np.random.default_rng(seed)
    known = {"store_id": store, "day": DAY, "register": "1"}
    joined = served.filter(pl.col("receipt_id").is_not_null())
    found = [
        known
        | {
            "receipt_id": row["receipt_id"],
            "at": row["end_at"] + dt.timedelta(seconds=95),
            "amount": int(rng.lognormal(12.6, 0.6)),
            "video": row["video"],
            "interaction": row["interaction"],
            "seller_id": row["seller_id"],
            "consulted": True,
        }
        for row in joined.iter_rows(named=True)
    ]
    for number in range(n_without):
        moment = at(9) + dt.timedelta(seconds=float(rng.uniform(0, 12 * 3600)))
        unseen = at(15) < moment < at(15, 30)
        amount = int(rng.lognormal(11.9, 0.6))
        found.append(
            known | {"receipt_id": f"K-{2000 + number}", "at": moment, "amount": amount, "consulted": None if unseen else False}
        )
    return rows(Purchases, found).sort("at")


def metrics(served, sold, *, coverage=0.88, present=61, store=STORE, receipts=True):
    """Numbers of the day as `vitrina.sellers.days` tells them."""
    consultations = served.filter(pl.col("kind") == "consultation")
    found = []
    for seller in (ALL, *sorted(set(consultations["seller_id"].drop_nulls()))):
        own = consultations if seller == ALL else consultations.filter(pl.col("seller_id") == seller)
        n, good = own.height, own.filter("successful").height
        near = present if seller == ALL else n + 6
        there = 11.2 * 3600 if seller == ALL else 7.4 * 3600
        numbers = {
            CUSTOMERS_PRESENT: intervals.count(near),
            CUSTOMERS_SERVED: intervals.count(n),
            INTERACTION_RATIO: intervals.share(n, near) if near else "No customer was there.",
            INTERACTIONS: intervals.count(n),
            SUCCESSFUL: intervals.count(good) if receipts else "No receipts of this store and day were delivered.",
            UNSUCCESSFUL: intervals.count(n - good) if receipts else "No receipts of this store and day were delivered.",
            PRESENT_S: intervals.unseen_time(there, 2, 1500),
            IDLE_S: intervals.unseen_time(there - 130.0 * n, 2, 1500),
            WAITING_UNSERVED: intervals.count(4),
        }
        of_seller = sold if seller == ALL else sold.filter(pl.col("seller_id") == seller)
        names = [metric.name for metric in METRICS if metric.name not in numbers]
        numbers |= (
            averages(clustered(of_seller, served), seed=0)
            if receipts
            else dict.fromkeys(names, "No receipts of this store and day were delivered.")
        )
        found += [
            {"store_id": store, "day": DAY, "seller_id": seller, "metric": metric.name}
            | told(metric, seller, numbers[metric.name], coverage, 0.5)
            for metric in METRICS
        ]
    return rows(SellerDayMetrics, found)


def hours():
    customers = [2, 3, 4, 6, 8, 7, 2, 6, 9, 8, 4, 2]
    seen = [1, 1, 0.97, 1, 0.94, 1, 0.41, 1, 0.9, 1, 1, 0.88]
    return pl.DataFrame(
        {
            "hour": range(9, 21),
            "customers": customers,
            "interactions": [max(0, n - 2) for n in customers],
            "unserved": [0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0],
            "coverage": [float(share) for share in seen],
        }
    )


def drift(camera="aisle"):
    known = {"store_id": STORE, "day": DAY, "camera_id": camera, "days": 6, "weekday": True, "spread": 4.0}
    return rows(
        FootageDrift,
        [
            known | {"measure": BRIGHTNESS, "value": 41.3, "usual": 92.0, "z": -12.7, "drifted": True},
            known | {"measure": COVERAGE, "value": 0.61, "usual": 0.62, "z": -0.3, "drifted": False},
        ],
    )


def clips(served):
    known = {"kind": "clip", "locale": "", "size": 40_000, "expires_at": dt.datetime(2026, 10, 17, 3, tzinfo=dt.UTC)}
    shown = served.head(5).select("video", "interaction", "begin_s", "end_s").iter_rows(named=True)
    return rows(
        EvidenceFiles,
        [
            known | row | {"path": f"evidence/sellers/{row['video'].replace('|', '~')}~{row['interaction']:04d}.mp4"}
            for row in shown
        ],
    )


def png(width=640, height=360, colour="#7799bb"):
    with BytesIO() as written:
        Image.new("RGB", (width, height), colour).save(written, format="PNG")
        return written.getvalue()


def given(**changed):
    """Arguments of `day_report`, some of them changed."""
    served = interactions()
    sold = purchases(served)
    usual = {
        "metrics": metrics(served, sold),
        "videos": videos(),
        "hours": hours(),
        "interactions": served,
        "purchases": sold,
        "drift": drift(),
        "pictures": {"timeline": png(), "heat map": png(500, 800)},
        "currency": "RUB",
        "made_at": MADE_AT,
        "evidence": clips(served),
    }
    return usual | changed


def report_bytes(locale="en", **changed):
    return day_report(DAY, STORE, locale, **given(**changed))


def workbook(locale="en", **changed):
    return openpyxl.load_workbook(BytesIO(report_bytes(locale, **changed)))


def texts(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]


def table(sheet, top=1):
    """Rows below a row of headings up to the first free one, as dictionaries."""
    rows = list(sheet.iter_rows(min_row=top, values_only=True))
    below = rows[1 : next((place for place, row in enumerate(rows) if row[0] is None), len(rows))]
    return [dict(zip(rows[0], row, strict=True)) for row in below]


def headline(book):
    """Name of a number → its row on the summary."""
    sheet = book.worksheets[0]
    top = next(row for row in range(1, sheet.max_row) if sheet.cell(row, 2).value in {"Value", "Значение"})
    return {sheet.cell(row, 1).value: [sheet.cell(row, place).value for place in range(2, 6)] for row in range(top + 1, top + 14)}


def empty(**changed):
    """A day without anything."""
    nothing = {name: frame.clear() for name, frame in given().items() if isinstance(frame, pl.DataFrame)}
    return nothing | {"pictures": {}, "time_zone": ZONE.key} | changed
