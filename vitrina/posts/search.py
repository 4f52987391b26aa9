"""Searching an index: BM25 finds sixty candidates, and a closer look puts them in order.

A search sees the rows of the channels that it is asked about and no others. Nothing of a question can make it fail: what
has no words finds nothing.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from vitrina.errors import VitrinaError
from vitrina.posts.bm25 import Postings, inverse_document_frequency
from vitrina.posts.candidates import QuestionVector, Ranges, StoredVectors, best_rows, nearest_rows
from vitrina.posts.embedding import NAVEC, Embedder, EmbedderError, FloatArray
from vitrina.posts.evidence import evidence
from vitrina.posts.hits import FEATURES, Hit, PostRef, SearchResult
from vitrina.posts.index_files import IndexDamagedError, IndexFolder
from vitrina.posts.index_layout import NO_GROUP, NO_TIME, opened
from vitrina.posts.language import LEMMATIZER, clean, dictionaries
from vitrina.posts.lexicon import Lexicon, Query
from vitrina.posts.ranking import Ranking, fused

__all__ = ["FEATURES", "Hit", "IndexDamagedError", "Mode", "PostRef", "SearchIndex", "SearchResult"]

Mode: TypeAlias = Literal["fused", "bm25", "vectors", "plain bm25"]

LONGEST_QUERY = 4096
N_CANDIDATES = 60
"""Rows for the second stage. With 60, 100 and 200 the first ten of 759 questions of XQuAD and of 700 made from posts are found as often."""

N_BY_VECTORS = 50
N_COMPARED = 10
"""Posts that the best one is compared with."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class SearchIndex:
    """An index, opened for searching; threads may share one.

    Use `SearchIndex.open`.
    """

    def __init__(self, folder: IndexFolder, embedders: Sequence[Embedder]) -> None:
        self._folder = folder
        self._arrays = folder.arrays
        manifest = folder.manifest
        self.version: str = manifest["version"]
        self.model: str = manifest["model"]
        self._ranges: dict[str, tuple[int, int]] = {
            channel["name"]: (channel["start"], channel["end"]) for channel in manifest["channels"]
        }
        self._names = tuple(self._ranges)
        self.n_passages: int = manifest["passages"]
        self._vectors = {
            stored["model"]: StoredVectors(
                stored["model"], self._arrays[stored["array"]], stored["scale"], stored["mean"], stored["deviation"]
            )
            for stored in manifest["vectors"]
        }
        self._embedders = tuple(embedders)
        self._postings = Postings(
            *(self._arrays[f"posting_{name}"] for name in ("starts", "rows", "weights", "idf")),
        )
        self._lexicon = Lexicon(self._arrays, self.n_passages)
        if manifest.get("dictionaries") == dictionaries():
            # most words that are asked for are words of posts, and looking one up takes as long as a quarter of a search
            LEMMATIZER.learn(self._lexicon.forms, self._lexicon.lemmas())
        # views hand out single numbers and bytes faster than arrays do
        self._texts: dict[str, tuple[memoryview, memoryview]] = {
            kind: (self._arrays[f"{kind}_text"].data, self._arrays[f"{kind}_starts"].data) for kind in ("passage", "post", "link")
        }
        groups = self._arrays["post_groups"]
        self._by_group = np.argsort(groups, kind="stable")
        self._sorted_groups = groups[self._by_group]

    @classmethod
    def open(cls, folder: Path, embedder: Embedder | None = None, fallback: Embedder | None = None) -> SearchIndex:
        """Open an index, its files mapped into memory.

        Parameters
        ----------
        folder
            Where `build_index` wrote it.
        embedder
            Of questions; without it, or where it knows none of the words, posts are ordered by their words alone.
        fallback
            Answers when `embedder` cannot be reached.

        Raises
        ------
        IndexDamagedError
            A file is missing, cut off, or not what the manifest says.
        VitrinaError
            The index has no vectors of an embedder's model.
        """
        found = opened(folder)
        embedders = [one for one in (embedder, fallback) if one is not None]
        kept = {stored["model"]: stored["dimensions"] for stored in found.manifest["vectors"]}
        for one in embedders:
            if kept.get(one.model) != one.dimensions:
                raise VitrinaError(
                    f"Questions would be embedded by {one.model!r} in {one.dimensions} dimensions; the index at {folder} has vectors "
                    f"of {', '.join(f'{model!r} in {n}' for model, n in kept.items()) or 'no model'}.",
                    "Build the index anew with the model of the settings, or return to the model of the index.",
                )
        return cls(found, embedders)

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that can be searched, as ``<platform>:<channel>``."""
        return self._names

    def verify(self) -> None:
        """Compare the fingerprints of all files.

        Raises
        ------
        IndexDamagedError
            A file is not the one that was written.
        """
        self._folder.verify()

    def search(  # noqa: PLR0913  # a question, where to look, and ways to look at it that evaluations need
        self,
        query: str,
        channels: Sequence[str] | None = None,
        *,
        k: int = 10,
        query_vector: FloatArray | None = None,
        without: Collection[tuple[str, str]] = (),
        mode: Mode = "fused",
    ) -> SearchResult:
        """Posts that a question is about, the best first; one hit for posts that say nearly the same.

        How rare a word is, is told by the whole index: a channel's hits and their order come from its own rows alone.

        Parameters
        ----------
        query
            The question; after 4,096 characters it is cut.
        channels
            Where to look; everywhere without it. A channel that the index does not have holds nothing.
        k
            Posts, at most.
        query_vector
            The question's vector by the index's model, shape (dimensions,); without it, the embedder is asked.
        without
            Channels and posts that are searched as if they had never been written: how rare a word is, is told without them, too.
            Only the mean length of passages, and which words are known, still count them.
        mode
            Way of searching: everything together, lemmas alone, vectors alone, or words as they are written.
        """
        asked = self._lexicon.query(text := clean(query[:LONGEST_QUERY]))
        ranges = self._ranges_of(channels)
        if not ranges or not asked.lemmas or k < 1:
            return SearchResult(terms=asked.lemmas, corrected=asked.corrected)
        vector = self._vector(asked.meant(text), query_vector) if mode in ("fused", "vectors") else None
        hidden = self._posts(without)
        asked = self._without(asked, hidden) if hidden else asked
        ranking = self._ranking(asked, vector, ranges, hidden=hidden, n=max(N_CANDIDATES, 3 * k), mode=mode)
        distinct = self._distinct(ranking, max(k, N_COMPARED))
        allowed = None if channels is None else frozenset(channels)
        return SearchResult(
            hits=self._hits(ranking, distinct[:k], allowed, hidden),
            terms=asked.lemmas,
            corrected=asked.corrected,
            features=ranking.features(distinct[:N_COMPARED], self._arrays),
            model=None if vector is None else vector.vectors.model,
        )

    def _ranges_of(self, channels: Sequence[str] | None) -> Ranges:
        """Ranges of rows, in order; neighbours as one."""
        if channels is None:
            return [(0, self.n_passages)] if self.n_passages else []
        wanted = [self._ranges[name] for name in {*channels} & self._ranges.keys()]
        ranges: list[tuple[int, int]] = []
        for start, end in sorted(wanted):
            if ranges and ranges[-1][1] == start:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((start, end))
        return ranges

    def _vector(self, text: str, given: FloatArray | None) -> QuestionVector | None:
        if given is not None:
            vectors = self._vectors.get(self.model)
            if vectors is None or given.shape != vectors.rows.shape[1:]:
                raise VitrinaError(
                    f"The question's vector has the shape {given.shape}, which is not that of the index's model {self.model!r}.",
                    "Embed the question with the model of the index.",
                )
            return QuestionVector(vectors, np.asarray(given, dtype=np.float32))
        for embedder in self._embedders:
            try:
                vector = embedder.embed([text], kind="query")[0]
            except EmbedderError:
                # the next one answers; `SearchResult.model` says whose vectors were compared
                continue
            # a model that knows none of the words says nothing about any passage
            return QuestionVector(self._vectors[embedder.model], vector) if vector.any() else None
        return None

    def _posts(self, named: Collection[tuple[str, str]]) -> frozenset[int]:
        """Numbers of posts, of those that the index has."""
        owners = self._arrays["passage_posts"]
        numbers = set()
        for channel, post_id in named:
            if channel in self._ranges:
                start, end = self._ranges[channel]
                posts = range(int(owners[start]), int(owners[end - 1]) + 1)
                place = bisect_left(posts, post_id, key=lambda post: self._text("post", post))
                if place < len(posts) and self._text("post", posts[place]) == post_id:
                    numbers.add(posts[place])
        return frozenset(numbers)

    def _without(self, asked: Query, hidden: Collection[int]) -> Query:
        """The question, its words as rare as they are in all other posts."""
        barred = [self._rows_of(post) for post in hidden]
        n_rows = self.n_passages - sum(last - first for first, last in barred)
        held = [
            0
            if term < 0
            else int(self._postings.starts[term + 1] - self._postings.starts[term]) - self._postings.rows_among(term, barred)
            for term in asked.terms
        ]
        terms = tuple(term if rows else -1 for term, rows in zip(asked.terms, held, strict=True))
        idf = inverse_document_frequency(n_rows, np.array(held, dtype=np.float64)).astype(np.float32)
        return replace(asked, terms=terms, idf=idf)

    def _ranking(  # noqa: PLR0913  # the question in all its forms, and where to look
        self, asked: Query, vector: QuestionVector | None, ranges: Ranges, *, hidden: Collection[int], n: int, mode: Mode
    ) -> Ranking:
        """Candidates within ranges, and what speaks for them."""
        low, high = ranges[0][0], ranges[-1][1]
        postings, terms = (self._plain, asked.forms) if mode == "plain bm25" else (self._postings, asked.known)
        scores = postings.scores(terms, low, high, asked.rarity if hidden and mode != "plain bm25" else None)
        barred = [self._rows_of(post) for post in hidden]
        for first, last in barred:
            scores[max(first - low, 0) : max(last - low, 0)] = 0
        rows = np.zeros(0, dtype=np.int64)
        if mode != "vectors":
            rows = best_rows(scores, low, ranges, postings.rows_of_one(terms, n, low, high), n)
        # word vectors find nothing that words do not; who waits for an encoder can wait for a look at every passage
        if vector is not None and (mode == "vectors" or not vector.vectors.model.startswith(NAVEC)):
            rows = np.union1d(rows, nearest_rows(vector, ranges, barred, n if mode == "vectors" else N_BY_VECTORS))
        bm25 = scores[rows - low]
        cosines = np.zeros(len(rows), dtype=np.float32) if vector is None else vector.cosines(rows)
        found = evidence(asked, rows, self._arrays)
        final = bm25 if mode != "vectors" else cosines
        if mode == "fused":
            final = fused(asked, bm25, cosines, found, vector)
        times = self._arrays["post_times"][self._arrays["passage_posts"][rows]]
        # of equals the newer one, then by channel and post; as float, for the time of no time has no negative
        order = np.lexsort((rows, -times.astype(np.float64), -final))
        return Ranking(asked, vector, rows, final, bm25, cosines, found, order)

    def _rows_of(self, post: int) -> tuple[int, int]:
        first, last = np.searchsorted(self._arrays["passage_posts"], (post, post + 1)).tolist()
        return first, last

    @cached_property
    def _plain(self) -> Postings:
        """Postings of words as they are written, for comparison: made when they are first asked for."""
        return Postings.of(self._arrays["order_starts"], self._arrays["order_forms"], len(self._lexicon.forms))

    def _distinct(self, ranking: Ranking, most: int) -> list[int]:
        """Positions of candidates, the best first, one for each post and for posts that say nearly the same."""
        posts = self._arrays["passage_posts"][ranking.rows]
        groups = self._arrays["post_groups"][posts]
        # numbers of groups below 0, so that they differ from those of posts
        keys = np.where(groups == NO_GROUP, posts, -1 - groups)[ranking.order].tolist()
        chosen: dict[int, int] = {}
        for position, key in zip(ranking.order.tolist(), keys, strict=True):
            chosen.setdefault(key, position)
            if len(chosen) == most:
                break
        return list(chosen.values())

    def _hits(
        self, ranking: Ranking, positions: Sequence[int], channels: frozenset[str] | None, hidden: Collection[int]
    ) -> tuple[Hit, ...]:
        """Candidates as they are told; numbers are fetched for all of them together."""
        rows = ranking.rows[positions]
        posts = self._arrays["passage_posts"][rows]
        numbers = zip(
            rows.tolist(),
            posts.tolist(),
            self._arrays["passage_ordinals"][rows].tolist(),
            self._arrays["post_times"][posts].tolist(),
            ranking.scores[positions].tolist(),
            ranking.bm25[positions].tolist(),
            ranking.cosines[positions].tolist(),
            strict=True,
        )
        return tuple(
            Hit(
                channel=self._channel(post),
                post_id=self._text("post", post),
                passage=row,
                ordinal=ordinal,
                score=score,
                bm25=bm25,
                cosine=cosine,
                text=self._text("passage", row),
                link=self._text("link", post) or None,
                posted_at=None if posted == NO_TIME else _EPOCH + dt.timedelta(microseconds=posted),
                others=tuple(
                    PostRef(self._channel(other), self._text("post", other), self._text("link", other) or None)
                    for other in self._alike(post)
                    if other != post and other not in hidden and (channels is None or self._channel(other) in channels)
                ),
            )
            for row, post, ordinal, posted, score, bm25, cosine in numbers
        )

    def _alike(self, post: int) -> list[int]:
        group = int(self._arrays["post_groups"][post])
        if group == NO_GROUP:
            return []
        first, last = np.searchsorted(self._sorted_groups, (group, group + 1))
        return [int(other) for other in self._by_group[first:last]]

    def _channel(self, post: int) -> str:
        return self._names[int(self._arrays["post_channels"][post])]

    def _text(self, kind: Literal["passage", "post", "link"], number: int) -> str:
        text, starts = self._texts[kind]
        return str(text[starts[number] : starts[number + 1]], "utf-8")
