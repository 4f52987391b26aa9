"""BM25 with weights computed when the index is built: a search only adds up columns.

Nothing is pruned and nothing is approximate: the scores are those of the formula, for any range of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.integer]

SATURATION, LENGTH_WEIGHT = 0.9, 0.4
"""k1 and b as in Anserini; of the usual pairs they are also best for questions made from 13,436 Telegram posts: MRR@10 .934
against .918 with 1.5 and .75. Posts are short, so that a word's second occurrence and a post's length say little."""


@dataclass(frozen=True)
class Postings:
    """Of each term, the rows that hold it and what it adds to their scores.

    Attributes
    ----------
    starts
        Where each term's part of `rows` and `weights` begins, shape (terms + 1,).
    rows
        Ascending within a term.
    weights
        Inverse document frequency times saturated term frequency, to three digits: half the room.
    idf
        Of the terms, shape (terms,).
    """

    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float16]
    idf: Floats

    @classmethod
    def of(cls, row_starts: Ints, terms: Ints, n_terms: int) -> Postings:
        """Postings of rows of terms.

        Parameters
        ----------
        row_starts
            Where each row's terms begin, shape (rows + 1,).
        terms
            Terms of all rows in order, from 0 to `n_terms` - 1.
        n_terms
            Terms that there are.

        References
        ----------
        S. Robertson, H. Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond.
        """
        n_rows = len(row_starts) - 1
        counts = sp.csr_matrix((np.ones(len(terms)), np.asarray(terms), np.asarray(row_starts)), shape=(n_rows, n_terms)).tocsc()
        counts.sum_duplicates()
        lengths = np.diff(row_starts).astype(float)
        penalty = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * lengths / max(lengths.mean(), 1.0)) if n_rows else lengths
        document_frequency = np.diff(counts.indptr)
        idf = inverse_document_frequency(n_rows, document_frequency)
        saturated = counts.data * (SATURATION + 1) / (counts.data + penalty[counts.indices])
        return cls(
            counts.indptr.astype(np.int64),
            counts.indices.astype(np.int32),
            (saturated * np.repeat(idf, document_frequency)).astype(np.float16),
            idf.astype(np.float32),
        )

    def scores(self, terms: Sequence[int], start: int, end: int, idf: Mapping[int, float] | None = None) -> Floats:
        """Scores of the rows of a range; shape (end - start,).

        Parameters
        ----------
        terms
            Distinct terms.
        start, end
            First row, and the one after the last.
        idf
            Inverse document frequencies to go by in place of the index's.
        """
        scores = np.zeros(end - start, dtype=np.float32)
        # always in the same order: sums of floats depend on it, and ties should not
        for term in sorted(terms):
            first, last = self._within(term, start, end)
            rows = self.rows[first:last]
            # a row stands once in a term; of equal types, and by `at`, numpy adds three times as fast as with `+=`
            weights = self.weights[first:last].astype(np.float32)
            if idf is not None:
                weights *= np.float32(idf[term] / self.idf[term])
            np.add.at(scores, rows - start if start else rows, weights)
        return scores

    def rows_of_one(self, terms: Sequence[int], least: int, start: int, end: int) -> npt.NDArray[np.int32]:
        """Rows of a range that hold one of the terms: the rarest that at least so many rows hold, or none if there is none."""
        for term in sorted(terms, key=lambda term: int(self.starts[term + 1] - self.starts[term])):
            first, last = self._within(term, start, end)
            if last - first >= least:
                return self.rows[first:last]
        return self.rows[:0]

    def rows_among(self, term: int, ranges: Sequence[tuple[int, int]]) -> int:
        """In how many rows of ranges that do not overlap a term stands."""
        rows = self.rows[self.starts[term] : self.starts[term + 1]]
        ends = np.searchsorted(rows, np.array(ranges, dtype=np.int64).reshape(-1, 2))
        return int((ends[:, 1] - ends[:, 0]).sum())

    def _within(self, term: int, start: int, end: int) -> tuple[int, int]:
        """Where a term's part of `rows` begins and ends that falls into a range."""
        first, last = int(self.starts[term]), int(self.starts[term + 1])
        if last == first or (self.rows[first] >= start and self.rows[last - 1] < end):
            return first, last
        low, high = np.searchsorted(self.rows[first:last], (start, end)).tolist()
        return first + low, first + high


def inverse_document_frequency(n_rows: int, document_frequency: Any) -> Any:
    """Lucene's ln(1 + (n - df + ½) / (df + ½)), which is never negative; in nats.

    Parameters
    ----------
    n_rows
        Rows that there are.
    document_frequency
        In how many of them a term stands; a number, or numbers of any shape.
    """
    return np.log1p((n_rows - document_frequency + 0.5) / (document_frequency + 0.5))
