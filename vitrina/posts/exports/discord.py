"""Exports of DiscordChatExporter, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vitrina.inbox.readers import Contents
from vitrina.inbox.rules import Rule
from vitrina.posts.exports.said import Said
from vitrina.posts.exports.slices import MESSAGE, POST_COLUMNS, LeftOut, Outcome, identifier, in_utc, no_posts, slices
from vitrina.posts.language import clean

_WRITTEN = ("Default", "Reply")
_DIRECT_MESSAGES = "0"
"""Where people write to one another, the exporter puts this in place of the server's identifier."""


@dataclass(frozen=True)
class Place:
    """Where a Discord export comes from: identifiers and names of the server and of the channel."""

    guild_id: str
    channel_id: str
    name: str

    @classmethod
    def of(cls, root: Mapping[str, Any]) -> Place | None:
        """The place that the root of an export names; None where it does not."""
        guild, channel = root.get("guild"), root.get("channel")
        if not isinstance(guild, dict) or not isinstance(channel, dict):
            return None
        guild_id, channel_id = identifier(guild.get("id")), identifier(channel.get("id"))
        if guild_id is None or channel_id is None:
            return None
        return cls(guild_id, channel_id, " / ".join(clean(str(name)) for name in (guild.get("name"), channel.get("name")) if name))

    @property
    def is_private(self) -> bool:
        """Whether it is a conversation between people."""
        return self.guild_id == _DIRECT_MESSAGES


def read_channel(place: Place, messages: Iterable[Any]) -> Iterator[Contents]:
    """A channel's messages; everybody may write there, so an author is a user unless it is a bot.

    Parameters
    ----------
    place
        Where they come from.
    messages
        The messages, in the order of the file.
    """
    outcomes = ((position, _post(delivered, place)) for position, delivered in enumerate(messages, start=1))
    return slices(POST_COLUMNS, outcomes, no_posts)


def _post(delivered: Any, place: Place) -> Outcome:
    fit = _fit(delivered)
    if fit is not None:
        return fit
    post_id = identifier(delivered["id"])
    return {
        "platform": "discord",
        "channel_id": place.channel_id,
        "channel_name": place.name,
        "post_id": post_id,
        "seen": "snapshot",
        "author_kind": "bot" if _is_bot(delivered) else "user",
        "author": _author(delivered),
        "posted_at": in_utc(delivered.get("timestamp")),
        "edited_at": in_utc(delivered.get("timestampEdited")),
        "text": _text(delivered),
        "reply_to": _reply(delivered, place),
        "has_media": "true" if delivered.get("attachments") or delivered.get("stickers") else "false",
        "link": f"https://discord.com/channels/{place.guild_id}/{place.channel_id}/{post_id}",
    }


def said(delivered: Any, place: Place) -> Said | Rule | LeftOut:
    """What a message says, and who says it; a bot neither asks nor answers here."""
    fit = _fit(delivered)
    if fit is not None:
        return fit
    if _is_bot(delivered):
        return LeftOut.NOBODYS_BUSINESS
    return Said(
        message_id=str(identifier(delivered["id"])),
        author=_author(delivered),
        author_channel=None,
        text=_text(delivered),
        posted_at=in_utc(delivered.get("timestamp")),
        edited_at=in_utc(delivered.get("timestampEdited")),
        reply_to=_reply(delivered, place),
        is_own=True,
    )


def _fit(delivered: Any) -> Rule | LeftOut | None:
    """Why a message is refused or left out; None if it is neither."""
    if not isinstance(delivered, dict) or not isinstance(delivered.get("type"), str) or identifier(delivered.get("id")) is None:
        return MESSAGE
    if delivered["type"] not in _WRITTEN:
        return LeftOut.NO_POST
    return None if isinstance(delivered.get("content", ""), str | None) else MESSAGE


def _text(delivered: Mapping[str, Any]) -> str | None:
    parts = [delivered.get("content")]
    for embed in _objects(delivered.get("embeds")):
        parts += [embed.get("title"), embed.get("description")]
    return clean("\n".join(part for part in parts if isinstance(part, str) and part)).strip() or None


def _objects(listed: Any) -> list[dict[str, Any]]:
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _is_bot(delivered: Mapping[str, Any]) -> bool:
    author = delivered.get("author")
    return isinstance(author, dict) and author.get("isBot") is True


def _author(delivered: Mapping[str, Any]) -> str | None:
    author = delivered.get("author")
    found = identifier(author.get("id")) if isinstance(author, dict) else None
    return f"discord:{found}" if found else None


def _reply(delivered: Mapping[str, Any], place: Place) -> str | None:
    reference = delivered.get("reference")
    # a forwarded message refers to what was forwarded, and a thread's first message to one of another channel
    if (
        delivered["type"] != "Reply"
        or not isinstance(reference, dict)
        or reference.get("channelId") not in (None, place.channel_id)
    ):
        return None
    return identifier(reference.get("messageId"))
