"""Telegram's messages as the bot's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from aiogram.types import CallbackQuery, Chat, Message

from serving.bot.messages import FeedPost, Incoming, Press

PLATFORM = "telegram"
_CHANNELS_BELOW = -1_000_000_000_000
_MEDIA = (
    "animation",
    "audio",
    "document",
    "live_photo",
    "paid_media",
    "photo",
    "story",
    "sticker",
    "video",
    "video_note",
    "voice",
)


def bare(chat_id: int) -> str:
    """A chat's identifier as exports and links have it: without the sign and the prefix of the Bot API.

    Examples
    --------
    >>> bare(-1001234567890), bare(-4321), bare(77)
    ('1234567890', '4321', '77')
    """
    return str(_CHANNELS_BELOW - chat_id if chat_id < _CHANNELS_BELOW else abs(chat_id))


def incoming_of(message: Message, update_id: int, me: int, *, is_edited: bool = False) -> Incoming:
    """A message of a group or of a conversation with the bot alone.

    Parameters
    ----------
    message
        As Telegram delivers it.
    update_id
        Number of its update.
    me
        The bot's own identifier.
    is_edited
        Whether it is a later version.
    """
    writer, sender, replied = message.from_user, message.sender_chat, message.reply_to_message
    # an administrator who hides behind the group: Telegram names a bot of its own as the writer
    is_the_group = sender is not None and sender.id == message.chat.id
    return Incoming(
        platform=PLATFORM,
        update_id=update_id,
        chat_id=bare(message.chat.id),
        chat_kind="private" if message.chat.type == "private" else "group",
        address=str(message.chat.id),
        message_id=str(message.message_id),
        user_id=bare(sender.id) if sender is not None else str(writer.id) if writer is not None else "",
        user_locale=None if writer is None else writer.language_code,
        text=message.text or message.caption or "",
        sent_at=message.date.astimezone(dt.UTC),
        is_bot=not is_the_group and (writer is None or writer.is_bot or message.via_bot is not None),
        is_forward=message.forward_origin is not None,
        is_automatic_forward=bool(message.is_automatic_forward),
        is_edited=is_edited,
        of_channel=message.chat.type == "channel" or (sender is not None and not is_the_group),
        reply_to_bot=str(replied.message_id)
        if replied is not None and replied.from_user is not None and replied.from_user.id == me
        else None,
        is_admin=is_the_group,
    )


def press_of(query: CallbackQuery, update_id: int, now: dt.datetime) -> Press:
    """A pressed button; Telegram does not say when it was pressed."""
    return Press(PLATFORM, update_id, str(query.from_user.id), query.from_user.language_code, query.data or "", now)


def feed_post_of(message: Message, me: int, clean: Callable[[str], str], name: str | None) -> FeedPost | None:
    """A channel's post as raw columns; None for what is no post: service messages, and what the bot wrote itself.

    Parameters
    ----------
    message
        As Telegram delivers it.
    me
        The bot's own identifier.
    clean
        Takes invisible signs out of a text.
    name
        The channel's public name, if it has one.
    """
    if any(writer is not None and writer.id == me for writer in (message.from_user, message.via_bot)):
        return None
    text, has_media = message.text or message.caption, any(getattr(message, kind, None) for kind in _MEDIA)
    if text is None and not has_media:
        return None
    edited = None if message.edit_date is None else dt.datetime.fromtimestamp(message.edit_date, dt.UTC)
    return FeedPost(
        platform=PLATFORM,
        channel_id=bare(message.chat.id),
        channel_name=message.chat.title,
        post_id=str(message.message_id),
        thread=None,
        seen="live",
        author_kind="channel",
        posted_at=message.date.astimezone(dt.UTC),
        edited_at=edited,
        text=None if text is None else clean(text),
        reply_to=None if message.reply_to_message is None else str(message.reply_to_message.message_id),
        has_media=has_media,
        link=_link(message.chat, message.message_id, name),
    )


def _link(chat: Chat, message_id: int, name: str | None) -> str:
    public = chat.username or (name or "").lstrip("@")
    return f"https://t.me/{public}/{message_id}" if public else f"https://t.me/c/{bare(chat.id)}/{message_id}"
