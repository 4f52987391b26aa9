"""Charts that Excel draws itself, so that people can copy and change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.drawing.text import CharacterProperties

from vitrina.charts import colour
from vitrina.i18n import Translate

ROWS_OF_CHART = 22
COLOURS = (colour(5), colour(1), colour(6))
GREY = "9AA3AD"
GREY_BAR = "#C9CFD6"


def add_hourly_chart(sheet: Any, n_columns: int, last_row: int, size: tuple[int, int], translate: Translate) -> None:
    """Bars of the counts, and a line of how much of each hour could be seen, beside the table that they draw.

    Parameters
    ----------
    sheet
        Holds hours in its first column from row 2, coverage in the last, counts between.
    n_columns
        Columns of the table.
    last_row
        Last row of the table.
    size
        Columns and rows that the chart takes.
    translate
        From the English text to the reader's.
    """
    bars, line = BarChart(), LineChart()
    bars.type, bars.grouping, bars.gapWidth, bars.overlap = "col", "clustered", 60, 0
    bars.title = translate("Customers and interactions by hour")
    bars.add_data(Reference(sheet, min_col=2, max_col=n_columns - 1, min_row=1, max_row=last_row), titles_from_data=True)
    line.add_data(Reference(sheet, min_col=n_columns, min_row=1, max_row=last_row), titles_from_data=True)
    for chart in (bars, line):
        chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last_row))
    bars.y_axis.title, line.y_axis.title = translate("Quantity"), translate("Could be seen")
    _style_bars(bars, COLOURS)
    _style_line(line)
    bars += line
    _place(sheet, bars, (n_columns + 1, 1), size)


def add_seller_chart(sheet: Any, *, sellers: int, first_row: int, translate: Translate) -> None:
    """A bar per seller: interactions that a purchase followed, and such that none followed.

    Parameters
    ----------
    sheet
        Holds sellers in its first column from row 2, and these numbers in the fourth and fifth.
    sellers
        How many.
    first_row
        Row above the chart.
    translate
        From the English text to the reader's.
    """
    bars = BarChart()
    bars.type, bars.grouping, bars.gapWidth, bars.overlap = "bar", "stacked", 60, 100
    bars.title = translate("Interactions by seller")
    bars.add_data(Reference(sheet, min_col=4, max_col=5, min_row=1, max_row=sellers + 1), titles_from_data=True)
    bars.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=sellers + 1))
    bars.x_axis.scaling.orientation = "maxMin"
    # turned round, the axis of numbers would stand above
    bars.y_axis.crosses = "max"
    bars.y_axis.title = translate("Quantity")
    _style_bars(bars, (colour(3), GREY_BAR))
    _place(sheet, bars, (0, first_row), (8, ROWS_OF_CHART - 2))


def _place(sheet: Any, chart: Any, corner: tuple[int, int], size: tuple[int, int]) -> None:
    """Fix a chart to cells, columns and rows counted from 0: how wide a column is depends on the program."""
    begin = AnchorMarker(col=corner[0], row=corner[1])
    end = AnchorMarker(col=corner[0] + size[0], row=corner[1] + size[1])
    chart.anchor = TwoCellAnchor(_from=begin, to=end)
    sheet.add_chart(chart)


def _style_bars(bars: Any, shades: Sequence[str]) -> None:
    for series, shade in zip(bars.series, shades, strict=False):
        series.graphicalProperties.solidFill = shade[1:]
        series.graphicalProperties.line.noFill = True
    bars.y_axis.number_format, bars.y_axis.scaling.min = "0", 0
    bars.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E7EB"))
    # openpyxl leaves it open, and Excel then hides the axes
    bars.x_axis.delete = bars.y_axis.delete = False
    bars.legend.position = "b"
    _size(bars.title, 1200)
    _size(bars.y_axis.title, 900)


def _size(title: Any, size: int) -> None:
    for run in title.tx.rich.p[0].r:
        run.rPr = CharacterProperties(sz=size, b=size > 1000)


def _style_line(line: Any) -> None:
    series = line.series[0]
    series.smooth = False
    series.marker.symbol, series.marker.size = "circle", 5
    series.marker.graphicalProperties = GraphicalProperties(solidFill=GREY, ln=LineProperties(solidFill=GREY))
    series.graphicalProperties.line.solidFill, series.graphicalProperties.line.width = GREY, 15_000
    series.graphicalProperties.line.dashStyle = "sysDash"
    line.y_axis.axId, line.y_axis.crosses = 200, "max"
    line.y_axis.scaling.min, line.y_axis.scaling.max = 0, 1
    line.y_axis.delete = False
    _size(line.y_axis.title, 900)
    line.y_axis.number_format, line.y_axis.majorUnit, line.y_axis.majorGridlines = "0%", 0.25, None
