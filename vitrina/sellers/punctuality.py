"""Who comes as a shift begins, and goes as it ends: what tells sellers apart whom nobody knows by their looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.sellers.shifts import Shift

Floats: TypeAlias = npt.NDArray[np.float64]

BEYOND = 0.5
"""The most that an edge of a shift tells which nobody could have seen: whoever is late may have been in another room."""


def unpunctual(times: Floats, shifts: Sequence[Shift], sellers: Sequence[str], within: tuple[float, float], share: float) -> Floats:
    """How badly each person's coming and going fit each seller's shifts.

    A coming counts where there have never been as many sellers before, and a going where there never are as many again: whoever comes
    back from a pause, or was lost from sight for a while, has not come.

    Parameters
    ----------
    times
        When each person is first and last seen, in seconds, shape (persons, 2).
    shifts
        Of the sellers, at least one of each.
    sellers
        The sellers in question.
    within
        First and last moment at which anybody is seen.
    share
        Share of a shift by which somebody may come or go too early or too late; from twice as much on it is no worse.

    Returns
    -------
    array of shape (persons, sellers)
        From 0, punctual both times or unknown, to 1; of several shifts of a seller, those count that fit best. A shift that begins or
        ends beyond what anybody saw tells half as much.
    """
    counted = np.column_stack([_comings(times[:, 0], times[:, 1]), _comings(-times[:, 1], -times[:, 0])])
    found = np.ones((len(times), len(sellers), 2))
    for shift in shifts:
        column, edges = sellers.index(shift.seller_id), np.array([shift.begin_s, shift.end_s])
        planned = np.clip(edges, *within)
        off = np.abs(np.clip(times, *within) - planned) / (2 * share * (shift.end_s - shift.begin_s))
        found[:, column] = np.minimum(found[:, column], np.minimum(off, np.where(planned == edges, 1, BEYOND)))
    return np.asarray(np.where(counted[:, None], found, 0).mean(axis=2))


def _comings(firsts: Floats, lasts: Floats) -> npt.NDArray[np.bool_]:
    """Who makes it more people at once than there were before."""
    there = ((firsts[None, :] <= firsts[:, None]) & (firsts[:, None] <= lasts[None, :])).sum(axis=1)
    most_before = np.where(firsts[None, :] < firsts[:, None], there[None, :], 0).max(axis=1, initial=0)
    return np.asarray(there > most_before)
