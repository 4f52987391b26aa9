"""The method: gaps filled, standardised, principal components by Kaiser's criterion, Ward's tree.

Same rows, same request: same clusters, in whatever order the rows come.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vitrina.array_cache import NO_CACHE, ArrayCache
from vitrina.errors import ScenarioError
from vitrina.stores.choosing_k import Choice, Labels, Points, choose
from vitrina.stores.components import Components, principal_components
from vitrina.stores.preparation import Preparation, learn_preparation
from vitrina.stores.scenario import Scenario
from vitrina.stores.selection import NOT_IN_THE_INBOX, SelectedFeatures, select_features, select_stores
from vitrina.stores.stability import Stability
from vitrina.stores.tree import Tree, grow, measure_cuts

NO_VALUES = "no store has a value"
CONSTANT = "all stores have the same value"
ALMOST_CONSTANT = "almost all stores have the same value"

FINGERPRINT_LENGTH = 12

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
    preparation
        What was learnt to prepare the features, in their order.
    components
        The space in which distances are measured.
    tree
        Ward's tree.
    labels
        Cluster of each store, numbered from 1 by falling mean revenue.
    measures
        The table of k.
    choice
        How the number of clusters came about.
    store_silhouettes
        One per store, NaN where it was not measured; ``None`` for a single cluster, or as many clusters as stores.
    stability
        Bootstrap Jaccard of every cluster of every cut that was measured.
    jaccards
        Bootstrap Jaccard of cluster 1, 2, …; NaN where it was not measured.
    n_measured
        Stores that silhouettes were measured on.
    cache
        Where dear arrays are kept.
    """

    scenario: Scenario
    stores: pl.DataFrame
    catalogue: pl.DataFrame
    selected: SelectedFeatures
    features: tuple[str, ...]
    dropped: dict[str, str]
    preparation: Preparation
    components: Components
    tree: Tree
    labels: Labels
    measures: pl.DataFrame
    choice: Choice
    store_silhouettes: Points | None
    stability: Stability
    jaccards: Points
    n_measured: int
    cache: ArrayCache

    @property
    def quarter(self) -> dt.date:
        """First day of the quarter."""
        day: dt.date = self.stores.item(0, "quarter")
        return day

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self.choice.n_clusters

    @property
    def linkage(self) -> Points:
        """Ward's tree as SciPy's linkage matrix; its leaves are stores, or groups of them."""
        return self.tree.linkage

    @cached_property
    def leaf_labels(self) -> Labels:
        """Cluster of each leaf of the tree, from 1."""
        labels: Labels = np.empty(self.tree.n_leaves, dtype=np.int64)
        labels[self.tree.leaf_of] = self.labels
        return labels

    @cached_property
    def imputed(self) -> dict[str, int]:
        """Feature → stores that took its median, for the features where there are any."""
        counts = {name: self.stores.get_column(name).null_count() for name in self.features}
        return {name: count for name, count in counts.items() if count}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the clusters: which store is in which. Equal for equal clusters, whoever computed them and when."""
        digest = hashlib.sha256(self.quarter.isoformat().encode())
        for store, label in zip(self.stores.get_column("store_id"), self.labels.tolist(), strict=True):
            digest.update(f"{len(store)}:{store}={label};".encode())
        return digest.hexdigest()[:FINGERPRINT_LENGTH]

    @property
    def note(self) -> str:
        """What was aggregated or sampled, in words; empty where every store was looked at singly."""
        parts = []
        if self.tree.is_aggregated:
            parts.append(f"The tree is of {self.tree.n_leaves} groups of near stores, not of {self.stores.height} single ones.")
        if self.n_measured < self.stores.height:
            parts.append(f"Silhouettes were measured on {self.n_measured} stores.")
        if self.stability.n_bootstraps and self.stability.sample_size < self.stores.height:
            parts.append(f"Stability was measured on samples of {self.stability.sample_size} stores.")
        return " ".join(parts)


def cluster_stores(
    features: pl.DataFrame, catalogue: pl.DataFrame, scenario: Scenario, cache: ArrayCache = NO_CACHE, *, strict: bool = True
) -> Clustering:
    """Cluster the stores of one quarter.

    Parameters
    ----------
    features
        Rows of `StoreFeatures` of one quarter; of several windows, those of the request's are used.
    catalogue
        Rows of `FeatureCatalogue` of that quarter.
    scenario
        The request.
    cache
        Where the tree and its measures are kept: the same stores in the same components are not measured twice.
    strict
        Whether a feature that the quarter lacks is an error, or only dropped; see `select_features`.

    Raises
    ------
    ScenarioError
        The request cannot be answered with these stores and features.

    References
    ----------
    J. H. Ward (1963), Hierarchical grouping to optimize an objective function. JASA 58, 236-244.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # loading the definitions need not pay for it

    # several threads add up in an order of their own: the last digits would differ from machine to machine
    with threadpool_limits(limits=1):
        catalogue = _of_window(catalogue, scenario)
        selected = select_features(catalogue, scenario, strict=strict)
        return _cluster(_of_window(features, scenario), catalogue, selected, scenario, cache)


def _cluster(
    features: pl.DataFrame, catalogue: pl.DataFrame, selected: SelectedFeatures, scenario: Scenario, cache: ArrayCache
) -> Clustering:
    stores = _known_values(select_stores(features, scenario), catalogue)
    _refuse_other_quarters(stores, catalogue)
    used, dropped = _usable(stores, selected)
    used, preparation, components = _prepared(stores, used, dropped, selected, scenario)
    tree = grow(components.points, scenario.seed, cache)
    considered = _considered(tree, scenario)
    wanted = {*considered, scenario.n_clusters or considered[0]}
    measured = measure_cuts(tree, sorted(wanted), n_bootstraps=scenario.n_bootstraps, seed=scenario.seed, cache=cache)
    measures, choice = choose(measured.table, scenario.minimum_size(stores.height), considered, scenario.n_clusters)
    labels = measured.cuts[choice.n_clusters]
    numbers = _numbers(labels, stores)
    return Clustering(
        scenario=scenario,
        stores=stores,
        catalogue=catalogue,
        selected=selected,
        features=used,
        dropped=dropped,
        preparation=preparation,
        components=components,
        tree=tree,
        labels=numbers[labels],
        measures=measures,
        choice=choice,
        store_silhouettes=measured.by_store.get(choice.n_clusters),
        stability=measured.stability,
        jaccards=measured.stability.by_cluster[choice.n_clusters][np.argsort(numbers)],
        n_measured=measured.n_measured,
        cache=cache,
    )


def _of_window(frame: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    chosen = frame.filter(pl.col("window_quarters") == scenario.window_quarters)
    if chosen.is_empty() and not frame.is_empty():
        raise ScenarioError(
            f"The snapshot has no features over {scenario.window_quarters} quarter(s).",
            "Materialize store_features for the quarter.",
        )
    return chosen


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


def _prepared(
    stores: pl.DataFrame, used: tuple[str, ...], dropped: dict[str, str], selected: SelectedFeatures, scenario: Scenario
) -> tuple[tuple[str, ...], Preparation, Components]:
    """Prepare and project; a feature that is constant once its extremes are drawn in is dropped, and noted in `dropped`."""
    weights = dict(zip(selected.clustered, selected.weights, strict=True))
    values = stores.select(used).to_numpy()
    learnt = learn_preparation(values, scenario.transform, np.array([weights[name] for name in used]))
    varies = learnt.apply(values).std(axis=0) > _NOISE
    if not varies.any():
        raise ScenarioError(
            f"Nothing is left to cluster on: of {', '.join(used)}, {ALMOST_CONSTANT}.",
            "Ask for the plain transform, or add features that tell the stores apart.",
        )
    if varies.all():
        return used, learnt, principal_components(learnt.apply(values))
    dropped |= {name: ALMOST_CONSTANT for name, keeps in zip(used, varies, strict=True) if not keeps}
    kept = tuple(name for name, keeps in zip(used, varies, strict=True) if keeps)
    return _prepared(stores, kept, dropped, selected, scenario)


def _considered(tree: Tree, scenario: Scenario) -> tuple[int, ...]:
    """Numbers of clusters to measure: equal stores cannot be told apart, so no more than there are different ones."""
    n_stores = tree.points.shape[0]
    n_different = min(tree.n_leaves, int(np.unique(tree.points.round(9), axis=0).shape[0]))
    asked = scenario.n_clusters or scenario.min_clusters
    if asked > max(2, n_different) or (scenario.n_clusters or 0) > n_different:
        raise ScenarioError(
            f"Only {n_different} stores differ in these features; they cannot form {asked} clusters.",
            f"Ask for at most {n_different} clusters, or add features that tell the stores apart.",
        )
    last = max(2, min(scenario.max_clusters, n_stores - 1, n_different))
    return tuple(range(min(scenario.min_clusters, last), last + 1))


def _numbers(labels: Labels, stores: pl.DataFrame) -> Labels:
    """Label from 0 → number from 1 by falling mean revenue, so that it means something; then by size, then by the first store."""
    revenue = pl.col("revenue").mean() if "revenue" in stores.columns else pl.lit(None, dtype=pl.Float64)
    order = (
        stores.with_columns(pl.Series("label", labels))
        .group_by("label")
        .agg(revenue.alias("mean_revenue"), pl.len().alias("size"), pl.col("store_id").min().alias("first_store"))
        .sort("mean_revenue", "size", "first_store", descending=[True, True, False], nulls_last=True)
        .get_column("label")
        .to_numpy()
    )
    numbers: Labels = np.empty(order.size, dtype=np.int64)
    numbers[order] = np.arange(1, order.size + 1)
    return numbers
