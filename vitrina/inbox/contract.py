"""What a delivered file must hold: one contract per kind of file, in the order in which files are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from vitrina.errors import DeclarationError
from vitrina.inbox.tables import Delivered
from vitrina.settings import Settings

if TYPE_CHECKING:
    # the formats know the rules, which know the kinds of cells
    from vitrina.inbox.readers import Contents

EARLIEST = dt.date(1900, 1, 1)


class Kind(StrEnum):
    """How the text of a cell is read."""

    TEXT = "text"
    DATE = "date"
    MOMENT = "date and time"
    """A date and time with its offset from UTC, stored in UTC to the microsecond."""
    NUMBER = "number"
    INTEGER = "whole number"
    MONEY_MINOR = "amount"
    """A decimal amount, stored as minor units: rounded half to even."""
    YES_NO = "yes or no"

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type of the stored values."""
        return _DTYPES[self]


_DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.DATE: pl.Date(),
    Kind.MOMENT: pl.Datetime("us", "UTC"),
    Kind.NUMBER: pl.Float64(),
    Kind.INTEGER: pl.Int64(),
    Kind.MONEY_MINOR: pl.Int64(),
    Kind.YES_NO: pl.Boolean(),
}


@dataclass(frozen=True)
class Field:
    """One column of a delivered file.

    Attributes
    ----------
    source
        The column's name in the file; case and surrounding spaces do not matter there.
    kind
        How its cells are read.
    meaning, unit, example
        For the page that tells people how to fill the file.
    target
        The column of the raw table; the same name where it is empty.
    required
        Whether a file without the column is refused.
    may_be_empty
        Whether a row without a value is accepted.
    lowercase
        Whether text is stored in lower case.
    low, high
        Bounds of numbers, inclusive; for amounts in major units.
    earliest, days_ahead
        Bounds of dates and moments: the first possible day, and how far after today.
    begins_quarter
        Whether a date must be the first day of a quarter.
    max_length
        Longest text, in characters.
    one_of
        The only texts that are accepted; empty for any.
    assume_utc
        Whether a moment without an offset is one in UTC; otherwise it is refused.
    hashed
        Whether the text says who somebody is: only its pseudonym is stored, and the text itself appears nowhere.
    confidential
        Whether the text is somebody's own words: it is stored, but no receipt, message or refused row shows it.
    """

    source: str
    kind: Kind
    meaning: str
    example: str
    unit: str = ""
    target: str = ""
    required: bool = False
    may_be_empty: bool = True
    lowercase: bool = False
    low: float | None = None
    high: float | None = None
    earliest: dt.date = EARLIEST
    days_ahead: int = 0
    begins_quarter: bool = False
    max_length: int = 500
    one_of: tuple[str, ...] = ()
    assume_utc: bool = False
    hashed: bool = False
    confidential: bool = False

    @property
    def column(self) -> str:
        """The column of the raw table."""
        return self.target or self.source


@dataclass(frozen=True)
class OpenFamily:
    """Further columns, which only a user's file knows, each stored under a prefix and a safe name."""

    prefix: str
    kind: Kind
    meaning: str
    example: str
    max_length: int = 1000
    max_columns: int = 300

    def field(self, source: str, target: str) -> Field:
        """The field of one member."""
        return Field(source, self.kind, self.meaning, self.example, target=target, max_length=self.max_length)


Reader = Callable[[str, BinaryIO], "Iterator[Contents]"]
"""Reads a format of its own from an open, seekable file, named by its path, in slices that all have the same columns."""

ReaderOf = Callable[[Settings], Reader]
"""The reader that the settings ask for."""


@dataclass(frozen=True)
class Reference:
    """A column whose values must be known from another contract's files.

    Attributes
    ----------
    column
        Column of this raw table, and of the other.
    contract
        Name of the other contract.
    pattern
        The other contract's files, for the message.
    """

    column: str
    contract: str
    pattern: str


@dataclass(frozen=True)
class TemplateRow:
    """One line of the page that tells people how to fill a file."""

    column: str
    required: bool
    type: str
    unit: str
    meaning: str
    example: str


@dataclass(frozen=True)
class Contract:
    """What one kind of file must hold, and where its rows go.

    A product's contracts are ordered: masters before what refers to them.

    Attributes
    ----------
    name
        Name for messages and tables, e.g. ``"sales"``.
    product
        The product whose folder of the inbox holds the files.
    pattern
        The files, relative to that folder: ``"stores.*"``, or ``"sales/*"`` for everything in a folder; several patterns
        are separated by ``"|"``.
    table
        The raw table that rows are loaded into.
    fields
        The columns that the contract knows.
    natural_key
        Columns of the raw table by which a later delivery wins.
    unique_in_file
        Whether a second row with the same key in one file is refused.
    open_family
        How further columns are stored; without it they are left out.
    references
        Columns whose values other files must know.
    date_field
        Column of the raw table that says which period a row belongs to; of a moment, its day in UTC.
    reader
        How files are read that are no tables; they are streamed, so they may be larger than the memory.
    identity
        Columns that say whose file it is: a new version of a file that belongs to somebody else is refused.

    Raises
    ------
    DeclarationError
        The contract does not fit its table.
    """

    name: str
    product: str
    pattern: str
    table: type[Delivered]
    fields: tuple[Field, ...]
    natural_key: tuple[str, ...]
    unique_in_file: bool = False
    open_family: OpenFamily | None = None
    references: tuple[Reference, ...] = ()
    date_field: str | None = None
    reader: ReaderOf | None = None
    identity: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for declared in self.fields:
            self._refuse_misfit(declared)
        given = {declared.column for declared in self.fields}
        columns = {*self.natural_key, *(reference.column for reference in self.references), *filter(None, [self.date_field])}
        provenance = {declared.name for declared in Delivered.columns()}
        needed = {declared.name for declared in self.table.columns() if not declared.nullable} - provenance
        if absent := (columns | needed) - given:
            raise DeclarationError(
                f"Contract {self.name}: no field fills {', '.join(sorted(absent))} of {self.table.table_name()}.",
                "Add a Field for each, or make the columns nullable.",
            )

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns, one by one."""
        return tuple(self.pattern.split("|"))

    @property
    def is_about_people(self) -> bool:
        """Whether a field is hashed or confidential: then no copy of a file is kept, and nothing is shown that may say who is meant."""
        return any(declared.hashed or declared.confidential for declared in self.fields)

    @property
    def hashes(self) -> bool:
        """Whether reading a file takes the key of pseudonyms."""
        return any(declared.hashed for declared in self.fields)

    @property
    def needs_whole_files(self) -> bool:
        """Whether rows can only be judged together with all others of their file."""
        return self.unique_in_file or self.open_family is not None

    def matches(self, relative: str) -> bool:
        """Whether a path, relative to the product's folder, belongs to this contract; case does not matter."""
        return any(_matches(relative.casefold(), pattern.casefold()) for pattern in self.patterns)

    def template(self) -> tuple[TemplateRow, ...]:
        """The columns of a file, for a page of the documentation: required ones first."""
        rows = [
            TemplateRow(
                declared.source,
                declared.required,
                declared.kind.value,
                declared.unit or _unit(self, declared),
                declared.meaning,
                declared.example,
            )
            for declared in sorted(self.fields, key=lambda declared: not declared.required)
        ]
        if self.open_family is not None:
            family = self.open_family
            rows.append(TemplateRow("any further column", False, family.kind.value, "", family.meaning, family.example))
        return tuple(rows)

    def _refuse_misfit(self, declared: Field) -> None:
        stored = self.table.find(declared.column)
        optional = declared.may_be_empty or not declared.required
        if stored is None or stored.dtype != declared.kind.dtype or (optional and not stored.nullable):
            raise DeclarationError(
                f"Contract {self.name}: the field {declared.source} does not fit column {declared.column} of {self.table.table_name()}.",
                f"Expected {stored}; change the field's kind, required and may_be_empty, or the table.",
            )
        if declared.hashed and not (declared.kind is Kind.TEXT and stored.personal):
            raise DeclarationError(
                f"Contract {self.name}: the field {declared.source} is hashed, but is no text, or {declared.column} of "
                f"{self.table.table_name()} is not declared personal.",
                "Hash texts only, into columns that are declared personal.",
            )
        if declared.assume_utc and declared.kind is not Kind.MOMENT:
            raise DeclarationError(
                f"Contract {self.name}: assume_utc means nothing for the field {declared.source}.",
                "State it for a date and time, and for nothing else.",
            )


def _matches(path: str, pattern: str) -> bool:
    if pattern.endswith("/*"):
        return path.startswith(pattern[:-1])
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def _unit(contract: Contract, declared: Field) -> str:
    stored = contract.table.find(declared.column)
    return "" if stored is None or declared.kind is Kind.MONEY_MINOR else stored.unit


def contract_for(relative: str, contracts: Sequence[Contract]) -> Contract | None:
    """The first contract that a path, relative to the product's folder, belongs to."""
    return next((contract for contract in contracts if contract.matches(relative)), None)
