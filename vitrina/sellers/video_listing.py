"""Which videos lie in the inbox, on this machine or on other storage, and how one of them is opened and identified."""

from __future__ import annotations

import datetime as dt
import io
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from upath import UPath

from vitrina.errors import DeliveryError
from vitrina.inbox.difference import MAX_DEPTH, FoundFile, Listing, is_ignored, local
from vitrina.inbox.messages import shown
from vitrina.sellers.fingerprints import MIB, fingerprint
from vitrina.sellers.video_names import NamePattern

CONTRACT = "videos"
"""What ledger and listing call the files."""

UNFINISHED = ("~", ".partial", ".filepart", ".crdownload", ".download", ".swp")
"""Endings that programs give to what they are still copying, beside those that no inbox reads."""

_MODIFIED = ("LastModified", "last_modified", "modified", "mtime", "updated", "modify", "created")
_TAGS = ("ETag", "etag", "md5")
_LOG = logging.getLogger(__name__)

_Listed = tuple[list[tuple[str, int, str]], list[str], list[str]]
"""Files with size and modification; what cannot be told; links that were not followed."""


def list_videos(root: UPath, pattern: NamePattern) -> Listing | None:
    """Look at the videos of the inbox.

    Whatever is hidden, or named as something unfinished, is left out. A link to another file below the root is that file
    under another name; links that leave the root, lead to folders, run in circles or cannot be read are listed as
    `outside`. No file is opened.

    Parameters
    ----------
    root
        The product's folder: on this machine, or anything that fsspec reads.
    pattern
        How videos are named; only its fixed folders are looked into.

    Returns
    -------
    Listing or None
        Files by path, relative to the root. None where a folder cannot be listed: an outage is not an empty inbox. A
        folder that does not exist in an inbox that does is empty.
    """
    here = local(root)
    try:
        files, unclear, outside = _here(here, pattern.folder) if here is not None else _elsewhere(root, pattern.folder)
    except OSError as error:
        _LOG.warning("The videos in %s cannot be listed: %s", root, error)
        return None
    except Exception as error:  # pylint: disable=broad-exception-caught  # see below
        # each kind of storage has a family of errors of its own, which share no class with OSError
        if here is not None:
            raise
        _LOG.warning("The videos in %s cannot be listed: %s: %s", root, type(error).__name__, error)
        return None
    found = [FoundFile(path, size, modified, CONTRACT) for path, size, modified in sorted(files)]
    return Listing(tuple(found), tuple(sorted(map(shown, unclear))), tuple(sorted(map(shown, outside))))


def open_video(root: UPath, path: str) -> BinaryIO:
    """Open a video that a listing has shown.

    Parameters
    ----------
    root, path
        As listed.

    Raises
    ------
    OSError
        It cannot be read now.
    DeliveryError
        It has become a link that leaves the root.
    """
    here = local(root)
    if here is None:
        with _as_os_errors(path):
            # without reading ahead: a fingerprint needs a few blocks of a large file
            opened = _storage(root).open(f"{root.path.rstrip('/')}/{path}", "rb", cache_type="none")
        return cast("BinaryIO", _Elsewhere(opened, path))
    target = (here / path).resolve()
    if not target.is_relative_to(here.resolve()):
        raise DeliveryError(f"{shown(path)} is a link that leaves {here}.", "Copy the video there instead.")
    return target.open("rb")


def identify(root: UPath, found: FoundFile) -> str | None:
    """The fingerprint of a file, or None where it is no longer as it was listed.

    Parameters
    ----------
    root, found
        As listed.

    Raises
    ------
    OSError
        It cannot be read now.
    """
    as_listed = _is_as_listed if local(root) is None else _is_as_listed_here
    try:
        with open_video(root, found.path) as file:
            if not as_listed(root, found, file):
                return None
            made = fingerprint(file, found.size)
            return made if as_listed(root, found, file) else None
    except (FileNotFoundError, DeliveryError):
        return None


def _is_as_listed_here(_: UPath, found: FoundFile, file: BinaryIO) -> bool:
    return _stamp(os.fstat(file.fileno())) == (found.size, found.modified)


def _is_as_listed(root: UPath, found: FoundFile, _: BinaryIO) -> bool:
    path = f"{root.path.rstrip('/')}/{found.path}"
    with _as_os_errors(found.path):
        root.fs.invalidate_cache(path)
        entry = root.fs.info(path)
    if entry.get("size") != found.size:
        return False
    # times are told to the second here, and more exactly there
    tag = _tag(entry)
    return found.modified.endswith(tag) if tag else found.modified.partition(" ")[0] == _modification(entry)


def modified_at(found: FoundFile) -> dt.datetime | None:
    """When a file was last written, where the listing tells it."""
    try:
        if found.modified.isdecimal():
            # on this machine: nanoseconds, which a float does not hold
            return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(found.modified) // 1000)
        at = dt.datetime.fromisoformat(found.modified.partition(" ")[0])
    except (ValueError, OverflowError):
        # no calendar reaches beyond the year 9999, and some file systems do
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _here(root: Path, folder: str) -> _Listed:
    top = root / folder
    if not top.exists():
        # an inbox that is not mounted has no folders either: only a listing of it tells the two apart
        list((root if root.exists() else root.parent).iterdir())
        return [], [], []
    if not top.resolve().is_relative_to(root.resolve()):
        return [], [], [folder]
    walk = _Walk(root.resolve())
    walk.enter(top, 0, folder)
    return walk.files, walk.unclear, walk.outside


class _Walk:
    """Collects files below a folder of this machine, without following links out of the root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[tuple[str, int, str]] = []
        self.unclear: list[str] = []
        self.outside: list[str] = []

    def enter(self, folder: Path, depth: int, relative: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_unfinished(entry.name):
                    self._take(entry, depth, f"{relative}/{entry.name}".lstrip("/"))

    def _take(self, entry: os.DirEntry[str], depth: int, path: str) -> None:
        if not _is_unicode(entry.name):
            self.unclear.append(path.encode("utf-8", "backslashreplace").decode())
        elif entry.is_symlink():
            self._follow_within(Path(entry.path), path)
        elif entry.is_dir(follow_symlinks=False):
            if depth >= MAX_DEPTH:
                self.unclear.append(path)
            else:
                self.enter(Path(entry.path), depth + 1, path)
        # a pipe would never end, a device never begin
        elif entry.is_file(follow_symlinks=False):
            # it may have gone since the folder was listed
            with suppress(FileNotFoundError):
                self.files.append((path, *_stamp(entry.stat(follow_symlinks=False))))

    def _follow_within(self, link: Path, path: str) -> None:
        try:
            target = link.resolve(strict=True)
            if target.is_relative_to(self.root) and target.is_file() and not is_unfinished(target.name):
                self.files.append((path, *_stamp(target.stat())))
                return
        except (OSError, RuntimeError):
            # a RuntimeError is how Python 3.11 and 3.12 tell of a link to itself
            pass
        self.outside.append(path)


def is_unfinished(name: str) -> bool:
    """Whether a name says that a file is hidden, or not yet complete."""
    return is_ignored(name) or name.lower().endswith(UNFINISHED)


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stamp(status: os.stat_result) -> tuple[int, str]:
    return status.st_size, str(status.st_mtime_ns)


def _elsewhere(root: UPath, folder: str) -> _Listed:
    storage = _storage(root)
    # a file system lives as long as the process, and would show what it saw at the first look
    storage.invalidate_cache()
    base = root.path.rstrip("/")
    top = f"{base}/{folder}".rstrip("/")
    if not _is_there(storage, top):
        # object stores have no empty folders: where the bucket answers, the inbox is empty
        storage.ls(base if _is_there(storage, base) else root.drive or root.parent.path, detail=True)
        return [], [], []
    files: list[tuple[str, int, str]] = []
    unclear: list[str] = []
    for entry in _entries(storage, top, 0):
        path = entry["name"].strip("/").removeprefix(base.strip("/")).lstrip("/")
        if entry["type"] != "file" or entry.get("size") is None or not _is_unicode(path):
            unclear.append(path.encode("utf-8", "backslashreplace").decode())
        else:
            files.append((path, int(entry["size"]), _modification(entry)))
    return files, unclear, []


def _is_there(storage: Any, path: str) -> bool:
    """Whether a folder exists: `exists` of fsspec says no for whatever goes wrong."""
    try:
        storage.info(path)
    except FileNotFoundError:
        return False
    return True


def _entries(storage: Any, folder: str, depth: int) -> Iterator[Mapping[str, Any]]:
    """What lies below a folder, and folders that are too deep to enter.

    `find` of fsspec is not used, for it takes a folder that cannot be listed for an empty one.
    """
    for entry in storage.ls(folder, detail=True):
        path = entry["name"].rstrip("/")
        # object stores list the marker of a folder in the folder itself
        if path.strip("/") == folder.strip("/") or is_unfinished(path.rpartition("/")[2]):
            continue
        if entry["type"] == "directory" and depth < MAX_DEPTH:
            yield from _entries(storage, path, depth + 1)
        else:
            yield entry


def _modification(entry: Mapping[str, Any]) -> str:
    """Time and tag, as far as the storage tells them."""
    time = next((entry[name] for name in _MODIFIED if entry.get(name)), "")
    if isinstance(time, int | float):
        time = dt.datetime.fromtimestamp(time, dt.UTC)
    if isinstance(time, dt.datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).astimezone(dt.UTC).isoformat()
    elif str(time).isdecimal():
        # as FTP writes it: 20261014090000
        time = f"{time[:8]}T{time[8:]}"
    return f"{str(time).replace(' ', 'T')} {_tag(entry)}".strip()


def _tag(entry: Mapping[str, Any]) -> str:
    return next((str(entry[name]) for name in _TAGS if entry.get(name)), "")


def _storage(root: UPath) -> Any:
    """The file system of other storage.

    That of WebDAV asks for addresses of which it has not quoted all that it must, so that one folder named `till #1` would be an
    outage of all; and it shows the password, which can only be given in the address, in messages.
    """
    storage: Any = root.fs
    if root.protocol == "webdav" and "join_url" not in vars(storage.client):
        client = storage.client
        # of the class: two threads that do this at once do it once
        as_it_is, address = type(client).join_url, client.base_url
        client.join_url = lambda path, **more: as_it_is(client, re.sub("[%?#]", lambda found: quote(found[0]), path), **more)
        if address.userinfo:
            client.http.auth = (address.username, address.password)
            client.base_url = address.copy_with(userinfo=b"")
    return storage


@contextmanager
def _as_os_errors(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, DeliveryError):
        raise
    # as when listing
    except Exception as error:
        raise OSError(f"{shown(path)} cannot be read from its storage: {type(error).__name__}: {error}") from error


class _Elsewhere(io.RawIOBase):
    """A file on other storage, whose errors are those of files here.

    Not every server sends a file from where one wants it: there, what lies before is read and forgotten.
    """

    def __init__(self, file: Any, path: str) -> None:
        self._file = file
        self._path = path
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with _as_os_errors(self._path):
            try:
                self._at = self._file.seek(offset, whence)
            except ValueError:
                if whence != os.SEEK_SET or offset < self._at:
                    raise
                while self._at < offset and self.read(min(offset - self._at, MIB)):
                    pass
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        with _as_os_errors(self._path):
            piece: bytes = self._file.read(-1 if size is None else size)
        self._at += len(piece)
        return piece

    def close(self) -> None:
        with _as_os_errors(self._path):
            self._file.close()
        super().close()
