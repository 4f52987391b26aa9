"""Uploads that are under way: a folder each, with the part that has come so far and a small file that says whose it is.

How much has come is the part's own size, so nothing can say otherwise after a crash. Several processes may work on the same
uploads: each holds an upload's lock while it changes it.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from serving.deliveries.refusals import NoRoomError, TooManyUploadsError, UploadBusyError, UploadGoneError
from vitrina.files import write_atomically
from vitrina.settings import Settings

GIGABYTE = 1_000_000_000
KEPT_AFTER_S = 7 * 24 * 3600.0
"""How long it is remembered who delivered what."""

_ID = re.compile("[0-9a-f]{32}")
_RECORD, _PART, _LOCK, VERDICT = "upload.json", "part", "lock", "verdict.json"


@dataclass(frozen=True)
class Upload:
    """One file on its way.

    Attributes
    ----------
    id, product
        Which, and whose inbox it is for.
    owner, by
        Identifier and name of the person: nobody else goes on with it.
    filename, metadata
        As the sender named it and said of it.
    contract, path
        What it will be read as, and where it goes within the product's folder.
    store
        Of a video; empty for everything else.
    length
        Bytes of the whole file.
    notes
        What had to be decided about its name.
    created_at
        When it began.
    delivered_at, fingerprint
        When it was put into the inbox, and its content as the ledger will tell it; None before.
    """

    id: str
    product: str
    owner: str
    by: str
    filename: str
    contract: str
    path: str
    length: int
    created_at: dt.datetime
    store: str = ""
    metadata: str = ""
    notes: tuple[str, ...] = ()
    delivered_at: dt.datetime | None = None
    fingerprint: str | None = None

    @property
    def inbox_path(self) -> str:
        """The path as receipts name it."""
        return f"{self.product}/{self.path}"

    def as_json(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), default=lambda value: value.isoformat())

    @classmethod
    def from_json(cls, text: str) -> Upload:
        """What `as_json` stored."""
        stored: dict[str, Any] = json.loads(text)
        moments = {name: stored[name] and dt.datetime.fromisoformat(stored[name]) for name in ("created_at", "delivered_at")}
        return cls(**(stored | moments | {"notes": tuple(stored["notes"])}))


@dataclass(frozen=True)
class Uploads:
    """All uploads of a data folder.

    Attributes
    ----------
    settings
        For the folder and the limits.
    """

    settings: Settings

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.settings.data / "uploads"

    @property
    def most_bytes(self) -> int:
        """The largest file that is taken."""
        return int(self.settings.pages_upload_gb * GIGABYTE)

    def part(self, upload: Upload) -> Path:
        """What has come so far."""
        return self.folder / upload.id / _PART

    def verdict(self, upload: Upload) -> Path:
        """What was found in the complete file."""
        return self.folder / upload.id / VERDICT

    def received(self, upload: Upload) -> int:
        """How many bytes have come."""
        try:
            return self.part(upload).stat().st_size
        except FileNotFoundError:
            return upload.length if upload.delivered_at else 0

    def expires_at(self, upload: Upload) -> dt.datetime:
        """When it is deleted if nobody goes on with it."""
        if upload.delivered_at is not None:
            return upload.delivered_at + dt.timedelta(seconds=KEPT_AFTER_S)
        touched = upload.created_at
        with suppress(FileNotFoundError):
            touched = max(touched, dt.datetime.fromtimestamp(self.part(upload).stat().st_mtime, dt.UTC))
        return touched + dt.timedelta(hours=self.settings.pages_upload_hours)

    def begin(self, upload: Upload, now: dt.datetime) -> Upload:
        """Make room for an upload.

        Raises
        ------
        TooManyUploadsError
            The person has too many under way.
        NoRoomError
            The disk has no room for it.
        """
        self.sweep(now)
        self.folder.mkdir(parents=True, exist_ok=True)
        made = replace(upload, id=secrets.token_hex(16))
        try:
            # two requests at once must not both be the last one that is allowed
            with FileLock(self.folder / f"{hashlib.sha256(upload.owner.encode()).hexdigest()[:32]}.lock", timeout=10):
                limit = self.settings.pages_uploads_per_person
                if sum(one.delivered_at is None for one in self.of(upload.owner)) >= limit:
                    raise TooManyUploadsError(
                        "You have {limit} uploads under way.",
                        "Deliver or discard some of them; the limit is a setting.",
                        limit=limit,
                    )
                if upload.length > shutil.disk_usage(self.folder).free:
                    raise _no_room()
                folder = self.folder / made.id
                folder.mkdir()
                self.part(made).touch()
                write_atomically(folder / _RECORD, made.as_json())
        except OSError as error:
            shutil.rmtree(self.folder / made.id, ignore_errors=True)
            raise as_no_room(error) from error
        return made

    def find(self, upload_id: str, owner: str, now: dt.datetime) -> Upload | None:
        """Somebody's upload; None where there is none, or it is another's.

        Raises
        ------
        UploadGoneError
            Nobody has gone on with it for too long.
        """
        found = self._read(upload_id)
        if found is None or found.owner != owner:
            return None
        if self.expires_at(found) <= now:
            raise UploadGoneError("Nobody has gone on with this upload for too long.", "Begin it anew.")
        return found

    def of(self, owner: str) -> list[Upload]:
        """Everything of somebody's, the latest first."""
        return sorted((one for one in self.everything() if one.owner == owner), key=lambda one: one.created_at, reverse=True)

    def everything(self) -> list[Upload]:
        """All of everybody's."""
        if not self.folder.is_dir():
            return []
        return [found for child in self.folder.iterdir() if (found := self._read(child.name)) is not None]

    @contextmanager
    def held(self, upload: Upload, *, wait_s: float = 0) -> Iterator[Upload]:
        """The upload as it is now, which nobody else changes meanwhile.

        Raises
        ------
        UploadBusyError
            Somebody else holds it.
        UploadGoneError
            It has gone.
        """
        if self._read(upload.id) is None:
            # asking for the lock would make its folder again
            raise _gone()
        lock = self._lock(upload)
        try:
            # a request's steps run on several threads
            lock.acquire(timeout=wait_s)
        except Timeout:
            raise UploadBusyError(
                "Another request works on this upload.", "Wait for it, ask for the offset, and go on from there."
            ) from None
        try:
            found = self._read(upload.id)
            if found is None:
                raise _gone()
            yield found
        finally:
            lock.release()

    def write(self, upload: Upload) -> None:
        """Store what has changed; its lock is held."""
        write_atomically(self.folder / upload.id / _RECORD, upload.as_json())

    def forget(self, upload: Upload) -> None:
        """Delete an upload and all that came of it; its lock is held."""
        folder = self.folder / upload.id
        # first the record: what has none is no upload, however much of the rest is still there
        (folder / _RECORD).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, now: dt.datetime) -> None:
        """Delete what nobody goes on with."""
        if not self.folder.is_dir():
            return
        for child in self.folder.iterdir():
            found = self._read(child.name)
            if found is None:
                self._sweep_remains(child)
            elif self.expires_at(found) <= now:
                with suppress(UploadBusyError, UploadGoneError), self.held(found):
                    self.forget(found)

    def _sweep_remains(self, child: Path) -> None:
        """A folder without a record: it was being made, or deleted, when the process ended."""
        with suppress(OSError):
            if _ID.fullmatch(child.name) and child.is_dir() and time.time() - child.stat().st_mtime > 3600:
                shutil.rmtree(child, ignore_errors=True)

    def _lock(self, upload: Upload) -> FileLock:
        return FileLock(self.folder / upload.id / _LOCK, thread_local=False)

    def _read(self, upload_id: str) -> Upload | None:
        if _ID.fullmatch(upload_id) is None:
            return None
        try:
            return Upload.from_json((self.folder / upload_id / _RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def as_no_room(error: OSError) -> NoRoomError:
    """What people are told when their file cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _no_room()
    return NoRoomError(
        "The file cannot be written: {reason}.",
        "Tell whoever runs Vitrina; what has come so far is kept.",
        reason=os.strerror(error.errno or 0),
    )


def _no_room() -> NoRoomError:
    return NoRoomError(
        "There is no room on the disk for this file.", "Ask whoever runs Vitrina for room; what has come so far is kept."
    )


def _gone() -> UploadGoneError:
    return UploadGoneError("This upload is no longer there.", "Begin it anew.")
