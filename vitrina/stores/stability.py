"""How sure the clusters are: what is left of each when the stores are drawn anew.

A bootstrap draws stores with replacement, clusters them, and asks of each original cluster which new one is most like
it, by Jaccard's index. The mean over the bootstraps is the cluster's stability: a group that the data insist on comes
back, a group that one or two stores hold together falls apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from vitrina.stores.choosing_k import Labels, Points, cuts_of

N_BOOTSTRAPS = 30
MAX_SAMPLE = 5_000
"""Points drawn per bootstrap at most: Ward's tree takes quadratic time, and the mean of 5,000 is steady enough."""


@dataclass(frozen=True, eq=False)
class Stability:
    """Mean Jaccard indices of the clusters of several nested cuts.

    Attributes
    ----------
    n_bootstraps
        How often the points were drawn.
    sample_size
        Points drawn each time, with replacement: all n, or fewer where n is large.
    by_cluster
        Number of clusters k → mean index of cluster 0 … k - 1, shape (k,), as `choosing_k.cut` numbers them; from 0 to
        1. NaN for a cluster of which no bootstrap drew a point.
    """

    n_bootstraps: int
    sample_size: int
    by_cluster: Mapping[int, Points]

    def weighted(self, n_clusters: int, labels: Labels) -> float:
        """Mean over the clusters of one cut, each weighted by its size; NaN where nothing is known of any.

        Parameters
        ----------
        n_clusters
            Which cut.
        labels
            Its labels from 0, shape (n,).
        """
        return weighted_mean(self.by_cluster[n_clusters], labels)


@dataclass(frozen=True)
class StabilityBand:
    """What a mean Jaccard index from `least` upwards says.

    Attributes
    ----------
    least
        Lower end of the band.
    name
        The band's name, the same in every language.
    word
        Its name for the reader.
    colour
        Beside the word, never instead of it.
    """

    least: float
    name: str
    word: str
    colour: str


def stability_bands(translate: Callable[[str], str] = str) -> tuple[StabilityBand, ...]:
    """All bands, the best first.

    References
    ----------
    C. Hennig (2008), Dissolution point and isolation robustness. J. Multivariate Anal. 99, 1154-1176; and the manual of
    his `fpc::clusterboot`: below 0.6 a cluster should not be trusted, from 0.75 it is valid, from 0.85 highly stable.
    """
    return (
        StabilityBand(0.85, "highly stable", translate("highly stable"), "#5DB897"),
        StabilityBand(0.75, "stable", translate("stable"), "#8FD3BC"),
        StabilityBand(0.6, "doubtful", translate("doubtful"), "#F8D48A"),
        StabilityBand(0.0, "unstable", translate("unstable"), "#F0A886"),
    )


def stability_band(jaccard: float, translate: Callable[[str], str] = str) -> StabilityBand:
    """The band that a mean Jaccard index falls into, as it is shown: with two decimals. NaN, of which nothing is known: the lowest."""
    known = stability_bands(translate)
    return next((band for band in known if round(jaccard, 2) >= band.least), known[-1])


def bootstrap_stability(
    points: Points,
    cuts: Mapping[int, Labels],
    *,
    n_bootstraps: int = N_BOOTSTRAPS,
    seed: int = 0,
    max_sample: int = MAX_SAMPLE,
) -> Stability:
    """Stability of every cluster of several cuts of one Ward tree.

    Each bootstrap draws n of n points with replacement and keeps the repetitions, so that a tree of the drawn points
    is Ward's tree of a sample of the same size; above `max_sample` points it draws so many of the n, an m-out-of-n
    bootstrap, whose indices are somewhat lower. An original cluster is compared, on the distinct drawn points, with
    each cluster of the new tree's cut into as many; the best match counts.

    Cuts of one tree nest, so each bootstrap counts one contingency table, of the two finest cuts, and adds up its rows
    and columns for the coarser ones.

    Parameters
    ----------
    points
        Shape (n, d).
    cuts
        Number of clusters → labels from 0, shape (n,), all of them cuts of one tree.
    n_bootstraps
        How often to draw.
    seed
        The same seed draws the same points, whatever the cuts; more bootstraps begin with those of fewer.
    max_sample
        Most points to draw.

    References
    ----------
    C. Hennig (2007), Cluster-wise assessment of cluster stability. Comput. Stat. Data Anal. 52, 258-271.
    """
    import fastcluster  # noqa: PLC0415  # loading the definitions need not pay for it

    n = points.shape[0]
    finest = max(cuts, default=1)
    # no fewer than clusters, or the drawn points could not be cut into as many
    size = max(min(n, max_sample), finest)
    rows = {k: _merging(labels, cuts[finest]) for k, labels in cuts.items()}
    means = {k: _RunningMean(k) for k in cuts}
    for drawn in _draws(n, size, n_bootstraps if cuts else 0, seed):
        tree: Points = fastcluster.linkage_vector(points[drawn], method="ward", metric="euclidean")
        distinct, place = np.unique(drawn, return_index=True)
        again = {k: labels[place] for k, labels in cuts_of(tree, cuts).items()}
        table = _contingency(cuts[finest][distinct], again[finest], finest)
        for k, labels in again.items():
            means[k].add(_best_jaccard(rows[k].T @ table @ _merging(labels, again[finest], (finest, k))))
    return Stability(n_bootstraps, size, {k: mean.value() for k, mean in means.items()})


def jaccard_of_method(  # noqa: PLR0913  # as `bootstrap_stability`, with the method
    points: Points,
    labels: Labels,
    fit: Callable[[Points, int], Labels],
    *,
    n_bootstraps: int = N_BOOTSTRAPS,
    seed: int = 0,
    max_sample: int = MAX_SAMPLE,
) -> Points:
    """Stability of each cluster that any method made, by the same draws and measure as `bootstrap_stability`.

    Parameters
    ----------
    points
        Shape (n, d).
    labels
        What the method made of them: from 0, shape (n,).
    fit
        The method: points, shape (m, d), and the number of clusters → labels, shape (m,). It must be deterministic for
        the result to be.
    n_bootstraps, seed, max_sample
        As of `bootstrap_stability`.

    Returns
    -------
    numpy.ndarray
        Mean Jaccard index of cluster 0 … `labels.max()`, NaN for one that was never drawn.
    """
    n_clusters = int(labels.max()) + 1
    mean = _RunningMean(n_clusters)
    for drawn in _draws(points.shape[0], max(min(points.shape[0], max_sample), n_clusters), n_bootstraps, seed):
        distinct, place = np.unique(drawn, return_index=True)
        again = fit(points[drawn], n_clusters)[place]
        mean.add(_best_jaccard(_contingency(labels[distinct], again, n_clusters)))
    return mean.value()


def weighted_mean(by_cluster: Points, labels: Labels) -> float:
    """Mean of a measure per cluster, weighted by the clusters' sizes; clusters without a value stay out."""
    sizes = np.bincount(labels, minlength=by_cluster.size)
    known = np.isfinite(by_cluster)
    return float(by_cluster[known] @ sizes[known] / sizes[known].sum()) if sizes[known].any() else float("nan")


class _RunningMean:
    """Mean of the bootstraps' values per cluster, over those that have one."""

    def __init__(self, n_clusters: int) -> None:
        self._sum = np.zeros(n_clusters)
        self._count = np.zeros(n_clusters)

    def add(self, values: Points) -> None:
        known = np.isfinite(values)
        self._sum[known] += values[known]
        self._count += known

    def value(self) -> Points:
        mean: Points = np.divide(self._sum, self._count, out=np.full(self._sum.size, np.nan), where=self._count > 0)
        return mean


def _draws(n: int, size: int, n_bootstraps: int, seed: int) -> Iterator[Labels]:
    """Places of the drawn points, shape (size,), rising; one array per bootstrap."""
    rng = np.random.default_rng(seed)
    for _ in range(n_bootstraps):
        # sorted, because the order of the draw means nothing, and neighbours in memory are read faster
        yield np.sort(rng.integers(0, n, size))


def _contingency(original: Labels, again: Labels, n_clusters: int) -> Points:
    """How many points each pair of an original and a new cluster shares."""
    columns = max(n_clusters, int(again.max()) + 1)
    counted = np.bincount(original * columns + again, minlength=n_clusters * columns)
    table: Points = counted.reshape(n_clusters, columns).astype(np.float64)
    return table


def _merging(coarse: Labels, fine: Labels, shape: tuple[int, int] | None = None) -> Points:
    """Which coarse cluster each fine one went into, as a matrix of zeros and ones, fine x coarse."""
    matrix: Points = np.zeros(shape or (int(fine.max()) + 1, int(coarse.max()) + 1))
    matrix[fine, coarse] = 1.0
    return matrix


def _best_jaccard(shared: Points) -> Points:
    """Jaccard index of each row's cluster with the column's cluster that is most like it; NaN for an empty row."""
    own, other = shared.sum(axis=1, keepdims=True), shared.sum(axis=0, keepdims=True)
    together = own + other - shared
    index = np.divide(shared, together, out=np.zeros_like(shared), where=together > 0).max(axis=1)
    best: Points = np.where(own[:, 0] > 0, index, np.nan)
    return best
