"""Delivered files as columns of text: nothing is interpreted here, and nothing is guessed in silence.

Every format ends as the same frame of trimmed text, so one set of rules judges them all. Numbers and dates of typed
formats are written in the one way that those rules read: ``10005`` and not ``10005.0``, ``2024-01-31``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from vitrina.inbox.messages import Message, RefusedFileError, message, shown
from vitrina.inbox.rules import Rule

MAX_BYTES = 2 << 30
MAX_STREAMED_BYTES = 64 << 30
MAX_CELLS = 400_000_000
"""A few hundred bytes of Parquet can claim thousands of millions of rows."""

SLICE = 1_000_000
"""Rows that are held as text at a time, where a file can be read in slices; text takes ten times the room of the file."""

_DELIMITED = (".csv", ".tsv", ".txt")
_PARQUET = (".parquet", ".pq")
_SPREADSHEET = (".xlsx", ".xlsm")
_JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*_DELIMITED, *_PARQUET, *_SPREADSHEET, *_JSON_LINES)


@dataclass(frozen=True)
class Fault:
    """A row that is refused for what the reader saw.

    Attributes
    ----------
    source_row
        Row in the file.
    column
        The column's name, or ``"(whole row)"``.
    value
        What stood there.
    rule
        What it breaks.
    """

    source_row: int
    column: str
    value: str
    rule: Rule


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Attributes
    ----------
    frame
        Columns under their delivered names, all of them text; an empty cell is null.
    source_row
        For each row of `frame`, its row in the file. The header is row 1. In CSV, records are counted and not lines,
        as a spreadsheet does: a quoted cell may span lines. Blank rows are counted, but they are not rows of `frame`.
        JSON lines have no header: there, a row's number is that of its line.
    faults
        Rows that are refused whatever a contract says. A short row stands in `frame` too, filled up with nulls.
    notes
        What the sender should know although nothing is wrong.
    """

    frame: pl.DataFrame
    source_row: pl.Series
    faults: tuple[Fault, ...] = ()
    notes: tuple[Message, ...] = field(default_factory=tuple)

    @classmethod
    def of(cls, parts: Sequence[Contents]) -> Contents:
        """Parts of one file, in their order, as one."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            pl.concat([part.frame for part in parts]),
            pl.concat([part.source_row for part in parts]),
            tuple(fault for part in parts for fault in part.faults),
            tuple(note for part in parts for note in part.notes),
        )


def read_contents(path: str, content: bytes) -> Contents:
    """Read a delivered file as a whole; parameters and errors as of `read_slices`."""
    return Contents.of(list(read_slices(path, content)))


def read_slices(path: str, content: bytes) -> Iterator[Contents]:
    """Read a delivered file in slices of about `SLICE` rows, all with the same columns.

    JSON lines and spreadsheets, whose columns are known only at their end, are one slice.

    Parameters
    ----------
    path
        Its path, for the suffix and for messages.
    content
        All of its bytes.

    Raises
    ------
    RefusedFileError
        The file cannot be read: it is empty, damaged, of another kind than its name says, or without usable columns.
    """
    # a spreadsheet library is slow to import, and most files are not spreadsheets
    from vitrina.inbox.delimited import read_delimited  # noqa: PLC0415  # the formats know the readers, not the other way
    from vitrina.inbox.json_lines import read_json_lines  # noqa: PLC0415  # as above
    from vitrina.inbox.spreadsheets import read_spreadsheet  # noqa: PLC0415  # as above

    suffix = PurePosixPath(path).suffix.lower()
    _refuse_unfit(path, suffix, content)
    parts: Iterable[Contents]
    if suffix in _PARQUET:
        parts = _read_parquet(path, content)
    elif suffix in _SPREADSHEET:
        parts = [read_spreadsheet(path, content)]
    elif suffix in _JSON_LINES:
        parts = [read_json_lines(path, content)]
    else:
        parts = read_delimited(path, content)
    is_empty = True
    for contents in _slices(part for part in parts if not part.frame.is_empty()):
        is_empty = False
        yield contents
    if is_empty:
        raise RefusedFileError(
            message("{file} has a header but no rows.", file=shown(path)),
            message("Deliver the file with its rows. To withdraw a delivery, deliver corrected values."),
        )


def _slices(parts: Iterable[Contents]) -> Iterator[Contents]:
    held: list[Contents] = []
    for part in parts:
        held.append(part)
        if sum(other.frame.height for other in held) >= SLICE:
            yield Contents.of(held)
            held = []
    if held:
        yield Contents.of(held)


def _refuse_unfit(path: str, suffix: str, content: bytes) -> None:
    name = shown(path)
    if suffix not in SUFFIXES:
        raise RefusedFileError(
            message("{file} is of a kind that is not read here.", file=name),
            message("Deliver one of {kinds}.", kinds=", ".join(SUFFIXES)),
        )
    if not content.strip():
        raise RefusedFileError(message("{file} is empty.", file=name), message("Deliver the file again, with its header and rows."))
    if len(content) > MAX_BYTES:
        raise RefusedFileError(
            message("{file} is larger than {limit} bytes.", file=name, limit=MAX_BYTES),
            message("Deliver it in parts, for example one per year."),
        )
    found = _kind_of(content)
    if not found:
        raise RefusedFileError(
            message("{file} is an old .xls workbook, or locked with a password.", file=name),
            message("Save it again as .xlsx without a password, or as CSV, and deliver that."),
        )
    if suffix not in found:
        raise RefusedFileError(
            message("{file} is not what its name says: its content is that of {kinds}.", file=name, kinds=", ".join(found)),
            message("Give the file the right ending, or save it again as the kind that its name says."),
        )


def _kind_of(content: bytes) -> tuple[str, ...]:
    if content.startswith(b"PAR1"):
        return _PARQUET
    if content.startswith(b"PK\x03\x04"):
        return _SPREADSHEET
    return () if content.startswith(b"\xd0\xcf\x11\xe0") else (*_DELIMITED, *_JSON_LINES)


def checked_names(path: str, names: Sequence[str]) -> list[str]:
    """Header names without surrounding spaces, none of them twice; case does not tell them apart.

    Raises
    ------
    RefusedFileError
        A name stands twice, or a column with values has none.
    """
    trimmed = [name.strip() for name in names]
    for position, name in enumerate(trimmed, start=1):
        if not name:
            raise RefusedFileError(
                message("{file}, row 1: column {position} has values but no name.", file=shown(path), position=position),
                message("Name the column in the header, or remove it."),
            )
        first = next(index for index, other in enumerate(trimmed, start=1) if other.casefold() == name.casefold())
        if first < position:
            raise RefusedFileError(
                message(
                    "{file}, row 1: the column {column} stands twice, at {first} and {second}.",
                    file=shown(path),
                    column=shown(name),
                    first=first,
                    second=position,
                ),
                message("Rename or remove one of them."),
            )
    return trimmed


def _read_parquet(path: str, content: bytes) -> Iterator[Contents]:
    first_row = 2
    for frame in _parquet_batches(path, content):
        names = checked_names(path, frame.columns)
        columns = zip(frame.get_columns(), names, strict=True)
        texts = pl.DataFrame([_as_text(path, column).alias(name) for column, name in columns])
        yield Contents(texts, pl.int_range(first_row, first_row + frame.height, eager=True).alias("source_row"))
        first_row += frame.height


def _parquet_batches(path: str, content: bytes) -> Iterator[pl.DataFrame]:
    """Batch by batch: a file may be one row group, which Polars would unpack as a whole."""
    from pyarrow import ArrowException  # noqa: PLC0415  # only Parquet files need it
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415  # as above

    try:
        # pandas' and others' own types are of no use here: what they are made of is
        file = ParquetFile(io.BytesIO(content), arrow_extensions_enabled=False)
        _refuse_too_many_cells(path, file.metadata)
        for batch in file.iter_batches(batch_size=SLICE):
            yield pl.DataFrame(pl.from_arrow(batch))
    except (
        ArrowException,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        OSError,
        ValueError,
        OverflowError,
        MemoryError,
    ) as error:
        raise RefusedFileError(
            message("{file} cannot be read as Parquet: {reason}", file=shown(path), reason=shown(str(error))),
            message(
                "The file is probably cut off or damaged: export and deliver it again, and write it under a .part name until it is complete."
            ),
        ) from error


def _refuse_too_many_cells(path: str, metadata: Any) -> None:
    if metadata.num_rows * metadata.num_columns > MAX_CELLS:
        raise RefusedFileError(
            message("{file} says that it holds {rows} rows.", file=shown(path), rows=metadata.num_rows),
            message("Deliver it in parts, for example one per year."),
        )


def _as_text(path: str, column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return trimmed(column.cast(pl.String))
    if dtype.is_float():
        return column.cast(pl.String).str.replace(r"\.0$", "")
    if dtype.is_integer() or dtype.is_decimal() or dtype in (pl.Date, pl.Boolean, pl.Null):
        return column.cast(pl.String)
    if isinstance(dtype, pl.Datetime):
        # the wall clock that the file shows, whatever its zone; where it has one, its offset says which moment that is
        return column.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.f{'%:z' if dtype.time_zone else ''}")
    raise RefusedFileError(
        message(
            "{file}: the column {column} holds {type}, not plain values.", file=shown(path), column=shown(column.name), type=dtype
        ),
        message("Write one plain value per cell, or leave the column out."),
    )


def trimmed(column: pl.Series) -> pl.Series:
    """Text without surrounding white space; what is empty then is null."""
    stripped = column.str.strip_chars()
    return stripped.set(stripped == "", None)
