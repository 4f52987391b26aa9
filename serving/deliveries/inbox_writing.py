"""Putting a complete file into the inbox, on this machine or on other storage: whole or not at all, and never over another in silence."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from upath import UPath

from serving.deliveries.refusals import AlreadyThereError, InboxUnwritableError
from vitrina.errors import VitrinaError
from vitrina.files import CHUNK
from vitrina.inbox.difference import local
from vitrina.settings import Settings

_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"})
"""Storage where nothing is there before all of it is; elsewhere a file is written under a name that nobody reads, and renamed."""

_WAIT_S = 30.0

_UNWRITABLE = "The inbox cannot be written: {reason}."
_KEPT = "Nothing was delivered, and the upload is kept. Ask whoever runs Vitrina to see to it, then deliver it again."


@dataclass(frozen=True)
class Existing:
    """What the inbox holds under a name.

    Attributes
    ----------
    size
        In bytes.
    stamp
        Changes when the file does.
    """

    size: int
    stamp: str


@dataclass(frozen=True)
class Inbox:
    """The inbox of a product, for writing.

    Attributes
    ----------
    settings
        For its folder.
    product
        Whose.
    """

    settings: Settings
    product: str

    @property
    def folder(self) -> UPath:
        """The product's folder."""
        return self.settings.inbox_folder / self.product

    def existing(self, path: str) -> Existing | None:
        """What stands under a path, if anything does.

        Raises
        ------
        InboxUnwritableError
            It cannot be found out.
        """
        with self._told():
            here = local(self.folder)
            if here is not None:
                try:
                    status = (here / path).lstat()
                except (FileNotFoundError, NotADirectoryError):
                    return None
                return Existing(status.st_size, f"{status.st_size}-{status.st_mtime_ns}")
            target = self.folder / path
            target.fs.invalidate_cache()
            try:
                info: dict[str, Any] = target.fs.info(target.path)
            except FileNotFoundError:
                return None
            told = next(
                (
                    str(info[name])
                    for name in ("ETag", "etag", "md5", "LastModified", "modified", "mtime", "created")
                    if info.get(name)
                ),
                "",
            )
            return Existing(int(info.get("size") or 0), hashlib.sha256(f"{info.get('size')} {told}".encode()).hexdigest()[:32])

    def put(self, part: Path, path: str, *, replaces: str | None) -> None:
        """Put a file into the inbox.

        Parameters
        ----------
        part
            The file; it stays where it is.
        path
            Where it goes within the product's folder.
        replaces
            The stamp of what it may take the place of; None for nothing.

        Raises
        ------
        AlreadyThereError
            Something else is there.
        InboxUnwritableError
            The inbox cannot be written.
        """
        with self._alone(path), self._told():
            self._refuse_ours(path)
            existing = self.existing(path)
            if existing is not None and existing.stamp != replaces:
                raise _already_there(path)
            here = local(self.folder)
            if here is None:
                self._put_elsewhere(part, path)
            else:
                self._put_here(part, here, path, may_replace=existing is not None)

    def _refuse_ours(self, path: str) -> None:
        """What Vitrina has recorded itself stands under the same paths, and wins over what is delivered."""
        if (self.settings.decisions_folder / self.product / path).exists():
            raise AlreadyThereError("Vitrina itself has recorded something under this name.", "Give the file another name.")

    def _put_here(self, part: Path, folder: Path, path: str, *, may_replace: bool) -> None:
        target = folder / path
        self._make_folder(target.parent, folder)
        temporary = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            _copy(part, temporary)
            if may_replace:
                temporary.replace(target)
            else:
                _move_to_free_name(temporary, target, path)
        finally:
            temporary.unlink(missing_ok=True)

    def _make_folder(self, folder: Path, product: Path) -> None:
        root = product.parent
        if not self.settings.inbox:
            root.mkdir(parents=True, exist_ok=True)
        elif not root.is_dir():
            # a share that is not mounted: what was written beneath it would be hidden when it is
            raise InboxUnwritableError("The inbox is not there.", "Ask whoever runs Vitrina to mount it; the upload is kept.")
        folder.mkdir(parents=True, exist_ok=True)
        if not folder.resolve().is_relative_to(root.resolve()):
            raise InboxUnwritableError(
                "The folder in the inbox is a link that leaves it.", "Ask whoever runs Vitrina to correct it."
            )

    def _put_elsewhere(self, part: Path, path: str) -> None:
        target = self.folder / path
        storage: Any = target.fs
        if target.protocol in _OBJECT_STORES:
            storage.put_file(str(part), target.path)
            return
        folder, _, name = target.path.rpartition("/")
        storage.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/.{secrets.token_hex(8)}-{name}.part"
        try:
            storage.put_file(str(part), temporary)
            with suppress(FileNotFoundError):
                storage.rm_file(target.path)
            storage.mv(temporary, target.path)
        except BaseException:
            with suppress(Exception):
                storage.rm_file(temporary)
            raise

    @contextmanager
    def _alone(self, path: str) -> Iterator[None]:
        """Two people may deliver under the same name at once: the second is to see what the first has done."""
        locks = self.settings.data / "uploads"
        locks.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(f"{self.product}/{path.casefold()}".encode()).hexdigest()[:32]
        try:
            with FileLock(locks / f"to-{name}.lock", timeout=_WAIT_S):
                yield
        except Timeout:
            raise AlreadyThereError("Somebody else is delivering under this name.", "Look again in a moment.") from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except VitrinaError:
            raise
        except OSError as error:
            raise _unwritable(error) from error
        except Exception as error:
            # each kind of storage has a family of errors of its own, which share no class with OSError
            if local(self.folder) is not None:
                raise
            raise InboxUnwritableError(_UNWRITABLE, _KEPT, reason=type(error).__name__) from error


def _copy(part: Path, target: Path) -> None:
    """The same bytes under another name: a second link where both lie on one disk, a copy that is safely on disk elsewhere."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(part, target)
    except OSError:
        with part.open("rb") as source, target.open("xb") as written:
            shutil.copyfileobj(source, written, CHUNK)
            written.flush()
            os.fsync(written.fileno())


def _move_to_free_name(temporary: Path, target: Path, path: str) -> None:
    try:
        # unlike a rename, it fails where the name is taken
        os.link(temporary, target)
    except FileExistsError:
        raise _already_there(path) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        temporary.rename(target)


def _already_there(path: str) -> AlreadyThereError:
    return AlreadyThereError(
        "The inbox holds another file under the name {path}.",
        "Delivering replaces it, and its rows: say so, or give the file another name.",
        path=path,
    )


def _unwritable(error: OSError) -> InboxUnwritableError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return InboxUnwritableError(_UNWRITABLE, _KEPT, reason=reason)
