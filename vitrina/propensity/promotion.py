"""When a challenger takes the champion's place."""

from __future__ import annotations

from vitrina.propensity.measures import Measured


def is_promoted(difference: Measured) -> bool:
    """Whether the challenger ranks the held-out month's clients better, by more than chance explains.

    A higher gini alone is not enough: with a few hundred openings the better of two equal models is ahead by several points,
    and models would change places from month to month.

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
