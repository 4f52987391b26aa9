"""One reply at a time: what the outbox holds is sent, and marked as soon as the platform has said that it arrived.

Two at a time would be two that a killed bot sends again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from serving.bot.conversation import message_key
from serving.bot.journal import Journal, Pending

logger = logging.getLogger(__name__)


class NotSentError(Exception):
    """A reply was not sent; the subclasses say why."""


class WaitError(NotSentError):
    """The platform wants us to wait before anything else goes to this address."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:g} s")
        self.seconds = seconds


class RefusedError(NotSentError):
    """The platform will never take it: it is too long, or the chat is gone."""


class UnreachableError(NotSentError):
    """The platform did not answer; `may_have_arrived` says whether it can have taken the reply all the same."""

    def __init__(self, why: str, *, may_have_arrived: bool) -> None:
        super().__init__(why)
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True)
class Patience:
    """How long is waited, and when a reply is given up.

    Attributes
    ----------
    first_s, longest_s
        Waiting time after the first failure, doubled with each further one, up to the longest.
    most_attempts
        How often a reply is sent that may have arrived each time: a chat must not fill with copies of it.
    give_up_after
        Age at which an answer comes too late.
    """

    first_s: float = 0.5
    longest_s: float = 60.0
    most_attempts: int = 4
    give_up_after: dt.timedelta = dt.timedelta(hours=1)

    def delay_s(self, failures: int, jitter: random.Random) -> float:
        """Waiting time after so many failures in a row, between half of it and all of it."""
        whole = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return whole * jitter.uniform(0.5, 1)


class Lane:
    """Sends what waits in the outbox.

    Parameters
    ----------
    journal
        The journal.
    send
        Sends a reply and returns the identifier of the message that it has become; raises a `NotSentError` otherwise.
    patience
        How long is waited.
    jitter
        Keeps bots that failed at once from coming back at once.
    now
        The time.
    """

    def __init__(
        self,
        journal: Journal,
        send: Callable[[Pending], Awaitable[str]],
        *,
        patience: Patience,
        jitter: random.Random,
        now: Callable[[], dt.datetime],
    ) -> None:
        self.journal, self.send, self.patience, self.jitter, self.now = journal, send, patience, jitter, now
        self._wake = asyncio.Event()
        self._blocked: dict[str, dt.datetime] = {}
        self._failures = 0
        self._stopping = False

    def wake(self) -> None:
        """Say that something was put into the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Send until told to stop."""
        while True:
            self._wake.clear()
            if await self.send_next():
                continue
            if self._stopping:
                return
            wait = min((until - self.now() for until in self._blocked.values()), default=None)
            try:
                await asyncio.wait_for(self._wake.wait(), None if wait is None else max(wait.total_seconds(), 0.01))
            except TimeoutError:
                continue

    def stop(self) -> None:
        """Let `run` end once nothing is left that can be sent; what is on its way is not cut off, or it would be sent twice."""
        self._stopping = True
        self._wake.set()

    async def send_next(self) -> bool:
        """Send one reply; False where none waits that could be sent now."""
        self._blocked = {address: until for address, until in self._blocked.items() if until > self.now()}
        pending = self.journal.next_reply(tuple(self._blocked))
        if pending is None:
            return False
        if pending.attempts >= self.patience.most_attempts or self.now() - pending.decided_at > self.patience.give_up_after:
            logger.warning(
                "A reply is given up after %d attempts, %s after it was decided.", pending.attempts, self.now() - pending.decided_at
            )
            self.journal.failed(pending)
            return True
        try:
            message_id = await self.send(pending)
        except WaitError as error:
            logger.warning("The platform wants us to wait %g s before the next message into a chat.", error.seconds)
            self._blocked[pending.address] = self.now() + dt.timedelta(seconds=error.seconds)
        except RefusedError as error:
            logger.warning("A reply was refused and is not tried again: %s", error)
            self.journal.failed(pending)
        except UnreachableError as error:
            await self._come_back(pending, error)
        else:
            await self._mark(pending, message_id)
            self._failures = 0
        return True

    async def _mark(self, pending: Pending, message_id: str) -> None:
        """Nothing else is sent before it is marked: a full disk must not fill a chat with copies."""
        failures = 0
        while True:
            try:
                self.journal.sent(pending, message_key(pending.platform, pending.address, message_id, self.journal.key))
            except sqlite3.OperationalError as error:
                failures += 1
                delay = self.patience.delay_s(failures, self.jitter)
                logger.error("A sent reply cannot be marked (%s); trying again in %.1f s.", error, delay)  # noqa: TRY400  # the message says it all
                await asyncio.sleep(delay)
            else:
                return

    async def _come_back(self, pending: Pending, error: UnreachableError) -> None:
        if error.may_have_arrived:
            self.journal.attempted(pending)
        self._failures += 1
        delay = self.patience.delay_s(self._failures, self.jitter)
        logger.warning("The platform cannot be reached (%s); trying again in %.1f s.", error, delay)
        await asyncio.sleep(delay)
