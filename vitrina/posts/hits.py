"""What a search finds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FEATURES = (
    "bm25",
    "share",
    "coverage",
    "related",
    "exact",
    "window",
    "missing",
    "rarest_missing",
    "names_missing",
    "undated",
    "cosine",
    "second",
    "lead",
    "lead_bm25",
    "terms",
    "unknown",
    "corrected",
)
"""What is known of the best hit: its BM25 score, as a share of the greatest possible one, shares of the question's weight that
it covers, the weight that it lacks, altogether, in the rarest word and in names and numbers, whether it tells no time where one is
asked for, its cosine against that of unrelated passages, the second's score as a share of the
first's, the distance to the mean of the next nine, and of the question the words, and shares of unknown and corrected ones."""


@dataclass(frozen=True)
class PostRef:
    """A post, and where it can be read."""

    channel: str
    post_id: str
    link: str | None


@dataclass(frozen=True)
class Hit:
    """A post that was found.

    Attributes
    ----------
    channel
        Its channel, as ``<platform>:<channel>``.
    post_id
        Its identifier within the channel.
    passage
        Row of its best passage in the index.
    ordinal
        Place of this passage in the post, from 0.
    score
        What hits are ordered by.
    bm25, cosine
        BM25 score, and cosine with the question's vector; 0 without one.
    text
        The passage.
    link
        Where the post can be read, if that is known.
    posted_at
        When it was posted, if that is known.
    others
        Posts of the same channels that say nearly the same.
    """

    channel: str
    post_id: str
    passage: int
    ordinal: int
    score: float
    bm25: float
    cosine: float
    text: str
    link: str | None
    posted_at: dt.datetime | None
    others: tuple[PostRef, ...] = ()


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    hits
        Posts, the best first.
    terms
        Lemmas that were searched.
    corrected
        Words that were taken for mistyped, and what was searched instead.
    features
        What is known of the best hit, by `FEATURES`; zeros where there is none.
    model
        Whose vectors were compared; ``None`` where no model could be reached, or none is there.
    """

    hits: tuple[Hit, ...] = ()
    terms: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    features: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(FEATURES)))
    model: str | None = None
