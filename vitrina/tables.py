"""One declaration per table; everything else that describes the table is derived from it.

A table is a `pandera.polars.DataFrameModel` whose columns are made by `column` (or `family`, for columns that only a
user's file knows). From the declaration come the DuckDB DDL, the validation, the data dictionary and the list of
personal columns here, and Dagster's column schema and blocking check in `resources`.

What does not belong here: rows, connections, and anything about one particular product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrors

from vitrina.errors import DeclarationError, InvalidTableError

MAX_EXAMPLES = 10

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


_CHECKS = {
    r"greater_than_or_equal_to\((.+?)\)": r"≥ \1",
    r"less_than_or_equal_to\((.+?)\)": r"≤ \1",
    r"greater_than\((.+?)\)": r"> \1",
    r"less_than\((.+?)\)": r"< \1",
    r"str_length\(None, (\d+)\)": r"at most \1 characters",
    r"isin\(\[(.*?)\]\)": r"one of \1",
    r"str_matches\('(.*?)'\)": r"matches \1",
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
    isin: Iterable[str] | None = None,
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


class Table(pa.DataFrameModel):
    """Base of every declared table; the subclass's docstring says what one row is.

    Class arguments: ``product`` (one of the five names), ``name`` (default: the class's name in snake case), ``published`` (copied to the published file),
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
    def declared(cls) -> tuple[Column, ...]:
        """All columns and families, in the order of declaration."""
        return tuple(_declared_column(name, declared) for name, declared in cls.to_schema().columns.items())

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
            f"COMMENT ON COLUMN {table}.{quote(concrete)} IS {quote_text(_comment(declared))}" for concrete, declared in named
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


class DataDictionary(Table):
    """One row per column of a published table: the data dictionary that travels with the data."""

    table: str = column("Table that the column belongs to.", key=True, name="table_name")
    column_name: str = column("Column.", key=True)
    duckdb_type: str = column("DuckDB type.", name="type")
    unit: str = column("Unit of the values; empty for identifiers and labels.")
    meaning: str = column("What a value says.")
    nullable: bool = column("Whether a value may be missing.")
    is_key: bool = column("Whether the column is part of the table's key.")
    personal: bool = column("Whether values are personal data.")
    bounds: str = column("Bounds that every write is checked against.")

    @classmethod
    def of(cls, tables: Iterable[type[Table]]) -> pl.DataFrame:
        """The dictionary of the given tables; a family stands once, under its pattern."""
        rows = [
            {
                "table_name": table.table_name(),
                "column_name": declared.name,
                "type": declared.duckdb_type,
                "unit": declared.unit,
                "meaning": declared.meaning,
                "nullable": declared.nullable,
                "is_key": declared.key,
                "personal": declared.personal,
                "bounds": declared.bounds,
            }
            for table in tables
            for declared in table.declared()
        ]
        return cls.check(pl.DataFrame(rows, schema=cls.polars_schema()))


def _declared_column(name: str, declared: Any) -> Column:
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


def _comment(declared: Column) -> str:
    return f"{declared.meaning} [{declared.unit}]" if declared.unit else declared.meaning


def _pandera_failures(table: type[Table], frame: pl.DataFrame) -> list[str]:
    # pandera names only the first column that is not declared
    undeclared = [name for name in frame.columns if table.find(name) is None]
    failures = [f"column {name}: not declared" for name in undeclared]
    absent = [f"^{opened.name}$" for opened in table.families() if not any(map(re.compile(opened.name).fullmatch, frame.columns))]
    try:
        table.to_schema().remove_columns(absent).validate(frame.drop(undeclared), lazy=True)
    except SchemaErrors as errors:
        failures += [_sentence(table, frame, failure) for failure in errors.schema_errors]
    except SchemaError as error:
        failures.append(_sentence(table, frame, error))
    return failures


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
    if not key:
        return []
    repeated = frame.group_by(key).len().filter(pl.col("len") > 1).sort(key)
    if repeated.is_empty():
        return []
    if set(key) & set(table.personal_columns()):
        return [f"key {', '.join(key)} is repeated for {repeated.height} value(s)"]
    shown = [str(tuple(row[:-1])) for row in repeated.head(3).iter_rows()]
    return [f"key ({', '.join(key)}) is repeated for {repeated.height} value(s), e.g. {', '.join(shown)}"]


__all__ = ["MAX_EXAMPLES", "Column", "DataDictionary", "Table", "column", "duckdb_type", "family", "quote", "quote_text"]
