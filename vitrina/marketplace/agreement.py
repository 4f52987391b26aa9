"""Agreement beyond chance: Cohen's kappa, for many tables at once."""

from __future__ import annotations

import numpy as np


def cohen_kappa(tables: np.ndarray) -> np.ndarray:
    r"""Cohen's kappa of two judges who put the same things into the same categories.

    .. math:: \kappa = \frac{p_o - p_e}{1 - p_e}

    with the share :math:`p_o` on which both agree, and the share :math:`p_e` on which they would if each kept to the own
    frequencies and chance did the rest. 1 is perfect agreement, 0 what chance gives, below 0 is less than that.

    Parameters
    ----------
    tables
        Counts, shape ``(…, k, k)``: ``[…, i, j]`` things that the first judge put into category i and the second into j.

    Returns
    -------
    numpy.ndarray
        Shape ``(…)``. NaN where nothing was judged, and where both put everything into one and the same category: chance
        alone then explains perfect agreement.

    References
    ----------
    J. Cohen (1960), A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20, 37-46.
    """
    counts = np.asarray(tables, dtype=float)
    total = counts.sum(axis=(-2, -1))
    agreed = total * np.trace(counts, axis1=-2, axis2=-1)
    by_chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    # both sides of the fraction are multiplied by the squared total: whole numbers, so that 1 - p_e is exactly 0 when it is
    left_to_chance = total**2 - by_chance
    kappa = np.full(total.shape, np.nan)
    np.divide(agreed - by_chance, left_to_chance, out=kappa, where=left_to_chance > 0)
    return kappa


def two_by_two(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """One thing's table for each pair of answers.

    Parameters
    ----------
    first, second
        Answers yes or no, shape ``(n,)``.

    Returns
    -------
    numpy.ndarray
        Shape ``(n, 2, 2)``, 0 is no and 1 is yes; summed over things it is what `cohen_kappa` takes.
    """
    table = np.zeros((len(first), 2, 2))
    table[np.arange(len(first)), np.asarray(first, dtype=int), np.asarray(second, dtype=int)] = 1
    return table
