"""The last two sheets: how to make the report again, and what each column means."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version

from openpyxl import Workbook

from vitrina.stores.report_contents import Report
from vitrina.stores.tables import ClusterAssignments, ClusterQuality, StoreFeatures
from vitrina.stores.workbook import BOLD, Column, area_to, make_browsable, make_printable, put_table

LIBRARIES = ("scikit-learn", "scipy", "fastcluster", "numpy", "polars", "openpyxl")


def add_parameters(workbook: Workbook, report: Report) -> None:
    """Everything that one needs to make the report again."""
    sheet = workbook.create_sheet(report.translate("Parameters"))
    columns = (Column(report.translate("Parameter"), 46), Column(report.translate("Value"), 110, wrap=True))
    last = put_table(sheet, columns, _parameters(report))
    for row in range(2, last + 1):
        sheet.cell(row, 1).font = BOLD
    make_browsable(sheet, columns, last)
    make_printable(sheet, report.footer, area_to(len(columns), last))


def _parameters(report: Report) -> list[tuple[str, str]]:
    return [*_origin(report), *_request(report), *_method(report)]


def _origin(report: Report) -> Iterator[tuple[str, str]]:
    provenance, translate = report.provenance, report.translate
    yield translate("Quarter"), report.wording.quarter(report.clustering.quarter)
    yield translate("Run"), provenance.run_id
    yield translate("Snapshot of the data"), provenance.snapshot
    yield translate("Made at"), provenance.made_at.isoformat(sep=" ", timespec="seconds")
    yield translate("Made by"), provenance.made_by
    yield translate("Version of Vitrina"), provenance.code_version
    yield (
        translate("Libraries"),
        ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in LIBRARIES)]),
    )


def _request(report: Report) -> Iterator[tuple[str, str]]:
    scenario, translate, clustering = report.clustering.scenario, report.translate, report.clustering
    everything, automatic = translate("all"), translate("automatic")
    yield translate("Formats"), ", ".join(scenario.formats) or everything
    yield translate("Stores"), ", ".join(scenario.stores) or everything
    yield translate("Features added to the default parameters"), ", ".join(scenario.features) or "–"
    yield translate("Features for the report only"), ", ".join(scenario.profile_only) or translate("all others")
    yield translate("Number of clusters"), str(scenario.n_clusters) if scenario.n_clusters else automatic
    yield translate("Largest number considered"), str(scenario.max_clusters)
    minimum = str(clustering.choice.minimum_size)
    yield translate("Minimum cluster size"), minimum if scenario.min_cluster_size else f"{minimum} ({automatic})"
    yield translate("Request"), f"{scenario.identifier}  {scenario.to_json()}"


def _method(report: Report) -> Iterator[tuple[str, str]]:
    clustering, wording, translate = report.clustering, report.wording, report.translate
    eigenvalues = clustering.components.eigenvalues
    kept = clustering.components.kept
    yield (
        translate("Method"),
        translate(
            "Median imputation; standardisation; principal components with an eigenvalue of at least 1; Ward's hierarchical clustering."
        ),
    )
    yield translate("Features used"), wording.features(clustering.features)
    yield (
        translate("Features not used"),
        "; ".join(f"{wording.feature(n)}: {translate(r)}" for n, r in clustering.dropped.items()) or "–",
    )
    yield (
        translate("Missing values replaced by the median"),
        "; ".join(f"{wording.feature(n)}: {c}" for n, c in clustering.imputed.items()) or "–",
    )
    yield translate("Eigenvalues"), "; ".join(wording.decimal(value) for value in eigenvalues)
    explained = 100 * sum(eigenvalues[:kept]) / sum(eigenvalues)
    yield (
        translate("Components kept"),
        translate("{kept} of {all}; they hold {share} % of the variance").format(
            kept=kept, all=len(eigenvalues), share=round(explained)
        ),
    )
    yield translate("Choice of the number of clusters"), clustering.choice.describe(translate)


def add_dictionary(workbook: Workbook, report: Report) -> None:
    """What each column means, from the declarations of the tables."""
    translate = report.translate
    sheet = workbook.create_sheet(translate("Data dictionary"))
    columns = (
        Column(translate("Table"), 22),
        Column(translate("Column"), 26),
        Column(translate("Name"), 36),
        Column(translate("Unit"), 26),
        Column(translate("Meaning"), 80, wrap=True),
        Column(translate("Stores without a value, all formats"), 16),
    )
    last = put_table(sheet, columns, _dictionary_rows(report))
    make_browsable(sheet, columns, last, frozen_columns=2)
    make_printable(sheet, report.footer, area_to(len(columns), last))


def _dictionary_rows(report: Report) -> Iterator[tuple[object, ...]]:
    translate, wording = report.translate, report.wording
    for feature, missing in report.clustering.catalogue.select("feature", "stores_missing").iter_rows():
        declared = StoreFeatures.find(feature)
        meaning = translate(declared.meaning) if declared else ""
        yield StoreFeatures.table_name(), feature, wording.feature(feature), wording.unit(feature), meaning, missing
    for table in (ClusterAssignments, ClusterQuality):
        for column in table.columns():
            yield table.table_name(), column.name, "", wording.unit_text(column.unit), translate(column.meaning), None
