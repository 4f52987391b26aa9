"""When a challenger takes the champion's place."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vitrina.propensity.measures import GINI_DIFFERENCE, Measured
from vitrina.propensity.two_proportions import Z_95

FIRST_CHAMPION = "logistic"
"""Family that makes the scores until another is better: its score is one formula."""

MOST_MONTHS = 6
"""Newest months that are looked at: one alone, after a shock, speaks for whoever knew less of it."""


def pooled(differences: Iterable[Measured]) -> Measured:
    """Several months' differences of gini as one: their mean, each weighted by how surely it is known (inverse variance).

    Months without an interval, for want of openings, take no part; where none is left there is no difference.

    Parameters
    ----------
    differences
        As of `gini_difference`, of months with clients and openings of their own.

    References
    ----------
    M. Borenstein et al. (2009), Introduction to Meta-Analysis, chapter 11: the fixed effect.
    """
    measured = [found for found in differences if found.value is not None and found.low is not None and found.high is not None]
    n, positives = sum(found.n for found in measured), sum(found.positives for found in measured)
    # two models that say the same differ by nothing, surely
    known = [found for found in measured if found.high > found.low]  # type: ignore[operator]  # measured
    if not known:
        nothing = 0.0 if measured else None
        return Measured(GINI_DIFFERENCE, nothing, nothing, nothing, n, positives)
    spreads = np.array([(found.high - found.low) / 2 / Z_95 for found in known])  # type: ignore[operator]  # measured
    weights = 1 / spreads**2
    mean = float(weights @ np.array([found.value for found in known]) / weights.sum())
    width = Z_95 / float(np.sqrt(weights.sum()))
    return Measured(GINI_DIFFERENCE, mean, mean - width, mean + width, n, positives)


def champion_after(champion: str, ahead: Measured) -> str:
    """Who makes the scores: whoever ranks better by more than chance explains, or else whoever made them before.

    A higher gini alone is not enough: with a few hundred openings the better of two equal models is ahead by several points,
    and models would change places from month to month.

    Parameters
    ----------
    champion
        Family that made the scores of the month before.
    ahead
        Gini of boosted trees less that of logistic regression, on months that neither had learnt from.

    Returns
    -------
    str
        The other family only where the whole 95 % interval lies on its side of 0. Where there is none, for want of openings, the
        champion stays.
    """
    if ahead.low is not None and ahead.low > 0:
        return "boosted"
    if ahead.high is not None and ahead.high < 0:
        return "logistic"
    return champion
