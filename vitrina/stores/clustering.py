"""The method: median imputation, standardisation, principal components by Kaiser's criterion, Ward's tree.

Same rows, same request: same clusters, in whatever order the rows come.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vitrina.errors import ScenarioError
from vitrina.stores.choosing_k import Choice, Labels, Points, choose, cut, measure, silhouettes
from vitrina.stores.components import Components, principal_components
from vitrina.stores.scenario import Scenario
from vitrina.stores.selection import NOT_IN_THE_INBOX, SelectedFeatures, select_features, select_stores
from vitrina.stores.tables import ClusterAssignments, ClusterQuality, ClusterScenarios

NO_VALUES = "no store has a value"
CONSTANT = "all stores have the same value"

_NOISE = 1e-9
"""Relative spread below this is noise of floating point."""


@dataclass(frozen=True, eq=False)
class Clustering:
    """One quarter's stores in clusters, with everything that led there.

    Attributes
    ----------
    scenario
        The request.
    stores
        Rows of `StoreFeatures` that were clustered, in the order of `store_id`; not imputed.
    catalogue
        Rows of `FeatureCatalogue` of the quarter.
    selected
        Features by their role, as asked.
    features
        Features that the clusters rest on.
    dropped
        Feature → why it could not take part.
    components
        The space in which distances are measured.
    linkage
        Ward's tree as SciPy's linkage matrix.
    labels
        Cluster of each store, numbered from 1 by falling mean revenue.
    measures
        The table of k.
    choice
        How the number of clusters came about.
    store_silhouettes
        One per store; ``None`` for a single cluster, or as many clusters as stores.
    """

    scenario: Scenario
    stores: pl.DataFrame
    catalogue: pl.DataFrame
    selected: SelectedFeatures
    features: tuple[str, ...]
    dropped: dict[str, str]
    components: Components
    linkage: Points
    labels: Labels
    measures: pl.DataFrame
    choice: Choice
    store_silhouettes: Points | None

    @property
    def quarter(self) -> dt.date:
        """First day of the quarter."""
        day: dt.date = self.stores.item(0, "quarter")
        return day

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self.choice.n_clusters

    @cached_property
    def imputed(self) -> dict[str, int]:
        """Feature → stores that took its median, for the features where there are any."""
        counts = {name: self.stores.get_column(name).null_count() for name in self.features}
        return {name: count for name, count in counts.items() if count}

    def assignments(self) -> pl.DataFrame:
        """Rows of `ClusterAssignments`."""
        points = self.components.points
        own, following, following_distance = _distances(points, self.labels)
        missing = self.stores.select(pl.col(name).is_null() for name in self.features).rows()
        frame = self.stores.select("quarter", "store_id").with_columns(
            pl.Series("cluster", self.labels),
            pl.Series("distance", own),
            pl.Series("next_cluster", following, dtype=pl.Int64),
            pl.Series("next_distance", following_distance, dtype=pl.Float64),
            pl.Series("silhouette", self.store_silhouettes, dtype=pl.Float64, nan_to_null=True)
            if self.store_silhouettes is not None
            else pl.lit(None, dtype=pl.Float64).alias("silhouette"),
            pl.Series("component_1", points[:, 0]),
            pl.Series("component_2", points[:, 1])
            if self.components.kept > 1
            else pl.lit(None, dtype=pl.Float64).alias("component_2"),
            pl.Series(
                "imputed", [", ".join(name for name, gap in zip(self.features, gaps, strict=True) if gap) for gaps in missing]
            ),
            pl.lit(self.scenario.identifier).alias("scenario_id"),
        )
        return ClusterAssignments.check(frame)

    def quality(self) -> pl.DataFrame:
        """Rows of `ClusterQuality`."""
        stamped = self.measures.with_columns(
            pl.lit(self.quarter).alias("quarter"), pl.lit(self.scenario.identifier).alias("scenario_id")
        )
        return ClusterQuality.check(stamped)

    def scenario_row(self) -> pl.DataFrame:
        """The row of `ClusterScenarios`."""
        row = {
            "quarter": self.quarter,
            "scenario_id": self.scenario.identifier,
            "scenario": self.scenario.to_json(),
            "n_stores": self.stores.height,
            "n_clusters": self.n_clusters,
            "choice": self.choice.describe(),
            "features": list(self.features),
            "dropped": json.dumps(self.dropped, ensure_ascii=False, sort_keys=True),
            "eigenvalues": list(self.components.eigenvalues),
            "n_components": self.components.kept,
        }
        return ClusterScenarios.check(pl.DataFrame([row], schema=ClusterScenarios.polars_schema()))


def cluster_stores(features: pl.DataFrame, catalogue: pl.DataFrame, scenario: Scenario) -> Clustering:
    """Cluster the stores of one quarter.

    Parameters
    ----------
    features
        Rows of `StoreFeatures` of one quarter.
    catalogue
        Rows of `FeatureCatalogue` of that quarter.
    scenario
        The request.

    Raises
    ------
    ScenarioError
        The request cannot be answered with these stores and features.

    References
    ----------
    J. H. Ward (1963), Hierarchical grouping to optimize an objective function. JASA 58, 236-244.
    """
    import fastcluster  # noqa: PLC0415  # loading the definitions need not pay for it

    selected = select_features(catalogue, scenario)
    stores = _known_values(select_stores(features, scenario), catalogue)
    _refuse_other_quarters(stores, catalogue)
    used, dropped = _usable(stores, selected)
    components = principal_components(stores.select(used).to_numpy())
    linkage: Points = fastcluster.linkage_vector(components.points, method="ward", metric="euclidean")
    minimum_size = scenario.minimum_size(stores.height)
    considered = _considered(components.points, scenario)
    cuts = {n_clusters: cut(linkage, n_clusters) for n_clusters in {*considered, scenario.n_clusters or considered[0]}}
    by_store = silhouettes(components.points, {k: labels for k, labels in cuts.items() if 1 < k < stores.height})
    measures, choice = choose(measure(components.points, linkage, cuts, by_store), minimum_size, considered, scenario.n_clusters)
    return Clustering(
        scenario=scenario,
        stores=stores,
        catalogue=catalogue,
        selected=selected,
        features=used,
        dropped=dropped,
        components=components,
        linkage=linkage,
        labels=_numbered(cuts[choice.n_clusters], stores),
        measures=measures,
        choice=choice,
        store_silhouettes=by_store.get(choice.n_clusters),
    )


def _refuse_other_quarters(stores: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    others = sorted(set(catalogue.get_column("quarter")) - set(stores.get_column("quarter")))
    if others:
        raise ScenarioError(
            f"The feature catalogue is of {', '.join(map(str, others))}, the features are of {stores.item(0, 'quarter')}.",
            "Load both for the same quarter.",
        )


def _known_values(stores: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Numbers that are no numbers count as missing, and are reported as such."""
    names = [name for name in catalogue.get_column("feature") if name in stores.columns]
    return stores.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in names)


def _usable(stores: pl.DataFrame, selected: SelectedFeatures) -> tuple[tuple[str, ...], dict[str, str]]:
    dropped = dict.fromkeys(selected.absent, NOT_IN_THE_INBOX)
    for name in selected.clustered:
        reason = NOT_IN_THE_INBOX if name not in stores.columns else _flaw(stores.get_column(name))
        if reason:
            dropped[name] = reason
    used = tuple(name for name in selected.clustered if name not in dropped)
    if not used:
        raise ScenarioError(
            f"Nothing is left to cluster on: {'; '.join(f'{name}: {reason}' for name, reason in sorted(dropped.items())) or 'no feature is known'}.",
            "Deliver sales with more columns, or add features to the request, e.g. share_*.",
        )
    return used, dropped


def _flaw(values: pl.Series) -> str:
    known = values.drop_nulls()
    if known.is_empty():
        return NO_VALUES
    spread = float(known.max()) - float(known.min())  # type: ignore[arg-type]  # polars types the extremes of any series
    return CONSTANT if spread <= _NOISE * float(known.abs().max()) else ""  # type: ignore[arg-type]  # as above


def _considered(points: Points, scenario: Scenario) -> tuple[int, ...]:
    """Numbers of clusters to measure: equal stores cannot be told apart, so no more than there are different ones."""
    n_different = int(np.unique(points.round(9), axis=0).shape[0])
    if scenario.n_clusters is not None and scenario.n_clusters > n_different:
        raise ScenarioError(
            f"Only {n_different} stores differ in these features; they cannot form {scenario.n_clusters} clusters.",
            f"Ask for at most {n_different} clusters, or add features that tell the stores apart.",
        )
    last = max(2, min(scenario.max_clusters, points.shape[0] - 1, n_different))
    return tuple(range(2, last + 1))


def _numbered(labels: Labels, stores: pl.DataFrame) -> Labels:
    """From 1 by falling mean revenue, so that a number means something; then by size, then by the first store."""
    revenue = pl.col("revenue").mean() if "revenue" in stores.columns else pl.lit(None, dtype=pl.Float64)
    order = (
        stores.with_columns(pl.Series("label", labels))
        .group_by("label")
        .agg(revenue.alias("mean_revenue"), pl.len().alias("size"), pl.col("store_id").min().alias("first_store"))
        .sort("mean_revenue", "size", "first_store", descending=[True, True, False], nulls_last=True)
        .get_column("label")
        .to_numpy()
    )
    numbers = np.empty(order.size, dtype=np.int64)
    numbers[order] = np.arange(1, order.size + 1)
    numbered: Labels = numbers[labels]
    return numbered


def _distances(points: Points, labels: Labels) -> tuple[Points, list[int | None], list[float | None]]:
    """Distance to the own centroid, the nearest other cluster, and the distance to its centroid."""
    from scipy.spatial.distance import cdist  # noqa: PLC0415  # loading the definitions need not pay for it

    n_clusters = int(labels.max())
    centroids = np.stack([points[labels == cluster].mean(axis=0) for cluster in range(1, n_clusters + 1)])
    table = cdist(points, centroids)
    rows = np.arange(labels.size)
    own = table[rows, labels - 1].copy()
    if n_clusters == 1:
        return own, [None] * labels.size, [None] * labels.size
    table[rows, labels - 1] = np.inf
    nearest = table.argmin(axis=1)
    return own, (nearest + 1).tolist(), table[rows, nearest].tolist()
