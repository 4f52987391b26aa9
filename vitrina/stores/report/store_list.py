"""The sheet with one row per store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from openpyxl import Workbook

from vitrina.stores.report.contents import Report
from vitrina.stores.tables import SMALL_CLUSTER
from vitrina.workbooks.cells import swatch
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table

MOST_WITH_FEATURES = 20_000
"""Stores up to which their features are listed beside them."""


def add_stores(workbook: Workbook, report: Report) -> None:
    """One row per store, cluster by cluster."""
    translate, wording = report.translate, report.wording
    sheet = workbook.create_sheet(translate("Stores"))
    shown = [name for name in report.clustering.selected.clustered if _is_known(report, name)] if lists_features(report) else []
    described = (
        Column(translate("Store"), 12),
        Column(translate("Name"), 38),
        Column(translate("Format"), 15),
        Column(translate("Cluster"), 10, centred=True),
        *_columns_of_changes(report),
        Column(translate("Distance to its centre"), 13, "0.00", centred=True),
        Column(translate("Next cluster"), 12, centred=True),
        Column(translate("Distance to that centre"), 13, "0.00", centred=True),
        Column(translate("Margin"), 10, "0.00", centred=True),
        Column(translate("Silhouette"), 12, "0.00", centred=True),
        Column(translate("Most alike"), 30),
        Column(translate("Note"), 22),
        Column(translate("Took the median"), 24),
    )
    columns = (*described, *(Column(wording.heading(name), 16, wording.number_format(name)) for name in shown))
    last = put_table(sheet, columns, _rows(report, shown))
    make_browsable(sheet, columns, last, frozen_columns=2)
    # with all features beside them, nobody could read the printed letters
    make_printable(sheet, report.footer, area_to(len(described), last))


def lists_features(report: Report) -> bool:
    """Whether the features stand beside the stores: of very many stores, a workbook with them takes gigabytes to write and to open."""
    return report.clustering.stores.height <= MOST_WITH_FEATURES


def note(report: Report, row: dict[str, Any]) -> str:
    """What to know about a store before one relies on its cluster."""
    translate = report.translate
    if row["outlier"]:
        return translate("small cluster") if row["outlier"] == SMALL_CLUSTER else translate("far from its centre")
    return translate("borderline") if (row["silhouette"] or 0) < 0 else ""


def _is_known(report: Report, name: str) -> bool:
    return name in report.stores.columns and bool(report.stores.get_column(name).count())


def _columns_of_changes(report: Report) -> tuple[Column, ...]:
    changes, translate = report.changes, report.translate
    if changes is None:
        return ()
    moved = Column(translate("Moved since last quarter"), 14, centred=True)
    approved = Column(translate("Approved cluster"), 24)
    return (approved, moved) if changes.is_approved else (moved,) if changes.previous.height else ()


def _rows(report: Report, shown: list[str]) -> Iterator[tuple[object, ...]]:
    wording, names = report.wording, report.store_names
    changed = _cells_of_changes(report)
    known = ("distance", "next_cluster", "next_distance", "margin", "silhouette")
    for row in report.stores.iter_rows(named=True):
        imputed = [name for name in row["imputed"].split(", ") if name]
        alike = row["nearest_store_id"]
        yield (
            row["store_id"],
            row["name"],
            row["format"],
            swatch(row["cluster"]),
            *changed(row["store_id"]),
            *(row[name] for name in known),
            f"{names.get(alike, '')} ({alike})" if alike else "",
            note(report, row),
            wording.features(imputed) if imputed else "",
            *(row[name] for name in shown),
        )


def _cells_of_changes(report: Report) -> Callable[[str], tuple[str, ...]]:
    """From a store to its cells in the columns of changes."""
    changes = report.changes
    if changes is None or not (changes.is_approved or changes.previous.height):
        return lambda _: ()
    moves = {store: (before, now) for store, before, now in report.moves.iter_rows()}
    new = report.new_stores
    if not changes.is_approved:
        return lambda store: (_moved(report, store, moves, new),)
    given = changes.assignments.select("store_id", "cluster", "name").iter_rows()
    approved = {store: report.wording.cluster(cluster, name) for store, cluster, name in given}
    return lambda store: (approved.get(store, "–"), _moved(report, store, moves, new))


def _moved(report: Report, store: str, moves: dict[str, tuple[int, int | None]], new: frozenset[str]) -> str:
    if store in new:
        return report.translate("new")
    before, now = moves.get(store, (None, None))
    return report.translate("from {cluster}").format(cluster=before) if before != now else ""
