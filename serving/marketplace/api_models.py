"""What programs send and get, as OpenAPI describes it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from vitrina.marketplace.raw_tables import ITEM_LENGTH
from vitrina.marketplace.session import MOST_EVENTS
from vitrina.marketplace.tables import KINDS, PRICE_BANDS

USER_LENGTH = 200
PLATFORM_LENGTH = 100
MOST_ITEMS = 100
MOST_USERS = 500

USER = "Identifier of the user, as the log has it. It is hashed before anything else, and neither stored nor logged. Without it: a stranger."
PAGE_ITEM = "Item whose page is open."
PLATFORM = "Platform, as the log names it: for people of whom nothing else is known."
PRICE_BAND = "Price level, 1 the cheapest: for people of whom nothing else is known."
LOGGED = "Whether the list is shown, and is to be written down for the measurement of uptake; `false` for trials."

SuggestionReason = Literal["bought again", "goes with", "similar taste", "new in category", "popular"]
Scorer = Literal["reranker", "fresh_answers", "popularity"]
Fallback = Literal["deadline", "busy", "no model", "error"]
Group = Literal["recommended", "hold-out"]


class EventIn(BaseModel):
    """An event of the session."""

    item_id: str = Field(max_length=ITEM_LENGTH, description="The item as the log names it.", examples=["138541021"])
    kind: str = Field(max_length=40, description=f"One of {', '.join(KINDS)}; another one says nothing.", examples=["view"])


class AskedFor(BaseModel):
    """Who is where, and what they did."""

    user_id: str | None = Field(None, max_length=USER_LENGTH, description=USER, examples=["17850"])
    page_item: str | None = Field(None, max_length=ITEM_LENGTH, description=PAGE_ITEM, examples=["84029"])
    recent: list[EventIn] = Field(
        default_factory=list,
        max_length=4 * MOST_EVENTS,
        description=f"Events of this session, the latest last; the last {MOST_EVENTS} count.",
    )
    platform: str | None = Field(None, max_length=PLATFORM_LENGTH, description=PLATFORM, examples=["Site"])
    price_band: Annotated[int, Field(ge=1, le=PRICE_BANDS)] | None = Field(None, description=PRICE_BAND, examples=[2])


class OneAskedFor(AskedFor):
    """One question."""

    n: int = Field(10, ge=1, le=MOST_ITEMS, description="Items to show.")
    log: bool = Field(True, strict=True, description=LOGGED)


class BatchAskedFor(BaseModel):
    """Questions for many users."""

    users: list[AskedFor] = Field(min_length=1, max_length=MOST_USERS, description="Who is asked for.")
    n: int = Field(10, ge=1, le=MOST_ITEMS, description="Items to show to each.")
    log: bool = Field(
        False, strict=True, description="Whether the lists are shown now, and are to be written down; batches mostly are not."
    )


class SuggestionOut(BaseModel):
    """One item to show, and why."""

    place: int = Field(description="Place in the list, 1 is the first.", examples=[1])
    item_id: str = Field(examples=["138541021"])
    title: str | None = Field(description="Title for people; null where the catalogue has none.", examples=["White metal lantern"])
    score: float = Field(description="What the list is ordered by; to be compared within one list only.", examples=[3.3])
    reason: SuggestionReason = Field(examples=["goes with"])
    reason_item_id: str | None = Field(description="Item that the reason speaks of.", examples=["84029"])
    because: str = Field(
        description="The reason as a sentence, in the language of `Accept-Language`.", examples=["Goes with Red hottie"]
    )


class SuggestionsOut(BaseModel):
    """A list to show."""

    list_id: str = Field(description="Names this answer.", examples=["5f0c6a2b9d1e4f7a8b3c2d1e"])
    source: Literal["personal", "popular"] = Field(
        description="`popular`: nothing is known of this user and page, the personal answer was not there in time, or the user is in the hold-out."
    )
    fallback: Fallback | None = Field(
        description="Why popular items stand where a personal answer was asked for: it was late, too many wait, the model cannot be "
        "opened, or it failed. Null otherwise."
    )
    scorer: Scorer = Field(description="What has made the list, as the quality table names it.")
    group: Group | None = Field(
        description="Part of the experiment that the user is in, for good: the hold-out is shown popular items. Null for a stranger."
    )
    items: list[SuggestionOut]


class RecommendationsOut(SuggestionsOut):
    """A list to show, and what it was taken from."""

    version: str = Field(description="Published version.", examples=["20260930T120000000000Z"])
    model: str | None = Field(
        description="The training that the factors are of; null where they cannot be opened.", examples=["2026-09-30-1ad76346"]
    )


class BatchOut(BaseModel):
    """Lists for many users."""

    version: str = Field(description="Published version.", examples=["20260930T120000000000Z"])
    model: str | None = Field(
        description="The training that the factors are of; null where they cannot be opened.", examples=["2026-09-30-1ad76346"]
    )
    answers: list[SuggestionsOut] = Field(description="One list for each of the users, in their order.")


class SimilarOut(BaseModel):
    """An item that goes with another."""

    place: int = Field(description="Place in the list, 1 is the first.", examples=[1])
    item_id: str = Field(examples=["84029"])
    title: str | None = Field(description="Title for people; null where the catalogue has none.", examples=["Red hottie"])
    score: float = Field(description="How near it is, at most 1; of popular items, minus the place.", examples=[0.46])
    users: int | None = Field(
        description="Users who met both; 0 where features alone say so; null for popular items.", examples=[124]
    )


class SimilarsOut(BaseModel):
    """What to show on the page of an item."""

    version: str = Field(description="Published version.", examples=["20260930T120000000000Z"])
    item_id: str = Field(examples=["138541021"])
    title: str | None = Field(examples=["White metal lantern"])
    source: Literal["similar", "popular"] = Field(description="`popular`: nothing is known of the item.")
    items: list[SimilarOut]


class QualityOut(BaseModel):
    """A measure of a model, on a time that it has not seen."""

    as_of: dt.date = Field(description="Day after the last event of the log that was judged.")
    window: Literal["validation", "test"]
    window_from: dt.date = Field(description="First day of the window.")
    window_until: dt.date = Field(description="Day after the window.")
    scorer: str = Field(description="Model.", examples=["reranker"])
    measure: str = Field(description="What is measured, named in full.", examples=["hit_rate_at_10_full_catalogue_repeats_allowed"])
    value: float | None = Field(description="Value; null where it is not defined.", examples=[0.64])
    low: float | None = Field(description="Lower end of the 95 % interval.", examples=[0.61])
    high: float | None = Field(description="Upper end of it.", examples=[0.67])
    popularity: float | None = Field(description="The same measure of the popular items.", examples=[0.31])
    n: int = Field(description="Users that it is measured on.", examples=[938])
    change: float | None = Field(description="Value less that of the judgement before.")
