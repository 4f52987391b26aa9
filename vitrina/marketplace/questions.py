"""What a window asks of a model: pairs that were bought in it, and as many that were not, drawn in two ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.marketplace.history import History
from vitrina.marketplace.log import Codes, Floats, purchased_pairs

MOST_DRAWS = 50


@dataclass(frozen=True)
class Questions:
    """Pairs of a window, of users and items that were known before it.

    Attributes
    ----------
    users, items
        Codes of the pairs that were bought.
    uniform
        For each of these, `ratio` items that the same user did not buy in the window, drawn from all known items alike;
        codes, shape (pairs, ratio).
    matched
        The same, drawn in proportion to how many users had bought an item before: telling popular from unpopular goods
        is of no help here.
    log_popularity
        Logarithm of an item's buyers before the window plus one, by code.
    """

    users: Codes
    items: Codes
    uniform: Codes
    matched: Codes
    log_popularity: Floats


def questions(history: History, window: pl.DataFrame, *, ratio: int, seed: int, most_pairs: int | None = None) -> Questions:
    """Pairs of a window, and counterexamples.

    Parameters
    ----------
    history
        What was known at the window's beginning.
    window
        The window's events.
    ratio
        Counterexamples of each kind per pair.
    seed
        For the draws.
    most_pairs
        Pairs that are kept, drawn at random, where there are more.
    """
    rng = np.random.default_rng(seed)
    users, items = purchased_pairs(window)
    known = history.warm_users[users] & history.known_items[items]
    users, items = users[known], items[known]
    bought = users * history.n_items + items
    if most_pairs is not None and len(users) > most_pairs:
        kept = np.sort(rng.choice(len(users), most_pairs, replace=False))
        users, items = users[kept], items[kept]
    catalogue = np.flatnonzero(history.known_items)
    buyers = history.items["buyers"].to_numpy()
    # before the first purchase, all known items are equally popular
    drawn_by = buyers if buyers.any() else history.known_items
    cumulated = np.cumsum(drawn_by) / max(drawn_by.sum(), 1)

    def by_popularity(n: int) -> Codes:
        return np.minimum(np.searchsorted(cumulated, rng.random(n), side="right"), history.n_items - 1)

    asked = np.repeat(users, ratio)
    uniform = _not_bought(asked, bought, history.n_items, lambda n: rng.choice(catalogue, n))
    matched = _not_bought(asked, bought, history.n_items, by_popularity)
    return Questions(users, items, uniform.reshape(-1, ratio), matched.reshape(-1, ratio), np.log1p(buyers))


def _not_bought(users: Codes, bought: Codes, n_items: int, draw: Callable[[int], Codes]) -> Codes:
    """Items for users, drawn again as long as they are among those that the user bought."""
    items = draw(len(users))
    for _ in range(MOST_DRAWS):
        wrong = np.isin(users * n_items + items, bought)
        if not wrong.any():
            break
        items[wrong] = draw(int(wrong.sum()))
    return items
