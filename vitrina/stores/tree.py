"""Ward's tree of a quarter's stores, its cuts, and what is measured on them. Kept by the content of what it rests on.

One tree serves every number of clusters: a request that differs only in that number finds everything measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.array_cache import ArrayCache, Arrays, key_of
from vitrina.stores.choosing_k import Labels, Points, cuts_of
from vitrina.stores.measures import measure, silhouettes
from vitrina.stores.preaggregation import preaggregate, weighted_ward
from vitrina.stores.stability import MAX_SAMPLE, Stability, bootstrap_stability

MOST_STORES = 50_000
"""Above, stores are gathered into groups first, and the tree is of the groups."""
MOST_MEASURED = 50_000
"""Above, silhouettes are measured on so many stores, drawn by the request's seed."""

_VERSION = 2
"""Counts up when the same inputs would give other arrays."""


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree and where each store hangs on it.

    Attributes
    ----------
    points
        The stores, shape (n, components).
    linkage
        SciPy's linkage matrix of the leaves, shape (leaves - 1, 4).
    leaf_sizes
        Stores per leaf: 1, unless they were gathered into groups.
    leaf_of
        Leaf of each store, shape (n,).
    """

    points: Points
    linkage: Points
    leaf_sizes: Labels
    leaf_of: Labels

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return int(self.leaf_sizes.size)

    @property
    def is_aggregated(self) -> bool:
        """Whether a leaf may hold several stores."""
        return self.n_leaves < len(self.points)

    def cuts(self, numbers: Sequence[int]) -> dict[int, Labels]:
        """Number of clusters → labels of the stores from 0, for exactly so many clusters."""
        return {k: labels[self.leaf_of] for k, labels in cuts_of(self.linkage, numbers).items()}


@dataclass(frozen=True, eq=False)
class Measured:
    """Cuts of a tree with their measures.

    Attributes
    ----------
    cuts
        Number of clusters → labels from 0.
    table
        One row per cut, see `choosing_k.measure`, with ``jaccard``.
    by_store
        Number of clusters → silhouette of each store, NaN for one that was not measured; only where it is defined.
    stability
        Bootstrap Jaccard of every cluster of every cut.
    n_measured
        Stores that silhouettes were measured on.
    """

    cuts: dict[int, Labels]
    table: pl.DataFrame
    by_store: dict[int, Points]
    stability: Stability
    n_measured: int


def grow(points: Points, seed: int, cache: ArrayCache) -> Tree:
    """Ward's tree of the stores, or of groups of them where there are more than `MOST_STORES`.

    Parameters
    ----------
    points
        Shape (n, components).
    seed
        Of the grouping.
    cache
        Where trees are kept.
    """
    key = key_of("tree", _VERSION, MOST_STORES, points, seed)
    kept = cache.get(key, ("linkage", "leaf_sizes", "leaf_of"), lambda: _grow(points, seed))
    return Tree(points, kept["linkage"], kept["leaf_sizes"], kept["leaf_of"])


def measure_cuts(tree: Tree, n_clusters: Sequence[int], *, n_bootstraps: int, seed: int, cache: ArrayCache) -> Measured:
    """Measure some cuts of a tree.

    Parameters
    ----------
    tree
        The tree.
    n_clusters
        Numbers of clusters.
    n_bootstraps, seed
        Of the bootstrap, and of the sample that is measured where there are too many stores.
    cache
        Where measures are kept.
    """
    numbers = sorted(set(n_clusters))
    cuts = tree.cuts(numbers)
    key = key_of("measures", _VERSION, tree.points, tree.linkage, str(numbers), n_bootstraps, seed, MOST_MEASURED)
    names = ("rows", "sample_size", *(f"jaccard_{k}" for k in numbers))
    kept = cache.get(key, names, lambda: _measure(tree, cuts, n_bootstraps, seed))
    stability = Stability(n_bootstraps, int(kept["sample_size"]), {k: kept[f"jaccard_{k}"] for k in numbers})
    by_store = {k: kept[f"silhouette_{k}"] for k in numbers if f"silhouette_{k}" in kept}
    rows = kept["rows"]
    measured = {k: values[rows] for k, values in by_store.items()}
    jaccards = {k: stability.weighted(k, cuts[k]) for k in numbers}
    return Measured(
        cuts=cuts,
        table=measure(tree.points, tree.linkage, cuts, measured, jaccards),
        by_store=by_store,
        stability=stability,
        n_measured=int(rows.size),
    )


def _grow(points: Points, seed: int) -> Arrays:
    import fastcluster  # noqa: PLC0415  # loading the definitions need not pay for it

    n = points.shape[0]
    if n > MOST_STORES:
        groups = preaggregate(points, seed=seed)
        return {"linkage": weighted_ward(groups.centres, groups.sizes), "leaf_sizes": groups.sizes, "leaf_of": groups.membership}
    linkage = fastcluster.linkage_vector(points, method="ward", metric="euclidean")
    return {"linkage": linkage, "leaf_sizes": np.ones(n, dtype=np.int64), "leaf_of": np.arange(n, dtype=np.int64)}


def _measure(tree: Tree, cuts: dict[int, Labels], n_bootstraps: int, seed: int) -> Arrays:
    n = tree.points.shape[0]
    rows = _rows_to_measure(cuts, n, seed)
    measurable = {k: labels[rows] for k, labels in cuts.items() if 1 < k < n}
    stability = bootstrap_stability(tree.points, cuts, n_bootstraps=n_bootstraps, seed=seed, max_sample=MAX_SAMPLE)
    arrays: dict[str, Points | Labels] = {"rows": rows, "sample_size": np.array(stability.sample_size)}
    for k, values in silhouettes(tree.points[rows], measurable).items():
        spread = np.full(n, np.nan)
        spread[rows] = values
        arrays[f"silhouette_{k}"] = spread
    return arrays | {f"jaccard_{k}": values for k, values in stability.by_cluster.items()}


def _rows_to_measure(cuts: dict[int, Labels], n: int, seed: int) -> Labels:
    if n <= MOST_MEASURED:
        return np.arange(n, dtype=np.int64)
    drawn = np.random.default_rng(seed).choice(n, MOST_MEASURED, replace=False)
    # one store of every cluster at least, or a small one would have no silhouette at all
    _, first_members = np.unique(cuts[max(cuts)], return_index=True)
    return np.unique(np.concatenate([drawn, first_members]))
