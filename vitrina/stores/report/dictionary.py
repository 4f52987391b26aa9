"""The last sheet: what each column means, from the declarations of the tables."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl import Workbook

from vitrina.stores.model_tables import ClusterDecisions, ClusterMatches, ModelAssignments, ModelComparison, ModelDrift
from vitrina.stores.report.contents import Report
from vitrina.stores.tables import ClusterAssignments, ClusterQuality, StoreFeatures
from vitrina.stores.trust_tables import TRUST_TABLES
from vitrina.tables import Table
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table

ALWAYS: tuple[type[Table], ...] = (ClusterAssignments, ClusterQuality, *TRUST_TABLES)
WITH_CHANGES: tuple[type[Table], ...] = (ClusterMatches, ModelAssignments, ModelDrift, ModelComparison, ClusterDecisions)
"""Tables whose columns the sheets show."""


def add_dictionary(workbook: Workbook, report: Report) -> None:
    """Features first, then the tables of results, column by column."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Data dictionary"))
    columns = (
        Column(translate("Table"), 22),
        Column(translate("Column"), 26),
        Column(translate("Name"), 36),
        Column(translate("Unit"), 30),
        Column(translate("Meaning"), 80, wrap=True),
        Column(translate("Stores without a value, all formats"), 16),
    )
    last = put_table(sheet, columns, _rows(report))
    make_browsable(sheet, columns, last, frozen_columns=2)
    make_printable(sheet, report.footer, area_to(len(columns), last))


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    translate, wording = report.translate, report.wording
    for feature, missing in report.clustering.catalogue.select("feature", "stores_missing").iter_rows():
        declared = StoreFeatures.find(feature)
        meaning = translate(declared.meaning) if declared else ""
        yield StoreFeatures.table_name(), feature, wording.feature(feature), wording.unit(feature), meaning, missing
    for table in (*ALWAYS, *(WITH_CHANGES if report.changes is not None else ())):
        for column in table.columns():
            yield table.table_name(), column.name, "", wording.unit_text(column.unit), translate(column.meaning), None
