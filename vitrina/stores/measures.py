"""What is measured on every cut of a tree: silhouettes of all cuts at once, Davies-Bouldin, heights, sizes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from vitrina.stores.choosing_k import Labels, Points

DISTANCE_MEMORY_MIB = 64
"""Memory for one block of the distance matrix, which is never held whole."""


def silhouettes(points: Points, cuts: Mapping[int, Labels]) -> dict[int, Points]:
    """Every point's silhouette in each of several nested cuts.

    Cuts of one tree nest, so the distances are summed once, to the clusters of the finest cut, and its columns are
    added up for the coarser ones: 19 silhouettes of 10,000 points in 0.6 s instead of 15 s.

    Parameters
    ----------
    points
        Shape (n, d).
    cuts
        Number of clusters → labels from 0, shape (n,). Each coarser cut joins clusters of each finer one.

    Returns
    -------
    dict
        Number of clusters → silhouettes, shape (n,). A point that is alone in its cluster has 0, as in scikit-learn.

    References
    ----------
    P. J. Rousseeuw (1987), Silhouettes. J. Comput. Appl. Math. 20, 53-65.
    """
    if not cuts:
        return {}
    finest = cuts[max(cuts)]
    sums = _summed_distances(points, finest)
    _, first_members = np.unique(finest, return_index=True)
    return {n_clusters: _silhouette(sums @ _one_hot(labels[first_members]), labels) for n_clusters, labels in cuts.items()}


def measure(
    points: Points,
    linkage: Points,
    cuts: Mapping[int, Labels],
    by_store: Mapping[int, Points],
    jaccards: Mapping[int, float] | None = None,
) -> pl.DataFrame:
    """One row per cut: silhouette, Davies-Bouldin index, merge distance, height gap, stability, size of the smallest cluster.

    Parameters
    ----------
    points
        Shape (n, d).
    linkage
        The tree that was cut.
    cuts
        Number of clusters → labels from 0.
    by_store
        What `silhouettes` made of those cuts for which it is defined: 2 … n - 1 clusters.
    jaccards
        Number of clusters → weighted bootstrap Jaccard, where it was measured.
    """
    rows = [
        {
            "n_clusters": n_clusters,
            "silhouette": float(by_store[n_clusters].mean()) if n_clusters in by_store else None,
            "davies_bouldin": davies_bouldin(points, labels) if n_clusters in by_store else None,
            "merge_distance": _merge_distance(linkage, n_clusters),
            "height_gap": _height_gap(linkage, n_clusters),
            "jaccard": jaccards.get(n_clusters) if jaccards else None,
            "smallest_cluster": int(np.bincount(labels).min()),
        }
        for n_clusters, labels in sorted(cuts.items())
    ]
    return pl.DataFrame(rows, schema=_MEASURES).fill_nan(None)


def davies_bouldin(points: Points, labels: Labels) -> float:
    """Davies-Bouldin index: how wide clusters are against how far their centroids lie apart; lower is better.

    Equal to scikit-learn's in a thirtieth of the time, which is what makes the table of k quick.

    Parameters
    ----------
    points
        Shape (n, d).
    labels
        From 0 without gaps, shape (n,).

    References
    ----------
    D. L. Davies, D. W. Bouldin (1979), A cluster separation measure. IEEE Trans. Pattern Anal. 1, 224-227.
    """
    from scipy.spatial.distance import cdist  # noqa: PLC0415  # loading the definitions need not pay for it

    sizes = np.bincount(labels)
    centroids = np.stack([np.bincount(labels, weights=column) for column in points.T], axis=1) / sizes[:, None]
    spread = np.bincount(labels, weights=np.linalg.norm(points - centroids[labels], axis=1)) / sizes
    apart = cdist(centroids, centroids)
    if np.allclose(spread, 0) or np.allclose(apart, 0):
        return 0.0
    # centroids on one spot tell nothing, as in scikit-learn; below lies the noise of summation
    apart[apart < 1e-9] = np.inf
    return float(((spread[:, None] + spread) / apart).max(axis=1).mean())


_MEASURES = {
    "n_clusters": pl.Int64(),
    "silhouette": pl.Float64(),
    "davies_bouldin": pl.Float64(),
    "merge_distance": pl.Float64(),
    "height_gap": pl.Float64(),
    "jaccard": pl.Float64(),
    "smallest_cluster": pl.Int64(),
}


def _merge_distance(linkage: Points, n_clusters: int) -> float | None:
    """Height at which `n_clusters` become one fewer; one cluster never does."""
    return float(linkage[-(n_clusters - 1), 2]) if n_clusters > 1 else None


def _height_gap(linkage: Points, n_clusters: int) -> float | None:
    upper = _merge_distance(linkage, n_clusters)
    if upper is None:
        return None
    lower = _merge_distance(linkage, n_clusters + 1) if n_clusters <= linkage.shape[0] else 0.0
    return upper - (lower or 0.0)


def _summed_distances(points: Points, labels: Labels) -> Points:
    """Sum of each point's distances to the points of each cluster, shape (n, clusters)."""
    from sklearn.metrics import pairwise_distances_chunked  # noqa: PLC0415  # loading the definitions need not pay for it

    members = _one_hot(labels)
    blocks = pairwise_distances_chunked(points, reduce_func=lambda block, _: block @ members, working_memory=DISTANCE_MEMORY_MIB)
    sums: Points = np.concatenate(list(blocks))
    return sums


def _silhouette(sums: Points, labels: Labels) -> Points:
    sizes = np.bincount(labels)
    own = np.arange(labels.size), labels
    others = sizes[labels] - 1
    within = sums[own] / np.maximum(others, 1)
    between = sums / sizes
    between[own] = np.inf
    nearest = between.min(axis=1)
    larger = np.maximum(within, nearest)
    defined = (others > 0) & (larger > 0)
    values: Points = np.divide(nearest - within, larger, out=np.zeros(labels.size), where=defined)
    return values


def _one_hot(labels: Labels) -> Points:
    members: Points = np.eye(int(labels.max()) + 1)[labels]
    return members
