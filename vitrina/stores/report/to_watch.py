"""What to watch before one acts on the clusters."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from vitrina.stores.report.contents import Report
from vitrina.stores.report.parameters import aggregation
from vitrina.stores.report.store_list import MOST_WITH_FEATURES, lists_features
from vitrina.stores.report.wording import band
from vitrina.stores.tables import FAR_FROM_CENTRE

MAX_LISTED = 5
MOSTLY_MISSING = 0.5
UNSURE = ("unstable", "doubtful")
"""Bands of stability below which a cluster should not be acted upon without a look."""


def warnings(report: Report) -> Iterator[str]:
    """Sentences about features, stores and clusters; none where there is nothing to say."""
    yield from _about_features(report)
    yield from _about_stores(report)
    yield from _about_clusters(report)
    yield from aggregation(report)
    if not lists_features(report):
        yield report.translate(
            "The sheet of stores lists no features, for there are more than {most} stores; the table store_features has them."
        ).format(most=MOST_WITH_FEATURES)


def _about_features(report: Report) -> Iterator[str]:
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


def _about_stores(report: Report) -> Iterator[str]:
    translate, minimum_size = report.translate, report.clustering.choice.minimum_size
    for cluster, size in report.sizes.items():
        if size < minimum_size and len(report.sizes) > 1:
            yield translate("Cluster {cluster} has {size} store(s), fewer than {minimum_size}: {stores}").format(
                cluster=cluster,
                size=size,
                minimum_size=minimum_size,
                stores=_listed(
                    report,
                    report.stores.filter(pl.col("cluster") == cluster),
                    translate("{name} ({store_id}), nearest other cluster {next_cluster}"),
                ),
            )
    far = report.stores.filter(pl.col("outlier") == FAR_FROM_CENTRE).sort("distance", "store_id", descending=[True, False])
    if far.height:
        named = _listed(report, far, translate("{name} ({store_id}), in cluster {cluster}, next {next_cluster}"))
        yield translate("Far from the centre of their cluster, hence hardly described by it: {stores}").format(stores=named)
    borderline = report.stores.filter(pl.col("silhouette") < 0).height
    if borderline:
        yield translate(
            "Borderline stores, which are on average nearer to another cluster than to their own: {count}. They are marked on the sheet of stores."
        ).format(count=borderline)


def _about_clusters(report: Report) -> Iterator[str]:
    translate = report.translate
    unsure = report.findings.stability.filter(pl.col("band").is_in(UNSURE)).get_column("cluster").to_list()
    if unsure:
        yield translate(
            "Clusters that do not come out reliably when the stores are drawn anew: {clusters}. Try another number of clusters before you act on them."
        ).format(clusters=", ".join(map(str, unsure)))
    if report.silhouette is not None and (advice := band(report.silhouette, translate).advice):
        yield advice


def _listed(report: Report, rows: pl.DataFrame, text: str) -> str:
    """The first stores by name, and how many more there are."""
    shown = rows.head(MAX_LISTED).select("name", "store_id", "cluster", pl.col("next_cluster").fill_null(0))
    listed = "; ".join(text.format(**row) for row in shown.iter_rows(named=True))
    more = rows.height - MAX_LISTED
    return f"{listed}; " + report.translate("and {count} more").format(count=more) if more > 0 else f"{listed}."
