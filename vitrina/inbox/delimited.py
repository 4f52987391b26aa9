"""CSV as people's programs write it: any common encoding, delimiter, and quoted cells that span lines."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

import polars as pl

from vitrina.inbox.messages import RefusedFileError, message, shown
from vitrina.inbox.readers import MAX_CELLS, Contents, Fault, checked_names, trimmed
from vitrina.inbox.rules import WHOLE_ROW, cells

DELIMITERS = ",;\t|"
CHUNK = 50_000
"""Records that are held as Python lists at a time: whole files as lists take ten times their size."""

_UTF_8 = "utf-8-sig"
_OLD_ENCODINGS = ["cp1251", "koi8_r", "cp866", "cp1252"]
_LINES_TO_GUESS_FROM = 400
_DAMAGED = 0.1
"""Up to this share of undecodable characters among the non-ASCII ones, a text is UTF-8 with damage and not another encoding."""


def read_delimited(path: str, content: bytes) -> Contents:
    """Read a CSV file.

    Raises
    ------
    RefusedFileError
        The encoding cannot be told, a quotation mark is never closed, or the header is unusable.
    """
    text, first_record = _without_separator_line(decoded(path, content))
    delimiter = _delimiter(text)
    records = _records(path, text, delimiter, first_record)
    header = next((record for _, record in records if any(map(str.strip, record))), [])
    if not header:
        raise RefusedFileError(
            message("{file} is empty.", file=shown(path)), message("Deliver the file again, with its header and rows.")
        )
    return _collected(path, header, records)


def decoded(path: str, content: bytes) -> str:
    """The text of a file: UTF-8 and UTF-16 by their marks, older encodings by their letters.

    Raises
    ------
    RefusedFileError
        No encoding fits, or the text is UTF-8 with damage in it.
    """
    expected = _marked(content)
    try:
        return content.decode(expected)
    except UnicodeDecodeError as error:
        if expected != _UTF_8 or _is_damaged_utf8(content):
            raise RefusedFileError(
                message(
                    "{file}: byte {position} is not {encoding} text.",
                    file=shown(path),
                    position=error.start + 1,
                    encoding=error.encoding,
                ),
                message("The file is probably cut off or damaged: export it again as UTF-8."),
            ) from error
    encoding = _guessed(content)
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise RefusedFileError(
            message("{file}: the encoding of the text cannot be told.", file=shown(path)),
            message("Save the file as UTF-8 and deliver it again."),
        ) from error


def _marked(content: bytes) -> str:
    """UTF-16 by its mark, or by the zero beside every line end (Cyrillic UTF-16 would pass for UTF-8); else UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = content[:4096]
    ends = head.count(b"\n")
    if ends and head.count(b"\n\x00") == ends:
        return "utf-16-le"
    return "utf-16-be" if ends and head.count(b"\x00\n") == ends else _UTF_8


def _is_damaged_utf8(content: bytes) -> bool:
    text = content.decode("utf-8", errors="replace")
    letters = len(re.findall(r"[^\x00-\x7f]", text))
    return text.count("\N{REPLACEMENT CHARACTER}") <= _DAMAGED * letters


def _guessed(content: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415  # slow to import, seldom needed

    telling = [line for line in content.splitlines() if not line.isascii()]
    best = from_bytes(b"\n".join(telling[:_LINES_TO_GUESS_FROM]), cp_isolation=_OLD_ENCODINGS).best()
    return best.encoding if best else "unknown"


def _without_separator_line(text: str) -> tuple[str, int]:
    """Excel's own first line ``sep=;`` is a row for whoever looks at the file, but it is not the header."""
    if re.match(r"sep=.\r?\n", text):
        return text.split("\n", 1)[1], 2
    return text, 1


def _delimiter(text: str) -> str:
    """The delimiter that divides the header into most cells."""
    head = text.lstrip("\r\n")[:100_000]

    def cells_with(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=cells_with)


def _records(path: str, text: str, delimiter: str, first_record: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    row = first_record - 1
    try:
        for row, record in enumerate(reader, start=first_record):
            yield row, record
    except csv.Error as error:
        raise RefusedFileError(
            message(
                "{file}, row {row} (line {line}): {reason}.", file=shown(path), row=row + 1, line=reader.line_num, reason=error
            ),
            message("Close every quotation mark, and write a mark inside a quoted text twice."),
        ) from error


def _collected(path: str, header: list[str], records: Iterator[tuple[int, list[str]]]) -> Contents:
    faults: list[Fault] = []
    frames: list[pl.DataFrame] = []
    rows: list[int] = []
    width = len(header)
    rule = cells(width)
    while chunk := list(islice(records, CHUNK)):
        kept = [(row, record) for row, record in chunk if any(record) and any(map(str.strip, record))]
        for position, (row, record) in enumerate(kept):
            if len(record) != width:
                if len(record) < width or any(map(str.strip, record[width:])):
                    faults.append(Fault(row, WHOLE_ROW, str(len(record)), rule))
                kept[position] = (row, [*record[:width], *[""] * (width - len(record))])
        rows.extend(row for row, _ in kept)
        frames.append(
            pl.DataFrame(
                list(zip(*(record for _, record in kept), strict=True)), schema=[(str(i), pl.String) for i in range(width)]
            )
        )
        if len(rows) * width > MAX_CELLS:
            raise RefusedFileError(
                message("{file} holds more than {rows} rows.", file=shown(path), rows=len(rows)),
                message("Deliver it in parts, for example one per year."),
            )
    frame = pl.concat(frames) if frames else pl.DataFrame(schema={str(i): pl.String for i in range(width)})
    return Contents(_named(path, frame, header), pl.Series("source_row", rows, dtype=pl.Int64), tuple(faults))


def _named(path: str, frame: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Columns under their names; a column without name and values is what a delimiter at the end of each line leaves."""
    columns = [trimmed(column) for column in frame.get_columns()]
    kept = [index for index, name in enumerate(header) if name.strip() or columns[index].null_count() < frame.height]
    names = checked_names(path, [header[index] for index in kept])
    return pl.DataFrame([columns[index].alias(name) for index, name in zip(kept, names, strict=True)])
