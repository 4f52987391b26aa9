"""What the bank delivers about its small-business clients: one contract per kind of file."""

from vitrina.inbox.contract import Contract, Field, Kind, OpenFamily
from vitrina.propensity.raw_tables import (
    COLUMN_KINDS,
    DIRECTIONS,
    FEATURE_LENGTH,
    FEATURE_PREFIX,
    ID_LENGTH,
    PROPENSITY,
    TEXT_LENGTH,
    RawClients,
    RawColumnRules,
    RawContacts,
    RawOpenings,
    RawPayments,
    RawTexts,
)

ABSURD_AMOUNT = 1e12

_CLIENT_ID = Field(
    "client_id",
    Kind.TEXT,
    "The bank's own identifier of the client. It is text: 00123 keeps its zeros.",
    "00123",
    required=True,
    may_be_empty=False,
    max_length=ID_LENGTH,
)


def _day(name: str, meaning: str, *, required: bool = True) -> Field:
    return Field(name, Kind.DATE, meaning, "2024-01-31", required=required, may_be_empty=not required)


CLIENTS = Contract(
    name="clients",
    product=PROPENSITY,
    pattern="clients/*",
    table=RawClients,
    fields=(
        _CLIENT_ID,
        _day("snapshot_date", "Day of the snapshot. Every other column says what was known on it, and nothing later."),
        Field("segment", Kind.TEXT, "Segment of the client.", "small business", lowercase=True, max_length=200),
        Field("okved", Kind.TEXT, "Main activity by OKVED.", "47.11", max_length=20),
        Field("status", Kind.TEXT, "Legal status.", "active", lowercase=True, max_length=200),
        _day("liquidated_on", "Day of liquidation, where that was known on the day of the snapshot.", required=False),
        _day("registered_on", "Day of registration.", required=False),
    ),
    natural_key=("client_id", "snapshot_date"),
    unique_in_file=True,
    open_family=OpenFamily(
        FEATURE_PREFIX,
        Kind.TEXT,
        "A further column: a number or a category, known on the day of the snapshot.",
        "125000",
        max_length=FEATURE_LENGTH,
    ),
    date_field="snapshot_date",
)

OPENINGS = Contract(
    name="openings",
    product=PROPENSITY,
    pattern="openings.*|openings/*",
    table=RawOpenings,
    fields=(_CLIENT_ID, _day("opened_on", "Day on which the settlement account was opened.")),
    natural_key=("client_id", "opened_on"),
    date_field="opened_on",
)

PAYMENTS = Contract(
    name="payments",
    product=PROPENSITY,
    pattern="payments/*",
    table=RawPayments,
    fields=(
        _CLIENT_ID,
        _day("date", "Day of the payment."),
        Field(
            "amount",
            Kind.MONEY_MINOR,
            "Amount of the payment, above zero: the direction has a column of its own.",
            "1234.56",
            unit="currency",
            target="amount_minor",
            required=True,
            may_be_empty=False,
            low=0,
            high=ABSURD_AMOUNT,
        ),
        Field(
            "direction",
            Kind.TEXT,
            "Whether money came in or went out.",
            "in",
            required=True,
            may_be_empty=False,
            lowercase=True,
            one_of=DIRECTIONS,
        ),
        Field("counterparty", Kind.TEXT, "Who was paid, or who paid.", "7701234567", max_length=200),
    ),
    natural_key=("client_id", "date"),
    date_field="date",
)

TEXTS = Contract(
    name="texts",
    product=PROPENSITY,
    pattern="texts.*|texts/*",
    table=RawTexts,
    fields=(
        _CLIENT_ID,
        Field(
            "text",
            Kind.TEXT,
            "What the firm does, or purposes of its payments.",
            "Retail of bread and pastry",
            required=True,
            may_be_empty=False,
            max_length=TEXT_LENGTH,
        ),
        _day(
            "known_since",
            "Day since which the text is known. Without it, the text is taken as known from the start.",
            required=False,
        ),
    ),
    natural_key=("client_id", "text"),
    date_field=None,
)

CONTACTS = Contract(
    name="contacts",
    product=PROPENSITY,
    pattern="contacts.*|contacts/*",
    table=RawContacts,
    fields=(
        _CLIENT_ID,
        _day("date", "Day of the contact."),
        Field(
            "channel",
            Kind.TEXT,
            "Channel of the contact.",
            "manager",
            required=True,
            may_be_empty=False,
            lowercase=True,
            max_length=100,
        ),
        Field(
            "cost",
            Kind.MONEY_MINOR,
            "Cost of the contact.",
            "150.00",
            unit="currency",
            target="cost_minor",
            low=0,
            high=ABSURD_AMOUNT,
        ),
        Field("rule", Kind.TEXT, "Why the client was chosen.", "age of the firm above 2 years", max_length=200),
    ),
    natural_key=("client_id", "date", "channel"),
    date_field="date",
)

COLUMN_RULES = Contract(
    name="columns",
    product=PROPENSITY,
    pattern="columns.*",
    table=RawColumnRules,
    fields=(
        Field(
            "column",
            Kind.TEXT,
            "Column of the snapshots.",
            "turnover",
            target="column_name",
            required=True,
            may_be_empty=False,
            max_length=200,
        ),
        Field("kind", Kind.TEXT, "Whether it holds numbers or categories.", "number", lowercase=True, one_of=COLUMN_KINDS),
        Field("use", Kind.YES_NO, "Whether it takes part in scoring; where nothing is said, it does.", "no"),
        Field("reason", Kind.TEXT, "Why, for whoever reads the rule a year later.", "moves with the economy, not the client"),
    ),
    natural_key=("column_name",),
    unique_in_file=True,
)

CONTRACTS: tuple[Contract, ...] = (CLIENTS, OPENINGS, PAYMENTS, TEXTS, CONTACTS, COLUMN_RULES)
