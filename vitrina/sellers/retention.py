"""Deleting what shows people once it has been kept long enough: videos, clips, pictures, frames and copies. Numbers stay.

Deletion is the one thing that cannot be repaired, so that each file has to prove itself: it lies where such files lie, is as it was
recorded, and no look that failed counts as one that found nothing. What cannot be deleted is told, and tried again the next time.
"""

from __future__ import annotations

import datetime as dt
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

import polars as pl
from upath import UPath

from vitrina.inbox.difference import FoundFile, local
from vitrina.inbox.messages import Message, message, shown
from vitrina.sellers.day_tables import DeletedFiles
from vitrina.sellers.evidence.names import SEPARATOR, video_of
from vitrina.sellers.retention_receipts import Attempt, write_receipts
from vitrina.sellers.tables import PATH_LENGTH, SELLERS
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.sellers.video_listing import list_videos, modified_at
from vitrina.sellers.video_names import SUFFIXES, NamePattern
from vitrina.settings import Settings

PATIENCE = 2
"""Retentions after which a video goes although nobody could evaluate it."""

AT_WORK = dt.timedelta(days=1)
"""A copy, or a half-written file, that is older belongs to no run any more: a day of video takes ten hours on the slowest machine."""

_OUTSIDE = "It does not lie where files of that kind lie, and is not touched."
_NEVER_EVALUATED = ("waiting", "refused")


def expire(settings: Settings, ledger: VideoLedger, evidence: pl.DataFrame, now: dt.datetime, root: UPath) -> pl.DataFrame:
    """Delete every file that shows people and has been kept longer than `sellers_retention_days`, and write receipts about it.

    A video that was evaluated, cannot be read or is a duplicate goes when it was first seen complete so long ago, and a new version
    of its name has a time of its own. One that still waits for its evaluation, or was refused for its name, is told first and goes
    after twice that time: a run that failed over a weekend, or a mistaken pattern of names, must not cost a day of numbers, but
    pictures of people are not kept for ever because a machine stands still. A video that was put back after it had gone is kept
    anew from the time it was written. Working copies go after a day.

    Parameters
    ----------
    settings
        Folders, and how long files are kept.
    ledger
        Which videos were seen when; it is told which have gone.
    evidence
        All rows of table `EvidenceFiles`. Clips and pictures of people that no row names any more go by their age.
    now
        The time, aware.
    root
        The product's folder of the inbox, on this machine or other storage.

    Returns
    -------
    polars.DataFrame
        Table `DeletedFiles`: what was deleted, and what could not be. Files that were gone before have no rows.

    Raises
    ------
    VitrinaError
        The ledger cannot be used. Receipts tell what was deleted before.
    """
    retention = dt.timedelta(days=settings.sellers_retention_days)
    records = _records(ledger)
    overdue = {one.video for one in records if one.video is not None and one.recorded_at + retention <= now}
    attempts: dict[str, Attempt] = {}
    found = chain(
        _Videos(settings, ledger, now, root).attempts(records),
        _evidence(settings, evidence, now),
        _unnamed(settings, set(evidence["path"]), overdue, now),
    )
    try:
        for attempt in found:
            attempts.setdefault(attempt.path, attempt)
    finally:
        write_receipts(settings.receipts / SELLERS, list(attempts.values()), now, settings.sellers_retention_days, settings.locales)
    rows = [
        (one.path, now.astimezone(dt.UTC), one.kind, one.video, one.size, None if one.failure is None else str(one.failure))
        for one in attempts.values()
    ]
    return DeletedFiles.check(pl.DataFrame(rows, schema=DeletedFiles.polars_schema(), orient="row").sort("path"))


@dataclass(frozen=True)
class _Record:
    """A version of a video, or of a file that was refused; `stamp` is its size and modification, where they are known."""

    path: str
    version: int
    video: str | None
    state: str
    size: int | None
    recorded_at: dt.datetime
    deleted_at: dt.datetime | None
    stamp: tuple[int, str] | None


def _records(ledger: VideoLedger) -> list[_Record]:
    """By path, older versions first."""
    # in this order: what is evaluated in between is in the second
    stamps = {(one.path, one.version): (one.size, one.modified) for one in ledger.waiting()}
    stamps |= {(one.path, one.version): (one.size, one.modified) for one in ledger.known()}
    names = ("path", "version", "video", "state", "size", "recorded_at", "deleted_at")
    rows = ledger.deliveries(None).sort("path", "version").select(names).iter_rows(named=True)
    return [_Record(**row, stamp=stamps.get((row["path"], row["version"]))) for row in rows]


class _Videos:
    """Deletes videos of the inbox whose time is over."""

    def __init__(self, settings: Settings, ledger: VideoLedger, now: dt.datetime, root: UPath) -> None:
        self._ledger, self._now, self._root = ledger, now, root
        self._retention = dt.timedelta(days=settings.sellers_retention_days)
        self._may_delete = settings.sellers_delete_videos
        self._pattern = NamePattern(settings.sellers_videos)

    def attempts(self, records: Iterable[_Record]) -> Iterator[Attempt]:
        """Go through all records, and through the files that they are about."""
        versions: dict[str, list[_Record]] = {}
        refused: dict[str, _Record] = {}
        for one in records:
            if one.state == "refused":
                refused[one.path] = one
            else:
                versions.setdefault(one.path, []).append(one)
        newest = [of_path[-1] for of_path in versions.values()]
        listing = list_videos(self._root, self._pattern)
        if listing is None:
            why = message("The inbox cannot be listed now.")
            yield from (_told(one, why) for one in newest if one.state != "expired" and self._due_at(one, None) <= self._now)
            return
        for of_path in versions.values():
            # their content went when the next version took their name
            self._note(one for one in of_path[:-1] if self._due_at(one, None) <= self._now)
        files = {file.path: file for file in listing.files}
        if not files:
            # it may be an outage that looks like an empty folder: nothing is noted as gone
            return
        for one in newest:
            yield from self._newest(one, files.get(one.path), files)
        for path, file in files.items():
            is_known = path in versions and versions[path][-1].stamp == (file.size, file.modified)
            if not is_known and shown(path) in refused:
                yield from self._refused(refused[shown(path)], file, files)

    def _newest(self, one: _Record, file: FoundFile | None, files: Collection[str]) -> Iterator[Attempt]:
        if file is None:
            if self._due_at(one, None) <= self._now:
                self._note([one])
        # other content, which the next look makes a version of
        elif (file.size, file.modified) == one.stamp:
            for attempt in self._when_due(one, file, files):
                if attempt.failure is None:
                    self._ledger.expired(one.path, one.version, self._now)
                yield attempt

    def _refused(self, one: _Record, file: FoundFile, files: Collection[str]) -> Iterator[Attempt]:
        """Of these, the ledger knows neither size nor content: the time of the last writing must be over as well."""
        if PurePosixPath(file.path).suffix.lower().lstrip(".") in SUFFIXES:
            yield from self._when_due(one, file, files)

    def _when_due(self, one: _Record, file: FoundFile, files: Collection[str]) -> Iterator[Attempt]:
        due_at = self._due_at(one, file)
        if due_at <= self._now:
            failure = self._delete(file, files) if self._may_delete else message("Settings leave videos to be deleted by others.")
            yield _told(one, failure, file)
        elif one.state in _NEVER_EVALUATED and due_at - (PATIENCE - 1) * self._retention <= self._now:
            at = f"{due_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
            yield _told(one, message("It was never evaluated. It is deleted on {at}, evaluated or not.", at=at), file)

    def _due_at(self, one: _Record, file: FoundFile | None) -> dt.datetime:
        written = modified_at(file) if file is not None else None
        written = written if written is not None and written <= self._now else None
        if one.state == "expired":
            since = one.deleted_at or one.recorded_at
            return max(since, written or since) + self._retention
        if one.state == "refused":
            return max(one.recorded_at, written or one.recorded_at) + PATIENCE * self._retention
        return one.recorded_at + (PATIENCE if one.state == "waiting" else 1) * self._retention

    def _note(self, gone: Iterable[_Record]) -> None:
        for one in gone:
            if one.state != "expired":
                # a video that was deleted, put back, evaluated and taken away was deleted when it was deleted first
                self._ledger.expired(one.path, one.version, one.deleted_at or self._now)

    def _delete(self, file: FoundFile, files: Collection[str]) -> Message | None:
        here = local(self._root)
        try:
            if here is not None:
                return _delete_delivered(here, file, files)
            self._root.fs.rm_file(f"{self._root.path.rstrip('/')}/{file.path}")
        except FileNotFoundError:
            return None
        except OSError as error:
            return _cannot(error)
        except Exception as error:  # pylint: disable=broad-exception-caught  # see below
            # each kind of storage has a family of errors of its own, which share no class with OSError
            if here is not None:
                raise
            return _cannot(error)
        return None


def _delete_delivered(here: Path, file: FoundFile, files: Collection[str]) -> Message | None:
    """Delete a video of this machine, or tell why not.

    A link goes, and what it leads to only where that is a video within the inbox that has no listed name of its own.
    """
    path, inside = here / file.path, here.resolve()
    target = path.resolve(strict=True)
    if not (target.is_relative_to(inside) and path.parent.resolve().is_relative_to(inside)):
        return message(_OUTSIDE)
    status = target.stat()
    if (status.st_size, str(status.st_mtime_ns)) != (file.size, file.modified):
        return message("It is being written to just now.")
    if path.is_symlink() and target.suffix.lower().lstrip(".") in SUFFIXES and target.relative_to(inside).as_posix() not in files:
        target.unlink()
    path.unlink()
    return None


def _told(one: _Record, failure: Message | None, file: FoundFile | None = None) -> Attempt:
    return Attempt(one.path, "video", one.video, one.size if file is None else file.size, failure)


def _cannot(error: Exception) -> Message:
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return message("It cannot be deleted: {why}.", why=shown(why))


def _evidence(settings: Settings, evidence: pl.DataFrame, now: dt.datetime) -> Iterator[Attempt]:
    """Clips and pictures that the table names."""
    ends = pl.col("expires_at")
    files = (
        evidence.sort("path", "video", "kind")
        .group_by("path", maintain_order=True)
        .agg(pl.col("video", "kind").first(), expires_at=pl.when(ends.is_not_null().all()).then(ends.max()))
        .filter(ends <= now)
    )
    for path, video, kind, _ in files.iter_rows():
        yield from _delete_ours(settings, settings.artifacts / SELLERS, path, "clip" if kind == "clip" else "picture", video)


def _unnamed(settings: Settings, named: Collection[str], overdue: Collection[str], now: dt.datetime) -> Iterator[Attempt]:
    """Files that no table names: frames for labelling, what an earlier evaluation left behind, copies, what was set apart."""
    retention = dt.timedelta(days=settings.sellers_retention_days)
    at_work = min(retention, AT_WORK)
    homes: Mapping[Path, Callable[[str], str | None]] = {
        settings.artifacts / SELLERS: _kind_of_artifact,
        settings.cache / SELLERS: lambda _: "copy",
        settings.quarantine / SELLERS: lambda name: "copy" if _is_video(name) else None,
    }
    for home, kind_of in homes.items():
        for file, failure in _walked(home):
            path = file.relative_to(settings.data).as_posix()
            if failure is not None:
                yield Attempt(_printable(path), "copy", failure=failure)
                continue
            kind, video, written = kind_of(file.name), video_of(file.name), _written(file)
            # what was made of a video late goes soon after it
            is_short = video in overdue or home == settings.cache / SELLERS or file.suffix == ".tmp"
            is_due = written is not None and written + (at_work if is_short else retention) <= now
            if kind is not None and is_due and path not in named:
                yield from _delete_ours(settings, home, path, kind, video)


def _kind_of_artifact(name: str) -> str | None:
    """What a file among the artifacts shows of people; None for what shows nobody, such as reports and heat maps."""
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".tmp":
        return "copy"
    if _is_video(name):
        return "clip"
    if ending in {".jpg", ".jpeg"} or (ending == ".csv" and video_of(name) is not None):
        return "frame"
    return "picture" if f"{SEPARATOR}interaction{SEPARATOR}" in name and video_of(name) is not None else None


def _is_video(name: str) -> bool:
    return PurePosixPath(name).suffix.lower().lstrip(".") in SUFFIXES


def _walked(home: Path) -> Iterator[tuple[Path, Message | None]]:
    """All files below a folder, links not followed, and the folders that cannot be listed."""
    refused: list[OSError] = []
    for folder, folders, names in os.walk(home, onerror=refused.append):
        folders.sort()
        yield from ((Path(folder, name), None) for name in sorted(names))
    for error in refused:
        if not isinstance(error, FileNotFoundError):
            yield Path(error.filename), _cannot(error)


def _written(file: Path) -> dt.datetime | None:
    """When a file was last written; None where it has gone since its folder was listed."""
    try:
        return dt.datetime.fromtimestamp(file.lstat().st_mtime, dt.UTC)
    except (OSError, OverflowError, ValueError):
        # no calendar reaches beyond the year 9999, and some file systems do
        return None


def _delete_ours(settings: Settings, home: Path, path: str, kind: str, video: str | None) -> Iterator[Attempt]:
    """Delete a file of the data folder, if it lies below `home`; what is gone already is not told.

    Parameters
    ----------
    path
        As a table or a listing names it, and as such not to be trusted.
    """
    size, failure = None, None
    try:
        file = settings.data / path
        if ".." in PurePosixPath(path).parts or not file.parent.resolve().is_relative_to(home.resolve()):
            failure = message(_OUTSIDE)
        else:
            status = file.lstat()
            size = status.st_size
            if stat.S_ISDIR(status.st_mode):
                failure = message(_OUTSIDE)
            else:
                file.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        # a ValueError is how a path with a null byte ends
        failure = _cannot(error)
    yield Attempt(_printable(path), kind, video, size, failure)


def _printable(path: str) -> str:
    return shown(path.encode("utf-8", "backslashreplace").decode(), PATH_LENGTH)
