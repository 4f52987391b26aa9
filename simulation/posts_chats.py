"""The chat below the main channel, in the weeks before there was a bot: who asks what, who answers, and what else people write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulation import posts_chat_phrases as phrases
from simulation.posts_channels import MAIN, Post, pick
from simulation.posts_questions import WITH_PERSON, Phrased, as_written, phrase, variant_of, with_person
from simulation.posts_topics import Fact

BOT_STARTS = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
"""A Monday: from this day on the bot reads the chat, and its log takes over from the export."""

WEEKS_BEFORE = 13
CHAT_ID, CHAT_NAME = "2500000001", "Лукошко: чат покупателей"
BOT_ID = "7100000001"
PLACES = {"posted": 0.62, "unposted": 0.08, "gap": 0.20, "chat": 0.10}
"""What is asked: facts that posts state, facts alike that none states, gaps, and what the chat alone answers."""

ZIPF = 0.9
MOST_ASKED = 150
SEASON = dt.timedelta(days=30)
"""How long before and after the day that a fact belongs to it is asked for."""

ANSWERED_BY_PEOPLE = 0.35
REMARKS = 0.55
"""Messages that belong to no question, over questions."""

FIRST_USER = 5_000_000_001


@dataclass(frozen=True)
class Demand:
    """What people want to know: facts and gaps, each with its share of the questions.

    Attributes
    ----------
    facts
        All of them by intent, those of the chat alone included.
    pools
        Intents of each of `PLACES`, the most frequent first.
    """

    facts: Mapping[str, Fact]
    pools: Mapping[str, tuple[str, ...]]

    def draw(self, rng: np.random.Generator, place: str, moment: dt.datetime) -> tuple[str, str]:
        """An intent of a place, by Zipf's law, and a question for it as somebody writes it; out of season nobody asks."""
        pool = [intent for intent in self.pools[place] if intent not in self.facts or _is_in_season(self.facts[intent], moment)]
        shares = np.cumsum(1 / np.arange(1, len(pool) + 1) ** ZIPF)
        intent = pool[int(np.searchsorted(shares, rng.random() * shares[-1]))]
        return intent, self.question(rng, intent)

    def question(self, rng: np.random.Generator, intent: str) -> str:
        """A question for an intent, as somebody writes it."""
        if intent in self.facts:
            return phrase(rng, self.facts[intent])
        asks = dict(phrases.GAPS)[intent]
        variant, is_keywords = variant_of(rng, len(asks))
        return as_written(rng, asks[variant], is_keywords=is_keywords)


def demand_of(rng: np.random.Generator, posted: Sequence[Fact], unposted: Sequence[Fact], in_chat: Sequence[Fact]) -> Demand:
    """What people want to know, general facts more often than those of one city or product."""
    pools = {
        "posted": _by_frequency(rng, posted),
        "unposted": _by_frequency(rng, unposted)[: MOST_ASKED // 5],
        "gap": tuple(name for name, _ in phrases.GAPS),
        "chat": tuple(fact.intent for fact in in_chat),
    }
    return Demand({fact.intent: fact for fact in (*posted, *unposted, *in_chat)}, pools)


@dataclass(frozen=True)
class ChatMessage:
    """A message of the chat.

    Attributes
    ----------
    user
        Bare identifier of the user who wrote it; None where the channel did.
    kind
        ``question``, ``answer`` (of the channel's people, to a question), ``aside`` (theirs, without an answer), ``chatter``,
        ``rhetoric``, ``to one another``, ``bot``, ``forward`` (of a post into the chat), ``service``.
    intent
        What is asked or answered.
    personal
        What in it must not be stored.
    """

    message_id: int
    posted_at: dt.datetime
    kind: str
    text: str
    user: int | None = None
    name: str = ""
    intent: str | None = None
    reply_to: int | None = None
    edited_at: dt.datetime | None = None
    personal: tuple[str, ...] = ()


def simulate_chat(rng: np.random.Generator, demand: Demand, posts: Sequence[Post], questions_a_week: float) -> list[ChatMessage]:
    """The messages of the chat, by time, with identifiers.

    Parameters
    ----------
    rng
        The randomness.
    demand
        What people ask.
    posts
        Posts of all channels; the main channel's newer ones are forwarded into the chat, as Telegram does.
    questions_a_week
        Expected questions in a week.
    """
    begin = BOT_STARTS - dt.timedelta(weeks=WEEKS_BEFORE)
    count = int(rng.poisson(questions_a_week * WEEKS_BEFORE))
    threads = [_thread(rng, demand, _moment(rng, begin)) for _ in range(count)]
    threads += [[_remark(rng, _moment(rng, begin))] for _ in range(round(REMARKS * count))]
    forwarded = [post for post in posts if post.channel is MAIN and post.text and begin <= post.posted_at < BOT_STARTS]
    threads += [[ChatMessage(0, post.posted_at + dt.timedelta(seconds=2), "forward", post.text)] for post in forwarded[::4]]
    return _numbered(threads)


def share_of_questions(rng: np.random.Generator) -> str:
    """One of `PLACES`, by its share."""
    return list(PLACES)[int(np.searchsorted(np.cumsum(list(PLACES.values())), rng.random() * sum(PLACES.values())))]


def _thread(rng: np.random.Generator, demand: Demand, moment: dt.datetime) -> list[ChatMessage]:
    """A question and what follows it; whoever replies refers to it by 1, the place in the thread, until it is numbered."""
    place = share_of_questions(rng)
    intent, text = demand.draw(rng, place, moment)
    asked = with_person(rng, text) if rng.random() < WITH_PERSON else Phrased(text)
    user = _user(rng)
    edited = moment + dt.timedelta(minutes=2) if rng.random() < 0.03 else None
    question = ChatMessage(0, moment, "question", asked.text, user, name_of(user), intent, None, edited, asked.personal)
    thread = [question]
    later = moment + dt.timedelta(minutes=int(rng.integers(1, 90)))
    drawn = rng.random()
    answers = place == "chat" or (place == "posted" and drawn < ANSWERED_BY_PEOPLE)
    if answers:
        said = pick(rng, phrases.ANSWER_OPENERS) + demand.facts[intent].statement(int(rng.integers(9)))
        thread.append(ChatMessage(0, later, "answer", said, intent=intent, reply_to=1))
    elif drawn > 0.85:
        thread.append(ChatMessage(0, later, "aside", pick(rng, phrases.CLARIFICATIONS), reply_to=1))
    if rng.random() < 0.2:
        other = user if answers else _user(rng)
        said = pick(rng, phrases.CHATTER)
        thread.append(ChatMessage(0, later + dt.timedelta(minutes=1), "chatter", said, other, name_of(other), reply_to=1))
    return thread


def _remark(rng: np.random.Generator, moment: dt.datetime) -> ChatMessage:
    user, drawn = _user(rng), rng.random()
    if drawn < 0.08:
        return ChatMessage(0, moment, "service", "")
    if drawn < 0.14:
        return ChatMessage(
            0, moment, "bot", f"Добро пожаловать, {name_of(user)}! Знаете правила чата?", int(BOT_ID), "Модератор Bot"
        )
    kind = "rhetoric" if drawn < 0.26 else "to one another" if drawn < 0.34 else "chatter"
    options: dict[str, tuple[str, ...]] = {
        "rhetoric": phrases.RHETORIC,
        "to one another": phrases.TO_ONE_ANOTHER,
        "chatter": phrases.CHATTER,
    }
    return ChatMessage(0, moment, kind, pick(rng, options[kind]), user, name_of(user))


def _numbered(threads: Sequence[Sequence[ChatMessage]]) -> list[ChatMessage]:
    """Identifiers by time over all threads; what replied to 1 replies to its thread's first message."""
    ordered = sorted(
        ((message.posted_at, thread, place) for thread, messages in enumerate(threads) for place, message in enumerate(messages)),
    )
    number = {(thread, place): following + 1 for following, (_, thread, place) in enumerate(ordered)}
    numbered = []
    for _, thread, place in ordered:
        message = threads[thread][place]
        reply = number[thread, 0] if message.reply_to else None
        numbered.append(replace(message, message_id=number[thread, place], reply_to=reply))
    return numbered


def name_of(user: int) -> str:
    """The name that a user shows: a nickname, or a full name."""
    number = user - FIRST_USER
    if number % 3 == 0:
        return phrases.NICKNAMES[number // 3 % len(phrases.NICKNAMES)]
    name, surname = phrases.FIRST_NAMES[number % len(phrases.FIRST_NAMES)], phrases.SURNAMES[number // 7 % len(phrases.SURNAMES)]
    return f"{name} {surname}а" if name[-1] in "ая" else f"{name} {surname}"


def _user(rng: np.random.Generator) -> int:
    """A few users write often, most once."""
    return FIRST_USER + min(int(rng.pareto(1.1) * 8), 400)


def _moment(rng: np.random.Generator, begin: dt.datetime) -> dt.datetime:
    day = begin + dt.timedelta(days=int(rng.integers(WEEKS_BEFORE * 7)))
    # two hours before the day ends, so that what follows still falls into the export
    return day + dt.timedelta(hours=5, seconds=int(rng.integers(15 * 3600)))


def _is_in_season(fact: Fact, moment: dt.datetime) -> bool:
    return fact.season is None or abs(fact.season - moment.date()) <= SEASON


def _by_frequency(rng: np.random.Generator, facts: Sequence[Fact]) -> tuple[str, ...]:
    """General facts tend to come first, and each pool ends after `MOST_ASKED`."""
    drawn = rng.random(len(facts)) + np.array([0.6 * (not fact.is_general) for fact in facts])
    return tuple(facts[place].intent for place in np.argsort(drawn).tolist()[:MOST_ASKED])
