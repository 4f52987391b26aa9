"""Does one dear purchase turn a list dear? A metamorphic test: the log is changed a little, and lists should change little, too."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from vitrina.marketplace.fitted import Fitted, likeness, scored_candidates
from vitrina.marketplace.judgement_tables import PriceSanity
from vitrina.marketplace.log import PURCHASE, Codes, EventLog, Floats, days_since_epoch
from vitrina.marketplace.pair_features import PairFeatures
from vitrina.marketplace.reranking import Reranker

DEAR_QUANTILE = 0.97
FEWEST_PURCHASES = 3
FEWEST_CASES = 5
LIST_LENGTH = 10


def price_sanity(  # noqa: PLR0913  # what is judged, and how lists are made
    fitted: Fitted, cut: dt.date, reranker: Reranker, *, diversity: float, seed: int, n_users: int = 100
) -> pl.DataFrame:
    """Add one dear purchase to each of some users who never made any, fit the models anew, and compare their top tens.

    Everybody gets a different dear item, on the day before the cut. The added item itself does not count in the list after:
    that it may be bought again says nothing about what else is shown, so the share is that of the list's other places.

    Parameters
    ----------
    fitted
        Models by cut; the models on the changed log have the same parameters and seed.
    cut
        The day that lists are made for; everything later is unknown, prices included.
    reranker
        Makes both lists: it had learnt before anything was added.
    diversity
        As of `Parameters`.
    seed
        For the users and their dear items.
    n_users
        Users that are tried, where there are as many, and as many dear items.

    Returns
    -------
    polars.DataFrame
        Rows of `PriceSanity`; none where fewer than five users can be tried.

    References
    ----------
    T. Y. Chen, S. C. Cheung, S. M. Yiu (1998), Metamorphic testing: a new approach for generating next test cases.
    """
    log = fitted.log.before(cut)
    threshold, prices = _dear_prices(log)
    users = _who_buys_nothing_dear(log, prices)
    rng = np.random.default_rng(seed)
    n = min(n_users, len(users), prices.height)
    if n < FEWEST_CASES:
        return PriceSanity.empty()
    tried = np.sort(rng.choice(users, n, replace=False))
    dear = np.zeros(log.n_items, dtype=bool)
    dear[prices["item"].to_numpy()] = True
    drawn = prices[rng.choice(prices.height, n, replace=False)]
    changed = Fitted(log.with_events(_purchases(log, tried, drawn, cut)), fitted.parameters, fitted.seed)
    before, after = (_top(known, reranker, tried, diversity) for known in (fitted.known(cut), changed.known(cut)))
    added = pl.DataFrame({"user": tried, "item": drawn["item"].cast(pl.Int64)})
    return pl.DataFrame(
        {
            "case": np.arange(1, n + 1),
            "dear_from_minor": np.full(n, threshold),
            "share_before": _dear_share(before, tried, dear),
            "share_after": _dear_share(after.join(added, on=("user", "item"), how="anti"), tried, dear),
        },
        schema=PriceSanity.polars_schema(),
    )


def _dear_prices(log: EventLog) -> tuple[int, pl.DataFrame]:
    """The price above which an item is dear, and the dear items: ``item``, ``price``, by code."""
    prices = log.events.filter(pl.col("price") > 0).group_by("item").agg(pl.col("price").median()).sort("item")
    if prices.is_empty():
        return 0, prices
    threshold = int(np.quantile(prices["price"].to_numpy(), DEAR_QUANTILE))
    return threshold, prices.filter(pl.col("price") > threshold)


def _who_buys_nothing_dear(log: EventLog, dear: pl.DataFrame) -> Codes:
    """Users with three purchases at least, none of them of a dear item; ascending."""
    users = (
        log.events.filter(pl.col("kind") == PURCHASE)
        .group_by("user")
        .agg(purchases=pl.len(), dear=pl.col("item").is_in(dear["item"].to_list()).any())
        .filter((pl.col("purchases") >= FEWEST_PURCHASES) & ~pl.col("dear"))
    )
    return np.sort(users["user"].cast(pl.Int64).to_numpy())


def _purchases(log: EventLog, users: Codes, items: pl.DataFrame, cut: dt.date) -> pl.DataFrame:
    """One purchase of one piece per user, at noon of the day before the cut."""
    return pl.DataFrame(
        {
            "user": users,
            "item": items["item"],
            "kind": [PURCHASE] * len(users),
            "day": np.full(len(users), days_since_epoch(cut) - 0.5),
            "platform": [""] * len(users),
            "price": items["price"],
            "quantity": np.ones(len(users)),
        },
        schema=log.events.schema,
        strict=False,
    )


def _top(known: PairFeatures, reranker: Reranker, users: Codes, diversity: float) -> pl.DataFrame:
    return scored_candidates(known, reranker, users).lists(likeness(known), penalty=diversity, n=LIST_LENGTH)


def _dear_share(lists: pl.DataFrame, users: Codes, dear: np.ndarray) -> Floats:
    """Share of a list's places that dear items have, shape (users,); 0 for an empty list."""
    place = np.searchsorted(users, lists["user"].to_numpy())
    shown = np.bincount(place, minlength=len(users))
    found = np.bincount(place, weights=dear[lists["item"].to_numpy()], minlength=len(users))
    return np.asarray(found / np.maximum(shown, 1), dtype=float)
