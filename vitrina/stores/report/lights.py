"""How sure one may be of a cluster: its stability as a traffic light with a word, its silhouette beside it."""

from __future__ import annotations

from vitrina.stores.cluster_rows import NOT_MEASURED
from vitrina.stores.report.contents import Report
from vitrina.stores.report.wording import band
from vitrina.stores.stability import stability_band, stability_bands
from vitrina.workbooks.cells import Styled


def light_of(report: Report, name: str) -> Styled:
    """A band of `ClusterStability` as a cell: the colour, and always the word beside it."""
    for known in stability_bands(report.translate):
        if known.name == name:
            return Styled(f"● {known.word}", fill=known.colour)
    return Styled(report.translate(NOT_MEASURED))


def sureness(report: Report, cluster: int) -> str:
    """Stability and silhouette of one cluster, inside a sentence."""
    translate, wording = report.translate, report.wording
    row = report.findings.sureness[cluster]
    parts = []
    if row["jaccard"] is not None:
        found = stability_band(row["jaccard"], translate)
        parts.append(translate("stability {jaccard}, {word}").format(jaccard=wording.decimal(row["jaccard"]), word=found.word))
    if row["silhouette"] is not None:
        found_silhouette = band(row["silhouette"], translate)
        parts.append(
            translate("silhouette {silhouette}, {word}").format(
                silhouette=wording.decimal(row["silhouette"]), word=found_silhouette.word
            )
        )
    return "; ".join(parts) or translate("how sure it is cannot be measured")


def overall(report: Report) -> str:
    """How sure one may be of all clusters together: one sentence."""
    translate, wording = report.translate, report.wording
    if report.jaccard is None:
        stability = translate("How stable the clusters are was not measured")
    else:
        text = translate(
            "Stability {jaccard} ({word}): so much of a cluster comes out again, on average, when the stores are drawn anew"
        )
        stability = text.format(jaccard=wording.decimal(report.jaccard), word=stability_band(report.jaccard, translate).word)
    if report.silhouette is None:
        clearness = translate("how clearly they are apart cannot be measured with this number of clusters.")
    else:
        clearness = band(report.silhouette, translate).clause.format(silhouette=wording.decimal(report.silhouette))
    return f"{stability}; {clearness}"
