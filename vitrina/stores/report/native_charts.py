"""Charts that Excel draws itself, so that people can copy and change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from openpyxl.chart import LineChart, Reference, ScatterChart, Series
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties

from vitrina.charts import colour

MAX_CLUSTERS_DRAWN = 30
"""More series than that nobody reads, and Excel refuses more than 255."""

_MARGIN = 0.05
_ROWS_PER_CHART = 13
_SYMBOLS = ("circle", "square", "triangle", "diamond", "x", "star")


def add_quality_charts(sheet: Any, last_row: int, below: int, translate: Callable[[str], str]) -> int:
    """Add a line chart per measure under the table of k, and return the row below them."""
    measures = (
        (2, translate("Silhouette: higher is better")),
        (3, translate("Davies-Bouldin index: lower is better")),
        (5, translate("Height gap: higher is better")),
        (6, translate("Stability: higher is better")),
    )
    for place, (column, title) in enumerate(measures):
        chart = LineChart()
        chart.title, chart.legend = title, None
        chart.width, chart.height = 12.6, 6.2
        chart.add_data(Reference(sheet, min_col=column, min_row=2, max_row=last_row))
        chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last_row))
        chart.x_axis.title = translate("Number of clusters")
        _show_axes(chart)
        _set_sizes(chart)
        _draw(chart.series[0], colour(1), "circle", line=True)
        sheet.add_chart(chart, f"{'AF'[place % 2]}{below + _ROWS_PER_CHART * (place // 2)}")
    return below + 2 * _ROWS_PER_CHART


def add_map(sheet: Any, located: pl.DataFrame, translate: Callable[[str], str]) -> None:
    """Add a scatter chart of coordinates, one series per cluster, beside the table that it draws.

    Parameters
    ----------
    sheet
        Holds longitude and latitude in columns D and E from row 2, in the order of `located`.
    located
        Columns ``cluster``, ``longitude``, ``latitude``; rows of a cluster stand together.
    translate
        From the English text to the reader's.
    """
    chart = ScatterChart()
    chart.style, chart.scatterStyle = 13, "lineMarker"
    chart.title, chart.width, chart.height = translate("Where the stores are"), 25, 16
    chart.x_axis.title, chart.y_axis.title = translate("Longitude"), translate("Latitude")
    chart.x_axis.scaling.min, chart.x_axis.scaling.max = _range(located.get_column("longitude"))
    chart.y_axis.scaling.min, chart.y_axis.scaling.max = _range(located.get_column("latitude"))
    chart.x_axis.number_format = chart.y_axis.number_format = "0.0"
    chart.legend.position = "r"
    _show_axes(chart)
    _set_sizes(chart)
    first = 2
    for cluster, rows in located.group_by("cluster", maintain_order=True):
        last = first + rows.height - 1
        number = int(str(cluster[0]))
        if number <= MAX_CLUSTERS_DRAWN:
            series = Series(
                Reference(sheet, min_col=5, min_row=first, max_row=last), Reference(sheet, min_col=4, min_row=first, max_row=last)
            )
            series.tx = SeriesLabel(v=translate("Cluster {cluster}").format(cluster=number))
            _draw(series, colour(number), _SYMBOLS[(number - 1) % len(_SYMBOLS)], line=False)
            chart.series.append(series)
        first = last + 1
    sheet.add_chart(chart, "G2")


def _draw(series: Any, shade: str, symbol: str, *, line: bool) -> None:
    series.smooth = False
    series.marker.symbol, series.marker.size = symbol, 6
    series.marker.graphicalProperties.solidFill = series.marker.graphicalProperties.line.solidFill = shade[1:]
    if line:
        series.graphicalProperties.line.solidFill, series.graphicalProperties.line.width = shade[1:], 22_000
    else:
        series.graphicalProperties.line.noFill = True


def _show_axes(chart: Any) -> None:
    # openpyxl leaves it open, and Excel then hides the axes
    chart.x_axis.delete = chart.y_axis.delete = False
    for axis in (chart.x_axis, chart.y_axis):
        # at the edge, or labels of western longitudes stand inside the picture
        axis.tickLblPos = "low"
        if axis.majorGridlines is not None:
            axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E7EB"))


def _set_sizes(chart: Any) -> None:
    """Titles in a size that leaves room for the picture."""
    for title, size, bold in ((chart.title, 1100, True), (chart.x_axis.title, 900, False), (chart.y_axis.title, 900, False)):
        if title is not None:
            for run in title.tx.rich.p[0].r:
                run.rPr = CharacterProperties(sz=size, b=bold)


def _range(values: pl.Series) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]  # polars types the extremes of any series
    margin = max(_MARGIN * (high - low), 0.05)
    return round(low - margin, 2), round(high + margin, 2)
