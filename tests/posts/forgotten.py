"""A data folder full of things that are to be forgotten: tables, versions, artifacts, databases, logs, deliveries."""

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vitrina.dictionary import DataDictionary
from vitrina.erasure import needles, vector_needles
from vitrina.erasure.byte_search import find
from vitrina.inbox.ledger import Ledger
from vitrina.posts import erasing
from vitrina.posts.raw_tables import (
    PostsRefusedRows,
    RawAsked,
    RawChatMessages,
    RawErasureRequests,
    RawFeedback,
    RawPosts,
)
from vitrina.posts.reconciling import text_hash
from vitrina.posts.tables import AskedQuestions, ErasureReceipts, Passages, PostEmbeddings, PostIndexes, Posts
from vitrina.pseudonyms import pseudonym
from vitrina.publication import Candidate, publish
from vitrina.settings import Settings
from vitrina.tables import Table
from vitrina.warehouse import Warehouse, load, locate, replace

KEY = b"a key for tests alone"
NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
FOOTER = "Подписывайтесь на наш канал и приходите в гости!"
SECRET = f'Мария Петровна открывает "пекарню" на Садовой, звоните до девяти.\n{FOOTER}'
OTHER = f"Магазин на набережной работает до десяти вечера.\n{FOOTER}"
QUESTION = "Скажите, примут ли у вас моего маленького сына без записи?"
OTHER_QUESTION = "Где можно оставить велосипед рядом с магазином?"
PERSON, SOMEBODY = (pseudonym(f"telegram:{number}", KEY) for number in (456, 789))
SECRET_VECTOR, OTHER_VECTOR = (np.random.default_rng(seed).normal(size=96).astype("float32") for seed in (1, 2))

POST_REQUEST = {"request_id": "aa01", "kind": "post", "subject_hash": pseudonym("telegram:100:7", KEY)}
PERSON_REQUEST = {"request_id": "bb02", "kind": "user", "subject_hash": PERSON}


def rows_of(table: type[Table], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows with what a test does not say filled in."""
    defaults = {
        "source_file": "posts/result.json", "delivery": 1, "platform": "telegram", "channel_id": "100", "chat_id": "200", "kind": "post",
        "seen": "snapshot", "author_kind": "channel", "posted_at": NOW - dt.timedelta(days=9), "asked_at": NOW - dt.timedelta(days=2),
        "given_at": NOW - dt.timedelta(days=2), "via": "chat", "outcome": "answered", "messages": 1, "ordinal": 0, "start": 0, "end": 1,
        "model": "m", "requested_at": NOW - dt.timedelta(hours=1), "requested_by": "user", "helped": True, "source": "bot",
        "group_id": "g", "repeated": False, "column_name": "text", "contract": "channels", "expectation": "e", "remedy": "r",
        "built_at": NOW, "fingerprint": "0" * 64, "size": 1, "posts": 1, "passages": 1, "channels": 1, "terms": 1, "version": "v",
        "embedder": "navec", "seen_at": NOW - dt.timedelta(days=9),
    }  # fmt: skip
    schema = table.polars_schema()
    filled = [{name: {**defaults, "source_row": n, **row}.get(name) for name in schema} for n, row in enumerate(rows, start=1)]
    return table.check(pl.DataFrame(filled, schema=schema))


def requests(*asked: Mapping[str, Any]) -> pl.DataFrame:
    return rows_of(RawErasureRequests, asked)


class World:
    """The folder, and what a run does with it."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            data=folder / "data", inbox=str(folder / "inbox"), user_key=KEY.decode(), lock_timeout_s=5, published_versions=5
        )
        self.data = self.settings.data
        self.warehouse = Warehouse(locate(self.settings, "posts"), 5)
        self.inbox_file = folder / "inbox" / "posts" / "result.json"

    def write(self, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
        with self.warehouse.write() as connection:
            replace(connection, table, rows_of(table, rows))

    def read(self, table: type[Table]) -> pl.DataFrame:
        with self.warehouse.read() as connection:
            return load(connection, table)

    def deliver(self) -> None:
        """The raw tables, as an inbox with everything in it gives them."""
        self.write(
            RawPosts,
            [
                {"post_id": "7", "text": SECRET},
                {"post_id": "7", "text": SECRET + " (раньше)", "source_file": "posts/older.json"},
                {"post_id": "8", "text": OTHER},
            ],
        )
        self.write(
            RawChatMessages,
            [
                {"message_id": "1", "kind": "question", "author_hash": PERSON, "text": QUESTION},
                {"message_id": "2", "kind": "question", "author_hash": SOMEBODY, "text": OTHER_QUESTION},
            ],
        )
        shown = {"answer_channel": "telegram:100", "answer_post": "7"}
        self.write(
            RawAsked,
            [
                {"question_id": "q1", "user_hash": PERSON, "text": QUESTION},
                {"question_id": "q2", "user_hash": SOMEBODY, "text": OTHER_QUESTION, **shown},
            ],
        )
        self.write(RawFeedback, [{"question_id": "q1", "user_hash": PERSON}, {"question_id": "q2", "user_hash": SOMEBODY}])
        self.write(PostsRefusedRows, [{"value": SECRET[:60]}, {"value": "a word"}])

    def refresh(self, version: str) -> None:
        """What the assets would make of the raw tables as they are now, and an index with everything in it."""
        raw = self.read(RawPosts).unique("post_id", keep="last").sort("post_id")
        self.write(
            Posts,
            [
                {"post_id": post, "text": text, "text_hash": text_hash(text)}
                for post, text in raw.select("post_id", "text").iter_rows()
            ],
        )
        passages = [
            {"post_id": post, "text": text, "searched": text.lower(), "text_hash": text_hash(text.lower())}
            for post, text in raw.select("post_id", "text").iter_rows()
        ]
        self.write(Passages, passages)
        vectors = {text_hash(SECRET.lower()): SECRET_VECTOR, text_hash(OTHER.lower()): OTHER_VECTOR}
        standing = {passage["text_hash"]: vectors[passage["text_hash"]] for passage in passages}
        self.write(PostEmbeddings, [{"text_hash": mark, "vector": vector.tolist()} for mark, vector in standing.items()])
        asked = self.read(RawAsked).select("question_id", "user_hash", "text").iter_rows(named=True)
        self.write(AskedQuestions, list(asked))
        folder = self.settings.artifacts / "posts" / "indexes" / version
        folder.mkdir(parents=True)
        (folder / "texts.utf8").write_text("".join(str(passage["text"]) for passage in passages))
        np.save(folder / "vectors.npy", np.array(list(standing.values())).astype("float16"))
        self.write(PostIndexes, [{"version": version, "path": folder.relative_to(self.data).as_posix()}])

    def publish(self, moment: dt.datetime, *, objection: str | None = None) -> None:
        tables = (Posts, PostIndexes)
        candidates = [Candidate(table.table_name(), objection) for table in tables]
        publish(
            "posts", candidates, DataDictionary.of(tables), warehouse=self.warehouse, settings=self.settings, now=moment, run_id="r"
        )

    def scatter(self) -> None:
        """Everything that a product leaves in a data folder besides."""
        for path, text in {
            "quarantine/posts/broken.json": json.dumps({"text": SECRET}),
            "receipts/posts/000001-result.en.md": f"| text | {SECRET[:64]} |",
            "logs/posts_refresh.log": f"refused: {SECRET!r}\n",
            "dagster/logs/run/compute.err": f"got {QUESTION}\n",
            "cache/posts/vectors.bin": SECRET,
            "artifacts/posts/indexes/.half-built/texts.utf8": SECRET,
            "published/versions/posts/posts_killed.making": SECRET,
        }.items():
            (self.data / path).parent.mkdir(parents=True, exist_ok=True)
            (self.data / path).write_text(text)
        self._lines(
            "asked/1.jsonl",
            [
                {"question_id": "q1", "user_hash": PERSON, "text": QUESTION},
                {"question_id": "q2", "user_hash": SOMEBODY, "text": OTHER_QUESTION},
            ],
        )
        self._lines("asked/2.jsonl", [{"question_id": "q3", "user_hash": PERSON, "text": QUESTION}])
        self._lines(
            "feed/1.jsonl",
            [
                {"platform": "telegram", "channel_id": "100", "post_id": "7", "text": SECRET},
                {"platform": "telegram", "channel_id": "100", "post_id": "8", "text": OTHER},
            ],
        )
        self._database("dagster/history/runs/run.db", json.dumps({"message": SECRET}))
        self._database("bot/journal.sqlite", QUESTION)
        assert Ledger(self.settings.ledger).reopenings("posts") == 0
        with closing(sqlite3.connect(self.settings.ledger, isolation_level=None)) as connection:
            connection.execute("INSERT INTO meta VALUES ('said', ?)", [SECRET])
        self.inbox_file.parent.mkdir(parents=True)
        self.inbox_file.write_text(json.dumps({"messages": [{"id": 7, "text": SECRET}]}, ensure_ascii=False))

    def _lines(self, name: str, said: Sequence[Mapping[str, Any]]) -> None:
        path = self.settings.decisions_folder / "posts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(json.dumps({"asked_at": "2026-09-29T12:00:00+00:00", **line}, ensure_ascii=False) + "\n" for line in said)
        )

    def _database(self, name: str, text: str) -> None:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, event TEXT)")
            connection.executemany("INSERT INTO events (event) VALUES (?)", [(text,), ("another",)])

    def apply(self, asked: pl.DataFrame, now: dt.datetime = NOW) -> erasing.Applied:
        return erasing.apply(self.warehouse, self.settings, asked, now)

    def finish(self, applied: erasing.Applied, now: dt.datetime = NOW) -> pl.DataFrame:
        receipts = erasing.finish(self.settings, self.warehouse, applied, now)
        with self.warehouse.write() as connection:
            replace(connection, ErasureReceipts, receipts, {"request_id": receipts["request_id"].to_list()})
        return receipts

    def holding(self, *texts: str, vector: bool = False) -> set[str]:
        """Files below the data folder that hold what only the erased rows said."""
        said = frozenset().union(*map(needles, texts), vector_needles(SECRET_VECTOR) if vector else ())
        wanted = said - needles(FOOTER) - needles(FOOTER.lower())
        return {path.relative_to(self.data).as_posix() for path in find(self.data, {"": wanted}).paths}


def filled(folder: Path) -> World:
    """Two published versions, and everything else."""
    world = World(folder)
    world.deliver()
    for days, version in ((3, "one"), (2, "two")):
        world.refresh(version)
        world.publish(NOW - dt.timedelta(days=days))
    world.scatter()
    return world
