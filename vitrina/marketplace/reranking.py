"""The second stage: of some hundred candidates per user, which are bought within the horizon?

Trees learn twice. Lists are made by trees that have learnt among candidates, for there the question is which of many good
guesses is best. Whether a single pair is suitable is told by trees that have learnt against the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from vitrina.marketplace.history import History
from vitrina.marketplace.log import Codes, Floats, purchased_pairs
from vitrina.marketplace.pair_features import Matrix, PairFeatures
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.questions import questions
from vitrina.marketplace.scorers import Scorers, basket_neighbours, item_neighbours, least_squares, lightfm, linear, popularity

CANDIDATES_PER_SCORER = 100
MOST_OWN_ITEMS = 300
NEGATIVES_PER_PAIR = 6
MOST_PAIRS_PER_WINDOW = 40_000
NEGATIVES_AMONG_CANDIDATES = 3
MOST_USERS_PER_WINDOW = 2_000
"""Users of a window whose candidates are learnt from."""

DIVERSIFIED = 60
"""Candidates per user that a list is put together from."""

FEWEST_PAIRS = 50
"""Below, trees learn by heart: a smaller re-ranker is fitted."""


def fit_scorers(history: History, parameters: Parameters, *, seed: int) -> Scorers:
    """The models whose scores the re-ranker weighs, fitted on one history; popularity it knows by its own features."""
    return {
        "item_knn": item_neighbours(history, shrinkage=parameters.shrinkage),
        "baskets": basket_neighbours(history),
        "linear": linear(history),
        "als": least_squares(history, components=parameters.components, seed=seed),
        "lightfm": lightfm(
            history,
            components=parameters.components,
            epochs=parameters.epochs,
            learning_rate=parameters.learning_rate,
            seed=seed,
        ),
    }


@dataclass(frozen=True)
class Examples:
    """What a re-ranker learns from.

    Attributes
    ----------
    features
        One row per pair, shape (pairs, features).
    bought
        Whether the pair was bought in its window.
    """

    features: Matrix
    bought: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Sequence[Examples]) -> Examples:
        """Several windows as one."""
        return cls(np.concatenate([part.features for part in parts]), np.concatenate([part.bought for part in parts]))


def examples(known: PairFeatures, events: pl.DataFrame, *, seed: int) -> Examples:
    """Pairs bought in a window, and six times as many that the same users did not buy, with what was known before it.

    Counterexamples are drawn from all items alike: the log-odds are then, but for a constant, those of being bought by
    this user rather than of standing in the catalogue, and minus the logarithm of the item's popularity those of being
    bought by this user rather than by anybody.

    Parameters
    ----------
    known
        What was known at the window's beginning.
    events
        The window's.
    seed
        For the draws.
    """
    asked = questions(known.history, events, ratio=NEGATIVES_PER_PAIR, seed=seed, most_pairs=MOST_PAIRS_PER_WINDOW)
    users = np.concatenate([asked.users, np.repeat(asked.users, NEGATIVES_PER_PAIR)])
    items = np.concatenate([asked.items, asked.uniform.ravel()])
    return Examples(known.of(users, items), np.arange(len(users)) < len(asked.users))


def list_examples(known: PairFeatures, events: pl.DataFrame, *, seed: int) -> Examples:
    """Candidates that were bought in a window, and three times as many of the same users that were not.

    On the Online Retail log, trees that learn from these find something for one user in a hundred more than trees that
    learn from `examples`, at the same precision. Where no candidate was bought, or every one, it is `examples` after all.

    Parameters
    ----------
    known, events, seed
        As of `examples`.
    """
    rng, history = np.random.default_rng(seed), known.history
    buyers, items = purchased_pairs(events)
    buyers, items = (codes[history.warm_users[buyers] & history.known_items[items]] for codes in (buyers, items))
    users = np.unique(buyers)
    if len(users) > MOST_USERS_PER_WINDOW:
        users = np.sort(rng.choice(users, MOST_USERS_PER_WINDOW, replace=False))
    who, what = candidates(history, known.scorers, users)
    bought = np.isin(who * history.n_items + what, buyers * history.n_items + items)
    if bought.all() or not bought.any():
        return examples(known, events, seed=seed)
    others = np.flatnonzero(~bought)
    drawn = rng.choice(others, min(len(others), NEGATIVES_AMONG_CANDIDATES * int(bought.sum())), replace=False)
    rows = np.sort(np.concatenate([np.flatnonzero(bought), drawn]))
    return Examples(known.of(who[rows], what[rows]), bought[rows])


@dataclass(frozen=True)
class Reranker:
    """Boosted trees over the features of pairs.

    Attributes
    ----------
    models
        Fitted with different seeds; their log-odds are averaged.
    """

    models: tuple[Any, ...]

    def log_odds(self, features: Matrix) -> Floats:
        """Log-odds of being bought, for each row of features; higher is likelier."""
        if not len(features):
            # the trees refuse to look at nothing
            return np.zeros(0)
        return np.asarray(sum(model.decision_function(features) for model in self.models) / len(self.models), dtype=float)


def fit_reranker(learnt: Examples, parameters: Parameters, *, seed: int) -> Reranker:
    """Fit the second stage; of examples of one kind alone it learns that all pairs are alike."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # loading the definitions need not pay for it

    few = int(learnt.bought.sum()) < FEWEST_PAIRS
    models = [
        HistGradientBoostingClassifier(
            max_iter=min(20, parameters.trees) if few else parameters.trees,
            learning_rate=parameters.tree_learning_rate,
            max_leaf_nodes=parameters.leaves,
            min_samples_leaf=max(5, min(150, len(learnt.bought) // 200)),
            l2_regularization=5.0,
            max_features=0.3,
            early_stopping=False,
            random_state=seed + number,
        ).fit(learnt.features, learnt.bought)
        for number in range(parameters.seeds)
    ]
    return Reranker(tuple(models))


def candidates(
    history: History, scorers: Scorers, users: Codes, allowed: npt.NDArray[np.bool_] | None = None
) -> tuple[Codes, Codes]:
    """Pairs worth a second look: each scorer's best, what is popular now, and what the user has already met.

    Parameters
    ----------
    history, scorers
        What is known, and models fitted on it.
    users
        Codes of users.
    allowed
        Items that may be shown, by code; all known ones without it.

    Returns
    -------
    tuple of arrays
        Codes of users and items, ordered by both.
    """
    may_be_shown = history.known_items if allowed is None else history.known_items & allowed
    found = [_own_items(history, users)]
    # the best of what may be shown: of a short list of allowed items, few are among the best of all
    shown = np.flatnonzero(may_be_shown)
    k = min(CANDIDATES_PER_SCORER, len(shown))
    for scorer in (popularity(history), *scorers.values()) if k else ():
        for start in range(0, len(users), 256):
            chosen = users[start : start + 256]
            best = shown[np.argpartition(-scorer.block(chosen)[:, shown], k - 1, axis=1)[:, :k]]
            found.append(np.repeat(chosen, k) * history.n_items + best.ravel())
    keys = np.unique(np.concatenate(found))
    keys = keys[may_be_shown[keys % history.n_items]]
    return keys // history.n_items, keys % history.n_items


def _own_items(history: History, users: Codes) -> Codes:
    own = (
        history.pairs.lazy()
        .filter(pl.col("user").is_in(users.tolist()))
        .filter(pl.col("strength").rank("ordinal", descending=True).over("user") <= MOST_OWN_ITEMS)
        .select(pl.col("user").cast(pl.Int64) * history.n_items + pl.col("item"))
        .collect()
    )
    return own.to_series().to_numpy()


def diversified(  # noqa: PLR0913  # the candidates, and how a list is made of them
    users: Codes, items: Codes, scores: Floats, similarity: sp.csr_matrix, *, penalty: float, n: int
) -> pl.DataFrame:
    """A list per user in which no two items say quite the same: maximal marginal relevance.

    The next item is the one with the highest score minus `penalty` times its similarity to the most similar item that
    stands before it. On the Online Retail log, 0.75 keeps the precision and lets one user in a hundred more find
    something: a list that bets on one guess misses as a whole.

    Parameters
    ----------
    users, items, scores
        Candidates, users in ascending order.
    similarity
        Between items, 0 to 1, shape (items, items).
    penalty
        What full likeness costs, in units of the scores.
    n
        Length of a list.

    Returns
    -------
    polars.DataFrame
        ``user``, ``place`` (from 1), ``item``, ``score``.

    References
    ----------
    J. Carbonell, J. Goldstein (1998), The use of MMR, diversity-based reranking, SIGIR '98.
    """
    taken = [
        pl.DataFrame(
            {
                "user": np.full(len(order), user, dtype=np.int64),
                "place": np.arange(1, len(order) + 1),
                "item": items[order],
                "score": scores[order],
            }
        )
        for user, rows in _by_user(users)
        if len(order := rows[_marginally_best(items[rows], scores[rows], similarity, penalty, n)])
    ]
    empty = pl.DataFrame(schema={"user": pl.Int64, "place": pl.Int64, "item": pl.Int64, "score": pl.Float64})
    return pl.concat([empty, *taken])


def _by_user(users: Codes) -> Iterator[tuple[int, Codes]]:
    chosen, starts = np.unique(users, return_index=True)
    for user, start, end in zip(chosen, starts, [*starts[1:], len(users)], strict=False):
        yield int(user), np.arange(start, end)


def _marginally_best(items: Codes, scores: Floats, similarity: sp.csr_matrix, penalty: float, n: int) -> Codes:
    # ties go to the lower code, whatever the order of candidates
    pool = np.lexsort((items, -scores))[: max(DIVERSIFIED, n)]
    if penalty == 0:
        return pool[:n]
    like = similarity[items[pool]][:, items[pool]].toarray()
    worth, most_like, taken = scores[pool].copy(), np.zeros(len(pool)), []
    for _ in range(min(n, len(pool))):
        best = int(np.argmax(worth - penalty * most_like))
        taken.append(best)
        worth[best] = -np.inf
        most_like = np.maximum(most_like, like[best])
    return pool[np.array(taken, dtype=np.int64)]
