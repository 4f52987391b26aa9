"""Pictures of how posts are found, and of what silence costs."""

import datetime as dt
from io import BytesIO

import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.posts.made_up_search import CountingSearch, made_up_posts, questions_about
from vitrina.charts import MAX_PNG_BYTES
from vitrina.posts.calibrating import HELD_OUT_SCHEMA
from vitrina.posts.judgement import judge
from vitrina.posts.pictures import answered_against_false_answers, recall_by_overlap

WIDEST = 700
"""Of the dialog in which Dagster shows a picture."""


def colours_of(picture):
    assert len(picture) < MAX_PNG_BYTES
    with Image.open(BytesIO(picture)) as image:
        assert image.width <= WIDEST
        return {pixel for _, pixel in image.convert("RGB").getcolors(1 << 20)}


def held_out(peoples):
    rng = np.random.default_rng(0)
    n = len(peoples)
    answerable = np.arange(n) % 2 == 0
    probability = np.clip(0.3 * answerable + rng.uniform(0, 0.7, size=n), 0, 1)
    known = {"peoples": peoples, "answerable": answerable, "probability": probability, "answered": probability > 0.6}
    return pl.DataFrame({name: known.get(name, [None] * n) for name in HELD_OUT_SCHEMA}, schema_overrides={"peoples": pl.Boolean})


@pytest.mark.parametrize("names", [("known answers",), ("known answers", "known items", "known items with typos")])
def test_recall_is_drawn_for_every_set_and_way_of_searching(names):
    posts = made_up_posts(4)
    questions = pl.concat([questions_about(posts, name=name) for name in names])
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    drawn = colours_of(recall_by_overlap(judge(CountingSearch(posts), questions, version="v", judged_at=at, seed=0)))
    # the four ways of searching
    assert {(0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167)} <= drawn


@pytest.mark.parametrize(("peoples", "lines"), [([True] * 40, 1), ([True, True, False, False] * 20, 2)])
def test_what_silence_costs_is_drawn_for_people_and_for_generated_questions(peoples, lines):
    drawn = colours_of(answered_against_false_answers(held_out(peoples), rate=0.05))
    assert len({(0, 114, 178), (230, 159, 0)} & drawn) == lines
