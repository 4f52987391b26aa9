"""What rows to be forgotten say, what else says the same, and deleting them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from vitrina.erasure.byte_search import Scanner
from vitrina.erasure.text_scrubbing import Scrubber
from vitrina.erasure.traces import needles, pieces, variants, vector_needles
from vitrina.posts.erasure_rows import LINKS, Link, Subjects, stored_tables
from vitrina.posts.raw_tables import PostsRefusedRows, RawAsked
from vitrina.posts.tables import PostEmbeddings
from vitrina.sql import quote
from vitrina.tables import Table

if TYPE_CHECKING:
    import duckdb

Vector = tuple[float, ...]

BATCH = 5_000
"""Rows that are listened to at a time."""

_NO_TEXT = ("_hash", "_id", "source_file")
"""Endings of columns of text that hold nothing that anybody wrote."""


@dataclass(frozen=True)
class Remembered:
    """What one request's rows said: held in memory for as long as it is looked for, never shown and never written.

    Attributes
    ----------
    texts, vectors
        As they stood in the tables.
    """

    texts: frozenset[str] = field(default=frozenset(), repr=False)
    vectors: frozenset[Vector] = field(default=frozenset(), repr=False)

    def needles(self, spared: Spared) -> frozenset[bytes]:
        """The byte strings that give it away, without those of what others say as well."""
        own = frozenset(piece for text in self.texts for piece in pieces(text)) - spared.pieces
        return frozenset(variant for piece in own for variant in variants(piece)) | self.vector_needles(spared)

    def vector_needles(self, spared: Spared) -> frozenset[bytes]:
        """Those of the vectors alone."""
        return frozenset(needle for vector in self.vectors - spared.vectors for needle in vector_needles(vector))

    def said_elsewhere(self, spared: Spared) -> int:
        """Pieces of it that others say as well."""
        return len({piece for text in self.texts for piece in pieces(text)} & spared.pieces)

    @property
    def unsearchable(self) -> int:
        """Texts so short that any file holds them by chance."""
        return sum(1 for text in self.texts if text.strip() and not needles(text))


@dataclass(frozen=True)
class Spared:
    """What stands in rows that stay, and can therefore not be looked for: greetings, signatures, posts of others that say the same."""

    pieces: frozenset[str] = field(default=frozenset(), repr=False)
    vectors: frozenset[Vector] = field(default=frozenset(), repr=False)


def remembered(connection: duckdb.DuckDBPyConnection, found: Subjects) -> dict[str, Remembered]:
    """What the rows say, by request."""
    texts: dict[str, set[str]] = {}
    vectors: dict[str, set[Vector]] = {}
    with found.registered(connection):
        for table, link in _stored(connection).items():
            for name in _texts_of(table):
                rows = connection.execute(
                    f"SELECT DISTINCT e.request_id, t.{quote(name)} {_joined(table, link)}"
                ).fetchall()  # our own names
                for request, text in rows:
                    if text:
                        texts.setdefault(request, set()).add(text)
            if table is PostEmbeddings:
                for request, vector in connection.execute(
                    f"SELECT e.request_id, t.vector {_joined(table, link)}"
                ).fetchall():  # as above
                    vectors.setdefault(request, set()).add(tuple(vector))
    return {
        request: Remembered(frozenset(texts.get(request, ())), frozenset(vectors.get(request, ())))
        for request in texts.keys() | vectors.keys()
    }


def spared(connection: duckdb.DuckDBPyConnection, found: Subjects, wanted: Iterable[Remembered]) -> Spared:
    """What of it stands in rows that stay.

    Parameters
    ----------
    connection
        The product's tables, before or after the rows were deleted.
    found
        The rows that go.
    wanted
        What they say.
    """
    wanted = list(wanted)
    own = frozenset(piece for one in wanted for text in one.texts for piece in pieces(text))
    vectors = frozenset(vector for one in wanted for vector in one.vectors)
    kept_vectors: frozenset[Vector] = frozenset()
    unheard = own
    with found.registered(connection):
        for table in stored_tables(connection) - {PostsRefusedRows} if own or vectors else ():
            stays = _staying(table)
            for name in _texts_of(table, every=True):
                unheard = _not_said(
                    connection, f"SELECT {quote(name)} {stays} WHERE {quote(name)} IS NOT NULL", unheard
                )  # our own names
            if table is PostEmbeddings and vectors:
                kept_vectors = _kept_vectors(connection, stays, vectors)
    return Spared(own - unheard, kept_vectors)


def _not_said(connection: duckdb.DuckDBPyConnection, texts: str, unheard: frozenset[str]) -> frozenset[str]:
    """Pieces that no text of a query holds. One that was heard is not listened for again: a signature stands in every post."""
    by_bytes = {piece.encode("utf-8", "surrogatepass"): piece for piece in unheard}
    scanner = Scanner(by_bytes)
    for batch in connection.execute(texts).to_arrow_reader(BATCH) if by_bytes else ():
        said = "\0".join(batch.column(0).to_pylist()).encode("utf-8", "surrogatepass")
        heard = {needle for _, needle in scanner.scan(said)}
        if heard:
            by_bytes = {needle: piece for needle, piece in by_bytes.items() if needle not in heard}
            scanner = Scanner(by_bytes)
    return frozenset(by_bytes.values())


def requests_with_rows(connection: duckdb.DuckDBPyConnection, found: Subjects) -> frozenset[str]:
    """Requests that any row is about."""
    with found.registered(connection):
        selects = [f"SELECT DISTINCT e.request_id {_joined(table, link)}" for table, link in _stored(connection).items()]
        return frozenset(request for select in selects for (request,) in connection.execute(select).fetchall())


def delete(connection: duckdb.DuckDBPyConnection, found: Subjects, wanted: Mapping[str, Remembered]) -> dict[str, Counter[str]]:
    """Delete the rows inside the caller's transaction, and empty what points to them; return rows by request and table."""
    rows: dict[str, Counter[str]] = {}
    with found.registered(connection):
        for table, link in _stored(connection).items():
            counted = connection.execute(f"SELECT e.request_id, count(*) {_joined(table, link)} GROUP BY 1").fetchall()
            for request, count in counted:
                rows.setdefault(request, Counter())[table.table_name()] += count
            if counted:
                connection.execute(f"DELETE FROM {table.table_name()} AS t USING erased_{link.frame} AS e WHERE {link.joined}")  # noqa: S608  # our own names
        _forget_what_was_shown(connection)
    _empty_refused_values(connection, wanted)
    return rows


def _forget_what_was_shown(connection: duckdb.DuckDBPyConnection) -> None:
    """A question stays, and no longer says that it was answered with an erased post."""
    if RawAsked in stored_tables(connection):
        connection.execute(
            f"UPDATE {RawAsked.table_name()} SET answer_channel = NULL, answer_post = NULL "  # noqa: S608  # our own names
            "WHERE (answer_channel, answer_post) IN (SELECT (platform || ':' || channel_id, post_id) FROM erased_posts)"
        )


def _empty_refused_values(connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, Remembered]) -> None:
    """Refused values name no author: those that hold a piece of an erased text are emptied."""
    name = PostsRefusedRows.table_name()
    looked_for = {needle for one in wanted.values() for text in one.texts for needle in needles(text)}
    if not looked_for or PostsRefusedRows not in stored_tables(connection):
        return
    scanner = Scanner(looked_for)
    values = [value for (value,) in connection.execute(f"SELECT DISTINCT value FROM {name} WHERE value IS NOT NULL").fetchall()]  # noqa: S608  # ours
    holding = [value for value in values if next(scanner.scan(value.encode("utf-8", "surrogatepass")), None) is not None]
    if holding:
        connection.execute(f"UPDATE {name} SET value = NULL WHERE list_contains(?, value)", [holding])  # noqa: S608  # as above


def _stored(connection: duckdb.DuckDBPyConnection) -> dict[type[Table], Link]:
    stored = stored_tables(connection)
    return {table: link for table, link in LINKS.items() if table in stored}


def _joined(table: type[Table], link: Link) -> str:
    return f"FROM {table.table_name()} t JOIN erased_{link.frame} e ON {link.joined}"


def _staying(table: type[Table]) -> str:
    """FROM clause of a table's rows that stay."""
    link = LINKS.get(table)
    return f"FROM {table.table_name()} t" + (f" ANTI JOIN erased_{link.frame} e ON {link.joined}" if link is not None else "")


def _texts_of(table: type[Table], *, every: bool = False) -> list[str]:
    """Columns of what people wrote; also of what is said about nobody, if asked for."""
    return [
        declared.name
        for declared in table.columns()
        if declared.dtype == pl.String and not declared.name.endswith(_NO_TEXT) and (every or declared.personal)
    ]


def _kept_vectors(connection: duckdb.DuckDBPyConnection, stays: str, vectors: frozenset[Vector]) -> frozenset[Vector]:
    """Texts of the same words in another order may share a vector."""
    looked_for = pl.DataFrame(
        {"vector": [list(vector) for vector in vectors]}, schema={"vector": PostEmbeddings.polars_schema()["vector"]}
    )
    connection.register("erased_vectors", looked_for.to_arrow())
    try:
        rows = connection.execute(f"SELECT DISTINCT vector {stays} WHERE vector IN (SELECT vector FROM erased_vectors)")  # noqa: S608  # our own names
        return frozenset(tuple(vector) for (vector,) in rows.fetchall())
    finally:
        connection.unregister("erased_vectors")


def scrubber_of(said: Mapping[str, Remembered], known: Spared) -> Scrubber:
    """What takes all of it out of files."""
    texts = [text for one in said.values() for text in one.texts]
    vectors = [needle for one in said.values() for needle in one.vector_needles(known)]
    return Scrubber(texts, vectors, spared=known.pieces)


def needles_of(said: Mapping[str, Remembered], known: Spared) -> dict[str, frozenset[bytes]]:
    """The byte strings to look for, by request."""
    return {request: one.needles(known) for request, one in said.items()}
