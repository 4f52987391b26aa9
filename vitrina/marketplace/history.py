"""What is known at the beginning of a day: of every pair that met, of every item, of every user. Nothing later."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from vitrina.marketplace.log import PURCHASE, Codes, EventLog, Weighing, days_since_epoch

POPULARITY_DAYS = (3, 7, 14, 30, 90)


@dataclass(frozen=True)
class History:
    """The log before a cut, summed up.

    Attributes
    ----------
    log
        The log before the cut: no event in it is later.
    cut
        The first day that is not known.
    pairs
        One row per user and item that met, ordered by both: ``purchases``, ``days`` (different days of purchase), ``views``,
        ``carts``, ``last`` and ``first`` (days before the cut of the last and first purchase, null without one), ``seen``
        (days since the last event of any kind), ``decayed`` (purchases, halved every half-life), ``strength`` (events by
        kind's weight, halved likewise), ``pieces`` (mean logarithm of pieces per purchase), ``baskets_since`` (the user's
        days of purchase after the last one with the item), ``basket_rate`` (share of the user's days of purchase since the
        first one with the item that held it again).
    items, users
        One row per code, known or not; see `_item_rows` and `_user_rows`.
    """

    log: EventLog
    cut: dt.date
    pairs: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame

    @property
    def n_users(self) -> int:
        """Codes of users, known at the cut or not."""
        return self.log.n_users

    @property
    def n_items(self) -> int:
        """Codes of items, known at the cut or not."""
        return self.log.n_items

    @cached_property
    def keys(self) -> Codes:
        """``user * n_items + item`` of `pairs`, ascending."""
        users, items = (self.pairs[name].cast(pl.Int64).to_numpy() for name in ("user", "item"))
        return np.asarray(users * self.n_items + items)

    @cached_property
    def known_items(self) -> npt.NDArray[np.bool_]:
        """Items that somebody met before the cut, by code."""
        return np.asarray(self.items["met"].to_numpy() > 0)

    @cached_property
    def warm_users(self) -> npt.NDArray[np.bool_]:
        """Users with an event before the cut, by code; a refund alone does not count."""
        return np.asarray(self.users["events"].to_numpy() > 0)

    def latest_day(self) -> float:
        """Time of the latest event that is known, in days since 1970-01-01."""
        return float(self.log.events["day"][-1])

    def matrix(self, column: str) -> sp.csr_matrix:
        """A column of `pairs` as a matrix, shape (users, items); pairs where it is 0 or null are left out."""
        filled = self.pairs.filter(pl.col(column).fill_null(0) > 0)
        values = filled[column].cast(pl.Float64).to_numpy()
        place = (filled["user"].to_numpy(), filled["item"].to_numpy())
        return sp.csr_matrix((values, place), shape=(self.n_users, self.n_items))


def history(log: EventLog, cut: dt.date) -> History:
    """Sum up what is known at the beginning of a day."""
    known = log.before(cut)
    # a refund takes no interest back: who returns a lantern of the wrong size still looks for a lantern
    aged = known.events.filter(pl.col("kind") != "refund").with_columns(age=days_since_epoch(cut) - pl.col("day"))
    pairs = _pair_rows(aged, log.weighing)
    items = _item_rows(aged, pairs, log.n_items)
    return History(known, cut, pairs, items, _user_rows(aged, pairs, items, log.n_users))


def _pair_rows(aged: pl.DataFrame, weighing: Weighing) -> pl.DataFrame:
    bought = pl.col("kind") == PURCHASE
    ageing, weight = weighing.ageing(pl.col("age")), weighing.of_kind(pl.col("kind"))
    baskets = aged.filter(bought).select("user", "item", basket=pl.col("day").floor().rank("dense").over("user").cast(pl.Float64))
    visits = (
        baskets.with_columns(last_of_user=pl.col("basket").max().over("user"))
        .group_by("user", "item")
        .agg(
            baskets_since=(pl.col("last_of_user") - pl.col("basket")).min(),
            # one is added below: once of once says less than ten of ten
            basket_rate=pl.col("basket").n_unique() / (pl.col("last_of_user") - pl.col("basket") + 2).max(),
        )
    )
    return (
        aged.group_by("user", "item")
        .agg(
            purchases=bought.sum().cast(pl.Float64),
            days=pl.col("day").filter(bought).floor().n_unique().cast(pl.Float64),
            views=(pl.col("kind") == "view").sum().cast(pl.Float64),
            carts=(pl.col("kind") == "cart").sum().cast(pl.Float64),
            last=pl.col("age").filter(bought).min(),
            first=pl.col("age").filter(bought).max(),
            seen=pl.col("age").min(),
            decayed=ageing.filter(bought).sum(),
            strength=(ageing * weight).sum(),
            pieces=pl.col("quantity").filter(bought).log1p().mean(),
        )
        .join(visits, on=("user", "item"), how="left")
        .sort("user", "item")
    )


def _item_rows(aged: pl.DataFrame, pairs: pl.DataFrame, n_items: int) -> pl.DataFrame:
    """Buyers in all and lately, age, prices, how often it is bought again and after how long."""
    bought = aged.filter(pl.col("kind") == PURCHASE)
    prices = aged.filter(pl.col("price") > 0).with_columns(log_price=pl.col("price").log())
    rows = bought.group_by("item").agg(
        *(
            pl.col("user").filter(pl.col("age") <= days).n_unique().cast(pl.Float64).alias(f"buyers_{days}")
            for days in POPULARITY_DAYS
        ),
        buyers=pl.col("user").n_unique().cast(pl.Float64),
        age=pl.col("age").max(),
        last=pl.col("age").min(),
        pieces=pl.col("quantity").log1p().mean(),
    )
    seen = aged.group_by("item").agg(
        met=pl.col("user").n_unique().cast(pl.Float64),
        viewers_30=pl.col("user").filter(pl.col("age") <= 30).n_unique().cast(pl.Float64),
    )
    priced = prices.group_by("item").agg(log_price=pl.col("log_price").median(), last_log_price=pl.col("log_price").last())
    again = (
        pairs.filter(pl.col("purchases") > 0)
        .group_by("item")
        .agg(
            # shrunk: two of two users say less than forty of fifty
            repeat_rate=(pl.col("days") > 1).sum() / (pl.len() + 5),
            repeat_days=((pl.col("first") - pl.col("last")) / (pl.col("days") - 1)).filter(pl.col("days") > 1).median(),
            repeaters=(pl.col("days") > 1).sum(),
            newcomers=(pl.col("first") <= 30).sum().cast(pl.Float64),
        )
    )
    counted = (
        "buyers",
        *(f"buyers_{days}" for days in POPULARITY_DAYS),
        "met",
        "viewers_30",
        "repeat_rate",
        "repeaters",
        "newcomers",
    )
    return _by_code(n_items, "item", rows, seen, priced, again).with_columns(pl.col(counted).fill_null(0))


def _user_rows(aged: pl.DataFrame, pairs: pl.DataFrame, items: pl.DataFrame, n_users: int) -> pl.DataFrame:
    """How much and how often they buy, at which prices, and what kind of items."""
    bought = aged.filter(pl.col("kind") == PURCHASE)
    prices = bought.filter(pl.col("price") > 0).with_columns(pl.col("price").log())
    own = pairs.filter(pl.col("purchases") > 0).join(
        items.select("item", item_buyers=pl.col("buyers").log1p(), item_age=pl.col("age")), on="item", how="left"
    )
    rows = bought.group_by("user").agg(
        last=pl.col("age").min(),
        first=pl.col("age").max(),
        baskets=pl.col("day").floor().n_unique().cast(pl.Float64),
        purchases=pl.len().cast(pl.Float64),
        pieces=pl.col("quantity").log1p().mean(),
    )
    priced = prices.group_by("user").agg(log_price=pl.col("price").median(), spread=pl.col("price").std().fill_null(0))
    habits = own.group_by("user").agg(
        distinct=pl.len().cast(pl.Float64),
        repeat_share=(pl.col("days") > 1).mean(),
        usual_buyers=pl.col("item_buyers").mean(),
        usual_age=pl.col("item_age").mean(),
    )
    active = aged.group_by("user").agg(events=pl.len().cast(pl.Float64), seen=pl.col("age").min())
    return _by_code(n_users, "user", rows, priced, habits, active).with_columns(
        pl.col("distinct", "purchases", "baskets", "events").fill_null(0)
    )


def _by_code(n: int, code: str, *parts: pl.DataFrame) -> pl.DataFrame:
    """One row per code, in their order, whether anything is known or not."""
    frame = pl.DataFrame({code: np.arange(n, dtype=np.int32)})
    for part in parts:
        frame = frame.join(part, on=code, how="left", maintain_order="left")
    return frame
