"""The marketplace's log, drawn day by day.

A visit looks at some items, puts a few into the basket and buys some of those. What is used up is bought again when its
time has come, complements join the basket, some of what was bought is brought back, and some of the lists that were shown
are followed. Between two days only what is due later is remembered, so a log may be as long as it likes.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from simulation.marketplace import BOT_EVENTS, SimulatedMarketplace
from simulation.marketplace_behaviour import (
    HOUR,
    LIST_LENGTH,
    People,
    Shown,
    chosen_items,
    item_weights,
    lists_on,
    prices_on,
    randomness,
    visits_on,
)
from simulation.marketplace_rows import LINE_SCHEMA, delivered_rows, lines, shown_rows

VIEWS = 6.5
"""Mean views of a visit, geometrically distributed."""

MOST_VIEWS = 60
TO_CART = 0.092
BUY = 0.4
"""Chance of an item in the basket to be bought on the same visit."""

TYPICAL_LIKING = 2.0
LIKING = 0.35
"""Log odds by which a unit of utility above the typical helps an item into the basket: what is bought tells more."""

AGAIN = 0.5
"""Chance that what is used up is bought again in due time."""

PERIOD_DEVIATION = 0.15
BROUGHT_BACK = 0.024
"""Refunds over purchases: 6,357 of 266,518 in the Online Retail log (measured)."""

FOLLOWED_BUY = 0.3
ENGAGEMENT = 0.033
PAGEVIEW = 0.065
"""Chances of `user_engagement` per view and of `pageview` per visit."""

QUANTITIES = (0.8, 0.13, 0.05, 0.02)
"""Chances of one, two, … pieces of what is used up; of other goods one is bought."""


@dataclass
class _Due:
    """What was decided earlier, by the day on which it happens."""

    repeats: defaultdict[dt.date, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    refunds: defaultdict[dt.date, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))


def event_days(world: SimulatedMarketplace) -> Iterator[pl.DataFrame]:
    """Draw the log, one day after the other.

    Yields
    ------
    polars.DataFrame
        The rows of a day as they are delivered, see `delivered_rows`, by time; some of their times are missing. Memory
        does not grow with the number of days that were drawn.
    """
    people, due = People.of(world), _Due()
    for number in range(world.extent.days):
        day = world.first_day + dt.timedelta(days=number)
        yield delivered_rows(randomness(world, day, 4), world, _lines_of(world, people, day, due), day)


def shown_days(world: SimulatedMarketplace) -> Iterator[pl.DataFrame]:
    """Draw the lists that users were shown, one day after the other.

    Yields
    ------
    polars.DataFrame
        ``user_id``, ``shown_at``, ``bucket``, ``version``, ``items``, see `shown_rows`.
    """
    people = People.of(world)
    for number in range((world.last_day - world.shown_from).days + 1):
        day = world.shown_from + dt.timedelta(days=number)
        shown = lists_on(world, people, day, item_weights(world, day))
        yield shown_rows(world, shown.user, shown.millisecond, shown.items, day)


def _lines_of(world: SimulatedMarketplace, people: People, day: dt.date, due: _Due) -> pl.DataFrame:
    """Everything that happens on a day; what it leads to is added to what is due."""
    rng = randomness(world, day, 3)
    weights, prices = item_weights(world, day), prices_on(world, day)
    shown = lists_on(world, people, day, weights)
    looks = [
        _browsing(rng, people, *visits_on(world, day), weights),
        _following(rng, world, shown, weights),
        _coming_back(rng, due.repeats.pop(day, []), weights),
    ]
    looked = _numbered(looks).with_columns(pl.Series("price", prices).gather(pl.concat(looks).get_column("item")))
    carted = looked.filter(pl.Series(rng.random(looked.height)) < pl.col("to_cart"))
    wanted = carted.filter(pl.Series(rng.random(carted.height)) < pl.col("buy")).unique(
        ["visit", "item"], keep="first", maintain_order=True
    )
    bought = _at_the_till(rng, world, _with_complements(rng, world, wanted, prices, weights), looked)
    _plan(rng, world, bought, day, due)
    refunds = due.refunds.pop(day, [])
    kept = list(LINE_SCHEMA)
    return pl.concat(
        [
            looked.select(kept),
            _put_into_basket(rng, carted).select(kept),
            bought.select(kept),
            *refunds,
            _without_items(rng, looked),
            *_bots(rng, world, day, weights, prices),
        ]
    )


def _looks(to_cart: np.ndarray | float, buy: float, **columns: np.ndarray) -> pl.DataFrame:
    """Views, with the chances of what may come of them."""
    seen = lines("view_item", **columns)
    return seen.with_columns(
        pl.lit(1, dtype=pl.Int64).alias("quantity"),
        pl.Series("to_cart", np.broadcast_to(to_cart, seen.height), dtype=pl.Float64),
        pl.lit(buy).alias("buy"),
    )


def _numbered(looks: list[pl.DataFrame]) -> pl.DataFrame:
    """All looks of the day; visits that were counted from 0 in each frame are counted on."""
    counts = [int(seen.select(pl.col("visit").max().fill_null(-1) + 1).item()) for seen in looks]
    starts = np.cumsum([0, *counts[:-1]])
    return pl.concat([seen.with_columns(pl.col("visit") + int(start)) for seen, start in zip(looks, starts, strict=True)])


def _browsing(rng: np.random.Generator, people: People, user: np.ndarray, began: np.ndarray, weights: np.ndarray) -> pl.DataFrame:
    """Views of the day's visits, some 40 seconds apart; what a user likes more is rather put into the basket."""
    views = np.minimum(rng.geometric(1 / VIEWS, user.size), MOST_VIEWS)
    visit = np.repeat(np.arange(user.size), views)
    pause = 3_000 + rng.exponential(37_000, visit.size).astype(np.int64)
    first = np.cumsum(views) - views
    elapsed = np.cumsum(pause)
    item = chosen_items(rng, people, user[visit], weights)
    liking = people.utility(user[visit], item[:, None])[:, 0]
    return _looks(
        np.minimum(TO_CART * np.exp(LIKING * (liking - TYPICAL_LIKING)), 0.6),
        BUY,
        user=user[visit],
        visit=visit,
        ms=began[visit] + elapsed - elapsed[first[visit]],
        item=item,
    )


def _following(rng: np.random.Generator, world: SimulatedMarketplace, shown: Shown, weights: np.ndarray) -> pl.DataFrame:
    """Looks at one item of a list by those who follow it, earlier places rather than later ones, within two hours."""
    bucket = world.users.get_column("bucket").gather(shown.user)
    rate = bucket.replace_strict(world.follow_rates, return_dtype=pl.Float64).to_numpy()
    followed = np.flatnonzero(rng.random(shown.user.size) < rate)
    by_place = 1 / np.log2(np.arange(LIST_LENGTH) + 2)
    place = rng.choice(LIST_LENGTH, followed.size, p=by_place / by_place.sum())
    item = shown.items[followed, place]
    return _looks(
        np.where(weights[item] > 0, FOLLOWED_BUY, 0.0),
        1.0,
        user=shown.user[followed],
        visit=np.arange(followed.size),
        ms=shown.millisecond[followed] + rng.integers(60_000, 105 * 60_000, followed.size),
        item=item,
    )


def _coming_back(rng: np.random.Generator, planned: list[pl.DataFrame], weights: np.ndarray) -> pl.DataFrame:
    """Looks at what is used up and bought again: one visit for each user, all of it bought if it is still sold."""
    due = pl.concat([pl.DataFrame(schema={"user": pl.Int64, "item": pl.Int64}), *planned]).unique().sort("user", "item")
    due = due.filter(pl.Series(weights).gather(due.get_column("item")) > 0)
    user = due.get_column("user").to_numpy()
    _, visit, counts = np.unique(user, return_inverse=True, return_counts=True)
    within = np.arange(user.size) - (np.cumsum(counts) - counts)[visit]
    began = rng.integers(5 * HOUR, 21 * HOUR, counts.size)
    return _looks(1.0, 1.0, user=user, visit=visit, ms=began[visit] + within * 25_000, item=due.get_column("item").to_numpy())


def _with_complements(
    rng: np.random.Generator, world: SimulatedMarketplace, wanted: pl.DataFrame, prices: np.ndarray, weights: np.ndarray
) -> pl.DataFrame:
    """Add the complements of what is bought, where chance says so."""
    place = pl.DataFrame({"nm": world.items.get_column("nm")}).with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    pairs = world.complements.join(place, left_on="item", right_on="nm").join(
        place, left_on="complement", right_on="nm", suffix="_of_complement"
    )
    pairs = pairs.select(pl.col("place").alias("item"), pl.col("place_of_complement").alias("complement"), "chance")
    pairs = pairs.filter(pl.Series(weights).gather(pairs.get_column("complement")) > 0)
    joined = wanted.join(pairs, on="item", maintain_order="left")
    joined = joined.filter(pl.Series(rng.random(joined.height), dtype=pl.Float64) < pl.col("chance"))
    price = pl.Series("price", prices).gather(joined.get_column("complement"))
    added = joined.with_columns(price, pl.col("complement").alias("item")).select(wanted.columns)
    return pl.concat([wanted, added]).unique(["visit", "item"], keep="first", maintain_order=True)


def _at_the_till(rng: np.random.Generator, world: SimulatedMarketplace, bought: pl.DataFrame, looked: pl.DataFrame) -> pl.DataFrame:
    """Purchases: everything that was bought on a visit in one row, after the visit's last look."""
    last = looked.group_by("visit").agg(pl.col("ms").max().alias("last"))
    pieces = pl.Series(1 + rng.choice(len(QUANTITIES), bought.height, p=QUANTITIES))
    used_up = world.items.get_column("consumable").gather(bought.get_column("item"))
    return bought.join(last, on="visit", maintain_order="left").with_columns(
        pl.lit("purchase").alias("event_type"),
        (pl.col("last") + 45_000).alias("ms"),
        pl.when(used_up).then(pieces).otherwise(1).alias("quantity"),
    )


def _plan(rng: np.random.Generator, world: SimulatedMarketplace, bought: pl.DataFrame, day: dt.date, due: _Due) -> None:
    """Note what will be used up, and what will be brought back."""
    period = world.items.get_column("period_days").gather(bought.get_column("item"))
    days = (period * pl.Series(rng.normal(1, PERIOD_DEVIATION, bought.height).clip(0.5))).round().cast(pl.Int64)
    again = bought.with_columns(days.alias("days")).filter(
        pl.Series(rng.random(bought.height), dtype=pl.Float64) < AGAIN, pl.col("days").is_not_null()
    )
    back = bought.with_columns(pl.Series("days", rng.integers(2, 13, bought.height))).filter(
        pl.Series(rng.random(bought.height), dtype=pl.Float64) < BROUGHT_BACK
    )
    refunds = back.with_columns(
        pl.lit("refund").alias("event_type"),
        pl.lit(None, dtype=pl.Int64).alias("visit"),
        pl.Series("ms", rng.integers(6 * HOUR, 20 * HOUR, back.height)),
    )
    for planned, kept, noted in ((again, ["user", "item"], due.repeats), (refunds, list(LINE_SCHEMA), due.refunds)):
        for (later,), rows in planned.group_by("days"):
            when = day + dt.timedelta(days=int(str(later)))
            if when <= world.last_day:
                noted[when].append(rows.select(kept))


def _put_into_basket(rng: np.random.Generator, carted: pl.DataFrame) -> pl.DataFrame:
    moments = pl.col("ms") + pl.Series(rng.integers(500, 2_900, carted.height))
    return carted.with_columns(
        pl.lit("add_to_cart").alias("event_type"), moments.alias("ms"), pl.lit(1, dtype=pl.Int64).alias("quantity")
    )


def _without_items(rng: np.random.Generator, looked: pl.DataFrame) -> pl.DataFrame:
    """Engagement somewhere after a view, and pages that visits begin with."""
    engaged = looked.filter(pl.Series(rng.random(looked.height), dtype=pl.Float64) < ENGAGEMENT)
    began = looked.group_by("visit", maintain_order=True).agg(pl.col("user").first(), pl.col("ms").min())
    began = began.filter(pl.Series(rng.random(began.height), dtype=pl.Float64) < PAGEVIEW)
    frames = []
    for kind, rows, shift in (("user_engagement", engaged, 1_700), ("pageview", began, -900)):
        columns = {name: rows.get_column(name).to_numpy() for name in ("user", "visit", "ms")}
        frames.append(lines(kind, **{**columns, "ms": np.maximum(columns["ms"] + shift, 0)}))
    return pl.concat(frames)


def _bots(
    rng: np.random.Generator, world: SimulatedMarketplace, day: dt.date, weights: np.ndarray, prices: np.ndarray
) -> Iterator[pl.DataFrame]:
    """The views of those who read the catalogue all day long: every item as often as any other."""
    sold = np.flatnonzero(weights)
    for user in np.flatnonzero((world.users.get_column("bot_day") == day).fill_null(value=False).to_numpy()):
        count = int(rng.integers(*BOT_EVENTS))
        item = rng.choice(sold, count)
        moment = np.sort(rng.choice(24 * HOUR, count, replace=False))
        yield lines(
            "view_item", user=np.full(count, user), ms=moment, item=item, price=prices[item], quantity=np.ones(count, dtype=int)
        )
