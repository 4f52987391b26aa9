"""How the retailer's people hand files over: one export per system, each with its own habits and slips."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from openpyxl import Workbook

_WRITTEN_AT = dt.datetime(2026, 1, 1)  # noqa: DTZ001  # workbook properties carry no time zone


@dataclass(frozen=True)
class SpoiledCell:
    """A slip in a delivered file, which a careful reader refuses.

    Attributes
    ----------
    source_file
        Path of the file, relative to the inbox.
    source_row
        Row in the file; the header is row 1.
    column
        Column of the cell.
    value
        What stands there instead; empty for nothing.
    """

    source_file: str
    source_row: int
    column: str
    value: str


@dataclass(frozen=True)
class CsvDialect:
    """How a system writes CSV.

    Attributes
    ----------
    encoding
        Python's name of the encoding.
    separator
        Between two cells.
    decimal_comma
        Whether fractions stand behind a comma.
    date_format
        Format of dates, as of `strftime`.
    line_end
        Between two rows.
    """

    encoding: str = "utf-8"
    separator: str = ","
    decimal_comma: bool = False
    date_format: str = "%Y-%m-%d"
    line_end: str = "\n"


PLAIN = CsvDialect()
EXCEL = CsvDialect(encoding="utf-8-sig", line_end="\r\n")
LEGACY = CsvDialect(encoding="cp1251", separator=";", decimal_comma=True, date_format="%d.%m.%Y", line_end="\r\n")
"""A Russian accounting system of the nineties."""


def write_csv(path: Path, frame: pl.DataFrame, dialect: CsvDialect = PLAIN, spoiled: Iterable[SpoiledCell] = ()) -> None:
    """Write a frame as CSV, with some cells spoiled.

    Parameters
    ----------
    path
        The file; its folder is created.
    frame
        Rows to write.
    dialect
        How they are written.
    spoiled
        Cells to overwrite, by the row of the file.
    """
    text = frame.with_columns(pl.col(pl.Date).dt.to_string(dialect.date_format), pl.col(pl.Float64).cast(pl.String))
    if dialect.decimal_comma:
        fractions = [name for name, kind in frame.schema.items() if kind == pl.Float64]
        text = text.with_columns(pl.col(fractions).str.replace(".", ",", literal=True))
    for cell in spoiled:
        text = text.with_columns(_overwritten(text, cell))
    written = io.BytesIO()
    text.write_csv(written, separator=dialect.separator, line_terminator=dialect.line_end)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written.getvalue().decode().encode(dialect.encoding))


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as Parquet; its folder is created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)


def write_workbook(path: Path, frame: pl.DataFrame, sheet: str) -> None:
    """Write a frame as the one sheet of an Excel workbook, identifiers as text; its folder is created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook = Workbook(write_only=True)
    workbook.properties.created = workbook.properties.modified = _WRITTEN_AT
    page = workbook.create_sheet(sheet)
    page.append(frame.columns)
    for row in frame.iter_rows():
        page.append(row)
    workbook.save(path)


def _overwritten(text: pl.DataFrame, cell: SpoiledCell) -> pl.Series:
    values = text.get_column(cell.column).cast(pl.String).to_list()
    values[cell.source_row - 2] = cell.value or None
    return pl.Series(cell.column, values, dtype=pl.String)
