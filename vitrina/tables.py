"""One declaration per table; everything else that describes the table is derived from it.

A table is a `pandera.polars.DataFrameModel` whose columns are made by `column` (or `family`, for columns that only a
user's file knows). From the declaration come the DuckDB DDL, the validation, the data dictionary and the list of
personal columns here, and Dagster's column schema and blocking check in `resources`.

What does not belong here: rows, connections, and anything about one particular product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrors

from vitrina.columns import Column, as_declared, column, family
from vitrina.errors import DeclarationError, InvalidTableError
from vitrina.sql import quote, quote_text

MAX_EXAMPLES = 10


class Table(pa.DataFrameModel):
    """Base of every declared table; the subclass's docstring says what one row is.

    Class arguments: ``product`` (one of the five names, or ``feedback``), ``name`` (default: the class's name in snake case), ``published`` (copied to the published file),
    ``partitioned_by`` (the column that a partition's key fills).
    """

    # pandera takes every attribute without a leading underscore for a column
    _product: ClassVar[str]
    _published: ClassVar[bool]
    _partitioned_by: ClassVar[str | None]
    _name: ClassVar[str]

    class Config:
        """Pandera's configuration: the order of columns is ours to restore, the set of columns is not."""

        strict = True
        ordered = False

    @classmethod
    def __init_subclass__(
        cls, *, product: str = "", name: str = "", published: bool = False, partitioned_by: str | None = None, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)  # type: ignore[no-untyped-call]  # pandera leaves it untyped
        cls._product = product
        cls._name = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        cls._published = published
        cls._partitioned_by = partitioned_by

    @classmethod
    def product(cls) -> str:
        """The product that the table belongs to."""
        return cls._product

    @classmethod
    def is_published(cls) -> bool:
        """Whether the published file holds a copy."""
        return cls._published

    @classmethod
    def partition_column(cls) -> str | None:
        """The column that a partition's key fills, or None where the table is replaced whole."""
        return cls._partitioned_by

    @classmethod
    def table_name(cls) -> str:
        """The name in the warehouse."""
        return cls._name

    @classmethod
    def description(cls) -> str:
        """The class's docstring on one line."""
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    @cache  # a declaration never changes, and loading the graph asks for it hundreds of times
    def declared(cls) -> tuple[Column, ...]:
        """All columns and families, in the order of declaration."""
        return tuple(as_declared(name, declared) for name, declared in cls.to_schema().columns.items())

    @classmethod
    def columns(cls) -> tuple[Column, ...]:
        """The columns that every frame of this table has."""
        return tuple(declared for declared in cls.declared() if not declared.is_family)

    @classmethod
    def families(cls) -> tuple[Column, ...]:
        """The open families."""
        return tuple(declared for declared in cls.declared() if declared.is_family)

    @classmethod
    def key(cls) -> tuple[str, ...]:
        """Names of the key's columns."""
        return tuple(declared.name for declared in cls.columns() if declared.key)

    @classmethod
    def personal_columns(cls) -> tuple[str, ...]:
        """Names (or family patterns) that hold personal data."""
        return tuple(declared.name for declared in cls.declared() if declared.personal)

    @classmethod
    def find(cls, name: str) -> Column | None:
        """The declaration of a concrete column name: its own, or that of the family it belongs to."""
        for declared in cls.declared():
            if declared.name == name or (declared.is_family and re.fullmatch(declared.name, name)):
                return declared
        return None

    @classmethod
    def polars_schema(cls) -> dict[str, pl.DataType]:
        """Polars types of the fixed columns."""
        return {declared.name: declared.dtype for declared in cls.columns()}

    @classmethod
    def empty(cls, *_args: Any) -> pl.DataFrame:  # type: ignore[override]  # a plain frame, not pandera's generic one
        """A valid frame without rows."""
        return pl.DataFrame(schema=cls.polars_schema())

    @classmethod
    def ddl(cls, members: Iterable[str] = (), name: str | None = None) -> tuple[str, ...]:
        """Statements that create the table with its comments, if it does not exist.

        Parameters
        ----------
        members
            Concrete names of family columns to create, beside the fixed columns.
        name
            Another name for the table, while it is being rebuilt.
        """
        table = quote(name or cls.table_name())
        named = [(declared.name, declared) for declared in cls.columns()]
        named += [(member, cls._member(member)) for member in members]
        body = ", ".join(declared.definition(concrete) for concrete, declared in named)
        comments = [
            f"COMMENT ON COLUMN {table}.{quote(concrete)} IS {quote_text(declared.comment)}" for concrete, declared in named
        ]
        return (
            f"CREATE TABLE IF NOT EXISTS {table} ({body})",
            f"COMMENT ON TABLE {table} IS {quote_text(cls.description())}",
            *comments,
        )

    @classmethod
    def check(cls, frame: pl.DataFrame) -> pl.DataFrame:
        """Validate a frame and return it with its columns in the declared order, families last.

        Raises
        ------
        InvalidTableError
            A column is missing, unknown, or of another type; a value is out of bounds; a key is repeated.
            All problems are collected, with up to ten examples.
        """
        if not isinstance(frame, pl.DataFrame):
            # pandera passes bad values of a LazyFrame in silence
            raise InvalidTableError(
                f"{cls.table_name()}: got {type(frame).__name__}, expected a polars.DataFrame.",
                "Collect the frame before it is returned.",
            )
        failures = _pandera_failures(cls, frame) or _repeated_keys(cls, frame)
        if failures:
            count = len(failures)
            shown = tuple(failures[:MAX_EXAMPLES])
            raise InvalidTableError(
                f"{cls.table_name()}: {count} problem(s) in {frame.height} row(s): {'; '.join(shown)}.",
                f"Correct the input, or the declaration {cls.__module__}.{cls.__qualname__}. Nothing was written.",
                shown,
            )
        fixed = [declared.name for declared in cls.columns()]
        return frame.select(fixed + sorted(set(frame.columns) - set(fixed)))

    @classmethod
    def _member(cls, name: str) -> Column:
        declared = cls.find(name)
        if declared is None:
            raise DeclarationError(
                f"{cls.table_name()} has no column or family for {name!r}.",
                f"Declare it in {cls.__module__}.{cls.__qualname__}.",
            )
        return declared


def _pandera_failures(table: type[Table], frame: pl.DataFrame) -> list[str]:
    # pandera names only the first column that is not declared
    undeclared = [name for name in frame.columns if table.find(name) is None]
    failures = [f"column {name}: not declared" for name in undeclared]
    absent = [f"^{opened.name}$" for opened in table.families() if not any(map(re.compile(opened.name).fullmatch, frame.columns))]
    try:
        _schema_without(table, tuple(absent)).validate(frame.drop(undeclared), lazy=True)
    except SchemaErrors as errors:
        failures += [_sentence(table, frame, failure) for failure in errors.schema_errors]
    except SchemaError as error:
        failures.append(_sentence(table, frame, error))
    return failures


@cache
def _schema_without(table: type[Table], columns: tuple[str, ...]) -> pa.DataFrameSchema:
    # pandera copies all of it
    return table.to_schema().remove_columns(list(columns))


def _sentence(table: type[Table], frame: pl.DataFrame, failure: Any) -> str:
    name = getattr(failure.schema, "name", None) or table.table_name()
    if failure.check == "column_in_dataframe":
        return f"column {failure.failure_cases}: missing"
    personal = (declared := table.find(str(name))) is not None and declared.personal
    reason = getattr(failure.reason_code, "name", "")
    if reason == "WRONG_DATATYPE" and str(name) in frame.columns:
        return f"column {name}: type {frame.schema[str(name)]}, expected {failure.check}"
    cases = failure.failure_cases
    examples = ""
    if isinstance(cases, pl.DataFrame) and cases.width and not personal:
        values = [str(value) for value in cases.get_column(cases.columns[0]).head(3).to_list()]
        examples = f" ({cases.height} value(s), e.g. {', '.join(values)})"
    elif isinstance(cases, str) and not personal:
        examples = f" ({cases})"
    check = failure.check if isinstance(failure.check, str) else getattr(failure.check, "error", failure.check)
    return f"column {name}: {check}{examples}"


def _repeated_keys(table: type[Table], frame: pl.DataFrame) -> list[str]:
    key = list(table.key())
    if not key or frame.select(key).n_unique() == frame.height:
        return []
    repeated = frame.group_by(key).len().filter(pl.col("len") > 1).sort(key)
    if repeated.is_empty():
        return []
    if set(key) & set(table.personal_columns()):
        return [f"key {', '.join(key)} is repeated for {repeated.height} value(s)"]
    shown = [str(tuple(row[:-1])) for row in repeated.head(3).iter_rows()]
    return [f"key ({', '.join(key)}) is repeated for {repeated.height} value(s), e.g. {', '.join(shown)}"]


__all__ = ["MAX_EXAMPLES", "Column", "Table", "column", "family"]
