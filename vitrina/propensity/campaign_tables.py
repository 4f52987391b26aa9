"""What goes to the optimiser each month, and what the offers have brought."""

import datetime as dt

from vitrina.propensity.raw_tables import CLIENT, PROPENSITY
from vitrina.tables import Table, column

OFFER, CONTROL = "offer", "control"
GROUPS = (OFFER, CONTROL)
FORMATS = ("csv", "parquet")

_MONTH = "First day of the month of the snapshot."
_SHA256 = "^[0-9a-f]{64}$"


class CampaignLists(Table, product=PROPENSITY, published=True, partitioned_by="month"):
    """One row per month and client in the optimiser's file: those to be offered the account, and those left alone to compare."""

    month: dt.date = column(_MONTH, key=True)
    client_id: str = column(CLIENT, key=True, personal=True)
    snapshot_date: dt.date = column("Day of the snapshot: openings count after it.")
    rank: int = column("Place by probability among all clients of the month, 1 the likeliest.", ge=1)
    probability: float = column("Calibrated probability.", unit="ratio", ge=0, le=1)
    expected_value_minor: int = column(
        "Probability times the value of an opening, less the cost of a contact.", unit="minor currency units", gt=0
    )
    group: str = column("Whether the client is offered the account, or left alone by chance.", isin=GROUPS)
    model_version: str = column("Model that made the probability.")


class OptimiserFiles(Table, product=PROPENSITY, published=True, partitioned_by="month"):
    """One row per month and format: the file for the marketing optimiser."""

    month: dt.date = column(_MONTH, key=True)
    format: str = column("Format of the file.", key=True, isin=FORMATS)
    path: str = column("Path of the file, relative to the data folder.")
    rows: int = column("Clients in it.", unit="clients", ge=1)
    control_rows: int = column("Clients of the control group among them.", unit="clients", ge=0)
    sha256: str = column("SHA-256 of the file.", pattern=_SHA256)
    model_version: str = column("Model that made the probabilities.")
    manifest: str = column("Path of the manifest, relative to the data folder.")


class CampaignEffect(Table, product=PROPENSITY, published=True):
    """One row per month whose openings are all known, comparison and measure: what the offers have brought."""

    month: dt.date = column(_MONTH, key=True)
    comparison: str = column("What is compared, or the channel and why its clients were chosen.", key=True)
    measure: str = column("What is measured.", key=True)
    value: float = column("Value.", nullable=True)
    low: float = column("Lower end of the 95 % interval.", nullable=True)
    high: float = column("Upper end of it.", nullable=True)
    n_offer: int = column(
        "Clients in the offer group, contacted by the channel, or at the top of the ranking.", unit="clients", ge=0
    )
    n_control: int = column("Clients in the control group, or contacted by today's rule.", unit="clients", ge=0)
    openings_offer: int = column("Openings among the first.", unit="openings", ge=0)
    openings_control: int = column("Openings among the second.", unit="openings", ge=0)
    excludes_zero: bool = column(
        "Whether the interval leaves out no effect: 0 for a difference, 1 for a ratio; empty where nothing is compared.",
        nullable=True,
    )


CAMPAIGN_TABLES: tuple[type[Table], ...] = (CampaignLists, OptimiserFiles, CampaignEffect)
