"""The sheet with one row per seller, and what the differences between them are worth."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl import Workbook

from vitrina.sellers.metrics import (
    ALL,
    IDLE_S,
    INTERACTION_RATIO,
    INTERACTIONS,
    METRICS,
    PRESENT_S,
    SUCCESSFUL,
    UNSUCCESSFUL,
    WITH_CONSULTATION,
)
from vitrina.sellers.report.contents import DayReport
from vitrina.sellers.report.native_charts import ROWS_OF_CHART, add_seller_chart
from vitrina.sellers.report.numbers import range_cell, refused_cell, value_cell
from vitrina.sellers.report.reasons import reason
from vitrina.workbooks.cells import Styled
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_paragraph, put_table

SHOWN = (INTERACTIONS, SUCCESSFUL, UNSUCCESSFUL, INTERACTION_RATIO, WITH_CONSULTATION, PRESENT_S, IDLE_S)
WITH_RANGE = (INTERACTIONS, INTERACTION_RATIO, WITH_CONSULTATION)
"""Metrics whose range stands beside them: two sellers are compared by these."""


def add_sellers(workbook: Workbook, report: DayReport) -> None:
    """Sellers in the order of their names, and below them all together."""
    sheet = workbook.create_sheet(report.translate("Sellers"))
    columns = _columns(report)
    sellers = report.told.sellers
    last = put_table(sheet, columns, [*(_row(report, seller) for seller in sellers), _row(report, ALL)], roomy=True)
    # the row of all together stays where it is when somebody sorts
    make_browsable(sheet, columns, last - 1, frozen_columns=1)
    row = last + 1
    if sellers:
        add_seller_chart(sheet, sellers=len(sellers), first_row=last + 2, translate=report.translate)
        row = last + 2 + ROWS_OF_CHART
    for note in _notes(report):
        row += 1
        put_paragraph(sheet, row, note, len(columns))
    make_printable(sheet, report.footer, area_to(len(columns), row))


def _columns(report: DayReport) -> tuple[Column, ...]:
    translate = report.translate
    money = report.wording.money_unit
    return (
        Column(translate("Seller"), 22),
        Column(translate("Interactions"), 18, centred=True),
        Column(translate("Range (95 %)"), 17, centred=True),
        Column(translate("Followed by a purchase"), 15, centred=True),
        Column(translate("Followed by no purchase"), 15, centred=True),
        Column(translate("Served, of customers near"), 15, centred=True),
        Column(translate("Range (95 %)"), 18, centred=True),
        Column(translate("Average purchase, {currency}").format(currency=money), 17, centred=True),
        Column(translate("Range (95 %)"), 25, centred=True),
        Column(translate("Time there"), 15, centred=True),
        Column(translate("Served nobody"), 15, centred=True),
        Column(translate("Share of the time"), 12, "0%", centred=True),
    )


def _row(report: DayReport, seller_id: str) -> tuple[object, ...]:
    total = seller_id == ALL
    font = "bold" if total else ""
    cells: list[object] = [Styled(report.translate("All together") if total else seller_id, "bold", line_above=total)]
    for metric in SHOWN:
        number = report.told.number(metric, seller_id)
        cells.append(value_cell(report, metric, number, font=font, line_above=total))
        if metric in WITH_RANGE:
            cells.append(range_cell(report, metric, number, line_above=total))
    return (*cells, _idle_share(report, seller_id, font, line_above=total))


def _idle_share(report: DayReport, seller_id: str, font: str, *, line_above: bool) -> Styled:
    present, idle = (report.told.number(metric, seller_id).value for metric in (PRESENT_S, IDLE_S))
    if not present or idle is None:
        return refused_cell(report, line_above=line_above)
    return Styled(idle / present, font, line_above=line_above, number_format="0%")


def _notes(report: DayReport) -> Iterator[str]:
    translate, told = report.translate, report.told
    if not told.sellers:
        yield translate("No seller on the roster was recognised on this day.")
    if len(told.sellers) > 1:
        yield translate(
            "Where the ranges of two sellers overlap, the day does not show which of them is better: look at several days."
        )
    yield translate(
        "Interactions with a seller whom nobody could name count in the last row only. For all together, time is time of the day: two sellers in one hour are one hour."
    )
    for why in dict.fromkeys(_reasons(report)):
        said = reason(why, translate, report.wording.percent)
        yield translate("Cannot be said: {reason}").format(reason=said)


def _reasons(report: DayReport) -> Iterator[str]:
    known = {metric.name for metric in METRICS} & set(SHOWN)
    for seller_id in (*report.told.sellers, ALL):
        for metric in SHOWN:
            refused = report.told.number(metric, seller_id).refused
            if metric in known and refused:
                yield refused
