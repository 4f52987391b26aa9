"""From a message to what is recorded of it: every step of it, on any platform."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime

from serving.bot.answers import Answerer
from serving.bot.conversation import Conversation, LookedUp, Question
from serving.bot.journal import Journal
from serving.bot.messages import NOTHING, Decision, FeedPost, Incoming, Press, Update
from vitrina.posts.embedding import Spent, counting

logger = logging.getLogger(__name__)

TURNS = 5
"""Turns of the event loop after each question that is looked up at once: in so many, the response to a reply is read, noted,
and the next reply is sent, so that Telegram works on it while the next question is looked up."""


@dataclass
class Handler:
    """Handles what comes in; when a method returns, it is recorded, and the platform may forget it.

    Attributes
    ----------
    conversation
        Decides.
    journal
        Remembers.
    answerer
        Whoever answers at the moment; None before anything was published.
    executor
        Where questions are looked up that take long, so that nobody else waits for them; None looks them up one after another:
        what only computes for a millisecond gains nothing from threads, for one of them computes at a time. It needs no note
        of the question before it is decided, either.
    wake
        Called when there is something to send.
    now
        The time.
    """

    conversation: Conversation
    journal: Journal
    answerer: Callable[[], Answerer | None]
    executor: Executor | None
    wake: Callable[[], None]
    now: Callable[[], datetime]
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def message(self, incoming: Incoming) -> Decision:
        """Handle a message."""
        if self.executor is not None:
            return await self._handle(incoming, self.executor)
        async with self._one_at_a_time:
            decision = self._handle_at_once(incoming)
            for _ in range(TURNS):
                await asyncio.sleep(0)
        return decision

    def _handle_at_once(self, incoming: Incoming) -> Decision:
        considered = self.conversation.consider(incoming, time.monotonic())
        if isinstance(considered, Question):
            considered = self.conversation.conclude(considered, self._look_up(considered), time.monotonic())
        return self._decided(incoming, considered)

    async def _handle(self, incoming: Incoming, executor: Executor) -> Decision:
        considered = self.conversation.consider(incoming, time.monotonic())
        if not isinstance(considered, Question):
            return self._decided(incoming, considered)
        self.journal.receive(considered.asked, Update.of(incoming))
        looked_up = await asyncio.get_running_loop().run_in_executor(executor, self._look_up, considered)
        # nothing is awaited from here on: the quota that is looked at still holds when the answer counts
        return self._decided(incoming, self.conversation.conclude(considered, looked_up, time.monotonic()), received=True)

    def _decided(self, incoming: Incoming, decision: Decision, *, received: bool = False) -> Decision:
        if decision is not NOTHING or received:
            self.journal.decide(Update.of(incoming), decision, self.now(), received=received)
            self.wake()
        return decision

    def press(self, press: Press) -> str:
        """Handle a pressed button; returns what is said to it."""
        feedback, said = self.conversation.pressed(press, time.monotonic())
        if feedback is not None:
            self.journal.give_feedback(press.platform, press.update_id, feedback, self.now())
        return said

    def post(self, update_id: int, post: FeedPost) -> None:
        """Handle a version of a channel's post; of other channels, nothing is kept."""
        if f"{post.platform}:{post.channel_id}" in self.conversation.rules.access.channels:
            self.journal.feed(update_id, post, self.now())

    def _look_up(self, question: Question) -> LookedUp:
        started = time.thread_time()
        answerer, version = self.answerer(), None
        answered, spent = None, Spent()
        if answerer is None:
            logger.warning("A question cannot be looked up: no index has been published yet. Run `make run PRODUCT=posts`.")
        else:
            version = answerer.searcher.version
            try:
                with counting() as spent:
                    answered = answerer.answer(question.text, question.channels, k=1)
            except Exception as error:  # noqa: BLE001  # whatever one question breaks, the next one is answered
                # its message may hold the question, which is written nowhere as it was asked
                where = "".join(traceback.format_tb(error.__traceback__)[-3:])
                logger.error("A question could not be looked up: %s at\n%s", type(error).__name__, where)  # noqa: TRY400  # as above
        return LookedUp(answered, version, 1000 * (time.thread_time() - started), spent.tokens)
