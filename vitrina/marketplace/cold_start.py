"""Vectors for items and users that nobody has met yet: what their features say, learnt by LightFM (Kula 2015).

LightFM sums one vector per feature. Every item is also a feature of its own, so that what has been met often can be more than
its category. Of an item without interactions this own vector has learnt only that it was never chosen where it was drawn as
a counterexample, or nothing at all: it is left out, and the item is the sum of its other features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vitrina.marketplace.factors import FactorsError

Floats = npt.NDArray[np.float32]
Sparse = Any
"""A `scipy.sparse.csr_matrix`; scipy has no types."""


@dataclass(frozen=True, eq=False)
class Represented:
    """Rows of items, users or features as vectors with biases.

    Attributes
    ----------
    vectors
        One row per item, user or feature.
    biases
        What is added to the score.
    """

    vectors: Floats
    biases: Floats


@dataclass(frozen=True, eq=False)
class LightFMFactors:
    """What was learnt.

    Attributes
    ----------
    users, items
        Every user and item of the interactions, in their order; a score is the product of both plus both biases.
    user_features, item_features
        Columns of the given features, from which whoever comes later is represented, with `cold_vectors`.
    """

    users: Represented
    items: Represented
    user_features: Represented
    item_features: Represented


def fit_lightfm(  # noqa: PLR0913  # what is learnt from, and how
    interactions: Sparse,
    weights: npt.ArrayLike | None = None,
    item_features: Sparse | None = None,
    user_features: Sparse | None = None,
    *,
    components: int = 64,
    epochs: int = 10,
    learning_rate: float = 0.05,
    max_sampled: int = 10,
    seed: int = 0,
) -> LightFMFactors:
    """Fit a hybrid model with the WARP loss, on one thread, so that the same input gives the same factors.

    Parameters
    ----------
    interactions
        CSR matrix of users by items; what is stored and positive is liked.
    weights
        Weight of each stored interaction, in their order; all alike without it.
    item_features, user_features
        CSR matrices with one row per item or user. Columns for the items and users themselves are added here.
    components
        Length of a vector.
    epochs, learning_rate, max_sampled
        Passes over the interactions, the first step of Adagrad, and counterexamples that are tried for each interaction.
    seed
        For the first vectors, the order of interactions, and the counterexamples.

    Raises
    ------
    FactorsError
        Shapes do not fit together, or the model has diverged.
    """
    from lightfm import LightFM  # type: ignore[import-untyped]  # it has no types  # noqa: PLC0415  # loading the definitions need not pay for it

    liked = interactions.tocoo()
    n_users, n_items = liked.shape
    users, items = _with_themselves(n_users, user_features, "users"), _with_themselves(n_items, item_features, "items")
    given = liked.data if weights is None else np.asarray(weights)
    if given.shape != liked.data.shape:
        raise FactorsError(f"There are {liked.nnz} interactions and {given.size} weights.", "Give one weight per interaction.")
    weighted = liked.copy()
    weighted.data = np.ones(liked.nnz, np.float32) if weights is None else given.astype(np.float32)
    model = LightFM(no_components=components, loss="warp", learning_rate=learning_rate, max_sampled=max_sampled, random_state=seed)
    try:
        model.fit(liked, sample_weight=weighted, user_features=users, item_features=items, epochs=epochs, num_threads=1)
    except ValueError as error:
        # its own checks: of shapes, and of numbers that are not finite after an epoch
        raise FactorsError(
            f"LightFM gave up: {error}.", "Lower the learning rate, or scale features and weights to about 1."
        ) from error
    by_user = Represented(model.user_embeddings, model.user_biases)
    by_item = Represented(model.item_embeddings, model.item_biases)
    met = liked.data > 0
    return LightFMFactors(
        cold_vectors(_without_strangers(users, liked.row[met]), by_user),
        cold_vectors(_without_strangers(items, liked.col[met]), by_item),
        Represented(by_user.vectors[n_users:], by_user.biases[n_users:]),
        Represented(by_item.vectors[n_items:], by_item.biases[n_items:]),
    )


def cold_vectors(features: Sparse, learnt: Represented) -> Represented:
    """Represent whoever has these features: the sum of what was learnt of each, times its value.

    Parameters
    ----------
    features
        CSR matrix with one row per item or user, and a column per row of `learnt`.
    learnt
        `LightFMFactors.item_features` for items, `user_features` for users.

    Raises
    ------
    FactorsError
        The columns are not those that were learnt.
    """
    if features.shape[1] != len(learnt.vectors):
        raise FactorsError(
            f"There are {features.shape[1]} columns of features, and {len(learnt.vectors)} were learnt.",
            "Encode features as they were when the model was fitted.",
        )
    return Represented(
        np.asarray(features @ learnt.vectors, dtype=np.float32), np.asarray(features @ learnt.biases, dtype=np.float32)
    )


def _with_themselves(count: int, features: Sparse | None, whose: str) -> Sparse:
    """A column for each row, then the features."""
    from scipy import sparse  # noqa: PLC0415  # loading the definitions need not pay for it

    identity = sparse.identity(count, dtype=np.float32, format="csr")
    if features is None:
        return identity
    if features.shape[0] != count:
        raise FactorsError(
            f"There are {count} {whose}, and features of {features.shape[0]}.", "Give one row of features for each, in their order."
        )
    return sparse.hstack([identity, features.astype(np.float32)], format="csr")


def _without_strangers(features: Sparse, met: npt.NDArray[np.integer]) -> Sparse:
    """The same features, but a row that was never met has no column of its own."""
    from scipy import sparse  # noqa: PLC0415  # loading the definitions need not pay for it

    own = np.zeros(features.shape[0], np.float32)
    own[met] = 1.0
    return sparse.hstack([sparse.diags(own, format="csr"), features[:, features.shape[0] :]], format="csr")
