"""Questions made from posts, for channels of which nobody has said yet which post answers what.

A known item is a post that somebody remembers and looks for. They do so with a few words of it, in other forms and in
another order, and ask for something; now and then they mistype. Such questions are easier than those of strangers, who know
none of the post's words: what they measure is kept apart.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from vitrina.posts.language import LEMMATIZER, STOP_WORDS, lemmas, russian_morphology, sentences, words

Overlap: TypeAlias = Literal["few", "some", "most"]
OVERLAPS: tuple[Overlap, ...] = ("few", "some", "most")
FEW, SOME = 0.34, 0.67

KNOWN_ITEMS_SCHEMA = {
    "question": pl.String(),
    "channel": pl.String(),
    "post_id": pl.String(),
    "ordinal": pl.Int64(),
    "overlap": pl.String(),
}

FEWEST_WORDS, MOST_WORDS = 3, 7
FEWEST_IN_A_SENTENCE = 5
"""Words with a meaning, from which the kept ones are chosen."""

COUNTED = 3_000
"""Posts by which it is judged how rare words are, at most: lemmas of all would take most of the time."""

INFLECTED = 0.6
"""Share of words that get another form, where there is one."""

MISTYPED = 0.25
SHORTEST_MISTYPED = 5

RUSSIAN_OPENINGS = (
    "когда",
    "что известно про",
    "почему",
    "сколько стоит",
    "где",
    "как",
    "кто",
    "какой",
    "правда, что",
    "что там с",
    "есть что-нибудь про",
    "подскажите, что было про",
    "кто-нибудь помнит про",
    "напомните, пожалуйста, про",
    "ищу пост про",
)
ENGLISH_OPENINGS = (
    "when",
    "what is known about",
    "why",
    "how much is",
    "where",
    "how",
    "who",
    "which",
    "is it true that",
    "is there anything on",
    "does anybody remember the post about",
)

_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_OUT_OF_USE = frozenset(("V-oy", "V-ey", "V-be", "Arch", "Erro", "Dist", "Infr", "Slng", "incl"))
_RUSSIAN_LETTERS, _ENGLISH_LETTERS = "абвгдежзийклмнопрстуфхцчшщыьэюя", "abcdefghijklmnopqrstuvwxyz"


class _Source(NamedTuple):
    """A sentence that a question is made from, and where it stands."""

    channel: str
    post_id: str
    ordinal: int
    sentence: str


def known_items(passages: pl.DataFrame, *, n: int, seed: int, duplicates: pl.DataFrame | None = None) -> pl.DataFrame:
    """Questions whose posts are known, for they were made from them; as many from every channel, as far as it goes.

    Parameters
    ----------
    passages
        Rows of `Passages`.
    n
        Questions; fewer where there are not so many posts that say enough. A post is asked about once.
    seed
        For all draws. The order of rows changes nothing.
    duplicates
        Rows of `PostDuplicates`: nobody is asked about a post that has a near-duplicate, as either could be meant. Without
        them, only posts that share a passage word for word are left out.

    Returns
    -------
    polars.DataFrame
        ``question``, ``channel`` (``<platform>:<channel>``), ``post_id``, ``ordinal`` of the passage, and ``overlap``: which
        share of the question's lemmas the post holds, as `overlap` says.
    """
    if passages.is_empty():
        return pl.DataFrame(schema=KNOWN_ITEMS_SCHEMA)
    rng = np.random.default_rng(seed)
    ordered = passages.select(
        pl.format("{}:{}", "platform", "channel_id").alias("channel"), "post_id", "ordinal", "searched", "text_hash"
    ).sort("channel", "post_id", "ordinal")
    posts = {(channel, post_id): text for channel, post_id, text in _texts(ordered).iter_rows()}
    rarity = _rarity(list(posts.values())[:: 1 + len(posts) // COUNTED])
    of_channels = [
        _sources(part, footers=_footers(part), rng=rng)
        for part in _alone(ordered, duplicates).partition_by("channel", maintain_order=True)
    ]
    rows: list[tuple[str, str, str, int, Overlap]] = []
    for source in _in_turn(of_channels):
        if len(rows) >= n:
            break
        question = _question(source.sentence, rarity, rng)
        text = posts[source.channel, source.post_id]
        rows.append((question, source.channel, source.post_id, source.ordinal, overlap(question, text)))
    return pl.DataFrame(rows, schema=KNOWN_ITEMS_SCHEMA, orient="row")


def overlap(question: str, post: str) -> Overlap:
    """Which share of the question's lemmas the post holds: ``few`` (below 0.34), ``some`` (below 0.67) or ``most``.

    Parameters
    ----------
    question
        The question.
    post
        The text of the whole post.
    """
    asked = set(lemmas(question))
    share = len(asked.intersection(lemmas(post))) / len(asked) if asked else 0.0
    return "few" if share < FEW else "some" if share < SOME else "most"


def with_typos(question: str, rng: np.random.Generator) -> str:
    """The question with one slip in every fourth word of more than four letters: a letter doubled, lost, swapped or wrong.

    Parameters
    ----------
    question
        The question.
    rng
        For the draws; each long word is mistyped with a chance of a quarter.
    """

    def typed(found: re.Match[str]) -> str:
        word = found[0]
        return _mistyped(word, rng) if len(word) >= SHORTEST_MISTYPED and rng.random() < MISTYPED else word

    return _LETTERS.sub(typed, question)


def _texts(passages: pl.DataFrame) -> pl.DataFrame:
    """What is searched of each post, its passages joined."""
    return passages.group_by("channel", "post_id", maintain_order=True).agg(pl.col("searched").str.join("\n"))


def _rarity(texts: Sequence[str]) -> dict[str, float]:
    """Inverse document frequency of lemmas, above 0."""
    counted = Counter(lemma for text in texts for lemma in set(lemmas(text)))
    return {lemma: math.log1p(len(texts) / count) for lemma, count in counted.items()}


def _alone(passages: pl.DataFrame, duplicates: pl.DataFrame | None) -> pl.DataFrame:
    """Passages of posts that no other post says again."""
    shared = passages.filter(pl.struct("channel", "post_id").n_unique().over("text_hash") > 1).select("channel", "post_id").unique()
    if duplicates is not None:
        shared = pl.concat(
            [
                shared,
                duplicates.select(pl.format("{}:{}", "platform", "channel_id").alias("channel"), "post_id"),
                duplicates.select(
                    pl.format("{}:{}", "first_platform", "first_channel_id").alias("channel"),
                    pl.col("first_post_id").alias("post_id"),
                ),
            ]
        )
    return passages.join(shared, on=("channel", "post_id"), how="anti", maintain_order="left")


def _footers(passages: pl.DataFrame) -> frozenset[str]:
    """Sentences that more than one post of a channel holds: what it signs with."""
    counted = Counter(
        sentence for text in _texts(passages)["searched"] for sentence in {_as_compared(sentence) for sentence in _sentences(text)}
    )
    return frozenset(sentence for sentence, count in counted.items() if count > 1)


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def _as_compared(sentence: str) -> str:
    return " ".join(sentence.lower().split())


def _sources(passages: pl.DataFrame, *, footers: frozenset[str], rng: np.random.Generator) -> Iterator[_Source]:
    """A sentence of each post of a channel that says enough, in the order of a draw."""
    posts = passages.partition_by("post_id", maintain_order=True)
    for at in rng.permutation(len(posts)):
        told = [
            _Source(channel, post_id, ordinal, sentence)
            for channel, post_id, ordinal, text in posts[at].select("channel", "post_id", "ordinal", "searched").iter_rows()
            for sentence in _sentences(text)
            if len(_meant(sentence)) >= FEWEST_IN_A_SENTENCE and _as_compared(sentence) not in footers
        ]
        if told:
            yield told[rng.integers(len(told))]


def _in_turn(of_channels: Sequence[Iterator[_Source]]) -> Iterator[_Source]:
    """One of each channel after the other, as long as any has some."""
    left = list(of_channels)
    while left:
        still = []
        for sources in left:
            if (source := next(sources, None)) is not None:
                yield source
                still.append(sources)
        left = still


def _meant(sentence: str) -> list[str]:
    """Different tokens with a meaning of their own, in order."""
    return [word for word in dict.fromkeys(words(sentence)) if not {word, LEMMATIZER.lemma(word)} & STOP_WORDS]


def _question(sentence: str, rarity: Mapping[str, float], rng: np.random.Generator) -> str:
    """Some of its words, rarely the common ones, in other forms and another order, behind an opening."""
    meant = _meant(sentence)
    rarest = max(rarity.values(), default=1.0)
    # by the root: people also forget the word that nobody else uses
    weights = np.sqrt([rarity.get(LEMMATIZER.lemma(word), rarest) for word in meant])
    k = int(rng.integers(FEWEST_WORDS, min(MOST_WORDS, len(meant) - 1) + 1))
    kept = rng.choice(len(meant), size=k, replace=False, p=weights / weights.sum())
    while (np.diff(kept) > 0).all():
        kept = rng.permutation(kept)
    asked = [_another_form(meant[at], rng) if rng.random() < INFLECTED else meant[at] for at in kept]
    openings = RUSSIAN_OPENINGS if _CYRILLIC.search(sentence) else ENGLISH_OPENINGS
    return f"{openings[rng.integers(len(openings))]} {' '.join(asked)}" + ("?" if rng.random() < 0.7 else "")


def _another_form(word: str, rng: np.random.Generator) -> str:
    """Another form of a Russian word, of the same part of speech; the word itself where there is none."""
    if not _CYRILLIC.search(word):
        return word
    found = russian_morphology().parse(word)[0]
    forms = {
        form.word.replace("ё", "е")
        for form in found.lexeme
        if form.tag.POS == found.tag.POS and not _OUT_OF_USE & form.tag.grammemes
    }
    others = sorted(forms - {word})
    return str(others[rng.integers(len(others))]) if others else word


def _mistyped(word: str, rng: np.random.Generator) -> str:
    alphabet = _RUSSIAN_LETTERS if _CYRILLIC.search(word) else _ENGLISH_LETTERS
    # all but the last letter have a neighbour to be swapped with
    at = int(rng.integers(len(word) - 1))
    before, one, other, after = word[:at], word[at], word[at + 1], word[at + 2 :]
    wrong = alphabet[rng.integers(len(alphabet))]
    slips = [
        before + one + one + other + after,
        before + other + after,
        before + other + one + after,
        before + wrong + other + after,
    ]
    changed = [slip for slip in slips if slip != word]
    return changed[rng.integers(len(changed))]
