"""Answers that say nothing: the words that a team replies to any question with, such as "we are looking into it".

Searched with their questions, they would be found by these again, and shown in place of a post that answers. An answer to one
question that is asked in many ways is said as often; but what is asked then has words in common.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations

import polars as pl

from vitrina.posts.language import lemmas, words

FEWEST_QUESTIONS = 5
"""Different questions that were replied to in the same words."""

ALIKE = 0.1
"""Share of pairs of these questions with a lemma in common, below which they have nothing to do with one another."""

MOST_QUESTIONS = 200
"""Questions that are compared: their pairs are many."""


def courtesies(posts: pl.DataFrame) -> list[bool]:
    """Whether each post is a reply that its channel gives to all kinds of questions.

    Parameters
    ----------
    posts
        ``platform``, ``channel_id``, ``text``, and ``context``: what was replied to, null for posts that are no replies.
    """
    questions: dict[tuple[str, str, str], dict[str, None]] = {}
    keys: list[tuple[str, str, str] | None] = []
    for platform, channel, text, question in posts.select("platform", "channel_id", "text", "context").iter_rows():
        key = (platform, channel, " ".join(words(text))) if question else None
        if key is not None:
            questions.setdefault(key, {})[question] = None
        keys.append(key)
    found = {key for key, asked in questions.items() if len(asked) >= FEWEST_QUESTIONS and not _have_a_subject(asked)}
    return [key in found for key in keys]


def _have_a_subject(questions: Collection[str]) -> bool:
    """Whether questions have words in common."""
    held = [frozenset(lemmas(question)) for question in sorted(questions)[:MOST_QUESTIONS]]
    pairs = [not first.isdisjoint(second) for first, second in combinations(held, 2)]
    return sum(pairs) >= ALIKE * len(pairs)
