"""The first sheet: three sentences, the clusters with a traffic light, and what to watch."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from openpyxl import Workbook

from vitrina.stores.report.contents import Report
from vitrina.stores.report.lights import light_of, overall
from vitrina.stores.report.to_watch import warnings
from vitrina.workbooks.cells import MUTED, TITLE, Styled, put, swatch
from vitrina.workbooks.sheets import Column, Page, area_to, make_printable, set_widths

STANDS_OUT = 0.5
"""Smallest difference to the rest, in standard deviations, that is worth a word."""
MAX_NAMED = 3


def add_summary(workbook: Workbook, report: Report) -> None:
    """Add the sheet."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Summary"))
    sheet.sheet_view.showGridLines = False
    columns = _columns(report)
    set_widths(sheet, (column.width for column in columns))
    page = Page(sheet, len(columns))
    page.heading(translate("Store clusters"), TITLE)
    put(sheet, 2, 1, _subtitle(report), MUTED)
    page.row = 4
    for sentence in _sentences(report):
        page.paragraph(sentence)
    page.row += 1
    page.table(columns, _rows(report), roomy=True)
    page.row -= 1
    page.heading(translate("What to watch"))
    for warning in list(warnings(report)) or [translate("Nothing: no feature is missing, and every cluster has the minimum size.")]:
        page.paragraph(f"•  {warning}")
    make_printable(sheet, report.footer, area_to(len(columns), page.row - 1))


def _subtitle(report: Report) -> str:
    scenario, wording = report.clustering.scenario, report.wording
    formats = ", ".join(scenario.formats) or report.translate("all formats")
    return f"{wording.quarter(report.clustering.quarter)} · {formats} · {report.provenance.made_at:%Y-%m-%d}"


def _sentences(report: Report) -> Iterator[str]:
    sizes = report.sizes.values()
    yield report.translate(
        "Stores: {stores}. Clusters: {clusters}; the largest has {largest} store(s), the smallest {smallest}."
    ).format(stores=sum(sizes), clusters=len(sizes), largest=max(sizes), smallest=min(sizes))
    yield report.clustering.choice.describe(report.translate)
    yield overall(report)


def _columns(report: Report) -> tuple[Column, ...]:
    translate = report.translate
    named = (Column(translate("Name"), 26, wrap=True),) if report.names else ()
    return (
        Column(translate("Cluster"), 10, centred=True),
        *named,
        Column(translate("Stores"), 11, "#,##0", centred=True),
        Column(translate("Share of stores"), 13, "0.0%", centred=True),
        Column(report.wording.heading("revenue"), 19, report.wording.number_format("revenue"), centred=True),
        Column(translate("Stability"), 20, centred=True),
        Column(translate("Silhouette"), 12, "0.00", centred=True),
        Column(translate("What stands out against the other stores"), 58 if named else 66, wrap=True),
    )


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    total = sum(report.sizes.values())
    means = report.findings.profile.filter(pl.col("feature") == "revenue")
    revenue = dict(means.select("cluster", "mean").iter_rows())
    stability = {row["cluster"]: row for row in report.findings.stability.iter_rows(named=True)}
    for cluster, size in report.sizes.items():
        sure = stability[cluster]
        yield (
            swatch(cluster),
            *((report.names.get(cluster, ""),) if report.names else ()),
            size,
            size / total,
            revenue.get(cluster),
            light_of(report, sure["band"]) if size > 1 else Styled(report.translate("one store")),
            sure["silhouette"],
            _what_stands_out(report, cluster),
        )


def _what_stands_out(report: Report, cluster: int) -> str:
    rows = report.findings.measured_differences.get(cluster, [])
    named = [(row["feature"], row["difference"]) for row in rows if abs(row["difference"]) >= STANDS_OUT][:MAX_NAMED]
    parts = [
        f"{word}: {report.wording.features(found)}"
        for word, found in (
            (report.translate("higher"), [feature for feature, difference in named if difference > 0]),
            (report.translate("lower"), [feature for feature, difference in named if difference < 0]),
        )
        if found
    ]
    return "\n".join(parts) or report.translate("close to the other stores in everything")
