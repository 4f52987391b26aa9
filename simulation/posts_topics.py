"""Facts that posts state and questions ask for: templates by hand, filled in with what they are about and with drawn values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from simulation.posts_words import AXES, HOLIDAYS, MONTHS

SEASON_BEFORE = dt.timedelta(days=6)
"""How long before a holiday its posts begin."""


@dataclass(frozen=True)
class Numbers:
    """Whole numbers that a value is drawn from: from `low` to `high`, both included, in steps."""

    low: int
    high: int
    step: int = 1


Values = Numbers | tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """One thing that people want to know, before it is said of what and how much.

    Attributes
    ----------
    name
        What is asked for, such as ``delivery_price``.
    says
        Sentences that answer it; ``{v}`` and ``{w}`` stand for its values.
    asks
        Questions: the formal one first, then others in other words, the last one a few words without a question mark.
        None of them names a value.
    values, more_values
        What ``{v}`` and ``{w}`` are drawn from.
    about
        The axes that tell one fact of the template from another, see `posts_words.AXES`.
    """

    name: str
    says: tuple[str, ...]
    asks: tuple[str, ...]
    values: Values = ("",)
    more_values: Values = ("",)
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A template filled in: what a post may state and a question ask for.

    Attributes
    ----------
    intent
        Names it, e.g. ``delivery_price/Ясногорье``; questions of one intent have the same right posts.
    topic
        What its posts are headed and padded with.
    words
        What fills the template's gaps.
    season
        The day that its posts belong to; those of other facts are posted at any time.
    """

    intent: str
    topic: str
    template: Template
    words: Mapping[str, str]
    season: dt.date | None

    @property
    def is_general(self) -> bool:
        """Whether it is about nothing in particular, and so asked by many."""
        return not self.template.about

    def statement(self, variant: int) -> str:
        """One of the sentences that state it, for any non-negative number."""
        says = self.template.says
        return _capital(says[variant % len(says)].format_map(self.words))

    def question(self, variant: int) -> str:
        """One of the questions that ask for it, for any non-negative number."""
        asks = self.template.asks
        return _capital(asks[variant % len(asks)].format_map(self.words))

    def changed(self, rng: np.random.Generator) -> Fact:
        """The same fact with another value of ``{v}``."""
        old = self.words["v"]
        options = [value for value in _options(self.template.values) if value != old]
        return replace(self, words={**self.words, "v": options[int(rng.integers(len(options)))]})


def facts_of(rng: np.random.Generator, topics: Mapping[str, Iterable[Template]]) -> list[Fact]:
    """Every fact of some topics, values drawn.

    Parameters
    ----------
    rng
        Draws the values.
    topics
        Templates by topic.

    Returns
    -------
    list of Fact
        In the order of the templates; one per combination of what each is about.
    """
    return [
        _fact(rng, topic, template, entries)
        for topic, templates in topics.items()
        for template in templates
        for entries in product(*(AXES[axis] for axis in template.about))
    ]


def _fact(rng: np.random.Generator, topic: str, template: Template, entries: tuple[Mapping[str, str], ...]) -> Fact:
    words = {name: word for entry in entries for name, word in entry.items()}
    names = [next(iter(entry.values())) for entry in entries]
    for gap, values in (("v", template.values), ("w", template.more_values)):
        options = _options(values)
        words[gap] = options[int(rng.integers(len(options)))]
    days = {**HOLIDAYS, **MONTHS}
    season = next((days[word] for word in names if word in days), None)
    return Fact("/".join([template.name, *names]), topic, template, words, season)


def _options(values: Values) -> tuple[str, ...]:
    return tuple(map(str, range(values.low, values.high + 1, values.step))) if isinstance(values, Numbers) else values


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
