"""Logs of a small shop: rows by hand, and sixty users who buy mostly from a quarter of forty items. Nobody measured them."""

import datetime as dt
from functools import cache

import numpy as np
import polars as pl

from vitrina.marketplace.fitted import Fitted
from vitrina.marketplace.log import EventLog, days_since_epoch, log_of
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.tables import ItemFeatures, UserFeatures
from vitrina.marketplace.windows import Plan, plan

FIRST = dt.date(2026, 3, 2)
"""A Monday."""

N_USERS, N_ITEMS, DAYS = 60, 40, 60
NEW_ITEMS = ("i36", "i37")
"""In the catalogue alone."""

RARE_ITEMS = ("i38", "i39")
"""Bought by one user each, u00 and u01."""

SMALL = Parameters(components=8, epochs=3, trees=15, seeds=1)
HORIZON = 10


def day(number: float) -> dt.date:
    """A day of the log, counted from 0."""
    return FIRST + dt.timedelta(days=int(number))


def rows(*given: tuple[str, str, str, float], **more: object) -> pl.DataFrame:
    """Events from user, item, kind and day of the log (with fraction), in the order of time; one piece at a price of 100 each."""
    frame = pl.DataFrame(given, schema=["user_hash", "item_id", "kind", "day"], orient="row")
    values = {"platform": "Site", "price": 100.0, "quantity": 1.0, **more}
    columns = {name: value if isinstance(value, list) else [value] * len(given) for name, value in values.items()}
    return frame.with_columns(
        pl.col("day").cast(pl.Float64) + days_since_epoch(FIRST),
        pl.Series("platform", columns["platform"], dtype=pl.String),
        pl.Series("price", columns["price"], dtype=pl.Float64),
        pl.Series("quantity", columns["quantity"], dtype=pl.Float64),
    ).sort("day", maintain_order=True)


def log(*given: tuple[str, str, str, float], **more: object) -> EventLog:
    """The same as a log."""
    return log_of(rows(*given, **more))


def shop_events(seed: int = 0) -> pl.DataFrame:
    """Every third day or so a user looks at an item of their kind, and buys it and another, often again; few return one."""
    rng = np.random.default_rng(seed)
    found = []
    for user in range(N_USERS):
        favourites = rng.choice(np.arange(user % 4, 36, 4), 4, replace=False)
        for number in range(DAYS):
            if rng.random() > 0.35:
                continue
            item = int(rng.choice(favourites)) if rng.random() < 0.8 else int(rng.integers(36))
            other = int(rng.choice(favourites))
            at = number + rng.random() * 0.9
            platform = ("Site", "Android", "iOS")[user % 3]
            found.append((f"u{user:02}", f"i{item:02}", "view", at, platform, 100.0 + 20 * item, 1.0))
            if rng.random() < 0.7:
                found.append((f"u{user:02}", f"i{item:02}", "purchase", at + 0.01, platform, 100.0 + 20 * item, 1.0 + user % 2))
                found.append((f"u{user:02}", f"i{other:02}", "purchase", at + 0.01, platform, 100.0 + 20 * other, 1.0))
            if rng.random() < 0.05:
                found.append((f"u{user:02}", f"i{other:02}", "refund", at + 0.05, platform, None, 1.0))
    found += [(f"u{user:02}", item, "purchase", 5.5 + user, "Site", 700.0, 1.0) for user, item in enumerate(RARE_ITEMS)]
    names = ["user_hash", "item_id", "kind", "day", "platform", "price", "quantity"]
    frame = pl.DataFrame(found, schema=names, orient="row", infer_schema_length=None)
    return frame.with_columns(pl.col("day") + days_since_epoch(FIRST)).sort("day", "user_hash", "item_id", "kind")


@cache
def shop_log(seed: int = 0) -> EventLog:
    """Sixty users, forty items, sixty days."""
    return log_of(shop_events(seed), pl.Series([f"i{item:02}" for item in range(N_ITEMS)]))


@cache
def shop_plan() -> Plan:
    """Windows of ten days."""
    return plan(shop_log(), HORIZON)


@cache
def fitted() -> Fitted:
    """Small models by cut: whoever asks first fits them."""
    return Fitted(shop_log(), SMALL, 7)


def item_table(names: list[str], **changes: object) -> pl.DataFrame:
    """Table `ItemFeatures`: every item can be bought, and is in one of four categories."""
    columns: dict[str, object] = {
        "item_id": names,
        "title": [f"Title of {name}" for name in names],
        "category": [f"category {number % 4}" for number in range(len(names))],
        "price_minor": [100 + 20 * number for number in range(len(names))],
        "price_band": [number % 5 + 1 for number in range(len(names))],
        "available": [True] * len(names),
        "users": [9] * len(names),
        "buyers": [5] * len(names),
        **changes,
    }
    schema = ItemFeatures.polars_schema()
    frame = pl.DataFrame({name: columns.get(name, [None] * len(names)) for name in schema}, schema=schema)
    return ItemFeatures.check(frame)


def user_table(names: list[str]) -> pl.DataFrame:
    """Table `UserFeatures`."""
    at = dt.datetime.combine(FIRST, dt.time(), dt.UTC)
    columns = {
        "user_hash": names,
        "platform": [("Site", "Android", "iOS")[number % 3] for number in range(len(names))],
        "first_at": [at] * len(names),
        "last_at": [at] * len(names),
        "events": [9] * len(names),
        "purchases": [5] * len(names),
    }
    schema = UserFeatures.polars_schema()
    return UserFeatures.check(pl.DataFrame({name: columns.get(name, [None] * len(names)) for name in schema}, schema=schema))
