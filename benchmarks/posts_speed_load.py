"""What posts_speed runs in processes of their own, so that each begins with a memory of its own.

`ingest FOLDER` loads an export through the inbox; `index FOLDER` embeds and indexes made-up posts, twice; `search FOLDER` asks
the index, one question after another, on one thread. Each prints one line of JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from simulation.posts_load import made_up_posts, made_up_questions
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.posts.contracts import CONTRACTS
from vitrina.posts.duplicates import duplicates_of
from vitrina.posts.index_files import IndexFolder
from vitrina.posts.index_layout import LAYOUT
from vitrina.posts.indexing import Material, candidates, embedded, models, opened
from vitrina.posts.known_items import with_typos
from vitrina.posts.language import lemmas
from vitrina.posts.passages import passages_of, text_hash
from vitrina.posts.raw_tables import POSTS, PostsRefusedRows
from vitrina.posts.tables import PostEmbeddings, Posts
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate

T = TypeVar("T")

SEED = 1
QUESTIONS = 2_000
WARM_UP = 200
IN_TURN = 100
MISTYPED_EVERY = 10
"""One question in so many is typed with slips in a quarter of its long words."""

CHANNELS = 10
BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def ingested(folder: Path) -> dict[str, Any]:
    """Load what lies in the inbox of a folder."""
    settings = Settings(data=folder / "data", inbox=str(folder / "inbox"), settle_s=0)
    started = time.perf_counter()
    outcome = ingest(
        POSTS,
        CONTRACTS,
        settings=settings,
        warehouse=Warehouse(locate(settings, POSTS)),
        ledger=Ledger(settings.ledger),
        now=dt.datetime.now(dt.UTC),
        refused_table=PostsRefusedRows,
    )
    return {
        "seconds": time.perf_counter() - started,
        "rows": sum(entry.rows_loaded for entry in outcome.deliveries),
        "refused": sum(entry.rows_refused for entry in outcome.deliveries),
        "peak_gb": _peak_gb(),
    }


def indexed(folder: Path, posts: int) -> dict[str, Any]:
    """Passages, vectors and index of made-up posts; and once more, when nothing has changed."""
    settings = Settings(data=folder / "data")
    frame = _posts(posts)
    started = time.perf_counter()
    passages, duplicates = passages_of(frame), duplicates_of(frame)
    wanted = models(settings, None)
    vectors, counts = embedded(PostEmbeddings.empty(), passages, wanted)
    material = Material(frame, passages, duplicates, vectors)
    row = candidates(material, wanted, settings=settings, built_at=BEGIN)
    seconds = time.perf_counter() - started
    _, again = embedded(vectors, passages_of(frame), wanted)
    row.write_parquet(folder / "candidates.parquet")
    _questions(frame).write_parquet(folder / "questions.parquet")
    return {
        "seconds": seconds,
        "mb": int(row["size"][0]) / 1e6,
        "passages": passages.height,
        "embedded": sum(counts.values()),
        "embedded_again": sum(again.values()),
        "peak_gb": _peak_gb(),
    }


def searched(folder: Path) -> dict[str, Any]:
    """Ask the index questions whose posts are known, and each of them a matrix of BM25 alone."""
    settings = Settings(data=folder / "data")
    row = pl.read_parquet(folder / "candidates.parquet").row(0, named=True)
    index, matrix = opened(settings, row), Matrix.of(settings.data / row["path"])
    questions = pl.read_parquet(folder / "questions.parquet")
    waits, reference, found = [], [], 0
    with threadpool_limits(1):
        # in turn, for machines have moods; the index has looked up unknown words first, so that the reference need not
        for part in questions.iter_slices(IN_TURN):
            for question, channel, post_id in part.select("question", "channel", "post_id").iter_rows():
                result, wait = _timed(index.search, question)
                waits.append(wait)
                found += any((hit.channel, hit.post_id) == (channel, post_id) for hit in result.hits)
            reference += [_timed(matrix.search, question)[1] for question in part["question"]]
    (middle, slow), (middle_of_matrix, slow_of_matrix) = (
        np.percentile(times[WARM_UP:], [50, 95]).tolist() for times in (waits, reference)
    )
    return {
        "p50_ms": middle,
        "p95_ms": slow,
        "matrix_p50_ms": middle_of_matrix,
        "matrix_p95_ms": slow_of_matrix,
        "recall_at_10": found / questions.height,
        "questions": questions.height,
    }


@dataclass(frozen=True)
class Matrix:
    """BM25 as most would write it: weights of passages by terms as one sparse matrix, the sum of a question's columns, the first ten.

    No slices of channels, no second stage, no vectors, no texts, no correction of typos.
    """

    weights: sp.csc_matrix
    numbers: dict[str, int]

    @classmethod
    def of(cls, folder: Path) -> Matrix:
        """With the weights of an index."""
        arrays = IndexFolder.open(folder, LAYOUT).arrays
        parts = (arrays["posting_weights"].astype(np.float32), arrays["posting_rows"], arrays["posting_starts"])
        terms = arrays["term_text"].tobytes(), arrays["term_starts"].tolist()
        names = [terms[0][start:end].decode() for start, end in pairwise(terms[1])]
        return cls(
            sp.csc_matrix(parts, shape=(len(arrays["passage_posts"]), len(names))), {name: n for n, name in enumerate(names)}
        )

    def search(self, question: str) -> npt.NDArray[np.intp]:
        """Rows of the ten best passages, the best first."""
        terms = [number for lemma in set(lemmas(question)) if (number := self.numbers.get(lemma)) is not None]
        scores = np.asarray(self.weights[:, terms].sum(axis=1)).ravel()
        best = np.argpartition(-scores, 10)[:10]
        return best[np.argsort(-scores[best])]


def _timed(call: Callable[[str], T], question: str) -> tuple[T, float]:
    """What a call returns, and its milliseconds."""
    started = time.perf_counter()
    found = call(question)
    return found, 1000 * (time.perf_counter() - started)


def _posts(n: int) -> pl.DataFrame:
    texts = list(made_up_posts(n, SEED))
    rows = {
        "platform": "telegram",
        "channel_id": [str(1 + number % CHANNELS) for number in range(n)],
        "post_id": [str(number) for number in range(n)],
        "kind": "post",
        "author_kind": "channel",
        "posted_at": [BEGIN + dt.timedelta(minutes=number) for number in range(n)],
        "text": texts,
        "messages": 1,
        "text_hash": [text_hash(text) for text in texts],
        "seen_at": BEGIN,
        "source_file": "made up",
    }
    missing = dict.fromkeys(("channel_name", "edited_at", "context", "reply_to", "link"))
    return Posts.check(pl.DataFrame({**rows, **missing}, schema_overrides=Posts.polars_schema()))


def _questions(posts: pl.DataFrame) -> pl.DataFrame:
    rng = np.random.default_rng(SEED)
    asked = made_up_questions(posts["text"].to_list(), QUESTIONS + WARM_UP, SEED)
    return pl.DataFrame(
        {
            "question": [
                question if number % MISTYPED_EVERY else with_typos(question, rng) for number, (question, _) in enumerate(asked)
            ],
            "channel": [f"telegram:{posts['channel_id'][place]}" for _, place in asked],
            "post_id": [posts["post_id"][place] for _, place in asked],
        }
    )


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(part: str, folder: Path, *more: str) -> None:
    """Run one part and print what it took."""
    parts = {"ingest": lambda: ingested(folder), "index": lambda: indexed(folder, int(more[0])), "search": lambda: searched(folder)}
    print(json.dumps(parts[part]()))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
