"""The whole of a judgement: models fitted at their cuts, tuned on validation, judged once on the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.marketplace.fitted import Fitted
from vitrina.marketplace.judgement import quality_rows, thresholds_of
from vitrina.marketplace.judgement_tables import RerankerImportance
from vitrina.marketplace.judging import WindowOnTrial, choose_diversity, on_trial
from vitrina.marketplace.log import NothingToLearnError, days_since_epoch
from vitrina.marketplace.reranking import list_examples
from vitrina.marketplace.suitability import area_under_curve
from vitrina.marketplace.windows import Plan, Window

SHUFFLES = 3
MOST_PAIRS_SHUFFLED = 10_000


@dataclass(frozen=True)
class Judgement:
    """What was found.

    Attributes
    ----------
    quality
        Table `RecommenderQuality`, for both windows.
    validation, test
        The windows, with their models.
    diversity
        How varied lists are made, chosen on the validation window.
    latest_feature_day
        Time of the latest event that features of the test window rest on, in days since 1970-01-01.
    """

    quality: pl.DataFrame
    validation: WindowOnTrial
    test: WindowOnTrial
    diversity: float
    latest_feature_day: float

    @property
    def test_start_day(self) -> float:
        """The beginning of the test window, in days since 1970-01-01: no feature may be later."""
        return days_since_epoch(self.test.window.start)


def judge(fitted: Fitted, plan: Plan) -> Judgement:
    """Judge all models on the validation window, then, with what was chosen there, on the test window.

    Parameters
    ----------
    fitted
        The log, and models by cut.
    plan
        The windows.

    Raises
    ------
    NothingToLearnError
        A window that is needed holds no purchase of a known user.
    """
    validation = _on_trial(fitted, plan.validation, plan.before_validation)
    diversity = choose_diversity(validation)
    test = _on_trial(fitted, plan.test, plan.before_test)
    quality = pl.concat(
        [
            quality_rows(validation, name="validation", thresholds={}, diversity=diversity, as_of=fitted.log.end),
            quality_rows(test, name="test", thresholds=thresholds_of(validation), diversity=diversity, as_of=fitted.log.end),
        ]
    )
    return Judgement(quality, validation, test, diversity, test.known.history.latest_day())


def importance(trial: WindowOnTrial, *, seed: int) -> pl.DataFrame:
    """What lists lose on a validation window when a feature's values are shuffled (table `RerankerImportance`).

    Measured is how well the re-ranker tells candidates that were bought from others of the same users.

    References
    ----------
    Breiman (2001), Random forests, section 10; on a window that the trees have not seen, so that what they have learnt by
    heart counts for nothing.
    """
    rng = np.random.default_rng(seed)
    judged = list_examples(trial.known, trial.events, seed=seed)
    chosen = rng.permutation(len(judged.bought))[:MOST_PAIRS_SHUFFLED]
    features, bought = judged.features[chosen], judged.bought[chosen]
    whole = _auc(trial, features, bought)
    rows = []
    for column, (feature, meaning) in enumerate(trial.known.meanings().items()):
        losses = []
        for _ in range(SHUFFLES):
            shuffled = features.copy()
            shuffled[:, column] = rng.permutation(shuffled[:, column])
            losses.append(whole - _auc(trial, shuffled, bought))
        rows.append(
            {"feature": feature, "meaning": meaning, "loss_of_auc": float(np.mean(losses)), "spread": float(np.std(losses))}
        )
    return RerankerImportance.check(pl.DataFrame(rows, schema=RerankerImportance.polars_schema()))


def _auc(trial: WindowOnTrial, features: np.ndarray, bought: np.ndarray) -> float:
    scores = trial.reranker.log_odds(features)
    return area_under_curve(scores[bought], scores[~bought])


def _on_trial(fitted: Fitted, window: Window, before: Sequence[Window]) -> WindowOnTrial:
    """A window with a re-ranker that had learnt from windows before it; what only these needed is let go of."""
    _refuse_too_little(fitted, before)
    trial = on_trial(fitted, window, before)
    if not len(trial.users):
        raise NothingToLearnError(
            f"No known user bought a known item from {window.start} to {window.end}.",
            "Recommendations cannot be judged without: deliver a longer log. What was published before stays.",
        )
    return trial


def _refuse_too_little(fitted: Fitted, windows: Sequence[Window]) -> None:
    learnt = fitted.examples(windows)
    if learnt.bought.all() or not learnt.bought.any():
        raise NothingToLearnError(
            f"No known user bought a known item from {windows[0].start} to {windows[-1].end}.",
            "There is nothing to learn from: deliver a longer log. What was published before stays.",
        )
