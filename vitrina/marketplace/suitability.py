"""Suitable or not: the customer's question, one counterexample per purchase, with a threshold from the window before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vitrina.marketplace.log import Codes, Floats
from vitrina.marketplace.resampling import drawn_totals, interval, or_none, ratio

BINS = 500
LOST_ON_PURPOSE = 0.15
"""Share of suitable items that the threshold gives up on the window before. The customer allows 20 %; the rest is for drift."""


@dataclass(frozen=True)
class Measured:
    """A measure with its interval.

    Attributes
    ----------
    measure
        What is measured, named in full.
    value, low, high
        The value and its 95 % interval by bootstrap over users; ``None`` where nothing can be said.
    n
        Users.
    """

    measure: str
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Verdicts:
    """A model's scores of a window's pairs.

    Attributes
    ----------
    negatives
        How counterexamples were drawn: ``"uniform"`` or ``"popularity_matched"``.
    users
        Code of each pair's user.
    bought, other
        Scores of the pairs that were bought, and of their counterexamples, one each.
    """

    negatives: str
    users: Codes
    bought: Floats
    other: Floats

    def threshold(self, lost: float = LOST_ON_PURPOSE) -> float:
        """The score below which that share of what was bought lies."""
        return float(np.quantile(self.bought, lost)) if len(self.bought) else float("nan")

    def measures(self, threshold: float, *, seed: int = 0) -> list[Measured]:
        """Area under the ROC curve; precision and share of lost offers at a threshold that was fixed before.

        Parameters
        ----------
        threshold
            From the window before; not a number where there is none, and what depends on it is not known.
        seed
            For the bootstrap.
        """
        people, place = np.unique(self.users, return_inverse=True)
        n = len(people)
        prefix = f"suitability_1to1_{self.negatives}"
        if n == 0:
            return [Measured(f"{prefix}_{name}", None, None, None, 0) for name in ("auc", "precision", "lost_offers")]
        table = self._histograms(place, n)
        kept = np.stack(
            [_sum(place, n, self.bought >= threshold), _sum(place, n, self.other >= threshold), np.bincount(place, minlength=n)],
            axis=1,
        )
        rng = np.random.default_rng(seed)
        drawn, drawn_kept = drawn_totals(rng, table), drawn_totals(rng, kept)
        auc = area_under_curve(self.bought, self.other)
        if not np.isfinite(threshold):
            # without a threshold nothing is lost, and nothing kept
            unknown = (Measured(f"{prefix}_{name}", None, None, None, n) for name in ("precision", "lost_offers"))
            return [_measured(f"{prefix}_auc", auc, _area(drawn), n), *unknown]
        return [
            _measured(f"{prefix}_auc", auc, _area(drawn), n),
            _measured(f"{prefix}_precision", *_both(kept, drawn_kept, lambda t: ratio(t[:, 0], t[:, 0] + t[:, 1])), n),
            _measured(f"{prefix}_lost_offers", *_both(kept, drawn_kept, lambda t: 1 - ratio(t[:, 0], t[:, 2])), n),
        ]

    def _histograms(self, place: npt.NDArray[np.intp], n: int) -> Floats:
        """Per user, how many of what was bought, then of the others, fall into each of 500 bins of the scores."""
        edges = np.unique(np.quantile(np.concatenate([self.bought, self.other]), np.linspace(0, 1, BINS + 1)[1:-1]))
        table = np.zeros((n, 2 * BINS))
        np.add.at(table, (place, np.searchsorted(edges, self.bought, side="right")), 1)
        np.add.at(table, (place, BINS + np.searchsorted(edges, self.other, side="right")), 1)
        return table


def area_under_curve(bought: Floats, other: Floats) -> float:
    """The chance that a pair that was bought scores above one that was not, a tie counting half.

    References
    ----------
    Mann and Whitney (1947); the same as scikit-learn's `roc_auc_score`.
    """
    if not len(bought) or not len(other):
        return float("nan")
    ordered = np.sort(other)
    below, not_above = np.searchsorted(ordered, bought, side="left"), np.searchsorted(ordered, bought, side="right")
    return float((below + not_above).mean() / (2 * len(other)))


def _area(drawn: Floats) -> Floats:
    """Areas under the curves of histograms, shape (draws,)."""
    bought, other = drawn[:, :BINS], drawn[:, BINS:]
    below = np.cumsum(other, axis=1) - other / 2
    return ratio((bought * below).sum(axis=1), bought.sum(axis=1) * other.sum(axis=1))


def _sum(place: npt.NDArray[np.intp], n: int, flags: npt.NDArray[np.bool_]) -> Floats:
    return np.bincount(place, weights=flags, minlength=n).astype(float)


def _both(rows: Floats, drawn: Floats, of: Callable[[Floats], Floats]) -> tuple[float, Floats]:
    return float(of(rows.sum(axis=0, keepdims=True))[0]), of(drawn)


def _measured(measure: str, value: float, drawn: Floats, n: int) -> Measured:
    low, high = interval(drawn, n)
    return Measured(measure, or_none(value), low, high, n)


def means_with_intervals(names: Sequence[str], rows: Floats, *, seed: int = 0) -> list[Measured]:
    """Means over users with their intervals.

    Parameters
    ----------
    names
        One per column.
    rows
        One row per user, shape (users, measures).
    seed
        For the bootstrap; the same seed draws the same users, so that differences of two models are paired.
    """
    n = len(rows)
    if n == 0:
        return [Measured(name, None, None, None, 0) for name in names]
    counted = np.column_stack([rows, np.ones(n)])
    drawn = drawn_totals(np.random.default_rng(seed), counted)
    return [_measured(name, float(rows[:, at].mean()), ratio(drawn[:, at], drawn[:, -1]), n) for at, name in enumerate(names)]
