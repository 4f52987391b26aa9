"""What was fitted at each cut, kept while a run needs it: many windows share their histories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import scipy.sparse as sp

from vitrina.array_cache import ArrayCache, key_of
from vitrina.marketplace.history import history
from vitrina.marketplace.log import Codes, EventLog, Floats
from vitrina.marketplace.pair_features import PairFeatures
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.reranking import (
    Examples,
    Reranker,
    candidates,
    diversified,
    examples,
    fit_reranker,
    fit_scorers,
    list_examples,
)
from vitrina.marketplace.scorers import similar_items
from vitrina.marketplace.windows import Window

SHRINKAGE = 5.0
KEPT = 3
"""Cuts whose models are kept."""

LIKE_EACH_OTHER = 1_000
"""Neighbours of an item that count as like it when a list is made varied."""


@dataclass
class Fitted:
    """Models by cut.

    Attributes
    ----------
    log
        The whole log; a model at a cut sees only what is before it.
    parameters
        Of the models.
    seed
        Everything that is drawn follows from it.
    cache
        Keeps what re-rankers learn from.
    """

    log: EventLog
    parameters: Parameters
    seed: int
    cache: ArrayCache = field(default_factory=ArrayCache)
    _known: dict[dt.date, PairFeatures] = field(default_factory=dict)
    _examples: dict[tuple[str, Window], Examples] = field(default_factory=dict)

    def known(self, cut: dt.date) -> PairFeatures:
        """What is known at a cut, with the models fitted on it."""
        if cut not in self._known:
            before = history(self.log, cut)
            self._known[cut] = PairFeatures(before, fit_scorers(before, self.parameters, seed=self.seed), seed=self.seed)
            # a linear model alone holds 100 MB, and most cuts are needed once
            for oldest in list(self._known)[:-KEPT]:
                del self._known[oldest]
        return self._known[cut]

    def examples(self, windows: Sequence[Window]) -> Examples:
        """What trees learn about single pairs from some windows, as of `reranking.examples`."""
        return Examples.of([self._kept("examples", examples, window) for window in windows])

    def list_examples(self, windows: Sequence[Window]) -> Examples:
        """What trees learn about lists from some windows, as of `reranking.list_examples`."""
        return Examples.of([self._kept("list examples", list_examples, window) for window in windows])

    def reranker(self, windows: Sequence[Window]) -> Reranker:
        """A re-ranker for lists that has learnt from some windows."""
        return fit_reranker(self.list_examples(windows), self.parameters.for_lists(), seed=self.seed)

    def judge_of_pairs(self, windows: Sequence[Window]) -> Reranker:
        """The same trees, but for single pairs: they tell what a user buys from the whole catalogue."""
        return fit_reranker(self.examples(windows), self.parameters, seed=self.seed)

    def _kept(self, kind: str, make: Callable[..., Examples], window: Window) -> Examples:
        """A window's examples change only with the log until its end, which later deliveries leave as it is."""
        if (kind, window) not in self._examples:
            known_by = self.log.before(window.end).fingerprint()
            key = key_of(kind, known_by, window.start.isoformat(), self.parameters.as_json(), self.seed)
            arrays = self.cache.get(key, ("features", "bought"), lambda: self._made(make, window))
            self._examples[kind, window] = Examples(arrays["features"], arrays["bought"])
        return self._examples[kind, window]

    def _made(self, make: Callable[..., Examples], window: Window) -> dict[str, np.ndarray]:
        made = make(self.known(window.start), self.log.between(window.start, window.end), seed=self.seed)
        return {"features": made.features, "bought": made.bought}


@dataclass(frozen=True)
class Candidates:
    """Pairs with the re-ranker's log-odds, ordered by user and item.

    Attributes
    ----------
    users, items
        Codes.
    scores
        Log-odds.
    """

    users: Codes
    items: Codes
    scores: Floats

    def lists(self, similarity: sp.csr_matrix, *, penalty: float, n: int) -> pl.DataFrame:
        """Lists of users, as of `diversified`."""
        return diversified(self.users, self.items, self.scores, similarity, penalty=penalty, n=n)


def scored_candidates(known: PairFeatures, reranker: Reranker, users: Codes, allowed: np.ndarray | None = None) -> Candidates:
    """The candidates of some users, scored."""
    who, what = candidates(known.history, known.scorers, users, allowed)
    return Candidates(who, what, reranker.log_odds(known.of(who, what)))


def likeness(known: PairFeatures) -> sp.csr_matrix:
    """How alike items are, 0 to 1, shape (items, items): the cosine of the users who met them."""
    return similar_items(known.history.matrix("strength").sign(), shrinkage=SHRINKAGE, k=LIKE_EACH_OTHER)


def page_neighbours(known: PairFeatures) -> sp.csr_matrix:
    """The nearest neighbours of each item, shape (items, items): fewer than `likeness` knows, and as many as a page needs."""
    return known.scorers["item_knn"].similarity  # type: ignore[attr-defined]  # `item_knn` is made of neighbours
