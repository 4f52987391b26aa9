"""Answers, thresholds and judgements with a real index, its files on disk."""

import datetime as dt
import hashlib

import numpy as np
import polars as pl
import pytest

from tests.posts.made_up_search import duplicates, made_up_posts
from vitrina.posts.answering import Answerer, Thresholds
from vitrina.posts.calibrating import calibrated, no_answer_report
from vitrina.posts.index import build_index
from vitrina.posts.judgement import MODES, judge, question_sets
from vitrina.posts.known_items import known_items
from vitrina.posts.search import SearchIndex
from vitrina.posts.tables import Passages

JUDGED_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TEXTS = made_up_posts(60, channels=("telegram:1", "telegram:2"), words=9) | {
    ("telegram:1", "bridge"): "Доброе утро. Новый мост через Волхов открыли для пешеходов седьмого мая. Хорошего дня.",
    ("telegram:2", "copy"): "Доброе утро! Новый мост через Волхов открыли для пешеходов седьмого мая. Хорошего дня!",
}
PAIR = duplicates([("telegram:1", "bridge"), ("telegram:2", "copy")])


@pytest.fixture(scope="module")
def passages():
    rows = [
        (*channel.split(":"), post_id, 0, 0, len(text), text, text, hashlib.sha256(text.encode()).hexdigest()[:32])
        for (channel, post_id), text in TEXTS.items()
    ]
    return pl.DataFrame(rows, schema=Passages.polars_schema(), orient="row")


@pytest.fixture(scope="module")
def index(passages, tmp_path_factory):
    posts = passages.select(
        "platform",
        "channel_id",
        "post_id",
        pl.lit(None, pl.String).alias("link"),
        pl.lit(JUDGED_AT).cast(pl.Datetime("us", "UTC")).alias("posted_at"),
    )
    folder = tmp_path_factory.mktemp("index") / "v1"
    vectors = {"none": np.zeros((passages.height, 2), dtype=np.float32)}
    build_index(passages, vectors, PAIR, posts=posts, model="none", version="v1", folder=folder)
    return SearchIndex.open(folder)


@pytest.fixture(scope="module")
def questions(passages):
    items = known_items(passages, n=60, seed=0, duplicates=PAIR)
    people = pl.DataFrame(
        [("когда открыли мост через Волхов", "telegram:1", "bridge", "most")], schema=items.drop("ordinal").schema, orient="row"
    )
    return question_sets(people, items, seed=0)


def test_a_calibrated_bot_answers_what_was_posted_and_is_silent_about_the_rest(index, questions):
    found = calibrated(index, questions, duplicates=PAIR, seed=0)
    assert found.auroc.value > 0.9
    answerer = Answerer(index, found.model, Thresholds.of(found.thresholds))
    told = answerer.answer("Когда открыли мост через Волхов?", ["telegram:1"])
    assert (told.outcome, told.hit.post_id) == ("answered", "bridge")
    assert told.quote.startswith("Новый мост через Волхов открыли для пешеходов седьмого мая.")
    assert answerer.answer("Сколько стоит билет в цирк?").outcome == "silent"
    # what another channel says is not for this chat
    assert answerer.answer("Когда открыли мост через Волхов?", ["telegram:3"]).hit is None


def test_every_way_of_searching_an_index_is_judged(index, questions):
    frame = judge(index, questions, version=index.version, judged_at=JUDGED_AT, seed=0)
    assert set(frame["searched_by"]) == set(MODES)
    people = frame.filter((pl.col("questions") == "known answers") & (pl.col("measure") == "recall_at_1"))
    # the near-duplicate stands behind the first hit, whichever of the two that is
    assert people.filter(pl.col("searched_by") == "fused")["value"].to_list() == [1.0, 1.0]


def test_questions_whose_posts_are_withheld_are_told_apart(index, questions):
    found = no_answer_report(index, questions.filter(pl.col("questions") == "known items"), duplicates=PAIR, seed=0)
    assert (found.answerable, found.unanswerable) == (30, 30)
    assert found.auroc.value > 0.9
