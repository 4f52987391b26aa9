"""Exports of Telegram Desktop: a channel's posts, and what was said in a group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vitrina.inbox.messages import Message, message
from vitrina.inbox.readers import Contents
from vitrina.inbox.rules import Rule
from vitrina.posts.exports.said import Said
from vitrina.posts.exports.slices import MESSAGE, POST_COLUMNS, LeftOut, Outcome, identifier, moment_of, no_posts, slices
from vitrina.posts.language import clean

CHANNELS = ("public_channel", "private_channel")
GROUPS = ("public_supergroup", "private_supergroup", "private_group")
PRIVATE = ("personal_chat", "saved_messages", "bot_chat", "replies")

WHOLE_ACCOUNT = ("personal_information", "contacts", "frequent_contacts", "sessions", "web_sessions", "chats", "left_chats")
"""Names at the root of an export that holds more than one channel or chat."""

_PEER = re.compile("(user|channel|chat)([0-9]{1,20})")
_BOT_API_PREFIX = "-100"


def bare_id(root: Mapping[str, Any]) -> str | None:
    """The identifier of the channel or group as bare digits; None where the root has none."""
    found = identifier(root.get("id"))
    found = found.removeprefix(_BOT_API_PREFIX) if found else None
    return found if found and found.isdecimal() else None


def read_channel(channel_id: str, name: str | None, messages: Iterable[Any]) -> Iterator[Contents]:
    """A channel's posts. Albums are several messages, for an export does not say which belong together.

    Only its administrators can write in a channel, so the author's kind is ``channel``, signed or not. A message without
    `date_unixtime` has no known time: `date` is the wall clock of whoever exported it, in a zone that nobody knows.

    Parameters
    ----------
    channel_id
        Bare digits.
    name
        The channel's name.
    messages
        The messages, in the order of the file.
    """
    undated = 0

    def outcomes() -> Iterator[tuple[int, Outcome]]:
        nonlocal undated
        for position, delivered in enumerate(messages, start=1):
            outcome = _post(delivered, channel_id, name)
            undated += isinstance(outcome, dict) and outcome["posted_at"] is None
            yield position, outcome

    def notes(left_out: Counter[LeftOut]) -> Iterator[Message]:
        yield from no_posts(left_out)
        if undated:
            yield message("Posts whose time is not known, for the export has no date_unixtime: {count}.", count=undated)

    return slices(POST_COLUMNS, outcomes(), notes)


def _post(delivered: Any, channel_id: str, name: str | None) -> Outcome:
    fit = _fit(delivered)
    if fit is not None:
        return fit
    user, _ = _author(delivered)
    return {
        "platform": "telegram",
        "channel_id": channel_id,
        "channel_name": name,
        "post_id": identifier(delivered["id"]),
        "seen": "snapshot",
        "author_kind": "channel",
        "author": user,
        "posted_at": moment_of(delivered.get("date_unixtime")),
        "edited_at": moment_of(delivered.get("edited_unixtime")),
        "text": _text(delivered),
        "reply_to": _reply(delivered),
        # what stands there may be "(File not included…)", which says that there is a file all the same
        "has_media": "true" if any(key in delivered for key in ("photo", "file", "media_type")) else "false",
    }


def said(delivered: Any) -> Said | Rule | LeftOut:
    """What a message of a group says, and who says it."""
    fit = _fit(delivered)
    if fit is not None:
        return fit
    user, channel = _author(delivered)
    return Said(
        message_id=str(identifier(delivered["id"])),
        author=user,
        author_channel=channel,
        text=_text(delivered),
        posted_at=moment_of(delivered.get("date_unixtime")),
        edited_at=moment_of(delivered.get("edited_unixtime")),
        reply_to=_reply(delivered),
        is_own="forwarded_from" not in delivered and "forwarded_from_id" not in delivered,
    )


def _fit(delivered: Any) -> Rule | LeftOut | None:
    """Why a message is refused or left out; None if it is neither."""
    if not isinstance(delivered, dict) or not isinstance(delivered.get("type"), str) or identifier(delivered.get("id")) is None:
        return MESSAGE
    if delivered["type"] != "message":
        return LeftOut.NO_POST
    return None if _is_text(delivered.get("text")) else MESSAGE


def _is_text(text: Any) -> bool:
    """A string, or a list of strings and of objects with a string."""
    if isinstance(text, list):
        return all(isinstance(part.get("text") if isinstance(part, dict) else part, str) for part in text)
    return text is None or isinstance(text, str)


def _text(delivered: Mapping[str, Any]) -> str | None:
    """The words alone: the address behind a linked word is not among them."""
    text = delivered.get("text") or ""
    if isinstance(text, list):
        text = "".join(part["text"] if isinstance(part, dict) else part for part in text)
    return clean(text).strip() or None


def _author(delivered: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The person as ``telegram:<id>``, or the channel or group in whose name it was written, as bare digits."""
    found = _PEER.fullmatch(str(delivered.get("from_id")))
    if found is None:
        return None, None
    kind, digits = found.groups()
    return (f"telegram:{digits}", None) if kind == "user" else (None, digits)


def _reply(delivered: Mapping[str, Any]) -> str | None:
    # with a peer, the number is that of a message in another chat
    return None if "reply_to_peer_id" in delivered else identifier(delivered.get("reply_to_message_id"))
