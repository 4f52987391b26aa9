"""How people ask: politely, in a hurry, with slips of the keyboard, and with what nobody should store."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation import posts_chat_phrases as phrases
from simulation.posts_channels import pick
from simulation.posts_topics import Fact

KEYWORDS, MISSPELT, HASTY, OPENED, WITH_PERSON = 0.12, 0.15, 0.30, 0.25, 0.06
"""Shares of questions that are a few words; with a slip; without a question mark; with an opener; with personal data."""

PLAIN = 0.35
"""Share of questions in the plainest words, on top of their equal share of the rest."""

LONG_ENOUGH = 5
"""Letters of the shortest word that is misspelt."""


@dataclass(frozen=True)
class Phrased:
    """A question as somebody wrote it, and what in it must not be stored."""

    text: str
    personal: tuple[str, ...] = ()


def phrase(rng: np.random.Generator, fact: Fact) -> str:
    """One of a fact's questions, as a person in a chat would write it."""
    variant, is_keywords = variant_of(rng, len(fact.template.asks))
    return as_written(rng, fact.question(variant), is_keywords=is_keywords)


def variant_of(rng: np.random.Generator, count: int) -> tuple[int, bool]:
    """Which of so many questions somebody asks, and whether it is the last one, which is a few words in a hurry."""
    drawn = rng.random()
    if drawn < KEYWORDS:
        return count - 1, True
    return 0 if drawn < KEYWORDS + PLAIN else int(rng.integers(count - 1)), False


def as_written(rng: np.random.Generator, question: str, *, is_keywords: bool = False) -> str:
    """The question with or without an opener, in haste, misspelt, or just so.

    Parameters
    ----------
    rng
        The randomness.
    question
        As a careful person would write it.
    is_keywords
        Whether it is a few words that only a person in a hurry writes.
    """
    if is_keywords or rng.random() < HASTY:
        question = question.rstrip("?").lower()
    elif rng.random() < OPENED:
        question = pick(rng, phrases.OPENERS) + question[:1].lower() + question[1:]
    return misspelt(rng, question) if rng.random() < MISSPELT else question


def misspelt(rng: np.random.Generator, text: str) -> str:
    """The text with one slip in one of its long words: a letter lost, doubled, or two swapped; the first letter stays."""
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= LONG_ENOUGH and word.isalpha()]
    if not long:
        return text
    place = pick(rng, long)
    word, letter = words[place], int(rng.integers(1, len(words[place]) - 1))
    kind = int(rng.integers(3))
    if kind == 0:
        word = word[:letter] + word[letter + 1 :]
    elif kind == 1:
        word = word[:letter] + word[letter] + word[letter:]
    else:
        word = word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :]
    return " ".join([*words[:place], word, *words[place + 1 :]])


def with_person(rng: np.random.Generator, question: str) -> Phrased:
    """The question with a made-up person's name, phone, e-mail or card.

    The phone's local number begins with 0, as none in Russia does; e-mails are at example.com; cards are test numbers that
    pass Luhn's check.
    """
    form = pick(rng, phrases.WITH_PERSON)
    values = {
        "phone": f"+7 495 0{int(rng.integers(10, 100))}-{int(rng.integers(10, 100))}-{int(rng.integers(10, 100))}",
        "name": _full_name(rng),
        "email": f"pokupatel{int(rng.integers(1000))}@example.com",
        "card": with_check_digit(f"220000000000{int(rng.integers(1000)):03d}"),
    }
    personal = tuple(value for name, value in values.items() if f"{{{name}}}" in form)
    return Phrased(form.format(q=_ended(question), **values), personal)


def redacted_person(rng: np.random.Generator, question: str) -> str:
    """The same as `with_person`, as the bot writes it to its log."""
    return pick(rng, phrases.WITH_PERSON).format(q=_ended(question), **phrases.REDACTED)


def with_check_digit(digits: str) -> str:
    """The digits and the one that makes them pass Luhn's check (ISO/IEC 7812-1), in groups of four."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    total = sum(value - 9 * (value > 9) for value in doubled)
    whole = digits + str(-total % 10)
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def _full_name(rng: np.random.Generator) -> str:
    name, surname = pick(rng, phrases.FIRST_NAMES), pick(rng, phrases.SURNAMES)
    return f"{name} {surname}а" if name[-1] in "ая" else f"{name} {surname}"


def _ended(question: str) -> str:
    return question if question.endswith(("?", "!", ".")) else question + "."
