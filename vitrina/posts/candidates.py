"""Candidates: the passages that are worth a closer look, out of ranges of rows that may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.posts.embedding import FloatArray

Ranges: TypeAlias = Sequence[tuple[int, int]]
Rows: TypeAlias = npt.NDArray[np.int64]
Scores: TypeAlias = npt.NDArray[np.float32]

SCANNED = 8192
"""Vectors that are unpacked at a time."""


@dataclass(frozen=True)
class StoredVectors:
    """A model's vectors of all passages, and what their cosines are when they have nothing to do with one another.

    Attributes
    ----------
    model
        Its name.
    rows
        Whole numbers, shape (passages, dimensions).
    scale
        What to multiply them by.
    mean, deviation
        Of the cosines of unrelated passages.
    """

    model: str
    rows: npt.NDArray[np.int8]
    scale: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class QuestionVector:
    """The question's vector, and whose it is."""

    vectors: StoredVectors
    vector: FloatArray

    def cosines(self, rows: Rows | slice) -> Scores:
        """With these passages' vectors."""
        # not a matrix product, whose last digits depend on how many rows there are
        scaled = self.vector * np.float32(self.vectors.scale)
        return np.asarray(np.einsum("ij,j->i", self.vectors.rows[rows].astype(np.float32), scaled))

    def surprise(self, cosines: Any) -> Any:
        """How far cosines are above those of unrelated passages, in standard deviations: the same for every model."""
        return (cosines - self.vectors.mean) / self.vectors.deviation


def best_rows(scores: Scores, low: int, ranges: Ranges, likely: npt.NDArray[np.int32], n: int) -> Rows:
    """Rows of the `n` highest scores above 0 within ranges, ascending; more where the last ones are equal.

    Parameters
    ----------
    scores
        From row `low` on.
    low
        First row that has a score.
    ranges
        Where to look.
    likely
        Some rows, each once, ascending: the n-th best of them bounds the n-th best of all, and spares sorting these.
    n
        Rows.
    """
    inside = np.concatenate([likely[slice(*np.searchsorted(likely, span))] for span in ranges])
    seen = scores[inside - low]
    bound = np.partition(seen, len(seen) - n)[-n] if len(seen) > n else np.float32(0)
    above = [
        start + np.flatnonzero(part >= bound if bound > 0 else part > 0)
        for start, end in ranges
        for part in (scores[start - low : end - low],)
    ]
    rows = np.concatenate(above)
    if len(rows) > n:
        values = scores[rows - low]
        rows = rows[values >= np.partition(values, len(values) - n)[-n]]
    return rows


def nearest_rows(vector: QuestionVector, ranges: Ranges, barred: Ranges, n: int) -> Rows:
    """Rows of the `n` highest cosines within ranges, ascending: every one is looked at."""
    blocks = [(begin, min(begin + SCANNED, end)) for start, end in ranges for begin in range(start, end, SCANNED)]
    rows = np.concatenate([np.arange(*block) for block in blocks])
    cosines = np.concatenate([vector.cosines(slice(*block)) for block in blocks])
    for first, last in barred:
        cosines[(rows >= first) & (rows < last)] = -np.inf
    best = np.argsort(-cosines, kind="stable")[:n]
    return np.sort(rows[best[np.isfinite(cosines[best])]])
