"""Questions asked again of the posts as they stand now: what nobody could answer then may have an answer by now, or still none."""

from __future__ import annotations

import datetime as dt

import polars as pl

from vitrina.posts.answering import Answerer, AnswerModel, Thresholds
from vitrina.posts.indexing import opened
from vitrina.posts.tables import AskedQuestions
from vitrina.settings import Settings


def kept(questions: pl.DataFrame, erasures: pl.DataFrame, *, since: dt.datetime, at: str, by: str) -> pl.DataFrame:
    """Questions that are young enough, of people who have not asked to be forgotten since.

    Parameters
    ----------
    questions
        Rows of questions.
    erasures
        Table `RawErasureRequests`.
    since
        The earliest moment that is kept.
    at, by
        Columns of the moment and of the person's hash.
    """
    gone = erasures.filter(pl.col("kind") == "user").select(by=pl.col("subject_hash"), until=pl.col("requested_at"))
    latest = gone.group_by("by").agg(pl.col("until").max())
    young = questions.filter(pl.col(at) >= since)
    found = young.join(latest, left_on=by, right_on="by", how="left")
    return found.filter(pl.col("until").is_null() | (pl.col(at) > pl.col("until"))).drop("until")


def asked_again(  # noqa: PLR0913  # what was asked, and what it is asked of
    questions: pl.DataFrame,
    before: pl.DataFrame,
    index: pl.DataFrame,
    model: pl.DataFrame,
    thresholds: pl.DataFrame,
    *,
    settings: Settings,
) -> pl.DataFrame:
    """Fill in whether the index has an answer to each question, and how likely its best post is one.

    Parameters
    ----------
    questions
        Table `AskedQuestions` without these columns.
    before
        The table as it was: what was asked of the same index is not asked again.
    index, model, thresholds
        Tables `PostIndexes`, `AnswerModels` and `AnswerThresholds`.
    settings
        Which chat may see which channels; a chat that is not set is asked of all of them.
    """
    row = index.row(0, named=True)
    same = before.filter(pl.col("index_version") == row["version"])
    known = {
        (question_id, text): (answerable, probability)
        for question_id, text, answerable, probability in same.select(
            "question_id", "text", "answerable", "probability"
        ).iter_rows()
    }
    answerer: Answerer | None = None
    found: dict[tuple[str, str, str], tuple[bool, float]] = {}
    rows = []
    for question_id, platform, chat, text in questions.select("question_id", "platform", "chat_id", "text").iter_rows():
        if (question_id, text) in known:
            rows.append((*known[question_id, text], row["version"]))
            continue
        if answerer is None:
            answerer = Answerer(opened(settings, row), AnswerModel.from_json(model["parameters"][0]), Thresholds.of(thresholds))
        place = (platform, chat, text)
        if place not in found:
            answered = answerer.answer(text, _channels(settings, platform, chat))
            found[place] = (answered.outcome == "answered", answered.probability)
        rows.append((*found[place], row["version"]))
    schema = {name: AskedQuestions.polars_schema()[name] for name in ("answerable", "probability", "index_version")}
    told = pl.DataFrame(rows, schema=schema, orient="row")
    return AskedQuestions.check(questions.drop(schema, strict=False).hstack(told))


def _channels(settings: Settings, platform: str, chat: str) -> tuple[str, ...] | None:
    return settings.posts_chats.get(f"{platform}:{chat}")
