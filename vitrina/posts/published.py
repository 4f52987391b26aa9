"""The published index as the bot, the pages and the command line ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitrina.errors import PublicationError
from vitrina.posts.answering import Answerer, AnswerModel, Thresholds
from vitrina.posts.indexing import opened
from vitrina.publication import open_published

if TYPE_CHECKING:
    import duckdb

    from vitrina.settings import Settings


def published_answerer(settings: Settings) -> Answerer:
    """Whatever is published now, ready to answer; it never changes while it is held.

    Raises
    ------
    PublicationError
        Nothing has been published, or no index was good enough to be.
    """
    with open_published(settings, "posts") as connection:
        return answerer_of(settings, connection)


def answerer_of(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Answerer:
    """The answerer of one published version, ready to answer; it outlives the connection.

    Parameters
    ----------
    settings
        For the data folder, and for models.
    connection
        To the version's file.

    Raises
    ------
    PublicationError
        The version holds no index: none was good enough to be published.
    """
    names = {name for (name,) in connection.execute("SELECT table_name FROM published_tables").fetchall()}
    if missing := {"post_indexes", "answer_models", "answer_thresholds"} - names:
        raise PublicationError(
            f"The published version of posts lacks {', '.join(sorted(missing))}.",
            "See in the Dagster UI which check holds them back, and run `make run PRODUCT=posts`.",
        )
    index = connection.execute("SELECT * FROM post_indexes").pl()
    model = connection.execute("SELECT parameters FROM answer_models").pl()
    thresholds = connection.execute("SELECT * FROM answer_thresholds").pl()
    if index.is_empty():
        raise PublicationError(
            "The published version of posts holds no index.", "Deliver an export, then `make run PRODUCT=posts`."
        )
    return Answerer(
        opened(settings, index.row(0, named=True)), AnswerModel.from_json(model["parameters"][0]), Thresholds.of(thresholds)
    )
