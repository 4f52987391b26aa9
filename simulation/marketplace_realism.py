"""What real logs are like, and the measures themselves; and how much there is to learn in a made-up one.

Two logs were measured. One is a large marketplace's, 49.7 M rows of all kinds of events in 14 days: it says how often what
happens, but not who buys what again, for 14 days are too few. The other is UCI Online Retail (data set 352, CC BY 4.0),
purchases and refunds of a gift wholesaler: it says how often users come back to an item and how unequal items are. The
made-up log is held to both, but for two things. A wholesaler's baskets hold twenty items, people's do not. And 4 % of its
events are purchases, where the marketplace had 1.1 %: so that a small log holds enough of them to learn from.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.marketplace import SimulatedMarketplace
from simulation.marketplace_behaviour import PRICE_WEIGHT, TASTE_WEIGHT, People, item_weights

MARKETPLACE_SHARES = {
    "view_item": 0.883,
    "add_to_cart": 0.066,
    "user_engagement": 0.030,
    "purchase": 0.0114,
    "pageview": 0.009,
}
"""Share of each type among the events of the marketplace's log."""

MARKETPLACE_TIME_MISSING = 0.039

REPEAT_LENGTH = dt.timedelta(days=150)
"""Length over which repeats are counted: the longer a log, the more of what is bought was bought before."""

_HITS_AT = 10
_TRIED_LATELY = dt.timedelta(days=30)


@dataclass(frozen=True)
class PurchaseRealism:
    """Properties of purchases that decide what a recommender can learn from them.

    Attributes
    ----------
    repeat_share
        Of the items that a user buys in a calendar month, the share bought by the same user in an earlier month; users'
        first months do not count. Over the first `REPEAT_LENGTH` of the log.
    item_gini
        Gini coefficient of purchased lines over items that were bought at all.
    user_gini
        The same over users.
    refunds
        Refund lines over purchased lines.
    """

    repeat_share: float
    item_gini: float
    user_gini: float
    refunds: float


ONLINE_RETAIL = PurchaseRealism(repeat_share=0.295, item_gini=0.654, user_gini=0.616, refunds=0.024)
"""Measured on UCI Online Retail, December 2010 to September 2011."""


def purchase_lines(events: pl.DataFrame) -> pl.DataFrame:
    """One row per bought or returned item: ``user_id``, ``date``, ``event_type`` (without its prefix ``ec.``), ``nm``.

    Parameters
    ----------
    events
        Delivered rows, see `marketplace_rows.delivered_rows`.
    """
    return (
        events.select(
            "user_id",
            pl.col("utc_event_date").str.to_date().alias("date"),
            pl.col("event_type").str.strip_prefix("ec."),
            pl.col("ecom.nm").str.strip_chars("[]").str.split(", ").alias("nm"),
        )
        .filter(pl.col("event_type").is_in(["purchase", "refund"]))
        .explode("nm")
    )


def measure_purchases(events: pl.DataFrame) -> PurchaseRealism:
    """Measure the purchases of a delivered log."""
    moved = purchase_lines(events)
    bought = moved.filter(pl.col("event_type") == "purchase")
    return PurchaseRealism(
        repeat_share=_repeat_share(bought),
        item_gini=_gini(bought.group_by("nm").len().get_column("len").to_numpy()),
        user_gini=_gini(bought.group_by("user_id").len().get_column("len").to_numpy()),
        refunds=(moved.height - bought.height) / bought.height,
    )


def hit_rates(world: SimulatedMarketplace, events: pl.DataFrame) -> dict[str, float]:
    """Share of users who buy one of ten items in the log's last thirty days, were the ten chosen at their beginning.

    Returns
    -------
    dict of str to float
        ``popularity``: the ten items bought most often before, the same for everybody. ``oracle``: the ten with the
        highest true utility plus log popularity, which no recommender knows. ``history``: the user's own latest ten
        items, then the popular ones. Each over the users who buy in these days, and as ``… new`` over items that the
        user has not bought before.
    """
    since = world.last_day - _TRIED_LATELY + dt.timedelta(days=1)
    bought = purchase_lines(events).filter(pl.col("event_type") == "purchase")
    before, after = bought.filter(pl.col("date") < since), bought.filter(pl.col("date") >= since)
    popular = before.group_by("nm").len().sort("len", "nm", descending=[True, False]).get_column("nm").to_list()
    known = _sets(before.sort("date", descending=True))
    wanted = _sets(after)
    oracle = _oracle(world, list(wanted), since)
    rates: dict[str, float] = {}
    nothing: dict[str, tuple[str, ...]] = {}
    for suffix, old in (("", nothing), (" new", known)):
        lists = {
            "popularity": {user: _first(popular, old.get(user, ())) for user in wanted},
            "oracle": {user: _first(oracle[user], old.get(user, ())) for user in wanted},
            "history": {user: _first([*known.get(user, ()), *popular], old.get(user, ())) for user in wanted},
        }
        buyers = {user: set(items) - set(old.get(user, ())) for user, items in wanted.items()}
        trying = [user for user, items in buyers.items() if items]
        rates |= {
            name + suffix: float(np.mean([bool(buyers[user] & set(ten[user])) for user in trying])) for name, ten in lists.items()
        }
    return rates


def _sets(bought: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    by_user = bought.group_by("user_id", maintain_order=True).agg(pl.col("nm").unique(maintain_order=True))
    return {user: tuple(items) for user, items in by_user.iter_rows()}


def _first(ranked: list[str], without: tuple[str, ...]) -> list[str]:
    left_out = set(without)
    ten: list[str] = []
    for item in ranked:
        if item not in left_out and item not in ten:
            ten.append(item)
        if len(ten) == _HITS_AT:
            break
    return ten


def _oracle(world: SimulatedMarketplace, users: list[str], day: dt.date) -> dict[str, list[str]]:
    people, weights = People.of(world), item_weights(world, day)
    place = dict(zip(world.users.get_column("user_id"), range(world.users.height), strict=True))
    nm = world.items.get_column("nm").to_numpy()
    ranked = {}
    for user in users:
        row = place[user]
        utility = TASTE_WEIGHT * people.item_taste @ people.user_taste[row]
        utility = utility - PRICE_WEIGHT * np.abs(people.log_price - people.price_level[row])
        score = np.where(weights > 0, utility + np.log(np.maximum(weights, 1e-12)), -np.inf)
        ranked[user] = nm[np.argsort(-score)[: 10 * _HITS_AT]].tolist()
    return ranked


def _repeat_share(bought: pl.DataFrame) -> float:
    within = bought.filter(pl.col("date") < pl.col("date").min() + REPEAT_LENGTH)
    monthly = within.select("user_id", "nm", pl.col("date").dt.truncate("1mo").alias("month")).unique()
    seen = monthly.select(
        "month",
        pl.col("month").min().over("user_id", "nm").alias("first_of_item"),
        pl.col("month").min().over("user_id").alias("first_of_user"),
    ).filter(pl.col("month") > pl.col("first_of_user"))
    return float(seen.select((pl.col("first_of_item") < pl.col("month")).mean().fill_null(0.0)).item())


def _gini(counts: np.ndarray) -> float:
    """Mean absolute difference over twice the mean (Gini 1912), by ranks."""
    ordered = np.sort(counts)
    rank = np.arange(1, ordered.size + 1)
    return float((2 * rank - ordered.size - 1) @ ordered / (ordered.size * ordered.sum()))
