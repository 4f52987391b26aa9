"""SQL text that takes no bound parameters: names, literals and types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import polars as pl

from vitrina.errors import DeclarationError

_DUCKDB_TYPES: Mapping[pl.DataType, str] = {
    pl.String(): "VARCHAR",
    pl.Boolean(): "BOOLEAN",
    pl.Int32(): "INTEGER",
    pl.Int64(): "BIGINT",
    pl.Float32(): "FLOAT",
    pl.Float64(): "DOUBLE",
    pl.Date(): "DATE",
    pl.Datetime("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
    pl.Binary(): "BLOB",
}


def duckdb_type(dtype: pl.DataType) -> str:
    """DuckDB's name for a Polars type, limited to what DuckLake also takes.

    Raises
    ------
    DeclarationError
        The type has no counterpart that both DuckDB and DuckLake store: local times and categories, for example.
    """
    if isinstance(dtype, pl.List):
        return f"{duckdb_type(cast('pl.DataType', dtype.inner))}[]"
    try:
        return _DUCKDB_TYPES[dtype]
    except KeyError:
        raise DeclarationError(
            f"Type {dtype} cannot be stored.",
            f"Use one of {', '.join(str(known) for known in _DUCKDB_TYPES)} or a list of one; times are UTC.",
        ) from None


def quote(identifier: str) -> str:
    """Quote an SQL identifier, so that no name can end the statement it stands in."""
    return '"' + identifier.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Quote an SQL string literal, for the statements that take no bound parameters (DDL, ATTACH)."""
    return "'" + text.replace("'", "''") + "'"
