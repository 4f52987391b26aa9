"""How a number stands in a cell: its value in its unit, or words where there is none; never a nought."""

from __future__ import annotations

from vitrina.sellers.report.contents import DayReport, Number
from vitrina.workbooks.cells import Styled

REFUSED = "#FFF4CC"
"""Fill of what cannot be said."""


def value_cell(report: DayReport, metric: str, number: Number, *, font: str = "", line_above: bool = False) -> Styled:
    """A number that Excel can compute with, or words."""
    if number.value is None:
        return refused_cell(report, line_above=line_above)
    value, shown = report.wording.cell(metric, number.value)
    return Styled(value, font, line_above=line_above, number_format=shown)


def range_cell(report: DayReport, metric: str, number: Number, *, line_above: bool = False) -> Styled:
    """A number's range in words; empty where there is no number."""
    ends = "" if number.value is None else report.wording.range(metric, number.low, number.high)
    return Styled(ends, "muted", line_above=line_above)


def refused_cell(report: DayReport, *, line_above: bool = False) -> Styled:
    """Words for a number that cannot be said."""
    return Styled(report.translate("cannot be said"), "muted", REFUSED, line_above)
