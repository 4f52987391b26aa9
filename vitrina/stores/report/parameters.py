"""The sheet that says how to make the report again."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version

from openpyxl import Workbook

from vitrina.stores.report.contents import Report
from vitrina.stores.scenario import ROBUST
from vitrina.workbooks.cells import Styled
from vitrina.workbooks.sheets import Column, area_to, make_browsable, make_printable, put_table

LIBRARIES = ("scikit-learn", "scipy", "fastcluster", "numpy", "polars", "openpyxl")


def add_parameters(workbook: Workbook, report: Report) -> None:
    """Everything that one needs to make the report again."""
    sheet = workbook.create_sheet(report.translate("Parameters"))
    columns = (Column(report.translate("Parameter"), 46), Column(report.translate("Value"), 110, wrap=True))
    last = put_table(sheet, columns, ((Styled(name, "bold"), value) for name, value in _parameters(report)))
    make_browsable(sheet, columns, last)
    make_printable(sheet, report.footer, area_to(len(columns), last))


def _parameters(report: Report) -> list[tuple[str, str]]:
    return [*_origin(report), *_stores_and_features(report), *_numbers(report), *_method(report)]


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


def _stores_and_features(report: Report) -> Iterator[tuple[str, str]]:
    scenario, translate = report.clustering.scenario, report.translate
    everything = translate("all")
    yield translate("Formats"), ", ".join(scenario.formats) or everything
    yield translate("Regions"), ", ".join(scenario.regions) or everything
    yield translate("Stores"), ", ".join(scenario.stores) or everything
    yield translate("Window"), translate("{quarters} quarter(s), this one included").format(quarters=scenario.window_quarters)
    yield translate("Features added to the default parameters"), ", ".join(scenario.features) or "–"
    yield translate("Features for the report only"), ", ".join(scenario.profile_only) or translate("all others")
    weights = "; ".join(f"{name}: {weight:g}" for name, weight in scenario.weights)
    yield translate("Weights"), weights or translate("every feature counts the same")
    yield (
        translate("Transform"),
        translate("robust: skewed features take the logarithm of 1 + x, and the outermost hundredths are drawn in")
        if scenario.transform == ROBUST
        else translate("plain: values as they are"),
    )


def _numbers(report: Report) -> Iterator[tuple[str, str]]:
    scenario, translate, clustering = report.clustering.scenario, report.translate, report.clustering
    automatic = translate("automatic")
    yield translate("Number of clusters"), str(scenario.n_clusters) if scenario.n_clusters else automatic
    considered = clustering.choice.considered
    yield translate("Numbers considered"), f"{min(considered)}…{max(considered)}"
    minimum = str(clustering.choice.minimum_size)
    yield translate("Minimum cluster size"), minimum if scenario.min_cluster_size else f"{minimum} ({automatic})"
    yield translate("Samples for stability"), str(clustering.stability.n_bootstraps)
    yield translate("Seed"), str(scenario.seed)
    yield translate("Request"), f"{scenario.identifier}  {scenario.to_json()}"
    yield translate("Fingerprint of the clusters"), clustering.fingerprint
    yield translate("Aggregated or sampled"), " ".join(aggregation(report)) or translate("no: every store was looked at singly")


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


def aggregation(report: Report) -> Iterator[str]:
    """What was aggregated or sampled because there are many stores, a sentence each."""
    clustering, translate = report.clustering, report.translate
    n_stores = clustering.stores.height
    if clustering.tree.is_aggregated:
        yield translate("The tree is of {groups} groups of near stores, not of {stores} single ones.").format(
            groups=clustering.tree.n_leaves, stores=n_stores
        )
    if clustering.n_measured < n_stores:
        yield translate("Silhouettes were measured on {stores} stores.").format(stores=clustering.n_measured)
    if clustering.stability.n_bootstraps and clustering.stability.sample_size < n_stores:
        yield translate("Stability was measured on samples of {stores} stores.").format(stores=clustering.stability.sample_size)
