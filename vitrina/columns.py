"""How a column of a table is declared: its meaning, unit and bounds, whether it is a key or personal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandera.polars as pa
import polars as pl

from vitrina.sql import duckdb_type, quote

_CHECKS = {
    r"greater_than_or_equal_to\((.+?)\)": r"≥ \1",
    r"less_than_or_equal_to\((.+?)\)": r"≤ \1",
    r"greater_than\((.+?)\)": r"> \1",
    r"less_than\((.+?)\)": r"< \1",
    r"str_length\(None, (\d+)\)": r"at most \1 characters",
    r"isin\(\[(.*?)\]\)": r"one of \1",
    r"str_matches\('(.*?)'\)": r"matches \1",
}
"""Pandera's names of checks → signs and words."""


@dataclass(frozen=True)
class Column:
    """A column as declared. For an open family, `name` is the regular expression that its members match."""

    name: str
    dtype: pl.DataType
    meaning: str
    unit: str = ""
    nullable: bool = False
    key: bool = False
    personal: bool = False
    is_family: bool = False
    bounds: str = ""

    @property
    def duckdb_type(self) -> str:
        """DuckDB's name for the column's type."""
        return duckdb_type(self.dtype)

    @property
    def comment(self) -> str:
        """Meaning and unit, as the database's comment."""
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning

    def definition(self, name: str | None = None) -> str:
        """The column's part of a CREATE TABLE; `name` is the concrete name of a family's member."""
        return f"{quote(name or self.name)} {self.duckdb_type}{'' if self.nullable else ' NOT NULL'}"


def column(  # noqa: PLR0913  # one keyword per declared property
    meaning: str,
    *,
    unit: str = "",
    key: bool = False,
    nullable: bool = False,
    personal: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    isin: Iterable[str] | Iterable[int] | None = None,
    pattern: str | None = None,
    max_length: int | None = None,
    name: str | None = None,
) -> Any:
    """Declare a column.

    Parameters
    ----------
    meaning
        One sentence for the data dictionary: what a value says.
    unit
        Unit of the value, e.g. ``"km"``; empty for identifiers and labels.
    key
        Whether the column is part of the key; keys are unique together and never null.
    nullable
        Whether a value may be missing.
    personal
        Whether values are personal data: no previews, no examples, covered by retention and erasure.
    ge, gt, le, lt, isin, pattern, max_length
        Bounds, checked on every write.
    name
        The column's name, where the attribute's own is taken.
    """
    return pa.Field(
        alias=name,
        description=meaning,
        nullable=nullable and not key,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        isin=list(isin) if isin is not None else None,
        str_matches=pattern,
        str_length={"max_value": max_length} if max_length is not None else None,
        metadata={"unit": unit, "key": key, "personal": personal},
    )


def family(  # noqa: PLR0913  # one keyword per declared property
    pattern: str, meaning: str, *, unit: str = "", personal: bool = False, ge: float | None = None, le: float | None = None
) -> Any:
    r"""Declare an open family: nullable columns that only a user's file knows, recognised by their name.

    Parameters
    ----------
    pattern
        Regular expression that the whole name matches, e.g. ``r"share_\w+"``.
    """
    return pa.Field(
        alias=f"^{pattern}$",
        regex=True,
        description=meaning,
        nullable=True,
        ge=ge,
        le=le,
        metadata={"unit": unit, "key": False, "personal": personal, "family": True},
    )


def as_declared(name: str, declared: Any) -> Column:
    """The column behind a column of pandera's schema."""
    metadata = declared.metadata or {}
    is_family = bool(metadata.get("family"))
    dtype = declared.dtype.type
    return Column(
        name=name.removeprefix("^").removesuffix("$") if is_family else name,
        # pandera keeps plain types as classes
        dtype=dtype() if isinstance(dtype, type) else dtype,
        meaning=declared.description or "",
        unit=metadata.get("unit", ""),
        nullable=bool(declared.nullable),
        key=bool(metadata.get("key")),
        personal=bool(metadata.get("personal")),
        is_family=is_family,
        bounds="; ".join(_in_words(str(check.error)) for check in declared.checks),
    )


def _in_words(check: str) -> str:
    """Pandera's name of a check in signs and words."""
    for pattern, words in _CHECKS.items():
        check = re.sub(pattern, words, check)
    return check
