"""The sheets behind the summary, each a function that adds one sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import polars as pl
from openpyxl import Workbook
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import ColorScaleRule

from vitrina.charts import colour, to_png
from vitrina.stores import native_charts, report_parameters
from vitrina.stores.dendrogram import dendrogram
from vitrina.stores.pictures import cluster_map
from vitrina.stores.profile import CLUSTERED, PROFILE_ONLY
from vitrina.stores.report_contents import Report
from vitrina.stores.workbook import (
    BOLD,
    LINE_ABOVE,
    MUTED,
    Column,
    area_to,
    bold_on,
    make_browsable,
    make_printable,
    put,
    put_paragraph,
    put_table,
    solid,
)

if TYPE_CHECKING:
    import altair as alt

LOW, MIDDLE, HIGH = "#5AA5D6", "#FFFFFF", "#F0A35E"
"""Blue, white, orange at a z of -2, 0 and 2: told apart with any colour vision."""
Z_LIMIT = 2.0

_PICTURE_WIDTH = 880


def add_profile(workbook: Workbook, report: Report) -> None:
    """Means per cluster, coloured by how far they lie from the network; the same as per cent and as z below."""
    translate, wording = report.translate, report.wording
    sheet = workbook.create_sheet(translate("Profile"))
    roles = {CLUSTERED: translate("shapes the clusters"), PROFILE_ONLY: translate("describes them")}
    columns = (
        Column(translate("Measure"), 18),
        Column(translate("Feature"), 36),
        Column(translate("Unit"), 17),
        Column(translate("Role"), 22),
        Column(translate("Network"), 13),
        *(Column(translate("Cluster {cluster}").format(cluster=cluster), 13) for cluster in report.sizes),
    )
    blocks = (
        ("mean", translate("Mean"), ""),
        ("difference", translate("Difference, %"), "+0%;-0%;0%"),
        ("z", translate("Difference, σ"), "+0.0;-0.0;0.0"),
    )
    by_feature = report.profile.partition_by("feature", maintain_order=True)
    rows: list[tuple[object, ...]] = []
    for name, title, _ in blocks:
        for rows_of_feature in by_feature:
            first = rows_of_feature.row(0, named=True)
            network = first["network_mean"] if name == "mean" else None
            unit = wording.unit(first["feature"]) if name == "mean" else {"difference": "%", "z": "σ"}[name]
            rows.append(
                (title, wording.feature(first["feature"]), unit, roles[first["role"]], network, *rows_of_feature.get_column(name))
            )
    last = put_table(sheet, columns, rows)
    _format_profile(sheet, report, by_feature, [number_format for *_, number_format in blocks])
    make_browsable(sheet, columns, last, frozen_columns=2)
    put(
        sheet,
        last + 2,
        1,
        translate("Colours: blue is two standard deviations of the network below its mean, white equals it, orange is two above."),
    ).font = MUTED
    make_printable(sheet, report.footer, area_to(len(columns), last + 2))


def _format_profile(sheet: Any, report: Report, by_feature: list[pl.DataFrame], formats: list[str]) -> None:
    row = 1
    for block, number_format in enumerate(formats):
        for place, rows_of_feature in enumerate(by_feature):
            row += 1
            cells = [sheet.cell(row, column) for column in range(5, 6 + len(report.sizes))]
            for cell in cells:
                cell.number_format = number_format or report.wording.number_format(rows_of_feature.item(0, "feature"))
            if block == 0:
                if rows_of_feature.item(0, "role") == CLUSTERED:
                    sheet.cell(row, 2).font = BOLD
                for cell, z in zip(cells[1:], rows_of_feature.get_column("z"), strict=True):
                    cell.fill = solid(heat(z))
            if place == 0 and block:
                for column in range(1, 6 + len(report.sizes)):
                    sheet.cell(row, column).border = LINE_ABOVE
    if by_feature:
        first, last = row - len(by_feature) + 1, row
        area = f"{sheet.cell(first, 6).coordinate}:{sheet.cell(last, 5 + len(report.sizes)).coordinate}"
        scale = {
            "start_type": "num",
            "start_value": -Z_LIMIT,
            "mid_type": "num",
            "mid_value": 0,
            "end_type": "num",
            "end_value": Z_LIMIT,
        }
        colours = {"start_color": LOW[1:], "mid_color": MIDDLE[1:], "end_color": HIGH[1:]}
        sheet.conditional_formatting.add(area, ColorScaleRule(**scale, **colours))


def heat(z: float | None) -> str:
    """The colour of a z: fixed, so that two reports compare; white where z is not defined.

    >>> heat(-5.0), heat(0.0), heat(2.0)
    ('#5AA5D6', '#FFFFFF', '#F0A35E')
    """
    share = 0.0 if z is None else max(-1.0, min(1.0, z / Z_LIMIT))
    end = HIGH if share > 0 else LOW
    mixed = (round(int(MIDDLE[at : at + 2], 16) * (1 - abs(share)) + int(end[at : at + 2], 16) * abs(share)) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02X}" for part in mixed)


def add_stores(workbook: Workbook, report: Report) -> None:
    """One row per store, cluster by cluster."""
    translate, wording = report.translate, report.wording
    sheet = workbook.create_sheet(translate("Stores"))
    shown = [
        name
        for name in report.clustering.selected.clustered
        if name in report.stores.columns and report.stores.get_column(name).count()
    ]
    columns = (
        Column(translate("Store"), 12),
        Column(translate("Name"), 38),
        Column(translate("Format"), 15),
        Column(translate("Cluster"), 10, centred=True),
        Column(translate("Distance to its centre"), 13, "0.00"),
        Column(translate("Next cluster"), 12, centred=True),
        Column(translate("Distance to that centre"), 13, "0.00"),
        Column(translate("Silhouette"), 12, "0.00"),
        Column(translate("Note"), 16),
        Column(translate("Took the median"), 24),
        *(Column(wording.heading(name), 16, wording.number_format(name)) for name in shown),
    )
    last = put_table(sheet, columns, _store_rows(report, shown))
    for row, cluster in enumerate(report.stores.get_column("cluster"), start=2):
        swatch = sheet.cell(row, 4)
        swatch.fill, swatch.font = solid(colour(cluster)), bold_on(colour(cluster))
    make_browsable(sheet, columns, last, frozen_columns=2)
    make_printable(sheet, report.footer, area_to(len(columns), last))


def _store_rows(report: Report, shown: list[str]) -> Iterator[tuple[object, ...]]:
    known = ("store_id", "name", "format", "cluster", "distance", "next_cluster", "next_distance", "silhouette")
    for row in report.stores.iter_rows(named=True):
        imputed = [name for name in row["imputed"].split(", ") if name]
        medians = report.wording.features(imputed) if imputed else ""
        yield (*(row[name] for name in known), _note(report, row), medians, *(row[name] for name in shown))


def _note(report: Report, row: dict[str, Any]) -> str:
    if report.sizes[row["cluster"]] < report.clustering.choice.minimum_size:
        return report.translate("small cluster")
    return report.translate("borderline") if (row["silhouette"] or 0) < 0 else ""


def add_quality(workbook: Workbook, report: Report) -> None:
    """The table of k with a chart per measure."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Number of clusters"))
    columns = (
        Column(translate("Number of clusters"), 13, centred=True),
        Column(translate("Silhouette"), 13, "0.000"),
        Column(translate("Davies-Bouldin index"), 15, "0.000"),
        Column(translate("Merge distance"), 13, "0.00"),
        Column(translate("Height gap"), 13, "0.00"),
        Column(translate("Stores in the smallest cluster"), 19, centred=True),
        Column(translate("All of sufficient size"), 15, centred=True),
        Column(translate("Mean rank"), 12, "0.00", centred=True),
        Column(translate("Used"), 13, centred=True),
    )
    yes, no = translate("yes"), translate("no")
    rows = [
        (*values, yes if qualifies else no, mean_rank, yes if chosen else "")
        for *values, qualifies, mean_rank, chosen in report.quality.drop("quarter", "scenario_id").iter_rows()
    ]
    last = put_table(sheet, columns, rows)
    for row in range(2, last + 1):
        for column in range(1, len(columns) + 1):
            if sheet.cell(row, len(columns)).value:
                sheet.cell(row, column).font, sheet.cell(row, column).fill = BOLD, solid("#FBE3C0")
    make_browsable(sheet, columns, last, frozen_columns=1)
    for offset, line in enumerate(_how_to_read(report), start=2):
        put_paragraph(sheet, last + offset, line, len(columns)).font = MUTED
    below = native_charts.add_quality_charts(sheet, last, last + 8, translate)
    make_printable(sheet, report.footer, area_to(len(columns), below), pages=1)


def _how_to_read(report: Report) -> tuple[str, ...]:
    translate = report.translate
    return (
        report.clustering.choice.describe(translate),
        translate("Silhouette: from -1 to 1, higher is better. How much nearer stores are to their own cluster than to the next."),
        translate("Davies-Bouldin index: from 0, lower is better. Spread inside the clusters against the distance between them."),
        translate("Height gap: higher is better. How much farther apart the clusters are than the pieces they came from."),
        translate(
            "Mean rank: mean place in these three among the numbers that compete; the lowest wins, and people may decide otherwise."
        ),
    )


def add_pictures(workbook: Workbook, report: Report) -> None:
    """How the clusters came together, and where the stores lie on the first two components."""
    translate, clustering = report.translate, report.clustering
    sheet = workbook.create_sheet(translate("Dendrogram"))
    sheet.sheet_view.showGridLines = False
    charts: tuple[alt.TopLevelMixin, ...] = (
        dendrogram(clustering.linkage, clustering.labels, translate),
        cluster_map(report.assignments, translate),
    )
    for chart, anchor in zip(charts, ("A1", "A27"), strict=True):
        picture = Image(BytesIO(to_png(chart)))
        picture.height, picture.width = round(picture.height * _PICTURE_WIDTH / picture.width), _PICTURE_WIDTH
        sheet.add_image(picture, anchor)
    make_printable(sheet, report.footer, "A1:N52", pages=1, upright=True)


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
    last = put_table(sheet, columns, located.select("cluster", "store_id", "name", "longitude", "latitude").iter_rows())
    make_browsable(sheet, columns, last)
    without = report.stores.height - located.height
    put(sheet, 1, 7, translate("Stores without coordinates: {count}").format(count=without)).font = MUTED
    native_charts.add_map(sheet, located, translate)
    # the chart alone: the coordinates are only what it draws
    sheet.print_title_rows = None
    make_printable(sheet, report.footer, "G1:U36", pages=1)


IN_ORDER: tuple[Callable[[Workbook, Report], None], ...] = (
    add_profile,
    add_stores,
    add_quality,
    add_pictures,
    add_map,
    report_parameters.add_parameters,
    report_parameters.add_dictionary,
)
"""The sheets after the summary."""
