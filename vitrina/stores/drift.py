"""How far the values of a feature have moved since a model was fitted: the population stability index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.stores.choosing_k import Points

MOST_BINS = 10
FEWEST_BINS = 2
STORES_PER_BIN = 20
"""Two samples of one distribution differ by about (bins - 1) x 2 / n: with so many stores per bin that stays below 0.1."""
EMPTY_BIN = 0.5
"""Stores that an empty bin counts for, without which the index would be infinite."""

MODERATE = 0.10
DRIFTED = 0.25

STABLE_BAND, MODERATE_BAND, DRIFTED_BAND, ABSENT_BAND = "stable", "moderate", "drifted", "absent"

_NOISE = 1e-9

SCHEMA = {"feature": pl.String(), "psi": pl.Float64(), "band": pl.String(), "missing_share": pl.Float64()}


@dataclass(frozen=True, eq=False)
class Bins:
    """How a feature's values were spread when the model was fitted.

    Attributes
    ----------
    edges
        Inner edges, rising, shape (bins - 1,); a value that equals an edge belongs below it.
    shares
        Share of the known values per bin, shape (bins,), each above 0.
    """

    edges: Points
    shares: Points


def learn_bins(values: Points) -> Bins:
    """Deciles of the known values; fewer bins where stores are few or many values are equal.

    Parameters
    ----------
    values
        Shape (stores,), NaN where a value is missing; at least one is known.
    """
    known = np.sort(values[np.isfinite(values)])
    n_bins = int(np.clip(known.size // STORES_PER_BIN, FEWEST_BINS, MOST_BINS))
    # values that occur, not points between them: equal values are never parted by rounding
    quantiles = np.quantile(known, np.arange(1, n_bins) / n_bins, method="inverted_cdf")
    edges = np.unique(quantiles[quantiles < known[-1]])
    if not edges.size:
        # most values are the largest one: the others still stand apart from it
        edges = known[known < known[-1]][-1:]
    # values that differ only by the noise of floating point lie in one bin, and an edge between them would leave one empty
    edges = edges[_counts(known, edges)[1:] > 0]
    return Bins(edges=edges, shares=_counts(known, edges) / known.size)


def population_stability_index(bins: Bins, values: Points) -> float | None:
    """Sum over the bins of (share now - share then) x ln(share now / share then).

    A bin that is empty now counts as half a store, and the shares are brought back to a sum of 1; without empty bins the
    index is the textbook's.

    Parameters
    ----------
    bins
        Of the fit.
    values
        Shape (stores,), NaN where a value is missing.

    Returns
    -------
    float or None
        0 for the same distribution; ``None`` where no value is known.

    References
    ----------
    N. Siddiqi (2006), Credit Risk Scorecards, chapter 9: below 0.10 no significant change, 0.10 to 0.25 a change to look
    into, above it a significant one.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    counts = np.maximum(_counts(known, bins.edges), EMPTY_BIN)
    now = counts / counts.sum()
    index = float(((now - bins.shares) * np.log(now / bins.shares)).sum())
    # summands are never negative, but shares that are equal may differ in their last digit
    return max(0.0, index)


def drift_band(psi: float | None) -> str:
    """The index in a word; ``None``, where no value is known, is absent."""
    if psi is None:
        return ABSENT_BAND
    return DRIFTED_BAND if psi >= DRIFTED else MODERATE_BAND if psi >= MODERATE else STABLE_BAND


def feature_drift(values: Points, features: Sequence[str], bins: Sequence[Bins]) -> pl.DataFrame:
    """One row per feature: ``feature``, ``psi``, ``band`` and ``missing_share``.

    Parameters
    ----------
    values
        Of the quarter's stores, at least one, shape (stores, features), NaN where a value is missing.
    features
        Names, in the order of the columns.
    bins
        Of the fit, in the same order.
    """
    indices = [population_stability_index(of_feature, values[:, place]) for place, of_feature in enumerate(bins)]
    return pl.DataFrame(
        {
            "feature": list(features),
            "psi": indices,
            "band": [drift_band(psi) for psi in indices],
            "missing_share": (~np.isfinite(values)).mean(axis=0),
        },
        schema=SCHEMA,
    )


def _counts(known: Points, edges: Points) -> Points:
    """Values per bin, shape (edges + 1,)."""
    # values that differ by the noise of floating point are equal, or a whole bin of them would seem to have moved
    borders = edges + _NOISE * np.maximum(1.0, np.abs(edges))
    counts: Points = np.bincount(np.searchsorted(borders, known, side="left"), minlength=edges.size + 1).astype(np.float64)
    return counts
