"""What the bot of `benchmarks.posts_bot` searches: made-up channels, indexed, calibrated and published by the code that users run.

`python -m benchmarks.posts_bot_index FOLDER` publishes into a data folder, and leaves the questions beside it: those that
people asked in the made-up chat, each with whether it is answered.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from simulation.posts import simulate_posts
from simulation.posts_inbox import write_inbox
from simulation.retailer import Size
from tests.dbt_sql import select_of
from vitrina.dictionary import DataDictionary
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.posts.answering import Answerer
from vitrina.posts.asking import is_question
from vitrina.posts.contracts import CONTRACTS
from vitrina.posts.duplicates import duplicates_of
from vitrina.posts.indexing import Material, candidates, embedded, models
from vitrina.posts.passages import passages_of
from vitrina.posts.promoting import Known as InUse
from vitrina.posts.promoting import promoted
from vitrina.posts.published import published_answerer
from vitrina.posts.raw_tables import POSTS, PostsDeliveries, PostsRefusedRows, RawKnownAnswers
from vitrina.posts.reconciling import Known, reconcile
from vitrina.posts.tables import AnswerModels, AnswerThresholds, PostEmbeddings, PostIndexes, Posts, PostTombstones
from vitrina.pseudonyms import user_key
from vitrina.publication import Candidate, publish
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, load, locate, replace

STAGING = ("stg_messages", "stg_snapshots", "stg_post_versions", "stg_chat_answers", "stg_answers")
SEED = 1
SILENT = 0.15
"""Share of questions that nothing answers."""

QUESTIONS_FILE = "questions.json"


def published(folder: Path, size: Size = Size.DEMO) -> list[tuple[str, bool]]:
    """Publish an index into a data folder.

    Parameters
    ----------
    folder
        The data folder; its parent gets the inbox and the questions.
    size
        Of the made-up channels.

    Returns
    -------
    list of tuple of str and bool
        Questions that the bot takes for such, each with whether the index answers it; `SILENT` of them it does not.
    """
    settings = Settings(data=folder, inbox=str(folder.parent / "inbox"), settle_s=0)
    now = dt.datetime.now(dt.UTC)
    warehouse = Warehouse(locate(settings, POSTS))
    write_inbox(Path(str(settings.inbox_folder)), size, SEED)
    raw, posts = _delivered(warehouse, settings, now)
    wanted = models(settings, None)
    passages, duplicates = passages_of(posts), duplicates_of(posts)
    material = Material(posts, passages, duplicates, embedded(PostEmbeddings.empty(), passages, wanted)[0])
    built = candidates(material, wanted, settings=settings, built_at=now)
    in_use = built.select("model", pl.lit("in use").alias("state"))
    nothing = InUse(PostIndexes.empty(), AnswerModels.empty(), AnswerThresholds.empty())
    found = promoted(built, in_use, material, raw, nothing, settings=settings, now=now)
    tables = {PostIndexes: found.index, AnswerModels: found.model, AnswerThresholds: found.thresholds}
    with warehouse.write() as connection:
        for table, frame in tables.items():
            replace(connection, table, frame)
    names = [Candidate(table.table_name()) for table in tables]
    publish(POSTS, names, DataDictionary.of(tuple(tables)), warehouse=warehouse, settings=settings, now=now, run_id="benchmark")
    return _mixed(published_answerer(settings), size)


def _delivered(warehouse: Warehouse, settings: Settings, now: dt.datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `RawKnownAnswers` and `Posts`."""
    ledger = Ledger(settings.ledger)
    ingest(POSTS, CONTRACTS, settings=settings, warehouse=warehouse, ledger=ledger, now=now, refused_table=PostsRefusedRows)
    with warehouse.write() as connection:
        replace(connection, PostsDeliveries, ledger.deliveries(POSTS).cast(pl.Schema(PostsDeliveries.polars_schema())))
        for model in STAGING:
            connection.execute(f"CREATE OR REPLACE TABLE {model} AS {select_of(POSTS, model)}")
    with warehouse.read() as connection:
        known = Known(Posts.empty(), PostTombstones.empty())
        posts = reconcile(connection, known, key=user_key(settings), settings=settings, now=now).posts
        return load(connection, RawKnownAnswers), posts


def _mixed(answerer: Answerer, size: Size) -> list[tuple[str, bool]]:
    """The last question is one that is answered, so that its reply ends a burst."""
    texts = [text for text in dict.fromkeys(_questions(size)) if is_question(text)]
    channels = answerer.searcher.channels
    judged = [(text, answerer.answer(text, channels).outcome == "answered") for text in texts]
    answered, silent = [pair for pair in judged if pair[1]], [pair for pair in judged if not pair[1]]
    silent = silent[: int(SILENT / (1 - SILENT) * len(answered))]
    every = max(len(answered) // max(len(silent), 1), 1)
    mixed: list[tuple[str, bool]] = []
    for place, pair in enumerate(answered):
        mixed += [*silent[place // every : place // every + (place % every == 0)], pair]
    return mixed


def _questions(size: Size) -> Iterator[str]:
    made_up = simulate_posts(size, SEED)
    yield from (message.text for message in made_up.chat)
    yield from (known.question for known in made_up.known)


if __name__ == "__main__":
    data = Path(sys.argv[1])
    questions = published(data)
    channels = published_answerer(Settings(data=data)).searcher.channels
    told = json.dumps({"questions": questions, "channels": channels}, ensure_ascii=False)
    (data.parent / QUESTIONS_FILE).write_text(told, encoding="utf-8")
