"""Intervals by the bootstrap, for measures that are made of sums over users or cases."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

N_DRAWS = 2_000
MOST_ROWS = 2_000
"""More rows are put together at random into so many blocks: the interval's width is then known to about 2 %."""

FEWEST_ROWS = 2
DRAWS_AT_A_TIME = 250


class Interval(NamedTuple):
    """The 95 % interval of a measure; both ends ``None`` where it cannot be known."""

    low: float | None
    high: float | None


UNKNOWN = Interval(None, None)


def drawn_totals(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    """Sums over rows that were drawn with replacement.

    Parameters
    ----------
    rng
        Draws.
    rows
        One row per user or case, shape ``(n, columns)``; above `MOST_ROWS` rows blocks of rows are drawn.

    Returns
    -------
    numpy.ndarray
        Shape ``(N_DRAWS, columns)``; each draw has as many rows or blocks as there are.

    References
    ----------
    B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 13.
    """
    blocks = _in_blocks(rng, np.asarray(rows, dtype=float))
    n = len(blocks)
    totals = np.zeros((N_DRAWS, blocks.shape[1]))
    if n == 0:
        return totals
    for start in range(0, N_DRAWS, DRAWS_AT_A_TIME):
        times = rng.multinomial(n, np.full(n, 1 / n), DRAWS_AT_A_TIME)
        totals[start : start + DRAWS_AT_A_TIME] = times @ blocks
    return totals


def interval(values: np.ndarray, n_rows: int) -> Interval:
    """The percentiles 2.5 and 97.5 of a measure over draws.

    Parameters
    ----------
    values
        The measure in each draw, shape ``(N_DRAWS,)``; NaN where a draw does not define it.
    n_rows
        Rows that were drawn from: of fewer than two nothing can be said, and a draw of one would always say the same.
    """
    defined = values[np.isfinite(values)]
    # where most draws say nothing, the others are a choice of their own
    if n_rows < FEWEST_ROWS or 2 * defined.size < values.size:
        return UNKNOWN
    low, high = np.quantile(defined, (0.025, 0.975))
    return Interval(float(low), float(high))


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Their quotient; NaN where the denominator is 0."""
    quotient = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) != 0)
    return quotient


def or_none(value: float) -> float | None:
    """The value as a table holds it: null instead of NaN."""
    return float(value) if np.isfinite(value) else None


def _in_blocks(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    if len(rows) <= MOST_ROWS:
        return rows
    # blocks are of equal size to a row, so that their sums have the rows' variance
    block = rng.permutation(len(rows)) % MOST_ROWS
    return np.stack([np.bincount(block, weights=column, minlength=MOST_ROWS) for column in rows.T], axis=1)
