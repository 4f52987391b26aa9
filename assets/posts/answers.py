"""When the bot speaks, and what subscribers ask: only what passed its trial gets here."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.posts.product import POOLED, inputs, keys_of, outs, stored
from resources.table_assets import table_arguments
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.posts import tables as t
from vitrina.posts.raw_tables import RawAsked, RawChatMessages, RawErasureRequests, RawKnownAnswers
from vitrina.pseudonyms import user_key


@dg.multi_asset(
    name="answers_of_posts",
    ins=inputs("posts", "passages", "post_duplicates", "index_candidates", "embedding_models"),
    outs=outs(t.PostIndexes, t.AnswerModels, t.AnswerThresholds, kinds=("scikitlearn", "duckdb")),
    # an index that finds posts worse than the published one is held back here
    deps=keys_of("search_quality", "raw_known_answers"),
    **POOLED,
)
def answers_of_posts(  # noqa: PLR0913, PLR0917  # one parameter per input, and Dagster passes them by name
    warehouse: WarehouseResource,
    posts: pl.DataFrame,
    passages: pl.DataFrame,
    post_duplicates: pl.DataFrame,
    index_candidates: pl.DataFrame,
    embedding_models: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame]]:
    """The index that is searched from now on, and how sure the bot must be before it answers in each channel."""
    from vitrina.posts.indexing import Material  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.posts.pictures import answered_against_false_answers  # noqa: PLC0415  # as above
    from vitrina.posts.promoting import Known, promoted  # noqa: PLC0415  # as above

    settings = warehouse.settings
    index, model, thresholds, raw = stored(warehouse, t.PostIndexes, t.AnswerModels, t.AnswerThresholds, RawKnownAnswers)
    found = promoted(
        index_candidates,
        embedding_models,
        Material(posts, passages, post_duplicates, t.PostEmbeddings.empty()),
        raw,
        Known(index, model, thresholds),
        settings=settings,
        now=dt.datetime.now(dt.UTC),
    )
    pictures = {}
    if found.held_out is not None and found.held_out.height:
        png = answered_against_false_answers(found.held_out, rate=settings.posts_false_answers)
        pictures = {"answers": picture("What silence costs", png)}
    yield dg.Output(found.index, output_name="post_indexes")
    yield dg.Output(found.model, output_name="answer_models", metadata=pictures)
    yield dg.Output(found.thresholds, output_name="answer_thresholds")


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    ins=inputs("post_indexes", "answer_models", "answer_thresholds"),
    deps=keys_of("raw_asked", "raw_chat_messages", "raw_erasure_requests"),
    **table_arguments(t.AskedQuestions),
    **POOLED,
)
def questions_of_subscribers(
    warehouse: WarehouseResource, post_indexes: pl.DataFrame, answer_models: pl.DataFrame, answer_thresholds: pl.DataFrame
) -> pl.DataFrame:
    """Questions with those like them, and whether the posts as they stand now answer them."""
    from vitrina.posts.asked import asked_questions  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.posts.asked_again import asked_again, kept  # noqa: PLC0415  # as above

    settings, now = warehouse.settings, dt.datetime.now(dt.UTC)
    asked, chats, erasures, before = stored(warehouse, RawAsked, RawChatMessages, RawErasureRequests, t.AskedQuestions)
    since = now - dt.timedelta(days=settings.posts_question_days)
    questions = asked_questions(
        kept(asked, erasures, since=since, at="asked_at", by="user_hash"),
        kept(chats.filter(pl.col("kind") == "question"), erasures, since=since, at="posted_at", by="author_hash"),
        user_key(settings),
    )
    return asked_again(questions, before, post_indexes, answer_models, answer_thresholds, settings=settings)
