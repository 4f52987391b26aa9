"""The sheet of evidence: each interaction, and where in which video it can be looked at."""

from __future__ import annotations

from typing import Any

from openpyxl import Workbook

from vitrina.sellers.report.contents import DayReport
from vitrina.workbooks.cells import MUTED, Styled, put
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table

SUCCESSFUL = "#D9EFE3"
_CLOCK, _LENGTH, _PLACE = "hh:mm:ss", "[m]:ss", "[h]:mm:ss"


def add_interactions(workbook: Workbook, report: DayReport) -> None:
    """Interactions of videos that count, by their beginning."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Interactions"))
    columns = _columns(report)
    clips = {(video, number): rest for video, number, *rest in report.told.clips.iter_rows()}
    rows = [_row(report, row) for row in report.told.interactions.iter_rows(named=True)]
    printed = len(columns)
    if clips:
        # paths and dates of deletion serve who sits before the screen
        columns += (Column(translate("Clip"), 70), Column(translate("Clip kept until"), 18, "yyyy-mm-dd hh:mm", centred=True))
        keys = report.told.interactions.select("video", "interaction").iter_rows()
        rows = [(*row, *_clip(report, clips.get(key))) for row, key in zip(rows, keys, strict=True)]
    last = put_table(sheet, columns, rows)
    make_browsable(sheet, columns, last, frozen_columns=2)
    if not rows:
        last += 1
        put(sheet, last, 1, translate("No interaction was seen on this day."), MUTED)
    make_printable(sheet, report.footer, area_to(printed, last))


def _columns(report: DayReport) -> tuple[Column, ...]:
    translate = report.translate
    return (
        Column(translate("Begin"), 11, _CLOCK, centred=True),
        Column(translate("Seller"), 22),
        Column(translate("Kind"), 15),
        Column(translate("End"), 11, _CLOCK, centred=True),
        Column(translate("Took, min:s"), 10, _LENGTH, centred=True),
        Column(translate("Purchase"), 14, centred=True),
        Column(translate("Amount, {currency}").format(currency=report.wording.money_unit), 13, report.wording.exact_money_format),
        Column(translate("Receipt"), 17, centred=True),
        Column(translate("Camera"), 15),
        Column(translate("From, in the video"), 11, _PLACE, centred=True),
        Column(translate("To, in the video"), 11, _PLACE, centred=True),
        Column(translate("Number in the video"), 11, centred=True),
        Column(translate("Video"), 44),
    )


def _row(report: DayReport, row: dict[str, Any]) -> tuple[object, ...]:
    wording = report.wording
    return (
        wording.clock_cell(row["begin_at"]),
        report.seller(row["seller_id"]),
        kind_name(report, row["kind"]),
        wording.clock_cell(row["end_at"]),
        row["duration_s"] / 86_400,
        purchase(report, row),
        None if row["amount"] is None else wording.units(row["amount"]),
        row["receipt_id"] or "",
        row["camera_id"],
        row["begin_s"] / 86_400,
        row["end_s"] / 86_400,
        row["interaction"],
        Styled(row["video"], "muted"),
    )


def kind_name(report: DayReport, kind: str) -> str:
    """What a kind of interaction is called."""
    translate = report.translate
    return {"consultation": translate("consultation"), "payment": translate("payment only")}.get(kind, kind)


def purchase(report: DayReport, row: dict[str, Any]) -> object:
    """Whether a receipt followed; of a payment nobody asks."""
    if row["kind"] == "payment":
        return "–"
    if row["successful"] is None:
        return Styled(report.translate("unknown"), "muted")
    return Styled(report.translate("yes"), "bold", SUCCESSFUL) if row["successful"] else report.translate("no")


def _clip(report: DayReport, clip: list[Any] | None) -> tuple[object, object]:
    path, until = clip or ("", None)
    return path, None if until is None else report.wording.clock_cell(until)
