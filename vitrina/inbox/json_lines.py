"""JSON lines: one object per line. A line that cannot be read refuses itself and no other.

There is no header: the names stand in every line, and a row's number is that of its line. Capitals and spaces around a
name do not tell names apart. A name that a line lacks is an empty cell there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import polars as pl

from vitrina.inbox import rules
from vitrina.inbox.messages import LONGEST_VALUE, RefusedFileError, message, shown
from vitrina.inbox.readers import MAX_CELLS, Contents, Fault, trimmed
from vitrina.inbox.rules import WHOLE_ROW, Rule

MAX_LINE = 1_000_000
"""Bytes of one line: a line is held several times over while it is read."""

MAX_NAMES = 1_000
"""Different names in one file: each becomes a column as long as the file."""

CHUNK = 50_000
"""Lines that are held as Python objects at a time."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# no line can hold it, for names lose the spaces around them
_SOURCE_ROW = " row"

Cells = dict[str, str | None]


def read_json_lines(path: str, content: bytes) -> Contents:
    """Read a file of JSON lines.

    Parameters
    ----------
    path
        Its path, for messages.
    content
        All of its bytes; UTF-8, with or without a byte order mark.

    Returns
    -------
    Contents
        Numbers as their digits were written, booleans as ``true`` and ``false``, null as an empty cell, lists and
        objects as their compact JSON text. `source_row` is the number of the line.

    Raises
    ------
    RefusedFileError
        No line holds a JSON object, or the lines have too many names or values.
    """
    names: dict[str, str] = {}
    faults: list[Fault] = []
    frames: list[pl.DataFrame] = []
    lines = _lines(content.removeprefix(_BYTE_ORDER_MARK))
    rows = 0
    while chunk := list(islice(lines, CHUNK)):
        read = list(_read(path, chunk, names, faults))
        frames.append(_frame(read, names))
        rows += len(read)
        if rows * len(names) > MAX_CELLS:
            raise RefusedFileError(
                message("{file} holds more than {rows} rows.", file=shown(path), rows=rows),
                message("Deliver it in parts, for example one per year."),
            )
    if not names:
        rule = faults[0].rule if faults else rules.JSON_OBJECT
        raise RefusedFileError(message("{file}: no line holds a JSON object with values.", file=shown(path)), rule.remedy)
    whole = pl.concat(frames, how="diagonal")
    source_row = whole.get_column(_SOURCE_ROW).alias("source_row")
    columns = [trimmed(whole.get_column(key)).alias(name) for key, name in names.items()]
    return Contents(pl.DataFrame(columns), source_row, tuple(faults))


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers; only a line feed ends a line, for JSON text may hold any other sign."""
    start, row = 0, 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        row += 1
        line = content[start:end].strip()
        if line:
            yield row, line
        start = end + 1


def _read(path: str, lines: Iterable[tuple[int, bytes]], names: dict[str, str], faults: list[Fault]) -> Iterator[tuple[int, Cells]]:
    """The cells of each line, none where it cannot be read; notes its names, or its fault, before the next line is read."""
    for row, line in lines:
        found = _cells(path, line)
        if isinstance(found, Rule):
            faults.append(Fault(row, WHOLE_ROW, shown(line[: 4 * LONGEST_VALUE].decode(errors="replace")), found))
            found = {}
        # as the first line that has them writes them, in the order of their first lines
        for name in found:
            names.setdefault(name.casefold(), name)
        _refuse_too_many_names(path, len(names))
        yield row, found


def _cells(path: str, line: bytes) -> Cells | Rule:
    """Name → text, or the rule that the line breaks."""
    if len(line) > MAX_LINE:
        return rules.at_most(MAX_LINE)
    try:
        return _cells_of_text(path, line.decode())
    except UnicodeDecodeError:
        return rules.UTF_8
    except _RepeatedNameError:
        return rules.OWN_NAMES
    # a number of 5,000 digits is a ValueError, and ten thousand brackets are a RecursionError
    except (ValueError, RecursionError):
        return rules.JSON_OBJECT


def _cells_of_text(path: str, text: str) -> Cells | Rule:
    value = _decode(text, _Digits)
    if not isinstance(value, dict):
        return rules.JSON_OBJECT
    _refuse_too_many_names(path, len(value))
    # read again with numbers as numbers, for digits kept as text would come out of lists and objects in quotation marks
    plain = _decode(text) if any(isinstance(cell, dict | list) for cell in value.values()) else value
    cells = {name.strip(): _as_text(cell, plain[name]) for name, cell in value.items()}
    if len({name.casefold() for name in cells if name}) < len(value):
        return rules.OWN_NAMES
    # half of a pair of surrogates is no text that a table can hold
    if not all(_is_unicode(part) for part in (*cells, *filter(None, cells.values()))):
        return rules.JSON_OBJECT
    return cells


class _Digits(str):
    """A number as its digits were written: a float would lose some of them."""

    __slots__ = ()


class _RepeatedNameError(Exception):
    """A name stands twice in an object: JSON readers would drop one of the values in silence."""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decode(text: str, number: Callable[[str], object] | None = None) -> Any:
    return json.loads(text, object_pairs_hook=_named, parse_constant=_refuse, parse_int=number, parse_float=number)


def _named(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedNameError
    return found


def _refuse(constant: str) -> object:
    # what Python reads as NaN and Infinity is no JSON
    raise ValueError(constant)


def _as_text(value: object, plain: object) -> str | None:
    """A value as text; `plain` is the same with its numbers as numbers, for lists and objects."""
    if isinstance(value, dict | list):
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _refuse_too_many_names(path: str, count: int) -> None:
    if count > MAX_NAMES:
        raise RefusedFileError(
            message("{file}: its lines hold more than {limit} different names.", file=shown(path), limit=MAX_NAMES),
            message("Leave out the columns that nobody needs; deliver one row per record and one column per attribute."),
        )


def _frame(read: list[tuple[int, Cells]], names: Mapping[str, str]) -> pl.DataFrame:
    rows = [{name.casefold(): cell for name, cell in cells.items()} for _, cells in read]
    columns = [pl.Series(key, [row.get(key) for row in rows], dtype=pl.String) for key in names]
    return pl.DataFrame([pl.Series(_SOURCE_ROW, [row for row, _ in read], dtype=pl.Int64), *columns])
