"""What two shares differ by, and how surely: differences and ratios, of one month and of several together."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

Z_95 = 1.959963984540054


class Estimate(NamedTuple):
    """A value with its 95 % interval; ``None`` where it cannot be known."""

    value: float | None
    low: float | None = None
    high: float | None = None


UNKNOWN = Estimate(None)


class Groups(NamedTuple):
    """Clients and openings of the offered (or first) and of the control (or second) group."""

    n_offer: int
    n_control: int
    openings_offer: int
    openings_control: int


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion, without a correction for continuity.

    References
    ----------
    E. B. Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference, Journal of the American
    Statistical Association 22, 209-212.
    """
    centre = 2 * successes + Z_95**2
    spread = Z_95 * sqrt(Z_95**2 + 4 * successes * (1 - successes / n))
    low, high = (centre - spread) / (2 * (n + Z_95**2)), (centre + spread) / (2 * (n + Z_95**2))
    # rounding may leave 1e-19 where it is exactly 0
    return 0.0 if successes == 0 else low, 1.0 if successes == n else high


def conversion_uplift(groups: Groups) -> Estimate:
    """Difference of two conversions with Newcombe's interval, method 10: that of Wilson for both, put together.

    References
    ----------
    R. G. Newcombe (1998), Interval Estimation for the Difference between Independent Proportions: Comparison of Eleven
    Methods, Statistics in Medicine 17, 873-890.

    Examples
    --------
    Newcombe's table II, case (a), 56/70 against 48/80:

    >>> [round(number, 4) for number in conversion_uplift(Groups(70, 80, 56, 48))]
    [0.2, 0.0524, 0.3339]
    """
    if not groups.n_offer or not groups.n_control:
        return UNKNOWN
    offer, control = groups.openings_offer / groups.n_offer, groups.openings_control / groups.n_control
    offer_low, offer_high = wilson(groups.openings_offer, groups.n_offer)
    control_low, control_high = wilson(groups.openings_control, groups.n_control)
    difference = offer - control
    return Estimate(
        difference,
        difference - sqrt((offer - offer_low) ** 2 + (control_high - control) ** 2),
        difference + sqrt((offer_high - offer) ** 2 + (control - control_low) ** 2),
    )


def conversion_ratio(groups: Groups) -> Estimate:
    """Ratio of two conversions with the interval of its logarithm; no interval without openings in both groups.

    References
    ----------
    D. Katz, J. Baptista, S. P. Azen, M. C. Pike (1978), Obtaining Confidence Intervals for the Risk Ratio in Cohort Studies,
    Biometrics 34, 469-474.
    """
    if not groups.n_offer or not groups.openings_control:
        return UNKNOWN
    ratio = groups.openings_offer / groups.n_offer / (groups.openings_control / groups.n_control)
    if not groups.openings_offer:
        return Estimate(ratio)
    variance = 1 / groups.openings_offer - 1 / groups.n_offer + 1 / groups.openings_control - 1 / groups.n_control
    return _around_logarithm(ratio, variance)


def pooled_uplift(months: list[Groups]) -> Estimate:
    """Difference of conversions over several months, by Mantel and Haenszel; months without both groups take no part.

    References
    ----------
    S. Greenland, J. M. Robins (1985), Estimation of a Common Effect Parameter from Sparse Follow-up Data, Biometrics 41,
    55-68.
    """
    whole = [month for month in months if month.n_offer and month.n_control]
    if not whole:
        return UNKNOWN
    n1, n0, a, b = (np.array(column, dtype=float) for column in zip(*whole, strict=True))
    weights = n1 * n0 / (n1 + n0)
    offer, control = a / n1, b / n0
    difference = float(weights @ (offer - control) / weights.sum())
    variance = float(weights**2 @ (offer * (1 - offer) / n1 + control * (1 - control) / n0) / weights.sum() ** 2)
    return Estimate(difference, difference - Z_95 * sqrt(variance), difference + Z_95 * sqrt(variance))


def pooled_ratio(months: list[Groups]) -> Estimate:
    """Ratio of conversions over several months, by Mantel and Haenszel, with the variance of Greenland and Robins (1985)."""
    whole = [month for month in months if month.n_offer and month.n_control]
    if not whole:
        return UNKNOWN
    n1, n0, a, b = (np.array(column, dtype=float) for column in zip(*whole, strict=True))
    n = n1 + n0
    offered, control = float((a * n0 / n).sum()), float((b * n1 / n).sum())
    if not control:
        return UNKNOWN
    if not offered:
        return Estimate(0.0)
    variance = float(((n1 * n0 * (a + b) - a * b * n) / n**2).sum()) / (offered * control)
    return _around_logarithm(offered / control, variance)


def _around_logarithm(ratio: float, variance: float) -> Estimate:
    width = Z_95 * sqrt(variance)
    return Estimate(ratio, exp(log(ratio) - width), exp(log(ratio) + width))
