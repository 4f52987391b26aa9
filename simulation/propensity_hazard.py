"""How likely a firm opens an account: known log-odds, the drift of their intercept, and the shock.

The chance to open within a month is logistic in `signal`, times one scale for all: the scale is solved for so that the true
chances of three months themselves reach a gini of `GINI` among those who may be offered something. No model can be better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.propensity_firms import (
    ACTIVITIES,
    MONTHLY_LIQUIDATION,
    WEB,
    YEAR,
    YOUNG_YEARS,
    has_payroll,
    is_offered,
)

GINI = 0.6
"""Aimed at in the first month. Later months differ a little: those who are likely to open an account leave first."""

MONTHLY_RATE = 0.045
"""Chance to open within a month, averaged over the first snapshot."""

WINDOW = 3
"""Months of the propensity."""

SHOCK_MONTHS = 3
SHOCK_RATE = 0.5
SHOCK_GROWTH, SHOCK_WEB = -0.4, 0.35
"""What the shock multiplies: the base rate, and the coefficients of growth and of interest."""

INTERCEPT_STEP, SEASON = 0.03, 0.06
"""Monthly steps of the intercept, and its swing over the year."""

HIDDEN = 0.06
"""Coefficient of what nothing delivered shows."""

ACTIVITY_PULL = 0.4
REGION_PULL = (0.1, 0.0, 0.0, -0.2, 0.1)
TAX_PULL = (0.15, 0.0, -0.35, 0.2)
ACCOUNTS_PULL = (0.7, 0.1, -0.7, -1.2)
BISECTIONS = 30


@dataclass(frozen=True)
class Calendar:
    """What moves the chances of all firms.

    Attributes
    ----------
    scale
        Of the signal.
    intercepts
        Log-odds, one per month from the first snapshot on, and `WINDOW` months beyond the last.
    shocked
        Which of these months are shocked.
    """

    scale: float
    intercepts: np.ndarray
    shocked: np.ndarray

    def hazard(self, population: pl.DataFrame, day: np.datetime64, month: int) -> np.ndarray:
        """Chances to open within a month of the calendar, shape ``(n,)``; months before the first are like the first."""
        place = max(month, 0)
        shocked = bool(self.shocked[place])
        return np.asarray(logistic(self.intercepts[place] + self.scale * signal(population, day, shocked=shocked)))

    def propensity(self, population: pl.DataFrame, month: int, days: Sequence[np.datetime64]) -> np.ndarray:
        """True chances to open within three months of a snapshot, shape ``(n,)``.

        The firms' state is the snapshot's, their age and the calendar are those of the coming months, and liquidation may
        come first; who is liquidated opens nothing, whether the bank knows it or not.
        """
        alive = population.get_column("liquidated_on").is_null().to_numpy().astype(float)
        leaves = np.array(MONTHLY_LIQUIDATION)[population.get_column("stage").to_numpy()]
        not_opened = np.ones(population.height)
        for ahead, day in enumerate(days):
            not_opened *= 1 - (1 - leaves) ** ahead * self.hazard(population, day, month + ahead)
        return np.asarray(alive * (1 - not_opened))


def signal(population: pl.DataFrame, day: np.datetime64, *, shocked: bool = False) -> np.ndarray:
    """The firms' part of the log-odds, before scaling, shape ``(n,)``."""
    column = {name: population.get_column(name).to_numpy() for name in population.columns}
    years = (day - column["registered_on"]).astype(float) / YEAR
    interest = column["web"] - WEB
    accounts = column["accounts"]
    payroll = has_payroll(population)
    growth = 0.9 * np.tanh(column["growth"] / 0.2)
    web = 1.1 * interest + 0.3 * np.maximum(interest - 0.7, 0) + 0.2 * interest * (years < YOUNG_YEARS)
    steady = (
        ACTIVITY_PULL * np.array([drawn.pull for drawn in ACTIVITIES])[column["activity"]]
        + np.array(REGION_PULL)[column["region"]]
        + np.array(TAX_PULL)[column["tax_regime"]]
        + np.array(ACCOUNTS_PULL)[accounts]
        + 0.8 * np.exp(-years / 1.2)
        + 0.3 * np.exp(-(((years - 4.5) / 1.3) ** 2))
        - 0.14 * np.minimum((column["log_turnover"] - 15.8) ** 2, 6.0)
        + 0.2 * np.clip((column["card"] + 2.6) / 0.7, -2, 2)
        + np.where(payroll, np.where(accounts > 1, -0.4, 0.2), 0.0)
        + 0.3 * column["online"]
        + HIDDEN * column["hidden"]
    )
    return np.asarray(steady + growth * (SHOCK_GROWTH if shocked else 1) + web * (SHOCK_WEB if shocked else 1))


def make_calendar(rng: np.random.Generator, population: pl.DataFrame, day: np.datetime64, months: int, shock: int) -> Calendar:
    """Solve for the scale and the intercepts.

    Parameters
    ----------
    rng
        For the drift.
    population, day
        The first snapshot.
    months
        Snapshots.
    shock
        Number of the first shocked month.
    """
    asked = population.filter(pl.Series(is_offered(population, 0)) & pl.col("opened_on").is_null())
    ordinary, changed = signal(asked, day), signal(asked, day, shocked=True)
    scale = _solved(lambda scale: expected_gini(_of_window(ordinary * scale)) - GINI, 0.2, 4.0)
    base, in_shock = _intercept(ordinary * scale, MONTHLY_RATE), _intercept(changed * scale, MONTHLY_RATE * SHOCK_RATE)
    place = np.arange(months + WINDOW)
    shocked = (place >= shock) & (place < shock + SHOCK_MONTHS)
    drift = rng.normal(0, INTERCEPT_STEP, place.size).cumsum() + SEASON * np.sin(2 * np.pi * place / 12)
    drift -= drift[0]
    return Calendar(scale, np.where(shocked, in_shock, base) + drift, shocked)


def expected_gini(chances: np.ndarray) -> float:
    """Gini that ranking by the true chances reaches on outcomes drawn from them, for many clients.

    Twice the area between the curve of gains and the diagonal, over that of outcomes and non-outcomes: each client counts
    as a positive with its chance and as a negative with the rest.

    Examples
    --------
    >>> round(expected_gini(np.array([0.0, 0.0, 1.0])), 6)
    1.0
    >>> round(expected_gini(np.array([0.1, 0.1, 0.1])), 6)
    0.0
    """
    ordered = np.sort(chances)
    values, start = np.unique(ordered, return_index=True)
    positive = np.add.reduceat(ordered, start)
    negative = np.add.reduceat(1 - ordered, start)
    below = negative.cumsum() - negative / 2
    area = float((positive * below).sum() / (positive.sum() * negative.sum())) if values.size else 0.5
    return 2 * area - 1


def logistic(log_odds: np.ndarray) -> np.ndarray:
    """Chances from log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _of_window(scaled: np.ndarray) -> np.ndarray:
    hazard = logistic(_intercept(scaled, MONTHLY_RATE) + scaled)
    return np.asarray(1 - (1 - hazard) ** WINDOW)


def _intercept(scaled: np.ndarray, rate: float) -> float:
    return _solved(lambda intercept: float(logistic(intercept + scaled).mean()) - rate, -15.0, 5.0)


def _solved(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function is zero, by bisection."""
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
