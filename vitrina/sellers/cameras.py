"""What a shop says about a camera: its clock, its opening hours, its floor, and the parts of the picture that mean something.

Cameras are delivered as a table; points stand in its cells as JSON. All of it is optional: of a camera that nobody described,
people are found and told apart all the same, with distances in body heights and nobody's staff zone.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import polars as pl

from vitrina.errors import DeliveryError
from vitrina.sellers.floor import Floor, PointPair
from vitrina.sellers.polygons import Polygon, crosses_itself

UTC = "UTC"
MINUTES_OF_A_DAY = 24 * 60
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}")
_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})\s*")
_LONGEST_CELL = 20_000
_MOST_POINTS = 100
_FARTHEST = 1e5
_LONGEST_OFFSET_S = 100 * 366 * 86_400.0
_POLYGON = "a polygon as [[x, y], [x, y], [x, y], …] in pixels, its corners in order round its edge"


@dataclass(frozen=True)
class Camera:
    """A camera as it was described.

    Attributes
    ----------
    store_id, camera_id
        As the videos' folders name them.
    time_zone
        Of the camera's clock.
    offset_s
        The camera's clock minus true time.
    opening
        Local opening hours, such as "09:00-21:00"; None where they were not given.
    floor
        Points of the floor, each with its pixel and its metres; empty where none were measured.
    staff_zone
        Corners of the part of the picture where only staff goes; empty where there is none.
    ignored
        Parts of the picture to leave out: posters, doors, screens.
    overlaps
        Name of the group of cameras that see the same floor.
    """

    store_id: str
    camera_id: str
    time_zone: str = UTC
    offset_s: float = 0.0
    opening: str | None = None
    floor: tuple[PointPair, ...] = ()
    staff_zone: Polygon = ()
    ignored: tuple[Polygon, ...] = ()
    overlaps: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], *, time_zone: str = UTC) -> Camera:
        """The camera that a row of the delivered table describes.

        Parameters
        ----------
        row
            Values by column; a column that is missing, null or blank says nothing.
        time_zone
            Time zone where the row names none.

        Raises
        ------
        DeliveryError
            Where a value cannot be meant; it names the row, the column and what is expected.
        """
        cell = _Cells(row)
        return cls(
            store_id=cell.name("store_id") or cell.refuse("store_id", "a store's name"),
            camera_id=cell.name("camera_id") or cell.refuse("camera_id", "a camera's name"),
            time_zone=cell.time_zone("time_zone") or time_zone,
            offset_s=cell.seconds("offset_s"),
            opening=cell.opening("opening"),
            floor=cell.floor("floor"),
            staff_zone=cell.polygon("staff_zone"),
            ignored=cell.polygons("ignored"),
            overlaps=cell.name("overlaps"),
        )

    @property
    def plane(self) -> Floor | None:
        """The floor in metres, or None where no points were measured."""
        return Floor.of(self.floor) if self.floor else None

    @property
    def open_minutes(self) -> tuple[int, int] | None:
        """Opening and closing in minutes after midnight; closing is beyond 1,440 where the shop is open over midnight."""
        return None if self.opening is None else _open_minutes(self.opening)

    def open_spans(self, begin: dt.datetime, end: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
        """Opening hours between two moments, in UTC; all of the time where nobody told them."""
        minutes = self.open_minutes
        if minutes is None:
            return [(begin, end)]
        zone = ZoneInfo(self.time_zone)
        spans = []
        day = begin.astimezone(zone).date() - dt.timedelta(days=1)
        while dt.datetime.combine(day, dt.time(), zone) < end:
            midnight = dt.datetime.combine(day, dt.time())
            # by the clock on the wall, so that opening hours stay what they are when summer time begins
            opens, closes = ((midnight + dt.timedelta(minutes=each)).replace(tzinfo=zone).astimezone(dt.UTC) for each in minutes)
            first, last = max(opens, begin), min(closes, end)
            spans += [(first, last)] if first < last else []
            day += dt.timedelta(days=1)
        return spans

    def open_s(self, begin: dt.datetime, end: dt.datetime) -> float:
        """Seconds of opening hours between two moments."""
        return sum((last - first).total_seconds() for first, last in self.open_spans(begin, end))


def described(delivered: pl.DataFrame, store_id: str, camera_id: str, *, time_zone: str = UTC) -> Camera:
    """One camera of the delivered table, or one of which nothing is known; other cameras' mistakes do not matter.

    Parameters
    ----------
    delivered
        Rows of the delivered table.
    store_id, camera_id
        Which camera.
    time_zone
        Time zone where none is named.

    Raises
    ------
    DeliveryError
        Where the camera's own row cannot be read, or there are several.
    """
    unknown = Camera(store_id, camera_id, time_zone=time_zone)
    if not {"store_id", "camera_id"} <= set(delivered.columns):
        return unknown
    rows = delivered.filter(
        pl.col("store_id").cast(pl.String).str.strip_chars() == store_id,
        pl.col("camera_id").cast(pl.String).str.strip_chars() == camera_id,
    )
    if rows.height > 1:
        raise DeliveryError(
            f"Camera {camera_id!r} of store {store_id!r} is described {rows.height} times.", "Leave one row per camera."
        )
    return Camera.of(rows.row(0, named=True), time_zone=time_zone) if rows.height else unknown


class _Cells:
    """A row's values, each read as what its column means."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row

    def refuse(self, column: str, expected: str) -> NoReturn:
        """Say which value is wrong, where it stands and what would be right."""
        row = self._row
        camera = f"camera {str(row.get('camera_id'))[:80]!r} of store {str(row.get('store_id'))[:80]!r}"
        place = f", {row['source_file']} row {row.get('source_row')}" if row.get("source_file") else ""
        value = str(row.get(column))
        shown = value if len(value) <= 80 else f"{value[:80]}…"
        raise DeliveryError(f"Cameras, {camera}{place}: {column} is {shown!r}.", f"Give {expected}, or leave it empty.")

    def name(self, column: str) -> str | None:
        text = self._text(column)
        if text is not None and not _NAME.fullmatch(text):
            self.refuse(column, "1 to 64 Latin letters, digits, dots, dashes and underscores")
        return text

    def time_zone(self, column: str) -> str | None:
        text = self._text(column)
        if text is not None:
            try:
                ZoneInfo(text)
            except (ValueError, OSError, KeyError):  # a folder of zones is an OSError, an unknown one a KeyError
                self.refuse(column, 'a time zone of the IANA database, such as "Europe/Moscow"')
        return text

    def seconds(self, column: str) -> float:
        text = self._text(column)
        try:
            seconds = 0.0 if text is None else float(text)
        except ValueError:
            seconds = math.nan
        if not abs(seconds) <= _LONGEST_OFFSET_S:
            self.refuse(column, "the seconds by which the camera's clock is ahead, such as 90 or -12.5")
        return seconds

    def opening(self, column: str) -> str | None:
        text = self._text(column)
        if text is None:
            return None
        hours = _HOURS.fullmatch(text)
        if not hours:
            self.refuse(column, 'opening hours such as "09:00-21:00"')
        opens_h, opens_m, closes_h, closes_m = (int(part) for part in hours.groups())
        opens, closes = 60 * opens_h + opens_m, 60 * closes_h + closes_m
        if max(opens_m, closes_m) > 59 or opens >= MINUTES_OF_A_DAY or closes > MINUTES_OF_A_DAY or opens == closes:
            self.refuse(column, 'opening hours such as "09:00-21:00", from 00:00 to 24:00')
        return f"{opens_h:02d}:{opens_m:02d}-{closes_h:02d}:{closes_m:02d}"

    def floor(self, column: str) -> tuple[PointPair, ...]:
        expected = "at least four points of the floor as [[[x, y], [metres, metres]], …]"
        read = self._list(column, expected)
        pairs = []
        for pair in read:
            ends = self._points(column, pair, expected)
            if len(ends) != 2:
                self.refuse(column, expected)
            pairs.append((ends[0], ends[1]))
        if pairs:
            try:
                Floor.of(pairs)
            except DeliveryError as error:
                self.refuse(column, f"{expected}: {error.problem} {error.remedy}")
        return tuple(pairs)

    def polygon(self, column: str) -> Polygon:
        read = self._list(column, _POLYGON)
        return self._polygon(column, read, _POLYGON) if read else ()

    def polygons(self, column: str) -> tuple[Polygon, ...]:
        expected = f"a list of polygons, each {_POLYGON}"
        return tuple(self._polygon(column, corners, expected) for corners in self._list(column, expected))

    def _text(self, column: str) -> str | None:
        """A value without the spaces around it, or None where it says nothing."""
        value = self._row.get(column)
        if value is not None and not isinstance(value, str | int | float):
            self.refuse(column, "text")
        return None if value is None else str(value).strip() or None

    def _list(self, column: str, expected: str) -> list[Any]:
        """A cell's JSON list; empty where it says nothing."""
        text = self._text(column)
        if text is None:
            return []
        if len(text) > _LONGEST_CELL:
            self.refuse(column, f"{expected}, in at most {_LONGEST_CELL:,} characters")
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            self.refuse(column, expected)
        if not isinstance(read, list) or len(read) > _MOST_POINTS:
            self.refuse(column, f"{expected}, at most {_MOST_POINTS}")
        return read

    def _points(self, column: str, read: Any, expected: str) -> Polygon:
        if not isinstance(read, list) or len(read) > _MOST_POINTS:
            self.refuse(column, expected)
        for point in read:
            if not (isinstance(point, list) and len(point) == 2 and all(_is_place(value) for value in point)):
                self.refuse(column, f"{expected}; each number finite and within ±{_FARTHEST:,.0f}")
        return tuple((float(x), float(y)) for x, y in read)

    def _polygon(self, column: str, read: Any, expected: str) -> Polygon:
        corners = self._points(column, read, expected)
        if len(corners) > 1 and corners[0] == corners[-1]:
            corners = corners[:-1]  # many tools close a polygon by its first corner
        if len(set(corners)) < max(3, len(corners)):
            self.refuse(column, f"{expected}; three different corners at least, none of them twice")
        if crosses_itself(corners):
            self.refuse(column, f"{expected}: its edges cross or touch, or it has no area")
        return corners


def _is_place(value: Any) -> bool:
    # true and false are numbers to Python, and whole numbers of any length are to JSON
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _FARTHEST


def _open_minutes(opening: str) -> tuple[int, int]:
    opens, closes = (60 * int(text[:2]) + int(text[3:]) for text in opening.split("-"))
    return opens, closes if closes > opens else closes + MINUTES_OF_A_DAY
