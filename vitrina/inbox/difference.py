"""What is new in the inbox: pure comparisons of what was found with what is known.

A listing that failed is None and changes nothing, so an outage cannot look like an empty inbox; and a file that is gone
deletes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from upath import UPath

from vitrina.inbox.contract import Contract, contract_for

LOOKS = 2
"""A file is complete when this many looks in a row found the same size and modification."""

MAX_DEPTH = 16

Stamp = tuple[str, int, str]
"""Path relative to the root of the inbox that holds it, size in bytes, and modification (nanoseconds, or an ETag where the storage has one)."""

Pending = dict[str, list[Any]]
"""A sensor's cursor, as JSON holds it: path → size, modification, and looks that found them so."""


@dataclass(frozen=True)
class FoundFile:
    """A file of the inbox that a contract knows.

    Attributes
    ----------
    path
        Relative to the root that holds it.
    size, modified
        What the listing says.
    contract
        Name of the contract.
    is_ours
        Whether the root is the one that Vitrina writes itself. Not part of what tells files apart: the ledger does not know it.
    """

    path: str
    size: int
    modified: str
    contract: str
    is_ours: bool = field(default=False, compare=False)

    @property
    def stamp(self) -> Stamp:
        """What identifies the file without reading it."""
        return self.path, self.size, self.modified


@dataclass(frozen=True)
class Listing:
    """One look at a product's folders in the roots of the inbox.

    Attributes
    ----------
    files
        What contracts know, by contract and then by age: masters first, older before newer.
    unexpected
        Paths that no contract knows, whose names are not Unicode, or that our own root holds as well.
    outside
        Links that leave the inbox, run in circles, or cannot be read; they are never followed.
    """

    files: tuple[FoundFile, ...]
    unexpected: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What to do after one look.

    Attributes
    ----------
    complete
        Files to read now, in the order of the listing.
    still_growing
        Paths that changed since the last look, or were seen for the first time.
    pending
        The cursor for the next look.
    """

    complete: tuple[FoundFile, ...]
    still_growing: tuple[str, ...]
    pending: Pending


def difference(found: Listing | None, known: Collection[Stamp], pending: Mapping[str, Sequence[Any]]) -> Difference:
    """Compare one look with what is known and with the look before.

    Parameters
    ----------
    found
        The look; None where it failed.
    known
        What the ledger knows: path, size and modification.
    pending
        The cursor that the look before left.
    """
    if found is None:
        return Difference((), (), {path: list(seen) for path, seen in pending.items()})
    unknown = [file for file in found.files if file.stamp not in known]
    looks = {file.path: _looks(file, pending.get(file.path)) for file in unknown}
    return Difference(
        complete=tuple(file for file in unknown if looks[file.path] >= LOOKS),
        still_growing=tuple(file.path for file in unknown if looks[file.path] < LOOKS),
        pending={file.path: [file.size, file.modified, looks[file.path]] for file in unknown},
    )


def request_key(files: Iterable[FoundFile], reopenings: int = 0) -> str:
    """A stable key for the run that reads these files: the same files, in any order, give the same key.

    Parameters
    ----------
    files
        What the run is to read.
    reopenings
        `Ledger.reopenings`: files that are to be read again have not changed, but need a new run.
    """
    stamps = [list(stamp) for stamp in sorted(file.stamp for file in files)]
    return hashlib.sha256(json.dumps([stamps, reopenings]).encode()).hexdigest()[:32]


def _looks(file: FoundFile, before: Sequence[Any] | None) -> int:
    """Looks in a row that found the file as it is now, this one included; no more than are needed."""
    if before is None or list(before[:2]) != [file.size, file.modified]:
        return 1
    return min(int(before[2]) + 1, LOOKS)


def list_inbox(
    folder: UPath, contracts: Sequence[Contract], ours: UPath | None = None, *, read_elsewhere: Collection[str] = ()
) -> Listing | None:
    """Look at a product's folder of the inbox, and at what Vitrina itself has written for it.

    Parameters
    ----------
    folder
        The product's folder; its parent is the inbox. A folder that does not exist in an inbox that does is empty.
    contracts
        The product's contracts, in order.
    ours
        The product's folder in our own root; empty where it does not exist. What stands there cannot be replaced by a
        delivery: where both hold the same path, the delivered file is unexpected.
    read_elsewhere
        Folders, relative to the product's, that are not looked into: their files have a reader of their own.

    Returns
    -------
    Listing or None
        None when either cannot be listed.
    """
    try:
        if not folder.exists():
            # an inbox that is not mounted has no folders either: only a listing of it tells the two apart
            list(folder.parent.iterdir())
        delivered, own = (_listed(root, contracts, read_elsewhere) for root in (folder, ours))
    except OSError:
        return None
    return _together(own, delivered, contracts)


def _listed(folder: UPath | None, contracts: Sequence[Contract], read_elsewhere: Collection[str]) -> Listing:
    if folder is None or not folder.exists():
        return Listing(())
    walk = _Walk(folder, read_elsewhere)
    walk.enter(folder, 0)
    return walk.listing(contracts)


def _together(own: Listing, delivered: Listing, contracts: Sequence[Contract]) -> Listing:
    """Both roots as one listing, by contract and then by age."""
    taken = {file.path for file in own.files}
    files = [replace(file, is_ours=True) for file in own.files] + [file for file in delivered.files if file.path not in taken]
    order = {contract.name: position for position, contract in enumerate(contracts)}
    files.sort(key=lambda file: (order[file.contract], _age(file.modified), file.path))
    hidden = tuple(file.path for file in delivered.files if file.path in taken)
    return Listing(tuple(files), (*own.unexpected, *delivered.unexpected, *hidden), (*own.outside, *delivered.outside))


class _Walk:
    """Collects files below a folder, without following links out of it."""

    def __init__(self, folder: UPath, read_elsewhere: Collection[str] = ()) -> None:
        self.folder = folder
        self.read_elsewhere = frozenset(read_elsewhere)
        self.files: list[tuple[str, int, str]] = []
        self.unexpected: list[str] = []
        self.outside: list[str] = []

    def enter(self, folder: UPath, depth: int) -> None:
        for child in sorted(folder.iterdir(), key=lambda child: child.name):
            relative = child.path.removeprefix(self.folder.path).lstrip("/")
            if is_ignored(child.name) or relative in self.read_elsewhere:
                continue
            if not _is_unicode(child.name):
                self.unexpected.append(relative.encode("utf-8", "backslashreplace").decode())
            elif (link := local(child)) is not None and link.is_symlink():
                self._follow_within(link, relative)
            elif child.is_dir():
                if depth < MAX_DEPTH:
                    self.enter(child, depth + 1)
            # a pipe would never end, a device never begin
            elif child.is_file() and (stamp := _stamp(child)) is not None:
                self.files.append((relative, *stamp))

    def _follow_within(self, link: Path, relative: str) -> None:
        try:
            target = link.resolve()
            if not target.is_relative_to(Path(self.folder.path).resolve()):
                self.outside.append(f"{self.folder.name}/{relative}")
            elif target.is_file() and not is_ignored(target.name):
                status = target.stat()
                self.files.append((relative, status.st_size, str(status.st_mtime_ns)))
        except (OSError, RuntimeError):
            # a RuntimeError is how Python 3.11 and 3.12 tell of a link to itself
            self.outside.append(f"{self.folder.name}/{relative}")

    def listing(self, contracts: Sequence[Contract]) -> Listing:
        found, unexpected = [], [f"{self.folder.name}/{path}" for path in self.unexpected]
        for relative, size, modified in self.files:
            path, contract = f"{self.folder.name}/{relative}", contract_for(relative, contracts)
            if contract is None:
                unexpected.append(path)
            else:
                found.append(FoundFile(path, size, modified, contract.name))
        return Listing(tuple(found), tuple(unexpected), tuple(self.outside))


def is_ignored(name: str) -> bool:
    """Whether a name says that the file is unfinished, hidden, or a spreadsheet program's lock."""
    return name.startswith((".", "~$")) or name.lower().endswith((".part", ".tmp"))


def local(path: UPath) -> Path | None:
    """The path on this machine, which has links and nanoseconds; None for other storage."""
    return Path(path.path) if path.protocol in ("", "file", "local") else None


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stamp(file: UPath) -> tuple[int, str] | None:
    """Size and modification; None for a file that has gone since it was listed."""
    on_disk = local(file)
    try:
        if on_disk is not None:
            return on_disk.stat().st_size, str(on_disk.stat().st_mtime_ns)
        status: Any = file.stat()
    except FileNotFoundError:
        return None
    told = status.as_info()
    modified = next(
        (
            told[name]
            for name in ("ETag", "etag", "LastModified", "last_modified", "modified", "mtime", "created")
            if told.get(name)
        ),
        "",
    )
    return status.st_size, str(modified)


def _age(modified: str) -> int:
    return int(modified) if modified.isdigit() else 0
