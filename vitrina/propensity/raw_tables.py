"""What the bank delivers: monthly snapshots of clients, openings, and optional payments, texts, contacts and remarks on columns."""

import datetime as dt

from vitrina.inbox.tables import Delivered, Deliveries, RefusedRows
from vitrina.tables import column, family

PROPENSITY = "propensity"
ID_LENGTH = 100
CLIENT = "The bank's own identifier of the client."
FEATURE_PREFIX = "x_"
FEATURE_LENGTH = 500
TEXT_LENGTH = 20_000
DIRECTIONS = ("in", "out")
COLUMN_KINDS = ("number", "category")


class PropensityDeliveries(Deliveries, product=PROPENSITY, name="deliveries", published=True):
    """One row per known version of a delivered file: what was read, loaded, refused, and why."""


class PropensityRefusedRows(RefusedRows, product=PROPENSITY, name="refused_rows", published=True):
    """One row per value that was refused. The rest of its row was not loaded either; nothing else was held up."""


class RawClients(Delivered, product=PROPENSITY):
    """One row per client and snapshot, as delivered: what was known of the client on that day."""

    client_id: str = column(CLIENT, max_length=ID_LENGTH)
    snapshot_date: dt.date = column("Day of the snapshot: whatever is later was not known.")
    segment: str = column("Segment, in the bank's own words; lower case.", nullable=True, max_length=200)
    okved: str = column("Main activity by OKVED, e.g. 47.11.", nullable=True, max_length=20)
    status: str = column("Legal status, in the bank's own words; lower case.", nullable=True, max_length=200)
    liquidated_on: dt.date = column("Day of liquidation, as known on the day of the snapshot.", nullable=True)
    registered_on: dt.date = column("Day of registration.", nullable=True)
    features: str = family(rf"{FEATURE_PREFIX}\w+", "A further column, as delivered.")


class RawOpenings(Delivered, product=PROPENSITY):
    """One row per opening of a settlement account, as delivered."""

    client_id: str = column(CLIENT, max_length=ID_LENGTH)
    opened_on: dt.date = column("Day of opening.")


class RawPayments(Delivered, product=PROPENSITY):
    """One row per payment, as delivered."""

    client_id: str = column(CLIENT, max_length=ID_LENGTH)
    date: dt.date = column("Day of the payment.")
    amount_minor: int = column("Amount, above zero.", unit="minor currency units", ge=0)
    direction: str = column("Whether money came in or went out.", isin=DIRECTIONS)
    counterparty: str = column("Who was paid, or who paid.", nullable=True, max_length=200)


class RawTexts(Delivered, product=PROPENSITY):
    """One row per text about a client, as delivered: what the firm does, or purposes of payments."""

    client_id: str = column(CLIENT, max_length=ID_LENGTH)
    text: str = column("The text.", max_length=TEXT_LENGTH)
    known_since: dt.date = column("Day since which it is known; empty: as long as the client.", nullable=True)


class RawContacts(Delivered, product=PROPENSITY):
    """One row per offer that was made to a client, as delivered."""

    client_id: str = column(CLIENT, max_length=ID_LENGTH)
    date: dt.date = column("Day of the contact.")
    channel: str = column("Channel, e.g. manager or banner; lower case.", max_length=100)
    cost_minor: int = column("Cost of the contact.", unit="minor currency units", nullable=True, ge=0)
    rule: str = column("Why the client was chosen: today's rule, or the file of the optimiser.", nullable=True, max_length=200)


class RawColumnRules(Delivered, product=PROPENSITY):
    """One row per column of the snapshots that people have typed or left out, as delivered."""

    column_name: str = column("The column, as the snapshots name it.", max_length=200)
    kind: str = column("Whether it holds numbers or categories; empty: as it looks.", nullable=True, isin=COLUMN_KINDS)
    use: bool = column("Whether it takes part in scoring.", nullable=True)
    reason: str = column("Why, for people.", nullable=True, max_length=500)


RAW_TABLES = (RawClients, RawOpenings, RawPayments, RawTexts, RawContacts, RawColumnRules)
