"""The sheet of means per cluster, coloured by how far they lie from the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from openpyxl import Workbook
from openpyxl.formatting.rule import ColorScaleRule

from vitrina.stores.profile import CLUSTERED
from vitrina.stores.report.contents import Report
from vitrina.workbooks.cells import MUTED, Styled, put
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table

LOW, MIDDLE, HIGH = "#5AA5D6", "#FFFFFF", "#F0A35E"
"""Blue, white, orange at a z of -2, 0 and 2: told apart with any colour vision."""
Z_LIMIT = 2.0


def add_profile(workbook: Workbook, report: Report) -> None:
    """Means per cluster, coloured by how far they lie from the network; the same as per cent and as z below."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Profile"))
    columns = (
        Column(translate("Measure"), 18),
        Column(translate("Feature"), 36),
        Column(translate("Unit"), 17),
        Column(translate("Role"), 22),
        Column(translate("Network"), 14, "0"),
        *(Column(report.cluster(cluster), 18 if report.names else 13, "0") for cluster in report.sizes),
    )
    by_feature = report.findings.profile.partition_by("feature", maintain_order=True)
    rows = [*_means(report, by_feature), *_differences(report, by_feature)]
    last = put_table(sheet, columns, rows)
    if by_feature:
        first = sheet.cell(last - len(by_feature) + 1, 6).coordinate
        _colour(sheet, f"{first}:{sheet.cell(last, 5 + len(report.sizes)).coordinate}")
    make_browsable(sheet, columns, last, frozen_columns=2)
    put(
        sheet,
        last + 2,
        1,
        translate("Colours: blue is two standard deviations of the network below its mean, white equals it, orange is two above."),
        MUTED,
    )
    make_printable(sheet, report.footer, area_to(len(columns), last + 2))


def _means(report: Report, by_feature: list[pl.DataFrame]) -> Iterator[tuple[object, ...]]:
    wording, title = report.wording, report.translate("Mean")
    for rows in by_feature:
        first = rows.row(0, named=True)
        name, number_format = first["feature"], wording.number_format(first["feature"])
        yield (
            title,
            Styled(wording.feature(name), "bold" if first["role"] == CLUSTERED else ""),
            wording.unit(name),
            wording.role(first["role"]),
            Styled(first["network_mean"], number_format=number_format),
            *(
                Styled(mean, fill=heat(z), number_format=number_format)
                for mean, z in zip(rows.get_column("mean"), rows.get_column("z"), strict=True)
            ),
        )


def _differences(report: Report, by_feature: list[pl.DataFrame]) -> Iterator[tuple[object, ...]]:
    translate, wording = report.translate, report.wording
    blocks = (
        ("difference", translate("Difference, %"), "%", "+0%;-0%;0%"),
        ("z", translate("Difference, σ"), "σ", "+0.0;-0.0;0.0"),
    )
    for name, title, unit, number_format in blocks:
        for place, rows in enumerate(by_feature):
            first = rows.row(0, named=True)
            shown = (title, wording.feature(first["feature"]), unit, wording.role(first["role"]), None, *rows.get_column(name))
            yield tuple(Styled(value, line_above=place == 0, number_format=number_format) for value in shown)


def _colour(sheet: Any, area: str) -> None:
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
