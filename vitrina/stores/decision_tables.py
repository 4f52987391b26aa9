"""The raw table of what people decided about clusters."""

import datetime as dt

from vitrina.inbox.tables import MOMENT, Delivered
from vitrina.tables import column

KINDS = ("approve", "reject", "rename", "move")
SCENARIO_LENGTH = 20_000
REASON_LENGTH = 1_000
PERSON_LENGTH = 200
NAME_LENGTH = 200
IDENTIFIER_LENGTH = 100
LARGEST_NUMBER = 1_000_000_000
"""Of a version or a cluster: what is larger is a slip of the keyboard."""


class RawDecisions(Delivered, product="stores"):
    """One row per decision as it was recorded. None is ever changed or taken away: a later one stands against it."""

    decision_id: str = column("Identifier of the decision.", max_length=IDENTIFIER_LENGTH)
    kind: str = column("What was decided.", isin=KINDS)
    made_at: MOMENT = column("When it was decided.")
    made_by: str = column("Who decided.", personal=True, max_length=PERSON_LENGTH)
    reason: str = column("Why, in the words of who decided.", max_length=REASON_LENGTH)
    quarter: dt.date = column("First day of the quarter that the decision is about.")
    version: int = column("The approved version that is meant; empty for the request of the quarter.", nullable=True, ge=1)
    scenario: str = column("The request as JSON: to approve or reject.", nullable=True, max_length=SCENARIO_LENGTH)
    fingerprint: str = column("Fingerprint of the result that the person saw.", nullable=True, max_length=IDENTIFIER_LENGTH)
    cluster: int = column("Cluster to rename or to move to; empty where a move is taken back.", nullable=True, ge=1)
    name: str = column("New name of the cluster.", nullable=True, max_length=NAME_LENGTH)
    store_id: str = column("Store to move.", nullable=True, max_length=IDENTIFIER_LENGTH)
