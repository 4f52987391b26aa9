"""What to show to somebody now, in time: a personal answer, or the published popular items where it takes too long."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from serving.marketplace.published_lists import Suggestion
from serving.marketplace.shelf import Shelf
from serving.web.observing import FALLBACKS
from vitrina.marketplace.answers import recommend
from vitrina.marketplace.factors import NOBODY, Factors
from vitrina.marketplace.measure_names import FRESH, POPULARITY, RERANKER
from vitrina.marketplace.session import RecentEvent
from vitrina.marketplace.showing import HOLDOUT, bucket_of

log = structlog.get_logger()

T = TypeVar("T")

DEADLINE, BUSY, NO_MODEL, ERROR = "deadline", "busy", "no model", "error"
"""Why popular items stand where a personal answer was asked for."""

THREADS = 2
"""Threads that compute: an answer holds Python's lock for most of its time, so more of them would not be faster."""
MOST_WAITING = 32
"""Answers that may wait or be late at once; whoever comes then gets popular items without waiting."""
MOST_BATCHES = 2


@dataclass(frozen=True)
class Question:
    """Who is where, and what they did.

    Attributes
    ----------
    user
        Pseudonym; None for a stranger.
    page_item
        The item whose page is open.
    recent
        Events of this session, the latest last.
    n
        Items to show.
    platform, price_band
        Where a stranger comes from.
    """

    user: str | None = None
    page_item: str | None = None
    recent: tuple[RecentEvent, ...] = ()
    n: int = 10
    platform: str | None = None
    price_band: int | None = None


@dataclass(frozen=True)
class Answered:
    """What is to be shown.

    Attributes
    ----------
    items
        The best first.
    scorer
        What has made the list, as `mart_recommendation_quality` names it.
    fallback
        Why it is not a personal one although that was asked for; None where it is, or where nothing is known of anybody.
    bucket
        Part of the experiment that the user is in; None for a stranger.
    logged
        What is written down as shown: to the hold-out, what would have been.
    """

    items: tuple[Suggestion, ...]
    scorer: str
    fallback: str | None = None
    bucket: str | None = None
    logged: tuple[Suggestion, ...] = ()


class Desk:
    """Answers questions, each within the deadline.

    Parameters
    ----------
    deadline_s
        Longest wait for an answer.
    holdout_share
        Share of users in the hold-out.
    repeats
        Whether what a user has bought may come again.
    """

    def __init__(self, *, deadline_s: float, holdout_share: float, repeats: bool) -> None:
        self.deadline_s, self.holdout_share, self.repeats = deadline_s, holdout_share, repeats
        self._pool = ThreadPoolExecutor(THREADS, "recommendations")
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self._batches = ThreadPoolExecutor(1, "recommendation batches")
        self._room_of_batches = threading.BoundedSemaphore(MOST_BATCHES)

    def close(self) -> None:
        """Take no more questions; what is late is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._batches.shutdown(wait=False, cancel_futures=True)

    async def answer(self, shelf: Shelf, question: Question) -> Answered:
        """The answer to one question; it never takes much longer than the deadline, and never fails."""
        found, cause = at_once(shelf, question), NO_MODEL
        if found is None and shelf.factors is not None:
            try:
                found = await _within(self.deadline_s, self._pool, self._room, lambda: self._personal(shelf, question))
            except _LateError as late:
                cause = late.cause
            except Exception:  # somebody's page is waiting: the cause stands in the log
                log.exception("recommendation_failed")
                cause = ERROR
        return self._settled(shelf, question, found, cause)

    async def answers(self, shelf: Shelf, questions: Sequence[Question]) -> list[Answered]:
        """The answers to many; together they may take as long as one after the other. What is late is popular."""
        made: list[Answered | None] = []
        seconds = self.deadline_s * max(1, len(questions))
        until, cause = time.monotonic() + seconds, DEADLINE

        def one_after_the_other() -> None:
            for question in questions:
                if time.monotonic() > until:
                    return
                made.append(self._personal(shelf, question))

        try:
            await _within(seconds, self._batches, self._room_of_batches, one_after_the_other)
        except _LateError as late:
            cause = late.cause
        except Exception:  # as for one
            log.exception("recommendation_failed")
            cause = ERROR
        # a copy: the thread may still add to it
        found = made[: len(questions)]
        causes = [NO_MODEL] * len(found) + [cause] * (len(questions) - len(found))
        found += [None] * (len(questions) - len(found))
        return [self._settled(shelf, *one) for one in zip(questions, found, causes, strict=True)]

    def _personal(self, shelf: Shelf, question: Question) -> Answered | None:
        return personal(shelf, question, repeats=self.repeats)

    def _settled(self, shelf: Shelf, question: Question, found: Answered | None, cause: str) -> Answered:
        """Popular items where there is no answer; and for the hold-out, whatever the answer is."""
        if found is None:
            FALLBACKS.labels(cause).inc()
            found = popular(shelf, question, fallback=cause)
        if question.user is None:
            return found
        bucket = bucket_of(question.user, self.holdout_share)
        shown = popular(shelf, question) if bucket == HOLDOUT else found
        return replace(shown, bucket=bucket, logged=found.items)


def at_once(shelf: Shelf, question: Question) -> Answered | None:
    """The answer to a question without a page and a session that are known: it is published, and lies in memory.

    A user gets the list that was judged as the re-ranker's, a stranger the popular items. None where something is to be
    computed.
    """
    if _has_context(shelf.factors, question):
        return None
    listed = shelf.lists.find(question.user)
    if listed:
        return Answered(listed[: question.n], RERANKER) if len(listed) >= question.n or shelf.factors is None else None
    if shelf.factors is not None and shelf.factors.user_code(question.user) == NOBODY:
        return popular(shelf, question)
    return None


def personal(shelf: Shelf, question: Question, *, repeats: bool) -> Answered | None:
    """The answer, however long it takes; None where no model can give one.

    Parameters
    ----------
    shelf
        What a worker has at hand.
    question
        Who is where, and what they did.
    repeats
        Whether what a user has bought may come again.
    """
    found, factors = at_once(shelf, question), shelf.factors
    if found is not None or factors is None:
        return found
    listed = () if _has_context(factors, question) else shelf.lists.find(question.user)
    fresh = recommend(
        factors,
        user=question.user,
        page_item=question.page_item,
        recent=question.recent,
        n=question.n + len(listed),
        platform=question.platform,
        price_band=question.price_band,
        repeats=repeats,
    )
    suggested = (Suggestion(one.item_id, one.score, one.reason, one.reason_item_id) for one in fresh)
    # of a list that is asked for longer than it was published, what is fresh stands behind it
    known = {one.item_id for one in listed}
    items = (*listed, *(one for one in suggested if one.item_id not in known))[: question.n]
    return Answered(items, RERANKER if listed else FRESH)


def popular(shelf: Shelf, question: Question, *, fallback: str | None = None) -> Answered:
    """The published popular items, the same for everybody who comes from there."""
    items = shelf.popular_items(question.n, platform=question.platform, price_band=question.price_band, without=question.page_item)
    return Answered(items, POPULARITY, fallback)


def _has_context(factors: Factors | None, question: Question) -> bool:
    """Whether the page or the session says anything; what is not known does not."""
    if factors is None:
        return bool(question.page_item or question.recent)
    named = (question.page_item, *(event.item_id for event in question.recent))
    return any(factors.item_code(item) != NOBODY for item in named)


class _LateError(Exception):
    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


async def _within(seconds: float, pool: ThreadPoolExecutor, room: threading.BoundedSemaphore, compute: Callable[[], T]) -> T:
    """What a thread of a pool computes, if it comes in time and there is room to wait for it."""
    if not room.acquire(blocking=False):
        raise _LateError(BUSY)
    try:
        future = pool.submit(compute)
    except RuntimeError:
        # told to stop while somebody asks
        room.release()
        raise _LateError(BUSY) from None
    # one that is late holds its place until its thread lets go of it, so that nothing piles up behind it
    future.add_done_callback(lambda _: room.release())
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
    except TimeoutError:
        raise _LateError(DEADLINE) from None
