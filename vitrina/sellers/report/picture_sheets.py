"""Pictures of the day, a sheet each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO

from openpyxl import Workbook
from openpyxl.drawing.image import Image
from PIL import UnidentifiedImageError

from vitrina.errors import VitrinaError
from vitrina.i18n import Translate
from vitrina.sellers.report.contents import DayReport
from vitrina.workbooks.cells import HEADING, put, safe_text
from vitrina.workbooks.sheets import area_to, make_printable

LARGEST_PX = (1060, 640)
"""Width and height that fit a page and a screen."""

LONGEST_TITLE = 31
_COLUMN_PX, _ROW_PX = 64, 20
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")


def add_pictures(workbook: Workbook, report: DayReport) -> None:
    """Add the sheets; none where there are no pictures."""
    for name, content in report.pictures.items():
        picture = _picture(name, content)
        title = picture_name(name, report.translate)
        sheet = workbook.create_sheet(_free(title, workbook.sheetnames))
        sheet.sheet_view.showGridLines = False
        put(sheet, 1, 1, f"{title} · {report.wording.date(report.told.day)}", HEADING)
        sheet.row_dimensions[1].height = 24
        sheet.freeze_panes = "A2"
        sheet.add_image(picture, "A3")
        make_printable(sheet, report.footer, area_to(-(-picture.width // _COLUMN_PX), 3 + -(-picture.height // _ROW_PX)), pages=1)


PNG = b"\x89PNG\r\n\x1a\n"
"""The first bytes of every PNG."""


def picture_name(name: str, translate: Translate) -> str:
    """What a picture is called; a known kind in the reader's language, with whatever stands behind it."""
    known = {"timeline": translate("Timeline"), "heat map": translate("Heat map")}
    for kind, word in known.items():
        if name == kind or name.startswith(f"{kind} "):
            return " ".join(filter(None, (word, name.removeprefix(kind).strip())))
    return name


def _picture(name: str, content: bytes) -> Image:
    refusal = VitrinaError(f"The picture {name!r} of the report is none that can be read.", "Give the bytes of a PNG.")
    # looked at first: ultralytics, once loaded, has Pillow look for further packages when a picture is none
    if not content.startswith(PNG):
        raise refusal
    try:
        picture = Image(BytesIO(content))
    except (UnidentifiedImageError, OSError) as error:
        raise refusal from error
    shrunk = min(1.0, LARGEST_PX[0] / picture.width, LARGEST_PX[1] / picture.height)
    picture.width, picture.height = round(picture.width * shrunk), round(picture.height * shrunk)
    return picture


def _free(title: str, taken: Iterable[str]) -> str:
    """The title as Excel takes it for a sheet's name, with a number where another has it."""
    fit = _NOT_IN_TITLES.sub(" ", safe_text(title)).strip(" '") or "–"
    used = {name.casefold() for name in taken}
    for number in range(1, len(used) + 2):
        ending = f" {number}" if number > 1 else ""
        found = fit[: LONGEST_TITLE - len(ending)].rstrip(" '") + ending
        if found.casefold() not in used:
            return found
    raise AssertionError("there are more numbers than names")
