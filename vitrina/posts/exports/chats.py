"""Of an exported chat, subscribers' questions and the answers of the channel's people to them, redacted; nothing else leaves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vitrina.inbox.messages import Message, message
from vitrina.inbox.readers import Contents
from vitrina.inbox.rules import Rule
from vitrina.posts.asking import is_question
from vitrina.posts.exports.said import Said
from vitrina.posts.exports.slices import CHAT_COLUMNS, Cells, LeftOut, Outcome, slices
from vitrina.posts.raw_tables import QUESTION_LENGTH
from vitrina.posts.redaction import redact


def questions_and_answers(
    platform: str, chat_id: str, name: str | None, messages: Iterable[Said | Rule | LeftOut], admins: frozenset[str]
) -> Iterator[Contents]:
    """Questions and answers of a chat.

    The channel's people are whoever writes in the name of a channel or of the group itself, and `admins`. A channel's name
    alone does not make it the chat's own: a row says which it is, and whether that one may answer is for others to judge.

    Parameters
    ----------
    platform, chat_id, name
        The chat.
    messages
        What was said, in the order of time; only identifiers of questions are remembered.
    admins
        People who answer under their own name, as ``<platform>:<id>``.
    """
    chat = _Chat(platform, chat_id, name, admins)
    outcomes: Iterator[tuple[int, Outcome]] = (
        (position, chat.outcome(said) if isinstance(said, Said) else said) for position, said in enumerate(messages, start=1)
    )
    return slices(CHAT_COLUMNS, outcomes, _others)


@dataclass
class _Chat:
    platform: str
    chat_id: str
    name: str | None
    admins: frozenset[str]
    asked: set[str] = field(default_factory=set)

    def outcome(self, said: Said) -> Cells | LeftOut:
        # whoever forwards something has not said it, and a channel's posts are forwarded into its chat by themselves
        if said.text is None or not said.is_own:
            return LeftOut.NOBODYS_BUSINESS
        if said.author_channel is not None or said.author in self.admins:
            is_answer = said.reply_to in self.asked
            return self._cells("answer", said, redact(said.text)) if is_answer else LeftOut.NOBODYS_BUSINESS
        return self._question(said, said.text)

    def _question(self, said: Said, text: str) -> Cells | LeftOut:
        # before the models look at it: they take long over long texts
        if said.author is None or len(text) > QUESTION_LENGTH or not is_question(text):
            return LeftOut.NOBODYS_BUSINESS
        redacted = redact(text)
        if len(redacted) > QUESTION_LENGTH:
            return LeftOut.NOBODYS_BUSINESS
        self.asked.add(said.message_id)
        return self._cells("question", said, redacted)

    def _cells(self, kind: str, said: Said, text: str) -> Cells:
        return {
            "platform": self.platform,
            "chat_id": self.chat_id,
            "chat_name": self.name,
            "message_id": said.message_id,
            "kind": kind,
            "author": said.author,
            "author_channel": said.author_channel,
            "posted_at": said.posted_at,
            "edited_at": said.edited_at,
            "text": text,
            "reply_to": said.reply_to,
        }


def _others(left_out: Counter[LeftOut]) -> Iterator[Message]:
    if count := left_out.total():
        yield message(
            "Messages left out, for of a chat only questions and the channel's answers to them are read: {count}.", count=count
        )
