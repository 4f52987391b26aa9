"""When a challenger takes the champion's place."""

from __future__ import annotations

from vitrina.propensity.measures import Measured
from vitrina.propensity.tables import FAMILIES

FIRST_CHAMPION = "logistic"
"""Family that makes the scores until another is better: its score is one formula."""


def challenger_of(champion: str) -> str:
    """The family that does not make the scores."""
    (found,) = (family for family in FAMILIES if family != champion)
    return found


def is_promoted(difference: Measured) -> bool:
    """Whether the challenger ranks the held-out month's clients better, by more than chance explains.

    A higher gini alone is not enough: with a few hundred openings the better of two equal models is ahead by several points,
    and models would change places from month to month. Whoever makes the scores stays until then, whichever family it is.

    Parameters
    ----------
    difference
        Gini of the challenger less that of the champion (`gini_difference`), on a month that neither has learnt from.

    Returns
    -------
    bool
        Whether the whole 95 % interval lies above 0. Where there is none, for want of openings, the champion stays.
    """
    return difference.low is not None and difference.low > 0
