"""What the ledger says of each product, for its card on the first page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.deliveries.desk import SELLERS, Desk, desk_of, seen_products, seen_stores
from serving.web.service import Service
from serving.web.visitors import Visitor
from vitrina.errors import VitrinaError
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.ledger_reading import LedgerReader, Standing

SHOWN = 3
"""Files that a card names."""


@dataclass(frozen=True)
class DeliveryCard:
    """What was delivered for a product, what is loaded, what waits, and what is to be computed anew.

    Attributes
    ----------
    standing
        Of all files.
    latest
        The last delivery; None before the first.
    trouble
        Files that were not loaded, the latest first.
    waiting
        Files that no run has read yet; None where nobody can say.
    stale
        Periods to be computed again, each with the time since when.
    videos
        Videos by what became of them.
    problem
        Why nothing can be said.
    """

    standing: Standing = field(default_factory=Standing)
    latest: Entry | None = None
    trouble: tuple[Entry, ...] = ()
    waiting: int | None = None
    stale: tuple[tuple[str, dt.datetime], ...] = ()
    videos: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


def delivery_cards(service: Service, visitor: Visitor) -> dict[str, DeliveryCard]:
    """A card per product whose deliveries somebody sees; of sellers also for whoever sees the videos of some stores."""
    desk = desk_of(service)
    try:
        return _cards(desk, visitor)
    except VitrinaError as error:
        # a ledger that cannot be read must not take the first page away
        return dict.fromkeys(seen_products(visitor), DeliveryCard(problem=error.problem))


def _cards(desk: Desk, visitor: Visitor) -> dict[str, DeliveryCard]:
    with desk.ledger.snapshot() as ledger:
        cards = _of_products(desk, ledger, visitor)
    stores = seen_stores(visitor)
    if SELLERS not in cards and stores:
        cards[SELLERS] = DeliveryCard(videos=desk.videos.counts(stores))
    return cards


def _of_products(desk: Desk, ledger: LedgerReader, visitor: Visitor) -> dict[str, DeliveryCard]:
    standing, stale, cards = ledger.standing(), ledger.stale(), {}
    for product in seen_products(visitor):
        latest, _ = ledger.deliveries([product], limit=1)
        waiting = desk.waiting(ledger, product)
        cards[product] = DeliveryCard(
            standing=standing.get(product, Standing()),
            latest=latest[0] if latest else None,
            trouble=tuple(entry for entry in ledger.needing_attention([product], SHOWN) if entry.state is State.QUARANTINED),
            waiting=None if waiting is None else len(waiting),
            stale=tuple(stale.get(product, ())),
            videos=desk.videos.counts(None) if product == SELLERS else {},
        )
    return cards
