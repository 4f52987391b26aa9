"""How rows get into a table and out again: declared types, one slice at a time, inside the caller's transaction."""

# ruff: noqa: S608  # identifiers are quoted, values are bound

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from vitrina.errors import DeclarationError, InvalidTableError, WarehouseError
from vitrina.sql import duckdb_type, quote
from vitrina.tables import Table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Slices = Mapping[str, Sequence[Any]]
"""Which rows: column name → values, bound as parameters. An empty mapping means the whole table."""


@dataclass(frozen=True)
class Replacement:
    """A slice's new rows, validated and ready to be written: the part of a write that needs no lock.

    Attributes
    ----------
    table
        The declaration that the rows fit.
    rows
        The rows, columns in the declared order.
    slices
        The rows to delete first; empty for the whole table.
    """

    table: type[Table]
    rows: pa.Table
    slices: Slices

    def apply(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Write inside the caller's transaction, and return how many rows were written.

        Raises
        ------
        DeclarationError
            The stored table was made from another declaration.
        """
        _prepare(connection, self.table, self.rows.column_names)
        where, parameters = _condition(self.slices)
        connection.execute(f"DELETE FROM {quote(self.table.table_name())}{where}", parameters)
        if self.rows.num_rows:
            connection.register("incoming", self.rows)
            try:
                connection.execute(f"INSERT INTO {quote(self.table.table_name())} BY NAME SELECT * FROM incoming")
            finally:
                connection.unregister("incoming")
        return int(self.rows.num_rows)


def prepare(table: type[Table], frame: pl.DataFrame, slices: Slices | None = None) -> Replacement:
    """Validate the new rows of a slice before the lock is taken: nobody need wait for it.

    Parameters
    ----------
    table
        The declaration; the frame is validated against it.
    frame
        The new rows.
    slices
        The rows that they replace; ``None`` for the whole table.

    Raises
    ------
    InvalidTableError
        The frame does not fit the declaration.
    WarehouseError
        The frame holds rows outside the slice, which a replay would duplicate.
    """
    rows = table.check(frame)
    _refuse_rows_outside(table, rows, slices or {})
    return Replacement(table, rows.to_arrow(), slices or {})


def replace(connection: duckdb.DuckDBPyConnection, table: type[Table], frame: pl.DataFrame, slices: Slices | None = None) -> int:
    """Replace a slice of a table by the rows of a frame, and return how many were written.

    The caller's transaction makes it all or nothing. Columns of an open family that the table does not have yet are
    added; an empty frame leaves the slice empty and the table in being.

    Parameters
    ----------
    connection
        An open transaction, from `Warehouse.write`.
    table, frame, slices
        As of `prepare`, which does the part that needs no lock.

    Raises
    ------
    InvalidTableError
        The frame does not fit the declaration.
    DeclarationError
        The stored table was made from another declaration.
    WarehouseError
        The frame holds rows outside the slice, which a replay would duplicate.
    """
    return prepare(table, frame, slices).apply(connection)


def load(connection: duckdb.DuckDBPyConnection, table: type[Table], slices: Slices | None = None) -> pl.DataFrame:
    """Read a table, or a slice of it, with the declared Polars types and the rows in the order of the key.

    A table that has never been written is empty.
    """
    stored = stored_columns(connection, table.table_name())
    if not stored:
        return table.empty()
    where, parameters = _condition(slices or {})
    order = f" ORDER BY {', '.join(map(quote, table.key()))}" if table.key() else ""
    frame = connection.execute(f"SELECT * FROM {quote(table.table_name())}{where}{order}", parameters).pl()
    typed = frame.select(
        pl.col(name).cast(declared.dtype) if (declared := table.find(name)) else pl.col(name) for name in frame.columns
    )
    # a nullable column that was declared after the last write is stored by the next one
    unwritten = [declared for declared in table.columns() if declared.nullable and declared.name not in stored]
    return typed.with_columns(pl.lit(None, dtype=declared.dtype).alias(declared.name) for declared in unwritten)


def stored_columns(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, tuple[str, bool]]:
    """Columns of a stored table as ``{name: (type, nullable)}``; empty where there is no such table."""
    rows = connection.execute(
        "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position",
        [name],
    ).fetchall()
    return {column: (data_type, nullable) for column, data_type, nullable in rows}


def migrate(connection: duckdb.DuckDBPyConnection, table: type[Table]) -> tuple[str, ...]:
    """Rebuild a stored table after its declaration: rows are kept, columns that are gone are dropped, types are cast.

    A table that is computed by period and whose rows do not convert is dropped: its periods can be computed again.

    Returns
    -------
    tuple of str
        Keys of the periods that were dropped and are to be computed again; usually none.

    Raises
    ------
    DeclarationError
        The stored rows cannot be brought under the new declaration, and nothing would bring them back; nothing has changed.
    """
    stored = stored_columns(connection, table.table_name())
    if all(declared.name in stored for declared in table.columns()) and not _changes(table, stored):
        return ()
    if not stored:
        return ()
    kept = [name for name in stored if table.find(name) is not None]
    rows = connection.execute(f"SELECT {', '.join(map(quote, kept))} FROM {quote(table.table_name())}").pl()
    try:
        rows = rows.select(pl.col(name).cast(declared.dtype) for name in kept if (declared := table.find(name)))
        added = [declared for declared in table.columns() if declared.name not in kept]
        rows = table.check(rows.with_columns(pl.lit(None, dtype=declared.dtype).alias(declared.name) for declared in added))
    except (pl.exceptions.PolarsError, InvalidTableError) as error:
        period = table.partition_column()
        if period is None or period not in stored:
            raise DeclarationError(
                f"{table.table_name()}: the stored rows do not convert: {error}",
                "Start a new data folder on the same inbox, or go back to the version that wrote this one.",
            ) from error
        lost = connection.execute(
            f"SELECT DISTINCT {quote(period)}::VARCHAR FROM {quote(table.table_name())} ORDER BY 1"  # quoted
        ).fetchall()
        connection.execute(f"DROP TABLE {quote(table.table_name())}")
        return tuple(key for (key,) in lost)
    connection.execute(f"DROP TABLE {quote(table.table_name())}")
    replace(connection, table, rows)
    return ()


def _prepare(connection: duckdb.DuckDBPyConnection, table: type[Table], names: Iterable[str]) -> None:
    """Create the table, or bring it up to date by adding nullable columns; refuse any other change."""
    fixed = [declared.name for declared in table.columns()]
    members = [name for name in names if name not in fixed]
    stored = stored_columns(connection, table.table_name())
    if not stored:
        for statement in table.ddl(members):
            connection.execute(statement)
        return
    added = [
        (name, declared)
        for name in [*fixed, *members]
        if name not in stored and (declared := table.find(name)) and declared.nullable
    ]
    for name, declared in added:
        connection.execute(f"ALTER TABLE {quote(table.table_name())} ADD COLUMN {declared.definition(name)}")
    changes = _changes(table, stored)
    if changes:
        raise DeclarationError(
            f"{table.table_name()} was stored under another declaration: {'; '.join(changes)}.",
            f"Run `vitrina migrate {table.product()}` for this data folder, then run again; nothing was written.",
        )
    if added:
        _, *comments = table.ddl(members)
        for statement in comments:
            connection.execute(statement)


def _changes(table: type[Table], stored: Mapping[str, tuple[str, bool]]) -> list[str]:
    changes = [
        f"{declared.name} is new and may not be null"
        for declared in table.columns()
        if declared.name not in stored and not declared.nullable
    ]
    for name, (data_type, nullable) in stored.items():
        declared = table.find(name)
        if declared is None:
            changes.append(f"{name} is no longer declared")
        elif duckdb_type(declared.dtype) != data_type:
            changes.append(f"{name} is {data_type}, declared {duckdb_type(declared.dtype)}")
        elif nullable != declared.nullable:
            changes.append(f"{name} is stored {'nullable' if nullable else 'not null'}")
    return changes


def _condition(slices: Slices) -> tuple[str, list[Any]]:
    if not slices:
        return "", []
    clauses = [f"{quote(name)} IN ({', '.join('?' * len(values))})" if values else "false" for name, values in slices.items()]
    return " WHERE " + " AND ".join(clauses), [value for values in slices.values() for value in values]


def _refuse_rows_outside(table: type[Table], rows: pl.DataFrame, slices: Slices) -> None:
    for name, values in slices.items():
        # a missing value lies in no slice: no DELETE would ever find it again
        outside = rows.filter(~pl.col(name).is_in(list(values)).fill_null(value=False))
        if outside.height:
            personal = (declared := table.find(name)) is not None and declared.personal
            raise WarehouseError(
                f"{table.table_name()}: {outside.height} row(s) lie outside the slice of {name}{'' if personal else f' in {list(values)[:3]}'}.",
                f"Return only rows of the requested slice{'' if personal else f'; found e.g. {outside.get_column(name)[0]}'}.",
            )
