"""How much is too much: questions of a person, messages into a chat, answers of a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from serving.token_buckets import TokenBuckets


@dataclass(frozen=True)
class Limits:
    """Limits of what is asked and sent.

    Attributes
    ----------
    user_at_once, user_per_minute
        Questions of one person in all chats.
    chat_at_once, chat_per_minute
        Messages into one chat; Telegram lets a bot send about 20 a minute into a group.
    """

    user_at_once: int = 10
    user_per_minute: float = 10
    chat_at_once: int = 15
    chat_per_minute: float = 18

    def users(self) -> TokenBuckets:
        """Buckets of people."""
        return TokenBuckets(self.user_at_once, self.user_per_minute)

    def chats(self) -> TokenBuckets:
        """Buckets of chats."""
        return TokenBuckets(self.chat_at_once, self.chat_per_minute)


@dataclass(frozen=True)
class Plans:
    """How many answers a chat may have in a month.

    Attributes
    ----------
    answers
        Plan → answers a month, None for any number. Chats without a plan have the first one.
    chats
        Chat as `<platform>:<chat>` → its plan; `<platform>:private` for all conversations with the bot alone.
    """

    answers: Mapping[str, int | None]
    chats: Mapping[str, str]

    def most(self, chat: str) -> int | None:
        """Answers a month of a chat, None for any number.

        A plan that is not declared grants nothing: a misspelt one shows at once, and costs nobody anything.
        """
        plan = self.chats.get(chat, next(iter(self.answers), None))
        return None if plan is None else self.answers.get(plan, 0)


def month_of(moment: dt.datetime) -> str:
    """The month in UTC that an answer counts in, such as `2026-09`."""
    return f"{moment.astimezone(dt.UTC):%Y-%m}"
