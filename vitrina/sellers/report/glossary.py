"""The last sheet: what each word and number means."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl import Workbook

from vitrina.i18n import Translate
from vitrina.sellers.metrics import COUNT, MEAN, METRICS, RATIO, SHARE, TIME
from vitrina.sellers.report.contents import DayReport
from vitrina.workbooks.cells import Styled
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table


def add_glossary(workbook: Workbook, report: DayReport) -> None:
    """Metrics first, then the words that the sheets use."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Glossary"))
    columns = (Column(translate("Word"), 40), Column(translate("Meaning"), 84, wrap=True), Column(translate("Unit"), 30))
    last = put_table(sheet, columns, _rows(report), roomy=True)
    make_browsable(sheet, columns, last)
    make_printable(sheet, report.footer, area_to(len(columns), last))


def _rows(report: DayReport) -> Iterator[tuple[object, ...]]:
    translate, wording = report.translate, report.wording
    units = {
        COUNT: translate("number"),
        SHARE: "%",
        MEAN: wording.money_unit,
        RATIO: translate("times"),
        TIME: translate("hours and minutes"),
    }
    for metric in METRICS:
        yield Styled(wording.metric(metric.name), "bold"), translate(metric.meaning), units[metric.unit]
    for place, (word, meaning) in enumerate(_words(translate)):
        yield tuple(Styled(value, font, line_above=place == 0) for value, font in ((word, "bold"), (meaning, ""), ("", "")))


def _words(translate: Translate) -> Iterator[tuple[str, str]]:
    yield (
        translate("Interaction"),
        translate("A seller and a customer stood together long enough to speak, and one of them stood still."),
    )
    yield (
        translate("Payment only"),
        translate("They came together only when the customer paid; no consultation, and not counted as one."),
    )
    yield (
        translate("Which receipt follows"),
        translate(
            "A receipt was printed while the two stood together or shortly after; each receipt belongs to one interaction at most."
        ),
    )
    yield (
        translate("Range (95 %)"),
        translate(
            "What is usual on days like this one lies within it in 95 cases of 100; it is wider where part of the time could not be seen."
        ),
    )
    yield translate("Cases"), translate("Events that a number rests on. Few cases make a wide range.")
    yield (
        translate("Could be seen"),
        translate("Share of the time in which cameras ran and the picture was neither dark, blurred, frozen nor covered."),
    )
    yield (
        translate("Cannot be said"),
        translate("There is no number, for the reason that stands beside it. It does not mean nought."),
    )
    yield (
        translate("Unknown seller"),
        translate("Somebody who sells but whom nobody on the roster of the day could be matched to."),
    )
