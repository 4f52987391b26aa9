"""What a file of decisions holds: Vitrina writes it from the state store, and reads it as it reads any delivery."""

from vitrina.inbox.contract import Contract, Field, Kind
from vitrina.stores.decision_tables import (
    IDENTIFIER_LENGTH,
    KINDS,
    LARGEST_NUMBER,
    NAME_LENGTH,
    PERSON_LENGTH,
    REASON_LENGTH,
    SCENARIO_LENGTH,
    RawDecisions,
)

DECISIONS = Contract(
    name="decisions",
    product="stores",
    pattern="decisions/*",
    table=RawDecisions,
    fields=(
        Field(
            "decision_id",
            Kind.TEXT,
            "Identifier of the decision, never used twice.",
            "5f0c6f3a9d3b4c0f8a57c1f0e2b9d6aa",
            required=True,
            may_be_empty=False,
            max_length=IDENTIFIER_LENGTH,
        ),
        Field("kind", Kind.TEXT, f"One of {', '.join(KINDS)}.", "move", required=True, may_be_empty=False, one_of=KINDS),
        Field(
            "made_at",
            Kind.MOMENT,
            "When it was decided, with the offset from UTC.",
            "2024-04-12T09:30:00Z",
            required=True,
            may_be_empty=False,
            # a day of grace, because clocks differ
            days_ahead=1,
        ),
        Field(
            "made_by", Kind.TEXT, "Who decided.", "category.manager", required=True, may_be_empty=False, max_length=PERSON_LENGTH
        ),
        Field(
            "reason",
            Kind.TEXT,
            "Why, in words that others understand later.",
            "Rebuilt in March: trades like the large ones.",
            required=True,
            may_be_empty=False,
            max_length=REASON_LENGTH,
        ),
        Field(
            "quarter",
            Kind.DATE,
            "First day of the quarter that the decision is about.",
            "2024-01-01",
            required=True,
            may_be_empty=False,
            begins_quarter=True,
        ),
        Field("version", Kind.INTEGER, "The approved version; empty for the quarter's request.", "2", low=1, high=LARGEST_NUMBER),
        Field(
            "scenario",
            Kind.TEXT,
            "The request as JSON: what is approved or rejected.",
            '{"formats":["hypermarket"]}',
            max_length=SCENARIO_LENGTH,
        ),
        Field(
            "fingerprint", Kind.TEXT, "Fingerprint of the result that the person saw.", "9c1f0b7e52aa", max_length=IDENTIFIER_LENGTH
        ),
        Field(
            "cluster",
            Kind.INTEGER,
            "Cluster to rename or to move to; empty where a move is taken back.",
            "3",
            low=1,
            high=LARGEST_NUMBER,
        ),
        Field("name", Kind.TEXT, "New name of the cluster.", "Large stores at the ring road", max_length=NAME_LENGTH),
        Field("store_id", Kind.TEXT, "Store to move.", "00123", max_length=IDENTIFIER_LENGTH),
    ),
    natural_key=("decision_id",),
    unique_in_file=True,
    date_field="quarter",
)
