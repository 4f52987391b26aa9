"""A report written and read again, for the tests."""

import datetime as dt
from io import BytesIO

import openpyxl

from vitrina.stores.report import Provenance, report_bytes

PROVENANCE = Provenance("run-7", "snapshot-3", dt.datetime(2022, 10, 3, 7, 5, 9, tzinfo=dt.UTC), "a schedule", "0.1.0")


def workbook(clustering, locale="en", **more):
    return openpyxl.load_workbook(BytesIO(report_bytes(clustering, PROVENANCE, locale=locale, **more)))


def texts(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]


def table(sheet, first_heading=None):
    """Rows of the table whose first heading is given, or of the one at the top, as dictionaries."""
    rows = list(sheet.iter_rows(values_only=True))
    top = (
        0 if first_heading is None else next(place for place, row in enumerate(rows) if row[: len(first_heading)] == first_heading)
    )
    found = []
    for row in rows[top + 1 :]:
        if first_heading is not None and row[0] is None and row[1] is None:
            break
        found.append({heading: value for heading, value in zip(rows[top], row, strict=True) if heading is not None})
    return found


def not_text(book):
    """Cells that Excel would compute, or show as an error."""
    return [
        (sheet.title, cell.coordinate, cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type in {"f", "e"}
    ]
