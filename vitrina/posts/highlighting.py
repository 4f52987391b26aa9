"""Where a text holds the words of a question, in whatever form: what people see marked in a post that was found."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from vitrina.posts.language import LEMMATIZER, placed_words


class Highlight(NamedTuple):
    """A word of a text that a question asks for.

    Attributes
    ----------
    start, end
        Its first character, and the one after its last; characters are those of Python's `str`, not bytes.
    lemma
        Its lemma, one of the question's.
    """

    start: int
    end: int
    lemma: str


def highlights(text: str, lemmas: Collection[str]) -> list[Highlight]:
    """Words of a text whose lemmas are asked for, in order; they never overlap.

    Links and mentions are no words, so nothing within them is marked.

    Parameters
    ----------
    text
        A passage or a quote, as it is shown.
    lemmas
        Of the question, as the search understood it: `vitrina.posts.search.SearchResult.terms`.

    Examples
    --------
    >>> [tuple(found) for found in highlights("О доставке: доставка — бесплатно", ["доставка"])]
    [(2, 10, 'доставка'), (12, 20, 'доставка')]
    """
    wanted = frozenset(lemmas)
    if not wanted:
        return []
    inside = _of_text(text)
    # most texts that are found hold some of the words, and hardly any word is one of them
    return [] if wanted.isdisjoint(inside.lemmas) else [found for found in inside.words if found.lemma in wanted]


LONGEST_KNOWN = 40
"""Characters between blanks that are remembered: most words of posts are words of other posts, too."""

MOST_KNOWN = 50_000
"""Some 20 MB."""

MOST_TEXTS = 2_000
"""The same posts are found again and again; another 15 MB."""

_CHUNK = re.compile(r"\S+")
# a tag of HTML may have blanks in it; and some signs that nobody sees within a word count as blanks here
_IN_ONE_PIECE = re.compile("[<\x0b\x0c\x1c-\x1f]")


class _Words(NamedTuple):
    """Words of a text, and their lemmas."""

    words: tuple[Highlight, ...]
    lemmas: frozenset[str]


def _words_of(text: str) -> _Words:
    found = tuple(Highlight(start, end, LEMMATIZER.lemma(word)) for word, start, end in placed_words(text))
    return _Words(found, frozenset(one.lemma for one in found))


_known = lru_cache(MOST_KNOWN)(_words_of)


@lru_cache(MOST_TEXTS)
def _of_text(text: str) -> _Words:
    if _IN_ONE_PIECE.search(text):
        return _words_of(text)
    words: list[Highlight] = []
    for chunk in _CHUNK.finditer(text):
        inside = _known(chunk[0]) if chunk.end() - chunk.start() <= LONGEST_KNOWN else _words_of(chunk[0])
        first = chunk.start()
        words += [Highlight(first + start, first + end, lemma) for start, end, lemma in inside.words]
    return _Words(tuple(words), frozenset(one.lemma for one in words))
