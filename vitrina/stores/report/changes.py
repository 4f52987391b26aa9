"""The sheet about time: which clusters continue which, who moved, what drifted, and what people decided."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from openpyxl import Workbook

from vitrina.stores.report.champion import champion_and_challenger, decision_rows, drift_rows
from vitrina.stores.report.contents import QUARTER_BEFORE, Changes, Report
from vitrina.workbooks.cells import MUTED, TITLE, Styled, swatch
from vitrina.workbooks.sheets import Column, Page, area_to, make_printable, set_widths

_WIDTHS = (13, 36, 22, 20, 16, 32, 60)


def add_changes(workbook: Workbook, report: Report) -> None:
    """What changed since the quarter before; no sheet where nobody looked."""
    changes, translate = report.changes, report.translate
    if changes is None:
        return
    sheet = workbook.create_sheet(translate("Changes"))
    sheet.sheet_view.showGridLines = False
    set_widths(sheet, _WIDTHS)
    page = Page(sheet, len(_WIDTHS))
    page.heading(translate("What changed since the quarter before"), TITLE)
    for sentence in champion_and_challenger(report, changes):
        page.paragraph(sentence)
    _add_matches(page, report, changes)
    if report.moves.height:
        _add_flows(page, report, changes)
        _add_moved(page, report, changes)
    _add_new(page, report, changes)
    if changes.drift.height:
        _add_drift(page, report, changes)
    if changes.decisions.height:
        _add_decisions(page, report, changes)
    make_printable(sheet, report.footer, area_to(len(_WIDTHS), page.row))


def _add_matches(page: Page, report: Report, changes: Changes) -> None:
    translate, wording = report.translate, report.wording
    if changes.matches.is_empty():
        return
    page.heading(translate("What the quarter's own clusters continue"))
    approved = _names_of_approved(changes)
    continued = {
        "approved model": translate("a cluster of the approved model"),
        QUARTER_BEFORE: translate("a cluster of the quarter before"),
        "nothing": translate("nothing: it is new"),
    }
    columns = (
        Column(translate("Cluster"), _WIDTHS[0], centred=True),
        Column(translate("Name carried over"), _WIDTHS[1]),
        Column(translate("Stores"), _WIDTHS[2], "#,##0", centred=True),
        Column(translate("Stores in common"), _WIDTHS[3], "#,##0", centred=True),
        Column(translate("Overlap (Jaccard)"), _WIDTHS[4], "0.00", centred=True),
        Column(translate("That cluster"), _WIDTHS[5]),
        Column(translate("Continues"), _WIDTHS[6]),
    )
    rows = [
        (
            swatch(row["cluster"]),
            row["name"],
            report.sizes.get(row["cluster"]),
            row["n_common"],
            row["jaccard"],
            wording.cluster(row["matched_cluster"], approved.get(row["matched_cluster"], "")) if row["matched_cluster"] else "–",
            continued[row["continues"]],
        )
        for row in changes.matches.sort("cluster").iter_rows(named=True)
    ]
    page.table(columns, rows)


def _names_of_approved(changes: Changes) -> dict[int, str]:
    return dict(changes.assignments.select("cluster", "name").unique().iter_rows())


def _label(report: Report, changes: Changes, number: int | None) -> str:
    """A cluster in the numbering of `Report.moves`."""
    if number is None:
        return report.translate("a new cluster")
    return report.wording.cluster(number, _names_of_approved(changes).get(number, ""))


def _add_flows(page: Page, report: Report, changes: Changes) -> None:
    translate = report.translate
    page.heading(translate("Where the stores of each cluster went"))
    page.paragraph(
        translate("By the approved model, whose clusters keep their numbers.")
        if changes.is_approved
        else translate("By the clusters that continue those of the quarter before, in the numbering of that quarter."),
        MUTED,
    )
    columns = (
        Column(translate("Stores"), _WIDTHS[0], "#,##0", centred=True),
        Column(translate("From"), _WIDTHS[1]),
        Column(translate("Share of them"), _WIDTHS[2], "0%", centred=True),
        Column(translate("What happened"), _WIDTHS[3]),
        Column("", _WIDTHS[4]),
        Column(translate("To"), _WIDTHS[5]),
    )
    flows = report.moves.group_by("before", "now").agg(pl.len().alias("stores"))
    flows = flows.with_columns((pl.col("stores") / pl.col("stores").sum().over("before")).alias("share"))
    ordered = flows.sort("before", "stores", "now", descending=[False, True, False], nulls_last=True)
    rows = []
    for row in ordered.iter_rows(named=True):
        stayed = row["before"] == row["now"]
        values = (
            row["stores"],
            _label(report, changes, row["before"]),
            row["share"],
            translate("stayed") if stayed else translate("moved"),
            "",
            _label(report, changes, row["now"]),
        )
        rows.append(tuple(Styled(value, "" if stayed else "bold") for value in values))
    page.table(columns, rows)


def _add_moved(page: Page, report: Report, changes: Changes) -> None:
    translate = report.translate
    moved = report.moves.filter(pl.col("before").ne_missing(pl.col("now"))).sort("store_id")
    page.heading(translate("Stores that moved"))
    if moved.is_empty():
        page.paragraph(translate("None."))
        return
    columns = (
        Column(translate("Store"), _WIDTHS[0]),
        Column(translate("Name"), _WIDTHS[1], wrap=True),
        Column(translate("From"), _WIDTHS[2], wrap=True),
        Column(translate("To"), _WIDTHS[3], wrap=True),
        Column(translate("Margin"), _WIDTHS[4], "0.00", centred=True),
        Column(translate("Most alike"), _WIDTHS[5], wrap=True),
        Column(translate("What speaks for its cluster"), _WIDTHS[6], wrap=True),
    )
    page.table(_shown(columns, changes), _store_rows(report, changes, moved), roomy=True)


def _add_drift(page: Page, report: Report, changes: Changes) -> None:
    translate = report.translate
    page.heading(translate("How far the features have moved since the model was fitted"))
    columns = (
        Column(translate("Index (PSI)"), _WIDTHS[0], "0.00", centred=True),
        Column(translate("Feature"), _WIDTHS[1]),
        Column(translate("Drift"), _WIDTHS[2]),
        Column(translate("Stores without a value"), _WIDTHS[3], "0%", centred=True),
    )
    page.table(columns, drift_rows(report, changes))


def _add_decisions(page: Page, report: Report, changes: Changes) -> None:
    translate = report.translate
    page.heading(translate("Decisions"))
    columns = (
        Column(translate("When (UTC)"), _WIDTHS[0], "yyyy-mm-dd", centred=True),
        Column(translate("What"), _WIDTHS[1], wrap=True),
        Column(translate("Who"), _WIDTHS[2], wrap=True),
        Column(translate("What became of it"), _WIDTHS[3], wrap=True),
        Column(translate("Quarter"), _WIDTHS[4]),
        Column(translate("Remark"), _WIDTHS[5], wrap=True),
        Column(translate("Why"), _WIDTHS[6], wrap=True),
    )
    page.table(columns, decision_rows(report, changes), roomy=True)


def _add_new(page: Page, report: Report, changes: Changes) -> None:
    translate = report.translate
    new = sorted(report.new_stores)
    if not new or not (changes.is_approved or changes.previous.height):
        return
    page.heading(translate("New stores"))
    columns = (
        Column(translate("Store"), _WIDTHS[0]),
        Column(translate("Name"), _WIDTHS[1], wrap=True),
        Column(translate("Cluster"), _WIDTHS[2], wrap=True),
        Column(translate("Next cluster"), _WIDTHS[3], wrap=True),
        Column(translate("Margin"), _WIDTHS[4], "0.00", centred=True),
        Column(translate("Most alike"), _WIDTHS[5], wrap=True),
        Column(translate("What speaks for its cluster"), _WIDTHS[6], wrap=True),
    )
    page.table(_shown(columns, changes), _store_rows(report, changes, pl.DataFrame({"store_id": new})), roomy=True)


def _shown(columns: tuple[Column, ...], changes: Changes) -> tuple[Column, ...]:
    """Only the approved model gives a reason, the last column."""
    return columns if changes.is_approved else columns[:-1]


def _store_rows(report: Report, changes: Changes, stores: pl.DataFrame) -> Iterator[tuple[object, ...]]:
    """Rows of stores that moved (with ``before`` and ``now``), or that are new."""
    names = report.store_names
    source = changes.assignments if changes.is_approved else report.findings.assignments
    known = {row["store_id"]: row for row in source.iter_rows(named=True)}
    for row in stores.iter_rows(named=True):
        found = known[row["store_id"]]
        first, second = (row["before"], row["now"]) if "before" in row else (found["cluster"], found["next_cluster"])
        alike = found["nearest_store_id"]
        yield (
            row["store_id"],
            names.get(row["store_id"], ""),
            _label(report, changes, first),
            "–" if second is None and "before" not in row else _label(report, changes, second),
            found["margin"],
            f"{names.get(alike, '')} ({alike})" if alike else "–",
            *((_reason(report, found),) if changes.is_approved else ()),
        )


def _reason(report: Report, row: dict[str, object]) -> str:
    features = [name for name in str(row["reason"]).split(", ") if name]
    parts = [report.wording.features(features)] if features else []
    if row["moved_by_hand"]:
        parts.insert(0, report.translate("put there by hand"))
    return "; ".join(parts) or "–"
