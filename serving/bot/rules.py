"""Who may search what, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.bot.limits import Limits, Plans
from serving.bot.messages import PRIVATE, Incoming


@dataclass(frozen=True)
class Access:
    """Who may search what.

    Attributes
    ----------
    chats
        Chat as `<platform>:<chat>` → channels; `<platform>:private` for conversations with the bot alone. A chat that is not
        there gets nothing.
    names
        Channel → its public name.
    """

    chats: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]

    @property
    def channels(self) -> frozenset[str]:
        """All channels that somebody may search."""
        return frozenset(channel for channels in self.chats.values() for channel in channels) | frozenset(self.names)

    def of(self, incoming: Incoming) -> tuple[str, ...]:
        """The channels of a message's chat."""
        return self.chats.get(f"{incoming.platform}:{recorded_chat(incoming)}", ())


@dataclass(frozen=True)
class Rules:
    """What holds in every chat.

    Attributes
    ----------
    access
        Who may search what.
    plans, limits
        What is too much.
    question_days
        Days that questions are kept, for `/privacy`.
    """

    access: Access
    plans: Plans
    question_days: int
    limits: Limits = field(default_factory=Limits)


def recorded_chat(incoming: Incoming) -> str:
    """What is recorded of a chat: of a conversation with the bot alone, that it is one."""
    return PRIVATE if incoming.chat_kind == "private" else incoming.chat_id
