"""Telegram: updates come by asking for them, replies go out one at a time.

aiogram's own polling starts a task for every update and tells Telegram at its next call that all of them arrived; a bot
that is killed in between loses them. Here the next call comes when the journal holds them all. One update that aiogram
cannot read does not stop the others, as it would there (aiogram issues 1587 and 1840).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters, Update
from aiogram.utils.token import TokenValidationError
from aiohttp import ClientConnectorError
from pydantic import ValidationError

from serving.bot.handling import Handler
from serving.bot.journal import Pending
from serving.bot.sending import Patience, RefusedError, UnreachableError, WaitError
from serving.bot.telegram_reading import PLATFORM, feed_post_of, incoming_of, press_of
from vitrina.errors import VitrinaError

logger = logging.getLogger(__name__)

ALLOWED_UPDATES = ["message", "callback_query", "channel_post", "edited_channel_post"]
POLL_S = 30
REQUEST_S = 20
ADMINS_S = 300.0
MOST_UPDATES = 100

T = TypeVar("T")


class BotTokenError(VitrinaError):
    """Telegram does not know the bot's token."""


def unknown_token() -> BotTokenError:
    """The error, which never shows the token."""
    return BotTokenError(
        "Telegram does not accept the token of the bot.",
        "Set VITRINA_POSTS_BOT_TOKEN to the token that BotFather shows for the bot, and VITRINA_POSTS_BOT_API to the Bot API's address.",
    )


def connect(token: str, api: str) -> Bot:
    """A connection to the Bot API.

    Parameters
    ----------
    token
        The bot's token.
    api
        Address of the Bot API.

    Raises
    ------
    BotTokenError
        The token does not look like one.
    """
    try:
        return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api.rstrip("/"))))
    except TokenValidationError:
        raise unknown_token() from None


class Telegram:
    """A bot on Telegram.

    Parameters
    ----------
    bot
        The connection.
    handler
        What is done about updates; set before the first one comes.
    patience, jitter
        How long is waited after a failure.
    """

    def __init__(self, bot: Bot, *, patience: Patience, jitter: random.Random) -> None:
        self.bot, self.patience, self.jitter = bot, patience, jitter
        self.me = bot.id
        self.handler: Handler | None = None
        self._admins: dict[int, tuple[float, frozenset[int]]] = {}
        self._handling: dict[int, asyncio.Task[None]] = {}

    async def name(self) -> str:
        """The bot's own name.

        Raises
        ------
        BotTokenError
            Telegram does not know the token.
        """
        return (await self.persist(self.bot.get_me)).username or ""

    async def poll(self) -> None:
        """Ask for updates until cancelled, and handle them.

        Raises
        ------
        BotTokenError
            Telegram does not know the token, or no longer.
        """
        # Telegram gives no updates to whoever asks while it delivers them to a webhook
        await self.persist(lambda: self.bot.delete_webhook(drop_pending_updates=False))
        offset: int | None = None
        failures = 0
        while True:
            # asking from here on is what tells Telegram that the earlier ones arrived
            asked_from = offset
            updates = await self.persist(lambda asked_from=asked_from: self._fetch(asked_from))  # type: ignore[misc]  # mypy does not infer a lambda with a default
            try:
                await asyncio.gather(*(self.handle(update) for update, _ in updates if update is not None))
            except (sqlite3.Error, OSError) as error:
                failures += 1
                delay = self.patience.delay_s(failures, self.jitter)
                logger.error("Updates cannot be recorded (%s); they are fetched again in %.1f s.", error, delay)  # noqa: TRY400  # the message says it all
                await asyncio.sleep(delay)
                continue
            failures = 0
            offset = max((number + 1 for _, number in updates), default=offset)

    async def handle(self, update: Update) -> None:
        """Handle an update, or wait for whoever is handling it; when this returns, it is recorded.

        Raises
        ------
        sqlite3.Error, OSError
            It cannot be recorded, and must not be acknowledged.
        """
        task = self._handling.get(update.update_id)
        if task is None:
            task = asyncio.create_task(self._handle(update))
            self._handling[update.update_id] = task
            task.add_done_callback(lambda _: self._handling.pop(update.update_id))
        await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait for updates that are being handled."""
        await asyncio.gather(*self._handling.values(), return_exceptions=True)

    async def send(self, pending: Pending) -> str:
        """Send a reply: plain text, so that no sign of a post has a meaning.

        Raises
        ------
        WaitError, RefusedError, UnreachableError
            It was not sent.
        BotTokenError
            Telegram no longer knows the token.
        """
        rows = [[InlineKeyboardButton(text=button.label, callback_data=button.data) for button in pending.reply.buttons]]
        try:
            message = await self.bot.send_message(
                int(pending.address),
                pending.reply.text,
                parse_mode=None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_parameters=ReplyParameters(message_id=int(pending.message_id), allow_sending_without_reply=True),
                reply_markup=InlineKeyboardMarkup(inline_keyboard=rows) if pending.reply.buttons else None,
                request_timeout=REQUEST_S,
            )
        except TelegramRetryAfter as error:
            raise WaitError(error.retry_after) from error
        except TelegramUnauthorizedError:
            raise unknown_token() from None
        except ClientDecodeError as error:
            return _sent_all_the_same(error)
        except TelegramEntityTooLarge as error:
            raise RefusedError(str(error)) from error
        except (TelegramNetworkError, TelegramServerError) as error:
            arrived = not isinstance(error.__cause__, ClientConnectorError)
            raise UnreachableError(_why(error), may_have_arrived=arrived) from error
        except TelegramAPIError as error:
            raise RefusedError(str(error)) from error
        return str(message.message_id)

    async def persist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call Telegram until it answers.

        Raises
        ------
        BotTokenError
            Telegram does not know the token.
        """
        failures = 0
        while True:
            try:
                return await call()
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise unknown_token() from None
            except TelegramRetryAfter as error:
                delay = float(error.retry_after)
                logger.warning("Telegram wants us to wait %g s.", delay)
            except TelegramConflictError:
                failures += 1
                delay = self.patience.delay_s(failures, self.jitter)
                logger.error(  # noqa: TRY400  # the message says it all
                    "Somebody else fetches this bot's updates, by asking for them or by a webhook: stop the other one, for there can be "
                    "one at a time. Trying again in %.1f s.",
                    delay,
                )
            except (TelegramAPIError, ClientDecodeError) as error:
                failures += 1
                delay = self.patience.delay_s(failures, self.jitter)
                logger.warning("Telegram does not answer (%s); trying again in %.1f s.", _why(error), delay)
            await asyncio.sleep(delay)

    async def _fetch(self, offset: int | None) -> list[tuple[Update | None, int]]:
        """Updates with their numbers; None in place of one that aiogram cannot read."""
        try:
            updates = await self.bot.get_updates(
                offset=offset,
                limit=MOST_UPDATES,
                timeout=POLL_S,
                allowed_updates=ALLOWED_UPDATES,
                request_timeout=POLL_S + REQUEST_S,
            )
        except ClientDecodeError as error:
            if not (isinstance(error.data, dict) and isinstance(error.data.get("result"), list)):
                raise
            return [(self.read(update), int(update["update_id"])) for update in error.data["result"]]
        return [(update, update.update_id) for update in updates]

    def read(self, update: dict[str, Any]) -> Update | None:
        """An update as aiogram has it, or None where it cannot read it: it is left out, and the others are not."""
        try:
            return Update.model_validate(update, context={"bot": self.bot})
        except ValidationError as error:
            fields = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()})[:5])
            logger.warning("Update %s is left out, for it has a form that is not known here: %s.", update.get("update_id"), fields)
            return None

    async def _handle(self, update: Update) -> None:
        if self.handler is None or self.handler.journal.knows(PLATFORM, update.update_id):
            return
        try:
            await self._dispatch(self.handler, update)
        except (sqlite3.Error, OSError):
            raise
        except Exception:
            # what one update breaks must not be fetched for ever
            logger.exception("Update %d is left out, for it could not be handled.", update.update_id)

    async def _dispatch(self, handler: Handler, update: Update) -> None:
        if update.message is not None:
            incoming = incoming_of(update.message, update.update_id, self.me)
            if not incoming.is_admin and handler.conversation.needs_admin(incoming):
                incoming = replace(incoming, is_admin=await self._is_admin(update.message.chat.id, int(incoming.user_id or 0)))
            await handler.message(incoming)
        elif (post := update.channel_post or update.edited_channel_post) is not None:
            conversation = handler.conversation
            name = conversation.rules.access.names.get(f"{PLATFORM}:{incoming_of(post, update.update_id, self.me).chat_id}")
            feed_post = feed_post_of(post, self.me, conversation.reading.clean, name)
            if feed_post is not None:
                handler.post(update.update_id, feed_post)
        elif update.callback_query is not None:
            said = handler.press(press_of(update.callback_query, update.update_id, handler.now()))
            await self._acknowledge(update.callback_query, said)

    async def _acknowledge(self, query: CallbackQuery, said: str) -> None:
        """Stop the button's clock: a courtesy that is not tried twice, for what was pressed is recorded."""
        try:
            await self.bot.answer_callback_query(query.id, said, request_timeout=REQUEST_S)
            if query.message is not None and query.message.chat.type == "private":
                await self.bot.edit_message_reply_markup(
                    chat_id=query.message.chat.id, message_id=query.message.message_id, reply_markup=None, request_timeout=REQUEST_S
                )
        except (TelegramAPIError, ClientDecodeError) as error:
            logger.warning("A pressed button could not be acknowledged: %s", _why(error))

    async def _is_admin(self, chat_id: int, user_id: int) -> bool:
        until, admins = self._admins.get(chat_id, (0.0, frozenset[int]()))
        if until < time.monotonic():
            try:
                admins = await self._fetch_admins(chat_id)
            except (TelegramAPIError, ClientDecodeError) as error:
                logger.warning("Nobody counts as an administrator, for Telegram does not say who is one: %s", _why(error))
                return False
            self._admins[chat_id] = (time.monotonic() + ADMINS_S, admins)
        return user_id in admins

    async def _fetch_admins(self, chat_id: int) -> frozenset[int]:
        try:
            members = await self.bot.get_chat_administrators(chat_id, request_timeout=REQUEST_S)
        except ClientDecodeError as error:
            # a right that is new to Telegram, or new to aiogram, takes nothing from who has it
            if not (isinstance(error.data, dict) and isinstance(error.data.get("result"), list)):
                raise
            return frozenset(int(member["user"]["id"]) for member in error.data["result"])
        return frozenset(member.user.id for member in members)


def _sent_all_the_same(error: ClientDecodeError) -> str:
    """The message's identifier, where the reply was sent and only the response has a form that is not known here."""
    data = error.data
    if isinstance(data, dict) and data.get("ok") and isinstance(data.get("result"), dict) and "message_id" in data["result"]:
        return str(data["result"]["message_id"])
    raise UnreachableError(_why(error), may_have_arrived=True) from error


def _why(error: TelegramAPIError | ClientDecodeError) -> str:
    """What went wrong, without texts of the network's errors: an address in them would hold the token."""
    if isinstance(error, TelegramNetworkError):
        return f"{type(error).__name__}, {type(error.__cause__).__name__}"
    return type(error).__name__ if isinstance(error, ClientDecodeError) else str(error)


def utc_now() -> dt.datetime:
    """The time."""
    return dt.datetime.now(dt.UTC)
