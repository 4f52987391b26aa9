"""Videos of sellers: where one goes by store, camera and start, and what the ledger of videos says of those that came."""

from __future__ import annotations

import datetime as dt
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitrina.inbox.ledger_reading import read_only
from vitrina.inbox.messages import RefusedFileError
from vitrina.sellers.video_names import ANYTHING, SUFFIXES, NamePattern, is_safe, read_name
from vitrina.sellers.video_times import Clock, read_start

CONTRACT = "videos"
STATES = ("waiting", "evaluated", "unreadable", "duplicate", "refused", "expired")


class VideoNameError(ValueError):
    """Nothing can be named so; the message is English, and a message of the pages."""


@dataclass(frozen=True)
class VideoPlace:
    """Where a video goes.

    Attributes
    ----------
    path
        Within the product's folder.
    start
        In UTC, as the camera's clock showed it.
    notes
        What had to be decided.
    """

    path: str
    start: dt.datetime
    notes: tuple[str, ...]


def video_place(  # noqa: PLR0913  # what makes a name
    pattern: str, *, store: str, camera: str, start: str, zone: str, suffix: str
) -> VideoPlace:
    """The place of a video.

    Parameters
    ----------
    pattern
        How videos are named, as the setting has it.
    store, camera
        Whose.
    start
        When the recording began, as the camera's clock showed it: ``2026-10-14T09:00:00``.
    zone
        Time zone of that clock.
    suffix
        Ending of the file, with its dot.

    Raises
    ------
    VideoNameError
        A part cannot be used.
    vitrina.errors.VitrinaError
        There is no such time zone, or no such moment.
    """
    for name in (store, camera):
        if not is_safe(name):
            raise VideoNameError("Stores and cameras are named with up to 64 Latin letters, digits and _ . -, not with dots alone.")
    if suffix.removeprefix(".") not in SUFFIXES:
        raise VideoNameError("This is no video by its ending.")
    named = NamePattern(pattern)
    # browsers leave out seconds that are none
    whole = f"{start.strip()}:00" if start.count(":") == 1 else start.strip()
    begun = read_start(whole.replace(":", "-"), Clock(zone))
    at = begun.at.replace(microsecond=0)
    fields = {
        "store": store,
        "camera": camera,
        "start": f"{at:%Y%m%dT%H%M%SZ}",
        "suffix": suffix.removeprefix("."),
        ANYTHING: "upload",
    }
    path = "".join(text + (fields[field] if field is not None else "") for text, field, *_ in string.Formatter().parse(named.text))
    _refuse_misread(path, named, store, camera, at)
    return VideoPlace(path, at, tuple(map(str, begun.notes)))


def _refuse_misread(path: str, named: NamePattern, store: str, camera: str, at: dt.datetime) -> None:
    """Where parts of the pattern share a folder, a name with its separator in it would be read as another's."""
    try:
        read = read_name(path, named, None, Clock())
    except RefusedFileError:
        read = None
    if read is None or (read.store_id, read.camera_id, read.start.at) != (store, camera, at):
        raise VideoNameError(
            "Videos of this store and camera cannot be told apart from others by their names: name them otherwise."
        )


@dataclass(frozen=True)
class SeenVideo:
    """A version of a video, as the ledger has it.

    Attributes
    ----------
    path, version, state, reason, remedy, size, store_id, camera_id
        As in the ledger; what could not be used has no store.
    fingerprint
        Of its content.
    started_at, recorded_at, deleted_at
        When it was filmed, first seen, and deleted.
    duration_s
        Its length, where it could be read.
    """

    path: str
    version: int
    state: str
    reason: str | None
    remedy: str | None
    size: int | None
    store_id: str | None
    camera_id: str | None
    fingerprint: str | None
    started_at: dt.datetime | None
    recorded_at: dt.datetime
    deleted_at: dt.datetime | None
    duration_s: float | None


_COLUMNS = ", ".join(SeenVideo.__dataclass_fields__)
_MOMENTS = ("started_at", "recorded_at", "deleted_at")


@dataclass(frozen=True)
class VideoReader:
    """The ledger of videos, for looking only.

    Attributes
    ----------
    path
        The database, which need not exist.
    """

    path: Path

    def videos(
        self, stores: Sequence[str] | None, *, state: str | None = None, limit: int = 100, offset: int = 0
    ) -> tuple[list[SeenVideo], int]:
        """Videos, the latest first, and how many there are.

        Parameters
        ----------
        stores
            Whose; None for all, and for what belongs to no store.
        state
            Only those.
        limit, offset
            Which of them.
        """
        condition, values = _of(stores)
        if state is not None:
            condition, values = f"{condition} AND state = ?", [*values, state]
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM videos WHERE {condition} ORDER BY recorded_at DESC, path, version DESC LIMIT ? OFFSET ?",  # noqa: S608  # our own names; values are bound
            [*values, limit, offset],
        )
        total = self._rows(f"SELECT count(*) AS n FROM videos WHERE {condition}", values)  # noqa: S608  # as above
        return [_seen(row) for row in rows], total[0]["n"] if total else 0

    def find(self, path: str, fingerprint: str) -> SeenVideo | None:
        """The newest version of a path that has this content."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM videos WHERE path = ? AND fingerprint = ? ORDER BY version DESC LIMIT 1",  # noqa: S608  # as above
            [path, fingerprint],
        )
        return next(iter([_seen(row) for row in rows]), None)

    def elsewhere(self, path: str, fingerprint: str) -> str | None:
        """Another path that has this content."""
        rows = self._rows(
            "SELECT path FROM videos WHERE fingerprint = ? AND path <> ? ORDER BY recorded_at LIMIT 1", [fingerprint, path]
        )
        return next((row["path"] for row in rows), None)

    def counts(self, stores: Sequence[str] | None) -> dict[str, int]:
        """How many versions are in each state."""
        condition, values = _of(stores)
        rows = self._rows(f"SELECT state, count(*) AS n FROM videos WHERE {condition} GROUP BY state", values)  # noqa: S608  # as above
        return {row["state"]: row["n"] for row in rows}

    def cameras(self, stores: Sequence[str] | None) -> list[tuple[str, str]]:
        """Stores with their cameras, as far as videos came of them."""
        condition, values = _of(stores)
        rows = self._rows(
            f"SELECT DISTINCT store_id, camera_id FROM videos WHERE {condition} AND store_id IS NOT NULL ORDER BY 1, 2",  # noqa: S608  # as above
            values,
        )
        return [(row["store_id"], row["camera_id"]) for row in rows]

    def _rows(self, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
        with read_only(self.path) as connection:
            if connection is None or not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'videos'").fetchone():
                return []
            return [dict(row) for row in connection.execute(sql, values)]


def _of(stores: Sequence[str] | None) -> tuple[str, list[Any]]:
    return ("TRUE", []) if stores is None else (f"store_id IN ({', '.join('?' * len(stores))})", list(stores))


def _seen(row: dict[str, Any]) -> SeenVideo:
    return SeenVideo(**(row | {name: row[name] and dt.datetime.fromisoformat(row[name]) for name in _MOMENTS}))
