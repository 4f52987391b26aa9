"""Ward's clusters beside those of other methods, on the same stores and by the same measures.

Ward stays the method: its tree is cut at every number of clusters, and it is drawn and explained. The others say what
that costs, and whether the clusters are the data's or the method's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from vitrina.stores.choosing_k import Labels, Points, cut
from vitrina.stores.measures import davies_bouldin, silhouettes
from vitrina.stores.stability import jaccard_of_method, weighted_mean

WARD = "ward"
METHODS = (WARD, "k_means", "average_linkage", "gaussian_mixture")
"""In the order of the table."""
QUICK = tuple(name for name in METHODS if name != "gaussian_mixture")
"""Those that are fitted in milliseconds."""

N_BOOTSTRAPS = 5
"""Few, for a mixture is dear; all methods have the same draws, so that their difference is surer than each of them."""
MOST_MEASURED = 5_000
"""Average linkage holds all distances: 100 MB for so many points."""
MOST_DRAWN = 2_000
"""Points per bootstrap, for four methods are fitted to each."""

POINTS_PER_PARAMETER = 3
"""Fewer leave a full covariance to chance."""

_K_MEANS_STARTS = 4
_MIXTURE_STARTS = 3
_MIXTURE_STARTS_OF_A_DRAW = 1
"""Three starts raised the index of 250 to 330 stores by 0.03 on average, as much as five draws leave to chance, at thrice the price."""
_RIDGE = 1e-4
"""Added to variances, so that points drawn twice do not make a component without extent."""

_Fit = Callable[[Points], Labels]

_COLUMNS = {
    "method": pl.String(),
    "n_clusters": pl.Int64(),
    "silhouette": pl.Float64(),
    "davies_bouldin": pl.Float64(),
    "jaccard": pl.Float64(),
    "smallest_cluster": pl.Int64(),
    "agreement_with_ward": pl.Float64(),
    "n_measured": pl.Int64(),
}


def compare_methods(
    points: Points, ward_labels: Labels, *, seed: int, methods: Sequence[str] = METHODS, n_bootstraps: int = N_BOOTSTRAPS
) -> pl.DataFrame:
    """Cluster the same points into as many clusters by each method, and measure all alike.

    Above `MOST_MEASURED` points a sample stands for all, drawn without replacement; ``n_measured`` says so.

    Parameters
    ----------
    points
        Shape (n, d), two different ones at least.
    ward_labels
        What Ward's tree made of them, shape (n,); numbered in any way.
    seed
        Of the sample, the draws and the starts; the same seed gives the same table.
    methods
        Which of `METHODS`.
    n_bootstraps
        How often each method is fitted anew, to the same draws for all; each of at most `MOST_DRAWN` points. With 0,
        ``jaccard`` is null.

    Returns
    -------
    polars.DataFrame
        One row per method: ``method``; ``n_clusters``, as found, for a mixture may leave a component
        empty; ``silhouette`` and ``davies_bouldin``, null for a single cluster or as many clusters as points;
        ``jaccard``, the bootstrap index weighted by size; ``smallest_cluster``; ``agreement_with_ward``, the adjusted
        Rand index; ``n_measured``, the points that all of this rests on.

    References
    ----------
    L. Hubert, P. Arabie (1985), Comparing partitions. J. Classif. 2, 193-218.
    """
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  # loading the definitions need not pay for it
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # as above

    measured = _sample(points.shape[0], seed)
    points, ward = points[measured], _from_zero(ward_labels[measured])
    n_clusters = int(ward.max()) + 1
    rows = []
    # several threads add up in any order, and the last digit decides to whom a point on the border belongs
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # a draw may hold fewer different points than clusters; that is what the index is there to tell
        warnings.simplefilter("ignore", ConvergenceWarning)
        again = _methods(points.shape, n_clusters, seed, mixture_starts=_MIXTURE_STARTS_OF_A_DRAW)
        for name, fit in _methods(points.shape, n_clusters, seed, mixture_starts=_MIXTURE_STARTS).items():
            if name not in methods:
                continue
            labels = ward if name == WARD else _from_zero(fit(points))
            jaccard = _jaccard(points, labels, again[name], n_bootstraps=n_bootstraps, seed=seed)
            rows.append({"method": name, "jaccard": jaccard, **_measures(points, labels, ward)})
    return pl.DataFrame(rows, schema=_COLUMNS)


def _measures(points: Points, labels: Labels, ward: Labels) -> dict[str, Any]:
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415  # as above

    found = int(labels.max()) + 1
    defined = 1 < found < labels.size
    return {
        "n_clusters": found,
        "silhouette": float(silhouettes(points, {found: labels})[found].mean()) if defined else None,
        "davies_bouldin": davies_bouldin(points, labels) if defined else None,
        "smallest_cluster": int(np.bincount(labels).min()),
        "agreement_with_ward": float(adjusted_rand_score(ward, labels)),
        "n_measured": labels.size,
    }


def _jaccard(points: Points, labels: Labels, fit: _Fit, *, n_bootstraps: int, seed: int) -> float | None:
    by_cluster = jaccard_of_method(
        points,
        labels,
        # each bootstrap asks for as many clusters as all methods were asked for, however many this one found
        lambda drawn, _: fit(drawn),
        n_bootstraps=n_bootstraps,
        seed=seed,
        max_sample=MOST_DRAWN,
    )
    mean = weighted_mean(by_cluster, labels)
    return mean if np.isfinite(mean) else None


def _methods(shape: tuple[int, ...], n_clusters: int, seed: int, *, mixture_starts: int) -> dict[str, _Fit]:
    fits: tuple[_Fit, ...] = (
        partial(_ward, n_clusters=n_clusters),
        partial(_k_means, n_clusters=n_clusters, seed=seed),
        partial(_average_linkage, n_clusters=n_clusters),
        partial(
            _gaussian_mixture, n_clusters=n_clusters, covariance=_covariance(shape, n_clusters), starts=mixture_starts, seed=seed
        ),
    )
    return dict(zip(METHODS, fits, strict=True))


def _ward(points: Points, n_clusters: int) -> Labels:
    import fastcluster  # noqa: PLC0415  # loading the definitions need not pay for it

    return cut(fastcluster.linkage_vector(points, method="ward", metric="euclidean"), n_clusters)


def _average_linkage(points: Points, n_clusters: int) -> Labels:
    import fastcluster  # noqa: PLC0415  # loading the definitions need not pay for it

    return cut(fastcluster.linkage(points, method="average", metric="euclidean"), n_clusters)


def _k_means(points: Points, *, n_clusters: int, seed: int) -> Labels:
    from sklearn.cluster import KMeans  # noqa: PLC0415  # loading the definitions need not pay for it

    return _whole(KMeans(n_clusters, n_init=_K_MEANS_STARTS, random_state=seed).fit_predict(points))


def _gaussian_mixture(points: Points, *, n_clusters: int, covariance: str, starts: int, seed: int) -> Labels:
    from sklearn.mixture import GaussianMixture  # noqa: PLC0415  # loading the definitions need not pay for it

    # from where one run of k-means ends it often goes no further: of 24 known mixtures it then found 15, and so 23
    mixture = GaussianMixture(
        n_clusters,
        covariance_type=covariance,
        reg_covar=_RIDGE,
        init_params="k-means++",
        n_init=starts,
        random_state=seed,
    )
    return _whole(mixture.fit_predict(points))


def _covariance(shape: tuple[int, ...], n_clusters: int) -> str:
    """Full covariances where there are points enough for their parameters, otherwise diagonal ones."""
    n, dimensions = shape
    parameters = n_clusters * (1 + dimensions + dimensions * (dimensions + 1) // 2) - 1
    return "full" if n >= POINTS_PER_PARAMETER * parameters else "diag"


def _sample(n: int, seed: int) -> Labels:
    if n <= MOST_MEASURED:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_MEASURED, replace=False))


def _from_zero(labels: Labels) -> Labels:
    """Numbered anew without gaps."""
    return _whole(np.unique(labels, return_inverse=True)[1])


def _whole(labels: Any) -> Labels:
    numbers: Labels = np.asarray(labels, dtype=np.int64)
    return numbers
