"""Models that score every item for a user: popularity, neighbours of items, and factors. Each knows only a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from vitrina.marketplace.history import History
from vitrina.marketplace.log import PURCHASE, Codes

Scores = npt.NDArray[np.float32]

NEIGHBOURS = 100
BASKET_HALF_LIFE_DAYS = 45.0
MOST_LINEAR_ITEMS = 5_000
"""The linear model inverts a matrix of items by items: 5,000 take three seconds and 100 MB, and cover most purchases."""


class Scorer(Protocol):
    """A fitted model."""

    def block(self, users: Codes) -> Scores:
        """Scores of every item for some users, shape (users, items); higher is better, within a user."""


@dataclass(frozen=True)
class Popularity:
    """The same for everybody: how many different users bought an item in the last 30 days.

    Attributes
    ----------
    scores
        One value per item.
    """

    scores: Scores

    def block(self, users: Codes) -> Scores:
        """Scores, shape (users, items)."""
        return np.broadcast_to(self.scores, (len(users), len(self.scores)))


@dataclass(frozen=True)
class Neighbours:
    """What is like the items that a user has: the sum, over them, of how alike they are.

    Attributes
    ----------
    rows
        How much each item counts for each user, shape (users, items).
    similarity
        The nearest neighbours of each item, shape (items, items).
    """

    rows: sp.csr_matrix
    similarity: sp.csr_matrix

    def block(self, users: Codes) -> Scores:
        """Scores, shape (users, items)."""
        return np.asarray((self.rows[users] @ self.similarity).toarray(), dtype=np.float32)


@dataclass(frozen=True)
class Linear:
    """A linear model from a user's items to all items, among the most bought ones.

    Attributes
    ----------
    rows
        How much each of the items counts for each user, shape (users, items).
    kept
        Codes of the items that take part.
    weights
        Shape (kept, kept), zeros on the diagonal.
    """

    rows: sp.csr_matrix
    kept: Codes
    weights: Scores

    def block(self, users: Codes) -> Scores:
        """Scores, shape (users, items); items that do not take part get 0."""
        scores = np.zeros((len(users), self.rows.shape[1]), dtype=np.float32)
        scores[:, self.kept] = self.rows[users][:, self.kept] @ self.weights
        return scores


@dataclass(frozen=True)
class FactorScorer:
    """Vectors of users and items whose product is the score.

    Attributes
    ----------
    users, items
        Vectors, shapes (users, components) and (items, components).
    biases
        One value per item.
    """

    users: Scores
    items: Scores
    biases: Scores

    def block(self, users: Codes) -> Scores:
        """Scores, shape (users, items)."""
        return np.asarray(self.users[users] @ self.items.T + self.biases, dtype=np.float32)


Scorers = Mapping[str, Scorer]


def popularity(history: History) -> Popularity:
    """Buyers of the last 30 days; buyers of all time break ties."""
    lately, ever = (history.items[name].to_numpy() for name in ("buyers_30", "buyers"))
    return Popularity((lately + ever / (1 + ever.max())).astype(np.float32))


def item_neighbours(history: History, *, shrinkage: float = 5.0) -> Neighbours:
    """Items that the same users have, by the cosine of their users.

    Parameters
    ----------
    history
        What is known.
    shrinkage
        Users added to each item's number, so that two items which one user has in common are not called alike.
    """
    met = history.matrix("strength")
    return Neighbours(met, similar_items(met.sign(), shrinkage=shrinkage))


def basket_neighbours(history: History) -> Neighbours:
    """Items that are bought on the same day by the same user; baskets count half as much every 45 days."""
    rows = history.matrix("decayed")
    return Neighbours(rows, similar_items(_baskets(history), shrinkage=1.0))


def linear(history: History, *, penalty: float = 30.0) -> Linear:
    """The linear model of items on items with the smallest squared error, in closed form.

    Recent purchases count more, in the rows that it is fitted on as in those that it is applied to: fitted on purchases
    without age, its list on the Online Retail log was right for .232 of places, with age for .263.

    Parameters
    ----------
    history
        What is known.
    penalty
        Ridge penalty.

    References
    ----------
    H. Steck (2019), Embarrassingly shallow autoencoders for sparse data, WWW '19, equation 8.
    """
    rows = history.matrix("decayed")
    rows.data = np.minimum(rows.data, 2.0)
    buyers = history.items["buyers"].to_numpy()
    kept = np.sort(np.argsort(-buyers, kind="stable")[:MOST_LINEAR_ITEMS])
    gram = (rows[:, kept].T @ rows[:, kept]).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += penalty
    precision = _inverse(gram)
    weights = precision / -np.diag(precision)
    np.fill_diagonal(weights, 0.0)
    return Linear(rows, kept, weights)


def _inverse(gram: Scores) -> Scores:
    """The inverse of a positive definite matrix, by Cholesky: a third of the time of a general one."""
    from scipy.linalg import lapack  # noqa: PLC0415  # loading the definitions need not pay for it

    factor, _ = lapack.spotrf(gram)
    upper, _ = lapack.spotri(factor)
    return np.asarray(np.triu(upper) + np.triu(upper, 1).T, dtype=np.float32)


def lightfm(history: History, *, components: int, epochs: int, learning_rate: float, seed: int) -> FactorScorer:
    """Factors by the WARP loss on everything that users met; identities alone, for those who are known."""
    from vitrina.marketplace.cold_start import fit_lightfm  # noqa: PLC0415  # loading the definitions need not pay for it

    met = history.matrix("strength").sign()
    fitted = fit_lightfm(met, components=components, epochs=epochs, learning_rate=learning_rate, max_sampled=10, seed=seed)
    return FactorScorer(fitted.users.vectors, fitted.items.vectors, fitted.items.biases)


def similar_items(users_by_items: sp.csr_matrix, *, shrinkage: float, k: int = NEIGHBOURS) -> sp.csr_matrix:
    """The nearest neighbours of each item by the cosine of its column, an item not being its own neighbour.

    Parameters
    ----------
    users_by_items
        Who has what, shape (users, items).
    shrinkage
        Added to each column's squared norm.
    k
        Neighbours that are kept.
    """
    from implicit.nearest_neighbours import ItemItemRecommender  # type: ignore[import-untyped]  # it has no types  # noqa: PLC0415  # loading the definitions need not pay for it

    columns = users_by_items.multiply(1 / np.sqrt(np.asarray(users_by_items.power(2).sum(axis=0)) + shrinkage)).tocsr()
    model = ItemItemRecommender(K=k + 1, num_threads=1)
    model.fit(columns, show_progress=False)
    similarity = sp.csr_matrix(model.similarity)
    similarity.setdiag(0.0)
    similarity.eliminate_zeros()
    return similarity


def _baskets(history: History) -> sp.csr_matrix:
    """Days of purchase by items: a row's weight falls with its age, and with the square root of its number of items."""
    bought = history.log.events.filter(pl.col("kind") == PURCHASE).select("user", "item", pl.col("day").floor()).unique()
    rows = bought.group_by("user", "day").agg("item").sort("user", "day")
    sizes = rows["item"].list.len().to_numpy()
    day = rows["day"].to_numpy()
    # before the first purchase there is no basket at all
    age = day.max(initial=0.0) - day
    weights = np.sqrt(0.5 ** (age / BASKET_HALF_LIFE_DAYS) / np.sqrt(sizes))
    items = rows["item"].explode().to_numpy()
    place = (np.repeat(np.arange(rows.height), sizes), items)
    return sp.csr_matrix((np.repeat(weights, sizes), place), shape=(rows.height, history.n_items))


def least_squares(history: History, *, components: int, seed: int) -> FactorScorer:
    """Factors by alternating least squares on purchases, recent ones counting more, as `implicit` fits them.

    References
    ----------
    Y. Hu, Y. Koren, C. Volinsky (2008), Collaborative filtering for implicit feedback datasets, ICDM '08.
    """
    from implicit.cpu.als import AlternatingLeastSquares  # type: ignore[import-untyped]  # it has no types  # noqa: PLC0415  # loading the definitions need not pay for it

    rows = history.matrix("decayed")
    # an old purchase still says something
    rows.data = 0.3 + np.minimum(rows.data, 3.0)
    model = AlternatingLeastSquares(components, regularization=0.1, alpha=4.0, iterations=12, random_state=seed, num_threads=1)
    # its own loops and the threads of the BLAS stand in each other's way
    with threadpool_limits(1, "blas"):
        model.fit(rows.astype(np.float32), show_progress=False)
    return FactorScorer(model.user_factors, model.item_factors, np.zeros(history.n_items, np.float32))
