"""What speaks for a passage: which of a question's words it holds, how exactly, and how near to one another.

The question's words are marked once in a table of all forms; each candidate is then its words' marks, and everything is
counted for all candidates together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.posts.bm25 import Floats
from vitrina.posts.index_files import Arrays
from vitrina.posts.lexicon import FORM, LEMMA, LEVELS, RELATED, Query

Ints: TypeAlias = npt.NDArray[np.integer]

RELATED_WORTH = 0.5
"""What a related word counts for, where the word itself counts 1."""

WINDOW = 15
"""Words with a meaning that stand near one another: a sentence or two."""


NEAR = 5
"""Words with a meaning around what a passage holds of a question, within which it may tell the time that is asked for."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for each candidate: shares of the question's weight, each of shape (candidates,).

    Attributes
    ----------
    coverage
        In words that the passage holds in any form.
    related
        The same, with half the weight of those of which it holds a related word alone.
    exact
        In words that it holds as they were asked.
    window
        In words that it holds within 15 words of one another.
    rarest_missing
        Inverse document frequency of the rarest word that it lacks, in nats.
    names_missing
        The same of all names and numbers that it lacks, together.
    """

    coverage: Floats
    related: Floats
    exact: Floats
    window: Floats
    rarest_missing: Floats
    names_missing: Floats


def evidence(query: Query, rows: Ints, arrays: Arrays) -> Evidence:
    """Weigh candidates.

    Parameters
    ----------
    query
        The question.
    rows
        Passages, shape (candidates,).
    arrays
        Of the index.
    """
    starts = arrays["order_starts"][rows]
    lengths = arrays["order_starts"][rows + 1] - starts
    ends = np.cumsum(lengths)
    places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    marks = query.marks[arrays["order_forms"][places]]
    # of booleans, which are counted many at a time
    hits = np.flatnonzero(marks != 0)
    lemma, level = np.divmod(marks[hits] - 1, LEVELS)
    owners = np.searchsorted(ends, hits, side="right")
    held = np.zeros((len(rows), len(query.lemmas)), dtype=np.uint8)
    np.maximum.at(held.reshape(-1), owners * held.shape[1] + lemma, level + np.uint8(1))
    shares = query.idf / np.float32(query.mass)
    has = held >= LEMMA
    coverage = _weighed(has, shares)
    certain = level > 0
    return Evidence(
        coverage=coverage,
        related=coverage + RELATED_WORTH * _weighed(held == RELATED, shares),
        exact=_weighed(held == FORM, shares),
        window=_nearest(hits[certain], owners[certain], lemma[certain], shares, len(rows)),
        rarest_missing=np.where(has, np.float32(0), query.idf).max(axis=1, initial=0),
        names_missing=_weighed(~has, query.named * query.idf),
    )


def undated(query: Query, row: int, arrays: Arrays) -> float:
    """1 for a passage that tells no time, where one is asked for, within a sentence or two of what it holds of the question.

    Parameters
    ----------
    query
        The question.
    row
        A passage.
    arrays
        Of the index.
    """
    if query.times is None:
        return 0.0
    first, last = arrays["order_starts"][row : row + 2].tolist()
    forms = arrays["order_forms"][first:last]
    marks = query.marks[forms]
    # a time that the question tells itself is no answer
    told = query.times[forms] & (marks == 0)
    hits = np.flatnonzero(marks)
    lemma, level = np.divmod(marks[hits] - 1, LEVELS)
    hits, lemma = hits[level > 0], lemma[level > 0]
    if not len(hits):
        return float(not told.any())
    following = _following(hits, lemma, len(query.idf))
    within = following <= (hits + WINDOW)[:, None]
    best = int(_weighed(within, query.idf).argmax())
    end = int(following[best, within[best]].max()) + 1
    return float(not told[max(int(hits[best]) - NEAR, 0) : end + NEAR].any())


def _nearest(hits: Ints, owners: Ints, lemma: Ints, shares: Floats, n: int) -> Floats:
    """Greatest weight of different lemmas within a window, per candidate."""
    best = np.zeros(n, dtype=np.float32)
    if not len(hits):
        return best
    # between two candidates lies more than a window
    places = (hits + owners * (WINDOW + 1)).astype(np.int32)
    following = _following(places, lemma, len(shares))
    weights = _weighed(following <= (places + WINDOW)[:, None], shares)
    first = np.flatnonzero(np.concatenate([[True], owners[1:] != owners[:-1]]))
    best[owners[first]] = np.maximum.reduceat(weights, first)
    return best


def _following(places: Ints, lemma: Ints, n: int) -> Ints:
    """Where each of `n` lemmas is met next, from each place on; shape (places, n)."""
    following = np.full((len(places), n), np.iinfo(places.dtype).max, dtype=places.dtype)
    following[np.arange(len(places)), lemma] = places
    return np.minimum.accumulate(following[::-1])[::-1]


def _weighed(held: npt.NDArray[np.bool_], shares: Floats) -> Floats:
    # not a matrix product, whose last digits depend on how many rows there are: a channel's scores must not tell of others
    return np.asarray(np.einsum("ij,j->i", held.astype(np.float32), shares))
