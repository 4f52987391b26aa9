"""What sets the clusters apart, as sizes of effects with their uncertainty.

There is no p-value in here: the clusters were made to differ in the features that shape them, so a test that they differ
would be circular. Known values only: what was imputed says nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.stores.choosing_k import Labels, Points
from vitrina.stores.clustering import Clustering
from vitrina.stores.profile import roles
from vitrina.stores.trust_tables import ClusterDifferences, FeatureEffects

NORMAL_95 = 1.959964
"""Standard deviations of a normal distribution on either side of its mean that hold 95 % of it."""

_NOISE = 1e-18
"""A variance below this share of the mean square is noise of floating point."""


def effects(clustering: Clustering) -> pl.DataFrame:
    """How much of each feature's spread lies between the clusters (eta squared).

    Returns
    -------
    polars.DataFrame
        Rows of `FeatureEffects`, features in the order of `profile.roles`. Eta squared is the sum of squares between the
        clusters over the total; null where fewer than two clusters have a value, or all values are equal.

    References
    ----------
    J. Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., p. 280.
    """
    known = roles(clustering)
    values = _values(clustering, list(known))
    rows = [
        {
            "quarter": clustering.quarter,
            "feature": feature,
            "role": role,
            "eta_squared": _eta_squared(values[:, place], clustering.labels),
            "n_stores": int(np.isfinite(values[:, place]).sum()),
            "scenario_id": clustering.scenario.identifier,
        }
        for place, (feature, role) in enumerate(known.items())
    ]
    return FeatureEffects.check(pl.DataFrame(rows, schema=FeatureEffects.polars_schema()))


def differences(clustering: Clustering) -> pl.DataFrame:
    """Each cluster against all other clustered stores, feature by feature, as Hedges' g with its 95 % interval.

    Returns
    -------
    polars.DataFrame
        Rows of `ClusterDifferences`, by cluster and place. The standardised difference is null where either side has
        fewer than two values, or neither side has any spread.

    Notes
    -----
    With n and m values, g is the difference of the means over the pooled standard deviation, times
    1 - 3 / (4 (n + m) - 9), which removes the bias of few values. Its large-sample variance is
    (n + m) / (n m) + g² / (2 (n + m)).

    References
    ----------
    L. V. Hedges, I. Olkin (1985), Statistical Methods for Meta-Analysis, p. 81 and 86.
    """
    known = roles(clustering)
    values = _values(clustering, list(known))
    frames = [
        _against_the_rest(values, clustering.labels == cluster, known).with_columns(pl.lit(cluster).cast(pl.Int64).alias("cluster"))
        for cluster in range(1, int(clustering.labels.max()) + 1)
    ]
    stamped = pl.concat(frames).with_columns(
        pl.lit(clustering.quarter).alias("quarter"), pl.lit(clustering.scenario.identifier).alias("scenario_id")
    )
    return ClusterDifferences.check(stamped.sort("cluster", "place"))


def _values(clustering: Clustering, names: list[str]) -> Points:
    """Shape (stores, features), NaN where a value is missing."""
    values: Points = clustering.stores.select(pl.col(name).cast(pl.Float64) for name in names).to_numpy()
    return values.reshape(clustering.stores.height, len(names))


def _eta_squared(values: Points, labels: Labels) -> float | None:
    known = np.isfinite(values)
    x, clusters = values[known], labels[known]
    if np.unique(clusters).size < 2:
        return None
    centred = x - x.mean()
    total = float(centred @ centred)
    if total <= _NOISE * float(x @ x):
        return None
    counts = np.bincount(clusters)
    sums = np.bincount(clusters, weights=centred)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    return min(1.0, between / total)


def _against_the_rest(values: Points, inside: Labels, known: dict[str, str]) -> pl.DataFrame:
    """One cluster's rows without what all rows share."""
    n, mean, squares = _moments(values[inside])
    m, rest_mean, rest_squares = _moments(values[~inside])
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (squares + rest_squares) / (n + m - 2)
        scale = np.nansum(values**2, axis=0) / (n + m)
        defined = (n >= 2) & (m >= 2) & (variance > _NOISE * scale)
        g = np.where(defined, (mean - rest_mean) / np.sqrt(variance) * (1 - 3 / (4 * (n + m) - 9)), np.nan)
        half = NORMAL_95 * np.sqrt((n + m) / (n * m) + g**2 / (2 * (n + m)))
    # the largest first; where nothing is defined, in the order of the features
    order = np.argsort(np.where(np.isnan(g), np.inf, -np.abs(g)), kind="stable")
    place = np.empty(len(known), dtype=np.int64)
    place[order] = np.arange(1, len(known) + 1)
    return pl.DataFrame({"feature": list(known), "role": list(known.values())}).with_columns(
        pl.Series("n_stores", n.astype(np.int64)),
        *(
            pl.Series(name, column, dtype=pl.Float64).fill_nan(None)
            for name, column in (
                ("mean", mean),
                ("rest_mean", rest_mean),
                ("difference", g),
                ("low", g - half),
                ("high", g + half),
            )
        ),
        pl.Series("place", place),
    )


def _moments(values: Points) -> tuple[Points, Points, Points]:
    """Count, mean and sum of squared deviations of the known values of each column; a mean of nothing is NaN."""
    known = np.isfinite(values)
    n: Points = known.sum(axis=0).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean: Points = np.where(known, values, 0.0).sum(axis=0) / n
    squares: Points = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0)
    return n, mean, squares
