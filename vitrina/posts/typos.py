"""Mistyped words: for a word that neither the index nor a dictionary knows, the likeliest known one a slip or two away.

Candidates share three-letter sequences with the word; of those, the nearest counts most, then the most frequent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

Ints: TypeAlias = npt.NDArray[np.integer]

SHORTEST = 5
"""Letters below which any word is a slip away from many others, and may share no sequence with the one that was meant."""

LONG = 8
"""Letters from which two slips are believed; below, one."""

MOST_CANDIDATES = 100
PRICE_OF_A_SLIP = 4.0
"""In units of the logarithm of the frequency: a slip more is worth a word fifty times as frequent."""

_EDGE = "\x02"
_BITS = 21


@dataclass(frozen=True)
class Trigrams:
    """Which words have which three-letter sequences.

    Attributes
    ----------
    keys
        Sequences as numbers, ascending.
    starts
        Where each one's part of `words` begins, shape (sequences + 1,).
    words
        Words that have it.
    """

    keys: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    words: npt.NDArray[np.int32]

    @classmethod
    def of(cls, words: Sequence[str]) -> Trigrams:
        """Sequences of words, whose numbers are their positions; the ends of a word count as letters."""
        lengths = np.array([len(word) for word in words], dtype=np.int64)
        owners = np.repeat(np.arange(len(words)), lengths)
        # a word of n letters with its ends has n sequences
        positions = np.arange(lengths.sum()) + 2 * owners
        keys = _keys("".join(f"{_EDGE}{word}{_EDGE}" for word in words))[positions] if len(words) else np.zeros(0, np.int64)
        distinct, kinds = np.unique(keys, return_inverse=True)
        # one number per pair: sorting pairs would take ten times as long
        kinds, having = np.divmod(np.unique(kinds * len(words) + owners), max(len(words), 1))
        return cls(distinct, np.searchsorted(kinds, np.arange(len(distinct) + 1)), having.astype(np.int32))

    def shared(self, word: str, n_words: int) -> tuple[npt.NDArray[np.intp], int]:
        """How many sequences each word has in common with `word`, and how many that has."""
        wanted = np.unique(_keys(f"{_EDGE}{word}{_EDGE}"))
        places = np.searchsorted(self.keys, wanted)
        found = [place for place, key in zip(places, wanted, strict=True) if place < len(self.keys) and self.keys[place] == key]
        parts = [self.words[self.starts[place] : self.starts[place + 1]] for place in found]
        together = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
        return np.bincount(together, minlength=n_words), len(wanted)


def _keys(text: str) -> npt.NDArray[np.int64]:
    """Each three characters of a text in a row as one number."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    return (points[:-2] << 2 * _BITS) | (points[1:-1] << _BITS) | points[2:]


@dataclass(frozen=True)
class Spelling:
    """Knows words and how frequent they are.

    Attributes
    ----------
    words
        Known words.
    frequencies
        In how many rows each stands.
    trigrams
        Of the words.
    """

    words: Sequence[str]
    frequencies: Ints
    trigrams: Trigrams

    def correction(self, word: str) -> int | None:
        """Number of the word that was probably meant; ``None`` if none is near enough.

        Words below five letters, and numbers, are left as they are.

        Parameters
        ----------
        word
            An unknown word, in lower case.
        """
        if len(word) < SHORTEST or any(character.isdigit() for character in word):
            return None
        most = 2 if len(word) >= LONG else 1
        shared, own = self.trigrams.shared(word, len(self.words))
        # a slip changes four sequences at most: two letters that changed places
        near = np.flatnonzero(shared >= max(1, own - 4 * most))
        near = near[np.argsort(-shared[near], kind="stable")[:MOST_CANDIDATES]]
        best: tuple[float, str, int] | None = None
        for number in near.tolist():
            known = self.words[number]
            # letters inserted, deleted, replaced, and neighbours that changed places: optimal string alignment
            if (slips := OSA.distance(word, known, score_cutoff=most)) > most:
                continue
            worth = (PRICE_OF_A_SLIP * slips - math.log1p(int(self.frequencies[number])), known, number)
            best = worth if best is None else min(best, worth)
        return None if best is None else best[2]
