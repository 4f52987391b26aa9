"""A few posts of three channels, and what people asked about them: indexed, calibrated by hand, and published."""

import datetime as dt
import json

import polars as pl

from tests.dbt_sql import select_of
from vitrina.dictionary import DataDictionary
from vitrina.posts import tables as t
from vitrina.posts.answering import NEVER, AnswerModel
from vitrina.posts.duplicates import duplicates_of
from vitrina.posts.hits import FEATURES
from vitrina.posts.indexing import Material, candidates, embedded, models
from vitrina.posts.passages import passages_of, text_hash
from vitrina.posts.raw_tables import RawAsked, RawFeedback
from vitrina.publication import Candidate, publish
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate, replace

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 9, 7, 10, tzinfo=dt.UTC)
SHOP, CARD, FARM = CHANNELS = ("telegram:101", "telegram:102", "telegram:103")
HOSTILE = "<script>alert('скидка')</script> & скидка"
CHATS = {"telegram:201": (SHOP, CARD), "telegram:202": (CARD,)}
"""Which channels are shown in which chat."""

POSTS = (
    (SHOP, "1", "Доставку по городу отменили до первого мая. О доставке напишем отдельно.", "https://t.me/shop/1"),
    (SHOP, "2", "Пенсионерам скидка 9 % по будням с девяти до часа, покажите удостоверение на кассе.", "https://t.me/shop/2"),
    (SHOP, "3", f"Ёлка стоит у входа 🎄 {HOSTILE}", "javascript:alert(1)"),
    (SHOP, "4", "Возврат товара без чека возможен в течение двух недель. " + "Сохраняйте упаковку. " * 40, "https://t.me/shop/4"),
    (CARD, "1", "Карту выпускаем бесплатно за пять дней. Лимит переводов — сто тысяч.", "https://t.me/card/1"),
    (CARD, "2", "Пенсионерам скидка 9 % по будням с девяти до часа, покажите удостоверение на кассе!", "https://t.me/card/2"),
    (FARM, "1", "Секретный проект «Абракадаброид»: сыр из алтайского молока.", None),
)
MARTS = ("mart_repeated_questions", "mart_question_weeks", "mart_coverage_gaps", "mart_answer_quality", "mart_usage")
DECLARED = (
    t.Posts,
    t.PostIndexes,
    t.AnswerModels,
    t.AnswerThresholds,
    t.SearchQuality,
    t.Plans,
)
TABLES = (*MARTS, *(table.table_name() for table in DECLARED))


def published(settings: Settings, *, without=(), held_back=(), tells_where=True, now=NOON) -> str:
    """Publish; without some tables, with some that a check holds back, or as before marts told where questions were asked."""
    warehouse = Warehouse(locate(settings, "posts"))
    posts = _posts()
    with warehouse.write() as connection:
        for table, frame in (_indexed(settings, posts) | _asked()).items():
            replace(connection, table, frame)
        for model in ("stg_answers", "stg_feedback", *MARTS):
            connection.execute(f"CREATE OR REPLACE TABLE {model} AS {select_of('posts', model)}")
        for mart in () if tells_where else ("mart_coverage_gaps", "mart_repeated_questions"):
            connection.execute(f"ALTER TABLE {mart} DROP COLUMN asked_in")
        described = connection.execute(
            "SELECT table_name, column_name, data_type AS type, '' AS unit, '' AS meaning, true AS nullable, false AS is_key, "
            "false AS personal, '' AS bounds FROM duckdb_columns() WHERE starts_with(table_name, 'mart_')"
        ).pl()
    dictionary = DataDictionary.of(DECLARED).vstack(DataDictionary.check(described))
    names = [Candidate(name, "a_check" if name in held_back else None) for name in TABLES if name not in without]
    return publish("posts", names, dictionary, warehouse=warehouse, settings=settings, now=now, run_id="a run").pointer.version


def _posts() -> pl.DataFrame:
    rows = [
        {
            "platform": channel.partition(":")[0],
            "channel_id": channel.partition(":")[2],
            "post_id": post,
            "channel_name": {SHOP: "Лавка", CARD: "Карта", FARM: "Ферма"}[channel],
            "kind": "post",
            "author_kind": "channel",
            "posted_at": MONDAY - dt.timedelta(days=number),
            "text": text,
            "link": link,
            "messages": 1,
            "text_hash": text_hash(text),
            "seen_at": NOON,
            "source_file": "made up",
        }
        for number, (channel, post, text, link) in enumerate(POSTS)
    ]
    return t.Posts.check(pl.DataFrame(rows, schema=t.Posts.polars_schema()))


def _indexed(settings: Settings, posts: pl.DataFrame) -> dict:
    wanted, passages = models(settings, None), passages_of(posts)
    embeddings, _ = embedded(t.PostEmbeddings.empty(), passages, wanted)
    material = Material(posts, passages, duplicates_of(posts), embeddings)
    built = candidates(material, wanted, settings=settings, built_at=NOON)
    version = built["version"][0]
    # sure where every word of the question is there, and not where a half is
    slopes = tuple(24.0 if name == "coverage" else 0.0 for name in FEATURES)
    model = AnswerModel(FEATURES, (0.0,) * len(FEATURES), (1.0,) * len(FEATURES), slopes, -20.0)
    thresholds = [
        {
            "platform": channel.partition(":")[0],
            "channel_id": channel.partition(":")[2],
            "threshold": NEVER if channel == FARM else 0.8,
            "target": 0.05,
            "false_answers": None if channel == FARM else 0.1,
            "answered": None if channel == FARM else 0.5,
            "questions": 0 if channel == FARM else 200,
            "own": channel == SHOP,
        }
        for channel in CHANNELS
    ]
    quality = [
        {
            "version": version,
            "judged_at": NOON,
            "questions": "known answers",
            "searched_by": "fused",
            "overlap": "all",
            "measure": "recall_at_1",
            "value": 0.7,
            "low": 0.6,
            "high": 0.8,
            "n": 100,
            "set_hash": "a set",
        }
    ]
    fitted = {"version": version, "fitted_at": NOON, "parameters": model.to_json(), "questions": 200, "set_hash": "a set"}
    return {
        t.Posts: posts,
        t.PostIndexes: t.PostIndexes.check(built.select(t.PostIndexes.polars_schema().keys())),
        t.AnswerModels: pl.DataFrame([fitted], schema=t.AnswerModels.polars_schema()),
        t.AnswerThresholds: pl.DataFrame(thresholds, schema=t.AnswerThresholds.polars_schema()),
        t.SearchQuality: pl.DataFrame(quality, schema=t.SearchQuality.polars_schema()),
    }


def _asked() -> dict:
    """Questions: two gaps, one of them of a chat of the card's alone; and two that were repeated, each with its post."""
    log, questions, presses = [], [], []

    def ask(group, text, chat, user, *, day, channel=None, post=None):  # a question
        name = f"q{len(log)}"
        outcome = "silent" if channel is None else "answered"
        first = next((known["question_id"] for known in questions if known["text"] == group), name)
        log.append(
            {
                "source_file": "a.jsonl",
                "source_row": len(log) + 1,
                "delivery": 1,
                "question_id": name,
                "platform": "telegram",
                "chat_id": chat,
                "user_hash": user,
                "asked_at": MONDAY + dt.timedelta(days=day),
                "via": "chat",
                "text": text,
                "outcome": outcome,
                "answer_channel": channel,
                "answer_post": post,
                "probability": 0.9 if channel else 0.2,
            }
        )
        questions.append(
            {key: log[-1][key] for key in ("question_id", "platform", "chat_id", "user_hash", "asked_at", "text", "outcome")}
            | {"source": "bot", "group_id": first, "repeated": first != name, "answerable": channel is not None}
            | {"probability": 0.95 if channel else 0.3, "index_version": "v1"}
        )
        if channel:
            presses.append(
                {
                    "source_file": "a.jsonl",
                    "source_row": len(log) + 100,
                    "delivery": 1,
                    "question_id": name,
                    "user_hash": user,
                    "helped": user != "eve",
                    "given_at": MONDAY + dt.timedelta(days=day),
                }
            )

    gap = "есть ли зарядка для машин"
    ask(gap, gap, "201", "ann", day=0)
    ask(gap, gap, "201", "bob", day=1)
    ask(gap, gap, "202", "eve", day=20)
    own = f"как продлить карту {HOSTILE}"
    ask(own, own, "202", "ann", day=8)
    ask(own, own, "202", "bob", day=9)
    discount = "есть ли скидка пенсионерам"
    for user, day in (("ann", 2), ("bob", 3), ("eve", 14)):
        ask(discount, discount, "201", user, day=day, channel=SHOP, post="2")
    issue = "сколько выпускаете карту"
    for user, day in (("ann", 4), ("bob", 5)):
        ask(issue, issue, "202", user, day=day, channel=CARD, post="1")
    plans = [{"chat_id": "*", "plan": "free", "price_per_1000_tokens": 0.0, "price_per_cpu_hour": 0.0}]
    return {
        table: pl.DataFrame(rows, schema=table.polars_schema())
        for table, rows in ((RawAsked, log), (t.AskedQuestions, questions), (RawFeedback, presses), (t.Plans, plans))
    }


def chats_setting() -> str:
    """The setting that says which channels are shown in which chat."""
    return json.dumps(CHATS)
