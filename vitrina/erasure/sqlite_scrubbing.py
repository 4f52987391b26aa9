"""Taking what is to be forgotten out of any SQLite database: its cells, its free pages, and its log of writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from vitrina.erasure.text_scrubbing import Scrubber
from vitrina.errors import VitrinaError
from vitrina.sql import quote

MAGIC = b"SQLite format 3\0"
BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside a database."""

TIMEOUT_S = 30.0


class ErasureError(VitrinaError):
    """Something could not be erased; it is where it was."""


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def database_of(path: Path) -> Path | None:
    """The SQLite database that a file is, or lies beside as its log of writes; None for all other files."""
    for ending in BESIDE:
        main = path.with_name(path.name.removesuffix(ending))
        if path.name.endswith(ending) and main.is_file():
            path = main
    return path if path.is_file() and is_sqlite(path) else None


def scrub(path: Path, scrubber: Scrubber, *, timeout_s: float = TIMEOUT_S) -> int:
    """Erase texts from every cell of an SQLite database, then write the file anew, so that no free page holds them.

    All cells change in one transaction. Other programs may have the database open; a crash leaves it as it was, or scrubbed.
    Virtual tables and their indexes are left to the program that knows them.

    Parameters
    ----------
    path
        Any file; one that is no SQLite database is left alone.
    scrubber
        What is to be erased.
    timeout_s
        Longest wait for other programs, in seconds, for each of the three steps.

    Returns
    -------
    int
        Cells that were changed.

    Raises
    ------
    ErasureError
        The database is damaged, or in use for longer than the bounded wait, or its rules forbid the change.
    """
    if not path.is_file() or not is_sqlite(path):
        return 0
    try:
        with closing(sqlite3.connect(path, timeout=timeout_s, isolation_level=None)) as connection:
            return _scrub(connection, path, scrubber)
    except sqlite3.DatabaseError as error:
        raise ErasureError(
            f"{path} was not scrubbed: {error}",
            "If a program is using the database, end it; if the database is damaged, restore or delete it. Then erase again.",
        ) from error


def _scrub(connection: sqlite3.Connection, path: Path, scrubber: Scrubber) -> int:
    connection.execute("PRAGMA secure_delete = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        # the journal of an earlier transaction would otherwise keep old pages
        connection.execute("PRAGMA journal_mode = TRUNCATE")
    # as bytes: a text that is no UTF-8 would not come through
    connection.create_function("holds", 1, scrubber.holds, deterministic=True)
    connection.create_function("erased", 1, scrubber.erase, deterministic=True)
    connection.execute("BEGIN IMMEDIATE")
    try:
        changed = sum(_scrub_column(connection, *column) for column in _columns(connection))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("VACUUM")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise ErasureError(
            f"{path} is scrubbed, but a program that reads it keeps its log of writes from being emptied.",
            "End the programs that read it, then erase again.",
        )
    return changed


def _scrub_column(connection: sqlite3.Connection, table: str, column: str) -> int:
    name, table = quote(column), quote(table)
    cell = f"CAST({name} AS BLOB)"
    new = f"CASE typeof({name}) WHEN 'text' THEN CAST(erased({cell}) AS TEXT) ELSE erased({cell}) END"
    changed = connection.execute(
        f"UPDATE {table} SET {name} = {new} WHERE typeof({name}) IN ('text', 'blob') AND holds({cell})"  # noqa: S608  # quoted
    )
    return changed.rowcount


def _columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Columns of all tables that can be written."""
    tables = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return [
        (table, column)
        for (table,) in tables.fetchall()
        # a hidden column is computed from others
        for (column,) in connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", [table]).fetchall()
    ]
