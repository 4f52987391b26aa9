"""The data dictionary: what analysts read about a column, derived from its declaration."""

from collections.abc import Iterable

import polars as pl

from vitrina.tables import Table, column


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
