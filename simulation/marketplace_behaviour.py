"""What users like, and what they see: utilities, the page of goods that a visit starts from, the lists that are shown.

A user does not look at the whole catalogue. `PAGE` items are drawn by popularity, and one of them is chosen by taste and
price (a softmax by the Gumbel-max trick: Gumbel 1954, Maddison et al. 2014). The larger the page, the nearer this is to a
softmax over the catalogue of utility plus log popularity; its cost does not depend on the catalogue's size.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from simulation.marketplace import SimulatedMarketplace

PAGE = 24
TASTE_WEIGHT = 3.0
PRICE_WEIGHT = 1.1
"""What a price e times too high or too low takes from the utility."""

LIST_LENGTH = 10
LIST_PAGE = 60
CHUNK = 50_000
"""Choices made at a time: bounds memory."""

DISCOUNT = 0.85
WEEKS_TO_DISCOUNT = 13
"""Every item is on offer in one week of so many."""

HOUR_WEIGHTS = np.array([2, 1, 1, 1, 2, 4, 6, 7, 7, 8, 9, 9, 8, 8, 9, 10, 12, 14, 14, 12, 9, 6], dtype=float)
"""Visits begin by these weights over the hours, UTC; none begins after 22:00, so that it ends on its own day."""

WEEKDAY_WEIGHTS = (1.0, 0.95, 0.92, 0.95, 1.0, 1.1, 1.15)
"""From Monday."""

HOUR = 3_600_000
"""In milliseconds."""


@dataclass(frozen=True)
class People:
    """Users and items as arrays, by place in the frames of `SimulatedMarketplace`.

    Attributes
    ----------
    user_taste, item_taste
        Shapes ``(n_users, TASTES)`` and ``(n_items, TASTES)``.
    price_level, log_price
        Of users and of items.
    """

    user_taste: np.ndarray
    item_taste: np.ndarray
    price_level: np.ndarray
    log_price: np.ndarray

    @classmethod
    def of(cls, world: SimulatedMarketplace) -> People:
        """Taken from the frames."""
        return cls(
            user_taste=world.users.get_column("taste").to_numpy(),
            item_taste=world.items.get_column("taste").to_numpy(),
            price_level=world.users.get_column("price_level").to_numpy().astype(np.float32),
            log_price=world.items.get_column("log_price").to_numpy().astype(np.float32),
        )

    def utility(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """What each user finds in each of the items beside him.

        Parameters
        ----------
        users
            Places of users, shape ``(n,)``.
        items
            Places of items, shape ``(n, k)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(n, k)``.
        """
        taste = np.einsum("nt,nkt->nk", self.user_taste[users], self.item_taste[items])
        gap = np.abs(self.log_price[items] - self.price_level[users][:, None])
        return np.asarray(TASTE_WEIGHT * taste - PRICE_WEIGHT * gap)


@dataclass(frozen=True)
class Shown:
    """Lists of recommendations of one day.

    Attributes
    ----------
    user
        Places of users, shape ``(n,)``; a user is shown one list a day.
    millisecond
        Of the day.
    items
        Places of items, shape ``(n, LIST_LENGTH)``; each list holds an item once.
    """

    user: np.ndarray
    millisecond: np.ndarray
    items: np.ndarray


def randomness(world: SimulatedMarketplace, day: dt.date, purpose: int) -> np.random.Generator:
    """A generator of its own for each day and purpose: the day's visits are the same whoever asks for them."""
    return np.random.default_rng([world.seed, purpose, day.toordinal()])


def item_weights(world: SimulatedMarketplace, day: dt.date) -> np.ndarray:
    """Popularity of the items on a day, sums to one; 0 for what is not there yet or sold out."""
    items = world.items
    progress = (day - world.first_day).days / world.extent.days - 0.5
    log_popularity = items.get_column("log_popularity").to_numpy() + items.get_column("trend").to_numpy() * progress
    sold = (items.get_column("available_from") <= day) & (items.get_column("last_sold_on").fill_null(dt.date.max) >= day)
    weights = np.where(sold.to_numpy(), np.exp(log_popularity), 0.0)
    return np.asarray(weights / weights.sum())


def prices_on(world: SimulatedMarketplace, day: dt.date) -> np.ndarray:
    """Prices of the day in kopecks: the item's own, or less in its week of discount."""
    price = world.items.get_column("price100").to_numpy()
    on_offer = (np.arange(price.size) * 7 + day.toordinal() // 7) % WEEKS_TO_DISCOUNT == 0
    return np.asarray(np.where(on_offer, np.round(price * DISCOUNT / 100).astype(np.int64) * 100, price))


def visits_on(world: SimulatedMarketplace, day: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """The day's visits: places of users, and the milliseconds of the day at which they begin."""
    rng = randomness(world, day, 1)
    joined = (world.users.get_column("joined_on") <= day).to_numpy()
    mean = world.users.get_column("visits").to_numpy() * WEEKDAY_WEIGHTS[day.weekday()] * joined
    user = np.repeat(np.arange(mean.size), rng.poisson(mean))
    hour = rng.choice(HOUR_WEIGHTS.size, user.size, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    return user, np.asarray(hour * HOUR + rng.integers(0, HOUR, user.size))


def chosen_items(rng: np.random.Generator, people: People, users: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One item for each user, from a page of its own; shape ``(n,)``."""
    popular = np.cumsum(weights)
    choices = [np.empty(0, dtype=np.int64)]
    for start in range(0, users.size, CHUNK):
        part = users[start : start + CHUNK]
        page = np.searchsorted(popular, rng.random((part.size, PAGE)) * popular[-1], side="right")
        best = np.argmax(people.utility(part, page) + rng.gumbel(size=page.shape), axis=1)
        choices.append(page[np.arange(part.size), best])
    return np.concatenate(choices)


def lists_on(world: SimulatedMarketplace, people: People, day: dt.date, weights: np.ndarray) -> Shown:
    """The lists of a day: one for each user's first visit, near the user's taste; none before `shown_from`.

    The hold-out's lists are those that they would have been shown.
    """
    rng = randomness(world, day, 2)
    user, began = visits_on(world, day)
    if day < world.shown_from:
        user, began = user[:0], began[:0]
    order = np.lexsort((began, user))
    visitor, first = np.unique(user[order], return_index=True)
    page = np.searchsorted(np.cumsum(weights), rng.random((visitor.size, LIST_PAGE)) * weights.sum(), side="right")
    page = np.sort(page, axis=1)
    twice = np.zeros(page.shape, dtype=bool)
    twice[:, 1:] = page[:, 1:] == page[:, :-1]
    liking = np.where(twice, -np.inf, people.utility(visitor, page) + rng.gumbel(size=page.shape))
    best = np.argsort(-liking, axis=1)[:, :LIST_LENGTH]
    return Shown(visitor, began[order][first], np.take_along_axis(page, best, axis=1))
