"""Lists for everybody in one batch, each place with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from vitrina.errors import VitrinaError
from vitrina.marketplace.fitted import likeness, page_neighbours, scored_candidates
from vitrina.marketplace.history import History
from vitrina.marketplace.item_pairs import well_founded
from vitrina.marketplace.log import Codes
from vitrina.marketplace.pair_features import PairFeatures
from vitrina.marketplace.reasons import sentences
from vitrina.marketplace.reranking import Reranker
from vitrina.marketplace.tables import Recommendations

USERS_AT_A_TIME = 2_000

_Founded = tuple[sp.csc_matrix, sp.csc_matrix]
"""Which items go with an item, by column, and how many users say so."""


class NothingToShowError(VitrinaError):
    """No item may be shown to anybody; what was published before stays."""


@dataclass(frozen=True)
class Offer:
    """How lists are made.

    Attributes
    ----------
    length
        Places of a list.
    min_users
        Fewest users that an item, a pair of items or a reason rests on.
    diversity
        What an item loses, at most, for being like one that stands before it.
    repeats
        Whether what a user has bought before may stand in their list again.
    """

    length: int
    min_users: int
    diversity: float
    repeats: bool = True


@dataclass(frozen=True)
class ColdItems:
    """Items that nobody has met, by what their features say.

    Attributes
    ----------
    codes
        Codes of those that may be shown.
    scores
        For each user and each of them, shape (users, codes); a function of blocks would do as well, but there are few.
    """

    codes: Codes
    users: npt.NDArray[np.float32]
    items: npt.NDArray[np.float32]
    biases: npt.NDArray[np.float32]


def allowed_items(items: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Which items may be shown: in stock, not denied, and on the list of those that alone are allowed, if there is one.

    Parameters
    ----------
    items
        Table `ItemFeatures`, one row per code.

    Raises
    ------
    NothingToShowError
        There is none.
    """
    allowed = items.select(pl.col("available") & (pl.col("rule").is_null() | (pl.col("rule") == "allow"))).to_series()
    if not allowed.any():
        by_rule = ", ".join(
            f"{number} {rule}" for rule, number in items.drop_nulls("rule").group_by("rule").len().sort("rule").rows()
        )
        raise NothingToShowError(
            f"None of {items.height} items may be shown: {(~items['available']).sum()} are out of stock; rules: {by_rule or 'none'}.",
            "The recommendations published before stay. Correct `item_rules` or the catalogue's availability, and deliver it again.",
        )
    return np.asarray(allowed.to_numpy())


def recommend_everybody(  # noqa: PLR0913  # what is known, what may be shown, and how
    known: PairFeatures,
    reranker: Reranker,
    items: pl.DataFrame,
    offer: Offer,
    *,
    allowed: npt.NDArray[np.bool_],
    cold: ColdItems | None,
) -> pl.DataFrame:
    """The lists of all users who are known (table `Recommendations`).

    Items that fewer than `Offer.min_users` users have met are shown only to those who bought them themselves. The last
    place of a list goes to the new item whose features suit the user best, where there is one: nothing would ever be
    known of goods that nobody is shown.

    Parameters
    ----------
    known
        Everything up to now, with the models fitted on it.
    reranker
        The second stage.
    items
        Table `ItemFeatures`, one row per code.
    offer
        How lists are made.
    allowed
        Items that may be shown, by code.
    cold
        New items.
    """
    history = known.history
    users = np.flatnonzero(history.warm_users)
    like = likeness(known)
    founded = _founded(known, offer.min_users)
    parts = []
    for start in range(0, len(users), USERS_AT_A_TIME):
        chosen = users[start : start + USERS_AT_A_TIME]
        lists = _lists(known, reranker, chosen, like=like, offer=offer, allowed=allowed)
        # a list of one place is nobody's trial
        if cold is not None and len(cold.codes) and offer.length > 1:
            lists = _with_a_new_item(lists, chosen, cold, offer.length)
        parts.append(_with_reasons(lists, known, items, founded, min_users=offer.min_users))
    made = pl.concat(parts) if parts else Recommendations.empty()
    return Recommendations.check(made.sort("user_hash", "place"))


def _founded(known: PairFeatures, min_users: int) -> _Founded:
    alike, users = (part.tocsc() for part in well_founded(page_neighbours(known), known.history.matrix("strength"), min_users))
    for part in (alike, users):
        part.sort_indices()
    return alike, users


def _lists(  # noqa: PLR0913  # as of `recommend_everybody`
    known: PairFeatures, reranker: Reranker, users: Codes, *, like: sp.csr_matrix, offer: Offer, allowed: npt.NDArray[np.bool_]
) -> pl.DataFrame:
    found = scored_candidates(known, reranker, users, allowed)
    bought = _bought(known.history, found.users, found.items)
    met = known.history.items["met"].to_numpy()[found.items]
    kept = (met >= offer.min_users) | bought
    if not offer.repeats:
        kept &= ~bought
    chosen = type(found)(found.users[kept], found.items[kept], found.scores[kept])
    return chosen.lists(like, penalty=offer.diversity, n=offer.length)


def _bought(history: History, users: Codes, items: Codes) -> npt.NDArray[np.bool_]:
    own = history.pairs.filter(pl.col("purchases") > 0)
    keys = own["user"].cast(pl.Int64).to_numpy() * history.n_items + own["item"].cast(pl.Int64).to_numpy()
    return np.isin(users * history.n_items + items, keys)


def _with_a_new_item(lists: pl.DataFrame, users: Codes, cold: ColdItems, length: int) -> pl.DataFrame:
    """The last place goes to the best new item; its score is that of the place before, so that lists stay in order."""
    best = cold.codes[np.argmax(cold.users[users] @ cold.items[cold.codes].T + cold.biases[cold.codes], axis=1)]
    shortened = lists.filter(pl.col("place") < length)
    ends = shortened.group_by("user").agg(place=pl.col("place").max() + 1, score=pl.col("score").min())
    new = ends.join(pl.DataFrame({"user": users, "item": best}), on="user").select(lists.columns)
    return pl.concat([shortened.with_columns(new=pl.lit(value=False)), new.with_columns(new=pl.lit(value=True))])


def _with_reasons(
    lists: pl.DataFrame, known: PairFeatures, items: pl.DataFrame, founded: _Founded, *, min_users: int
) -> pl.DataFrame:
    """Names instead of codes, and why each item is shown."""
    history = known.history
    if "new" not in lists.columns:
        lists = lists.with_columns(new=pl.lit(value=False))
    users, shown = lists["user"].to_numpy(), lists["item"].to_numpy()
    companion, together = _companions(history, founded, users, shown)
    stats = history.items[shown]
    told = lists.with_columns(
        again=pl.Series(_bought(history, users, shown)),
        companion=pl.Series(companion),
        together=pl.Series(together),
        repeaters=stats["repeaters"].cast(pl.Int64),
        repeat_days=stats["repeat_days"].round().cast(pl.Int64),
        met=stats["met"].cast(pl.Int64),
        similar=pl.Series(_scored_by(known, users, shown)),
    ).with_columns(
        reason=pl.when("new")
        .then(pl.lit("new in category"))
        .when("again")
        .then(pl.lit("bought again"))
        .when(pl.col("companion") >= 0)
        .then(pl.lit("goes with"))
        .when("similar")
        .then(pl.lit("similar taste"))
        .otherwise(pl.lit("popular"))
    )
    return _named(told, history, items, min_users)


def _named(told: pl.DataFrame, history: History, items: pl.DataFrame, min_users: int) -> pl.DataFrame:
    goes_with, again = pl.col("reason") == "goes with", pl.col("reason") == "bought again"
    often = again & (pl.col("repeaters") >= min_users) & (pl.col("repeat_days") >= 1)
    partner = pl.Series(np.maximum(told["companion"].to_numpy(), 0))
    named = told.with_columns(
        user_hash=history.log.users[told["user"].to_numpy()],
        item_id=items["item_id"][told["item"].to_numpy()],
        reason_item_id=pl.when(goes_with).then(items["item_id"][partner.to_numpy()]),
        title=pl.when(goes_with).then(items["title"][partner.to_numpy()]),
        category=items["category"][told["item"].to_numpy()],
        platform=pl.lit(None, dtype=pl.String),
        reason_days=pl.when(often).then(pl.col("repeat_days")),
        reason_users=pl.when(often)
        .then(pl.col("repeaters"))
        .when(goes_with)
        .then(pl.col("together"))
        .otherwise(pl.max_horizontal("met", pl.lit(1))),
        place=pl.col("place").cast(pl.Int64),
    )
    return named.with_columns(
        reason_en=sentences(named, "en"), reason_ru=sentences(named, "ru"), score=pl.col("score").cast(pl.Float64)
    ).select(Recommendations.polars_schema().keys())


def _companions(history: History, founded: _Founded, users: Codes, shown: Codes) -> tuple[Codes, Codes]:
    """Per place, the item of the user's own that it goes with best, and how many users have both; -1 and 0 where none does."""
    similarity, counts = founded
    own = history.matrix("strength")
    best, together = np.full(len(users), -1, dtype=np.int64), np.zeros(len(users), dtype=np.int64)
    for row, (user, item) in enumerate(zip(users, shown, strict=True)):
        near = slice(similarity.indptr[item], similarity.indptr[item + 1])
        both = np.flatnonzero(np.isin(similarity.indices[near], own.indices[own.indptr[user] : own.indptr[user + 1]]))
        if len(both):
            place = near.start + both[np.argmax(similarity.data[near][both])]
            best[row], together[row] = similarity.indices[place], counts.data[place]
    return best, together


def _scored_by(known: PairFeatures, users: Codes, shown: Codes) -> npt.NDArray[np.bool_]:
    """Whether the factors put the item among the best tenth for the user: people of similar taste choose it."""
    from vitrina.marketplace.judging import score_pairs  # noqa: PLC0415  # judging knows recommending's parts, not the other way

    scorer = known.scorers["lightfm"]
    scores = score_pairs(scorer, users, shown)
    people, place = np.unique(users, return_inverse=True)
    bars = np.zeros(len(people))
    for start in range(0, len(people), 256):
        bars[start : start + 256] = np.quantile(scorer.block(people[start : start + 256]), 0.9, axis=1)
    return np.asarray(scores >= bars[place])
