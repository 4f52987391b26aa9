"""The bot, put together from settings and run until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import re
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from serving.bot.answers import Answerer
from serving.bot.conversation import Conversation, Reading
from serving.bot.handling import Handler
from serving.bot.index_watch import PRODUCT, IndexWatch
from serving.bot.journal import Journal
from serving.bot.journal_export import export
from serving.bot.limits import Limits, Plans
from serving.bot.rules import Access, Rules
from serving.bot.sending import Lane, Patience
from serving.bot.telegram import Telegram, connect, utc_now
from serving.bot.webhook import serve_webhook
from vitrina.errors import SettingsError
from vitrina.pseudonyms import user_key
from vitrina.settings import Settings

logger = logging.getLogger(__name__)

LOOK_S = 5.0
LAST_S = 5.0
"""How long a bot that is told to stop goes on sending what waits."""

NAVEC = "navec"
LOOK_UPS = 8
"""Questions that are looked up at once where the model of vectors is a slow one: one behind the network may keep each of them waiting."""

_SECRET = re.compile("[A-Za-z0-9_-]{16,256}")


@dataclass(frozen=True)
class BotSettings:
    """What the bot takes from the settings.

    Attributes
    ----------
    token, api
        How it speaks to Telegram.
    webhook_url, webhook_secret, webhook_port
        Where Telegram delivers updates; without an address, the bot asks for them.
    rules
        Who may search what, and how much.
    feed_interval_s
        Seconds after which files are closed.
    journal
        File of the journal.
    inbox
        Folder of the files.
    key
        Key of pseudonyms.
    look_ups
        Questions that are looked up at once; 0 looks them up one after another, which is best where each takes a millisecond.
    patience
        How long is waited after a failure.
    """

    token: str = field(repr=False)
    api: str
    webhook_url: str
    webhook_secret: str = field(repr=False)
    webhook_port: int
    rules: Rules
    feed_interval_s: float
    journal: Path
    inbox: Path
    key: bytes = field(repr=False)
    look_ups: int = 0
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def of(cls, settings: Settings, *, limits: Limits | None = None) -> BotSettings:
        """Those of the configuration.

        Raises
        ------
        SettingsError
            There is no token, a webhook has no secret that protects it, or the key of pseudonyms cannot be used.
        """
        token, secret = settings.posts_bot_token.get_secret_value(), settings.posts_webhook_secret.get_secret_value()
        if not token:
            raise SettingsError("The bot has no token.", "Set VITRINA_POSTS_BOT_TOKEN to the token that BotFather shows for it.")
        if settings.posts_webhook_url and not _SECRET.fullmatch(secret):
            raise SettingsError(
                "Anybody could write to the bot's webhook: VITRINA_POSTS_WEBHOOK_SECRET is missing, shorter than 16 signs, or has others "
                "than letters, digits, _ and -.",
                "Set it to a random one, such as the output of `openssl rand -hex 32`.",
            )
        access = Access(settings.posts_chats, settings.posts_channels)
        plans = Plans(settings.posts_plans, settings.posts_chat_plans)
        return cls(
            token=token,
            api=settings.posts_bot_api,
            webhook_url=settings.posts_webhook_url,
            webhook_secret=secret,
            webhook_port=settings.posts_webhook_port,
            rules=Rules(access, plans, settings.posts_question_days, limits or Limits()),
            feed_interval_s=settings.posts_feed_interval_s,
            journal=settings.data / "bot" / "journal.sqlite",
            inbox=settings.decisions_folder / PRODUCT,
            key=user_key(settings),
            look_ups=0 if settings.posts_embedder.strip().lower() == NAVEC else LOOK_UPS,
        )


def reading() -> Reading:
    """How texts are read, with the model of names loaded: the first question does not wait for it."""
    from vitrina.posts.asking import is_question  # noqa: PLC0415  # heavy: only a bot that runs needs it
    from vitrina.posts.language import clean  # noqa: PLC0415  # as above
    from vitrina.posts.redaction import redact  # noqa: PLC0415  # as above

    redact("Иван Петров спросил, когда открытие")
    is_question("Когда открытие?")
    return Reading(clean, is_question, redact)


async def run(
    settings: BotSettings, texts: Reading, answerer: Callable[[], Answerer | None], *, watch: IndexWatch | None = None
) -> None:
    """Run the bot until it is cancelled; what waits is sent and exported before it goes.

    Parameters
    ----------
    settings
        The configuration.
    texts
        How texts are read.
    answerer
        Whoever answers at the moment.
    watch
        Looks for new versions of the index meanwhile.

    Raises
    ------
    BotTokenError
        Telegram does not know the token.
    JournalError
        The journal is damaged.
    """
    jitter = random.Random()  # noqa: S311  # it spreads retries, it hides nothing
    bot = connect(settings.token, settings.api)
    journal = Journal(settings.journal, settings.key)
    telegram = Telegram(bot, patience=settings.patience, jitter=jitter)
    lane = Lane(journal, telegram.send, patience=settings.patience, jitter=jitter, now=utc_now)
    with ThreadPoolExecutor(settings.look_ups or 1, thread_name_prefix="look-up") as threads:
        try:
            conversation = Conversation(settings.rules, texts, journal, key=settings.key, bot_name=await telegram.name())
            telegram.handler = Handler(conversation, journal, answerer, threads if settings.look_ups else None, lane.wake, utc_now)
            jobs = [_updates(telegram, settings), _export_every(journal, settings)]
            await _until_one_ends([*jobs, watch.run(LOOK_S)] if watch is not None else jobs, telegram, lane)
        finally:
            await asyncio.to_thread(export, journal, settings.inbox, utc_now())
            journal.close()
            await bot.session.close()


def run_until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run it until SIGINT or SIGTERM; what was loaded before stays to the end."""
    # so the collector need not walk through millions of objects of dictionaries and models again and again
    gc.collect()
    gc.freeze()

    async def stoppable() -> None:
        task = asyncio.ensure_future(main)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            logger.info("The bot has stopped.")

    # its loop serves a third more updates than Python's own
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(stoppable())


async def _updates(telegram: Telegram, settings: BotSettings) -> None:
    if not settings.webhook_url:
        await telegram.poll()
        return
    runner = await serve_webhook(telegram, url=settings.webhook_url, secret=settings.webhook_secret, port=settings.webhook_port)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _export_every(journal: Journal, settings: BotSettings) -> None:
    while True:
        await asyncio.sleep(settings.feed_interval_s)
        try:
            await asyncio.to_thread(export, journal, settings.inbox, utc_now())
        except OSError as error:
            logger.error("Files for the inbox cannot be written; the journal keeps their rows until the next time. %s", error)  # noqa: TRY400  # the message says it all


async def _until_one_ends(jobs: list[Coroutine[Any, Any, None]], telegram: Telegram, lane: Lane) -> None:
    """None of them ends by itself but by an error; then, or when the bot is told to stop, what is under way is finished."""
    tasks = [asyncio.create_task(job) for job in jobs]
    sending = asyncio.create_task(lane.run())
    try:
        done, _ = await asyncio.wait([*tasks, sending], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await telegram.finish()
        lane.stop()
        await asyncio.wait([sending], timeout=LAST_S)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
