"""The ledger of videos: which files have been seen among them, what became of each, and which partition is which file.

A small SQLite database beside that of other deliveries, so that the sensor never waits for a warehouse. Every call opens its own
connection and holds it for one short transaction; several processes may call at once.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vitrina.errors import VitrinaError
from vitrina.inbox.difference import FoundFile
from vitrina.inbox.messages import shown
from vitrina.sellers.day_tables import VideoDeliveries
from vitrina.sellers.upload_records import Duplicate, KnownVideo, Refused, SeenVideo, Upload
from vitrina.sellers.video_listing import CONTRACT

BUSY_TIMEOUT_S = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS videos (
    path TEXT NOT NULL, version INTEGER NOT NULL, video TEXT, state TEXT NOT NULL, reason TEXT, remedy TEXT, same_as TEXT,
    size INTEGER, modified TEXT, fingerprint TEXT, store_id TEXT, camera_id TEXT, started_at TEXT,
    recorded_at TEXT NOT NULL, duration_s REAL, deleted_at TEXT,
    PRIMARY KEY (path, version)
);
CREATE INDEX IF NOT EXISTS videos_by_key ON videos (video);
"""
_CONCLUDED = ("evaluated", "unreadable", "duplicate", "expired")


@dataclass(frozen=True)
class VideoRecord:
    """One version of a video, as the ledger knows it.

    Attributes
    ----------
    path, version, video
        The file within the inbox, which content of its name it is, and the key of its partition.
    state
        As in table `VideoDeliveries`.
    reason
        What people should know of it.
    size, modified, fingerprint
        As it was listed, and its content.
    store_id, camera_id, started_at
        As its name says; the start by the camera's clock as it was known then.
    recorded_at, deleted_at
        When it was first seen complete, and when it was deleted.
    duration_s
        Its length, where it could be read.
    """

    path: str
    version: int
    video: str
    state: str
    reason: str | None
    size: int
    modified: str
    fingerprint: str
    store_id: str
    camera_id: str
    started_at: dt.datetime
    recorded_at: dt.datetime
    duration_s: float | None = None
    deleted_at: dt.datetime | None = None

    @property
    def found(self) -> FoundFile:
        """The file as it was listed."""
        return FoundFile(self.path, self.size, self.modified, CONTRACT)


@dataclass(frozen=True)
class VideoLedger:
    """All videos that were seen.

    Attributes
    ----------
    path
        The database; created when it is first needed.
    """

    path: Path

    def known(self) -> list[KnownVideo]:
        """Versions that were evaluated, found unreadable, or are duplicates: what `plan_uploads` compares with."""
        return [
            KnownVideo(
                record["path"],
                record["size"],
                record["modified"],
                record["fingerprint"],
                record["video"],
                record["version"],
                dt.datetime.fromisoformat(record["recorded_at"]),
                is_duplicate=record["same_as"] is not None,
                duration_s=record["duration_s"],
            )
            for record in self._rows(f"state IN ({', '.join('?' * len(_CONCLUDED))})", _CONCLUDED)
        ]

    def waiting(self) -> list[VideoRecord]:
        """Videos that are to be evaluated, by start."""
        return sorted(self._records("state = 'waiting'", ()), key=lambda record: (record.started_at, record.path))

    def announced(self, files: Iterable[FoundFile]) -> dict[str, str | None]:
        """Contents by path of those files that wait for their run and are as they were when it was asked for."""
        newest = {record.path: record for record in sorted(self._records("TRUE", ()), key=lambda record: record.version)}
        waiting = {path: record for path, record in newest.items() if record.state == "waiting"}
        return {
            file.path: waiting[file.path].fingerprint
            for file in files
            if file.path in waiting and (file.size, file.modified) == (waiting[file.path].size, waiting[file.path].modified)
        }

    def refused_paths(self) -> frozenset[str]:
        """Files that could not be used when they were last looked at, printable."""
        return frozenset(row["path"] for row in self._rows("state = 'refused'", ()))

    def evaluated(self) -> list[VideoRecord]:
        """Videos that were evaluated, whether their files are still there or not, by start."""
        found = self._records("state IN ('evaluated', 'expired')", ())
        return sorted(found, key=lambda record: (record.started_at, record.path))

    def find(self, video: str) -> VideoRecord:
        """The video of a partition.

        Raises
        ------
        VitrinaError
            No such video was ever seen.
        """
        found = self._records("video = ? AND same_as IS NULL ORDER BY version DESC", (video,))
        if not found:
            raise VitrinaError(
                f"No video has the key {shown(video)!r}.", "Put the file into the inbox: its partition is added by itself."
            )
        return found[0]

    def announce(self, uploads: Iterable[Upload], now: dt.datetime) -> None:
        """Note videos that are to be evaluated, before anybody asks for the run."""
        with self._transaction() as connection:
            for upload in uploads:
                first = connection.execute(
                    "SELECT recorded_at FROM videos WHERE video = ? AND path = ? AND version = ?",
                    [upload.key, upload.video.file.path, upload.version],
                ).fetchone()
                _write(
                    connection,
                    _seen(upload.key, upload.video, upload.version, now)
                    # a run that is asked for again does not make the video younger
                    | ({"recorded_at": first[0]} if first else {})
                    | {
                        "state": "waiting",
                        "reason": " ".join(map(str, upload.notes)) or None,
                    },
                )

    def duplicates(self, found: Iterable[Duplicate], now: dt.datetime) -> None:
        """Note files whose content is known under another name."""
        with self._transaction() as connection:
            for one in found:
                _write(
                    connection,
                    _seen(one.key, one.video, one.version, now)
                    | {
                        "state": "duplicate",
                        "same_as": one.original,
                        "reason": f"The same content is known as {shown(one.original)}.",
                    },
                )

    def refused(self, found: Iterable[Refused], now: dt.datetime, *, untried: Collection[str] = ()) -> None:
        """Note which files cannot be used now, in the place of those that could not before, but for those that nobody has tried."""
        with self._transaction() as connection:
            before = {row["path"]: row["recorded_at"] for row in _select(connection, "state = 'refused'", ())}
            kept = before.keys() & set(untried)
            connection.executemany(
                "DELETE FROM videos WHERE state = 'refused' AND path = ?", [(path,) for path in before.keys() - kept]
            )
            for one in found:
                taken = connection.execute("SELECT max(version) FROM videos WHERE path = ?", [one.path]).fetchone()[0]
                _write(
                    connection,
                    {
                        "path": one.path,
                        "version": (taken or 0) + 1,
                        "state": "refused",
                        "reason": str(one.reason),
                        "remedy": str(one.remedy),
                        "recorded_at": before.get(one.path, now.isoformat()),
                    },
                )

    def restamp(self, unchanged: Iterable[SeenVideo]) -> None:
        """The same content with a new date: known from now on, and nothing else changes."""
        with self._transaction() as connection:
            for video in unchanged:
                connection.execute(
                    "UPDATE videos SET size = ?, modified = ? WHERE path = ? AND fingerprint = ?",
                    [video.file.size, video.file.modified, video.file.path, video.fingerprint],
                )

    def conclude(self, video: str, *, readable: bool, duration_s: float | None = None, reason: str | None = None) -> None:
        """Note what became of a video: it was evaluated, or cannot be read."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE videos SET state = CASE state WHEN 'expired' THEN state ELSE ? END,"
                " duration_s = coalesce(?, duration_s), reason = coalesce(?, reason) WHERE video = ? AND same_as IS NULL",
                ["evaluated" if readable else "unreadable", duration_s, reason, video],
            )

    def expired(self, path: str, version: int, now: dt.datetime) -> None:
        """Note that a file was deleted because it had been kept long enough."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE videos SET state = 'expired', deleted_at = ? WHERE path = ? AND version = ?",
                [now.isoformat(), path, version],
            )

    def deliveries(self, retention: dt.timedelta | None) -> pl.DataFrame:
        """All files as rows of table `VideoDeliveries`.

        Parameters
        ----------
        retention
            How long files are kept after they were first seen complete; None for ever.
        """
        rows = []
        for row in self._rows("1 = 1", ()):
            recorded = dt.datetime.fromisoformat(row["recorded_at"])
            # one that nobody could evaluate is told when its time is over, and goes after twice that time
            patience = 2 if row["state"] in {"waiting", "refused"} else 1
            lasts = retention is not None and row["state"] != "expired"
            rows.append(
                {
                    **{name: row[name] for name in ("path", "version", "video", "state", "reason", "remedy", "same_as", "size")},
                    "recorded_at": recorded,
                    "expires_at": recorded + patience * retention if lasts and retention is not None else None,
                    "deleted_at": row["deleted_at"] and dt.datetime.fromisoformat(row["deleted_at"]),
                }
            )
        frame = pl.DataFrame(rows, schema=VideoDeliveries.polars_schema(), orient="row")
        return VideoDeliveries.check(frame.sort("path", "version"))

    def _records(self, condition: str, values: Iterable[Any]) -> list[VideoRecord]:
        return [_record(row) for row in self._rows(condition, values) if row["video"] is not None]

    def _rows(self, condition: str, values: Iterable[Any]) -> list[dict[str, Any]]:
        with self._transaction() as connection:
            return _select(connection, condition, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
        except sqlite3.Error as error:
            raise VitrinaError(
                f"The ledger of videos {self.path} cannot be used: {error}",
                "Make sure that the disk has room, that the folder can be written, and that no program holds the file open.",
            ) from error


def _seen(key: str, video: SeenVideo, version: int, now: dt.datetime) -> dict[str, Any]:
    return {
        "path": video.file.path,
        "version": version,
        "video": key,
        "size": video.file.size,
        "modified": video.file.modified,
        "fingerprint": video.fingerprint,
        "store_id": video.name.store_id,
        "camera_id": video.name.camera_id,
        "started_at": video.name.start.at.isoformat(),
        "recorded_at": now.isoformat(),
    }


def _write(connection: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    names = ", ".join(row)
    connection.execute(f"INSERT OR REPLACE INTO videos ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))  # noqa: S608  # our own names; values are bound


def _select(connection: sqlite3.Connection, condition: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(f"SELECT * FROM videos WHERE {condition}", list(values))]  # noqa: S608  # as above


def _record(row: Mapping[str, Any]) -> VideoRecord:
    moments: dict[str, Any] = {name: dt.datetime.fromisoformat(row[name]) for name in ("started_at", "recorded_at")}
    deleted = row["deleted_at"] and dt.datetime.fromisoformat(row["deleted_at"])
    names = (
        "path",
        "version",
        "video",
        "state",
        "reason",
        "size",
        "modified",
        "fingerprint",
        "store_id",
        "camera_id",
        "duration_s",
    )
    return VideoRecord(**{name: row[name] for name in names}, **moments, deleted_at=deleted)
