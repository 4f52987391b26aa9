"""What goes with what, and what is popular where: always resting on enough users that nobody's history shows through."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from vitrina.marketplace.history import History
from vitrina.marketplace.log import Codes
from vitrina.marketplace.tables import PRICE_BANDS, PopularItems, SimilarItems

ANY_PLATFORM, ANY_BAND = "any", 0
POPULAR_DAYS = 30.0
LIST_LENGTH = 50
ITEMS_AT_A_TIME = 512


def common_users(users_by_items: sp.csr_matrix, one: Codes, other: Codes) -> Codes:
    """How many users have both items, for pairs of items.

    Parameters
    ----------
    users_by_items
        Who has what, shape (users, items).
    one, other
        Codes of items.
    """
    columns = users_by_items.sign().tocsc()
    pairs, place = np.unique(np.stack([one, other]), axis=1, return_inverse=True)
    counts = np.zeros(pairs.shape[1], dtype=np.int64)
    for start in range(0, pairs.shape[1], ITEMS_AT_A_TIME):
        left, right = pairs[:, start : start + ITEMS_AT_A_TIME]
        counts[start : start + ITEMS_AT_A_TIME] = np.asarray(columns[:, left].multiply(columns[:, right]).sum(axis=0)).ravel()
    return counts[np.asarray(place).ravel()]


def well_founded(similarity: sp.csr_matrix, users_by_items: sp.csr_matrix, min_users: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """What is alike in the eyes of enough users.

    Parameters
    ----------
    similarity
        Between items, shape (items, items).
    users_by_items
        Who has what, shape (users, items).
    min_users
        Fewest users who have both.

    Returns
    -------
    tuple of sparse matrices
        The similarity without the other pairs, and how many users have both items of those that stay.
    """
    near = similarity.tocoo()
    users = common_users(users_by_items, near.row.astype(np.int64), near.col.astype(np.int64))
    kept = users >= min_users
    place, shape = (near.row[kept], near.col[kept]), similarity.shape
    return sp.csr_matrix((near.data[kept], place), shape=shape), sp.csr_matrix((users[kept], place), shape=shape)


def similar_to_items(  # noqa: PLR0913  # two sources, and how lists are made
    history: History,
    similarity: sp.csr_matrix,
    vectors: npt.NDArray[np.float32],
    items: pl.DataFrame,
    *,
    allowed: npt.NDArray[np.bool_],
    min_users: int,
    k: int,
) -> pl.DataFrame:
    """Items to show on the page of each item (table `SimilarItems`).

    Parameters
    ----------
    history
        What is known.
    similarity
        Cosines of items' users, shape (items, items).
    vectors
        What features alone say of each item, shape (items, components): for pages that lack enough pairs. An item's own
        vector must not be in them, for it has learnt from whoever met the item, and that may be one user.
    items
        Table `ItemFeatures`, one row per code.
    allowed
        Items that may be shown, by code.
    min_users
        Fewest users who have both.
    k
        Items per page.
    """
    founded, users = (part.tocoo() for part in well_founded(similarity, history.matrix("strength"), min_users))
    pairs = pl.DataFrame(
        {
            "one": founded.row.astype(np.int64),
            "other": founded.col.astype(np.int64),
            "score": founded.data.astype(float),
            "users": users.data.astype(np.int64),
        }
    ).filter(pl.Series(allowed[founded.col]))
    lacking = np.setdiff1d(np.arange(history.n_items), pairs.group_by("one").len().filter(pl.col("len") >= k)["one"].to_numpy())
    listed = pl.concat([pairs, _by_features(vectors, lacking, allowed, k)]).unique(
        ["one", "other"], keep="first", maintain_order=True
    )
    placed = (
        listed.sort(pl.col("users") == 0, "score", "other", descending=[False, True, False])
        .with_columns(place=pl.int_range(1, pl.len() + 1).over("one"))
        .filter(pl.col("place") <= k)
    )
    names = items["item_id"]
    made = placed.select(
        item_id=names[placed["one"].to_numpy()],
        place=pl.col("place").cast(pl.Int64),
        similar_item_id=names[placed["other"].to_numpy()],
        score=pl.col("score"),
        users=pl.col("users"),
    )
    return SimilarItems.check(made.sort("item_id", "place"))


def popular_items(history: History, items: pl.DataFrame, *, allowed: npt.NDArray[np.bool_], min_users: int) -> pl.DataFrame:
    """What most users met lately, by platform and price band (table `PopularItems`).

    Parameters
    ----------
    history
        What is known.
    items
        Table `ItemFeatures`, one row per code.
    allowed
        Items that may be shown, by code.
    min_users
        Fewest users of an item.
    """
    events = history.log.events
    recent = events.filter((pl.col("day") > pl.col("day").max() - POPULAR_DAYS) & (pl.col("kind") != "refund"))
    lately = recent.with_columns(
        band=items["price_band"].fill_null(ANY_BAND).cast(pl.Int64)[recent["item"].to_numpy()],
        platform=pl.col("platform").cast(pl.String),
    )
    bands = pl.concat([lately, lately.filter(pl.col("band") != ANY_BAND).with_columns(band=pl.lit(ANY_BAND, dtype=pl.Int64))])
    places = pl.concat([bands.filter(pl.col("platform") != ""), bands.with_columns(platform=pl.lit(ANY_PLATFORM))])
    # a purchase says more than a look, where there are purchases
    counted = places.group_by("platform", "band", "item").agg(
        users=pl.col("user").n_unique().cast(pl.Int64), buyers=pl.col("user").filter(pl.col("kind") == "purchase").n_unique()
    )
    shown = counted.filter((pl.col("users") >= min_users) & pl.Series(allowed)[counted["item"].to_numpy()])
    placed = (
        shown.sort("buyers", "users", "item", descending=[True, True, False])
        .with_columns(place=pl.int_range(1, pl.len() + 1).over("platform", "band").cast(pl.Int64))
        .filter(pl.col("place") <= LIST_LENGTH)
    )
    made = placed.select(
        "platform", price_band="band", place="place", item_id=items["item_id"][placed["item"].to_numpy()], users="users"
    )
    return PopularItems.check(made.filter(pl.col("price_band") <= PRICE_BANDS).sort("platform", "price_band", "place"))


def _by_features(vectors: npt.NDArray[np.float32], codes: Codes, allowed: npt.NDArray[np.bool_], k: int) -> pl.DataFrame:
    """The nearest items by the cosine of their vectors, for some items."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    shown = np.flatnonzero(allowed)
    k = min(k, max(len(shown) - 1, 0))
    parts = [pl.DataFrame(schema={"one": pl.Int64, "other": pl.Int64, "score": pl.Float64, "users": pl.Int64})]
    for start in range(0, len(codes) if k else 0, ITEMS_AT_A_TIME):
        some = codes[start : start + ITEMS_AT_A_TIME]
        near = unit[some] @ unit[shown].T
        near[some[:, None] == shown[None, :]] = -np.inf
        best = np.argsort(-near, axis=1, kind="stable")[:, :k]
        parts.append(
            pl.DataFrame(
                {
                    "one": np.repeat(some, k),
                    "other": shown[best].ravel(),
                    "score": np.take_along_axis(near, best, axis=1).ravel().astype(float),
                    "users": np.zeros(len(some) * k, dtype=np.int64),
                }
            )
        )
    return pl.concat(parts)
