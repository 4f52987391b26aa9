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
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from simulation.posts_load import made_up_posts
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.posts.contracts import CONTRACTS
from vitrina.posts.duplicates import duplicates_of
from vitrina.posts.indexing import Material, candidates, embedded, models, opened
from vitrina.posts.known_items import known_items
from vitrina.posts.passages import passages_of, text_hash
from vitrina.posts.raw_tables import POSTS, PostsRefusedRows
from vitrina.posts.tables import PostEmbeddings, Posts
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate

SEED = 1
QUESTIONS = 2_000
WARM_UP = 200
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
    known_items(passages, n=QUESTIONS + WARM_UP, seed=SEED, duplicates=duplicates).write_parquet(folder / "questions.parquet")
    return {
        "seconds": seconds,
        "mb": int(row["size"][0]) / 1e6,
        "passages": passages.height,
        "embedded": sum(counts.values()),
        "embedded_again": sum(again.values()),
        "peak_gb": _peak_gb(),
    }


def searched(folder: Path) -> dict[str, Any]:
    """Ask the index questions whose posts are known."""
    settings = Settings(data=folder / "data")
    index = opened(settings, pl.read_parquet(folder / "candidates.parquet").row(0, named=True))
    questions = pl.read_parquet(folder / "questions.parquet")
    waits, found = [], 0
    with threadpool_limits(1):
        for question, channel, post_id in questions.select("question", "channel", "post_id").iter_rows():
            started = time.perf_counter()
            hits = index.search(question).hits
            waits.append(1000 * (time.perf_counter() - started))
            found += any((hit.channel, hit.post_id) == (channel, post_id) for hit in hits)
    middle, slow = np.percentile(waits[WARM_UP:], [50, 95]).tolist()
    return {"p50_ms": middle, "p95_ms": slow, "recall_at_10": found / questions.height, "questions": questions.height}


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


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(part: str, folder: Path, *more: str) -> None:
    """Run one part and print what it took."""
    parts = {"ingest": lambda: ingested(folder), "index": lambda: indexed(folder, int(more[0])), "search": lambda: searched(folder)}
    print(json.dumps(parts[part]()))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
