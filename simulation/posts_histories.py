"""What becomes of posts: some are repeated elsewhere, some edited or deleted; and the identifiers that they get in the end."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from simulation import posts_phrases as phrases
from simulation.posts_channels import DISCORD, MAIN, Post, pick
from simulation.posts_topics import Fact
from simulation.retailer import LAST_DAY

EARLIER_EXPORT = dt.datetime(2026, 6, 30, 21, tzinfo=dt.UTC)
"""When the main channel was exported for the first time; the later exports are from the calendar's end."""

EDITED, EDITED_LATER, DELETED = 0.04, 0.03, 0.02
"""Shares of posts that were soon edited; and, of those that the earlier export holds, edited or deleted after it."""

LEAST_REPEATED = 22
"""Words of the shortest post that another channel repeats: of a shorter one, small changes would leave too little."""

WITHIN = 0.03
"""Share of copies that stand in the channel of what they copy."""

DISCORD_FIRST_ID = 1_423_000_000_000_000_000


def platform_id(post: Post) -> str:
    """A post's identifier as its platform writes it: Discord's are longer."""
    return str(post.message_id if post.channel.platform == "telegram" else DISCORD_FIRST_ID + post.message_id)


def text_at_earlier_export(post: Post) -> str:
    """Its text when the main channel was exported for the first time."""
    is_later = post.edited_at is not None and post.edited_at > EARLIER_EXPORT
    return post.before if is_later and post.before is not None else post.text


def with_reposts(rng: np.random.Generator, posts: Sequence[Post], count: int) -> list[Post]:
    """The same posts and so many copies with small changes, nearly all in another Telegram channel, by time."""
    channels = sorted(
        {post.channel.slug: post.channel for post in posts if post.channel is not DISCORD}.values(), key=lambda c: c.slug
    )
    originals = [
        post
        for post in posts
        if post.kind in {"fact", "facts"} and post.channel is not DISCORD and len(post.text.split()) >= LEAST_REPEATED
    ]
    chosen = rng.permutation(len(originals))[:count]
    copies = []
    for place in map(int, chosen):
        original = originals[place]
        others = [channel for channel in channels if channel is not original.channel]
        channel = original.channel if rng.random() < WITHIN else pick(rng, others)
        moment = original.posted_at + dt.timedelta(minutes=int(rng.integers(45, 4 * 1440)))
        if moment.date() <= LAST_DAY:
            text = _slightly_changed(rng, original.text)
            copies.append(
                Post(channel, moment, "repost", text, original.facts, copy_of=original, is_forwarded=bool(rng.random() < 0.5))
            )
    return sorted([*posts, *copies], key=lambda post: post.posted_at)


def with_changes(rng: np.random.Generator, posts: Sequence[Post], facts: Mapping[str, Fact]) -> list[Post]:
    """The same posts, some of them edited, and of the main channel some edited or deleted after its earlier export.

    What others repeat stays as it is, and no deletion is told from any other but by its absence from the later export.
    """
    repeated = {id(post.copy_of) for post in posts if post.copy_of is not None}
    changed = list(posts)
    free = [
        place
        for place in map(int, rng.permutation(len(posts)))
        if posts[place].kind == "fact" and id(posts[place]) not in repeated and posts[place].pictures < 2
    ]
    exported = [place for place in free if posts[place].channel is MAIN and posts[place].posted_at < EARLIER_EXPORT]
    n_edited, n_deleted = max(3, round(EDITED_LATER * len(exported))), max(2, round(DELETED * len(exported)))
    for place in exported[:n_edited]:
        changed[place] = _edited(rng, posts[place], facts, EARLIER_EXPORT + dt.timedelta(hours=int(rng.integers(5, 2000))))
    for place in exported[n_edited : n_edited + n_deleted]:
        changed[place] = replace(posts[place], deleted_at=EARLIER_EXPORT + dt.timedelta(hours=int(rng.integers(5, 2000))))
    for place in exported[n_edited + n_deleted : n_edited + n_deleted + 2]:
        # a mark of an edit without one: a picture was changed
        changed[place] = replace(posts[place], edited_at=EARLIER_EXPORT + dt.timedelta(days=3))
    touched = set(exported[: n_edited + n_deleted + 2])
    others = [place for place in free if place not in touched]
    for place in others[: round(EDITED * len(posts))]:
        changed[place] = _edited(rng, posts[place], facts, posts[place].posted_at + dt.timedelta(minutes=int(rng.integers(2, 600))))
    return changed


def numbered(rng: np.random.Generator, posts: Sequence[Post]) -> list[Post]:
    """The same posts with identifiers that rise with time within a channel, with gaps; and some with replies to earlier ones."""
    following: Counter[str] = Counter()
    kept: dict[int, Post] = {}
    last: dict[str, int] = {}
    for post in posts:
        slug = post.channel.slug
        first = following[slug] + 1 + int(rng.random() < 0.1) * int(rng.integers(1, 4))
        following[slug] = first + post.messages - 1
        reply = last.get(slug) if post.kind == "fact" and rng.random() < 0.05 else None
        kept[id(post)] = replace(post, message_id=first, reply_to=reply, copy_of=kept.get(id(post.copy_of)))
        if post.text and post.deleted_at is None:
            last[slug] = first
    return list(kept.values())


def _slightly_changed(rng: np.random.Generator, text: str) -> str:
    """A repost: another first line, no footer, or a link behind it."""
    lines = [line for line in text.split("\n") if line not in phrases.FOOTERS or not line]
    opening = pick(rng, phrases.REPOST_OPENINGS)
    ending = pick(rng, ("", "", "Подробнее — в соседнем канале."))
    return "\n".join(filter(None, [opening, "\n".join(lines).strip(), ending]))


def _edited(rng: np.random.Generator, post: Post, facts: Mapping[str, Fact], moment: dt.datetime) -> Post:
    """What it says now is what it has said all along in the simulation; before, it told another value."""
    fact = facts[post.facts[0]]
    old, variants = fact.changed(rng), range(len(fact.template.says))
    said = next((variant for variant in variants if fact.statement(variant) in post.text), None)
    before = post.text + "\n\nДополняется." if said is None else post.text.replace(fact.statement(said), old.statement(said))
    return replace(post, edited_at=min(moment, _end()), before=before)


def _end() -> dt.datetime:
    return dt.datetime.combine(LAST_DAY, dt.time(20), dt.UTC)
