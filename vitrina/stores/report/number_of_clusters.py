"""The sheet that shows every number of clusters that was measured, and other methods beside Ward's."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl import Workbook

from vitrina.stores.report import native_charts
from vitrina.stores.report.contents import Report
from vitrina.workbooks.cells import HEADING, MUTED, Styled, put
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_paragraph, put_table

USED = "#FBE3C0"


def add_quality(workbook: Workbook, report: Report) -> None:
    """The table of k with a chart per measure; below, the same stores clustered by other methods."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Number of clusters"))
    columns = (
        Column(translate("Number of clusters"), 15, centred=True),
        Column(translate("Silhouette"), 13, "0.000", centred=True),
        Column(translate("Davies-Bouldin index"), 15, "0.000", centred=True),
        Column(translate("Merge distance"), 13, "0.00", centred=True),
        Column(translate("Height gap"), 13, "0.00", centred=True),
        Column(translate("Stability"), 13, "0.00", centred=True),
        Column(translate("Stores in the smallest cluster"), 19, centred=True),
        Column(translate("All of sufficient size"), 15, centred=True),
        Column(translate("Mean rank"), 12, "0.00", centred=True),
        Column(translate("Used"), 13, centred=True),
    )
    last = put_table(sheet, columns, _rows(report))
    make_browsable(sheet, columns, last, frozen_columns=1)
    row = last + 2
    for line in _how_to_read(report):
        put_paragraph(sheet, row, line, len(columns), MUTED)
        row += 1
    row = native_charts.add_quality_charts(sheet, last, row + 1, translate) + 1
    if report.findings.methods.height:
        row = _add_methods(sheet, row, report)
    make_printable(sheet, report.footer, area_to(len(columns), row), pages=1)


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    translate = report.translate
    yes, no = translate("yes"), translate("no")
    for *values, qualifies, mean_rank, chosen in report.findings.quality.drop("quarter", "scenario_id").iter_rows():
        shown = (*values, yes if qualifies else no, mean_rank, yes if chosen else "")
        yield tuple(Styled(value, "bold", USED) for value in shown) if chosen else shown


def _how_to_read(report: Report) -> tuple[str, ...]:
    translate = report.translate
    return (
        report.clustering.choice.describe(translate),
        translate("Silhouette: from -1 to 1, higher is better. How much nearer stores are to their own cluster than to the next."),
        translate("Davies-Bouldin index: from 0, lower is better. Spread inside the clusters against the distance between them."),
        translate("Height gap: higher is better. How much farther apart the clusters are than the pieces they came from."),
        translate(
            "Stability: from 0 to 1, higher is better. How much of a cluster comes out again when the stores are drawn anew."
        ),
        translate(
            "Mean rank: mean place in these measures among the numbers that compete; the lowest wins, and people may decide otherwise."
        ),
    )


def method_names(report: Report) -> dict[str, str]:
    """Method of `ClusterMethods` → its name."""
    translate = report.translate
    return {
        "ward": translate("Ward (in use)"),
        "k_means": translate("k-means"),
        "average_linkage": translate("average linkage"),
        "gaussian_mixture": translate("Gaussian mixture"),
    }


def _add_methods(sheet: object, top: int, report: Report) -> int:
    translate, names, methods = report.translate, method_names(report), report.findings.methods
    put(sheet, top, 1, translate("Other methods on the same stores"), HEADING)
    explained = translate(
        "As many clusters from the same components, by the same measures. Agreement with Ward is the adjusted Rand index: 1 is the same "
        "clusters, 0 what chance would give. Where methods disagree, the borders between clusters are a matter of method."
    )
    put_paragraph(sheet, top + 1, explained, 10, MUTED)
    columns = (
        Column(translate("Method"), 15),
        Column(translate("Silhouette"), 13, "0.000", centred=True),
        Column(translate("Davies-Bouldin index"), 15, "0.000", centred=True),
        Column(translate("Clusters"), 13, centred=True),
        Column(translate("Agreement with Ward"), 13, "0.00", centred=True),
        Column(translate("Stability"), 13, "0.00", centred=True),
        Column(translate("Stores in the smallest cluster"), 19, centred=True),
        Column(translate("Stores measured"), 15, "#,##0", centred=True),
    )
    shown = ("silhouette", "davies_bouldin", "n_clusters", "agreement_with_ward", "jaccard", "smallest_cluster", "n_measured")
    rows = [(names[row["method"]], *(row[name] for name in shown)) for row in methods.iter_rows(named=True)]
    last = put_table(sheet, columns, rows, top=top + 2)
    if methods.get_column("jaccard").null_count() < methods.height:
        return last
    put_paragraph(
        sheet,
        last + 1,
        translate("The quarterly reports also compare a Gaussian mixture, and say how stable the other methods are."),
        10,
        MUTED,
    )
    return last + 1
