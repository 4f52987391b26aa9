"""From a clustering to the rows that pages show of it. Runs in the workbench's processes, where all libraries are loaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl

from serving.stores.answers import (
    MOST_DIFFERENCES,
    Answer,
    Branch,
    Cluster,
    Difference,
    Known,
    Leading,
    Leaf,
    Measured,
    Profile,
    Store,
)
from vitrina.i18n import translator
from vitrina.stores.dendrogram import branches_and_leaves, cut_height
from vitrina.stores.findings import Findings
from vitrina.stores.report.wording import DOMAIN, Wording

LOCALES = ("en", "ru")


def describe(found: Findings) -> Answer:
    """Everything that pages show of a clustering."""
    clustering = found.clustering
    branches, leaves = branches_and_leaves(clustering.linkage, clustering.leaf_labels, clustering.tree.leaf_sizes)
    return Answer(
        quarter=clustering.quarter,
        scenario=clustering.scenario.to_json(),
        fingerprint=clustering.fingerprint,
        measures=tuple(Measured(**row) for row in _rows(found.quality.drop("quarter", "scenario_id"))),
        clusters=_clusters(found),
        profile=_profile(found),
        differences=_differences(found),
        rules=tuple(
            Leading(**row) for row in _rows(found.rules.select("cluster", "conditions", "n_stores", "precision", "recall"))
        ),
        catalogue=tuple(Known(**row) for row in _rows(clustering.catalogue.select("feature", "family", "label", "unit"))),
        stores=_stores(found),
        dropped=dict(clustering.dropped),
        n_components=clustering.components.kept,
        tree_accuracy=found.rules.item(0, "tree_accuracy") if found.rules.height else None,
        branches=tuple(_branches(branches)),
        leaves=tuple(Leaf(**row) for row in _rows(leaves.select("x", "stores", "cluster"))),
        cut_height=cut_height(clustering.linkage, clustering.n_clusters),
        watch={locale: _watch(found, locale) for locale in LOCALES},
    )


def _rows(frame: pl.DataFrame) -> Iterable[dict[str, Any]]:
    return frame.iter_rows(named=True)


def _clusters(found: Findings) -> tuple[Cluster, ...]:
    means = found.profile.filter(pl.col("feature") == "revenue")
    revenue = dict(means.select("cluster", "mean").iter_rows())
    shown = found.stability.select("cluster", "n_stores", "jaccard", "band", "silhouette")
    return tuple(Cluster(**row, revenue=revenue.get(row["cluster"])) for row in _rows(shown))


def _profile(found: Findings) -> tuple[Profile, ...]:
    eta = dict(found.effects.select("feature", "eta_squared").iter_rows())
    return tuple(
        Profile(
            feature=rows.item(0, "feature"),
            role=rows.item(0, "role"),
            network_mean=rows.item(0, "network_mean"),
            means=tuple(rows.get_column("mean")),
            zs=tuple(rows.get_column("z")),
            eta_squared=eta.get(rows.item(0, "feature")),
        )
        for rows in found.profile.partition_by("feature", maintain_order=True)
    )


def _differences(found: Findings) -> tuple[Difference, ...]:
    shown = found.differences.filter(pl.col("place") <= MOST_DIFFERENCES)
    return tuple(
        Difference(**row) for row in _rows(shown.select("cluster", "feature", "mean", "rest_mean", "difference", "low", "high"))
    )


def _stores(found: Findings) -> tuple[Store, ...]:
    stores = found.clustering.stores
    revenue = pl.col("revenue") if "revenue" in stores.columns else pl.lit(None, dtype=pl.Float64).alias("revenue")
    joined = stores.select("store_id", "name", "format", "region", "latitude", "longitude", revenue).join(
        found.assignments.select(
            "store_id",
            "cluster",
            "component_1",
            "component_2",
            "next_cluster",
            "margin",
            "silhouette",
            "outlier",
            "nearest_store_id",
            "imputed",
        ),
        on="store_id",
    )
    # in the order of Store's fields
    return tuple(Store(*row) for row in joined.sort("cluster", "store_id").iter_rows())


def _branches(corners: pl.DataFrame) -> Iterable[Branch]:
    for branch in corners.sort("branch", "corner").partition_by("branch", maintain_order=True):
        yield Branch(tuple(branch.get_column("x")), tuple(branch.get_column("height")), int(branch.item(0, "cluster")))


def _watch(found: Findings, locale: str) -> list[str]:
    """What to watch, in the words of the report."""
    from vitrina.stores.report.contents import Provenance, Report  # noqa: PLC0415  # with openpyxl, which is loaded beforehand
    from vitrina.stores.report.to_watch import warnings  # noqa: PLC0415  # as above

    nobodys = Provenance("", "", dt.datetime(1970, 1, 1, tzinfo=dt.UTC), "", "")
    report = Report(found, nobodys, Wording(translator(locale, DOMAIN), locale, "", found.clustering.catalogue))
    return list(warnings(report))
