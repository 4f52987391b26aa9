"""The inbox of `sellers`, as the made-up shop's people would fill it: a recorder's films, and tables beside them.

Each day is one film. Beside them lie the camera's description, the roster from Excel, the till's receipts, what two people counted on
the same films, and boxes that somebody drew on a stretch of the first film. A few cells are spoiled, each in a copy of a good row at
the end of its file. The recorder was careless too: a film without its index, an empty one, one that lies a second time in the folder
of another camera, and one whose name says nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from simulation import shop_truth
from simulation.delivery import EXCEL, PLAIN, CsvDialect, SpoiledCell, write_csv, write_workbook
from simulation.retailer import LAST_DAY, Size
from simulation.shop import SHOP_EXTENTS, TIME_ZONE, DayKind, ShopDay, ShopExtent, simulate_day
from simulation.shop_metrics import true_metrics
from simulation.shop_picture import Frame, Renderer
from simulation.shop_video import FOLDER as VIDEOS
from simulation.shop_video import Film, file_name, write_videos
from vitrina.sellers.metrics import WITH_CONSULTATION, WITHOUT_CONSULTATION
from vitrina.sellers.mot import Kind, write_mot

FOLDER = "sellers"
STORE, CAMERA, OTHER_CAMERA = "sadovaya-5", "hall", "stairs"
COUNTERS = ("A", "B")

LEAST_VISIBLE, SURE = 0.1, 0.3
"""Whoever is seen less is not drawn; whoever is seen less than the other is drawn as one who counts neither way."""

_NAMELESS = "Новая запись (2).mp4"
_SPOILED_SHIFTS = (("seller_id", ""), ("begin", "с утра"))
_SPOILED_RECEIPTS = (("amount", "по карте"), ("at", "2026-13-01T10:00:00+03:00"), ("receipt_id", ""))
_SPOILED_COUNTS = (("value", "много"),)


@dataclass(frozen=True)
class Recording:
    """How much is recorded: the days' kinds, the last one last, and the seconds of the first film that somebody drew boxes on."""

    extent: ShopExtent
    kinds: tuple[DayKind, ...]
    drawn_s: tuple[float, float]


RECORDINGS = {
    Size.TINY: Recording(SHOP_EXTENTS[Size.TINY], (DayKind.BUSY,), (100.0, 130.0)),
    Size.DEMO: Recording(
        ShopExtent(open_s=1_200, width=640, height=360, fps=5, arrivals_per_hour=120, pace=0.5),
        (DayKind.USUAL, DayKind.BUSY),
        (600.0, 660.0),
    ),
    Size.LARGE: Recording(SHOP_EXTENTS[Size.LARGE], (DayKind.USUAL,), (14_400.0, 14_460.0)),
}

STEP_S = 0.5
"""From one painted picture to the next; those between repeat it."""


def write_inbox(folder: Path, size: Size | str, seed: int, last_day: dt.date = LAST_DAY) -> tuple[SpoiledCell, ...]:
    """Write the files of a simulated shop.

    Parameters
    ----------
    folder
        The inbox; the files go to its sub-folder ``sellers``.
    size, seed, last_day
        How much, which shop, and its last day; the same values write the same files.

    Returns
    -------
    tuple of SpoiledCell
        The cells that must be refused, each with its row; no other row must be.
    """
    recording, own = RECORDINGS[Size(size)], folder / FOLDER
    days = recorded_days(size, seed, last_day)
    film = Film(fps=recording.extent.fps, step_s=STEP_S)
    films = [part.path for day in days for part in write_videos(own, day, film, store=STORE, camera=CAMERA)]
    _write_careless(own / VIDEOS / STORE, films[0], days[0])
    _write_camera(own, days)
    _write_boxes(own, days[0], film, recording.drawn_s)
    return (*_write_shifts(own, days), *_write_receipts(own, days), *_write_counts(own, days))


def recorded_days(size: Size | str, seed: int, last_day: dt.date = LAST_DAY) -> list[ShopDay]:
    """The days that are recorded, the last one last; all of one shop."""
    recording = RECORDINGS[Size(size)]
    first = last_day - dt.timedelta(days=len(recording.kinds) - 1)
    return [
        simulate_day(recording.extent, seed + number, kind, day=first + dt.timedelta(days=number), shop=seed)
        for number, kind in enumerate(recording.kinds)
    ]


def receipt_number(day: ShopDay, receipt_id: str) -> str:
    """A receipt's number as the till prints it: days count their receipts anew."""
    return f"{_local(day.started_at):%y%m%d}-{receipt_id}"


def _write_camera(own: Path, days: Sequence[ShopDay]) -> None:
    """Points of the floor, the staff's zone and the hours, as somebody who knows the shop would give them."""
    first, known = days[0], shop_truth.camera(Renderer(days[0], jpeg=None))
    opening, closing = (_local(first.at(moment)) for moment in (first.opening_s, first.closing_s))
    row = {
        "store_id": STORE,
        "camera_id": CAMERA,
        "time_zone": TIME_ZONE,
        "offset_s": "0",
        "opening": f"{opening:%H:%M}-{closing:%H:%M}",
        "floor": json.dumps([[_rounded(pixel, 1), _rounded(place, 2)] for pixel, place in known.floor]),
        "staff_zone": json.dumps([_rounded(corner, 1) for corner in known.staff_zone]),
    }
    write_csv(own / "cameras.csv", pl.DataFrame([row]), EXCEL)


def _write_shifts(own: Path, days: Sequence[ShopDay]) -> list[SpoiledCell]:
    """The roster, as it was planned: who did not come stands on it too."""
    rows = pl.concat(
        [
            shop_truth.roster(day).select(
                pl.lit(STORE).alias("store_id"), "seller_id", _spoken("begin_at").alias("begin"), _spoken("end_at").alias("end")
            )
            for day in days
        ]
    )
    slips = _slips("shifts.xlsx", rows, _SPOILED_SHIFTS)
    write_workbook(own / "shifts.xlsx", _spoiled(rows, slips), "Смены")
    return slips


def _write_receipts(own: Path, days: Sequence[ShopDay]) -> list[SpoiledCell]:
    """What the till printed; the first purchase of each day was brought back before closing."""
    rows = pl.concat([_receipts(day) for day in days])
    return _write_csv(own, "receipts.csv", rows, EXCEL, _SPOILED_RECEIPTS)


def _receipts(day: ShopDay) -> pl.DataFrame:
    bought = shop_truth.receipts(day)
    refund = bought.head(1).with_columns(
        receipt_id=pl.lit("V00001"), amount=-pl.col("amount"), at=pl.lit(day.at(day.closing_s)).dt.cast_time_unit("us")
    )
    roubles = pl.format("{}.{}", pl.col("amount").abs() // 100, (pl.col("amount").abs() % 100).cast(pl.String).str.zfill(2))
    return pl.concat([bought, refund]).select(
        pl.lit(STORE).alias("store_id"),
        pl.col("receipt_id").map_elements(lambda name: receipt_number(day, name), pl.String),
        _spoken("at"),
        (pl.when(pl.col("amount") < 0).then(pl.lit("-")).otherwise(pl.lit("")) + roubles).alias("amount"),
        pl.lit("1").alias("register"),
    )


def _write_counts(own: Path, days: Sequence[ShopDay]) -> list[SpoiledCell]:
    """What two people counted on the same films: the truth, and both agree."""
    rows = pl.concat([_counts(day, counter) for day in days for counter in COUNTERS])
    return _write_csv(own, "manual_counts.csv", rows, PLAIN, _SPOILED_COUNTS)


def _counts(day: ShopDay, counter: str) -> pl.DataFrame:
    in_roubles = pl.when(pl.col("metric").is_in([WITH_CONSULTATION, WITHOUT_CONSULTATION])).then(100).otherwise(1)
    begin, end = (_local(day.at(moment)).isoformat() for moment in (0.0, day.length_s))
    found = true_metrics(day).filter(pl.col("value").is_not_null())
    return found.select(
        *(
            pl.lit(value).alias(name)
            for name, value in (("store_id", STORE), ("camera_id", CAMERA), ("begin", begin), ("end", end))
        ),
        "metric",
        (pl.col("value") / in_roubles).round(4).cast(pl.String).alias("value"),
        pl.lit(counter).alias("counted_by"),
    )


def _write_boxes(own: Path, day: ShopDay, film: Film, drawn_s: tuple[float, float]) -> None:
    """Boxes of everybody on each frame of a stretch, at the film's own frame numbers, and who they are."""
    start = Path(file_name(day.started_at)).stem
    first, last = (round(moment * film.fps) for moment in drawn_s)
    seen = shop_truth.boxes_of(_filmed(Renderer(day, jpeg=None), film, range(first, last)))
    drawn = seen.filter(pl.col("visible") >= LEAST_VISIBLE).select(
        (pl.col("sample") + first + 1).alias("frame"),
        pl.col("person").alias("identity"),
        "x1",
        "y1",
        "x2",
        "y2",
        (pl.col("visible") < SURE).alias("ignored"),
        "role",
    )
    path = own / "annotations" / STORE / CAMERA / f"{start}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mot(path, drawn.drop("role"), Kind.TRUTH)
    place = (pl.lit(value).alias(name) for name, value in (("store_id", STORE), ("camera_id", CAMERA), ("start", start)))
    write_csv(own / "true_roles.csv", drawn.select(*place, "identity", "role").unique().sort("identity"), PLAIN)


def _filmed(renderer: Renderer, film: Film, numbers: range) -> Iterator[tuple[float, Frame]]:
    """What frames of a film show: each painted picture stands for those that repeat it."""
    last, frame = -1, None
    for number in numbers:
        step = int(number / film.fps / STEP_S + 1e-9)
        if frame is None or step != last:
            last, frame = step, renderer.frame(step * STEP_S)
        yield number / film.fps, frame


def _write_careless(store: Path, film: Path, day: ShopDay) -> None:
    """What people and recorders do wrong with films."""
    before = [store / CAMERA / file_name(day.started_at - dt.timedelta(days=days)) for days in (1, 2)]
    _without_index(film, before[0])
    before[1].touch()
    other = store / OTHER_CAMERA / film.name
    other.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(film, other)
    shutil.copyfile(before[0], store / CAMERA / _NAMELESS)


def _without_index(film: Path, path: Path) -> None:
    """What is left of a film whose recorder lost its power: half of the pictures, and no index, which is written at the end."""
    content, kept, place = film.read_bytes(), b"", 0
    while place < len(content):
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        if kind == b"ftyp":
            kept += content[place : place + length]
        elif kind == b"mdat":
            kept += content[place : place + length // 2]
        place += length
    path.write_bytes(kept)


def _write_csv(
    own: Path, name: str, rows: pl.DataFrame, dialect: CsvDialect, spoiled: tuple[tuple[str, str], ...]
) -> list[SpoiledCell]:
    slips = _slips(name, rows, spoiled)
    write_csv(own / name, _spoiled(rows, slips), dialect)
    return slips


def _slips(name: str, rows: pl.DataFrame, spoiled: tuple[tuple[str, str], ...]) -> list[SpoiledCell]:
    return [SpoiledCell(f"{FOLDER}/{name}", rows.height + 2 + place, *cell) for place, cell in enumerate(spoiled)]


def _spoiled(rows: pl.DataFrame, slips: Sequence[SpoiledCell]) -> pl.DataFrame:
    """Rows with a copy of the first one for each slip, spoiled as it says."""
    copies = [rows.head(1).with_columns(pl.lit(slip.value or None, pl.String).alias(slip.column)) for slip in slips]
    return pl.concat([rows, *copies])


def _spoken(name: str) -> pl.Expr:
    """A moment by the shop's clock, to the second, with its offset from UTC."""
    return pl.col(name).dt.convert_time_zone(TIME_ZONE).dt.strftime("%Y-%m-%dT%H:%M:%S%:z")


def _local(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(ZoneInfo(TIME_ZONE))


def _rounded(values: Sequence[float], digits: int) -> list[float]:
    return [round(value, digits) for value in values]
