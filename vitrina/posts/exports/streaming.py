r"""JSON of any size, value by value: an export of gigabytes is never held as a whole.

Two things that tools write are no JSON and would cost the whole file: Telegram Desktop writes control characters as
``\x0B``, and half of a pair of surrogates is no character. Both are repaired on the fly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from typing import Any, BinaryIO, NamedTuple

import ijson

from vitrina.posts.exports import refusals

CHUNK = 1 << 16
"""Bytes that are read at a time."""

MAX_VALUE = 8 << 20
"""Bytes of one message; ten times those of the longest text that a table takes, with every letter escaped."""

MAX_DEPTH = 100
"""Brackets within brackets; Telegram's messages need six."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# a backslash that none before it has taken: pairs of them are text
_FREE = rb"(?<!\\)((?:\\\\)*)"
_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_CONTROL = re.compile(_FREE + rb"\\x([0-9a-fA-F]{2})")
_SURROGATES = re.compile(_FREE + rb"(?:(" + _HIGH + _LOW + rb")|" + _HIGH + rb"|" + _LOW + rb")")
_UNFINISHED = re.compile(rb"\\(?:x[0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?\Z")
_LONGEST_UNFINISHED = 11


class Part(Enum):
    """What of a JSON text was met."""

    KEY = auto()
    """A name at the root; its value is still to come, however large it is."""
    VALUE = auto()
    """A value at the root."""
    LIST = auto()
    """The beginning of the list whose items are read one by one."""
    ITEM = auto()
    """An item of that list."""


class Found(NamedTuple):
    """A part of a JSON text, the name at the root that it belongs to, and its value."""

    part: Part
    key: str
    value: Any = None


def walk(path: str, stream: BinaryIO, listed: str) -> Iterator[Found]:
    """Walk through a JSON text from its beginning; at most one message and one chunk of it are held.

    Parameters
    ----------
    path
        The file's path, for messages.
    stream
        The file; seekable.
    listed
        Name at the root of the list whose items are read one by one. Where the root is a list, it is that one.

    Yields
    ------
    Found
        In the order of the file. Whole numbers are ``int``, others ``Decimal``.

    Raises
    ------
    RefusedFileError
        The file is no whole JSON text, or something in it is too large or nested too deeply. What came before is no
        reason to believe the rest: whoever reads on must not keep it.
    """
    stream.seek(0)
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    values = _Values(path, listed)
    try:
        yield from _walked(path, iter(lambda: stream.read(CHUNK), b""), parser, events, values)
    finally:
        # one that is left halfway complains of a text that is not whole, to nobody
        with suppress(ijson.JSONError):
            parser.close()


def _walked(path: str, chunks: Iterable[bytes], parser: Any, events: Any, values: _Values) -> Iterator[Found]:
    held = 0
    for chunk in repaired(chunks):
        with _refusing(path, values):
            parser.send(chunk)
        held += len(chunk)
        for found in values.of(events):
            held = 0
            yield found
        events.clear()
        if held > MAX_VALUE:
            raise refusals.too_large(path, values.items, MAX_VALUE)
    with _refusing(path, values):
        parser.close()


@contextmanager
def _refusing(path: str, values: _Values) -> Iterator[None]:
    try:
        yield
    # SystemError: a number of more than 4,300 digits, which Python refuses to read, passes through the parser as a broken event
    except (ijson.JSONError, UnicodeDecodeError, ValueError, SystemError):
        # without the cause, which quotes what people wrote
        raise refusals.not_whole(path, values.items) from None


class _Values:
    """Values out of the events of a parser, which may stop after any of them; without recursion, so that depth costs nothing."""

    def __init__(self, path: str, listed: str) -> None:
        self.items = 0
        self._path = path
        self._listed = listed
        self._key = ""
        self._is_object: bool | None = None
        self._in_list = False
        # what is being put together, and the name within each of it that a value is still to come for
        self._open: list[Any] = []
        self._names: list[str] = []

    def of(self, events: Iterable[tuple[str, Any]]) -> Iterator[Found]:
        for event, value in events:
            if event == "map_key":
                if self._open:
                    self._names[-1] = value
                else:
                    self._key = value
                    yield Found(Part.KEY, value)
            elif event in ("start_map", "start_array"):
                if found := self._start({} if event == "start_map" else []):
                    yield found
            elif event in ("end_map", "end_array"):
                if found := self._end():
                    yield found
            elif self._open:
                self._add(value)
            else:
                yield self._whole(value)

    def _start(self, container: Any) -> Found | None:
        if self._open:
            if len(self._open) == MAX_DEPTH:
                raise refusals.too_deep(self._path, self.items, MAX_DEPTH)
            self._add(container)
        elif self._is_object is None:
            self._is_object = isinstance(container, dict)
            self._in_list = not self._is_object
            return Found(Part.LIST, "") if self._in_list else None
        elif not self._in_list and self._key == self._listed and isinstance(container, list):
            self._in_list = True
            return Found(Part.LIST, self._key)
        self._open.append(container)
        self._names.append("")
        return None

    def _end(self) -> Found | None:
        if not self._open:
            self._in_list = False
            return None
        self._names.pop()
        value = self._open.pop()
        return None if self._open else self._whole(value)

    def _add(self, value: Any) -> None:
        container = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        else:
            container[self._names[-1]] = value

    def _whole(self, value: Any) -> Found:
        self.items += self._in_list
        return Found(Part.ITEM if self._in_list else Part.VALUE, self._key, value)


def repaired(chunks: Iterable[bytes]) -> Iterator[bytes]:
    r"""The same JSON text with ``\x0B`` as ``\u000B``, half pairs of surrogates as ``\ufffd``, and no byte order mark.

    Parameters
    ----------
    chunks
        The text in pieces of any length: where it was cut makes no difference.

    Yields
    ------
    bytes
        Never an empty piece, which a parser takes for the end.
    """
    kept, at_start = b"", True
    for chunk in chunks:
        text = kept + chunk
        if at_start:
            if len(text) < len(BYTE_ORDER_MARK) and BYTE_ORDER_MARK.startswith(text):
                kept = text
                continue
            text, at_start = text.removeprefix(BYTE_ORDER_MARK), False
        cut = _finished(text)
        kept = text[cut:]
        if cut:
            yield _repair(text[:cut])
    if kept:
        yield _repair(kept)


def _finished(text: bytes) -> int:
    """Where the escape begins that the next chunk may go on with; text begins outside of escapes."""
    start = max(0, len(text) - _LONGEST_UNFINISHED)
    while unfinished := _UNFINISHED.search(text, start):
        start = unfinished.start() + 1
        backslashes = start - len(text[:start].rstrip(b"\\"))
        if backslashes % 2:
            return unfinished.start()
    return len(text)


def _repair(text: bytes) -> bytes:
    if b"\\x" in text:
        text = _CONTROL.sub(rb"\1\\u00\2", text)
    if b"\\ud" in text or b"\\uD" in text:
        text = _SURROGATES.sub(lambda found: found[1] + (found[2] or rb"\ufffd"), text)
    return text
