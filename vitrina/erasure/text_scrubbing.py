"""Taking what is to be forgotten out of texts, cells and logs, and leaving everything else as it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from vitrina.erasure.byte_search import Scanner
from vitrina.erasure.traces import ENCODINGS, WIDE, Encoding, variants, windows
from vitrina.files import write_atomically

ERASED = "[erased]"

_FILLER = b"*"

_Origin = tuple[str, int, int, Encoding]
"""Whose needle it is: the text, where the piece stands in it, and the encoding."""


class Scrubber:
    """Replaces every run of characters that a text to be forgotten has in common with what is scrubbed.

    A run is found by one of the text's pieces and grows to both sides, one whole character at a time, as long as the text goes
    on in the same encoding: no escape is cut in two, and what was JSON stays JSON.

    Parameters
    ----------
    texts
        What is to be forgotten.
    vectors
        Needles of vectors, which are overwritten.
    spared
        Pieces that also stand in texts that stay.
    """

    def __init__(self, texts: Iterable[str], vectors: Iterable[bytes] = (), spared: Iterable[str] = ()) -> None:
        spared = frozenset(spared)
        self._origins: dict[bytes, list[_Origin]] = {}
        for text in sorted(set(texts)):
            for start, end in windows(text):
                if text[start:end] in spared:
                    continue
                wanted = variants(text[start:end])
                for encoding in ENCODINGS:
                    if (needle := encoding(text[start:end])) in wanted:
                        self._origins.setdefault(needle, []).append((text, start, end, encoding))
        self._vectors = frozenset(vectors)
        self._scanner = Scanner([*self._origins, *self._vectors])

    @property
    def needles(self) -> frozenset[bytes]:
        """What it looks for."""
        return frozenset(self._origins) | self._vectors

    def holds(self, data: bytes) -> bool:
        """Whether there is anything to be erased."""
        return next(self._scanner.scan(data), None) is not None

    def erase(self, data: bytes) -> bytes:
        """The data with `ERASED` in place of every run; vectors become zeros of the same length."""
        parts, done = [], 0
        for start, end, replacement in _joined(self._runs(data)):
            parts += [data[done:start], replacement]
            done = end
        return b"".join([*parts, data[done:]])

    def erase_text(self, text: str) -> str:
        """The text with `ERASED` in place of every run."""
        return self.erase(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def erase_file(self, path: Path) -> bool:
        """Scrub a small file of text that nobody has open, in one step for every reader; tell whether there was anything."""
        before = path.read_bytes()
        after = self.erase(before)
        if after != before:
            write_atomically(path, after)
        return after != before

    def blank_file(self, path: Path) -> bool:
        """Overwrite runs in place, byte by byte, in a file that a program may be adding to, such as a log."""
        before = path.read_bytes()
        runs = _joined(self._runs(before))
        if not runs:
            return False
        with path.open("r+b") as file:
            for start, end, _ in runs:
                file.seek(start)
                file.write(_FILLER * (end - start))
            file.flush()
            os.fsync(file.fileno())
        return True

    def _runs(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        for start, needle in self._scanner.scan(data):
            if needle in self._vectors:
                yield start, start + len(needle), bytes(len(needle))
            for text, first, last, encoding in self._origins.get(needle, ()):
                begin = start - _length_before(data, start, text[:first], encoding)
                end = start + len(needle) + _length_after(data, start + len(needle), text[last:], encoding)
                yield begin, end, ERASED.encode("utf-16-le" if encoding is WIDE else "utf-8")


def _length_before(data: bytes, end: int, text: str, encoding: Encoding) -> int:
    """Bytes before a place that a text ends with, in whole characters."""
    place = end
    for character in reversed(text):
        unit = encoding(character)
        if not unit or not data.endswith(unit, 0, place):
            break
        place -= len(unit)
    return end - place


def _length_after(data: bytes, start: int, text: str, encoding: Encoding) -> int:
    """Bytes from a place that a text begins with, in whole characters."""
    place = start
    for character in text:
        unit = encoding(character)
        if not unit or not data.startswith(unit, place):
            break
        place += len(unit)
    return place - start


def _joined(runs: Iterable[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Runs without overlaps, in order; those that touch are one."""
    joined: list[tuple[int, int, bytes]] = []
    for start, end, replacement in sorted(runs):
        if joined and start <= joined[-1][1]:
            first, last, before = joined[-1]
            longest = max(last, end)
            # a vector that is stored in parts stays as long as it was
            joined[-1] = (first, longest, before if before.startswith(b"[") else bytes(longest - first))
        else:
            joined.append((start, end, replacement))
    return joined
