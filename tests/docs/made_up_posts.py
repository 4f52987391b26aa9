"""The warehouse of tiny made-up channels: computed by the code that users run, from exports and the bot's log to the marts."""

import datetime as dt
from pathlib import Path

import polars as pl

from simulation.posts_inbox import write_inbox
from simulation.retailer import Size
from tests.dbt_sql import select_of
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.posts import tables as t
from vitrina.posts.asked import asked_questions
from vitrina.posts.asked_again import asked_again
from vitrina.posts.contracts import CONTRACTS
from vitrina.posts.duplicates import duplicates_of
from vitrina.posts.indexing import Material, candidates, embedded, models
from vitrina.posts.passages import passages_of
from vitrina.posts.plans import plans
from vitrina.posts.promoting import Known as InUse
from vitrina.posts.promoting import promoted
from vitrina.posts.raw_tables import PostsDeliveries, PostsRefusedRows, RawAsked, RawChatMessages, RawKnownAnswers
from vitrina.posts.reconciling import Known, reconcile
from vitrina.posts.trial import Before, asked_of, tried
from vitrina.pseudonyms import user_key
from vitrina.settings import Settings
from vitrina.tables import Table
from vitrina.warehouse import Warehouse, load, locate, replace

PRODUCT = "posts"
STAGING = ("stg_messages", "stg_snapshots", "stg_post_versions", "stg_chat_answers", "stg_answers", "stg_feedback")
MARTS = ("mart_repeated_questions", "mart_question_weeks", "mart_coverage_gaps", "mart_answer_quality", "mart_usage")


def fill(settings: Settings, now: dt.datetime) -> Warehouse:
    """Every table of the product, from the inbox to the marts."""
    write_inbox(Path(str(settings.inbox_folder)), Size.TINY, 1)
    warehouse = Warehouse(locate(settings, PRODUCT))
    _deliver(warehouse, settings, now)
    _build(warehouse, STAGING)
    material = _posts(warehouse, settings, now)
    index, model, thresholds = _judged(warehouse, settings, material, now)
    asked, chats = _read(warehouse, RawAsked), _read(warehouse, RawChatMessages)
    questions = asked_questions(asked, chats, user_key(settings))
    answered = asked_again(questions, t.AskedQuestions.empty(), index, model, thresholds, settings=settings)
    _store(warehouse, {t.AskedQuestions: answered, t.Plans: plans(settings), t.ErasureReceipts: t.ErasureReceipts.empty()})
    _build(warehouse, MARTS)
    return warehouse


def _deliver(warehouse: Warehouse, settings: Settings, now: dt.datetime) -> None:
    ledger = Ledger(settings.ledger)
    ingest(PRODUCT, CONTRACTS, settings=settings, warehouse=warehouse, ledger=ledger, now=now, refused_table=PostsRefusedRows)
    _store(warehouse, {PostsDeliveries: ledger.deliveries(PRODUCT).cast(pl.Schema(PostsDeliveries.polars_schema()))})


def _posts(warehouse: Warehouse, settings: Settings, now: dt.datetime) -> Material:
    with warehouse.read() as connection:
        known = Known(t.Posts.empty(), t.PostTombstones.empty())
        found = reconcile(connection, known, key=user_key(settings), settings=settings, now=now)
    passages, duplicates = passages_of(found.posts), duplicates_of(found.posts)
    embeddings, _ = embedded(t.PostEmbeddings.empty(), passages, models(settings, None))
    _store(
        warehouse,
        {
            t.Posts: found.posts,
            t.PostChanges: found.changes,
            t.PostTombstones: found.tombstones,
            t.Passages: passages,
            t.PostDuplicates: duplicates,
            t.PostEmbeddings: embeddings,
        },
    )
    return Material(found.posts, passages, duplicates, embeddings)


def _judged(warehouse: Warehouse, settings: Settings, material: Material, now: dt.datetime) -> tuple[pl.DataFrame, ...]:
    """The index in use, its model of answers and their thresholds."""
    wanted, raw = models(settings, None), _read(warehouse, RawKnownAnswers)
    built = candidates(material, wanted, settings=settings, built_at=now)
    before = Before(t.PostIndexes.empty(), t.SearchQuality.empty(), t.SearchDifferences.empty())
    trial = tried(built, asked_of(material, raw), material, before, wanted, settings=settings, now=now)
    nothing = InUse(t.PostIndexes.empty(), t.AnswerModels.empty(), t.AnswerThresholds.empty())
    found = promoted(built, trial.models, material, raw, nothing, settings=settings, now=now)
    _store(
        warehouse,
        {
            t.IndexCandidates: built,
            t.SearchQuality: trial.quality,
            t.SearchDifferences: trial.differences,
            t.EmbeddingModels: trial.models,
            t.PostIndexes: found.index,
            t.AnswerModels: found.model,
            t.AnswerThresholds: found.thresholds,
        },
    )
    return found.index, found.model, found.thresholds


def _read(warehouse: Warehouse, table: type[Table]) -> pl.DataFrame:
    with warehouse.read() as connection:
        return load(connection, table)


def _store(warehouse: Warehouse, frames: dict[type[Table], pl.DataFrame]) -> None:
    with warehouse.write() as connection:
        for table, frame in frames.items():
            replace(connection, table, frame)


def _build(warehouse: Warehouse, names: tuple[str, ...]) -> None:
    with warehouse.write() as connection:
        for model in names:
            connection.execute(f"CREATE OR REPLACE TABLE {model} AS {select_of(PRODUCT, model)}")
