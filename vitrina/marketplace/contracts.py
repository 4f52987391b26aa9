"""What the marketplace delivers: the log of events, the catalogue, rules on items, what was shown, what experts said of it."""

from vitrina.inbox.contract import Contract, Field, Kind
from vitrina.marketplace.raw_tables import (
    ITEM_LENGTH,
    LIST_LENGTH,
    MARKETPLACE,
    RawEvents,
    RawExpertVerdicts,
    RawItemRules,
    RawItems,
    RawShown,
)

USER_LENGTH = 200


_ITEM_ID = Field(
    "nm",
    Kind.TEXT,
    "Item, as events name it. It is text: 00123 keeps its zeros.",
    "138541021",
    target="item_id",
    required=True,
    may_be_empty=False,
    max_length=ITEM_LENGTH,
)
_USER = Field(
    "user_id",
    Kind.TEXT,
    "Identifier of the user. Only its keyed hash is stored; what stands here appears in no table, receipt or message.",
    "17850",
    target="user_hash",
    required=True,
    may_be_empty=False,
    max_length=USER_LENGTH,
    hashed=True,
)

ITEMS = Contract(
    name="items",
    product=MARKETPLACE,
    pattern="items.*",
    table=RawItems,
    fields=(
        _ITEM_ID,
        Field("title", Kind.TEXT, "Title of the item, as people know it.", "White metal lantern", max_length=1000),
        Field("category", Kind.TEXT, "Category of the item.", "Lighting", max_length=200),
        Field("available", Kind.YES_NO, "Whether the item can be bought now; where nothing is said, it can.", "yes"),
        Field(
            "available_from",
            Kind.DATE,
            "First day on which the item could be bought; may be planned up to two years ahead.",
            "2024-01-31",
            days_ahead=731,
        ),
    ),
    natural_key=("item_id",),
    unique_in_file=True,
)

ITEM_RULES = Contract(
    name="item_rules",
    product=MARKETPLACE,
    pattern="item_rules.*",
    table=RawItemRules,
    fields=(
        _ITEM_ID,
        Field(
            "rule",
            Kind.TEXT,
            "`deny`: the item is never recommended. `allow`: it is among the items that alone are recommended.",
            "deny",
            required=True,
            may_be_empty=False,
            lowercase=True,
            one_of=("deny", "allow"),
        ),
        Field("reason", Kind.TEXT, "Why, for whoever reads the rule a year later.", "recalled by the maker", max_length=500),
    ),
    natural_key=("item_id",),
    unique_in_file=True,
)

EVENTS = Contract(
    name="events",
    product=MARKETPLACE,
    pattern="events.*|events/*",
    table=RawEvents,
    fields=(
        _USER,
        Field(
            "event_type",
            Kind.TEXT,
            "What happened, in the log's own words.",
            "ec.purchase",
            required=True,
            may_be_empty=False,
            max_length=200,
        ),
        Field(
            "utc_event_time",
            Kind.MOMENT,
            "When it happened. A time without an offset is taken as UTC.",
            "2010-12-01 08:26:00+00:00",
            target="event_time",
            # a day of grace, for clocks of devices that run fast
            days_ahead=1,
            assume_utc=True,
        ),
        Field(
            "utc_event_date",
            Kind.DATE,
            "Day on which it happened, UTC.",
            "2010-12-01",
            target="event_date",
            days_ahead=1,
        ),
        Field("platform", Kind.TEXT, "Where it happened: on the site, in the Android or in the iOS app.", "Site", max_length=100),
        Field(
            "ecom.nm",
            Kind.TEXT,
            "Items of the event, as the text of a list: one for a view, several for a basket.",
            "[138541021, 84029]",
            target="items",
            max_length=LIST_LENGTH,
        ),
        Field(
            "ecom.price100",
            Kind.TEXT,
            "Price of one piece of each item, as the text of a list in the order of the items.",
            "[25500, 33900]",
            unit="minor currency units",
            target="prices",
            max_length=LIST_LENGTH,
        ),
        Field(
            "ecom.qty",
            Kind.TEXT,
            "Pieces of each item, as the text of a list in the order of the items.",
            "[1, 2]",
            unit="pieces",
            target="quantities",
            max_length=LIST_LENGTH,
        ),
    ),
    natural_key=("user_hash", "event_time", "event_type", "platform"),
    date_field="event_date",
)

SHOWN = Contract(
    name="shown",
    product=MARKETPLACE,
    pattern="shown/*",
    table=RawShown,
    fields=(
        _USER,
        Field(
            "shown_at",
            Kind.MOMENT,
            "When the list was shown, or would have been.",
            "2024-01-31T09:30:00Z",
            required=True,
            may_be_empty=False,
            days_ahead=1,
        ),
        Field(
            "bucket",
            Kind.TEXT,
            "`recommended`: the user saw the list. `holdout`: the user was in the part of the experiment that does not.",
            "recommended",
            required=True,
            may_be_empty=False,
            lowercase=True,
            one_of=("recommended", "holdout"),
        ),
        Field("version", Kind.TEXT, "Published version that the list was taken from.", "20240131T093000", max_length=100),
        Field(
            "items",
            Kind.TEXT,
            "Items of the list, best first, as the text of a list.",
            "[138541021, 84029]",
            required=True,
            may_be_empty=False,
            max_length=LIST_LENGTH,
        ),
    ),
    natural_key=("user_hash", "shown_at"),
)

EXPERT_VERDICTS = Contract(
    name="expert_verdicts",
    product=MARKETPLACE,
    pattern="expert_verdicts/*",
    table=RawExpertVerdicts,
    fields=(
        Field(
            "pilot",
            Kind.TEXT,
            "Identifier of the pilot, as its sheet says.",
            "2024-06",
            required=True,
            may_be_empty=False,
            max_length=100,
        ),
        Field(
            "case",
            Kind.TEXT,
            "Number of the user in the sheet; it identifies nobody outside of it.",
            "17",
            required=True,
            may_be_empty=False,
            max_length=20,
        ),
        _ITEM_ID,
        Field("expert", Kind.TEXT, "Who judged: a name or initials.", "A. B.", max_length=100),
        Field(
            "suits", Kind.YES_NO, "Whether the item suits the user; leave it empty where it cannot be said.", "yes", required=True
        ),
    ),
    natural_key=("pilot", "case", "item_id", "expert"),
)

CONTRACTS: tuple[Contract, ...] = (ITEMS, ITEM_RULES, EVENTS, SHOWN, EXPERT_VERDICTS)
"""Masters first. No contract refers to another: events may name items that no catalogue has."""
