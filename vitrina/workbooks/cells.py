"""One cell: text that stays text, and a look that is made once per workbook.

A store or an item may be called ``=cmd|'/c calc'!A0``: openpyxl would write a live formula, so every text is marked as text and,
where a spreadsheet could take it for more, quoted.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any, NamedTuple

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from vitrina.charts import colour, readable_on

MAX_CELL = 32_767
"""Characters that Excel keeps, counted in UTF-16 units; openpyxl cuts the rest in silence."""
CUT = " […]"

DARK = "1F3B57"
FACE = "Calibri"

_FONTS = {
    "title": Font(name=FACE, size=18, bold=True, color=DARK),
    "heading": Font(name=FACE, size=13, bold=True, color=DARK),
    "muted": Font(name=FACE, color="6B7785"),
    "bold": Font(name=FACE, bold=True),
    "bold white": Font(name=FACE, bold=True, color="FFFFFF"),
}
_ALIGNMENTS = {
    "wrapped": Alignment(wrap_text=True, vertical="top"),
    "top": Alignment(vertical="top"),
    "middled": Alignment(horizontal="center", vertical="center"),
    "left": Alignment(vertical="center"),
    "heading left": Alignment(wrap_text=True, vertical="center"),
    "heading centre": Alignment(wrap_text=True, vertical="center", horizontal="center"),
    "heading right": Alignment(wrap_text=True, vertical="center", horizontal="right"),
    "wrapped middled": Alignment(wrap_text=True, vertical="center"),
}
_LINE_ABOVE = Border(top=Side(style="medium", color=DARK))

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_TAKEN_FOR_MORE = ("=", "+", "-", "@", "\t", "\r", "\n", "#")


class Look(NamedTuple):
    """How a cell looks, by names and not by openpyxl's objects, which take longer to compare than a cell to write.

    Attributes
    ----------
    font
        ``""`` or a key of `_FONTS`.
    fill
        ``"#RRGGBB"``, or nothing.
    alignment
        ``""`` or a key of `_ALIGNMENTS`.
    line_above
        Whether a line sets the cell off from those above.
    number_format
        Excel's.
    quoted
        Whether Excel shows the text as entered with an apostrophe.
    """

    font: str = ""
    fill: str = ""
    alignment: str = ""
    line_above: bool = False
    number_format: str = "General"
    quoted: bool = False


PLAIN = Look()
TITLE, HEADING, MUTED, BOLD = Look("title"), Look("heading"), Look("muted"), Look("bold")
WRAPPED = Look(alignment="wrapped")
HEADER = Look("bold white", f"#{DARK}")


class Styled(NamedTuple):
    """A value of a table that looks different from its column."""

    value: object
    font: str = ""
    fill: str = ""
    line_above: bool = False
    number_format: str = ""


def swatch(number: int) -> Styled:
    """A group's number on the group's colour, which is the same on every sheet and chart."""
    return Styled(number, bold_on(colour(number)), colour(number))


def bold_on(fill: str) -> str:
    """The bold font that can be read on a colour ``"#RRGGBB"``."""
    return "bold white" if readable_on(fill) == "#FFFFFF" else "bold"


def safe_text(text: str) -> str:
    """The text as Excel can hold it: without control characters, and cut where it must be so that one sees it."""
    if len(text) < MAX_CELL // 2 and text.isprintable() and "_x" not in text:
        return text
    clean = _ESCAPED.sub("_x005F_", _NOT_IN_XML.sub("", text))
    units = clean.encode("utf-16-le")
    if len(units) <= 2 * MAX_CELL:
        return clean
    return units[: 2 * (MAX_CELL - len(CUT))].decode("utf-16-le", "ignore") + CUT


def put(sheet: Any, row: int, column: int, value: object, look: Look = PLAIN) -> Any:
    """Write one value; text is never a formula, NaN and infinity leave the cell empty, times are in UTC."""
    # as `sheet.cell` makes it, without the checks and the guesses at what a value means: these took half of the time
    cell = sheet._cells.get((row, column))  # noqa: SLF001  # openpyxl's own cells share its sheets' insides
    if cell is None:
        cell = sheet._cells[row, column] = Cell(sheet, row, column)  # noqa: SLF001  # as above
    if isinstance(value, str):
        cell._value = safe_text(value)  # noqa: SLF001  # as above
        cell.data_type = "s"
        if value.startswith(_TAKEN_FOR_MORE):
            # Excel then shows it as entered with an apostrophe, and keeps it text when somebody edits the cell
            look = look._replace(quoted=True)
    elif isinstance(value, float):
        if math.isfinite(value):
            cell._value = value  # noqa: SLF001  # as above
    elif isinstance(value, dt.datetime):
        cell.value = value.astimezone(dt.UTC).replace(tzinfo=None)
    elif value is not None:
        cell.value = value
    if look is not PLAIN:
        _dress(cell, sheet.parent, look)
    return cell


def _dress(cell: Any, workbook: Workbook, look: Look) -> None:
    """Give a cell its look, made once per workbook: openpyxl compares whole fonts and fills at every assignment."""
    known: dict[Look, Any] = workbook.__dict__.setdefault("_vitrina_looks", {})
    if look in known:
        # cells are dressed once and for all, so they may share their style; twenty times faster than the attributes
        cell._style = known[look]  # noqa: SLF001  # openpyxl's documentation copies styles so
        return
    if look.font:
        cell.font = _FONTS[look.font]
    if look.fill:
        cell.fill = PatternFill("solid", fgColor=look.fill.removeprefix("#"))
    if look.alignment:
        cell.alignment = _ALIGNMENTS[look.alignment]
    if look.line_above:
        cell.border = _LINE_ABOVE
    cell.number_format = look.number_format
    cell.quotePrefix = look.quoted
    known[look] = cell._style  # noqa: SLF001  # as above
