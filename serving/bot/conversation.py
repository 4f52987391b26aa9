"""What the bot does about a message: nothing, a few words, or an answer. It knows no platform, no clock and no network."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from serving.bot import wording
from serving.bot.answers import Answered
from serving.bot.commands import COMMANDS, Command, PostName, command_of, post_of_link
from serving.bot.messages import (
    NOTHING,
    Asked,
    Button,
    Decision,
    ErasureRequest,
    Feedback,
    Incoming,
    Outcome,
    Press,
    Reply,
    Via,
)
from serving.bot.rules import Rules, recorded_chat
from serving.bot.wording import locale_of, say
from vitrina.posts.raw_tables import QUESTION_LENGTH
from vitrina.pseudonyms import pseudonym

_PRESSED = re.compile("([+-])([0-9a-f]{24})")
_OF_THE_PERSON = ("privacy", "forget_me", "start", "help")


@dataclass(frozen=True)
class Reading:
    """How texts are read: cleaned of invisible signs, told from chatter, and redacted before they are stored."""

    clean: Callable[[str], str]
    is_question: Callable[[str], bool]
    redact: Callable[[str], str]


@dataclass(frozen=True)
class Question:
    """A question that is to be looked up: what is recorded of it, and the text as it was asked, which never is."""

    asked: Asked
    text: str
    channels: tuple[str, ...]
    chat: str
    bucket: str

    @property
    def expects_words(self) -> bool:
        """Whether the person has turned to the bot, and is told why there is no answer."""
        return self.asked.via != "chat"


@dataclass(frozen=True)
class LookedUp:
    """What became of a question that was looked up.

    Attributes
    ----------
    answered
        None where that failed.
    version
        The index that was searched.
    cpu_ms, tokens
        What it has cost.
    """

    answered: Answered | None = None
    version: str | None = None
    cpu_ms: float | None = None
    tokens: int = 0


class Memory(Protocol):
    """What has to be known of earlier messages."""

    def answers(self, chat: str, month: dt.datetime) -> int:
        """Answers of a chat in the month of a moment."""

    def post_of_answer(self, answer_key: str) -> PostName | None:
        """The post that a message of the bot showed."""

    def knows_question(self, question_id: str) -> bool:
        """Whether it was asked, and is still remembered."""


class Conversation:
    """Decides about messages.

    Parameters
    ----------
    rules
        Who may search what, and how much.
    reading
        How texts are read.
    memory
        The journal.
    key
        Key of pseudonyms.
    bot_name
        The bot's own name, by which it is addressed.
    """

    def __init__(self, rules: Rules, reading: Reading, memory: Memory, *, key: bytes, bot_name: str) -> None:
        self.rules, self.reading, self.memory, self.key, self.bot_name = rules, reading, memory, key, bot_name
        self._users, self._chats = rules.limits.users(), rules.limits.chats()

    def needs_admin(self, incoming: Incoming) -> bool:
        """Whether it matters if the writer looks after the chat: finding out costs a call."""
        command = command_of(incoming.text, self.bot_name)
        return (
            command is not None
            and command.name == "forget"
            and incoming.chat_kind == "group"
            and bool(self.rules.access.of(incoming))
        )

    def consider(self, incoming: Incoming, clock: float) -> Decision | Question:
        """What to do about a message at once, or the question to look up.

        Parameters
        ----------
        incoming
            The message.
        clock
            Seconds of a clock that never goes back.
        """
        if self._is_nobodys(incoming):
            return NOTHING
        channels = self.rules.access.of(incoming)
        if incoming.chat_kind == "group" and not channels:
            return NOTHING
        text = self.reading.clean(incoming.text).strip()
        command = command_of(text, self.bot_name)
        if command is not None and command.name != "ask":
            return self._command(incoming, command, channels, clock)
        asked = (text if command is None else command.argument)[:QUESTION_LENGTH]
        via: Via = "private" if incoming.chat_kind == "private" else "chat" if command is None else "command"
        if via == "chat" and not self.reading.is_question(asked):
            return NOTHING
        return self._asked(incoming, asked, via, clock)

    def conclude(self, question: Question, looked_up: LookedUp, clock: float) -> Decision:
        """What to do once a question was looked up."""
        answered = looked_up.answered
        asked = replace(question.asked, index_version=looked_up.version, cpu_ms=looked_up.cpu_ms, tokens=looked_up.tokens or None)
        if answered is None:
            return self._without_answer(question, asked, "failed", wording.FAILED, clock)
        asked = replace(asked, probability=answered.probability)
        hit, quote = answered.hit, answered.quote
        # what may be searched was said to the answerer; that nothing else is shown is looked at here as well
        if answered.outcome != "answered" or hit is None or not quote or hit.channel not in question.channels:
            return self._without_answer(question, asked, "silent", wording.NOTHING_FOUND, clock)
        if self._used_up(question):
            return self._without_answer(question, asked, "over_quota", wording.OVER_QUOTA, clock)
        if not self._chats.take(question.bucket, clock):
            return Decision(asked=replace(asked, outcome="limited"))
        asked = replace(asked, outcome="answered", answer_channel=hit.channel, answer_post=hit.post_id)
        buttons = (
            Button(say(asked.locale, wording.HELPED), f"+{asked.question_id}"),
            Button(say(asked.locale, wording.NOT_HELPED), f"-{asked.question_id}"),
        )
        return Decision(Reply(wording.answer_text(quote, hit.link), buttons), asked)

    def pressed(self, press: Press, clock: float) -> tuple[Feedback | None, str]:
        """The feedback of a pressed button, and what is said to it; None where the button is not one that we know.

        Whoever writes an app of their own can press buttons that were never shown.
        """
        locale = locale_of(press.user_locale, "")
        found = _PRESSED.fullmatch(press.data)
        user_hash = self.person(press.platform, press.user_id)
        if found is None or not self.memory.knows_question(found[2]):
            return None, say(locale, wording.TOO_OLD)
        if not self._users.take(user_hash, clock):
            return None, say(locale, wording.TOO_MANY)
        return Feedback(found[2], user_hash, found[1] == "+", press.given_at), say(locale, wording.THANKS)

    def person(self, platform: str, user_id: str) -> str:
        """The pseudonym of a person."""
        return pseudonym(f"{platform}:{user_id}", self.key)

    def _is_nobodys(self, incoming: Incoming) -> bool:
        return (
            incoming.is_bot or incoming.is_forward or incoming.is_automatic_forward or incoming.is_edited or incoming.of_channel
        ) or not incoming.text.strip()

    def _asked(self, incoming: Incoming, text: str, via: Via, clock: float) -> Decision | Question:
        locale, channels = locale_of(incoming.user_locale, text), self.rules.access.of(incoming)
        bucket = f"{incoming.platform}:{incoming.address}"
        if not text or not channels:
            return self._words(wording.NO_CHANNELS if text else wording.ASK_WHAT, locale, bucket, clock)
        asked = Asked(
            # as in exports of the chat, so that a question that is in both is one
            message_key(incoming.platform, incoming.chat_id, incoming.message_id, self.key),
            incoming.platform,
            recorded_chat(incoming),
            self.person(incoming.platform, incoming.user_id),
            incoming.sent_at,
            via,
            locale,
            # longer than before where a placeholder is longer than what it stands for
            self.reading.redact(text)[:QUESTION_LENGTH],
        )
        question = Question(asked, text, channels, f"{incoming.platform}:{asked.chat_id}", bucket)
        return self._too_much(question, clock) or question

    def _too_much(self, question: Question, clock: float) -> Decision | None:
        asked = question.asked
        limited = Decision(asked=replace(asked, outcome="limited"))
        if not self._users.take(asked.user_hash, clock):
            told = not question.expects_words or not self._users.first_refusal(asked.user_hash, clock)
            return limited if told else self._without_answer(question, asked, "limited", wording.TOO_MANY, clock)
        if not self._chats.has(question.bucket, clock):
            return limited
        if self._used_up(question):
            return self._without_answer(question, asked, "over_quota", wording.OVER_QUOTA, clock)
        return None

    def _without_answer(self, question: Question, asked: Asked, outcome: Outcome, why: str, clock: float) -> Decision:
        """Silence, unless the person has turned to the bot."""
        asked = replace(asked, outcome=outcome)
        if not question.expects_words:
            return Decision(asked=asked)
        return replace(self._words(why, asked.locale, question.bucket, clock), asked=asked)

    def _used_up(self, question: Question) -> bool:
        most = self.rules.plans.most(question.chat)
        return most is not None and self.memory.answers(question.chat, question.asked.asked_at) >= most

    def _words(self, message: str, locale: str, bucket: str, clock: float, **values: object) -> Decision:
        if not self._chats.take(bucket, clock):
            return NOTHING
        return Decision(Reply(say(locale, message, **values)))

    def _command(self, incoming: Incoming, command: Command, channels: tuple[str, ...], clock: float) -> Decision:
        locale = locale_of(incoming.user_locale, incoming.text)
        bucket = f"{incoming.platform}:{incoming.address}"
        if command.name not in COMMANDS:
            return NOTHING
        if command.name == "forget":
            return self._forget(incoming, command, channels, locale, clock)
        if command.name == "forget_me":
            words = self._words(wording.FORGOTTEN, locale, bucket, clock)
            return replace(words, erasure=self._erasure(incoming, "user", self.person(incoming.platform, incoming.user_id)))
        if command.name == "privacy":
            return self._words(wording.PRIVACY, locale, bucket, clock, days=self.rules.question_days)
        return self._words(wording.HELP, locale, bucket, clock)

    def _forget(self, incoming: Incoming, command: Command, channels: tuple[str, ...], locale: str, clock: float) -> Decision:
        bucket = f"{incoming.platform}:{incoming.address}"
        if not incoming.is_admin or incoming.chat_kind != "group":
            return self._words(wording.ADMINS_ONLY, locale, bucket, clock)
        post = post_of_link(command.argument, self.rules.access.names)
        if post is None and incoming.reply_to_bot is not None:
            post = self.memory.post_of_answer(message_key(incoming.platform, incoming.address, incoming.reply_to_bot, self.key))
        # an administrator of one chat has no say over the channels of another
        if post is None or post.channel not in channels:
            return self._words(wording.FORGET_WHICH, locale, bucket, clock)
        words = self._words(wording.POST_FORGOTTEN, locale, bucket, clock)
        return replace(words, erasure=self._erasure(incoming, "post", pseudonym(str(post), self.key)))

    def _erasure(self, incoming: Incoming, kind: str, subject: str) -> ErasureRequest:
        request = message_key(incoming.platform, incoming.address, incoming.message_id, self.key)
        if kind == "user":
            return ErasureRequest(request, "user", subject, incoming.sent_at, "user")
        return ErasureRequest(request, "post", subject, incoming.sent_at, "admin")


def message_key(platform: str, chat: str, message_id: str, key: bytes) -> str:
    """Keyed hash of a message: of a question, or of an answer of ours."""
    return pseudonym(f"{platform}:{chat}:{message_id}", key)
