"""Many posts, fast: for reading, indexing and searching under load, not for learning. Nothing in them means anything.

Words are made of syllables and inflected as Russian words are, so that they have as many forms per lemma; how often a word
stands in a text falls by Zipf's law.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

_FREQUENT = """
    и в не на с что по это как но из у за от к для о же а все так его только или бы до при уже если когда их мы вы они чтобы
    был была было были есть нет также после под более очень можно нужно через во со об то том который этот эта эти свой наш ваш
"""
FUNCTION_WORDS = tuple(_FREQUENT.split())
"""The most frequent words of any Russian text, in about their order."""

ENDINGS = {
    "noun": ("", "а", "у", "ом", "е", "ы", "ов", "ам", "ами", "ах"),
    "adjective": ("ый", "ого", "ому", "ым", "ом", "ая", "ой", "ую", "ые", "ых", "ыми"),
    "verb": ("ать", "ает", "ают", "ал", "ала", "али", "ай", "аем"),
}
STEMS = 7_000
ZIPF = 1.0
MEDIAN_WORDS, SPREAD = 60, 0.65
"""Median of the words of a post, and standard deviation of their logarithm: as in real channels, one in twenty has over 170."""

FEWEST_WORDS, MOST_WORDS = 3, 700
EXPORT_MEDIAN_WORDS = 25
"""An export holds each text twice: a million posts of this length are 1.2 GB."""

FEWEST_ASKED, MOST_ASKED, NEARBY = 3, 7, 15
INFLECTED = 0.6
OPENINGS = (
    "когда",
    "что известно про",
    "почему",
    "сколько стоит",
    "где",
    "как",
    "кто",
    "какой",
    "подскажите, что было про",
    "ищу пост про",
)

CHUNK = 10_000
SENTENCES, SENTENCE_WORDS = 20_000, 8
CHANNEL_ID, CHANNEL_NAME = 1_600_000_001, "Большой канал"
FIRST_MOMENT, SECONDS_APART = 1_577_880_000, 180
_CONSONANTS, _VOWELS = "бвгдзклмнпрстфхч", "аеиоуя"
_SIGNS = (" ", ". ", ". ", ". ", "! ", "? ", ", ", "\n\n")
"""What follows a word: nearly always a space."""


def made_up_words(seed: int) -> list[str]:
    """Distinct word forms, the most frequent first: `FUNCTION_WORDS`, then the forms of `STEMS` made-up words, over 60,000."""
    rng = np.random.default_rng([seed, 20])
    forms = [form for paradigm in _paradigms(rng) for form in paradigm]
    order = rng.permutation(len(forms := list(dict.fromkeys(forms)))).tolist()
    return list(dict.fromkeys([*FUNCTION_WORDS, *(forms[place] for place in order)]))


def made_up_questions(texts: Sequence[str], n: int, seed: int) -> list[tuple[str, int]]:
    """Questions about some of `made_up_posts`: a few words that stand near one another, in any form and order, behind an opening.

    Parameters
    ----------
    texts
        The posts.
    n
        Questions, each about another post; fewer where there are not so many posts that say enough.
    seed
        That of the posts, whose words have the same forms then.

    Returns
    -------
    list of tuple of str and int
        The question, and the place of its post.
    """
    paradigms = {form: forms for forms in _paradigms(np.random.default_rng([seed, 20])) for form in forms}
    rng = np.random.default_rng([seed, 23])
    asked: list[tuple[str, int]] = []
    for place in rng.permutation(len(texts)).tolist():
        words = [word for word in re.findall(r"\w+", texts[place].lower()) if word in paradigms]
        start = int(rng.integers(max(1, len(words) - NEARBY)))
        near = list(dict.fromkeys(words[start : start + NEARBY]))
        if len(near) >= FEWEST_ASKED:
            kept = rng.permutation(near)[: int(rng.integers(FEWEST_ASKED, MOST_ASKED + 1))].tolist()
            said = [str(rng.choice(paradigms[word])) if rng.random() < INFLECTED else word for word in kept]
            asked.append((f"{rng.choice(OPENINGS)} {' '.join(said)}?", place))
            if len(asked) == n:
                break
    return asked


def _paradigms(rng: np.random.Generator) -> list[tuple[str, ...]]:
    """The forms of each made-up word."""
    stems: dict[str, None] = {}
    while len(stems) < STEMS:
        syllables = int(rng.integers(2, 4))
        letters = zip(rng.integers(0, len(_CONSONANTS), syllables), rng.integers(0, len(_VOWELS), syllables), strict=True)
        last = _CONSONANTS[int(rng.integers(len(_CONSONANTS)))]
        stems["".join(_CONSONANTS[consonant] + _VOWELS[vowel] for consonant, vowel in letters) + last] = None
    kinds = list(ENDINGS.values())
    return [tuple(stem + ending for ending in kinds[place % len(kinds)]) for place, stem in enumerate(stems)]


def made_up_posts(n: int, seed: int, *, median_words: int = MEDIAN_WORDS) -> list[str]:
    """Texts of so many posts.

    Parameters
    ----------
    n
        Posts.
    seed
        The same seed makes the same texts.
    median_words
        Median length; lengths are log-normal with `SPREAD`.

    Returns
    -------
    list of str
        Sentences of made-up words, shape ``(n,)``; no two are alike but by a rare chance.
    """
    rng = np.random.default_rng([seed, 21])
    words = made_up_words(seed)
    # each word with each sign that may follow it, so that no text is put together of more pieces than it has words
    pieces = np.array([word + sign for word in words for sign in _SIGNS], dtype=object)
    shares = np.cumsum(1 / (np.arange(len(words)) + 2.7) ** ZIPF)
    texts: list[str] = []
    for start in range(0, n, CHUNK):
        lengths = _lengths(rng, min(CHUNK, n - start), median_words)
        total = int(lengths.sum())
        drawn = np.searchsorted(shares, rng.random(total) * shares[-1])
        signs = np.where(rng.random(total) < 1 / SENTENCE_WORDS, rng.integers(1, len(_SIGNS), total), 0)
        texts += _joined(pieces[drawn * len(_SIGNS) + signs].tolist(), np.cumsum(lengths).tolist())
    return texts


def write_large_export(path: Path, messages: int, seed: int) -> None:
    """Write an export of a Telegram channel, some messages at a time.

    Parameters
    ----------
    path
        The file; its folder is created.
    messages
        Messages with a text; their identifiers are 1, 2, … . They are put together of `SENTENCES` sentences, so that a
        million of them are written in seconds and take no more memory than a few thousand.
    seed
        The same seed writes the same bytes.
    """
    rng = np.random.default_rng([seed, 22])
    # as JSON writes them, without the quotation marks around
    pool = [json.dumps(text, ensure_ascii=False)[1:-1] for text in made_up_posts(SENTENCES, seed, median_words=SENTENCE_WORDS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        root = {"name": CHANNEL_NAME, "type": "public_channel", "id": CHANNEL_ID}
        file.write(json.dumps(root, ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "messages": [\n')
        for start in range(0, messages, CHUNK):
            file.write(",\n" if start else "")
            file.write(",\n".join(_written(rng, pool, start, min(CHUNK, messages - start))))
        file.write("\n ]\n}\n")


def _written(rng: np.random.Generator, pool: list[str], start: int, count: int) -> Iterator[str]:
    """Messages as text, as Telegram Desktop writes them."""
    sentences = np.maximum(1, _lengths(rng, count, EXPORT_MEDIAN_WORDS) // SENTENCE_WORDS)
    ends = np.cumsum(sentences).tolist()
    chosen = rng.integers(0, len(pool), ends[-1]).tolist()
    days = _dates(start, count)
    sender = f'"from": "{CHANNEL_NAME}",\n   "from_id": "channel{CHANNEL_ID}"'
    begin = 0
    for place, end in enumerate(ends):
        text = " ".join([pool[sentence] for sentence in chosen[begin:end]])
        begin, number = end, start + place + 1
        moment = FIRST_MOMENT + SECONDS_APART * number
        yield (
            f'  {{\n   "id": {number},\n   "type": "message",\n   "date": "{days[place]}",\n   "date_unixtime": "{moment}",\n'
            f'   {sender},\n   "text": "{text}",\n   "text_entities": [\n    {{\n     "type": "plain",\n     "text": "{text}"\n'
            "    }\n   ]\n  }"
        )


def _dates(start: int, count: int) -> list[str]:
    """Wall clock of Moscow, three hours before UTC."""
    seconds = FIRST_MOMENT + 3 * 3600 + SECONDS_APART * np.arange(start + 1, start + count + 1)
    return [str(text) for text in np.datetime_as_string(seconds.astype("datetime64[s]"))]


def _lengths(rng: np.random.Generator, count: int, median: int) -> np.ndarray:
    drawn = rng.lognormal(np.log(median), SPREAD, count)
    return np.clip(np.rint(drawn), FEWEST_WORDS, MOST_WORDS).astype(np.int64)


def _joined(words: list[str], ends: list[int]) -> list[str]:
    texts, begin = [], 0
    for end in ends:
        text = "".join(words[begin:end]).rstrip(" ,.!?\n")
        texts.append(text[:1].upper() + text[1:] + ".")
        begin = end
    return texts
