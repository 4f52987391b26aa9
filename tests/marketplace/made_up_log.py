"""A small shop's log: two kinds of goods, everybody likes one of them. Nobody measured it."""

import datetime as dt

import numpy as np
import polars as pl

from vitrina.marketplace.log import days_since_epoch, log_of

FIRST_DAY = dt.date(2026, 1, 1)


def made_up_log(*, n_users=60, n_items=40, days=60, purchases=20, seed=0, prices=None):
    """Each user buys now and then, nine times in ten of the kind that they like, and some of it again and again."""
    rng = np.random.default_rng(seed)
    n = n_users * purchases
    user = np.repeat(np.arange(n_users), purchases)
    kind = (user % 2 + (rng.random(n) < 0.1)) % 2
    # small numbers are popular within a kind, and each user has two items that they come back for
    item = (rng.random(n) ** 2 * (n_items // 2)).astype(int) * 2 + kind
    item = np.where(rng.random(n) < 0.3, (user * 7 % (n_items // 2)) * 2 + user % 2, item)
    price = np.full(n_items, 500) if prices is None else np.asarray(prices)
    day = days_since_epoch(FIRST_DAY) + rng.random(n) * days
    # the first and the last day have an event, so that the log is as long as it says
    day[:2] = days_since_epoch(FIRST_DAY) + 0.1, days_since_epoch(FIRST_DAY) + days - 0.1
    events = pl.DataFrame(
        {
            "user_hash": [f"user {code:03d}" for code in user],
            "item_id": [f"item {code:03d}" for code in item],
            "kind": ["purchase"] * n,
            "day": day,
            "platform": ["Site"] * n,
            "price": price[item],
            "quantity": np.ones(n),
        }
    )
    return log_of(events.sort("day"))
