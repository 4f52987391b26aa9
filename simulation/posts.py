"""A made-up retailer's channels, the chat below them and the log of their bot; what is true of them stands in `posts_truth`.

Facts are drawn from templates written by hand; posts state them in some words, questions ask for them in others. So it is known
of every question which posts answer it, whether any does, and whether it is a question at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulation.posts_bot_log import Asked, Pressed, simulate_log
from simulation.posts_captions import Caption, simulate_captions
from simulation.posts_channels import (
    CHANNELS,
    MAIN,
    REPOSTS,
    Channel,
    Post,
    channel_facts,
    posts_of,
)
from simulation.posts_chat_phrases import CHAT_ONLY
from simulation.posts_chats import ChatMessage, Demand, demand_of, simulate_chat
from simulation.posts_histories import numbered, with_changes, with_reposts
from simulation.posts_topics import Fact, facts_of
from simulation.retailer import Size

KNOWN_SHARE = 0.4
"""Share of stated facts for which people wrote down the answer to a question; of small channels, more."""

FEWEST_KNOWN = 12
"""Expected known answers of a channel that states so many facts."""


@dataclass(frozen=True)
class PostsExtent:
    """How much is made: `posts` with a text over all channels, and expected questions of the chat in a week."""

    posts: int
    questions_a_week: float


POSTS_EXTENTS = {
    Size.TINY: PostsExtent(posts=150, questions_a_week=7),
    Size.DEMO: PostsExtent(posts=2_500, questions_a_week=52),
    Size.LARGE: PostsExtent(posts=20_000, questions_a_week=400),
}


@dataclass(frozen=True)
class KnownAnswer:
    """A question of which a person says which post of a channel answers it, the latest that does; None where none does.

    What else answers it, in other words or elsewhere, stands in `posts_truth`.
    """

    channel: Channel
    question: str
    post: Post | None
    intent: str


@dataclass(frozen=True)
class SimulatedPosts:
    """All that was made.

    Attributes
    ----------
    facts
        All facts by intent; the stated and the unstated, and those of the chat alone.
    posts
        Posts of all channels by time, those that were deleted included.
    chat
        Messages of the chat before the bot started.
    asked, pressed
        The bot's log.
    known
        Questions with known answers.
    demand
        What people want to know.
    captions
        What is said in a video.
    """

    facts: Mapping[str, Fact]
    posts: tuple[Post, ...]
    chat: tuple[ChatMessage, ...]
    asked: tuple[Asked, ...]
    pressed: tuple[Pressed, ...]
    known: tuple[KnownAnswer, ...]
    demand: Demand
    captions: tuple[Caption, ...]


def simulate_posts(size: Size | str | PostsExtent, seed: int) -> SimulatedPosts:
    """Make channels, a chat and a bot's log.

    Parameters
    ----------
    size
        How much; the calendar is the same for all sizes.
    seed
        The same seed makes the same.
    """
    extent = size if isinstance(size, PostsExtent) else POSTS_EXTENTS[Size(size)]
    own = {channel: round(extent.posts * channel.share * (1 - REPOSTS)) for channel in CHANNELS}
    posts: list[Post] = []
    stated: list[Fact] = []
    unstated: list[Fact] = []
    for place, (channel, count) in enumerate(own.items()):
        rng = np.random.default_rng([seed, 1, place])
        some, others = channel_facts(rng, channel, count)
        stated, unstated = [*stated, *some], [*unstated, *others]
        posts += posts_of(rng, channel, some, count)
    rng = np.random.default_rng([seed, 2])
    by_time = sorted(posts, key=lambda post: post.posted_at)
    facts = {fact.intent: fact for fact in stated}
    changed = with_changes(rng, with_reposts(rng, by_time, round(REPOSTS * extent.posts)), facts)
    finished = numbered(rng, changed)
    in_chat = facts_of(rng, {"Чат": CHAT_ONLY})
    demand = demand_of(rng, stated, unstated, in_chat)
    chat = simulate_chat(np.random.default_rng([seed, 3]), demand, finished, extent.questions_a_week)
    asked, pressed = simulate_log(np.random.default_rng([seed, 4]), demand, finished, extent.questions_a_week)
    known = _known(np.random.default_rng([seed, 5]), demand, finished)
    captions = simulate_captions(np.random.default_rng([seed, 6]))
    return SimulatedPosts(demand.facts, tuple(finished), tuple(chat), tuple(asked), tuple(pressed), known, demand, captions)


def _known(rng: np.random.Generator, demand: Demand, posts: Sequence[Post]) -> tuple[KnownAnswer, ...]:
    """Questions as a careful person writes them; and gaps, for the main channel."""
    known: dict[str, KnownAnswer] = {}
    standing = [post for post in posts if post.kind == "fact" and post.deleted_at is None and post.channel in CHANNELS[:-1]]
    latest = {(post.channel.slug, post.facts[0]): post for post in standing}
    facts = Counter(slug for slug, _ in latest)
    chosen = [answer for answer in latest.items() if rng.random() < max(KNOWN_SHARE, FEWEST_KNOWN / facts[answer[0][0]])]
    for (_, intent), post in chosen:
        fact = demand.facts[intent]
        question = fact.question(int(rng.integers(len(fact.template.asks) - 1)))
        known.setdefault(question, KnownAnswer(post.channel, question, post, intent))
    for intent in demand.pools["gap"]:
        question = demand.question(rng, intent)
        known.setdefault(question, KnownAnswer(MAIN, question, None, intent))
    return tuple(known.values())
