"""The first sheet: the day in a few sentences, each number with its range, what to look at, what cannot be said, and the footage."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl import Workbook

from vitrina.sellers.metrics import (
    CUSTOMERS_PRESENT,
    CUSTOMERS_SERVED,
    DIFFERENCE,
    INTERACTION_RATIO,
    INTERACTIONS,
    METRICS,
    SUCCESSFUL,
    TIME,
    UNSUCCESSFUL,
    WITH_CONSULTATION,
    WITHOUT_CONSULTATION,
    Metric,
)
from vitrina.sellers.report.contents import DayReport
from vitrina.sellers.report.footage_table import footage_columns, footage_rows
from vitrina.sellers.report.numbers import refused_cell, value_cell
from vitrina.sellers.report.reasons import reason, remedy
from vitrina.sellers.report.to_look_at import to_look_at
from vitrina.workbooks.cells import MUTED, TITLE, Styled, put
from vitrina.workbooks.sheets import Column, Page, area_to, make_printable, set_widths

WIDTHS = (38, 20, 30, 16, 64)

MOST_ROWS = 60
"""Rows that are printed on one page, a little smaller if need be; more than that nobody could read."""


def add_summary(workbook: Workbook, report: DayReport) -> None:
    """Add the sheet."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Summary"))
    sheet.sheet_view.showGridLines = False
    set_widths(sheet, WIDTHS)
    page = Page(sheet, len(WIDTHS))
    page.heading(report.title, TITLE)
    put(sheet, 2, 1, _subtitle(report), MUTED)
    page.row = 4
    for sentence in _sentences(report):
        page.paragraph(sentence)
    page.row += 1
    page.table(_columns(report), (_row(report, metric) for metric in METRICS), roomy=True)
    page.row -= 1
    page.heading(translate("What to look at"))
    for sentence in list(to_look_at(report)) or [translate("Nothing stands out.")]:
        page.paragraph(f"•  {sentence}")
    _add_refusals(page, report)
    page.heading(translate("Footage"))
    columns, rows = footage_columns(report, WIDTHS), list(footage_rows(report))
    if rows:
        page.table(columns, rows, roomy=True)
    else:
        page.paragraph(translate("No video of this day could be evaluated."))
    make_printable(sheet, report.footer, area_to(len(WIDTHS), page.row - 1), pages=int(page.row <= MOST_ROWS))


def _subtitle(report: DayReport) -> str:
    wording = report.wording
    text = report.translate("{date} · times by the store's clock ({zone}) · made {made_at}")
    made_at = f"{report.made_at.astimezone(wording.zone):%Y-%m-%d %H:%M}"
    return text.format(date=wording.date(report.told.day), zone=wording.zone.key, made_at=made_at)


def _sentences(report: DayReport) -> Iterator[str]:
    translate, wording, told = report.translate, report.wording, report.told
    if told.coverage is not None:
        yield translate(
            "{coverage} of the opening hours could be seen. Numbers are of what was seen; a range holds what chance and the unseen time may change."
        ).format(coverage=wording.percent(told.coverage))
    if text := _filled(
        report,
        translate("Customers present: {customers_present}; served by a seller: {customers_served}, that is {interaction_ratio}."),
        CUSTOMERS_PRESENT,
        CUSTOMERS_SERVED,
        INTERACTION_RATIO,
    ):
        yield text
    if text := _filled(
        report,
        translate(
            "Interactions: {interactions}; followed by a purchase: {successful_interactions}, by no purchase: {unsuccessful_interactions}."
        ),
        INTERACTIONS,
        SUCCESSFUL,
        UNSUCCESSFUL,
    ):
        yield text
    yield from _about_purchases(report)
    refused = sum(told.number(metric.name).value is None for metric in METRICS)
    if refused:
        yield translate("Numbers that cannot be said: {refused} of {all}; why stands beside each.").format(
            refused=refused, all=len(METRICS)
        )


def _filled(report: DayReport, text: str, *names: str) -> str:
    """The text with the values of metrics, or nothing where one of them has none."""
    values = {name: report.told.number(name).value for name in names}
    said = {name: report.wording.said(name, value) for name, value in values.items() if value is not None}
    return text.format(**said) if len(said) == len(names) else ""


def _about_purchases(report: DayReport) -> Iterator[str]:
    translate, number = report.translate, report.told.number(DIFFERENCE)
    averages = _filled(
        report,
        translate(
            "Average purchase: {average_purchase_with_consultation} with consultation, {average_purchase_without_consultation} without."
        ),
        WITH_CONSULTATION,
        WITHOUT_CONSULTATION,
    )
    if not averages:
        return
    if number.low is None or number.high is None or number.low <= 0 <= number.high:
        sure = translate("One day's difference like this may be chance.")
    else:
        sure = translate(
            "That is more than chance explains; whether consultation is the cause, or those who want to buy ask, it does not show."
        )
    yield f"{averages} {sure}"


def _columns(report: DayReport) -> tuple[Column, ...]:
    translate = report.translate
    titles = (
        translate("Number"),
        translate("Value"),
        translate("Range (95 %)"),
        translate("Cases"),
        translate("What it means, or why there is none"),
    )
    formats = ("General", "General", "General", "#,##0", "General")
    return tuple(
        Column(title, width, shown, wrap=place == len(titles) - 1, centred=0 < place < len(titles) - 1)
        for place, (title, width, shown) in enumerate(zip(titles, WIDTHS, formats, strict=True))
    )


def _row(report: DayReport, metric: Metric) -> tuple[object, ...]:
    number, wording = report.told.number(metric.name), report.wording
    name = Styled(wording.metric(metric.name), "bold")
    if number.value is None:
        why = reason(number.refused or "", report.translate, wording.percent)
        return name, refused_cell(report), "–", number.n or None, why
    ends = wording.range(metric.name, number.low, number.high)
    cases = None if metric.unit == TIME else number.n
    return name, value_cell(report, metric.name, number, font="bold"), ends, cases, report.translate(metric.meaning)


def _add_refusals(page: Page, report: DayReport) -> None:
    """Each reason once, with the numbers that it stands for and what to do about it."""
    numbers = {metric.name: report.told.number(metric.name) for metric in METRICS}
    reasons: dict[str, list[str]] = {}
    for name, number in numbers.items():
        if number.value is None:
            reasons.setdefault(number.refused or "", []).append(report.wording.metric(name))
    if not reasons:
        return
    page.heading(report.translate("What cannot be said"))
    for why, names in reasons.items():
        said = reason(why, report.translate, report.wording.percent)
        page.paragraph(f"•  {'; '.join(names)}. {said} {remedy(why, report.translate)}".rstrip())
