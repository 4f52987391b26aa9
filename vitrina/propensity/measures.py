"""How well clients are ranked, and how far probabilities can be taken at their word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vitrina.errors import VitrinaError
from vitrina.propensity.resampling import Bools, Floats, Interval, drawn, interval, ratio, reflected_interval

FEWEST_POSITIVES = 30
"""With fewer openings an interval of gini is as wide as what one would like to tell apart: the month is named, not measured."""

CALIBRATION_BINS = 10

GINI, KS, AVERAGE_PRECISION, BRIER, CALIBRATION_ERROR, CALIBRATION_IN_THE_LARGE = MEASURES = (
    "gini",
    "ks",
    "average_precision",
    "brier",
    "calibration_error",
    "calibration_in_the_large",
)
GINI_DIFFERENCE = "gini_difference"
_DISTANCES = (KS, CALIBRATION_ERROR)


@dataclass(frozen=True)
class Measured:
    """A measure with its interval.

    Attributes
    ----------
    measure
        What is measured, one of `MEASURES` or a difference of two.
    value, low, high
        The value and its 95 % interval by bootstrap over clients; ``None`` where nothing can be said: below 30 openings, or
        where every client opened an account.
    n, positives
        Clients, and those of them who opened an account.
    """

    measure: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    positives: int


class _Ranked(NamedTuple):
    """Clients from the best score to the worst: who opened (1 or 0), and where each run of clients begins (`_ranked`)."""

    opened: Floats
    starts: npt.NDArray[np.intp]


class _Runs(NamedTuple):
    """By run, from the best down: how many opened, how many did not, and how many so far; each shape (draws, runs)."""

    openings: Floats
    others: Floats
    openings_so_far: Floats
    others_so_far: Floats


class _Bins(NamedTuple):
    """Clients by bin of their probability, and where each bin begins; bins without clients are left out."""

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]


def gini(scores: Floats, opened: Bools) -> float:
    """Twice the area under the ROC curve less one; two clients with one score count as half ranked.

    Parameters
    ----------
    scores
        The higher, the likelier to open; shape (clients,).
    opened
        Whether each did; shape (clients,).

    Returns
    -------
    float
        1 for a perfect ranking, 0 for chance, -1 for the reverse; NaN where all clients did the same.

    Raises
    ------
    VitrinaError
        A score is not a finite number, or the lengths differ.

    References
    ----------
    J. A. Hanley, B. J. McNeil (1982), Radiology 143: the area is the chance that a positive scores above a negative.
    """
    return _on_all(_gini, scores, opened)


def kolmogorov_smirnov(scores: Floats, opened: Bools) -> float:
    """The largest distance between the shares of openers and of others who score above a threshold.

    The statistic of the two-sample test of Kolmogorov and Smirnov, two-sided. Parameters and errors as for `gini`.

    Returns
    -------
    float
        0 to 1; NaN where all clients did the same.
    """
    return _on_all(_ks, scores, opened)


def measured(scores: Floats, probabilities: Floats, opened: Bools, *, seed: int) -> list[Measured]:
    """Every measure of a month, with its interval, in the order of `MEASURES`.

    The ranking (gini, KS, average precision) is that of the scores, the rest that of the probabilities.
    ``calibration_error`` is the mean distance between predicted and observed shares over 10 bins of equal count, weighted by
    clients; equal probabilities share a bin. ``calibration_in_the_large`` is the mean probability less the observed share:
    above 0, too much is promised. KS and the calibration error are distances, which chance makes larger: their intervals are
    reflected ones (`reflected_interval`).

    Parameters
    ----------
    scores, probabilities, opened
        Shape (clients,). The order of clients changes nothing.
    seed
        Of the bootstrap.

    Raises
    ------
    VitrinaError
        A score is not a finite number, a probability not between 0 and 1, or the lengths differ.

    References
    ----------
    Average precision as scikit-learn's; G. W. Brier (1950), Monthly Weather Review 78; M. P. Naeini, G. F. Cooper,
    M. Hauskrecht (2015), AAAI: expected calibration error, there with bins of equal count.
    """
    scores, opened = checked("score", scores, opened)
    probabilities, _ = checked("probability", probabilities, opened)
    if probabilities.size and not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise VitrinaError(
            f"Probabilities lie between {probabilities.min():.6g} and {probabilities.max():.6g}.",
            "Give probabilities from 0 to 1; log-odds and other scores go in as scores.",
        )
    n, positives = opened.size, int(opened.sum())
    if not _measurable(opened):
        return [Measured(measure, None, None, None, n, positives) for measure in MEASURES]
    order = np.lexsort((opened, probabilities, -scores))
    ranked = _ranked(scores[order], opened[order])
    gaps = probabilities[order] - ranked.opened
    bins = _bins(probabilities[order])

    def all_of_them(times: Floats) -> Floats:
        runs = _runs(ranked, times)
        return np.column_stack([_gini(runs), _ks(runs), _average_precision(runs), *_calibration(gaps, bins, times)])

    values = all_of_them(np.ones((1, n)))[0]
    draws = drawn(all_of_them, n, seed=seed)
    return [
        Measured(measure, float(value), *_interval_of(measure, float(value), of_draws), n, positives)
        for measure, value, of_draws in zip(MEASURES, values, draws.T, strict=True)
    ]


def gini_difference(one: Floats, other: Floats, opened: Bools, *, seed: int) -> Measured:
    """Gini of one ranking less that of another of the same clients; every draw holds the same clients for both.

    Parameters
    ----------
    one, other
        Scores, shape (clients,).
    opened
        Whether each client opened an account, shape (clients,).
    seed
        Of the bootstrap.

    Raises
    ------
    VitrinaError
        A score is not a finite number, or the lengths differ.
    """
    one, opened = checked("score", one, opened)
    other, _ = checked("score", other, opened)
    n, positives = opened.size, int(opened.sum())
    if not _measurable(opened):
        return Measured(GINI_DIFFERENCE, None, None, None, n, positives)
    order = np.lexsort((opened, other, -one))
    one, other, opened = one[order], other[order], opened[order]
    by_other = np.argsort(-other, kind="stable")
    by_one, ranked_by_other = _ranked(one, opened), _ranked(other[by_other], opened[by_other])

    def difference(times: Floats) -> Floats:
        both = _gini(_runs(by_one, times)) - _gini(_runs(ranked_by_other, np.take(times, by_other, axis=1)))
        return both[:, np.newaxis]

    value = float(difference(np.ones((1, n)))[0, 0])
    return Measured(GINI_DIFFERENCE, value, *interval(drawn(difference, n, seed=seed)[:, 0]), n, positives)


def checked(what: str, values: Floats, opened: Bools) -> tuple[Floats, Bools]:
    """Values and labels as arrays of one length.

    Raises
    ------
    VitrinaError
        A value is not a finite number, or the lengths differ.
    """
    values, opened = np.asarray(values, dtype=np.float64), np.asarray(opened, dtype=np.bool_)
    if values.ndim != 1 or values.shape != opened.shape:
        raise VitrinaError(
            f"There are values of {what} of shape {values.shape}, but labels of shape {opened.shape}.",
            "Give one value and one label per client, in the same order.",
        )
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise VitrinaError(
            f"The {what} of {wrong.size} of {values.size} clients is not a finite number; the first stands at place {wrong[0]}.",
            "Leave clients without one out, labels included, or score them.",
        )
    return values, opened


def _measurable(opened: Bools) -> bool:
    return FEWEST_POSITIVES <= int(opened.sum()) < opened.size


def _on_all(measure: Callable[[_Runs], Floats], scores: Floats, opened: Bools) -> float:
    scores, opened = checked("score", scores, opened)
    if not opened.size:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    return float(measure(_runs(_ranked(scores[order], opened[order]), np.ones((1, opened.size))))[0])


def _ranked(scores: Floats, opened: Bools) -> _Ranked:
    """Runs of equal scores; neighbouring ones without an opener are one run.

    No measure changes by that: between two openers only the number of others counts, and the distance of KS is largest next
    to an opener. Openers are few, so that draws are added up over a few thousand runs instead of all clients.
    """
    starts = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]]))
    openers = np.logical_or.reduceat(opened, starts)
    apart = np.concatenate([[True], openers[1:] | openers[:-1]])
    return _Ranked(opened.astype(np.float64), starts[apart])


def _runs(ranked: _Ranked, times: Floats) -> _Runs:
    openings = np.add.reduceat(times * ranked.opened, ranked.starts, axis=1)
    others = np.add.reduceat(times, ranked.starts, axis=1) - openings
    return _Runs(openings, others, np.cumsum(openings, axis=1), np.cumsum(others, axis=1))


def _gini(runs: _Runs) -> Floats:
    # openers above each of the others; of those with the same score, half
    above = (runs.others * (runs.openings_so_far - runs.openings / 2)).sum(axis=1)
    return 2 * ratio(above, runs.openings_so_far[:, -1] * runs.others_so_far[:, -1]) - 1


def _ks(runs: _Runs) -> Floats:
    distance = ratio(runs.openings_so_far, runs.openings_so_far[:, -1:]) - ratio(runs.others_so_far, runs.others_so_far[:, -1:])
    largest: Floats = np.abs(distance).max(axis=1)
    return largest


def _average_precision(runs: _Runs) -> Floats:
    precision = runs.openings_so_far / np.maximum(runs.openings_so_far + runs.others_so_far, 1)
    return ratio((runs.openings * precision).sum(axis=1), runs.openings_so_far[:, -1])


def _bins(probabilities: Floats) -> _Bins:
    """Bins of equal count. Equal probabilities share the bin of their middle: parted, each part would have another rate."""
    _, at, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    of_client = (CALIBRATION_BINS * middle / probabilities.size).astype(np.intp)[at]
    order = np.argsort(of_client, kind="stable")
    return _Bins(order, np.flatnonzero(np.diff(of_client[order], prepend=-1)))


def _calibration(gaps: Floats, bins: _Bins, times: Floats) -> tuple[Floats, Floats, Floats]:
    """Brier score, calibration error and calibration in the large; sums without BLAS, whose threads change last digits."""
    n = gaps.size
    drawn_gaps = times * gaps
    in_bins = np.add.reduceat(np.take(drawn_gaps, bins.order, axis=1), bins.starts, axis=1)
    return (drawn_gaps * gaps).sum(axis=1) / n, np.abs(in_bins).sum(axis=1) / n, drawn_gaps.sum(axis=1) / n


def _interval_of(measure: str, value: float, draws: Floats) -> Interval:
    return reflected_interval(value, draws) if measure in _DISTANCES else interval(draws)
