"""The sheets that are looked at: the tree and the components as pictures, the map as a chart that Excel draws."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import polars as pl
from openpyxl import Workbook
from openpyxl.drawing.image import Image

from vitrina.stores.dendrogram import drawn_leaves
from vitrina.stores.report import native_charts
from vitrina.stores.report.contents import Report
from vitrina.stores.report.drawings import as_png, likeness_drawing, marks_step, tree_drawing
from vitrina.workbooks.cells import HEADING, MUTED, Styled, put, swatch
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table, set_widths

MAX_MERGES = 11
_PICTURE_WIDTH = 880
_WIDTHS = (24, 18, 18, 24, 15)
_ROWS_PER_PICTURE = 23
_PICTURE_SCALE = 1.5
"""Sharp enough to print."""


def add_tree(workbook: Workbook, report: Report) -> None:
    """How the clusters came together, the last merges as numbers, and where the stores lie on the first two components."""
    translate, clustering = report.translate, report.clustering
    sheet = workbook.create_sheet(translate("Dendrogram"))
    sheet.sheet_view.showGridLines = False
    set_widths(sheet, _WIDTHS)
    merges = translate("The last {merges} merges; below each branch its number of stores")
    # headings are the sheet's: text in a picture cannot be searched, and takes longer to draw than all else in it
    below = _add_picture(
        sheet,
        1,
        (
            translate("How the clusters came together"),
            merges.format(merges=drawn_leaves(clustering.linkage, clustering.n_clusters) - 1),
        ),
        tree_drawing(clustering, translate),
    )
    put(sheet, below, 1, translate("The last merges"), HEADING)
    columns = (
        Column(translate("Merge"), _WIDTHS[0]),
        Column(translate("Ward distance"), _WIDTHS[1], "0.00", centred=True),
        Column(translate("Height gap"), _WIDTHS[2], "0.00", centred=True),
        Column(translate("Stores that came together"), _WIDTHS[3], "#,##0", centred=True),
    )
    last = put_table(sheet, columns, _merges(report), top=below + 1)
    assignments = report.findings.assignments
    step = marks_step(assignments.height)
    marks = translate("One mark per store; stores that lie close together are alike")
    if step > 1:
        marks = translate("A mark for one store in {step}; stores that lie close together are alike").format(step=step)
    below = _add_picture(sheet, last + 2, (translate("Which stores are alike"), marks), likeness_drawing(assignments, translate))
    make_printable(sheet, report.footer, area_to(len(_WIDTHS), below), pages=1, upright=True)


def _merges(report: Report) -> Iterator[tuple[object, ...]]:
    """The last merges, the last first; the one that was undone last stands out."""
    linkage, sizes = report.clustering.linkage, report.clustering.tree.leaf_sizes
    together = _stores_of_merges(linkage, sizes)
    text = report.translate("from {before} to {after} clusters")
    heights = linkage[:, 2].tolist()
    for place in range(1, min(MAX_MERGES, len(heights)) + 1):
        height, lower = heights[-place], heights[-place - 1] if place < len(heights) else 0.0
        values = (text.format(before=place + 1, after=place), height, height - lower, together[-place])
        yield tuple(Styled(value, "bold") for value in values) if place + 1 == report.clustering.n_clusters else values


def _stores_of_merges(linkage: Any, leaf_sizes: Any) -> list[int]:
    """Stores below each merge; the linkage itself counts leaves, which may be groups of stores."""
    sizes = [int(size) for size in leaf_sizes]
    for left, right in linkage[:, :2].astype(int).tolist():
        sizes.append(sizes[left] + sizes[right])
    return sizes[len(leaf_sizes) :]


def _add_picture(sheet: Any, row: int, heading: tuple[str, str], drawing: str) -> int:
    """A heading, a line below it, and a picture; returns the row below."""
    title, line = heading
    put(sheet, row, 1, title, HEADING)
    put(sheet, row + 1, 1, line, MUTED)
    picture = Image(BytesIO(as_png(drawing, _PICTURE_SCALE)))
    picture.height, picture.width = round(picture.height * _PICTURE_WIDTH / picture.width), _PICTURE_WIDTH
    sheet.add_image(picture, f"A{row + 2}")
    return row + 2 + _ROWS_PER_PICTURE


def add_map(workbook: Workbook, report: Report) -> None:
    """Longitude and latitude by cluster; no sheet where no store has coordinates."""
    located = report.stores.filter(pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null())
    if located.is_empty():
        return
    translate = report.translate
    sheet = workbook.create_sheet(translate("Map"))
    columns = (
        Column(translate("Cluster"), 10, centred=True),
        Column(translate("Store"), 12),
        Column(translate("Name"), 34),
        Column(translate("Longitude"), 12, "0.0000"),
        Column(translate("Latitude"), 12, "0.0000"),
    )
    shown = located.select("cluster", "store_id", "name", "longitude", "latitude").iter_rows()
    last = put_table(sheet, columns, ((swatch(cluster), *rest) for cluster, *rest in shown))
    make_browsable(sheet, columns, last)
    without = report.stores.height - located.height
    put(sheet, 1, 7, translate("Stores without coordinates: {count}").format(count=without), MUTED)
    native_charts.add_map(sheet, located, translate)
    # the chart alone: the coordinates are only what it draws
    sheet.print_title_rows = None
    make_printable(sheet, report.footer, "G1:U36", pages=1)
