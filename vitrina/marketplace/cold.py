"""People and goods that nobody has seen before: judged apart, against the popularity that a sceptic would show them."""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.marketplace.history import History
from vitrina.marketplace.log import PURCHASE, Codes, Floats
from vitrina.marketplace.scorers import Scores

EVENTS_BEFORE_JUDGING = 3


def cold_sessions(history: History, window: pl.DataFrame, *, first_events: int = EVENTS_BEFORE_JUDGING) -> pl.DataFrame:
    """What new users of a window did first, and what they bought afterwards.

    Parameters
    ----------
    history
        What was known at the window's beginning.
    window
        The window's events, oldest first.
    first_events
        Events that a fresh answer may know; what comes later is to be guessed.

    Returns
    -------
    polars.DataFrame
        ``user`` (code), ``platform``, ``first`` (list of items), ``kinds`` (list of kinds), ``later`` (list of different known
        items that were bought after these, and were not among them). Users without any such item are left out.
    """
    new = window.filter(~pl.Series(history.warm_users)[window["user"].to_numpy()]).filter(pl.col("kind") != "refund")
    known = pl.Series(history.known_items)[new["item"].to_numpy()]
    numbered = new.with_columns(number=pl.int_range(pl.len()).over("user"), known=known)
    first = (
        numbered.filter(pl.col("number") < first_events)
        .group_by("user", maintain_order=True)
        .agg(platform=pl.col("platform").cast(pl.String).first(), first=pl.col("item"), kinds=pl.col("kind").cast(pl.String))
    )
    later = (
        numbered.filter((pl.col("number") >= first_events) & (pl.col("kind") == PURCHASE) & pl.col("known"))
        .join(numbered.filter(pl.col("number") < first_events), on=("user", "item"), how="anti")
        .group_by("user")
        .agg(later=pl.col("item").unique())
    )
    return first.join(later, on="user").sort("user")


def hit_rows(lists: list[list[int]], later: list[list[int]], k: int = 10) -> Floats:
    """Precision and hit rate of the first ten places, one row per user, shape (users, 2)."""
    rows = np.zeros((len(lists), 2))
    for row, (shown, bought) in enumerate(zip(lists, later, strict=True)):
        found = len(set(shown[:k]) & set(bought))
        rows[row] = found / k, found > 0
    return rows


def cold_item_rows(vectors: Scores, biases: Scores, users: Scores, asked: pl.DataFrame, cold: Codes) -> Floats:
    """How well features alone tell which of the new items a user buys.

    Parameters
    ----------
    vectors, biases
        What the hybrid model says of items that it has never seen, by item code.
    users
        Vectors of users, by code.
    asked
        ``user``, ``item``: new items that known users bought in the window.
    cold
        Codes of all new items of the window.

    Returns
    -------
    numpy.ndarray
        Per user: the share of the new items that they did not buy which score below one that they did (a tie counts
        half), as a mean over those; shape (users, 1). Who bought all new items is left out.
    """
    rows = []
    for user, bought in asked.group_by("user", maintain_order=True).agg("item").iter_rows():
        scores = vectors[cold] @ users[user] + biases[cold]
        mine = np.isin(cold, bought)
        others = np.sort(scores[~mine])
        if not len(others):
            continue
        below = np.searchsorted(others, scores[mine], side="left") + np.searchsorted(others, scores[mine], side="right")
        rows.append(float((below / (2 * len(others))).mean()))
    return np.array(rows).reshape(-1, 1)
