"""How well posts are found and silence is kept: measures of ranks and of probabilities, each with its interval.

Whoever asks needs one answer: of a question with several right posts, the first hit that is right counts and no other. So a rank
says everything, and 0 stands for a question of which no right post was found.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.errors import VitrinaError

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

PEOPLES, GENERATED, MISTYPED = SETS = ("known answers", "known items", "known items with typos")
"""Sets of questions: asked by people, made from posts, and these mistyped."""

ALL = "all"
"""Questions of any overlap."""

DEPTH = 10
"""Hits that are looked at."""

RECALL_AT_1, RECALL_AT_5, RECALL_AT_10, MRR, NDCG = MEASURES = (
    "recall_at_1",
    "recall_at_5",
    "recall_at_10",
    "mrr_at_10",
    "ndcg_at_10",
)
PROPORTIONS = {RECALL_AT_1: 1, RECALL_AT_5: 5, RECALL_AT_10: 10}

N_DRAWS = 1_000


class Measured(NamedTuple):
    """A measure with its 95 % interval; ``None`` where it cannot be known."""

    value: float
    low: float | None
    high: float | None


class OperatingPoint(NamedTuple):
    """What one threshold is worth: questions are answered from it on.

    Attributes
    ----------
    threshold
        Least probability that is answered.
    false_answers, answered
        Shares of the unanswerable and of the answerable questions that are answered.
    """

    threshold: float
    false_answers: float
    answered: float


def by_question(ranks: npt.ArrayLike) -> dict[str, Floats]:
    """Every measure of every question, 0 to 1; their means are the measures of the set.

    Parameters
    ----------
    ranks
        Rank of the first right post from 1, or 0 where none is among the hits; shape (questions,).

    Returns
    -------
    dict of str to numpy.ndarray
        By name in `MEASURES`; shape (questions,).

    References
    ----------
    Discounted cumulative gain: K. Järvelin, J. Kekäläinen (2002), ACM Transactions on Information Systems 20, 422-446; of one
    post that counts the ideal is 1. Reciprocal rank: E. M. Voorhees (1999), The TREC-8 Question Answering Track Report.
    """
    places = np.asarray(ranks, dtype=np.int64)
    # what is not found, or too deep, is infinitely deep
    depth = np.where((places > 0) & (places <= DEPTH), places.astype(np.float64), np.inf)
    values = {name: (depth <= k).astype(np.float64) for name, k in PROPORTIONS.items()}
    return values | {MRR: 1 / depth, NDCG: 1 / np.log2(1 + depth)}


def of_ranks(ranks: npt.ArrayLike, *, seed: int) -> dict[str, Measured]:
    """Every measure of a set of questions: Wilson's interval for a recall, the bootstrap's for the others.

    Parameters
    ----------
    ranks
        As of `by_question`; at least one.
    seed
        For the bootstrap. The order of questions changes nothing.
    """
    values = by_question(ranks)
    return {name: _proportion(of) if name in PROPORTIONS else mean(of, seed=seed) for name, of in values.items()}


def _proportion(values: Floats) -> Measured:
    return Measured(float(values.mean()), *wilson(int(values.sum()), len(values)))


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float | None, float | None]:
    """Wilson's interval of a proportion; of nothing, nothing is known.

    References
    ----------
    E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    from scipy.stats import binomtest  # noqa: PLC0415  # verdicts are loaded with the graph, which need not wait for it

    if not n:
        return None, None
    found = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def mean(values: npt.ArrayLike, *, seed: int) -> Measured:
    """A mean with the percentiles 2.5 and 97.5 of means over draws of questions.

    Parameters
    ----------
    values
        One per question, at least one; no interval is known of a single one.
    seed
        For the draws.

    References
    ----------
    B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    from scipy.stats import bootstrap  # noqa: PLC0415  # as above

    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if len(ordered) < 2:
        return Measured(float(ordered.mean()), None, None)
    rng = np.random.default_rng(seed)
    found = bootstrap((ordered,), np.mean, n_resamples=N_DRAWS, batch=50, method="percentile", rng=rng).confidence_interval
    return Measured(float(ordered.mean()), float(found.low), float(found.high))


def difference(now: Measured, before: Measured) -> Measured:
    """Difference of two measures of which only the intervals are known, taken as independent.

    The intervals are put together as Newcombe does with Wilson's: the distance from the value to the end that speaks against
    it, squared, added, and its root taken. On the same questions this is wider than a paired interval.

    References
    ----------
    R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, method 10; for any measure: G. Y. Zou, A. Donner (2008),
    Statistics in Medicine 27, 1693-1702.
    """
    value = now.value - before.value
    if now.low is None or now.high is None or before.low is None or before.high is None:
        return Measured(value, None, None)
    low = value - math.hypot(now.value - now.low, before.high - before.value)
    high = value + math.hypot(now.high - now.value, before.value - before.low)
    return Measured(value, low, high)


def auroc(scores: Floats, answerable: Bools, groups: npt.ArrayLike, *, seed: int) -> Measured:
    """Chance that an answerable question scores above an unanswerable one, with the percentile bootstrap's interval.

    Parameters
    ----------
    scores
        The higher, the likelier to be answerable; shape (questions,).
    answerable
        Whether each is.
    groups
        What is drawn together, such as questions with a right post in common: they are no independent witnesses. Shape
        (questions,).
    seed
        For the draws.

    Raises
    ------
    VitrinaError
        All questions are of one kind.
    """
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415  # as above

    _need_both_kinds(answerable)
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=N_DRAWS)
    areas = _areas(scores, answerable, drawn[:, group].astype(np.float64))
    defined = areas[np.isfinite(areas)]
    low, high = map(float, np.quantile(defined, (0.025, 0.975))) if len(defined) else (None, None)
    return Measured(float(roc_auc_score(answerable, scores)), low, high)


def _areas(scores: Floats, answerable: Bools, times: Floats) -> Floats:
    """The area in each draw, from how often each question was drawn, shape (draws, questions); NaN for one kind alone.

    scikit-learn would sort and check every draw anew, which takes a hundred times as long.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    sides = (times * answerable)[:, order], (times * ~answerable)[:, order]
    # by run of equal scores, from the lowest
    with_answer, without = (np.add.reduceat(side, starts, axis=1) for side in sides)
    below = np.cumsum(without, axis=1) - without / 2
    pairs = with_answer.sum(axis=1) * without.sum(axis=1)
    return np.where(pairs > 0, (with_answer * below).sum(axis=1) / np.maximum(pairs, 1), np.nan)


def operating_point(scores: Floats, answerable: Bools, *, rate: float) -> OperatingPoint:
    """The lowest threshold at which no more than a given share of the unanswerable questions is answered.

    It is read off the very questions that are judged; `vitrina.posts.calibrating.conformal_threshold` is what a bot uses.

    Parameters
    ----------
    scores, answerable
        As of `auroc`.
    rate
        Share of unanswerable questions that may be answered.

    Raises
    ------
    VitrinaError
        All questions are of one kind.
    """
    points = operating_points(scores, answerable)
    return max((point for point in points if point.false_answers <= rate), key=lambda point: point.answered)


def operating_points(scores: Floats, answerable: Bools) -> list[OperatingPoint]:
    """What every threshold is worth, from the one that answers nothing to the one that answers everything.

    Raises
    ------
    VitrinaError
        All questions are of one kind.
    """
    from sklearn.metrics import roc_curve  # noqa: PLC0415  # as above

    _need_both_kinds(answerable)
    false_answers, answered, thresholds = roc_curve(answerable, scores, drop_intermediate=False)
    return [OperatingPoint(*map(float, point)) for point in zip(thresholds, false_answers, answered, strict=True)]


def _need_both_kinds(answerable: Bools) -> None:
    if len(np.unique(answerable)) < 2:
        kind = "none at all" if not len(answerable) else "answerable ones alone" if answerable[0] else "unanswerable ones alone"
        raise VitrinaError(
            f"Silence is to be judged by questions of both kinds; given were {kind}.",
            "Judge by questions with known answers, and withhold the posts of some.",
        )
