"""Candidates in order, and what is known of the best one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vitrina.posts.candidates import QuestionVector, Rows, Scores
from vitrina.posts.evidence import Evidence, undated
from vitrina.posts.hits import FEATURES
from vitrina.posts.index_files import Arrays
from vitrina.posts.lexicon import Query

SHARE_WEIGHT, WINDOW_WEIGHT, RELATED_WEIGHT, EXACT_WEIGHT = 0.5, 0.2, 0.3, 0.1
"""Of the BM25 score as a share of the greatest possible one, and of the shares of the question that a passage holds near one
another, at least in related words, and exactly. Chosen in steps of .1 by 700 questions made from 13,436 Telegram posts: MRR@10
.956 against .948 of BM25 alone; nearby weights differ by less than .005."""

COSINE_WEIGHT = 0.02
"""Per standard deviation of the cosines of unrelated passages, by the same questions; from .01 to .04 it makes no difference."""


@dataclass(frozen=True)
class Ranking:
    """Candidates, and what speaks for each.

    Attributes
    ----------
    asked, vector
        The question, and its vector.
    rows
        Candidates in ascending order.
    scores
        What they are ordered by.
    bm25, cosines, found
        What that is made of.
    order
        Positions of the candidates, from the best on.
    """

    asked: Query
    vector: QuestionVector | None
    rows: Rows
    scores: Scores
    bm25: Scores
    cosines: Scores
    found: Evidence
    order: Rows

    def features(self, distinct: Sequence[int], arrays: Arrays) -> npt.NDArray[np.float64]:
        """What is known of the best hit, by `FEATURES`.

        Parameters
        ----------
        distinct
            Positions of the best hits, each of another post.
        arrays
            Of the index.
        """
        if not distinct:
            return np.zeros(len(FEATURES))
        best, rest = distinct[0], list(distinct[1:])
        asked, scores, bm25, found = self.asked, self.scores.tolist(), self.bm25.tolist(), self.found
        coverage = float(found.coverage[best])
        known = {
            "bm25": bm25[best],
            "share": bm25[best] / asked.ideal,
            "coverage": coverage,
            "related": found.related[best],
            "exact": found.exact[best],
            "window": found.window[best],
            "missing": (1 - coverage) * asked.mass,
            "rarest_missing": found.rarest_missing[best],
            "names_missing": found.names_missing[best],
            "undated": undated(asked, int(self.rows[best]), arrays),
            "cosine": 0.0 if self.vector is None else self.vector.surprise(self.cosines[best]),
            "second": scores[rest[0]] / scores[best] if rest and scores[best] > 0 else 0.0,
            "lead": scores[best] - _mean([scores[position] for position in rest]),
            "lead_bm25": (bm25[best] - _mean([bm25[position] for position in rest])) / asked.ideal,
            "terms": np.log1p(len(asked.lemmas)),
            "unknown": sum(term < 0 for term in asked.terms) / len(asked.terms),
            "corrected": len(asked.corrected) / len(asked.terms),
        }
        return np.array([known[name] for name in FEATURES], dtype=np.float64)


def fused(asked: Query, bm25: Scores, cosines: Scores, found: Evidence, vector: QuestionVector | None) -> Scores:
    """Everything that speaks for candidates as one score: a weighted sum.

    Ranks are not fused: with a weak retriever beside a strong one that loses a sixth of the posts that the strong one finds.

    Parameters
    ----------
    asked, vector
        The question, and its vector.
    bm25, cosines, found
        What speaks for the candidates.
    """
    score = SHARE_WEIGHT / asked.ideal * bm25 + WINDOW_WEIGHT * found.window
    score += RELATED_WEIGHT * found.related + EXACT_WEIGHT * found.exact
    return score if vector is None else score + COSINE_WEIGHT * vector.surprise(cosines)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
