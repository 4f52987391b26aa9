"""The sheet of hours: a table, and a chart that Excel draws from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from openpyxl import Workbook

from vitrina.sellers.report.contents import DayReport
from vitrina.sellers.report.native_charts import ROWS_OF_CHART, add_hourly_chart
from vitrina.sellers.report.numbers import REFUSED
from vitrina.workbooks.cells import MUTED, Styled, put
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_paragraph, put_table

CHART_COLUMNS = 12
"""Columns of the usual width that the chart takes."""


def add_hours(workbook: Workbook, report: DayReport) -> None:
    """Hours from the first to the last that anybody filmed."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Hours"))
    hours = report.told.hours
    counts = _counts(hours)
    titles = {
        "customers": translate("Customers"),
        "interactions": translate("Interactions"),
        "unserved": translate("Waited too long"),
    }
    columns = (
        Column(translate("Hour"), 16),
        *(Column(titles[name], 18, "#,##0", centred=True) for name in counts),
        Column(translate("Could be seen"), 12, "0%", centred=True),
    )
    last = put_table(sheet, columns, _rows(report, counts), roomy=True)
    make_browsable(sheet, columns, last)
    # rows of the table are higher than those below it
    chart_rows = max(last + 8, ROWS_OF_CHART)
    if hours.is_empty():
        last += 1
        put(sheet, last, 1, translate("Nobody filmed on this day."), MUTED)
    else:
        add_hourly_chart(sheet, len(columns), last, (CHART_COLUMNS, chart_rows), translate)
    row = chart_rows + 3
    for note in _notes(report):
        put_paragraph(sheet, row, note, len(columns) + CHART_COLUMNS)
        row += 1
    make_printable(sheet, report.footer, area_to(len(columns) + CHART_COLUMNS + 1, row - 1), pages=1)


def hour_name(hour: int) -> str:
    """An hour of the day.

    >>> hour_name(9)
    '09:00 – 10:00'
    """
    return f"{hour:02d}:00 – {(hour + 1) % 24:02d}:00"


def _counts(hours: pl.DataFrame) -> list[str]:
    """Columns of counts; that of customers who waited is left out where nobody measured it."""
    measured = hours.is_empty() or hours["unserved"].count()
    return ["customers", "interactions", *(["unserved"] if measured else [])]


def _rows(report: DayReport, counts: list[str]) -> Iterator[tuple[object, ...]]:
    for row in report.told.hours.iter_rows(named=True):
        coverage = row["coverage"]
        sure = coverage is not None and coverage >= report.least_coverage
        yield (
            hour_name(row["hour"]),
            *(_count(report, row[name], coverage, sure=sure) for name in counts),
            Styled(report.translate("unknown") if coverage is None else coverage, fill="" if sure else REFUSED),
        )


def _count(report: DayReport, count: Any, coverage: float | None, *, sure: bool) -> object:
    if sure and count is not None:
        return count
    return Styled(report.translate("too little seen") if coverage else report.translate("not seen"), "muted", REFUSED)


def _notes(report: DayReport) -> Iterator[str]:
    translate = report.translate
    yield translate("Hours are those of the store's clock. A customer who stays over the full hour counts in both.")
    yield translate(
        "Of an hour of which less than {least} could be seen no numbers are told: a low bar would look like a quiet hour."
    ).format(least=report.wording.percent(report.least_coverage))
