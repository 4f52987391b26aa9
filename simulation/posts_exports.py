"""Exports of channels and chats as Telegram Desktop and DiscordChatExporter write them, with what is awkward in them.

Telegram: a text with links is an array; albums are several messages, the text on the first; a control character is written as
a hexadecimal escape, which is no JSON; local times beside Unix times; service messages, polls, and messages of an unsupported type without
a date stand among the others.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation.posts_channels import MAIN, Channel, Post
from simulation.posts_chats import CHAT_ID, CHAT_NAME, ChatMessage, name_of
from simulation.posts_histories import DISCORD_FIRST_ID, EARLIER_EXPORT, platform_id, text_at_earlier_export

Message = dict[str, Any]

MOSCOW = dt.timezone(dt.timedelta(hours=3))
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
CONTROL = "\x0b"
GUILD_ID = "1090000000000000001"
DELETED_ACCOUNTS = 50
"""One user of so many has no name, for the account was deleted."""

_ENTITY = re.compile(
    r"(?P<link>https?://\S+)|(?P<email>[\w.]+@[\w.]+\w)|(?P<hashtag>#\w+)|(?P<mention>@\w+)|(?P<text_link>Подписаться(?= \||$))"
    r"|(?P<phone>\+7 \d{3} \d{3}-\d{2}-\d{2})"
)
_FORWARDED = {"forwarded_from": MAIN.name, "forwarded_from_id": f"channel{MAIN.channel_id}"}


def telegram_messages(posts: Iterable[Post], *, is_earlier: bool = False) -> list[Message]:
    """Messages of a channel's export.

    Parameters
    ----------
    posts
        Posts of one channel, by time.
    is_earlier
        Whether it is the export of `EARLIER_EXPORT`: nothing later, and what was edited or deleted later as it was. Otherwise
        the export is from the calendar's end.
    """
    messages: list[Message] = []
    for post in posts:
        if is_earlier and post.posted_at < EARLIER_EXPORT:
            edited = post.edited_at if post.edited_at is not None and post.edited_at <= EARLIER_EXPORT else None
            messages += _album(post, text_at_earlier_export(post), edited)
        elif not is_earlier and post.deleted_at is None:
            messages += _album(post, post.text, post.edited_at)
    written = next((message for message in messages if isinstance(message.get("text"), str) and " " in message["text"]), None)
    if written is not None:
        # some editors leave a vertical tab where a line was broken
        written["text"] = written["text"].replace(" ", f" {CONTROL}", 1)
        written["text_entities"] = [{"type": "plain", "text": written["text"]}]
    return messages


def chat_messages(messages: Sequence[ChatMessage]) -> list[Message]:
    """Messages of a chat's export."""
    return [_chat_message(message) for message in messages]


def write_telegram(path: Path, channel: Channel, messages: Sequence[Message]) -> None:
    """Write an export of a channel."""
    _write(path, {"name": channel.name, "type": "public_channel", "id": int(channel.channel_id), "messages": messages})


def write_chat(path: Path, messages: Sequence[Message]) -> None:
    """Write an export of the chat."""
    _write(path, {"name": CHAT_NAME, "type": "public_supergroup", "id": int(CHAT_ID), "messages": messages})


def write_discord(path: Path, channel: Channel, posts: Iterable[Post]) -> None:
    """Write an export of a Discord channel."""
    messages = [_discord_message(channel, post) for post in posts if post.deleted_at is None]
    guild = {"id": GUILD_ID, "name": "Лукошко для разработчиков", "iconUrl": "https://example.com/icon.png"}
    about = {
        "id": channel.channel_id,
        "type": "GuildTextChat",
        "categoryId": None,
        "category": None,
        "name": channel.name,
        "topic": None,
    }
    root = {
        "guild": guild,
        "channel": about,
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-09-30T23:30:00+03:00",
    }
    _write(path, {**root, "messages": messages, "messageCount": len(messages)})


def _album(post: Post, text: str, edited_at: dt.datetime | None) -> list[Message]:
    """The messages that a post consists of."""
    if post.kind == "unsupported":
        return [{"id": post.message_id, "type": "unsupported"}]
    sender = {"from": post.channel.name, "from_id": f"channel{post.channel.channel_id}"}
    base = {"id": post.message_id, "type": "message", **_moments("date", post.posted_at)}
    if post.kind == "service":
        actor = {"actor": sender["from"], "actor_id": sender["from_id"], "action": "pin_message"}
        return [{**base, "type": "service", **actor, "message_id": max(1, post.message_id - 1), "text": "", "text_entities": []}]
    base |= _moments("edited", edited_at) | sender
    if post.is_forwarded and post.copy_of is not None:
        source = post.copy_of.channel
        base |= {"forwarded_from": source.name, "forwarded_from_id": f"channel{source.channel_id}"}
    if post.reply_to is not None:
        base["reply_to_message_id"] = post.reply_to
    if post.kind == "poll":
        base["poll"] = _poll(post.message_id)
    if post.pictures or post.kind == "media":
        base |= {"photo": NOT_INCLUDED, "photo_file_size": 80_000 + post.message_id, "width": 1280, "height": 853}
    first = {**base, **_text(text), **_reactions(post)}
    return [first, *({**base, "id": post.message_id + place, "text": "", "text_entities": []} for place in range(1, post.messages))]


def _chat_message(message: ChatMessage) -> Message:
    is_channel = message.user is None
    base: Message = {"id": message.message_id, "type": "message", **_moments("date", message.posted_at)}
    if message.kind == "service":
        actor = {"actor": "Дачник", "actor_id": "user5000000001", "action": "join_group_by_link", "inviter": "Group"}
        return {**base, "type": "service", **actor, "text": "", "text_entities": []}
    base |= _moments("edited", message.edited_at)
    if is_channel:
        base |= {"from": MAIN.name, "from_id": f"channel{MAIN.channel_id}"}
    else:
        base |= {"from": _shown_name(message), "from_id": f"user{message.user}"}
    if message.kind == "forward":
        base |= _FORWARDED
    if message.reply_to is not None:
        base["reply_to_message_id"] = message.reply_to
    return base | _text(message.text)


def _shown_name(message: ChatMessage) -> str | None:
    if message.kind == "bot" or message.user is None:
        return message.name
    return None if message.user % DELETED_ACCOUNTS == 7 else name_of(message.user)


def _discord_message(channel: Channel, post: Post) -> Message:
    kinds = {"service": ("ChannelPinnedMessage", "Pinned a message."), "unsupported": ("ThreadCreated", "Started a thread.")}
    kind, content = kinds.get(post.kind, ("Reply" if post.reply_to else "Default", post.text))
    is_bot = post.kind == "poll"
    author = {"id": "1080000000000000002" if is_bot else "1080000000000000001", "name": "опросы" if is_bot else "команда API"}
    shown: Message = {"discriminator": "0000", "nickname": author["name"], "color": None, "isBot": is_bot, "roles": []}
    message: Message = {
        "id": platform_id(post),
        "type": kind,
        "timestamp": post.posted_at.isoformat(timespec="milliseconds"),
        "timestampEdited": None if post.edited_at is None else post.edited_at.isoformat(timespec="milliseconds"),
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": content,
        "author": {**author, **shown},
        "attachments": [{"id": platform_id(post), "url": "https://example.com/scheme.png"}] if post.kind == "media" else [],
        "embeds": [{"title": "Опрос", "description": "Какой язык вам ближе"}] if is_bot else [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
    }
    if post.reply_to is not None:
        replied = {"messageId": str(DISCORD_FIRST_ID + post.reply_to), "channelId": channel.channel_id, "guildId": GUILD_ID}
        message["reference"] = replied
    return message


def _text(text: str) -> Message:
    """Both forms of a text: a string or an array of strings and objects; and objects only."""
    entities = list(_entities(text))
    if all(entity["type"] == "plain" for entity in entities):
        return {"text": text, "text_entities": entities}
    parts: list[Any] = [entity["text"] if entity["type"] == "plain" else entity for entity in entities]
    return {"text": parts, "text_entities": entities}


def _entities(text: str) -> Iterable[Mapping[str, str]]:
    """The text in pieces: a heading is bold, links and the like are what they are, the rest is plain."""
    heading, separator, _ = text.partition("\n\n")
    start = 0
    if separator and "\n" not in heading and len(heading) < 25:
        yield {"type": "bold", "text": heading}
        start = len(heading)
    for found in _ENTITY.finditer(text, start):
        if found.start() > start:
            yield {"type": "plain", "text": text[start : found.start()]}
        href = {"href": "https://t.me/lukoshko_example"} if found.lastgroup == "text_link" else {}
        yield {"type": str(found.lastgroup), "text": found.group(), **href}
        start = found.end()
    if start < len(text):
        yield {"type": "plain", "text": text[start:]}


def _moments(name: str, moment: dt.datetime | None) -> Message:
    if moment is None:
        return {}
    local = moment.astimezone(MOSCOW).replace(tzinfo=None)
    return {name: local.isoformat(timespec="seconds"), f"{name}_unixtime": str(int(moment.timestamp()))}


def _poll(number: int) -> Message:
    answers = [{"text": text, "voters": number % place + place, "chosen": False} for place, text in enumerate(("Да", "Нет"), 3)]
    return {"question": "Опрос: что чаще берёте к чаю", "closed": False, "total_voters": 7 + number % 3, "answers": answers}


def _reactions(post: Post) -> Message:
    if post.message_id % 3 or not post.text:
        return {}
    return {"reactions": [{"type": "emoji", "count": 1 + post.message_id % 40, "emoji": "👍"}]}


def _write(path: Path, root: Message) -> None:
    text = json.dumps(root, ensure_ascii=False, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("\\u000b", "\\x0B"), encoding="utf-8")
