"""Every table of the product, from the inbox to what people are shown. Marts are declared in `dbt_project`."""

import datetime as dt

from vitrina.inbox.tables import MOMENT
from vitrina.marketplace.judgement_tables import JUDGEMENT_TABLES
from vitrina.marketplace.pilot_tables import PILOT_TABLES
from vitrina.marketplace.raw_tables import (
    ITEM_LENGTH,
    MARKETPLACE,
    RAW_TABLES,
    USER,
    MarketplaceDeliveries,
    MarketplaceRefusedRows,
)
from vitrina.tables import Table, column

KINDS = ("view", "cart", "purchase", "refund")
"""What an event means for recommendations; everything else in the log is counted and left out."""

REASONS = ("bought again", "goes with", "similar taste", "new in category", "popular")
PRICE_BANDS = 5


class EventMeanings(Table, product=MARKETPLACE, published=True):
    """One row per event type that the settings map: what it means, and how much it says about liking an item."""

    event_type: str = column("What happened, in the log's own words.", key=True)
    kind: str = column("What it means here.", isin=KINDS)
    weight: float = column("Weight of one such event before it ages; refunds take purchases back instead.", ge=0)


class RecommenderSettings(Table, product=MARKETPLACE, published=True):
    """One row: the settings in force when the log was read."""

    bot_events_a_day: int = column(
        "Events of a user that count on one day; later ones are taken for a program's.", unit="events", ge=1
    )
    half_life_days: float = column("Age at which an event counts half.", unit="days", gt=0)
    min_users: int = column("Fewest users that a pair of items or a reason rests on.", unit="users", ge=1)
    horizon_days: int = column("How far ahead purchases are predicted.", unit="days", ge=1)
    list_length: int = column("Items in a list of recommendations.", unit="items", ge=1)


class InteractionMatrix(Table, product=MARKETPLACE):
    """One row per user and item that met: how strongly the events speak for it, when, and how often."""

    user_hash: str = column(USER, key=True, personal=True)
    item_id: str = column("The item as events name it.", key=True)
    weight: float = column("Sum over events of the weight of their kind, halved with every half-life of age.", gt=0)
    first_at: MOMENT = column("First event of the pair.")
    last_at: MOMENT = column("Last event of the pair.")
    events: int = column("Events of the pair, refunds left out.", unit="events", ge=1)
    views: int = column("Views.", unit="events", ge=0)
    carts: int = column("Times that it was put into the basket.", unit="events", ge=0)
    purchases: int = column("Purchases net of refunds.", unit="events", ge=0)


class ItemFeatures(Table, product=MARKETPLACE, published=True):
    """One row per item that the log or the catalogue knows: what it is, what it costs, who met it."""

    item_id: str = column("The item as events name it.", key=True)
    title: str = column("Title for people.", nullable=True)
    category: str = column("Category; empty where the catalogue has none.", nullable=True)
    price_minor: int = column("Median price per piece in events.", unit="minor currency units", nullable=True, gt=0)
    price_band: int = column("Fifth of the prices within the category, 1 the cheapest.", nullable=True, ge=1, le=PRICE_BANDS)
    main_platform: str = column("Platform of most of its events.", nullable=True)
    main_hour: int = column("Hour of the day of most of its events, UTC.", unit="hour", nullable=True, ge=0, le=23)
    main_weekday: int = column("Day of the week of most of its events, 1 is Monday.", nullable=True, ge=1, le=7)
    available: bool = column("Whether it can be bought now.")
    available_from: dt.date = column("First day on which it could be bought.", nullable=True)
    rule: str = column(
        "Whether it is never recommended, among those that alone are, or not on the list of those.",
        nullable=True,
        isin=("deny", "allow", "unlisted"),
    )
    first_at: MOMENT = column("First event.", nullable=True)
    last_at: MOMENT = column("Last event.", nullable=True)
    users: int = column("Users who met it.", unit="users", ge=0)
    buyers: int = column("Users who bought it.", unit="users", ge=0)


class UserFeatures(Table, product=MARKETPLACE):
    """One row per user: where and when they shop, and at which price level."""

    user_hash: str = column(USER, key=True, personal=True)
    platform: str = column("Platform of most of their events.", nullable=True)
    price_band: int = column("Median price band of what they bought, else of what they saw.", nullable=True, ge=1, le=PRICE_BANDS)
    main_hour: int = column("Hour of the day of most of their events, UTC.", unit="hour", nullable=True, ge=0, le=23)
    main_weekday: int = column("Day of the week of most of their events, 1 is Monday.", nullable=True, ge=1, le=7)
    first_at: MOMENT = column("First event.")
    last_at: MOMENT = column("Last event.")
    events: int = column("Events.", unit="events", ge=1)
    purchases: int = column("Purchases.", unit="events", ge=0)


class FeatureEncoders(Table, product=MARKETPLACE, published=True):
    """One row per feature that the models take: how it is encoded, and why so."""

    entity: str = column("Whose feature it is.", key=True, isin=("user", "item"))
    feature: str = column("Feature.", key=True)
    encoder: str = column("How it becomes numbers.", isin=("one-hot", "hashing", "identity"))
    values: int = column("Different values in the log.", unit="values", ge=0)
    # as an attribute, `columns` would hide the declaration's own method
    columns_taken: int = column("Columns that it takes in the model.", unit="columns", ge=0, name="columns")
    why: str = column("Why this encoder.")


class Recommendations(Table, product=MARKETPLACE, published=True):
    """One row per user and place: what to show, and why, in words."""

    user_hash: str = column(USER, key=True, personal=True)
    place: int = column("Place in the list, 1 is the first.", key=True, ge=1)
    item_id: str = column("Item to show.")
    score: float = column("Log-odds, by the re-ranker, that the user buys it within the horizon.")
    reason: str = column("Why it is shown.", isin=REASONS)
    reason_item_id: str = column("The item that the reason speaks of.", nullable=True)
    reason_days: int = column("Days that the reason speaks of.", unit="days", nullable=True, ge=1)
    reason_users: int = column("Different users that the reason rests on.", unit="users", ge=1)
    reason_en: str = column("The reason in English.")
    reason_ru: str = column("The reason in Russian.")


class SimilarItems(Table, product=MARKETPLACE, published=True):
    """One row per item and place: what goes with it, for the product's page."""

    item_id: str = column("Item whose page is open.", key=True, max_length=ITEM_LENGTH)
    place: int = column("Place in the list, 1 is the first.", key=True, ge=1)
    similar_item_id: str = column("Item to show beside it.")
    score: float = column("Cosine of the two items' users, shrunk for few users; for items without enough of them, of features.")
    users: int = column("Users who met both; 0 where features alone say so.", unit="users", ge=0)


class PopularItems(Table, product=MARKETPLACE, published=True):
    """One row per platform, price band and place: what to show to somebody of whom nothing else is known."""

    platform: str = column("Platform; `any` for all together.", key=True)
    price_band: int = column("Price band; 0 for all together.", key=True, ge=0, le=PRICE_BANDS)
    place: int = column("Place in the list, 1 is the first.", key=True, ge=1)
    item_id: str = column("Item to show.")
    users: int = column("Users who bought or saw it lately.", unit="users", ge=1)


class RecommenderModels(Table, product=MARKETPLACE, published=True):
    """One row: the factors that fresh answers are computed from, as a file of arrays."""

    as_of: dt.date = column("Day after the last event that the model knows.", key=True)
    path: str = column("Path of the file of factors, relative to the data folder.")
    fingerprint: str = column("SHA-256 of the file.", pattern="^[0-9a-f]{64}$")
    size: int = column("Size of the file.", unit="bytes", ge=1)
    components: int = column("Length of a factor.", ge=1)
    users: int = column("Users with a factor.", unit="users", ge=0)
    items: int = column("Items with a factor, cold ones included.", unit="items", ge=1)
    parameters: str = column("Parameters that the model was fitted with, as JSON.")


TABLES: tuple[type[Table], ...] = (
    *RAW_TABLES,
    MarketplaceRefusedRows,
    MarketplaceDeliveries,
    EventMeanings,
    RecommenderSettings,
    InteractionMatrix,
    ItemFeatures,
    UserFeatures,
    FeatureEncoders,
    *JUDGEMENT_TABLES,
    Recommendations,
    SimilarItems,
    PopularItems,
    RecommenderModels,
    *PILOT_TABLES,
)
