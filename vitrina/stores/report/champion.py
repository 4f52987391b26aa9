"""The approved model in words: what it did with the quarter, its challenger, drift, and decisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from vitrina.stores.report.contents import Changes, Report
from vitrina.workbooks.cells import Styled

_DRIFT_COLOURS = {"stable": "#8FD3BC", "moderate": "#F8D48A", "drifted": "#F0A886", "absent": "#F0A886"}


def champion_and_challenger(report: Report, changes: Changes) -> Iterator[str]:
    """What the approved model says of the quarter beside clusters that are formed anew."""
    translate = report.translate
    if changes.comparison.is_empty():
        if changes.previous.is_empty():
            yield translate("There is no earlier quarter to compare with, and no model is approved yet.")
            return
        yield translate(
            "No model is approved yet: the clusters are formed anew each quarter, and matched with those of the quarter before by the stores that they share."
        )
        return
    row = changes.comparison.row(0, named=True)
    yield translate(
        "Approved model: version {version}. It gives {stores} stores a cluster; new are {new}, gone are {gone}."
    ).format(version=row["version"], stores=row["n_stores"], new=row["n_new"], gone=row["n_gone"])
    if row["share_moved"] is not None:
        yield _steadiness(report, row)
    if row["share_reassigned"] is not None:
        yield _reassigned(report, row)
    yield _challenger(report, row)
    yield _drift(report, row)


def _steadiness(report: Report, row: dict[str, Any]) -> str:
    wording = report.wording
    text = report.translate(
        "Of the stores of both quarters {moved} changed their cluster (adjusted Rand index {ari}; 1 means that none did). "
        "Part of this steadiness is mechanical: the model is frozen, so only the stores' own values can move them."
    )
    return text.format(moved=wording.percent(row["share_moved"]), ari=wording.decimal(row["ari_to_previous"]))


def _reassigned(report: Report, row: dict[str, Any]) -> str:
    text = report.translate(
        "In the quarter that it was fitted on, the model puts {share} of the stores elsewhere than the clusters that were approved: "
        "it assigns each store to the nearest centroid, while the tree formed the clusters step by step."
    )
    return text.format(share=report.wording.percent(row["share_reassigned"]))


def _challenger(report: Report, row: dict[str, Any]) -> str:
    wording, translate = report.wording, report.translate
    if row["same_request"] is False:
        text = translate(
            "Challenger: clusters formed anew from this quarter, which answer another request than the approved one, agree with the "
            "approved ones to {ari_to_fresh} (adjusted Rand index); from quarter to quarter, clusters formed anew agree to "
            "{ari_of_fresh}. Silhouette: approved {silhouette}, challenger {silhouette_of_fresh}."
        )
    else:
        text = translate(
            "Challenger: clusters formed anew from this quarter agree with the approved ones to {ari_to_fresh} (adjusted Rand index); from quarter "
            "to quarter, clusters formed anew agree to {ari_of_fresh}. Silhouette: approved {silhouette}, challenger {silhouette_of_fresh}."
        )
    names = ("ari_to_fresh", "ari_of_fresh", "silhouette", "silhouette_of_fresh")
    return text.format(**{name: wording.decimal(row[name]) for name in names})


def _drift(report: Report, row: dict[str, Any]) -> str:
    if row["drifted"]:
        text = report.translate(
            "Features that have drifted since the model was fitted: {features}. Consider approving a new model."
        )
        return text.format(features=report.wording.features(row["drifted"]))
    text = report.translate("No feature has drifted since the model was fitted; the largest index is {psi}.")
    return text.format(psi=report.wording.decimal(row["largest_psi"]))


def drift_rows(report: Report, changes: Changes) -> Iterator[tuple[object, ...]]:
    """Features with their index, the largest first."""
    translate = report.translate
    words = {
        "stable": translate("hardly moved"),
        "moderate": translate("moved somewhat"),
        "drifted": translate("drifted"),
        "absent": translate("no longer there"),
    }
    for row in changes.drift.sort(pl.col("psi").fill_null(float("inf")), "feature", descending=[True, False]).iter_rows(named=True):
        yield (
            row["psi"],
            report.wording.feature(row["feature"]),
            Styled(f"● {words[row['band']]}", fill=_DRIFT_COLOURS[row["band"]]),
            row["missing_share"],
        )


def decision_rows(report: Report, changes: Changes) -> Iterator[tuple[object, ...]]:
    """Decisions with who, when and why, the latest first."""
    translate = report.translate
    outcomes = {
        "in force": translate("in force"),
        "superseded": translate("superseded"),
        "withdrawn": translate("withdrawn"),
        "recorded": translate("recorded"),
        "refused": translate("refused"),
    }
    for row in changes.decisions.sort("made_at", "decision_id", descending=True).iter_rows(named=True):
        yield (
            row["made_at"],
            _what(report, row),
            row["made_by"],
            outcomes[row["outcome"]],
            report.wording.quarter(row["quarter"]),
            row["note"],
            row["reason"],
        )


def _what(report: Report, row: dict[str, Any]) -> str:
    translate = report.translate
    texts = {
        "approve": translate("Clusters approved as version {version}"),
        "reject": translate("Clusters rejected"),
        "rename": translate("Cluster {cluster} named “{name}”"),
        "move": translate("Store {store_id}: its move by hand taken back")
        if row["cluster"] is None
        else translate("Store {store_id} moved to cluster {cluster}"),
    }
    known = {name: "–" if row[name] is None else row[name] for name in ("version", "cluster", "name", "store_id")}
    return texts[row["kind"]].format(**known)
