"""Copying a table between attached databases with its types, NOT NULL and comments (CREATE TABLE AS loses the last two)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitrina.sql import quote, quote_text

if TYPE_CHECKING:
    import duckdb


def exists(connection: duckdb.DuckDBPyConnection, database: str, schema: str, name: str) -> bool:
    """Whether an attached database holds a table of this name."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?",
        [database, schema, name],
    ).fetchall()
    return bool(found[0][0])


def copy_table(connection: duckdb.DuckDBPyConnection, source: tuple[str, str], name: str) -> int:
    """Copy a table into the attached database ``publication``, and return its number of rows.

    Parameters
    ----------
    connection
        A connection that has both databases attached.
    source
        Database and schema to copy from.
    name
        Table.
    """
    where = [*source, name]
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        where,
    ).fetchall()
    about = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?", where
    ).fetchall()
    origin, target = ".".join(map(quote, where)), f"publication.main.{quote(name)}"
    body = ", ".join(f"{quote(column)} {kind}{'' if nullable else ' NOT NULL'}" for column, kind, nullable, _ in columns)
    connection.execute(f"CREATE TABLE {target} ({body})")
    connection.execute(f"INSERT INTO {target} BY NAME SELECT * FROM {origin}")  # noqa: S608  # every name is quoted
    if about and about[0][0]:
        connection.execute(f"COMMENT ON TABLE {target} IS {quote_text(about[0][0])}")
    for column, _, _, comment in columns:
        if comment:
            connection.execute(f"COMMENT ON COLUMN {target}.{quote(column)} IS {quote_text(comment)}")
    return count_rows(connection, name, "publication.main.")


def count_rows(connection: duckdb.DuckDBPyConnection, name: str, prefix: str = "") -> int:
    """Rows of a table."""
    return int(connection.execute(f"SELECT count(*) FROM {prefix}{quote(name)}").fetchall()[0][0])  # noqa: S608  # quoted
