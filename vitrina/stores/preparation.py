"""From features as delivered to numbers that can be compared: gaps filled, skew tamed, standardised, weighted.

What was learnt from one quarter's stores are plain arrays, so that the same preparation serves later quarters and new stores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vitrina.stores.choosing_k import Points
from vitrina.stores.scenario import ROBUST

SKEWED = 1.0
"""Skewness from which a column that is never negative takes log(1 + x)."""
OUTERMOST = 0.01
"""Share of the stores at either end whose values are drawn in."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Preparation:
    """What was learnt, one number per feature.

    Attributes
    ----------
    medians
        What a missing value takes.
    logged
        Whether log(1 + x) is taken.
    lows, highs
        Values beyond are drawn in to them, after the logarithm; infinite where nothing is.
    means, scales
        Subtracted, and divided by.
    weights
        How often the feature counts; their mean is 1.
    """

    medians: Points
    logged: Flags
    lows: Points
    highs: Points
    means: Points
    scales: Points
    weights: Points

    def apply(self, values: Points) -> Points:
        """Prepare stores.

        Parameters
        ----------
        values
            Shape (stores, features), NaN where a value is missing.

        Returns
        -------
        numpy.ndarray
            The same shape: standard deviations from the mean, times the root of the weight.
        """
        filled = np.where(np.isnan(values), self.medians, values)
        tamed = np.clip(_logged(filled, self.logged), self.lows, self.highs)
        prepared: Points = (tamed - self.means) / self.scales * np.sqrt(self.weights)
        return prepared


def learn_preparation(values: Points, transform: str, weights: Points) -> Preparation:
    """Learn how to prepare a quarter's stores.

    Parameters
    ----------
    values
        Shape (stores, features), NaN where a value is missing; no column is without values.
    transform
        ``"plain"`` or ``"robust"``.
    weights
        Above 0, shape (features,).
    """
    from scipy.stats import skew  # noqa: PLC0415  # loading the definitions need not pay for it

    n_features = values.shape[1]
    medians: Points = np.nanmedian(values, axis=0)
    filled = np.where(np.isnan(values), medians, values)
    logged: Flags = np.zeros(n_features, dtype=np.bool_)
    lows, highs = np.full(n_features, -np.inf), np.full(n_features, np.inf)
    if transform == ROBUST:
        with np.errstate(invalid="ignore"):
            logged = (filled.min(axis=0) >= 0) & (skew(filled, axis=0) > SKEWED)
        lows, highs = np.quantile(_logged(filled, logged), [OUTERMOST, 1 - OUTERMOST], axis=0)
    tamed = np.clip(_logged(filled, logged), lows, highs)
    scales = tamed.std(axis=0)
    return Preparation(
        medians=medians,
        logged=logged,
        lows=lows,
        highs=highs,
        means=tamed.mean(axis=0),
        # a column that is constant once its extremes are drawn in tells nothing; dividing by 1 leaves it at 0
        scales=np.where(scales > 0, scales, 1.0),
        weights=weights / weights.mean(),
    )


def _logged(values: Points, logged: Flags) -> Points:
    # a later quarter may have a negative value where the fit had none
    taken: Points = np.where(logged, np.log1p(np.maximum(values, 0.0)), values)
    return taken
