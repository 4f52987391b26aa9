"""The marketplace behind the log: its users, its goods, and what is true of them.

Users have a taste and a price level, goods stand somewhere in the same space of tastes; what happens between them day by
day is in `marketplace_days`. Nothing of this reaches the delivered files: it is what a recommender has to find out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.marketplace_catalogue import TASTES, category_centres, make_complements, make_items
from simulation.retailer import LAST_DAY, Size

FAVOURITES = 3
"""Categories that a user's taste is made of."""

OWN_TASTE = 0.3
PRICE_LEVEL = 0.5
"""Standard deviation over users of the log price, against a category's median, that they look for."""

ACTIVITY = 1.15
"""Standard deviation of the logarithm of visits per day: heavy-tailed, as purchases per user are in the Online Retail log."""

JOIN_DURING_LOG = 0.6
"""Share of users who join while the log runs, on any of its days alike: its last fifth has 12 % of all users."""

PLATFORMS = ("Android", "Site", "iOS")
PLATFORM_SHARES = (0.45, 0.35, 0.20)
RECOMMENDED = 80
"""Percent of users, by a hash of their identifier, who see recommendations; the others are the hold-out."""

FIRST_USER = 1_000_000
BOT_EVENTS = (10_500, 12_500)
"""Events of a bot on its day."""


@dataclass(frozen=True)
class MarketplaceExtent:
    """Counts behind a size.

    Attributes
    ----------
    users, items
        Known by the end of the log; the bots are among the users.
    days
        Length of the log.
    visits
        Mean visits per user and day.
    bots
        Users with more than 10,000 events on some day.
    """

    users: int
    items: int
    days: int
    visits: float
    bots: int


MARKETPLACE_EXTENTS = {
    Size.TINY: MarketplaceExtent(users=150, items=120, days=70, visits=0.15, bots=0),
    Size.DEMO: MarketplaceExtent(users=2_500, items=900, days=150, visits=0.12, bots=1),
    Size.LARGE: MarketplaceExtent(users=1_000_000, items=100_000, days=60, visits=0.06, bots=20),
}


@dataclass(frozen=True)
class SimulatedMarketplace:
    """The marketplace, and what it does not know about itself.

    Attributes
    ----------
    extent, seed, first_day, last_day
        What it was drawn from.
    items
        The catalogue and its truth, see `make_items`.
    users
        ``user_id`` (as the marketplace calls them), ``taste`` (shape ``(TASTES,)``), ``price_level`` (log price against
        a category's median that the user looks for), ``visits`` (mean per day), ``platform``, ``joined_on`` (before the
        first day for old users), ``bot``, ``bot_day`` (null for people), ``bucket``.
    complements
        ``item``, ``complement``, ``chance``: pairs bought together far above chance.
    follow_rates
        Bucket → chance that a shown list makes its user look at one of its items within two hours, on top of what the
        user does anyway.
    shown_from
        First day on which lists were shown: the last third of the log.
    """

    extent: MarketplaceExtent
    seed: int
    first_day: dt.date
    last_day: dt.date
    items: pl.DataFrame
    users: pl.DataFrame
    complements: pl.DataFrame
    follow_rates: dict[str, float]
    shown_from: dt.date

    @property
    def repeat_periods(self) -> pl.DataFrame:
        """``nm``, ``period_days``: how long a consumable item lasts."""
        return self.items.filter("consumable").select("nm", "period_days")


def simulate_marketplace(
    size: Size | str, seed: int, last_day: dt.date = LAST_DAY, *, uptake: float = 0.15
) -> SimulatedMarketplace:
    """Draw the marketplace; its log is drawn by `marketplace_days.event_days`.

    Parameters
    ----------
    size
        How many users, items and days, see `MARKETPLACE_EXTENTS`.
    seed
        The same seed draws the same marketplace.
    last_day
        Last day of the log.
    uptake
        Chance that a list of recommendations is followed by who sees it.
    """
    extent = MARKETPLACE_EXTENTS[Size(size)]
    first_day = last_day - dt.timedelta(days=extent.days - 1)
    for_items, for_pairs, for_users = np.random.default_rng([seed, 0]).spawn(3)
    items = make_items(for_items, extent.items, first_day, last_day)
    return SimulatedMarketplace(
        extent=extent,
        seed=seed,
        first_day=first_day,
        last_day=last_day,
        items=items,
        users=_make_users(for_users, extent, first_day),
        complements=make_complements(for_pairs, items),
        follow_rates={"recommended": uptake, "holdout": 0.0},
        shown_from=last_day - dt.timedelta(days=extent.days // 3 - 1),
    )


def bucket_of(user_id: str) -> str:
    """Part of the experiment that a user belongs to: always the same."""
    number = int.from_bytes(hashlib.blake2b(user_id.encode(), digest_size=8).digest(), "big")
    return "recommended" if number % 100 < RECOMMENDED else "holdout"


def _make_users(rng: np.random.Generator, extent: MarketplaceExtent, first_day: dt.date) -> pl.DataFrame:
    count = extent.users
    identifiers = (np.sort(rng.choice(9 * FIRST_USER, count, replace=False)) + FIRST_USER).astype(str)
    visits = np.exp(rng.normal(-(ACTIVITY**2) / 2, ACTIVITY, count)) * extent.visits
    joined = np.where(rng.random(count) < JOIN_DURING_LOG, rng.integers(0, extent.days, count), -rng.integers(1, 900, count))
    bot = np.zeros(count, dtype=bool)
    bot[rng.choice(count, extent.bots, replace=False)] = True
    joined[bot] = -1
    bot_day = extent.days - rng.integers(2, extent.days // 3, count)
    return pl.DataFrame(
        {
            "user_id": identifiers,
            "taste": pl.Series(_user_tastes(rng, count), dtype=pl.Array(pl.Float32, TASTES)),
            "price_level": rng.normal(0, PRICE_LEVEL, count),
            "visits": np.where(bot, 0.0, visits),
            "platform": np.array(PLATFORMS)[rng.choice(len(PLATFORMS), count, p=PLATFORM_SHARES)],
            "joined_on": pl.Series(joined).cast(pl.Int64) * dt.timedelta(days=1) + first_day,
            "bot": bot,
            "bot_day": pl.Series(bot_day) * dt.timedelta(days=1) + first_day,
            "bucket": [bucket_of(identifier) for identifier in identifiers],
        }
    ).with_columns(pl.when("bot").then("bot_day").alias("bot_day"))


def _user_tastes(rng: np.random.Generator, count: int) -> np.ndarray:
    """A mixture of favourite categories' centres, plus an own part; length about one."""
    centres = category_centres(np.random.default_rng(0))
    favourites = rng.integers(0, len(centres), (count, FAVOURITES))
    weights = rng.dirichlet(np.full(FAVOURITES, 1.2), count)
    mixed = np.einsum("uf,uft->ut", weights, centres[favourites])
    tastes = mixed / np.linalg.norm(mixed, axis=1, keepdims=True) + rng.normal(0, OWN_TASTE / np.sqrt(TASTES), mixed.shape)
    return np.asarray(tastes, dtype=np.float32)
