"""The curve of gains with the point of a budget, as lines of an SVG: it comes anew with every move of the slider."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from vitrina.propensity.contact_plan import Outcome

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 30, 14, 52
TICKS = (0, 0.25, 0.5, 0.75, 1)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


@dataclass(frozen=True)
class Gains:
    """Lines and points in the SVG's own units, and the numbers that they stand for.

    Attributes
    ----------
    month
        The month that the bold line is of.
    line
        Its points.
    others
        Lines of other months.
    other_months
        The oldest and the newest of them; None where there is none.
    share, gain
        Part of the clients that the budget reaches, and part of the openings that so many held.
    x, y
        Where that is.
    by_tenth
        Gain by tenths of the clients.
    """

    month: dt.date
    line: str
    others: tuple[str, ...]
    other_months: tuple[dt.date, dt.date] | None
    share: float
    gain: float
    x: float
    y: float
    by_tenth: tuple[tuple[float, float], ...]

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    x_ticks = tuple((tick, LEFT + tick * (WIDTH - LEFT - RIGHT)) for tick in TICKS)
    y_ticks = tuple((tick, HEIGHT - BOTTOM - tick * (HEIGHT - TOP - BOTTOM)) for tick in TICKS)


def gains(outcomes: tuple[Outcome, ...], judged: Outcome, share: float) -> Gains:
    """What the first clients of months whose openings are known held of all openings.

    Parameters
    ----------
    outcomes
        Months, the newest first.
    judged
        The month of the bold line.
    share
        Part of the ranking that a budget reaches.
    """
    others = [one for one in outcomes if one.month != judged.month]
    gain = float(_gain(judged, np.array([share]))[0])
    x, y = _place(share, gain)
    return Gains(
        month=judged.month,
        line=_line(judged, 101),
        others=tuple(_line(one, 41) for one in others),
        other_months=(others[-1].month, others[0].month) if others else None,
        share=share,
        gain=gain,
        x=x,
        y=y,
        by_tenth=tuple((tenth, float(_gain(judged, np.array([tenth]))[0])) for tenth in _TENTHS),
    )


def _gain(outcome: Outcome, shares: np.ndarray) -> np.ndarray:
    return np.asarray(np.interp(shares * outcome.places[-1], outcome.places, outcome.came) / outcome.came[-1])


def _line(outcome: Outcome, points: int) -> str:
    shares = np.linspace(0, 1, points)
    places = (_place(float(share), float(gain)) for share, gain in zip(shares, _gain(outcome, shares), strict=True))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _place(share: float, gain: float) -> tuple[float, float]:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1), round(HEIGHT - BOTTOM - gain * (HEIGHT - TOP - BOTTOM), 1)
