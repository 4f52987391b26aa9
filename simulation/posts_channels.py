"""The made-up channels and their posts: one fact, several at once, noise, pictures. What becomes of them: `posts_histories`."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulation import posts_phrases as phrases
from simulation.posts_topics import SEASON_BEFORE, Fact, Template, facts_of
from simulation.posts_topics_business import BANK_CARD, SUPPLIERS
from simulation.posts_topics_others import BRANCH, FARM, INTERFACE
from simulation.posts_topics_shop import SHOP
from simulation.retailer import LAST_DAY

FIRST_DAY = dt.date(2025, 10, 1)

MEAN_DETAILS = 3
FACTS, SEVERAL_FACTS, REPOSTS, SHORT = 0.64, 0.06, 0.05, 0.02
"""Shares of posts that state one fact, several, repeat another post, or are a word or two; the rest is noise."""

DISTINCT = 0.65
"""Share of posts with a fact that state one which no earlier post of the channel stated."""

GENERAL_AGAIN = 8
"""How many times as often a general fact is stated again as one of a city or a product."""

MOST_STATED = 0.9
"""Share of a channel's facts that it states at most: however much it posts, some questions stay without an answer."""

WITHOUT_TEXT = 0.06
"""Messages without a text (pictures, polls, service messages) over posts."""

ALBUMS, PICTURES = 0.06, 0.30

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Channel:
    """A channel, equal to itself only: `share` is its part of all posts, `channel_id` its bare identifier on its platform."""

    slug: str
    channel_id: str
    name: str
    topics: Mapping[str, tuple[Template, ...]]
    share: float
    platform: str = "telegram"


MAIN = Channel("lukoshko", "1500000001", "Лукошко", SHOP, 0.46)
DISCORD = Channel("lukoshko_api", "1100000000000000001", "api-новости", INTERFACE, 0.03, "discord")
CHANNELS = (
    MAIN,
    Channel("lukoshko_yasnogorye", "1500000002", "Лукошко Ясногорье", BRANCH, 0.15),
    Channel("lukoshko_karta", "1500000003", "Карта «Лукошко»", BANK_CARD, 0.12),
    Channel("lukoshko_postavshikam", "1500000004", "Лукошко — поставщикам", SUPPLIERS, 0.14),
    Channel("svoya_ferma", "1500000005", "Своя ферма", FARM, 0.10),
    DISCORD,
)


@dataclass(frozen=True)
class Post:
    """A post as its channel has it at the end.

    Attributes
    ----------
    message_id
        Of its first message; an album's other messages have the next ones. 0 as long as it has none.
    posted_at, edited_at, deleted_at
        Moments in UTC.
    kind
        ``fact``, ``facts``, ``noise``, ``short``, ``repost``; or, without a text, ``media``, ``poll``, ``service`` or ``unsupported``.
    text
        All of its text; empty where it has none.
    facts
        Intents that it answers.
    before
        Its text before it was edited; None where the text never changed.
    pictures
        Its pictures; two or more are an album, a message each.
    copy_of
        The post that it repeats.
    is_forwarded
        Whether it stands as forwarded from there.
    """

    channel: Channel
    posted_at: dt.datetime
    kind: str
    text: str = ""
    facts: tuple[str, ...] = ()
    message_id: int = 0
    edited_at: dt.datetime | None = None
    before: str | None = None
    deleted_at: dt.datetime | None = None
    pictures: int = 0
    reply_to: int | None = None
    copy_of: Post | None = None
    is_forwarded: bool = False

    @property
    def messages(self) -> int:
        """How many messages it consists of."""
        return max(1, self.pictures)


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, each as likely; `Generator.choice` is ten times slower."""
    return options[int(rng.integers(len(options)))]


def channel_facts(rng: np.random.Generator, channel: Channel, posts: int) -> tuple[list[Fact], list[Fact]]:
    """The facts of a channel: those that so many posts have room for, general ones first, and those that it never states."""
    facts = facts_of(rng, channel.topics)
    room = min(max(4, round(DISTINCT * FACTS * posts)), round(MOST_STATED * len(facts)))
    # a draw below one for general facts, above it for the others
    drawn = rng.random(len(facts)) + np.array([not fact.is_general for fact in facts])
    order = np.argsort(drawn).tolist()
    return [facts[place] for place in order[:room]], [facts[place] for place in order[room:]]


def posts_of(rng: np.random.Generator, channel: Channel, facts: Sequence[Fact], count: int) -> list[Post]:
    """Posts of a channel but for what it repeats of others, by time, without identifiers.

    Parameters
    ----------
    rng
        The randomness.
    channel
        The channel.
    facts
        What it states, each at least once where there is room.
    count
        Posts with a text; some without come on top.
    """
    several = max(1, round(SEVERAL_FACTS * count))
    single = max(len(facts), round(FACTS * count))
    short = max(1, round(SHORT * count))
    stated: Counter[str] = Counter()
    often = [fact for fact in facts for _ in range(GENERAL_AGAIN if fact.is_general else 1)]
    stating = [*facts, *(pick(rng, often) for _ in range(single - len(facts)))]
    posts = [_fact_post(rng, channel, fact, stated) for fact in stating]
    posts += [_facts_post(rng, channel, facts, stated) for _ in range(several)]
    posts += [Post(channel, _moment(rng), "short", pick(rng, phrases.SHORTS)) for _ in range(short)]
    posts += [Post(channel, _moment(rng), "noise", _noise(rng)) for _ in range(max(2, count - len(posts)))]
    kinds = ("media", "poll", "service", "unsupported")
    extra = max(len(kinds), round(WITHOUT_TEXT * count))
    posts += [Post(channel, _moment(rng), kinds[place % len(kinds)]) for place in range(extra)]
    return sorted(posts, key=lambda post: post.posted_at)


def _fact_post(rng: np.random.Generator, channel: Channel, fact: Fact, stated: Counter[str]) -> Post:
    # the next variant each time, so that a channel's posts of one fact are no copies of one another
    stated[fact.intent] += 1
    sentences = [fact.statement(stated[fact.intent] + len(fact.intent)), *_details(rng, fact.topic)]
    text = _dressed(rng, fact.topic, sentences, opened=rng.random() < 0.55)
    pictures = int(rng.integers(2, 5)) if rng.random() < ALBUMS else int(rng.random() < PICTURES)
    return Post(channel, _moment(rng, fact), "fact", text, (fact.intent,), pictures=0 if channel is DISCORD else pictures)


def _facts_post(rng: np.random.Generator, channel: Channel, facts: Sequence[Fact], stated: Counter[str]) -> Post:
    """Several facts of one topic in one long post, as a digest."""
    topic = pick(rng, facts).topic
    same = [fact for fact in facts if fact.topic == topic and fact.season is None] or [pick(rng, facts)]
    chosen = [same[place] for place in rng.permutation(len(same))[: int(rng.integers(3, 6))]]
    sentences = []
    for fact in chosen:
        stated[fact.intent] += 1
        sentences.append("\n".join(["", "• " + fact.statement(stated[fact.intent]), " ".join(_details(rng, topic))]))
    text = _dressed(rng, topic, sentences, opened=True)
    return Post(channel, _moment(rng, chosen[0]), "facts", text, tuple(fact.intent for fact in chosen))


def _details(rng: np.random.Generator, topic: str) -> list[str]:
    details = phrases.DETAILS[topic]
    count = min(int(rng.poisson(MEAN_DETAILS)), len(details))
    return [details[place] for place in rng.permutation(len(details))[:count]]


def _dressed(rng: np.random.Generator, topic: str, sentences: Sequence[str], *, opened: bool) -> str:
    """Sentences with a heading, an opening, an ending and a footer, each of which may be missing."""
    opening = pick(rng, phrases.OPENINGS) if opened else ""
    body = (pick(rng, ("\n", " ", "\n\n")) if opening else "").join(filter(None, [opening, " ".join(sentences)]))
    heading = f"{topic} {pick(rng, ('', '❗', '🧺', '✅', '📦'))}".strip() if rng.random() < 0.25 else ""
    ending = pick(rng, phrases.ENDINGS) if rng.random() < 0.35 else ""
    footer = pick(rng, phrases.FOOTERS) if rng.random() < 0.3 else ""
    return "\n\n".join(filter(None, [heading, body.strip(), ending, footer]))


def _noise(rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.12:
        return pick(rng, phrases.MEMES).format(a=pick(rng, phrases.TREATS), b=pick(rng, phrases.TREATS))
    greeting = pick(rng, phrases.GREETINGS) if rng.random() < 0.5 else ""
    wish = pick(rng, phrases.WISHES) if kind < 0.5 else ""
    if kind < 0.25:
        told = pick(rng, phrases.CONTESTS).format(n=int(rng.integers(3, 400)), day=int(rng.integers(1, 29)))
    else:
        told = " ".join(_news(rng) for _ in range(int(rng.integers(1, 5))))
    return " ".join(filter(None, [greeting, told, wish]))


def _news(rng: np.random.Generator) -> str:
    return " ".join(pick(rng, part) for part in (phrases.WHO, phrases.DID, phrases.WHAT, phrases.WHERE, phrases.WHEN)) + "."


def _moment(rng: np.random.Generator, fact: Fact | None = None) -> dt.datetime:
    """A moment between eight and twenty-two in Moscow, in the season of a fact that has one."""
    first, days = FIRST_DAY, (LAST_DAY - FIRST_DAY).days + 1
    if fact is not None and fact.season is not None:
        is_month = fact.intent.startswith("offer/")
        first, days = (fact.season, 20) if is_month else (fact.season - SEASON_BEFORE, SEASON_BEFORE.days)
    day = first + dt.timedelta(days=int(rng.integers(days)))
    return dt.datetime.combine(day, dt.time(5), dt.UTC) + dt.timedelta(seconds=int(rng.integers(14 * 3600)))
