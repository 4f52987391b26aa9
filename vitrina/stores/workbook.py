"""Excel that is safe to open and good to look at: text that stays text, tables with filters, sheets that print.

What stands in the cells is the caller's business. A store may be called ``=cmd|'/c calc'!A0``: openpyxl would write a
live formula, so every text is marked as text and, where a spreadsheet could take it for more, quoted.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from vitrina.charts import readable_on

MAX_CELL = 32_767
"""Characters that Excel keeps, counted in UTF-16 units; openpyxl cuts the rest in silence."""
CUT = " […]"

DARK = "1F3B57"
FACE = "Calibri"
TITLE = Font(name=FACE, size=18, bold=True, color=DARK)
HEADING = Font(name=FACE, size=13, bold=True, color=DARK)
MUTED = Font(name=FACE, color="6B7785")
BOLD = Font(name=FACE, bold=True)
BOLD_WHITE = Font(name=FACE, bold=True, color="FFFFFF")
WRAPPED = Alignment(wrap_text=True, vertical="top")
MIDDLED = Alignment(horizontal="center", vertical="center")
WRAPPED_MIDDLED = Alignment(wrap_text=True, vertical="center")
LINE_ABOVE = Border(top=Side(style="medium", color=DARK))

_HEADER_FILL = PatternFill("solid", fgColor=DARK)
_HEADER_ALIGNMENT = Alignment(wrap_text=True, vertical="center")
_LINE_HEIGHT = 15.5

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_TAKEN_FOR_MORE = ("=", "+", "-", "@", "\t", "\r", "\n", "#")


@dataclass(frozen=True)
class Column:
    """A column of a table on a sheet: heading, width in characters, number format."""

    title: str
    width: float = 14
    number_format: str = "General"
    wrap: bool = False
    centred: bool = False


def solid(colour: str) -> PatternFill:
    """A fill of one colour, ``"#RRGGBB"`` or ``"RRGGBB"``."""
    return PatternFill("solid", fgColor=colour.removeprefix("#"))


def bold_on(colour: str) -> Font:
    """A bold font that can be read on a colour ``"#RRGGBB"``."""
    return BOLD_WHITE if readable_on(colour) == "#FFFFFF" else BOLD


def safe_text(text: str) -> str:
    """The text as Excel can hold it: without control characters, and cut where it must be so that one sees it."""
    clean = _ESCAPED.sub("_x005F_", _NOT_IN_XML.sub("", text))
    units = clean.encode("utf-16-le")
    if len(units) <= 2 * MAX_CELL:
        return clean
    return units[: 2 * (MAX_CELL - len(CUT))].decode("utf-16-le", "ignore") + CUT


def put(sheet: Any, row: int, column: int, value: object, number_format: str = "General") -> Any:
    """Write one value; text is never a formula, NaN and infinity leave the cell empty, times are in UTC."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = safe_text(value)
        cell.data_type = "s"
        # Excel then shows it as entered with an apostrophe, and keeps it text when somebody edits the cell
        cell.quotePrefix = value.startswith(_TAKEN_FOR_MORE)
    elif isinstance(value, float):
        cell.value = value if math.isfinite(value) else None
    elif isinstance(value, dt.datetime):
        cell.value = value.astimezone(dt.UTC).replace(tzinfo=None)
    else:
        cell.value = value
    if number_format != "General":
        cell.number_format = number_format
    return cell


def put_paragraph(sheet: Any, row: int, text: str, last_column: int) -> Any:
    """Write text across columns 1 … `last_column`, in a row as high as the text needs (Excel fits no merged cells)."""
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=last_column)
    width = sum(sheet.column_dimensions[get_column_letter(column)].width for column in range(1, last_column + 1))
    sheet.row_dimensions[row].height = _LINE_HEIGHT * lines_of(text, width) + 2
    cell = put(sheet, row, 1, text)
    cell.alignment = WRAPPED
    return cell


def lines_of(text: str, width: float) -> int:
    """Lines that a wrapped text takes in a column of a width in characters."""
    return sum(max(1, math.ceil(len(part) / (0.92 * width))) for part in text.split("\n"))


def set_widths(sheet: Any, widths: Iterable[float]) -> None:
    """Set the widths of the first columns, in characters."""
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width


def put_header(sheet: Any, row: int, columns: Sequence[Column]) -> None:
    """Write the headings of a table."""
    lines = max((math.ceil(1.15 * len(column.title) / column.width) for column in columns), default=1)
    sheet.row_dimensions[row].height = _LINE_HEIGHT * max(1, lines) + 6
    for place, column in enumerate(columns, start=1):
        cell = put(sheet, row, place, column.title)
        cell.font, cell.fill, cell.alignment = BOLD_WHITE, _HEADER_FILL, _HEADER_ALIGNMENT


def put_table(sheet: Any, columns: Sequence[Column], rows: Iterable[Sequence[object]], *, top: int = 1) -> int:
    """Write headings and rows, and return the last row's number.

    Parameters
    ----------
    sheet
        An openpyxl worksheet.
    columns
        Headings, widths and formats.
    rows
        Values in the order of the columns.
    top
        Row of the headings.
    """
    put_header(sheet, top, columns)
    wrapping = [(place, column.width) for place, column in enumerate(columns) if column.wrap]
    last = top
    for last, values in enumerate(rows, start=top + 1):
        for place, (column, value) in enumerate(zip(columns, values, strict=True), start=1):
            cell = put(sheet, last, place, value, column.number_format)
            if wrapping:
                cell.alignment = WRAPPED
            elif column.centred:
                cell.alignment = MIDDLED
        lines = max((lines_of(str(values[place] or ""), width) for place, width in wrapping), default=1)
        if lines > 1:
            sheet.row_dimensions[last].height = _LINE_HEIGHT * lines
    return last


def make_browsable(sheet: Any, columns: Sequence[Column], last_row: int, *, top: int = 1, frozen_columns: int = 0) -> None:
    """Give a sheet with one table its widths, a filter, headings that stay in sight and repeat on every printed page."""
    set_widths(sheet, (column.width for column in columns))
    sheet.auto_filter.ref = f"A{top}:{get_column_letter(len(columns))}{max(last_row, top)}"
    sheet.freeze_panes = f"{get_column_letter(frozen_columns + 1)}{top + 1}"
    sheet.print_title_rows = f"{top}:{top}"


def make_printable(sheet: Any, footer: str, area: str, *, pages: int = 0, upright: bool = False) -> None:
    """As wide as the page, with a footer.

    Parameters
    ----------
    sheet
        An openpyxl worksheet.
    footer
        Stands at the left of each page's foot; the page's number at the right.
    area
        What is printed, e.g. ``"A1:G20"``.
    pages
        Pages that the area may take; 0 for as many as it needs.
    upright
        Portrait instead of landscape.
    """
    sheet.page_setup.orientation = "portrait" if upright else "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, pages
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.print_area = area
    # an ampersand would start one of Excel's codes
    sheet.oddFooter.left.text = safe_text(footer).replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"


def area_to(last_column: int, last_row: int) -> str:
    """The area from A1 to a cell, e.g. ``"A1:G20"``."""
    return f"A1:{get_column_letter(last_column)}{last_row}"


def to_bytes(workbook: Workbook, made_at: dt.datetime) -> bytes:
    """The file's bytes; equal cells and an equal moment give equal bytes.

    openpyxl writes the present time into the properties and the archive: both are set to `made_at`.
    """
    moment = made_at.astimezone(dt.UTC)
    workbook.properties.created = moment.replace(tzinfo=None)
    with BytesIO() as written:
        workbook.save(written)
        source = zipfile.ZipFile(written)
        with BytesIO() as again:
            with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as target:
                for name in source.namelist():
                    part = zipfile.ZipInfo(name, moment.timetuple()[:6])
                    part.compress_type = zipfile.ZIP_DEFLATED
                    target.writestr(part, _dated(source.read(name), moment) if name == "docProps/core.xml" else source.read(name))
            return again.getvalue()


def _dated(properties: bytes, moment: dt.datetime) -> bytes:
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", lambda found: found.group(1) + stamp, properties)
