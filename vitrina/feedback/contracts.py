"""What a file of ratings holds: Vitrina writes it from the state store, and reads it as it reads any delivery."""

from vitrina.feedback.tables import (
    ABOUT,
    BEST,
    COMMENT_LENGTH,
    FEEDBACK,
    IDENTIFIER_LENGTH,
    KINDS,
    PAGE_LENGTH,
    PERSON_LENGTH,
    SUBJECT_LENGTH,
    VERSION_LENGTH,
    WORST,
    RawFeedback,
)
from vitrina.inbox.contract import Contract, Field, Kind

RATINGS = Contract(
    name="ratings",
    product=FEEDBACK,
    pattern="decisions/*",
    table=RawFeedback,
    fields=(
        Field(
            "decision_id",
            Kind.TEXT,
            "Identifier of the rating, never used twice.",
            "5f0c6f3a9d3b4c0f8a57c1f0e2b9d6aa",
            required=True,
            may_be_empty=False,
            max_length=IDENTIFIER_LENGTH,
        ),
        Field("kind", Kind.TEXT, f"Always {KINDS[0]}.", KINDS[0], required=True, may_be_empty=False, one_of=KINDS),
        Field(
            "made_at",
            Kind.MOMENT,
            "When the page was rated, with the offset from UTC.",
            "2026-10-12T09:30:00Z",
            required=True,
            may_be_empty=False,
            # a day of grace, because clocks differ
            days_ahead=1,
        ),
        Field(
            "made_by",
            Kind.TEXT,
            "Who rated it. It is stored, but neither published nor shown in receipts.",
            "category.manager",
            required=True,
            may_be_empty=False,
            max_length=PERSON_LENGTH,
            confidential=True,
        ),
        Field(
            "reason",
            Kind.TEXT,
            "What the person wrote.",
            "Cluster 3 is two kinds of store.",
            max_length=COMMENT_LENGTH,
            confidential=True,
        ),
        Field("about", Kind.TEXT, f"One of {', '.join(ABOUT)}.", "stores", required=True, may_be_empty=False, one_of=ABOUT),
        Field(
            "page",
            Kind.TEXT,
            "The page, as its address names it.",
            "clusters",
            required=True,
            may_be_empty=False,
            max_length=PAGE_LENGTH,
        ),
        Field(
            "subject", Kind.TEXT, "What the page was about, such as a request or a day.", "2026-07-01", max_length=SUBJECT_LENGTH
        ),
        Field(
            "published_version",
            Kind.TEXT,
            "Published version that the page showed.",
            "20261001T120000000000Z",
            max_length=VERSION_LENGTH,
        ),
        Field(
            "rating",
            Kind.INTEGER,
            f"From {WORST}, useless, to {BEST}, just what was needed.",
            "4",
            required=True,
            may_be_empty=False,
            low=WORST,
            high=BEST,
        ),
        Field(
            "requested_at",
            Kind.MOMENT,
            "When the person asked for the result, with the offset.",
            "2026-10-12T09:20:00Z",
            days_ahead=1,
        ),
        Field("reported_at", Kind.MOMENT, "When the result was there, with the offset.", "2026-10-12T09:21:30Z", days_ahead=1),
    ),
    natural_key=("decision_id",),
    unique_in_file=True,
    date_field="made_at",
)

CONTRACTS: tuple[Contract, ...] = (RATINGS,)
