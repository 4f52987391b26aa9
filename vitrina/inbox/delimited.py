"""CSV as people's programs write it: any common encoding, delimiter, and quoted cells that span lines."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TextIO

import polars as pl

from vitrina.inbox.messages import RefusedFileError, message, shown
from vitrina.inbox.readers import MAX_CELLS, Contents, Fault, checked_names, trimmed
from vitrina.inbox.rules import WHOLE_ROW, cells

DELIMITERS = ",;\t|"
BLOCK = 1 << 24
"""Characters that are looked at at a time."""

CHUNK = 50_000
"""Records that are held as Python lists at a time: whole files as lists take ten times their size."""

_UTF_8 = "utf-8-sig"
_OLD_ENCODINGS = ["cp1251", "koi8_r", "cp866", "cp1252"]
_LINES_TO_GUESS_FROM = 400
_HEAD = 1 << 20
_SEPARATOR_LINE = re.compile(r"sep=.\r?\n")
_DAMAGED = 0.1
"""Up to this share of undecodable characters among the non-ASCII ones, a text is UTF-8 with damage and not another encoding."""


def read_delimited(path: str, content: bytes) -> Iterator[Contents]:
    """Read a CSV file, `CHUNK` records at a time: decoded as a whole it would take several times its size.

    Raises
    ------
    RefusedFileError
        The encoding cannot be told, a quotation mark is never closed, or the header is unusable.
    """
    encoding = encoding_of(path, content)
    with _opened(content, encoding) as text:
        head = text.read(_HEAD)
    separator_line = _SEPARATOR_LINE.match(head)
    with _opened(content, encoding) as text:
        reading = _Reading(path, text, _delimiter(head[separator_line.end() :] if separator_line else head))
        if separator_line:
            # Excel's own first line is a row for whoever looks at the file, but it is not the header
            text.readline()
            reading.row, reading.line = 1, 1
        header = next((record for _, record in reading.records("") if any(map(str.strip, record))), [])
        if not header:
            raise RefusedFileError(
                message("{file} is empty.", file=shown(path)), message("Deliver the file again, with its header and rows.")
            )
        for part in reading.parts(len(header)):
            yield replace(part, frame=_named(path, part.frame, header))


def encoding_of(path: str, content: bytes) -> str:
    """The encoding of a file: UTF-8 and UTF-16 by their marks, older ones by their letters; all of it can be decoded.

    Raises
    ------
    RefusedFileError
        No encoding fits, or the text is UTF-8 with damage in it.
    """
    expected = _marked(content)
    try:
        _decode(content, expected)
    except UnicodeDecodeError:
        return _other_encoding(path, content, expected)
    return expected


def _other_encoding(path: str, content: bytes, expected: str) -> str:
    try:
        # as a whole, for the place of the damage
        content.decode(expected)
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
        _decode(content, encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise RefusedFileError(
            message("{file}: the encoding of the text cannot be told.", file=shown(path)),
            message("Save the file as UTF-8 and deliver it again."),
        ) from error
    return encoding


def _opened(content: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")


def _decode(content: bytes, encoding: str) -> None:
    with _opened(content, encoding) as text:
        while text.read(_HEAD):
            pass


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


def _delimiter(head: str) -> str:
    """The delimiter that divides the header into most cells."""
    head = head.lstrip("\r\n")[:100_000]

    def cells_with(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=cells_with)


@dataclass
class _Reading:
    """Records of a file, from where the last one ended.

    Most files are regular: each line is a record, whose cells are plain or stand in one pair of quotation marks. Blocks of
    such lines are read at once, in a hundredth of the time; any other block is read record by record.
    """

    path: str
    text: TextIO
    delimiter: str
    row: int = 0
    line: int = 0

    def parts(self, width: int) -> Iterator[Contents]:
        """What is left, with as many columns as the header has; blank records are counted, and left out."""
        cell = rf'(?:[^"\r\n{re.escape(self.delimiter)}]*|"[^"\r\n]*")'
        regular = rf"^{cell}(?:{re.escape(self.delimiter)}{cell}){{{width - 1}}}$"
        read = 0
        while block := self.text.read(BLOCK):
            block += self.text.readline()
            for part in self._regular(block, regular, width) or self._irregular(block, width):
                read += part.frame.height
                if read * width > MAX_CELLS:
                    raise RefusedFileError(
                        message("{file} holds more than {rows} rows.", file=shown(self.path), rows=read),
                        message("Deliver it in parts, for example one per year."),
                    )
                yield part

    def records(self, block: str) -> Iterator[tuple[int, list[str]]]:
        """Records of a block with their numbers, the last one to its end, which may lie beyond; without a block, all that are left."""
        held = io.StringIO(block, newline="")
        reader = csv.reader(chain(held, self.text), delimiter=self.delimiter, strict=True)
        before = self.line
        try:
            while not block or held.tell() < len(block):
                record = next(reader, None)
                if record is None:
                    return
                self.row += 1
                self.line = before + reader.line_num
                yield self.row, record
        except csv.Error as error:
            raise RefusedFileError(
                message(
                    "{file}, row {row} (line {line}): {reason}.",
                    file=shown(self.path),
                    row=self.row + 1,
                    line=before + reader.line_num,
                    reason=error,
                ),
                message("Close every quotation mark, and write a mark inside a quoted text twice."),
            ) from error

    def _regular(self, block: str, regular: str, width: int) -> list[Contents] | None:
        """The block's lines; None where a record may be anything but one line."""
        lines = block.removesuffix("\n").removesuffix("\r").replace("\r\n", "\n")
        # a blank line is no record of one empty cell
        if width == 1 or not pl.Series([lines]).str.split("\n").explode().str.contains(regular).all():
            return None
        frame = pl.read_csv(
            lines.encode(),
            has_header=False,
            new_columns=[str(index) for index in range(width)],
            separator=self.delimiter,
            infer_schema=False,
        )
        rows = pl.int_range(self.row + 1, self.row + 1 + frame.height, eager=True)
        self.row += frame.height
        self.line += frame.height
        has_values = frame.select(pl.any_horizontal(pl.all().str.strip_chars() != "").fill_null(value=False)).to_series()
        return [Contents(frame.filter(has_values), rows.filter(has_values).alias("source_row"))]

    def _irregular(self, block: str, width: int) -> Iterator[Contents]:
        rule = cells(width)
        records = self.records(block)
        while chunk := list(islice(records, CHUNK)):
            faults: list[Fault] = []
            kept = [(row, record) for row, record in chunk if any(record) and any(map(str.strip, record))]
            for position, (row, record) in enumerate(kept):
                if len(record) != width:
                    if len(record) < width or any(map(str.strip, record[width:])):
                        faults.append(Fault(row, WHOLE_ROW, str(len(record)), rule))
                    kept[position] = (row, [*record[:width], *[""] * (width - len(record))])
            frame = pl.DataFrame(
                list(zip(*(record for _, record in kept), strict=True)), schema=[(str(i), pl.String) for i in range(width)]
            )
            yield Contents(frame, pl.Series("source_row", [row for row, _ in kept], dtype=pl.Int64), tuple(faults))


def _named(path: str, frame: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Columns under their names; a column without name and values is what a delimiter at the end of each line leaves."""
    columns = [trimmed(column) for column in frame.get_columns()]
    kept = [index for index, name in enumerate(header) if name.strip() or columns[index].null_count() < frame.height]
    names = checked_names(path, [header[index] for index in kept])
    return pl.DataFrame([columns[index].alias(name) for index, name in zip(kept, names, strict=True)])
