"""When a recording began, as a file's name tells it: the usual spellings, in the time of the camera's own clock."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vitrina.errors import SettingsError
from vitrina.inbox.messages import Message, RefusedFileError, message, shown

FIRST_YEAR = 2002
"""A camera that has lost its clock begins again in 1970, 1980 or 2000."""

LAST_YEAR = 2099

_SPELLED = re.compile(
    r"""
    (?P<year>[0-9]{4}) (?P<between_days>[-_.]?) (?P<month>[0-9]{2}) (?P=between_days) (?P<day>[0-9]{2})
    (?: [T\ ] | [-_.]{1,2} )?
    (?P<hour>[0-9]{2}) (?P<between_hours>[-_.:]?) (?P<minute>[0-9]{2}) (?P=between_hours) (?P<second>[0-9]{2})
    (?: [.,] (?P<fraction>[0-9]{1,6}) )?
    (?P<offset> Z | [+-] [0-9]{2} [-:.]? (?:00|15|30|45) | \+ [0-9]{2} )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_UNIX = re.compile("(?P<seconds>[0-9]{10})(?P<milliseconds>[0-9]{3})?")
_MOST_OFFSET = dt.timedelta(hours=14)


@dataclass(frozen=True)
class Clock:
    """What a camera's clock shows.

    Attributes
    ----------
    time_zone
        Name from the IANA database, such as ``"Europe/Moscow"``.
    offset_s
        By how much the clock is ahead of the true time, in seconds.

    Raises
    ------
    SettingsError
        There is no such time zone, or the offset is no number.
    """

    time_zone: str = "UTC"
    offset_s: float = 0.0

    def __post_init__(self) -> None:
        # the name comes from a delivered table: one with dots or slashes in it is a ValueError, an empty one an IsADirectoryError
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SettingsError(
                f"{shown(self.time_zone)!r} is no time zone.", "Name one of the IANA database, for example Europe/Moscow."
            ) from error
        if not math.isfinite(self.offset_s):
            raise SettingsError(f"A clock cannot be {self.offset_s} seconds ahead.", "Give its offset in seconds, or none.")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True)
class Start:
    """When a recording began.

    Attributes
    ----------
    at
        The true time in UTC: what the camera's clock showed, less its offset.
    notes
        What had to be decided.
    """

    at: dt.datetime
    notes: tuple[Message, ...] = ()


def read_start(text: str, clock: Clock) -> Start:
    """Read a start time as recorders write it into names.

    The order is year, month, day, hour, minute, second; between them stands ``-``, ``_``, ``.``, ``:``, ``T``, a space or
    nothing. The time is the camera's local one unless ``Z`` or an offset such as ``+0300`` follows. Ten digits are seconds
    since 1970, thirteen are milliseconds. Whatever the spelling, it was the camera's clock that was read, so its offset is
    taken off.

    Where clocks are put back, the local hour happens twice, and the first one is taken. Where they are put forward, a local
    time in the gap is one that a clock shows which was not put forward yet. Both are told.

    Parameters
    ----------
    text
        The part of the name.
    clock
        The camera's clock.

    Raises
    ------
    RefusedFileError
        It is no such time, or one that no camera of today can mean.

    Examples
    --------
    >>> read_start("2026-10-14T09-00-00", Clock("Europe/Moscow")).at.isoformat()
    '2026-10-14T06:00:00+00:00'
    >>> read_start("20261014_090000+0500", Clock("Europe/Moscow", offset_s=60)).at.isoformat()
    '2026-10-14T03:59:00+00:00'
    """
    try:
        by_clock, notes = _read_unix(text) or _read_spelled(text, clock)
        at = by_clock - dt.timedelta(seconds=clock.offset_s)
    except OverflowError as error:
        raise _lost_clock(text) from error
    # only now: the offset of a camera that begins in 1970 whenever it is switched on may be known
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise _lost_clock(text)
    return Start(at, notes)


def _read_unix(text: str) -> tuple[dt.datetime, tuple[Message, ...]] | None:
    match = _UNIX.fullmatch(text)
    if match is None:
        return None
    since = dt.timedelta(seconds=int(match["seconds"]), milliseconds=int(match["milliseconds"] or 0))
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + since, ()


def _read_spelled(text: str, clock: Clock) -> tuple[dt.datetime, tuple[Message, ...]]:
    match = _SPELLED.fullmatch(text)
    if match is None:
        raise RefusedFileError(
            message("{text} is no time that a recording began.", text=shown(text)),
            message("Name files like 2026-10-14T09-00-00, in the camera's local time, or with a Z for UTC."),
        )
    year, month, day, hour, minute, second = (int(match[name]) for name in _PARTS)
    microsecond = int((match["fraction"] or "").ljust(6, "0"))
    try:
        local = dt.datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001  # its zone comes next
    except ValueError as error:
        raise RefusedFileError(
            message("There is no date and time {text}.", text=shown(text)),
            message("Name files by year, month, day, hour, minute and second, like 2026-10-14T09-00-00."),
        ) from error
    if match["offset"]:
        return local.replace(tzinfo=_offset(match["offset"], text)).astimezone(dt.UTC), ()
    return _to_utc(local, clock.zone)


def _offset(written: str, text: str) -> dt.timezone:
    if written in "Zz":
        return dt.UTC
    digits = re.sub("[^0-9]", "", written).ljust(4, "0")
    size = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if size > _MOST_OFFSET:
        raise RefusedFileError(
            message("{text} ends in an offset that no time zone has.", text=shown(text)),
            message("Write offsets from UTC as hours and minutes, such as +0300."),
        )
    return dt.timezone(-size if written[0] == "-" else size)


def _to_utc(local: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime, tuple[Message, ...]]:
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if first == second:
        return first, ()
    happens_twice = first.astimezone(zone).replace(tzinfo=None, fold=0) == local
    note = (
        "{local} happens twice in {zone}, for clocks are put back: the first was taken, {utc} UTC."
        if happens_twice
        else "{local} does not exist in {zone}, for clocks are put forward: taken as shown by a clock that was late to follow, {utc} UTC."
    )
    return first, (message(note, local=f"{local:%Y-%m-%d %H:%M:%S}", zone=zone.key, utc=f"{first:%H:%M:%S}"),)


def _lost_clock(text: str) -> RefusedFileError:
    return RefusedFileError(
        message(
            "{text} is not between {first} and {last}: the camera has lost its clock.",
            text=shown(text),
            first=FIRST_YEAR,
            last=LAST_YEAR,
        ),
        message("Set the camera's clock, and name the file by the time that it was recorded."),
    )
