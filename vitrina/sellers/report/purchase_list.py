"""The sheet of purchases: which of them a consultation preceded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from openpyxl import Workbook

from vitrina.sellers.metrics import NO_RECEIPTS, WITH_CONSULTATION, WITHOUT_CONSULTATION
from vitrina.sellers.report.contents import DayReport
from vitrina.sellers.report.interaction_list import SUCCESSFUL
from vitrina.sellers.report.numbers import range_cell, value_cell
from vitrina.workbooks.cells import MUTED, Styled, put
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table


def add_purchases(workbook: Workbook, report: DayReport) -> None:
    """Purchases by their time; beside them how many there are of each kind, and what they come to."""
    translate, wording = report.translate, report.wording
    sheet = workbook.create_sheet(translate("Purchases"))
    columns = (
        Column(translate("Time"), 11, "hh:mm:ss", centred=True),
        Column(translate("Receipt"), 18),
        Column(translate("Amount, {currency}").format(currency=wording.money_unit), 15, wording.exact_money_format),
        Column(translate("Till"), 14, centred=True),
        Column(translate("Consultation"), 24),
        Column(translate("Seller"), 24),
        Column(translate("Consultation ended"), 16, "hh:mm:ss", centred=True),
        Column(translate("Camera"), 18),
    )
    last = put_table(sheet, columns, _rows(report))
    make_browsable(sheet, columns, last, frozen_columns=2)
    if report.told.purchases.is_empty():
        last += 1
        put(sheet, last, 1, translate(NO_RECEIPTS), MUTED)
    else:
        last = _add_sums(sheet, report, last + 2)
    make_printable(sheet, report.footer, area_to(len(columns), last))


def side(report: DayReport, *, consulted: bool | None) -> str:
    """Whether a consultation preceded a purchase, in words."""
    translate = report.translate
    words = {True: translate("with consultation"), False: translate("without"), None: translate("nobody could see")}
    return words[consulted]


def _rows(report: DayReport) -> Iterator[tuple[object, ...]]:
    wording = report.wording
    known = report.told.interactions.select("video", "interaction", "camera_id", "end_at")
    joined = report.told.purchases.join(known, on=["video", "interaction"], how="left", maintain_order="left")
    for row in joined.iter_rows(named=True):
        yield (
            wording.clock_cell(row["at"]),
            row["receipt_id"],
            wording.units(row["amount"]),
            row["register"] or "",
            _side_cell(report, row),
            report.seller(row["seller_id"]) if row["consulted"] else "",
            None if row["end_at"] is None else wording.clock_cell(row["end_at"]),
            row["camera_id"] or "",
        )


def _side_cell(report: DayReport, row: dict[str, Any]) -> Styled:
    consulted = row["consulted"]
    font, fill = ("bold", SUCCESSFUL) if consulted else ("muted" if consulted is None else "", "")
    return Styled(side(report, consulted=consulted), font, fill)


def _add_sums(sheet: Any, report: DayReport, top: int) -> int:
    """A table with a row for each kind of purchase; returns its last row."""
    translate, money = report.translate, report.wording.money_unit
    columns = (
        Column(translate("Cases"), 11, "#,##0", centred=True),
        Column(translate("Consultation"), 18),
        Column(translate("Sum, {currency}").format(currency=money), 15, report.wording.exact_money_format),
        Column(translate("Average"), 14, centred=True),
        Column(translate("Range (95 %)"), 24),
    )
    return put_table(sheet, columns, _sums(report), top=top, roomy=True)


def _sums(report: DayReport) -> Iterator[tuple[object, ...]]:
    for consulted, metric in ((True, WITH_CONSULTATION), (False, WITHOUT_CONSULTATION), (None, None)):
        sold = report.told.purchases.filter(pl.col("consulted").eq_missing(pl.lit(consulted, pl.Boolean)))
        if sold.is_empty():
            continue
        known = None if metric is None else report.told.number(metric)
        yield (
            sold.height,
            side(report, consulted=consulted),
            report.wording.units(float(sold["amount"].sum())),
            "–" if metric is None or known is None else value_cell(report, metric, known, font="bold"),
            "–" if metric is None or known is None else range_cell(report, metric, known),
        )
