"""The API: what to show to whom, what goes with an item, and how good all of it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request, Response

from serving.marketplace.answering import Answered, Question
from serving.marketplace.api_models import (
    LOGGED,
    MOST_ITEMS,
    PAGE_ITEM,
    PLATFORM,
    PLATFORM_LENGTH,
    PRICE_BAND,
    USER,
    USER_LENGTH,
    AskedFor,
    BatchAskedFor,
    BatchOut,
    OneAskedFor,
    QualityOut,
    RecommendationsOut,
    SimilarOut,
    SimilarsOut,
)
from serving.marketplace.goods import similar_items
from serving.marketplace.quality import quality_rows
from serving.marketplace.shelf import Shelf
from serving.marketplace.worker import PRODUCT, MarketplaceWorker, shelf_of, worker_of
from serving.marketplace.writing_out import heading, json_response, suggestions
from serving.web.paging import Asked, Listed
from serving.web.problems import responses
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.visitors import Asking, visitor_of
from vitrina.marketplace.raw_tables import ITEM_LENGTH
from vitrina.marketplace.session import MOST_EVENTS, RecentEvent
from vitrina.marketplace.tables import PRICE_BANDS
from vitrina.state.roles import Action

router = guarded_router("/api/v1/marketplace", tags=(PRODUCT,))

ItemName = Annotated[str, Path(max_length=ITEM_LENGTH, description="The item as the log names it.", examples=["138541021"])]


@router.get("/recommendations", response_model=RecommendationsOut)
@needs(Action.READ, PRODUCT, counted=True)
async def get_recommendations(  # noqa: PLR0913  # what is known of the moment
    request: Request,
    *,
    user_id: Annotated[str | None, Query(max_length=USER_LENGTH, description=USER, examples=["17850"])] = None,
    page_item: Annotated[str | None, Query(max_length=ITEM_LENGTH, description=PAGE_ITEM, examples=["84029"])] = None,
    recent: Annotated[
        list[str] | None,
        Query(
            description=f"Events of this session, each `kind:item`, the latest last; the last {MOST_EVENTS} count. What cannot be "
            "read, or is not known, says nothing.",
            examples=[["view:138541021", "cart:84029"]],
        ),
    ] = None,
    n: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Items to show.")] = 10,
    platform: Annotated[str | None, Query(max_length=PLATFORM_LENGTH, description=PLATFORM, examples=["Site"])] = None,
    price_band: Annotated[int | None, Query(ge=1, le=PRICE_BANDS, description=PRICE_BAND)] = None,
    log: Annotated[bool, Query(description=LOGGED)] = True,
) -> Response:
    """What to show to this user on this page now, within the deadline.

    Unknown users and items are no errors: strangers get what goes with the page, or what is popular. The same as a POST
    keeps the identifier out of the records of proxies.
    """
    worker = worker_of(request)
    question = Question(worker.user(user_id), page_item, events_of(recent or ()), n, platform, price_band)
    return await _answer(request, worker, question, log=log)


@router.post("/recommendations", response_model=RecommendationsOut, responses=responses(400))
@needs(Action.READ, PRODUCT, counted=True)
async def ask_for_recommendations(request: Request, asked: OneAskedFor) -> Response:
    """The same as `GET`, with the question in the body: no proxy on the way writes it down."""
    worker = worker_of(request)
    return await _answer(request, worker, _question(worker, asked, asked.n), log=asked.log)


@router.post("/recommendations/batch", response_model=BatchOut, responses=responses(400))
@needs(Action.READ, PRODUCT, counted=True)
async def ask_for_many(request: Request, asked: BatchAskedFor) -> Response:
    """Lists for many users at once, for example for a letter; each may take as long as if asked for alone."""
    worker, visitor = worker_of(request), visitor_of(request)
    _, shelf = shelf_of(visitor)
    questions = [_question(worker, one, asked.n) for one in asked.users]
    answers = await worker.desk.answers(shelf, questions)
    if asked.log:
        for question, answered in zip(questions, answers, strict=True):
            _write_down(worker, shelf, question, answered)
    return json_response(heading(shelf) | {"answers": [suggestions(shelf, one, visitor.locale) for one in answers]})


@router.get("/items/{item_id:path}/similar")
@needs(Action.READ, PRODUCT, versioned=True)
def get_similar_items(
    item_id: ItemName,
    visitor: Asking,
    n: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Items to show.")] = 10,
    version: Annotated[str | None, Query(max_length=40, description="Another version than this answers 410.")] = None,  # noqa: ARG001  # the guard reads it
) -> SimilarsOut:
    """What goes with an item, for its page; popular items where nothing is known of it."""
    published, shelf = shelf_of(visitor)
    found, is_similar = similar_items(published, shelf, item_id, n)
    return SimilarsOut(
        version=published.name,
        item_id=item_id,
        title=shelf.about(item_id).title,
        source="similar" if is_similar else "popular",
        items=[SimilarOut.model_validate(one) for one in found],
    )


@router.get("/quality")
@needs(Action.READ, PRODUCT, versioned=True)
def get_quality(
    visitor: Asking,
    paging: Asked,
    measure: Annotated[str | None, Query(max_length=100, description="One measure only.")] = None,
    scorer: Annotated[str | None, Query(max_length=100, description="One model only.", examples=["reranker"])] = None,
    window: Annotated[Literal["validation", "test"] | None, Query(description="One window only.")] = None,
) -> Listed[QualityOut]:
    """How good recommendations are and were, with intervals, beside popular items."""
    version = visitor.view[PRODUCT]
    total, rows = quality_rows(version, measure=measure, scorer=scorer, window=window, limit=paging.limit, offset=paging.offset)
    return paging.listed([QualityOut.model_validate(row) for row in rows], total, version.name)


def events_of(given: list[str] | tuple[str, ...]) -> tuple[RecentEvent, ...]:
    """Events from `kind:item`; an item may hold colons of its own.

    >>> events_of(["view:138541021", "cart:a:b", "nothing"])
    (RecentEvent(item_id='138541021', kind='view'), RecentEvent(item_id='a:b', kind='cart'))
    """
    parted = (text.partition(":") for text in given[-MOST_EVENTS:])
    return tuple(RecentEvent(item, kind) for kind, colon, item in parted if colon)


def _question(worker: MarketplaceWorker, asked: AskedFor, n: int) -> Question:
    recent = tuple(RecentEvent(event.item_id, event.kind) for event in asked.recent[-MOST_EVENTS:])
    return Question(worker.user(asked.user_id), asked.page_item, recent, n, asked.platform, asked.price_band)


async def _answer(request: Request, worker: MarketplaceWorker, question: Question, *, log: bool) -> Response:
    visitor = visitor_of(request)
    _, shelf = shelf_of(visitor)
    answered = await worker.desk.answer(shelf, question)
    if log:
        _write_down(worker, shelf, question, answered)
    whole: dict[str, Any] = heading(shelf) | suggestions(shelf, answered, visitor.locale)
    return json_response(whole)


def _write_down(worker: MarketplaceWorker, shelf: Shelf, question: Question, answered: Answered) -> None:
    """Strangers take no part: nobody could say what they did later."""
    if question.user is not None and answered.bucket is not None and answered.logged:
        worker.shown.add(question.user, answered.bucket, shelf.version, [one.item_id for one in answered.logged])
