"""Which rows a request to be forgotten is about, in every table of the product; derived from the declarations of the tables.

Requests hold keyed hashes only, so the hashes of what is stored are computed and compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from vitrina.inbox.tables import Delivered
from vitrina.posts.raw_tables import RawChatMessages, RawErasureRequests, RawPosts
from vitrina.posts.reconciling import message_ids
from vitrina.posts.tables import TABLES, Passages, PostEmbeddings, Posts, PostTombstones
from vitrina.pseudonyms import pseudonyms
from vitrina.sql import quote
from vitrina.tables import Table

if TYPE_CHECKING:
    import duckdb

POST = ("platform", "channel_id", "post_id")
MESSAGE = ("platform", "chat_id", "message_id")
PERSON = ("user_hash", "author_hash")
MOMENTS = ("asked_at", "given_at", "posted_at")
TEXT = ("text_hash",)
ERASED = "erased"

_NO_REQUEST = ""
"""Stands for a request of an earlier time, of which only the tombstone is known here."""


@dataclass(frozen=True)
class Link:
    """How a table says what its rows are about: a frame of `Subjects`, its columns, those of the table, and that of the time."""

    frame: str
    columns: tuple[str, ...]
    of_table: tuple[str, ...]
    moment: str | None = None

    @property
    def joined(self) -> str:
        """The condition that joins a row ``t`` with a subject ``e``."""
        same = [f"t.{quote(own)} = e.{quote(name)}" for own, name in zip(self.of_table, self.columns, strict=True)]
        # what somebody writes after having asked to be forgotten was not meant
        before = [f"coalesce(t.{quote(self.moment)} <= e.until, true)"] if self.moment is not None else []
        return " AND ".join(same + before)


def link_of(table: type[Table]) -> Link | None:
    """How a table's rows are found; None for a table that says nothing of posts or people."""
    names = {declared.name for declared in table.columns()}
    if set(POST) <= names:
        # a derived row may have to be made anew although its post stays
        return Link("posts" if issubclass(table, Delivered) else "standing", POST, POST)
    if set(MESSAGE) <= names:
        return Link("messages", MESSAGE, MESSAGE)
    person = next((name for name in PERSON if name in names), None)
    if person is not None:
        return Link("people", ("person",), (person,), next(name for name in MOMENTS if name in names))
    return Link("texts", TEXT, TEXT) if table is PostEmbeddings else None


LINKS: dict[type[Table], Link] = {table: link for table in TABLES if (link := link_of(table)) is not None}


def _frame(columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys((*columns, "request_id"), pl.String()))


@dataclass(frozen=True)
class Subjects:
    """What is to be forgotten, each with the request that named it first.

    Attributes
    ----------
    posts
        Columns platform, channel_id, post_id, request_id.
    standing
        The same, and posts whose context is a question that is to be forgotten: what was derived of them is made anew.
    messages
        Messages of chats: platform, chat_id, message_id, request_id.
    people
        Columns person, a keyed hash; until, the time of that person's latest request; and request_id.
    texts
        Hashes of passages that only these posts have: text_hash, request_id.
    """

    posts: pl.DataFrame = field(default_factory=lambda: _frame(POST))
    standing: pl.DataFrame = field(default_factory=lambda: _frame(POST))
    messages: pl.DataFrame = field(default_factory=lambda: _frame(MESSAGE))
    people: pl.DataFrame = field(default_factory=lambda: people_of(RawErasureRequests.empty()))
    texts: pl.DataFrame = field(default_factory=lambda: _frame(TEXT))

    @contextmanager
    def registered(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Let the connection see the frames as ``erased_<name>``."""
        names = ("posts", "standing", "messages", "people", "texts")
        for name in names:
            connection.register(f"erased_{name}", getattr(self, name).to_arrow())
        try:
            yield
        finally:
            for name in names:
                connection.unregister(f"erased_{name}")


def subjects(connection: duckdb.DuckDBPyConnection, key: bytes, requests: pl.DataFrame) -> Subjects:
    """Find what requests are about in the product's tables.

    A person's posts and messages are that person's; the messages of an album go with its post; posts that were erased before
    are found again, should an older export have brought them back.

    Parameters
    ----------
    connection
        The product's tables.
    key
        The key of all pseudonyms.
    requests
        Rows of `RawErasureRequests`.
    """
    stored = stored_tables(connection)
    wanted = _wanted(connection, requests, stored)
    people = people_of(requests)
    posts = _named(_post_keys(connection, stored), wanted, key)
    found = Subjects(posts=posts, people=people)
    with found.registered(connection):
        messages = _of_people(connection, RawChatMessages, MESSAGE, stored)
        posts = _each_once([posts, _of_people(connection, RawPosts, POST, stored)], POST)
    messages = _each_once([messages, _named_messages(connection, stored, wanted, key)], MESSAGE)
    found = Subjects(posts=posts, messages=messages, people=people)
    with found.registered(connection):
        # an album's first message may itself have been found by its author
        posts = _each_once([posts, _answers(connection, stored), _rest_of_albums(connection, stored)], POST)
        contexts = _posts_in_context(connection, stored)
    standing = _each_once([posts, contexts], POST)
    found = Subjects(posts, standing, messages, people)
    with found.registered(connection):
        return Subjects(posts, standing, messages, people, _texts_of_no_other(connection, stored))


def tombstones(found: Subjects, key: bytes, requests: pl.DataFrame) -> pl.DataFrame:
    """Rows of `PostTombstones` that keep erased posts from coming back, those that were asked for and are not here included."""
    since = dict(requests.select("request_id", "requested_at").iter_rows())
    named = found.posts.filter(pl.col("request_id") != _NO_REQUEST).select(
        pseudonyms(_as_text(found.posts.filter(pl.col("request_id") != _NO_REQUEST), POST), key).alias("key_hash"), "request_id"
    )
    asked = _asked_for(requests, "post").rename({"subject_hash": "key_hash"})
    rows = _each_once([asked, named], ("key_hash",)).select(
        "key_hash",
        pl.lit(ERASED).alias("reason"),
        pl.col("request_id").replace_strict(since, return_dtype=pl.Datetime("us", "UTC")).alias("since"),
    )
    return PostTombstones.check(rows)


def stored_tables(connection: duckdb.DuckDBPyConnection) -> set[type[Table]]:
    """Tables of the product that were ever written."""
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = current_schema()"
    ).fetchall()
    names = {name for (name,) in rows}
    return {table for table in TABLES if table.table_name() in names}


def people_of(requests: pl.DataFrame) -> pl.DataFrame:
    """Who asked to be forgotten, and when last: columns person, until, request_id."""
    named = requests.filter(kind="user").sort("requested_at", "request_id").unique("subject_hash", keep="last", maintain_order=True)
    return named.select("request_id", person="subject_hash", until="requested_at")


def _asked_for(requests: pl.DataFrame, kind: str) -> pl.DataFrame:
    return (
        requests.filter(kind=kind)
        .sort("requested_at", "request_id")
        .select("subject_hash", "request_id")
        .unique("subject_hash", keep="first", maintain_order=True)
    )


def _wanted(connection: duckdb.DuckDBPyConnection, requests: pl.DataFrame, stored: set[type[Table]]) -> pl.DataFrame:
    """Hashes of posts, and who asked for them."""
    asked = _asked_for(requests, "post").rename({"subject_hash": "key_hash"})
    if PostTombstones not in stored:
        return asked
    earlier = connection.execute(f"SELECT key_hash FROM {PostTombstones.table_name()} WHERE reason = ?", [ERASED]).pl()  # noqa: S608  # ours
    return _each_once([asked, earlier.with_columns(request_id=pl.lit(_NO_REQUEST))], ("key_hash",))


def _post_keys(connection: duckdb.DuckDBPyConnection, stored: set[type[Table]]) -> pl.DataFrame:
    """Every post that any table knows."""
    tables = [table for table, link in LINKS.items() if link.columns == POST and table in stored]
    if not tables:
        return _frame(POST).drop("request_id")
    selects = [f"SELECT {', '.join(POST)} FROM {table.table_name()}" for table in tables]  # noqa: S608  # ours
    return connection.execute(" UNION ".join(selects)).pl()


def _named(keys: pl.DataFrame, wanted: pl.DataFrame, key: bytes, columns: tuple[str, ...] = POST) -> pl.DataFrame:
    """Those of the keys whose hash is wanted."""
    if wanted.is_empty() or keys.is_empty():
        return _frame(columns)
    hashed = keys.with_columns(pseudonyms(_as_text(keys, POST), key).alias("key_hash"))
    return _each_once([hashed.join(wanted, on="key_hash").select(*columns, "request_id")], columns)


def _as_text(keys: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    return keys.select(pl.concat_str(columns, separator=":").alias("identifier")).to_series()


def _named_messages(
    connection: duckdb.DuckDBPyConnection, stored: set[type[Table]], wanted: pl.DataFrame, key: bytes
) -> pl.DataFrame:
    """Answers in chats whose hash as a post is wanted; of which channel an answer is stands elsewhere, so all are tried."""
    if RawChatMessages not in stored or wanted.is_empty():
        return _frame(MESSAGE)
    answers = connection.execute(
        f"SELECT DISTINCT {', '.join(MESSAGE)}, author_channel FROM {RawChatMessages.table_name()} WHERE kind = 'answer'"  # noqa: S608  # ours
    ).pl()
    known = _post_keys(connection, stored).select("platform", "channel_id").unique()
    own = answers.select("platform", pl.col("author_channel").alias("channel_id")).drop_nulls().unique()
    chats = answers.select("platform", pl.col("chat_id").alias("channel_id")).unique()
    candidates = (
        answers.drop("author_channel")
        .unique()
        .join(pl.concat([known, own, chats]).unique(), on="platform")
        .with_columns(pl.concat_str("chat_id", "message_id", separator="/").alias("post_id"))
    )
    return _named(candidates, wanted, key, MESSAGE)


def _of_people(
    connection: duckdb.DuckDBPyConnection, table: type[Table], columns: tuple[str, ...], stored: set[type[Table]]
) -> pl.DataFrame:
    if table not in stored:
        return _frame(columns)
    wrote = Link("people", ("person",), ("author_hash",), "posted_at")
    return connection.execute(
        f"SELECT DISTINCT {', '.join(columns)}, e.request_id FROM {table.table_name()} t JOIN erased_people e ON {wrote.joined}"  # noqa: S608  # ours
    ).pl()


def _answers(connection: duckdb.DuckDBPyConnection, stored: set[type[Table]]) -> pl.DataFrame:
    """Posts that answers in chats have become."""
    if Posts not in stored:
        return _frame(POST)
    return connection.execute(
        f"SELECT t.platform, t.channel_id, t.post_id, e.request_id FROM {Posts.table_name()} t "  # noqa: S608  # ours
        "JOIN erased_messages e ON t.platform = e.platform AND t.post_id = e.chat_id || '/' || e.message_id"
    ).pl()


def _rest_of_albums(connection: duckdb.DuckDBPyConnection, stored: set[type[Table]]) -> pl.DataFrame:
    """The messages that a post was joined from."""
    if Posts not in stored:
        return _frame(POST)
    albums = connection.execute(
        f"SELECT platform, channel_id, post_id, messages, e.request_id FROM {Posts.table_name()} "  # noqa: S608  # ours
        "JOIN erased_posts e USING (platform, channel_id, post_id) WHERE messages > 1 AND try_cast(post_id AS BIGINT) IS NOT NULL"
    ).fetchall()
    rows = [
        (platform, channel, message, request)
        for platform, channel, post, messages, request in albums
        for message in message_ids(post, messages)
    ]
    return pl.DataFrame(rows, schema=_frame(POST).schema, orient="row")


def _posts_in_context(connection: duckdb.DuckDBPyConnection, stored: set[type[Table]]) -> pl.DataFrame:
    """Posts that show a question which is to be forgotten."""
    if not {Posts, RawChatMessages} <= stored:
        return _frame(POST)
    return connection.execute(
        f"SELECT p.platform, p.channel_id, p.post_id, min(e.request_id) AS request_id FROM {RawChatMessages.table_name()} t "  # noqa: S608  # ours
        f"JOIN erased_messages e ON t.platform = e.platform AND t.chat_id = e.chat_id AND t.message_id = e.message_id "
        f"JOIN {Posts.table_name()} p ON p.context = t.text GROUP BY ALL"
    ).pl()


def _texts_of_no_other(connection: duckdb.DuckDBPyConnection, stored: set[type[Table]]) -> pl.DataFrame:
    if Passages not in stored:
        return _frame(TEXT)
    joined = LINKS[Passages].joined
    return connection.execute(
        f"SELECT t.text_hash, min(e.request_id) AS request_id FROM {Passages.table_name()} t JOIN erased_standing e ON {joined} "  # noqa: S608  # ours
        f"WHERE t.text_hash NOT IN (SELECT t.text_hash FROM {Passages.table_name()} t ANTI JOIN erased_standing e ON {joined}) GROUP BY 1"
    ).pl()


def _each_once(frames: list[pl.DataFrame], columns: tuple[str, ...]) -> pl.DataFrame:
    whole = pl.concat([frame.select(*columns, "request_id") for frame in frames])
    return whole.unique(list(columns), keep="first", maintain_order=True)
