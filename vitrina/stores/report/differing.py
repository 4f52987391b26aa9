"""The sheet that says what sets the clusters apart: sizes of effects with their uncertainty, and rules."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from openpyxl import Workbook
from openpyxl.formatting.rule import DataBarRule

from vitrina.stores.report.contents import Report
from vitrina.stores.report.lights import sureness
from vitrina.workbooks.cells import MUTED, TITLE, Styled, swatch
from vitrina.workbooks.sheets import Column, Page, area_to, make_printable, set_widths

MAX_FEATURES = 6
"""Rows per cluster: what comes after them hardly sets it apart."""
MAX_IN_SENTENCE = 3
_WIDTHS = (10, 46, 23, 16, 15, 17, 15, 11, 11, 10)


def add_differences(workbook: Workbook, report: Report) -> None:
    """Three sentences per cluster, then the tables that they come from."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("What differs"))
    sheet.sheet_view.showGridLines = False
    set_widths(sheet, _WIDTHS)
    page = Page(sheet, len(_WIDTHS))
    page.heading(translate("What sets the clusters apart"), TITLE)
    for cluster in report.sizes:
        page.heading(report.cluster(cluster))
        for sentence in (_size(report, cluster), _strongest(report, cluster), _best_rule(report, cluster)):
            page.paragraph(sentence)
    _add_features(page, report)
    _add_effects(page, report)
    _add_rules(page, report)
    make_printable(sheet, report.footer, area_to(len(_WIDTHS), page.row))


def _size(report: Report, cluster: int) -> str:
    size, total = report.sizes[cluster], sum(report.sizes.values())
    text = report.translate("Stores: {stores}, {share} of all; {sureness}.")
    return text.format(stores=size, share=report.wording.percent(size / total), sureness=sureness(report, cluster))


def _strongest(report: Report, cluster: int) -> str:
    translate, wording = report.translate, report.wording
    rows = report.findings.measured_differences.get(cluster)
    if not rows:
        return translate("The differences to the other stores cannot be measured: too few values.")
    higher, lower = (
        translate("{feature} higher ({g}; from {low} to {high})"),
        translate("{feature} lower ({g}; from {low} to {high})"),
    )
    parts = [
        (higher if row["difference"] > 0 else lower).format(
            feature=wording.feature(row["feature"]),
            g=wording.signed(row["difference"]),
            low=wording.signed(row["low"]),
            high=wording.signed(row["high"]),
        )
        for row in rows[:MAX_IN_SENTENCE]
    ]
    return translate("Against all other stores: {differences}.").format(differences=", ".join(parts))


def _best_rule(report: Report, cluster: int) -> str:
    translate, wording = report.translate, report.wording
    rows = report.findings.rules.filter(pl.col("cluster") == cluster)
    if rows.is_empty():
        return translate("No simple rule leads to this cluster.")
    rule = rows.sort(pl.col("precision") * pl.col("recall"), "rule", descending=[True, False]).row(0, named=True)
    text = translate(
        "Rule of thumb ({rule}): of the stores that it covers, {precision} are in the cluster; it finds {recall} of the cluster's stores."
    )
    return text.format(
        rule=wording.rule(rule["conditions"]), precision=wording.percent(rule["precision"]), recall=wording.percent(rule["recall"])
    )


def _add_features(page: Page, report: Report) -> None:
    translate = report.translate
    page.heading(translate("Features that set each cluster apart most"))
    page.paragraph(
        translate(
            "Difference: Hedges' g, the difference of the means in standard deviations, with its 95 % interval; known values only. "
            "From 0.8 in size it is usually called large, from 0.5 medium. No p-values are shown: the clusters were made to differ "
            "in the features that shape them, so a test that they differ would prove nothing."
        ),
        MUTED,
    )
    columns = (
        Column(translate("Cluster"), _WIDTHS[0], centred=True),
        Column(translate("Feature"), _WIDTHS[1]),
        Column(translate("Role"), _WIDTHS[2]),
        Column(translate("Unit"), _WIDTHS[3]),
        Column(translate("Mean"), _WIDTHS[4], "#,##0"),
        Column(translate("Mean of the rest"), _WIDTHS[5], "#,##0"),
        Column(translate("Difference (g)"), _WIDTHS[6], "+0.00;-0.00;0.00"),
        Column(translate("from"), _WIDTHS[7], "+0.00;-0.00;0.00"),
        Column(translate("to"), _WIDTHS[8], "+0.00;-0.00;0.00"),
        Column(translate("Stores"), _WIDTHS[9], "#,##0"),
    )
    page.table(columns, _feature_rows(report))


def _feature_rows(report: Report) -> Iterator[tuple[object, ...]]:
    wording, previous = report.wording, 1
    for row in report.findings.differences.filter(pl.col("place") <= MAX_FEATURES).iter_rows(named=True):
        name, number_format = row["feature"], wording.number_format(row["feature"])
        line_above, previous = row["cluster"] != previous, row["cluster"]
        yield (
            swatch(row["cluster"]),
            *(
                Styled(value, line_above=line_above)
                for value in (wording.feature(name), wording.role(row["role"]), wording.unit(name))
            ),
            *(Styled(row[mean], line_above=line_above, number_format=number_format) for mean in ("mean", "rest_mean")),
            Styled(row["difference"], "bold", line_above=line_above),
            *(Styled(row[value], line_above=line_above) for value in ("low", "high", "n_stores")),
        )


def _add_effects(page: Page, report: Report) -> None:
    translate, wording = report.translate, report.wording
    page.heading(translate("How much of each feature the clusters explain"))
    page.paragraph(
        translate("Eta squared: share of the feature's variance that lies between the clusters; 100 % is all of it."), MUTED
    )
    columns = (
        Column(translate("Place"), _WIDTHS[0], centred=True),
        Column(translate("Feature"), _WIDTHS[1]),
        Column(translate("Role"), _WIDTHS[2]),
        Column(translate("Eta squared"), _WIDTHS[3], "0%"),
        Column(translate("Stores"), _WIDTHS[4], "#,##0"),
    )
    ranked = report.findings.effects.sort("eta_squared", descending=True, nulls_last=True, maintain_order=True)
    rows = [
        (place, wording.feature(row["feature"]), wording.role(row["role"]), row["eta_squared"], row["n_stores"])
        for place, row in enumerate(ranked.iter_rows(named=True), start=1)
    ]
    first, last = page.table(columns, rows)
    bar = DataBarRule(start_type="num", start_value=0, end_type="num", end_value=1, color="9CC3E0")
    page.sheet.conditional_formatting.add(f"D{first}:D{last}", bar)


def _add_rules(page: Page, report: Report) -> None:
    translate, wording, rows = report.translate, report.wording, report.findings.rules
    page.heading(translate("Rules that lead to the clusters"))
    page.paragraph(_accuracy(report), MUTED)
    columns = (
        Column(translate("Cluster"), _WIDTHS[0], centred=True),
        Column(translate("Rule"), _WIDTHS[1], wrap=True),
        Column(translate("Precision: share of covered stores in the cluster"), _WIDTHS[2], "0%", centred=True),
        Column(translate("Recall: share of the cluster covered"), _WIDTHS[3], "0%", centred=True),
        Column(translate("Stores covered"), _WIDTHS[4], "#,##0", centred=True),
    )
    page.table(
        columns,
        (
            (swatch(row["cluster"]), wording.rule(row["conditions"]), row["precision"], row["recall"], row["n_stores"])
            for row in rows.iter_rows(named=True)
        ),
        roomy=True,
    )


def _accuracy(report: Report) -> str:
    translate, rows = report.translate, report.findings.rules
    seen = float((rows.get_column("precision") * rows.get_column("n_stores")).sum()) / int(rows.get_column("n_stores").sum())
    unseen = rows.item(0, "tree_accuracy")
    text = translate(
        "A decision tree of depth 3 on the features in their own units; a gap counts as the median. "
        "It puts {seen} of the stores right that it has seen, and {unseen} of those that it has not (5 folds)."
    )
    return text.format(seen=report.wording.percent(seen), unseen=report.wording.percent(unseen))
