"""A video's file while it is needed: where it lies, or a copy of what lies on other storage; and what is said once it is gone."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from upath import UPath

from vitrina.errors import DeliveryError, VitrinaError
from vitrina.inbox.difference import local
from vitrina.inbox.messages import shown
from vitrina.sellers.fingerprints import fingerprint
from vitrina.sellers.tables import SELLERS
from vitrina.sellers.video_ledger import VideoRecord
from vitrina.sellers.video_listing import identify, open_video
from vitrina.settings import Settings


class VideoGoneError(VitrinaError):
    """A video's file is no longer there, so that nobody can look at it again."""


@contextmanager
def file_of(record: VideoRecord, settings: Settings) -> Iterator[Path]:
    """The video as a file on this machine, for as long as the context lasts.

    What lies on other storage is copied to the cache, and the copy deleted afterwards.

    Parameters
    ----------
    record
        As of `VideoLedger.find`.
    settings
        For the inbox, the cache, and how long videos are kept.

    Raises
    ------
    VideoGoneError
        It has expired, is gone, or its name has other content by now. What was computed from it stays as it is.
    VitrinaError
        It cannot be read now.
    """
    root = settings.inbox_folder / SELLERS
    try:
        if identify(root, record.found) != record.fingerprint and not _is_back(root, record):
            raise _gone(record, settings)
        here = local(root)
        if here is not None:
            yield (here / record.path).resolve()
            return
        with _copied(record, settings) as copy:
            yield copy
    except OSError as error:
        raise VitrinaError(
            f"The video {shown(record.path)} cannot be read now: {error}.",
            "Check that the inbox is reachable; the run can be repeated.",
        ) from error


@contextmanager
def _copied(record: VideoRecord, settings: Settings) -> Iterator[Path]:
    folder = settings.cache / SELLERS
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(record.video.encode()).hexdigest()[:24]
    copy = folder / f"{name}{PurePosixPath(record.path).suffix[:8]}"
    try:
        with open_video(settings.inbox_folder / SELLERS, record.path) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 22)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _is_back(root: UPath, record: VideoRecord) -> bool:
    """Whether the same content lies there under another date: somebody has put the file back."""
    try:
        with open_video(root, record.path) as file:
            return file.seek(0, os.SEEK_END) == record.size and fingerprint(file, record.size) == record.fingerprint
    except (FileNotFoundError, DeliveryError):
        return False


def _gone(record: VideoRecord, settings: Settings) -> VideoGoneError:
    why = "is no longer in the inbox, or its name has other content by now"
    if record.deleted_at is not None:
        days = f"{settings.sellers_retention_days:g}"
        why = f"was deleted on {record.deleted_at:%Y-%m-%d %H:%M} UTC, as videos are kept {days} days"
    return VideoGoneError(
        f"The video {shown(record.path)} {why}: nobody can be detected on it again.",
        "What was detected is stored: people, interactions and metrics can be computed anew from it. To detect again, put the file back.",
    )
