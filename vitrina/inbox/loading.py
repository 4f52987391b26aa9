"""The short turns at the warehouse: a file's rows and its refused rows together, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from vitrina.inbox.contract import Contract
from vitrina.inbox.judging import Judgement, References
from vitrina.inbox.messages import RefusedFileError, message, shown
from vitrina.sql import quote
from vitrina.tables import Table
from vitrina.warehouse import Replacement, Warehouse, replace, stored_columns

MEMORY_FOR_STREAMED = "300MB"

CHECKED_ROWS = 100_000
"""Rows that are checked at a time: a check holds them several times over."""


def prepare_tables(warehouse: Warehouse, contracts: Sequence[Contract], refused_table: type[Table]) -> None:
    """Create the tables that no file has filled yet, so that whatever reads them finds them empty and not missing."""
    with warehouse.write() as connection:
        for table in (*(contract.table for contract in contracts), refused_table):
            if not stored_columns(connection, table.table_name()):
                replace(connection, table, table.empty(), {"source_file": []})


def known_references(warehouse: Warehouse, contract: Contract, contracts: Sequence[Contract]) -> References:
    """The values that a contract's files may refer to, from the raw tables of the masters."""
    if not contract.references:
        return {}
    tables = {other.name: other.table for other in contracts}
    with warehouse.read() as connection:
        return {
            reference.contract: connection.execute(
                f"SELECT DISTINCT {quote(reference.column)} FROM {quote(tables[reference.contract].table_name())}"  # noqa: S608  # quoted
            )
            .pl()
            .to_series()
            .cast(pl.String)
            for reference in contract.references
        }


def refuse_other_identity(warehouse: Warehouse, contract: Contract, path: str, judgement: Judgement) -> None:
    """Somebody else's file under a known name must not take the place of the one that is loaded.

    Raises
    ------
    RefusedFileError
        No row belongs to whom the loaded rows belong to.
    """
    if not contract.identity or judgement.rows.is_empty():
        return
    columns = ", ".join(map(quote, contract.identity))
    with warehouse.read() as connection:
        before = connection.execute(
            f"SELECT DISTINCT {columns} FROM {quote(contract.table.table_name())} WHERE source_file = ?",  # noqa: S608  # quoted
            [path],
        ).fetchall()
    now = judgement.rows.select(contract.identity).unique().sort(contract.identity).rows()
    if before and not set(before) & set(now):
        raise RefusedFileError(
            message(
                "{file} belongs to {now}; what was loaded under this name belongs to {before}.",
                file=shown(path),
                now=shown(" / ".join(map(str, now[0]))),
                before=shown(" / ".join(map(str, min(before)))),
            ),
            message("Deliver it under another name: nothing of what was loaded before has changed."),
        )


def store(warehouse: Warehouse, contract: Contract, refused_table: type[Table], path: str, judgement: Judgement) -> None:
    """Replace a file's rows, loaded and refused, by those of its new version: all of them, or none.

    Raises
    ------
    InvalidTableError
        The rows do not fit the declaration of their table.
    """
    replacements = [
        _replacement(table, frame, path) for table, frame in ((contract.table, judgement.rows), (refused_table, judgement.refused))
    ]
    with warehouse.write() as connection:
        if contract.reader is not None:
            # files that may be larger than the memory: without a limit, a million messages would take as much again as they do now
            connection.execute(f"SET memory_limit = '{MEMORY_FOR_STREAMED}'")
        for replacement in replacements:
            replacement.apply(connection)


def _replacement(table: type[Table], rows: pl.DataFrame, path: str) -> Replacement:
    """A file's rows, checked in slices before the lock is taken, and lent to the warehouse without a copy."""
    checked = pl.concat([table.check(part) for part in rows.iter_slices(CHECKED_ROWS)] or [table.check(rows)])
    return Replacement(table, checked.to_arrow(compat_level=pl.CompatLevel.newest()), {"source_file": [path]})
