"""Looking for byte strings in every file below a folder: many at once, at the speed of reading, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

import numpy as np
import numpy.typing as npt

from vitrina.erasure.traces import SHORTEST_NEEDLE
from vitrina.errors import VitrinaError

CHUNK = 1 << 22
"""Bytes read at a time."""

_WORD = 8
_STRIDES = (8, 4, 2, 1)
_BLOCK = 1 << 15
_TABLE_BITS = 18
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio, for multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, 6.4)."""

_OFFSETS_TRIED = 16


@dataclass(frozen=True)
class Found:
    """A file that holds something.

    Attributes
    ----------
    path
        The file.
    label
        What it holds, under the name that the caller gave it.
    offset
        Where the first of it begins, in bytes.
    """

    path: Path
    label: str
    offset: int


@dataclass(frozen=True)
class Search:
    """What a search has found.

    Attributes
    ----------
    found
        One entry per file and label, by path.
    files, bytes
        What was read.
    unreadable
        Files that are there and could not be read: nobody knows what they hold.
    """

    found: tuple[Found, ...] = ()
    files: int = 0
    bytes: int = 0
    unreadable: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files that hold something, each once."""
        return tuple(dict.fromkeys(found.path for found in self.found))

    def __add__(self, other: Search) -> Search:
        return Search(
            self.found + other.found, self.files + other.files, self.bytes + other.bytes, self.unreadable + other.unreadable
        )


def find(folder: Path, needles: Mapping[str, AbstractSet[bytes]], *, skip: Iterable[Path] = ()) -> Search:
    """Look into every regular file below a folder; links are not followed, and files that vanish meanwhile are passed over.

    Closing a file drops the locks that this process holds on it through other descriptors (POSIX), so no SQLite or DuckDB
    connection of this process may be open meanwhile.

    Parameters
    ----------
    folder
        Where to look: a folder, or a single file; it need not exist.
    needles
        Label → byte strings, of at least `SHORTEST_NEEDLE` bytes each.
    skip
        Files and folders that are left out.

    Raises
    ------
    VitrinaError
        A needle is too short: it would be found everywhere.
    """
    labels: dict[bytes, list[str]] = {}
    for label, wanted in needles.items():
        for needle in sorted(wanted):
            labels.setdefault(needle, []).append(label)
    scanner = Scanner(labels)
    found: list[Found] = []
    unreadable: list[Path] = []
    files = size = 0
    for path in _files(folder, {path.absolute() for path in skip}, unreadable):
        firsts: dict[str, int] = {}
        try:
            size += _search(path, scanner, labels, firsts)
        except FileNotFoundError:
            continue
        except OSError:
            unreadable.append(path)
            continue
        files += 1
        found += [Found(path, label, offset) for label, offset in firsts.items()]
    return Search(tuple(found), files, size, tuple(unreadable))


def _files(folder: Path, skip: AbstractSet[Path], unreadable: list[Path]) -> Iterator[Path]:
    """Regular files below a folder, by name; a pipe would never end."""
    if not folder.is_dir():
        if folder.is_file() and not folder.is_symlink() and folder.absolute() not in skip:
            yield folder.absolute()
        return
    for parent, folders, names in os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename))):
        here = Path(parent).absolute()
        folders[:] = sorted(name for name in folders if here / name not in skip)
        for name in sorted(names):
            path = here / name
            try:
                if path not in skip and S_ISREG(path.lstat().st_mode):
                    yield path
            except FileNotFoundError:  # gone since its folder was listed
                continue


def _search(path: Path, scanner: Scanner, labels: Mapping[bytes, list[str]], firsts: dict[str, int]) -> int:
    """Note where each label is first found in a file, and return the file's size."""
    overlap = max(0, scanner.longest - 1)
    buffer = bytearray(overlap + CHUNK)
    view = memoryview(buffer)
    held = begins_at = size = 0
    with path.open("rb", buffering=0) as file:
        while read := file.readinto(view[held:]):
            size += read
            length = held + read
            for start, needle in scanner.scan(view[:length]):
                # what lies within the bytes that were held over was found in the chunk before
                if start + len(needle) > held:
                    for label in labels[needle]:
                        firsts[label] = min(begins_at + start, firsts.get(label, begins_at + start))
            keep = min(overlap, length)
            buffer[:keep] = buffer[length - keep : length]
            begins_at, held = begins_at + length - keep, keep
    return size


class Scanner:
    """Finds any of many byte strings.

    Of every needle, one word of eight bytes is taken at each of as many neighbouring offsets as the stride has bytes: wherever
    the needle stands, one of these words begins at a multiple of the stride. So only one word per stride of the data is
    compared with a hash table, which numpy does for many at a time; what it lets through is compared byte by byte.

    Parameters
    ----------
    needles
        Byte strings of at least `SHORTEST_NEEDLE` bytes; the shortest decides the stride, and with it the speed.

    Raises
    ------
    VitrinaError
        A needle is too short.
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        wanted = sorted(set(needles))
        shortest = min(map(len, wanted), default=_WORD)
        if shortest < SHORTEST_NEEDLE:
            raise VitrinaError(
                f"A byte string of {shortest} bytes was to be looked for; any file holds it by chance.",
                f"Look for {SHORTEST_NEEDLE} bytes or more.",
            )
        self.longest = max(map(len, wanted), default=0)
        self._stride = next(stride for stride in _STRIDES if shortest >= _WORD + stride - 1)
        words: dict[int, list[tuple[bytes, int]]] = {}
        for needle in wanted:
            first = _rarest(needle, _WORD + self._stride - 1)
            for offset in range(first, first + self._stride):
                word = int.from_bytes(needle[offset : offset + _WORD], "little")
                words.setdefault(word, []).append((needle, offset))
        self._words: npt.NDArray[np.uint64] = np.array(sorted(words), dtype=np.uint64)
        self._behind = [words[int(word)] for word in self._words]
        self._shift = np.uint64(64 - _TABLE_BITS)
        self._table = np.zeros(1 << _TABLE_BITS, dtype=bool)
        self._table[self._hashed(self._words)] = True

    def scan(self, data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
        """Where needles stand in the data: first byte, and which; those that begin together come in any order."""
        count = (len(data) - _WORD) // self._stride + 1
        if count <= 0 or not self._behind:
            return
        words: npt.NDArray[np.uint64] = np.ndarray((count,), dtype="<u8", buffer=data, strides=(self._stride,))
        for begin in range(0, count, _BLOCK):
            block = words[begin : begin + _BLOCK]
            marked = np.flatnonzero(self._table[self._hashed(block)])
            if not marked.size:
                continue
            candidates = block[marked]
            places = np.minimum(np.searchsorted(self._words, candidates), len(self._words) - 1)
            exact = self._words[places] == candidates
            for index, place in zip(marked[exact].tolist(), places[exact].tolist(), strict=True):
                for needle, offset in self._behind[place]:
                    start = (begin + index) * self._stride - offset
                    if start >= 0 and data[start : start + len(needle)] == needle:
                        yield start, needle

    def _hashed(self, words: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
        return ((words * _MULTIPLIER) >> self._shift).astype(np.intp)


def _rarest(needle: bytes, length: int) -> int:
    """Where the part of a needle begins that has the most different bytes: the fewest others have it."""
    last = len(needle) - length
    offsets = range(0, last + 1, max(1, last // _OFFSETS_TRIED))
    return max(offsets, key=lambda offset: len(set(needle[offset : offset + length])))
