"""One window judged: every model answers the same questions, and makes the same users' lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
import scipy.sparse as sp

from vitrina.marketplace.fitted import Candidates, Fitted, likeness, scored_candidates
from vitrina.marketplace.list_measures import CUTOFFS, JudgedLists, beyond_accuracy, judged_lists
from vitrina.marketplace.log import Codes, Floats
from vitrina.marketplace.measure_names import POPULARITY, RERANKER
from vitrina.marketplace.pair_features import PairFeatures
from vitrina.marketplace.questions import Questions, questions
from vitrina.marketplace.reranking import Reranker
from vitrina.marketplace.scorers import Scorer, popularity
from vitrina.marketplace.suitability import Verdicts
from vitrina.marketplace.windows import Window

JUDGED = ("item_knn", "als", "lightfm")
"""Models that are judged alone, beside popularity and the re-ranker."""

LONGEST = max(CUTOFFS)
DIVERSITIES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
PRECISION_KEPT = 0.985


@dataclass(frozen=True)
class WindowOnTrial:
    """A window, what was known at its beginning, and the re-ranker that had learnt from windows before it.

    Attributes
    ----------
    window
        The time that is judged.
    known
        What was known at its beginning, with the models fitted on that.
    reranker
        Makes lists; fitted on windows that were over by then.
    judge_of_pairs
        Tells whether a single pair is suitable; fitted on the same windows.
    events
        The window's events.
    seed
        For the counterexamples.
    """

    window: Window
    known: PairFeatures
    reranker: Reranker
    judge_of_pairs: Reranker
    events: pl.DataFrame
    seed: int

    @cached_property
    def asked(self) -> Questions:
        """Pairs of known users and items that were bought, and as many that were not."""
        return questions(self.known.history, self.events, ratio=1, seed=self.seed)

    @cached_property
    def models(self) -> dict[str, Scorer]:
        """Models that score the whole catalogue."""
        alone = {name: self.known.scorers[name] for name in JUDGED if name in self.known.scorers}
        return {POPULARITY: popularity(self.known.history), **alone}

    @cached_property
    def users(self) -> Codes:
        """Known users who bought a known item in the window."""
        return np.unique(self.asked.users)

    @cached_property
    def candidates(self) -> Candidates:
        """The re-ranker's candidates for these users."""
        return scored_candidates(self.known, self.reranker, self.users)

    @cached_property
    def likeness(self) -> sp.csr_matrix:
        """How alike items are."""
        return likeness(self.known)

    def verdicts(self, name: str) -> tuple[Verdicts, Verdicts]:
        """A model's scores of what was bought and of both kinds of counterexamples.

        For counterexamples that are matched by popularity, the re-ranker's log-odds are taken against popularity, too:
        it learns to tell purchases from items drawn alike, so the logarithm of the item's popularity is the difference
        between the two questions (Bayes' rule with another prior).
        """
        asked = self.asked
        bought, uniform, matched = (self._scores(name, items) for items in (asked.items, asked.uniform[:, 0], asked.matched[:, 0]))
        prior = asked.log_popularity if name == RERANKER else np.zeros_like(asked.log_popularity)
        return (
            Verdicts("uniform", asked.users, bought, uniform),
            Verdicts("popularity_matched", asked.users, bought - prior[asked.items], matched - prior[asked.matched[:, 0]]),
        )

    def lists(self, name: str, diversity: float) -> pl.DataFrame:
        """The lists that a model makes for the window's users, of known items; what they have bought before may stand in them."""
        if name == RERANKER:
            return self.candidates.lists(self.likeness, penalty=diversity, n=LONGEST)
        return best_items(self.models[name], self.users, self.known.history.known_items, LONGEST)

    def judged(self, lists: pl.DataFrame) -> JudgedLists:
        """Lists beside everything that their users bought in the window."""
        return judged_lists(lists, self.asked.users, self.asked.items, self.known.history.n_items)

    def character(self, lists: pl.DataFrame) -> dict[str, float]:
        """Coverage, novelty and diversity of lists."""
        history = self.known.history
        buyers = history.items["buyers"].to_numpy()
        return beyond_accuracy(lists, buyers / max(buyers.sum(), 1), int(history.known_items.sum()), self.likeness)

    def candidate_recall(self) -> Floats:
        """Share of what each user bought that was among their candidates."""
        n_items = self.known.history.n_items
        found = np.isin(self.asked.users * n_items + self.asked.items, self.candidates.users * n_items + self.candidates.items)
        place = np.searchsorted(self.users, self.asked.users)
        return np.bincount(place, weights=found) / np.bincount(place)

    def _scores(self, name: str, items: Codes) -> Floats:
        users = self.asked.users
        if name == RERANKER:
            return self.judge_of_pairs.log_odds(self.known.of(users, items))
        return score_pairs(self.models[name], users, items)


def on_trial(fitted: Fitted, window: Window, before: Sequence[Window]) -> WindowOnTrial:
    """Put a window on trial, with trees that have learnt from windows before it."""
    events = fitted.log.between(window.start, window.end)
    reranker, pairs = fitted.reranker(before), fitted.judge_of_pairs(before)
    return WindowOnTrial(window, fitted.known(window.start), reranker, pairs, events, fitted.seed)


def choose_diversity(trial: WindowOnTrial) -> float:
    """How varied lists are made, by a validation window: as varied as they can be at 98.5 % of the best precision.

    The share of users who find something rises with it, but too unsteadily from window to window to be chosen by itself.
    """
    if not len(trial.users):
        return 0.0
    precisions = {diversity: _precision(trial, diversity) for diversity in DIVERSITIES}
    best = max(precisions.values())
    return max(diversity for diversity, precision in precisions.items() if precision >= PRECISION_KEPT * best)


def best_items(scorer: Scorer, users: Codes, allowed: np.ndarray, n: int) -> pl.DataFrame:
    """The best of all allowed items for each user, exact; ties go to the lower code.

    Parameters
    ----------
    scorer
        A fitted model.
    users
        Codes of users.
    allowed
        Which items may be shown, by code.
    n
        Length of a list.
    """
    codes = np.flatnonzero(allowed)
    n = min(n, len(codes))
    frames = []
    for start in range(0, len(users), 256):
        chosen = users[start : start + 256]
        block = scorer.block(chosen)[:, codes]
        order = np.argsort(-block, axis=1, kind="stable")[:, :n]
        frames.append(
            pl.DataFrame(
                {
                    "user": np.repeat(chosen, n),
                    "place": np.tile(np.arange(1, n + 1), len(chosen)),
                    "item": codes[order].ravel(),
                    "score": np.take_along_axis(block, order, axis=1).ravel().astype(float),
                }
            )
        )
    return (
        pl.concat(frames)
        if frames
        else pl.DataFrame(schema={"user": pl.Int64, "place": pl.Int64, "item": pl.Int64, "score": pl.Float64})
    )


def score_pairs(scorer: Scorer, users: Codes, items: Codes) -> Floats:
    """A model's scores of pairs."""
    scores = np.empty(len(users))
    people, place = np.unique(users, return_inverse=True)
    for start in range(0, len(people), 256):
        rows = np.flatnonzero((place >= start) & (place < start + 256))
        scores[rows] = scorer.block(people[start : start + 256])[place[rows] - start, items[rows]]
    return scores


def _precision(trial: WindowOnTrial, diversity: float) -> float:
    return float(trial.judged(trial.lists(RERANKER, diversity)).hits[:, :10].mean())
