"""What goes in and what comes out, on any platform."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

ChatKind = Literal["group", "private"]
Via = Literal["chat", "command", "private"]
Outcome = Literal["answered", "silent", "limited", "over_quota", "failed"]

PRIVATE = "private"
"""What stands for every conversation with the bot alone: its identifier would be that of the person."""


@dataclass(frozen=True)
class Incoming:
    """A message as it came.

    Attributes
    ----------
    platform, update_id
        Who delivered it, and under which number; a second delivery has the same.
    chat_id, chat_kind
        The chat, without Telegram's prefix -100, and whether others read along.
    address
        Where an answer goes, in the platform's own terms.
    message_id, user_id
        The message within its chat, and who wrote it.
    user_locale
        Language of that person's app, if known.
    text
        Text or caption, as it came.
    sent_at
        When it was sent.
    is_bot, is_forward, is_automatic_forward, is_edited, of_channel
        What is never answered: messages of programs, forwarded ones, a channel's posts in its discussion chat, later
        versions, and what is written in a channel's name.
    reply_to_bot
        The bot's own message that it replies to, if it does.
    is_admin
        Whether the writer looks after the chat; only looked up where `Conversation.needs_admin` says so.
    """

    platform: str
    update_id: int
    chat_id: str
    chat_kind: ChatKind
    address: str
    message_id: str
    user_id: str
    user_locale: str | None
    text: str
    sent_at: dt.datetime
    is_bot: bool = False
    is_forward: bool = False
    is_automatic_forward: bool = False
    is_edited: bool = False
    of_channel: bool = False
    reply_to_bot: str | None = None
    is_admin: bool = False


@dataclass(frozen=True)
class Press:
    """A press of a button below an answer, with what the button carried."""

    platform: str
    update_id: int
    user_id: str
    user_locale: str | None
    data: str
    given_at: dt.datetime


@dataclass(frozen=True)
class Button:
    """A button: its words, and what comes back when it is pressed (at most 64 bytes)."""

    label: str
    data: str


@dataclass(frozen=True)
class Reply:
    """What is sent as a reply: plain text, of which no sign has a meaning."""

    text: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A question as it is recorded: one row of `RawAsked`, redacted."""

    question_id: str
    platform: str
    chat_id: str
    user_hash: str
    asked_at: dt.datetime
    via: Via
    locale: str
    text: str
    outcome: Outcome | None = None
    probability: float | None = None
    answer_channel: str | None = None
    answer_post: str | None = None
    index_version: str | None = None
    cpu_ms: float | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Feedback:
    """One row of `RawFeedback`."""

    question_id: str
    user_hash: str
    helped: bool
    given_at: dt.datetime


@dataclass(frozen=True)
class ErasureRequest:
    """One row of `RawErasureRequests`: keyed hashes only."""

    request_id: str
    kind: Literal["post", "user"]
    subject_hash: str
    requested_at: dt.datetime
    requested_by: Literal["user", "admin"]


@dataclass(frozen=True)
class FeedPost:
    """One row of `RawPosts`, as the bot saw it live."""

    platform: str
    channel_id: str
    channel_name: str | None
    post_id: str
    thread: str | None
    seen: Literal["live"]
    author_kind: Literal["channel"]
    posted_at: dt.datetime
    edited_at: dt.datetime | None
    text: str | None
    reply_to: str | None
    has_media: bool
    link: str | None


@dataclass(frozen=True)
class Update:
    """What a decision belongs to: which update, and where a reply goes."""

    platform: str
    update_id: int
    address: str
    message_id: str

    @classmethod
    def of(cls, incoming: Incoming) -> Update:
        """That of a message."""
        return cls(incoming.platform, incoming.update_id, incoming.address, incoming.message_id)


@dataclass(frozen=True)
class Decision:
    """What is done about a message: all of it is recorded in one step, before anything is sent."""

    reply: Reply | None = None
    asked: Asked | None = None
    erasure: ErasureRequest | None = None

    @property
    def forgotten(self) -> str | None:
        """The person of whom nothing is kept from now on."""
        return self.erasure.subject_hash if self.erasure is not None and self.erasure.kind == "user" else None


NOTHING = Decision()
