"""The factors that fresh answers are computed from: a hybrid model, so that new goods and strangers have a place in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.marketplace.cold_start import LightFMFactors, fit_lightfm
from vitrina.marketplace.encoding import encoded_items, encoded_users
from vitrina.marketplace.factors import Factors
from vitrina.marketplace.history import History
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.tables import ItemFeatures, UserFeatures

ON_A_PAGE = 50


def fit_hybrid(history: History, items: pl.DataFrame, users: pl.DataFrame, parameters: Parameters, *, seed: int) -> LightFMFactors:
    """Factors of users and items by what they are and whom they met.

    Parameters
    ----------
    history
        What is known.
    items, users
        Tables `ItemFeatures` and `UserFeatures` as of the history's cut; whoever is missing there has no features.
    parameters
        Of LightFM.
    seed
        For the first vectors and the counterexamples.
    """
    return fit_lightfm(
        history.matrix("strength").sign(),
        item_features=encoded_items(by_code(items, "item_id", history.log.items)),
        user_features=encoded_users(by_code(users, "user_hash", history.log.users)),
        components=parameters.components,
        epochs=parameters.epochs,
        learning_rate=parameters.learning_rate,
        max_sampled=10,
        seed=seed,
    )


def feature_vectors(items: pl.DataFrame, learnt: LightFMFactors) -> npt.NDArray[np.float32]:
    """What features alone say of each item, shape (items, components); nothing of who met it.

    Parameters
    ----------
    items
        Table `ItemFeatures`, one row per code.
    learnt
        The hybrid model.
    """
    return np.asarray(encoded_items(items) @ learnt.item_features.vectors, dtype=np.float32)


def by_code(frame: pl.DataFrame, name: str, identifiers: pl.Series) -> pl.DataFrame:
    """One row per code, in their order; what the frame does not know is null."""
    return pl.DataFrame({name: identifiers}).join(frame, on=name, how="left", maintain_order="left")


def items_by_code(items: pl.DataFrame, history: History) -> pl.DataFrame:
    """Table `ItemFeatures` with one row per code; an item that it does not know can be bought."""
    return (
        by_code(items, "item_id", history.log.items)
        .with_columns(pl.col("available").fill_null(value=True))
        .select(ItemFeatures.polars_schema().keys())
    )


def users_by_code(users: pl.DataFrame, history: History) -> pl.DataFrame:
    """Table `UserFeatures` with one row per code."""
    return by_code(users, "user_hash", history.log.users).select(UserFeatures.polars_schema().keys())


def published_factors(  # noqa: PLR0913  # all parts of an answer
    history: History,
    learnt: LightFMFactors,
    items: pl.DataFrame,
    *,
    similar: pl.DataFrame,
    popular: pl.DataFrame,
    allowed: npt.NDArray[np.bool_],
    version: str,
) -> Factors:
    """Everything that `answers.recommend` needs.

    Parameters
    ----------
    history
        What is known.
    learnt
        The hybrid model.
    items
        Table `ItemFeatures`, one row per code.
    similar, popular
        Tables `SimilarItems` and `PopularItems`.
    allowed
        Items that may be shown, by code.
    version
        Names this training.
    """
    bought = history.matrix("purchases").tocsr()
    bought.sort_indices()
    warm = np.flatnonzero(history.warm_users)
    bought = bought[warm]
    neighbours, scores = _neighbours(history, similar)
    codes = _codes(history.log.items)
    return Factors(
        item_ids=history.log.items.to_numpy().astype(str),
        item_vectors=learnt.items.vectors,
        item_biases=learnt.items.biases,
        excluded=~allowed,
        price_bands=items["price_band"].fill_null(0).to_numpy(),
        neighbours=neighbours,
        neighbour_scores=scores,
        user_hashes=history.log.users.to_numpy().astype(str)[warm],
        user_vectors=learnt.users.vectors[warm],
        seen_indptr=bought.indptr,
        seen_indices=bought.indices,
        popular={
            (platform, band): np.array([codes[item] for item in listed], dtype=np.int32)
            for platform, band, listed in popular.sort("place")
            .group_by("platform", "price_band", maintain_order=True)
            .agg("item_id")
            .iter_rows()
        },
        trained_until=history.cut,
        version=version,
    )


def _codes(items: pl.Series) -> dict[str, int]:
    return {item: code for code, item in enumerate(items.to_list())}


def _neighbours(history: History, similar: pl.DataFrame) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """The lists of pages as arrays, padded with -1; what nobody has met together is at most as near as its features say."""
    codes = _codes(history.log.items)
    width = int(similar["place"].max() or 1)  # type: ignore[arg-type]  # a whole number
    neighbours = np.full((history.n_items, width), -1, dtype=np.int32)
    scores = np.zeros((history.n_items, width), dtype=np.float32)
    row = np.array([codes[item] for item in similar["item_id"]], dtype=np.int64)
    place = similar["place"].to_numpy() - 1
    neighbours[row, place] = [codes[item] for item in similar["similar_item_id"]]
    scores[row, place] = similar["score"].clip(0, 1).to_numpy()
    return neighbours, scores
