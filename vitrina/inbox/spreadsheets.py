"""XLSX: the first visible sheet, cell by cell, so that formulas and error values are seen and not guessed at."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import polars as pl

from vitrina.inbox.messages import Message, RefusedFileError, message, shown
from vitrina.inbox.readers import Contents, Fault, checked_names, trimmed
from vitrina.inbox.rules import NO_SPREADSHEET_ERROR, VALUES_NOT_FORMULAS, WHOLE_ROW, Rule, cells

MAX_UNPACKED_BYTES = 1 << 30
"""A spreadsheet is a zip archive: a few kilobytes can unpack to terabytes."""

_ZEROS = re.compile(r"0+")


def read_spreadsheet(path: str, content: bytes) -> Contents:
    """Read the first visible sheet of a workbook.

    Raises
    ------
    RefusedFileError
        The workbook is damaged, unpacks to too much, or has no usable header.
    """
    try:
        _refuse_bomb(path, content)
        return _first_sheet(path, openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False))
    # openpyxl passes on whatever the XML of a damaged workbook makes fail
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        OSError,
        EOFError,
        ParseError,
    ) as error:
        raise RefusedFileError(
            message("{file} cannot be read as a spreadsheet: {reason}", file=shown(path), reason=shown(str(error))),
            message("Open it in the program that made it, save it again as .xlsx without a password, and deliver that."),
        ) from error


def _refuse_bomb(path: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise RefusedFileError(
            message(
                "{file} unpacks to {size} bytes, more than {limit}.", file=shown(path), size=unpacked, limit=MAX_UNPACKED_BYTES
            ),
            message("Deliver it as CSV or Parquet, or in parts."),
        )


def _first_sheet(path: str, workbook: Any) -> Contents:
    try:
        sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"] or workbook.worksheets
        if not sheets:
            raise RefusedFileError(message("{file} has no sheet.", file=shown(path)), message("Put the rows on the first sheet."))
        # the size that a program wrote into the sheet may be wrong, or a million empty rows
        sheets[0].reset_dimensions()
        notes = [message("Only the first sheet, {sheet}, was read.", sheet=shown(sheets[0].title))] if len(sheets) > 1 else []
        return _rows(path, sheets[0], notes)
    finally:
        workbook.close()


def _rows(path: str, sheet: Any, notes: list[Message]) -> Contents:
    header: list[str] = []
    columns: list[list[str | None]] = []
    rows: list[int] = []
    faults: list[Fault] = []
    for row, cells_of_row in enumerate(sheet.iter_rows(), start=1):
        texts = [_text(cell) for cell in cells_of_row]
        if not any(texts):
            continue
        if not header:
            header = _without_empty_tail(texts)
            columns = [[] for _ in header]
            continue
        faults.extend(_faults(row, cells_of_row, header))
        if any(texts[len(header) :]):
            faults.append(Fault(row, WHOLE_ROW, str(len(_without_empty_tail(texts))), cells(len(header))))
        rows.append(row)
        for index, column in enumerate(columns):
            column.append(texts[index] if index < len(texts) and not _rule_broken_by(cells_of_row[index]) else None)
    kept = [index for index, name in enumerate(header) if name or any(columns[index])]
    if not kept:
        raise RefusedFileError(
            message("{file} is empty.", file=shown(path)), message("Deliver the file again, with its header and rows.")
        )
    names = checked_names(path, [header[index] for index in kept])
    frame = pl.DataFrame(
        [trimmed(pl.Series(name, columns[index], dtype=pl.String)) for index, name in zip(kept, names, strict=True)]
    )
    return Contents(frame, pl.Series("source_row", rows, dtype=pl.Int64), tuple(faults), tuple(notes))


def _without_empty_tail(texts: list[str]) -> list[str]:
    length = max((index for index, text in enumerate(texts, start=1) if text), default=0)
    return texts[:length]


def _faults(row: int, cells_of_row: Any, header: list[str]) -> list[Fault]:
    return [
        Fault(row, header[index].strip(), shown(str(cell.value)), rule)
        for index, cell in enumerate(cells_of_row[: len(header)])
        if (rule := _rule_broken_by(cell)) is not None
    ]


def _rule_broken_by(cell: Any) -> Rule | None:
    if cell.value is None:
        return None
    if cell.data_type == "f":
        return VALUES_NOT_FORMULAS
    return NO_SPREADSHEET_ERROR if cell.data_type == "e" else None


def _text(cell: Any) -> str:
    """A cell as text: identifiers that Excel took for numbers come back as they look."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        # the format 00000 shows the number 123 as 00123
        shape = cell.number_format
        return str(value).zfill(len(shape)) if _ZEROS.fullmatch(shape or "") else str(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value).strip()
