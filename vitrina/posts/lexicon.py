"""Words that an index knows, and questions in its terms: lemmas, their relatives, and what was meant by a mistyped word."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise, repeat
from typing import Final

import numpy as np
import numpy.typing as npt

from vitrina.posts.bm25 import SATURATION, Floats, inverse_document_frequency
from vitrina.posts.index_files import Arrays
from vitrina.posts.language import LEMMATIZER, STOP_WORDS, words
from vitrina.posts.typos import Spelling, Trigrams
from vitrina.posts.wanted import WORDS_OF_TIME, YEARS, asks_when, named

MOST_TERMS = 64
"""Of a question, the rarest: more fit into no question, and marks into one byte."""

SHORTEST_STEM, STEM_SHARE = 5, 0.65
"""Lemmas are related that have so many letters in common at the beginning, and such a share of the question's lemma."""

LEVELS: Final = 3
RELATED, LEMMA, FORM = 1, 2, 3
"""How exactly a passage may hold a word of the question."""


@dataclass(frozen=True)
class Query:
    """A question as the index sees it.

    Attributes
    ----------
    lemmas
        Distinct, without stop words.
    terms
        Number of each lemma's term, -1 where the index has none.
    idf
        Of the lemmas, shape (lemmas,).
    marks
        For each form of the index, 0 or 3 x the lemma's position + 1 (related), 2 (a form of it) or 3 (as asked).
    forms
        Numbers of the words as they were asked, those that the index has.
    corrected
        Words that were taken for mistyped, and what was searched instead.
    named
        Which lemmas are of names and numbers, shape (lemmas,).
    times
        Which forms of the index tell a time, where the question asks for one.
    """

    lemmas: tuple[str, ...]
    terms: tuple[int, ...]
    idf: Floats
    marks: npt.NDArray[np.uint8]
    forms: tuple[int, ...]
    corrected: tuple[tuple[str, str], ...]
    named: npt.NDArray[np.bool_]
    times: npt.NDArray[np.bool_] | None

    @cached_property
    def known(self) -> list[int]:
        """Terms that the index has."""
        return [term for term in self.terms if term >= 0]

    @property
    def rarity(self) -> dict[int, float]:
        """Inverse document frequency of the terms that the index has."""
        return {term: idf for term, idf in zip(self.terms, self.idf.tolist(), strict=True) if term >= 0}

    @cached_property
    def mass(self) -> float:
        """What all lemmas weigh together; never 0."""
        return float(self.idf.sum()) or 1.0

    def meant(self, text: str) -> str:
        """The question's text with what was searched in place of mistyped words."""
        for typed, form in self.corrected:
            text = re.sub(rf"\b{re.escape(typed)}\b", form, text, flags=re.IGNORECASE)
        return text

    @property
    def ideal(self) -> float:
        """The BM25 score that no passage can surpass."""
        return self.mass * (SATURATION + 1)


class Lexicon:
    """Words that an index knows, and questions in its terms.

    Parameters
    ----------
    arrays
        Of the index.
    n_passages
        Passages of the index.
    """

    def __init__(self, arrays: Arrays, n_passages: int) -> None:
        self.terms = _texts(arrays["term_text"], arrays["term_starts"])
        self.forms = _texts(arrays["form_text"], arrays["form_starts"])
        self._numbers = {term: number for number, term in enumerate(self.terms)}
        self._form_numbers = {form: number for number, form in enumerate(self.forms)}
        self._term_forms = arrays["term_forms"]
        self._idf = arrays["posting_idf"]
        self._unseen = float(inverse_document_frequency(n_passages, 0))
        trigrams = Trigrams(arrays["trigram_keys"], arrays["trigram_starts"], arrays["trigram_forms"])
        self._spelling = Spelling(self.forms, arrays["form_frequencies"], trigrams)

    def lemmas(self) -> Iterator[str]:
        """The lemma of each form."""
        return chain.from_iterable(map(repeat, self.terms, np.diff(self._term_forms).tolist()))

    def query(self, text: str) -> Query:
        """A question in terms of the index, its typos corrected."""
        tokens = dict.fromkeys(words(text))
        asked, corrected = self._asked(tokens)
        meant = dict(corrected)
        names = {meant.get(token, token) for token in named(text, tokens)}
        terms = np.array([self._numbers.get(lemma, -1) for lemma in asked], dtype=np.int64)
        idf = np.where(terms >= 0, self._idf[terms], self._unseen) if len(self._idf) else np.full(len(terms), self._unseen)
        if len(terms) > MOST_TERMS:
            rarest = np.sort(np.argsort(-idf, kind="stable")[:MOST_TERMS])
            asked, terms, idf = {lemma: asked[lemma] for lemma in np.array(list(asked), object)[rarest]}, terms[rarest], idf[rarest]
        return Query(
            tuple(asked),
            tuple(terms.tolist()),
            idf.astype(np.float32),
            self._marks(asked, terms.tolist()),
            tuple(sorted({self._form_numbers[token] for token in tokens if token in self._form_numbers})),
            tuple(corrected),
            np.array([not names.isdisjoint(forms) for forms in asked.values()], dtype=bool),
            self._times if asks_when(text) else None,
        )

    @cached_property
    def _times(self) -> npt.NDArray[np.bool_]:
        """Which forms tell a time."""
        times = np.zeros(len(self.forms), dtype=bool)
        for term in {self._numbers.get(LEMMATIZER.lemma(word), -1) for word in WORDS_OF_TIME} - {-1}:
            times[self._term_forms[term] : self._term_forms[term + 1]] = True
        times[[self._form_numbers[str(year)] for year in YEARS if str(year) in self._form_numbers]] = True
        return times

    def _asked(self, tokens: Iterable[str]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
        """Lemma → the forms in which it was asked; and what was corrected."""
        asked: dict[str, list[str]] = {}
        silent: dict[str, list[str]] = {}
        corrected = []
        for token in tokens:
            form = self._meant(token) if len(asked) < MOST_TERMS else token
            if form != token:
                corrected.append((token, form))
            lemma = LEMMATIZER.lemma(form)
            (silent if {token, lemma} & STOP_WORDS else asked).setdefault(lemma, []).append(form)
        return asked or silent, corrected

    def _meant(self, token: str) -> str:
        """The token, or the known one that it was probably mistyped for."""
        # a word of the dictionary is meant, whether any post has it or not
        if token in self._form_numbers or token in STOP_WORDS or LEMMATIZER.is_word(token):
            return token
        number = self._spelling.correction(token)
        return token if number is None else self.forms[number]

    def _marks(self, asked: dict[str, list[str]], terms: Sequence[int]) -> npt.NDArray[np.uint8]:
        marks = np.zeros(len(self.forms), dtype=np.uint8)
        # the exact ones last: a word may be related to one lemma and a form of another
        for position, lemma in enumerate(asked):
            if len(lemma) >= SHORTEST_STEM and lemma.isalpha():
                stem = lemma[: max(SHORTEST_STEM, round(STEM_SHARE * len(lemma)))]
                first = bisect_left(self.terms, stem)
                last = bisect_left(self.terms, stem + "\U0010ffff", lo=first)
                marks[self._term_forms[first] : self._term_forms[last]] = LEVELS * position + RELATED
        for position, term in enumerate(terms):
            if term >= 0:
                marks[self._term_forms[term] : self._term_forms[term + 1]] = LEVELS * position + LEMMA
        for position, forms in enumerate(asked.values()):
            for form in forms:
                number = self._form_numbers.get(form)
                if number is not None:
                    marks[number] = LEVELS * position + FORM
        return marks


def _texts(text: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> list[str]:
    encoded, ends = text.tobytes(), starts.tolist()
    return [encoded[start:end].decode() for start, end in pairwise(ends)]
