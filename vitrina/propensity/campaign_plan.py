"""How many clients to leave alone so that the effect of the offers can be proved, before the first offer is made.

Two conversions are compared by the two-sided z test with a pooled variance, without a correction for continuity, for groups of
unequal size.

References
----------
J. L. Fleiss, B. Levin, M. C. Paik (2003), Statistical Methods for Rates and Proportions, 3rd edition, chapter 4.
J. L. Fleiss, A. Tytun, H. K. Ury (1980), A Simple Approximation for Calculating Sample Sizes for Comparing Independent
Proportions, Biometrics 36, 343-346.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor, sqrt
from statistics import NormalDist

import polars as pl

from vitrina.errors import VitrinaError

POWER = 0.8
ALPHA = 0.05
SHARES = (0.05, 0.1, 0.15, 0.2, 0.3)
UPLIFTS = (0.1, 0.15)
"""Relative uplifts that are worth proving."""

_NORMAL = NormalDist()
_HALVINGS = 60
_TOLERANCE = 1e-12


class PlanError(VitrinaError):
    """The effect cannot be proved with so many clients."""


def power_of(base_rate: float, relative_uplift: float, offer_size: int, control_size: int, alpha: float = ALPHA) -> float:
    """Probability that an uplift is proved.

    Parameters
    ----------
    base_rate
        Conversion without an offer, above 0 and below 1.
    relative_uplift
        By how much more of itself the conversion is with an offer: 0.1 is 10 % more.
    offer_size, control_size
        Clients with and without an offer.
    alpha
        How often no effect at all may pass for one, in either direction.

    Raises
    ------
    PlanError
        A parameter is out of its bounds.
    """
    _check(base_rate, alpha=alpha)
    offered = _offered_rate(base_rate, relative_uplift)
    _check_sizes(offer_size, control_size)
    null, alternative = _deviations(base_rate, offered, offer_size, control_size)
    return _NORMAL.cdf((offered - base_rate - _NORMAL.inv_cdf(1 - alpha / 2) * null) / alternative)


def control_size(base_rate: float, relative_uplift: float, offer_size: int, power: float = POWER, alpha: float = ALPHA) -> int:
    """Fewest clients without an offer that prove an uplift; never more than get one.

    Parameters
    ----------
    base_rate, relative_uplift, alpha
        As for `power_of`.
    offer_size
        Clients with an offer: the budget of one month, or of as many months as are pooled.
    power
        Probability with which the uplift is to be proved.

    Raises
    ------
    PlanError
        Not even a control group as large as the offer group is enough; the message says how many months must be pooled.

    Examples
    --------
    10 % against 15 % needs 686 clients in each of two equal groups:

    >>> control_size(0.10, 0.5, 686)
    686
    """
    _check(base_rate, power=power, alpha=alpha)
    offered = _offered_rate(base_rate, relative_uplift)
    _check_sizes(offer_size, offer_size)
    if not _proves(base_rate, offered, offer_size, offer_size, power=power, alpha=alpha):
        months = months_to_pool(base_rate, relative_uplift, offer_size, offer_size, power=power, alpha=alpha)
        raise PlanError(
            f"{offer_size} offers cannot prove {relative_uplift:.0%} more than a conversion of {base_rate:.2%} with a power of "
            f"{power:.0%}, not even with as many clients left alone.",
            f"Pool {months} months with such groups, raise the budget to {months} times as many contacts, or set out to prove "
            "a larger uplift.",
        )
    low, high = 1, offer_size
    while low < high:
        middle = (low + high) // 2
        if _proves(base_rate, offered, offer_size, middle, power=power, alpha=alpha):
            high = middle
        else:
            low = middle + 1
    return low


def months_to_pool(  # noqa: PLR0913  # the plan's six numbers, each with a name
    base_rate: float, relative_uplift: float, offer_size: int, control_size: int, *, power: float = POWER, alpha: float = ALPHA
) -> int:
    """Months whose groups must be put together to prove an uplift, with other clients in each of them.

    Parameters
    ----------
    base_rate, relative_uplift, power, alpha
        As for `control_size`.
    offer_size, control_size
        Clients with and without an offer in one month.
    """
    _check(base_rate, power=power, alpha=alpha)
    offered = _offered_rate(base_rate, relative_uplift)
    _check_sizes(offer_size, control_size)
    # deviations shrink with the root of the number of months
    needed = _needed_difference(base_rate, offered, offer_size, control_size, power=power, alpha=alpha)
    return max(1, ceil((needed / (offered - base_rate)) ** 2 - _TOLERANCE))


def detectable_uplift(base_rate: float, offer_size: int, control_size: int, power: float = POWER, alpha: float = ALPHA) -> float:
    """Smallest relative uplift that groups of these sizes prove.

    Parameters
    ----------
    base_rate, power, alpha
        As for `control_size`.
    offer_size, control_size
        Clients with and without an offer.

    Raises
    ------
    PlanError
        The groups are so small that not even an opening by every offered client would prove anything.
    """
    _check(base_rate, power=power, alpha=alpha)
    _check_sizes(offer_size, control_size)
    low, high = base_rate, 1.0
    if not _proves(base_rate, high, offer_size, control_size, power=power, alpha=alpha):
        raise PlanError(
            f"{offer_size} offers beside {control_size} clients left alone prove nothing, not even if every offered client opened "
            "an account.",
            "Raise the budget or the control share, or pool several months.",
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _proves(base_rate, middle, offer_size, control_size, power=power, alpha=alpha):
            high = middle
        else:
            low = middle
    return high / base_rate - 1


def planning_options(  # noqa: PLR0913  # the plan's numbers, each with a name
    base_rate: float,
    budget: int,
    *,
    shares: Iterable[float] = SHARES,
    uplifts: Iterable[float] = UPLIFTS,
    power: float = POWER,
    alpha: float = ALPHA,
) -> pl.DataFrame:
    """What each control share would prove, and what it would cost.

    Parameters
    ----------
    base_rate, power, alpha
        As for `control_size`.
    budget
        Offers of one month.
    shares
        Parts of the list to be left alone, each above 0 and up to 0.5.
    uplifts
        Relative uplifts to be proved.

    Returns
    -------
    polars.DataFrame
        A row per share and uplift: ``control_share``, ``relative_uplift``, ``offer_size``, ``control_size``, ``power`` (in one
        month), ``detectable_uplift`` (in one month; null where groups prove nothing), ``months_to_pool``, and
        ``openings_forgone`` (openings that the control group misses in a month, if the uplift is real).
    """
    _check(base_rate, power=power, alpha=alpha)
    _check_sizes(budget, budget)
    uplifts = tuple(uplifts)
    rows = []
    for share in shares:
        part = Fraction(str(share))
        if not 0 < part <= Fraction(1, 2):
            raise PlanError(f"A control share of {share} leaves nothing to compare.", "Use shares above 0 and up to 0.5.")
        # as in the file: the list is longer, and the budget is spent in full
        controls = max(1, ceil(budget / (1 - part)) - budget)
        smallest = _detectable_or_none(base_rate, budget, controls, power, alpha)
        rows += [
            {
                "control_share": float(share),
                "relative_uplift": float(uplift),
                "offer_size": budget,
                "control_size": controls,
                "power": power_of(base_rate, uplift, budget, controls, alpha),
                "detectable_uplift": smallest,
                "months_to_pool": months_to_pool(base_rate, uplift, budget, controls, power=power, alpha=alpha),
                "openings_forgone": controls * base_rate * uplift,
            }
            for uplift in uplifts
        ]
    return pl.DataFrame(rows)


def _detectable_or_none(base_rate: float, offers: int, controls: int, power: float, alpha: float) -> float | None:
    if not _proves(base_rate, 1.0, offers, controls, power=power, alpha=alpha):
        return None
    return detectable_uplift(base_rate, offers, controls, power, alpha)


def _proves(base_rate: float, offered: float, offers: int, controls: int, *, power: float, alpha: float) -> bool:  # noqa: PLR0913  # as above
    return offered - base_rate >= _needed_difference(base_rate, offered, offers, controls, power=power, alpha=alpha) - _TOLERANCE


def _needed_difference(base_rate: float, offered: float, offers: int, controls: int, *, power: float, alpha: float) -> float:  # noqa: PLR0913  # as above
    null, alternative = _deviations(base_rate, offered, offers, controls)
    return _NORMAL.inv_cdf(1 - alpha / 2) * null + _NORMAL.inv_cdf(power) * alternative


def _deviations(base_rate: float, offered: float, offers: int, controls: int) -> tuple[float, float]:
    """Standard deviations of the difference if there is no effect, and if there is the one expected."""
    pooled = (offers * offered + controls * base_rate) / (offers + controls)
    null = sqrt(pooled * (1 - pooled) * (1 / offers + 1 / controls))
    return null, sqrt(offered * (1 - offered) / offers + base_rate * (1 - base_rate) / controls)


def _offered_rate(base_rate: float, relative_uplift: float) -> float:
    most = 1 / base_rate - 1
    if not 0 < relative_uplift < most:
        raise PlanError(
            f"{relative_uplift:.0%} more than a conversion of {base_rate:.2%} cannot be planned for.",
            f"Use an uplift above 0 and below {floor(most * 100) / 100:g}, where every client would open an account.",
        )
    return base_rate * (1 + relative_uplift)


def _check(base_rate: float, *, alpha: float, power: float = POWER) -> None:
    if not 0 < base_rate < 1:
        raise PlanError(f"The base rate is {base_rate}.", "Give the conversion without an offer, above 0 and below 1.")
    if not 0 < alpha < 1 or not 0.5 <= power < 1:
        raise PlanError(f"The power is {power}, alpha {alpha}.", "Use a power from 0.5 to below 1, and alpha between 0 and 1.")


def _check_sizes(offers: int, controls: int) -> None:
    if offers < 1 or controls < 1:
        raise PlanError(f"The groups have {offers} and {controls} clients.", "Each needs at least one.")
