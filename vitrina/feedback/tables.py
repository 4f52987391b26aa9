"""The raw tables of what people think of result pages. Nothing is computed of them but the marts."""

from vitrina.inbox.tables import MOMENT, Delivered, Deliveries, RefusedRows
from vitrina.settings import PRODUCTS
from vitrina.tables import Table, column

FEEDBACK = "feedback"
KINDS = ("rating",)
ABOUT = (*PRODUCTS, "home")
"""What can be rated: the pages of each product, and the first page."""
WORST, BEST = 1, 5
IDENTIFIER_LENGTH = 100
PERSON_LENGTH = 200
COMMENT_LENGTH = 2_000
PAGE_LENGTH = 60
SUBJECT_LENGTH = 200
VERSION_LENGTH = 100


class FeedbackDeliveries(Deliveries, product=FEEDBACK, name="deliveries", published=True):
    """One row per known version of a delivered file: what was read, loaded, refused, and why."""


class FeedbackRefusedRows(RefusedRows, product=FEEDBACK, name="refused_rows"):
    """One row per value that was refused. The rest of its row was not loaded either; nothing else was held up."""


class RawFeedback(Delivered, product=FEEDBACK):
    """One row per rating as it was recorded. None is ever changed or taken away: who thinks otherwise later rates again."""

    decision_id: str = column("Identifier of the rating.", max_length=IDENTIFIER_LENGTH)
    kind: str = column("What was recorded.", isin=KINDS)
    made_at: MOMENT = column("When the page was rated.")
    made_by: str = column("Who rated it.", personal=True, max_length=PERSON_LENGTH)
    reason: str = column(
        "What the person wrote, with its line breaks; empty where nothing.",
        personal=True,
        nullable=True,
        max_length=COMMENT_LENGTH,
    )
    about: str = column("The product whose page was rated, or `home`.", isin=ABOUT)
    page: str = column("The page, as its address names it.", max_length=PAGE_LENGTH)
    subject: str = column(
        "What the page was about, such as a request or a day; empty for the page as a whole.",
        nullable=True,
        max_length=SUBJECT_LENGTH,
    )
    published_version: str = column(
        "Published version that the page showed; empty where it showed none.", nullable=True, max_length=VERSION_LENGTH
    )
    rating: int = column(f"From {WORST}, useless, to {BEST}, just what was needed.", ge=WORST, le=BEST)
    requested_at: MOMENT = column("When the person asked for the result; empty where nobody had to ask.", nullable=True)
    reported_at: MOMENT = column("When the result was there.", nullable=True)


TABLES: tuple[type[Table], ...] = (FeedbackDeliveries, FeedbackRefusedRows, RawFeedback)
