"""How a model of answers is fitted and tried on what it has not learnt from, and which threshold keeps a promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.posts.answering import NEVER, AnswerModel
from vitrina.posts.measures import Bools, Floats
from vitrina.posts.search import FEATURES

Groups: TypeAlias = npt.NDArray[np.int64]

FOLDS = 5
INNER_FOLDS = 4
PENALTIES = (0.1, 1.0, 10.0)
"""Inverse strengths of regularisation that are tried."""

LEAST = 1e-12
"""Probability below which being wrong costs no more: the logarithm of 0 is infinite."""


class Examples(NamedTuple):
    """What a model learns from; one row per question.

    Attributes
    ----------
    features
        What the search said; shape (questions, features).
    labels
        Whether the question has an answer.
    weights
        What each question counts for.
    groups
        Questions with a right post in common, or near-duplicates of one, are one group: no group is learnt from and tried on.
    """

    features: Floats
    labels: Bools
    weights: Floats
    groups: Groups

    def only(self, rows: Groups) -> Examples:
        """Some of them."""
        return Examples(self.features[rows], self.labels[rows], self.weights[rows], self.groups[rows])


def fitted(examples: Examples, *, seed: int) -> AnswerModel:
    """A logistic regression on standardised features, its penalty chosen by log loss on groups held out.

    Where all labels are alike there is nothing to learn, and the model is an ignorant one.

    Parameters
    ----------
    examples
        What to learn from.
    seed
        For the folds.
    """
    if len(np.unique(examples.labels)) < 2:
        return AnswerModel.ignorant()
    return _fitted(examples, min(PENALTIES, key=lambda penalty: _log_loss(examples, penalty, seed)))


def out_of_fold(examples: Examples, features: Floats, groups: Groups, *, seed: int) -> tuple[Floats, Groups]:
    """Probability of each question by a model that has learnt from other groups, and the fold that it was held out in.

    Parameters
    ----------
    examples
        What is learnt from.
    features, groups
        What is judged: the features of the examples themselves, or of other searches about the same posts.
    seed
        For the folds.
    """
    probabilities, folds = np.zeros(len(groups)), np.zeros(len(groups), dtype=np.int64)
    names = np.unique(np.concatenate([examples.groups, groups]))
    for number, (_, held_out) in enumerate(_folds(names, FOLDS, seed)):
        model = fitted(examples.only(np.flatnonzero(~np.isin(examples.groups, names[held_out]))), seed=seed)
        rows = np.flatnonzero(np.isin(groups, names[held_out]))
        probabilities[rows] = [model.probability(row) for row in features[rows]]
        folds[rows] = number
    return probabilities, folds


def conformal_threshold(probabilities: Floats, *, rate: float, groups: Groups | None = None) -> float:
    """The least threshold at which one more unanswerable question is answered with a chance of no more than the rate.

    The new question is about something else, and that is as likely to take any place among what the known ones are about. So
    groups count, each its share of questions that reach the threshold, and the new one takes part itself, as if it were answered:
    the shares may come to no more than ``rate * (n + 1) - 1`` of n groups, and fewer than ``1 / rate - 1`` groups are too few. So
    few groups make it strict, and many bring it to their quantile.

    Parameters
    ----------
    probabilities
        Of unanswerable questions, by models that have not learnt from them; shape (questions,).
    rate
        Share that may be answered.
    groups
        What each question is about; without it, each about something else.

    Returns
    -------
    float
        Above the highest probability that is to be met with silence; `NEVER` where no threshold would do.

    References
    ----------
    V. Vovk, A. Gammerman, G. Shafer (2005), Algorithmic Learning in a Random World, section 2.2; per class of questions, such
    as those that lead to one channel, section 4.5. R. Dunn, L. Wasserman, A. Ramdas (2022), Distribution-Free Prediction Sets for
    Two-Layer Hierarchical Models, for groups.

    Examples
    --------
    Of 39 questions, a twentieth of 40 less the new one is one question that may be answered:

    >>> round(conformal_threshold(np.arange(1, 40) / 100, rate=0.05), 6)
    0.38
    """
    _, of_group, sizes = np.unique(
        np.arange(len(probabilities)) if groups is None else groups, return_inverse=True, return_counts=True
    )
    # rounding must not take a whole question away
    may_be_answered = rate * (len(sizes) + 1) - 1 + 1e-9
    if may_be_answered < 0:
        return NEVER
    order = np.argsort(-probabilities, kind="stable")
    answered = np.cumsum(1 / sizes[of_group[order]])
    # the first that would be too many is not answered, and of equals all are answered, or none
    return float(np.nextafter(probabilities[order[np.searchsorted(answered, may_be_answered, side="right")]], np.inf))


def _fitted(examples: Examples, penalty: float) -> AnswerModel:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # the bot answers without it

    means, scales = examples.features.mean(axis=0), examples.features.std(axis=0)
    # a feature that never changes says nothing, whatever it is divided by
    scales = np.where(scales > 1e-12, scales, 1.0)
    model = LogisticRegression(C=penalty, max_iter=1_000)
    model.fit((examples.features - means) / scales, examples.labels, sample_weight=examples.weights)
    return AnswerModel(
        FEATURES, tuple(means.tolist()), tuple(scales.tolist()), tuple(model.coef_[0].tolist()), float(model.intercept_[0])
    )


def _log_loss(examples: Examples, penalty: float, seed: int) -> float:
    losses = []
    for learnt, held_out in _folds(examples.groups, INNER_FOLDS, seed):
        train, tried = examples.only(learnt), examples.only(held_out)
        if len(np.unique(train.labels)) == 2:
            model = _fitted(train, penalty)
            told = np.array([model.probability(row) for row in tried.features])
            of_label = np.where(tried.labels, told, 1 - told)
            losses.append(-np.average(np.log(np.maximum(of_label, LEAST)), weights=tried.weights))
    return float(np.mean(losses)) if losses else 0.0


def _folds(groups: Groups, n: int, seed: int) -> Iterator[tuple[Groups, Groups]]:
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415  # as above

    folds = min(n, len(np.unique(groups)))
    yield from GroupKFold(folds, shuffle=True, random_state=seed).split(groups, groups=groups)
