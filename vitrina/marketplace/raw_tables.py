"""What the marketplace delivers: events, items, what was shown, and what experts think of it.

User identifiers are keyed hashes from the moment a file is read; what the marketplace calls its users is never stored.
"""

import datetime as dt

from vitrina.inbox.tables import MOMENT, Delivered, Deliveries, RefusedRows
from vitrina.tables import column

MARKETPLACE = "marketplace"
USER = "Keyed hash of the user's identifier."
ITEM_LENGTH = 200
LIST_LENGTH = 100_000
"""Longest text of a list: a basket of some thousand items."""


class MarketplaceDeliveries(Deliveries, product=MARKETPLACE, name="deliveries", published=True):
    """One row per known version of a delivered file: what was read, loaded, refused, and why."""


class MarketplaceRefusedRows(RefusedRows, product=MARKETPLACE, name="refused_rows"):
    """One row per value that was refused. The rest of its row was not loaded either; nothing else was held up."""


class RawEvents(Delivered, product=MARKETPLACE):
    """One row per event of the log, as delivered: a basket is one row, its items, prices and quantities are texts of lists."""

    user_hash: str = column(USER, personal=True, max_length=32)
    platform: str = column("Site, Android or iOS, as delivered.", nullable=True, max_length=100)
    event_time: MOMENT = column("When it happened.", nullable=True)
    event_date: dt.date = column("Day on which it happened, UTC.", nullable=True)
    event_type: str = column("What happened, in the log's own words.", max_length=200)
    items: str = column('Items, as the text of a list, e.g. `["17", "18"]`.', nullable=True, max_length=LIST_LENGTH)
    prices: str = column(
        "Prices per piece, as the text of a list.", unit="minor currency units", nullable=True, max_length=LIST_LENGTH
    )
    quantities: str = column("Quantities, as the text of a list.", unit="pieces", nullable=True, max_length=LIST_LENGTH)


class RawItems(Delivered, product=MARKETPLACE):
    """One row per item and delivered file, as the catalogue says."""

    item_id: str = column("The item as events name it.", max_length=ITEM_LENGTH)
    title: str = column("Title for people.", nullable=True, max_length=1000)
    category: str = column("Category.", nullable=True, max_length=200)
    available: bool = column("Whether it can be bought now; what is not said to be out of stock is available.", nullable=True)
    available_from: dt.date = column("First day on which it could be bought.", nullable=True)


class RawItemRules(Delivered, product=MARKETPLACE):
    """One row per item and delivered file that may never be recommended, or that alone may be."""

    item_id: str = column("The item as events name it.", max_length=ITEM_LENGTH)
    rule: str = column("Whether it is never recommended, or among those that alone are.", isin=("deny", "allow"))
    reason: str = column("Why, for people.", nullable=True, max_length=500)


class RawShown(Delivered, product=MARKETPLACE):
    """One row per list of recommendations that a user was shown, or would have been in the hold-out bucket."""

    user_hash: str = column(USER, personal=True, max_length=32)
    shown_at: MOMENT = column("When it was shown.")
    bucket: str = column("Part of the experiment: whether the user saw recommendations.", isin=("recommended", "holdout"))
    version: str = column("Version of the recommendations.", nullable=True, max_length=100)
    items: str = column("Items, as the text of a list.", max_length=LIST_LENGTH)


class RawExpertVerdicts(Delivered, product=MARKETPLACE):
    """One row per case, item and expert: whether the item suits that user, in the expert's eyes."""

    pilot: str = column("Identifier of the pilot, as its sheet says.", max_length=100)
    case: str = column("Number of the user in the sheet; no identifier.", max_length=20)
    item_id: str = column("The item as events name it.", max_length=ITEM_LENGTH)
    expert: str = column("Who judged.", personal=True, nullable=True, max_length=100)
    suits: bool = column("Whether the item suits the user; empty where the expert did not say.", nullable=True)


RAW_TABLES = (RawEvents, RawItems, RawItemRules, RawShown, RawExpertVerdicts)
