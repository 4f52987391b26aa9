"""Posts that say nearly the same as an earlier one, most of them in another channel: an answer shows one of them, not five.

Similarity is Jaccard's over sets of three neighbouring words. Which posts are compared at all is decided by their rarest
shingles: two sets that are alike enough must share one of these, so that nothing is missed and few are compared in vain.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.posts.language import words
from vitrina.posts.passages import body_ends

SHINGLE = 3
"""Words of a shingle."""

ALIKE = (7, 10)
"""Least Jaccard similarity, as a fraction: 0.7."""

FEWEST_WORDS = 8
"""Of a post that may be nearly like another; shorter ones must be equal, word by word."""

FEWEST_EQUAL_WORDS = 3
"""Of a post that may be equal to another: "Good morning!" says nothing twice."""

MOST_FIRSTS = 100
"""Firsts that a shingle may lead to; what more share is a template, such as a daily weather report, and tells none apart."""

_Ints = npt.NDArray[np.int64]


def duplicates_of(posts: pl.DataFrame) -> pl.DataFrame:
    """Later posts with the first that says nearly the same.

    Posts are gone through from the earliest: each joins the earliest first that it is alike, or else is a first itself. A group
    is a star and no chain: all of it is alike its first, and a text that drifts from copy to copy becomes another group. Posts of
    unknown time come after all others; of equal time, by their key. Footers of channels are left out of the comparison.

    Parameters
    ----------
    posts
        Rows of `Posts`, in any order. Whole channels: what their posts end with is counted.

    Returns
    -------
    polars.DataFrame
        Rows of `PostDuplicates`, ordered by their key.

    References
    ----------
    A. Broder (1997), On the resemblance and containment of documents. Prefixes: R. Bayardo et al. (2007), Scaling up all pairs
    similarity search, WWW '07.
    """
    key = ["platform", "channel_id", "post_id"]
    posts = posts.sort("posted_at", *key, nulls_last=True)
    found = _pairs(_shingles(posts))
    later = posts[[pair.later for pair in found]].select(key)
    first = posts[[pair.first for pair in found]].select(pl.col(key).name.prefix("first_"))
    similarity = pl.DataFrame({"similarity": [pair.similarity for pair in found]}, schema={"similarity": pl.Float64})
    return pl.concat([later, first, similarity], how="horizontal").sort(key)


@dataclass(frozen=True)
class _Pair:
    later: int
    first: int
    similarity: float


@dataclass(frozen=True)
class _Shingles:
    """Sets of shingles, one per post.

    Attributes
    ----------
    ids
        Those of all posts, one post after the other; of a post each once, the rarest first.
    starts
        Where each post's begin, shape (posts + 1,).
    counts
        Posts that have each shingle.
    """

    ids: _Ints
    starts: _Ints
    counts: _Ints

    def of(self, row: int) -> list[int]:
        return list(self.ids[self.starts[row] : self.starts[row + 1]].tolist())


def _shingles(posts: pl.DataFrame) -> _Shingles:
    known: dict[str, int] = {}
    equal: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    codes, sizes = array("q"), array("q")
    for row, (text, end) in enumerate(zip(posts["text"], body_ends(posts), strict=True)):
        said = words(text[:end])
        if len(said) < FEWEST_WORDS:
            if len(said) >= FEWEST_EQUAL_WORDS:
                equal[tuple(said)].append(row)
            said = []
        codes.extend([known.setdefault(word, len(known)) for word in said])
        sizes.append(len(said))
    owners, ids = _triples(np.array(codes, dtype=np.int64), np.array(sizes, dtype=np.int64))
    # a short text is one shingle, which no other text has
    short = np.array([row for rows in equal.values() for row in rows], dtype=np.int64)
    numbers = np.repeat(np.arange(len(equal)), [len(rows) for rows in equal.values()])
    ids = np.concatenate([ids, numbers + ids.max(initial=-1) + 1])
    return _rarest_first(np.concatenate([owners, short]), ids, len(posts))


def _triples(codes: _Ints, sizes: _Ints) -> tuple[_Ints, _Ints]:
    """Post and number of each run of three words: numbers, and no hashes, so that different ones never meet."""
    owners = np.repeat(np.arange(len(sizes)), sizes)
    if len(codes) < SHINGLE:
        return owners[:0], codes[:0]
    n_words = int(codes.max()) + 1
    pairs = np.unique(codes[:-1] * n_words + codes[1:], return_inverse=True)[1]
    triples = np.unique(pairs[:-1] * n_words + codes[2:], return_inverse=True)[1]
    whole = owners[:-2] == owners[2:]
    return owners[:-2][whole], triples[whole]


def _rarest_first(owners: _Ints, ids: _Ints, n_posts: int) -> _Shingles:
    n_ids = int(ids.max(initial=0)) + 1
    owners, ids = np.divmod(np.unique(owners * n_ids + ids), n_ids)
    counts = np.bincount(ids, minlength=n_ids)
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n_posts))])
    return _Shingles(ids[np.lexsort((ids, counts[ids], owners))], starts, counts)


def _pairs(shingles: _Shingles) -> list[_Pair]:
    found = []
    leads: defaultdict[int, list[int]] = defaultdict(list)
    sets: dict[int, frozenset[int]] = {}
    for row in range(len(shingles.starts) - 1):
        own = shingles.of(row)
        # of two sets that are alike, the rarest so many of each have one in common; what nobody else has leads nowhere
        rarest = [shingle for shingle in own[: len(own) - _least_common(len(own)) + 1] if shingles.counts[shingle] > 1]
        candidates = sorted({first for shingle in rarest for first in leads.get(shingle, ())})
        pair = _earliest_alike(row, frozenset(own), candidates, shingles, sets) if candidates else None
        if pair is not None:
            found.append(pair)
            continue
        for shingle in rarest:
            if len(leads[shingle]) < MOST_FIRSTS:
                leads[shingle].append(row)
    return found


def _least_common(size: int) -> int:
    """Shingles that a set of this size has in common with any that is alike: its size times 0.7, rounded up."""
    above, below = ALIKE
    return -(-above * size // below)


def _earliest_alike(
    row: int, own: frozenset[int], candidates: list[int], shingles: _Shingles, sets: dict[int, frozenset[int]]
) -> _Pair | None:
    above, below = ALIKE
    for first in candidates:
        size = int(shingles.starts[first + 1] - shingles.starts[first])
        if min(size, len(own)) * below < above * max(size, len(own)):
            continue
        other = sets.get(first)
        if other is None:
            other = sets[first] = frozenset(shingles.of(first))
        common = len(own & other)
        union = len(own) + size - common
        # in whole numbers, for 0.7 is none that a computer has
        if common * below >= above * union:
            return _Pair(row, first, common / union)
    return None
