"""Excel that is good to look at: tables with filters, pages that are read from top to bottom, sheets that print.

What stands in the cells is the caller's business.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import get_column_letter

from vitrina.workbooks.cells import HEADER, HEADING, TITLE, WRAPPED, Look, Styled, put, safe_text

_LINE_HEIGHT = 15.5
_NARROW = 60


@dataclass(frozen=True)
class Column:
    """A column of a table on a sheet: heading, width in characters, number format."""

    title: str
    width: float = 14
    number_format: str = "General"
    wrap: bool = False
    centred: bool = False


def put_paragraph(sheet: Any, row: int, text: str, last_column: int, look: Look = WRAPPED) -> Any:
    """Write text across columns 1 … `last_column`, in a row as high as the text needs (Excel fits no merged cells)."""
    width = sum(sheet.column_dimensions[get_column_letter(column)].width for column in range(1, last_column + 1))
    sheet.row_dimensions[row].height = _LINE_HEIGHT * lines_of(text, width) + 2
    cell = put(sheet, row, 1, text, look._replace(alignment="wrapped"))
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=last_column)
    return cell


def lines_of(text: str, width: float) -> int:
    """Lines that a wrapped text takes in a column of a width in characters."""
    # a letter is narrower than a digit, but in a narrow column whole words move to the next line
    letters = (0.92 if width < _NARROW else 1.05) * width
    return sum(max(1, math.ceil(len(part) / letters)) for part in text.split("\n"))


def set_widths(sheet: Any, widths: Iterable[float]) -> None:
    """Set the widths of the first columns, in characters."""
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width


def put_header(sheet: Any, row: int, columns: Sequence[Column]) -> None:
    """Write the headings of a table."""
    lines = max((math.ceil(1.15 * len(column.title) / column.width) for column in columns), default=1)
    sheet.row_dimensions[row].height = _LINE_HEIGHT * max(1, lines) + 6
    for place, column in enumerate(columns, start=1):
        side = "centre" if column.centred else "left" if column.number_format == "General" else "right"
        put(sheet, row, place, column.title, HEADER._replace(alignment=f"heading {side}"))


def put_table(sheet: Any, columns: Sequence[Column], rows: Iterable[Sequence[object]], *, top: int = 1, roomy: bool = False) -> int:
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
    roomy
        For a table of few rows: more space, and everything in the middle of its row.
    """
    put_header(sheet, top, columns)
    wrapping = [(place, column.width) for place, column in enumerate(columns) if column.wrap]
    looks = [_look(column, roomy=roomy, beside_wrapped=bool(wrapping)) for column in columns]
    last = top
    for last, values in enumerate(rows, start=top + 1):
        for place, (look, value) in enumerate(zip(looks, values, strict=True), start=1):
            if isinstance(value, Styled):
                put(sheet, last, place, value.value, _styled(look, value))
            else:
                put(sheet, last, place, value, look)
        lines = max((lines_of(_text(values[place]), width) for place, width in wrapping), default=1)
        if lines > 1 or roomy:
            sheet.row_dimensions[last].height = _LINE_HEIGHT * lines + 8 * roomy
    return last


def _look(column: Column, *, roomy: bool, beside_wrapped: bool) -> Look:
    if column.centred:
        alignment = "middled"
    elif roomy:
        alignment = "wrapped middled" if column.wrap else "left"
    elif column.wrap:
        alignment = "wrapped"
    else:
        alignment = "top" if beside_wrapped else ""
    return Look(alignment=alignment, number_format=column.number_format)


def _styled(look: Look, value: Styled) -> Look:
    return look._replace(
        font=value.font, fill=value.fill, line_above=value.line_above, number_format=value.number_format or look.number_format
    )


def _text(value: object) -> str:
    shown = value.value if isinstance(value, Styled) else value
    return "" if shown is None else str(shown)


@dataclass
class Page:
    """A sheet that is read from top to bottom: headings, paragraphs and tables, one below the other.

    Attributes
    ----------
    sheet
        An openpyxl worksheet whose widths are set.
    last_column
        Paragraphs run across columns 1 … `last_column`.
    row
        Where the next thing goes.
    """

    sheet: Any
    last_column: int
    row: int = 1

    def heading(self, text: str, look: Look = HEADING) -> None:
        """A line that stands out, with space above it."""
        if self.row > 1:
            self.row += 1
        put(self.sheet, self.row, 1, text, look)
        self.sheet.row_dimensions[self.row].height = 28 if look is TITLE else 22
        self.row += 1

    def paragraph(self, text: str, look: Look = WRAPPED) -> None:
        """Text across the page."""
        put_paragraph(self.sheet, self.row, text, self.last_column, look)
        self.row += 1

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[object]], *, roomy: bool = False) -> tuple[int, int]:
        """A table and a free line; returns the first and the last row below its headings."""
        top = self.row
        last = put_table(self.sheet, columns, rows, top=top, roomy=roomy)
        self.row = last + 2
        return top + 1, last


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
    sheet.page_margins.top = 0.5
    sheet.print_area = area
    # an ampersand would start one of Excel's codes
    sheet.oddFooter.left.text = safe_text(footer).replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"


def area_to(last_column: int, last_row: int) -> str:
    """The area from A1 to a cell, e.g. ``"A1:G20"``."""
    return f"A1:{get_column_letter(last_column)}{last_row}"
