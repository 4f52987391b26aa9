"""The first sheet: three sentences, the clusters with a traffic light, and what to watch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from openpyxl import Workbook

from vitrina.charts import colour
from vitrina.stores.report_contents import Report
from vitrina.stores.wording import band
from vitrina.stores.workbook import (
    HEADING,
    MIDDLED,
    MUTED,
    TITLE,
    WRAPPED_MIDDLED,
    Column,
    area_to,
    bold_on,
    lines_of,
    make_printable,
    put,
    put_header,
    put_paragraph,
    set_widths,
    solid,
)

STANDS_OUT = 0.5
"""Smallest |z| that is worth a word: half a standard deviation of the network."""
MAX_NAMED = 3
MAX_LISTED = 5
MOSTLY_MISSING = 0.5

_LAST = 7


def add_summary(workbook: Workbook, report: Report) -> None:
    """Add the sheet."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Summary"))
    sheet.sheet_view.showGridLines = False
    columns = _columns(report)
    set_widths(sheet, (column.width for column in columns))
    put(sheet, 1, 1, translate("Store clusters")).font = TITLE
    sheet.row_dimensions[1].height = 28
    put(sheet, 2, 1, _subtitle(report)).font = MUTED
    row = 4
    for sentence in _sentences(report):
        put_paragraph(sheet, row, sentence, _LAST)
        row += 1
    row = _add_clusters(sheet, row + 1, columns, report)
    put(sheet, row + 1, 1, translate("What to watch")).font = HEADING
    row += 2
    for warning in list(_warnings(report)) or [
        translate("Nothing: no feature is missing, and every cluster has the minimum size.")
    ]:
        put_paragraph(sheet, row, f"•  {warning}", _LAST)
        row += 1
    make_printable(sheet, report.footer, area_to(_LAST, row - 1))


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
    if report.silhouette is None:
        yield report.translate("How clearly the clusters are apart cannot be measured with this number of clusters.")
    else:
        found = band(report.silhouette, report.translate)
        yield found.sentence.format(silhouette=report.wording.decimal(report.silhouette))


def _columns(report: Report) -> tuple[Column, ...]:
    translate = report.translate
    return (
        Column(translate("Cluster"), 10),
        Column(translate("Stores"), 12, "#,##0"),
        Column(translate("Share of stores"), 13, "0.0%"),
        Column(report.wording.heading("revenue"), 19, report.wording.number_format("revenue")),
        Column(translate("Silhouette"), 12, "0.00"),
        Column(translate("How clear"), 14),
        Column(translate("What stands out against the network"), 62, wrap=True),
    )


def _add_clusters(sheet: Any, top: int, columns: tuple[Column, ...], report: Report) -> int:
    put_header(sheet, top, columns)
    total = sum(report.sizes.values())
    by_cluster = report.assignments.group_by("cluster").agg(pl.col("silhouette").mean())
    silhouettes, single = dict(by_cluster.iter_rows()), report.translate("one store")
    revenue = {row["cluster"]: row["mean"] for row in report.profile.filter(pl.col("feature") == "revenue").iter_rows(named=True)}
    for row, (cluster, size) in enumerate(report.sizes.items(), start=top + 1):
        # alone in its cluster, a store has no silhouette; the 0 that stands for it would look like a bad one
        silhouette = silhouettes[cluster] if size > 1 else None
        found = None if silhouette is None else band(silhouette, report.translate)
        text = _what_stands_out(report, cluster)
        values = (
            cluster,
            size,
            size / total,
            revenue.get(cluster),
            silhouette,
            f"● {found.word}" if found else single if size == 1 else "–",
            text,
        )
        for place, (column, value) in enumerate(zip(columns, values, strict=True), start=1):
            cell = put(sheet, row, place, value, column.number_format)
            cell.alignment = WRAPPED_MIDDLED if column.wrap else MIDDLED
        swatch = sheet.cell(row, 1)
        swatch.fill, swatch.font = solid(colour(cluster)), bold_on(colour(cluster))
        if found:
            sheet.cell(row, 6).fill = solid(found.colour)
        sheet.row_dimensions[row].height = 8 + 15 * lines_of(text, columns[-1].width)
    return top + len(report.sizes) + 1


def _what_stands_out(report: Report, cluster: int) -> str:
    rows = report.profile.filter((pl.col("cluster") == cluster) & (pl.col("z").abs() >= STANDS_OUT)).sort(
        pl.col("z").abs(), "feature", descending=[True, False]
    )
    named = rows.head(MAX_NAMED)
    parts = [
        f"{word}: {report.wording.features(found.get_column('feature'))}"
        for word, found in (
            (report.translate("higher"), named.filter(pl.col("z") > 0)),
            (report.translate("lower"), named.filter(pl.col("z") < 0)),
        )
        if found.height
    ]
    return "\n".join(parts) or report.translate("close to the network in everything")


def _warnings(report: Report) -> Iterator[str]:
    yield from _feature_warnings(report)
    yield from _store_warnings(report)


def _feature_warnings(report: Report) -> Iterator[str]:
    clustering, wording, translate = report.clustering, report.wording, report.translate
    if clustering.dropped:
        named = "; ".join(f"{wording.feature(name)} ({translate(reason)})" for name, reason in clustering.dropped.items())
        yield translate("Not used, though asked for: {features}.").format(features=named)
    if clustering.imputed:
        named = "; ".join(f"{wording.feature(name)} ({count})" for name, count in clustering.imputed.items())
        yield translate("Missing values took the median of all stores: {features}. In brackets the number of stores.").format(
            features=named
        )
    mostly = [name for name, count in clustering.imputed.items() if count > MOSTLY_MISSING * clustering.stores.height]
    if mostly:
        yield translate(
            "More than half of the stores lack a value: {features}. Deliver it, or read the clusters with care."
        ).format(features=wording.features(mostly))


def _store_warnings(report: Report) -> Iterator[str]:
    translate, minimum_size = report.translate, report.clustering.choice.minimum_size
    for cluster, size in report.sizes.items():
        if size < minimum_size and len(report.sizes) > 1:
            yield translate("Cluster {cluster} has {size} store(s), fewer than {minimum_size}: {stores}").format(
                cluster=cluster, size=size, minimum_size=minimum_size, stores=_named_stores(report, cluster)
            )
    borderline = report.assignments.filter(pl.col("silhouette") < 0).height
    if borderline:
        yield translate(
            "Borderline stores, which are on average nearer to another cluster than to their own: {count}. They are marked on the sheet of stores."
        ).format(count=borderline)


def _named_stores(report: Report, cluster: int) -> str:
    rows = report.stores.filter(pl.col("cluster") == cluster)
    nearest = report.translate("{name} ({store_id}), nearest other cluster {next_cluster}")
    listed = "; ".join(
        nearest.format(**row) for row in rows.head(MAX_LISTED).select("name", "store_id", "next_cluster").iter_rows(named=True)
    )
    more = rows.height - MAX_LISTED
    return f"{listed}; " + report.translate("and {count} more").format(count=more) if more > 0 else f"{listed}."
