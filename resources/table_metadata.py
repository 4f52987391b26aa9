"""What Dagster shows of a table, derived from its declaration: one typed builder per kind of metadata."""

import base64
import json
from collections.abc import Iterable
from typing import Any

import dagster as dg
import polars as pl

from vitrina.markdown import escaped_markdown
from vitrina.tables import Table

PREVIEW_ROWS = 10
PREVIEW_COLUMNS = 12
CELL_LENGTH = 60


def column_schema(table: type[Table], members: Iterable[str] = ()) -> dg.TableSchema:
    """The declared columns, and the concrete members of open families where they are known.

    Parameters
    ----------
    table
        The declaration.
    members
        Concrete names of family columns; a family without any is shown under its pattern.
    """
    named = [(declared.name, declared) for declared in table.columns()]
    found = [(member, declared) for member in members if (declared := table.find(member)) is not None and declared.is_family]
    open_families = [declared for declared in table.families() if not any(declared is other for _, other in found)]
    named += found or [(declared.name, declared) for declared in open_families]
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=declared.duckdb_type,
                description=f"{declared.meaning} [{declared.unit}]" if declared.unit else declared.meaning,
                constraints=dg.TableColumnConstraints(
                    nullable=declared.nullable,
                    unique=declared.key and len(table.key()) == 1,
                    other=[text for text in (declared.bounds, "personal data" if declared.personal else "") if text],
                ),
            )
            for name, declared in named
        ],
        constraints=dg.TableConstraints(other=[f"unique: {', '.join(table.key())}"] if table.key() else []),
    )


def definition_metadata(table: type[Table]) -> dict[str, Any]:
    """Metadata that holds before anything is materialized."""
    metadata: dict[str, Any] = {
        "dagster/column_schema": column_schema(table),
        "dagster/table_name": f"{table.product()}.{table.table_name()}",
        "dagster/storage_kind": "duckdb",
        "published": dg.MetadataValue.bool(table.is_published()),
    }
    if table.personal_columns():
        metadata["personal_columns"] = dg.MetadataValue.text(", ".join(table.personal_columns()))
    return metadata


def table_metadata(table: type[Table], sample: pl.DataFrame, total_rows: int) -> dict[str, Any]:
    """Metadata of a table as it stands after a write.

    Parameters
    ----------
    table
        The declaration.
    sample
        Some of its rows, for the preview; its columns tell the members of open families.
    total_rows
        Rows of the whole table.
    """
    metadata: dict[str, Any] = {
        "dagster/row_count": dg.MetadataValue.int(total_rows),
        "dagster/column_schema": column_schema(table, sample.columns),
    }
    if not table.personal_columns():
        # previews live on in Dagster's event log, out of reach of erasure
        metadata["preview"] = dg.MetadataValue.md(preview(sample))
    return metadata


def slice_metadata(table: type[Table], written: pl.DataFrame, total_rows: int, *, one_partition: bool) -> dict[str, Any]:
    """Metadata of one replaced slice.

    Parameters
    ----------
    table
        The declaration.
    written
        The rows of the slice.
    total_rows
        Rows of the whole table afterwards.
    one_partition
        Whether the slice is exactly one partition.
    """
    metadata = table_metadata(table, written, total_rows) | {"rows_written": dg.MetadataValue.int(written.height)}
    if one_partition:
        metadata["dagster/partition_row_count"] = dg.MetadataValue.int(written.height)
    return metadata


def picture(title: str, png: bytes) -> dg.MetadataValue:
    """A PNG that the asset's page shows; at most 200 kB, for it is stored with the event."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def preview(frame: pl.DataFrame) -> str:
    """The first ten rows as a Markdown table; cells are cut after 60 characters."""
    if frame.is_empty():
        return "*no rows*"
    names = frame.columns[:PREVIEW_COLUMNS]
    more = f"\n\n*and {frame.width - len(names)} more columns*" if frame.width > len(names) else ""
    lines = ["| " + " | ".join(map(_cell, names)) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in frame.select(names).head(PREVIEW_ROWS).iter_rows()]
    return "\n".join(lines) + more


def _cell(value: object) -> str:
    if isinstance(value, float):
        text = f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    elif isinstance(value, list):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = "" if value is None else str(value)
    return escaped_markdown(text.replace("\n", " "), CELL_LENGTH)
