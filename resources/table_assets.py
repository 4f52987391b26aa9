"""One way to turn a table's declaration into an asset: key, type, group, owner, metadata and the blocking check."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
import polars as pl

from resources.table_metadata import definition_metadata
from resources.warehouse import WarehouseResource
from vitrina.errors import InvalidTableError
from vitrina.markdown import escaped_markdown
from vitrina.tables import Table
from vitrina.warehouse import load

OWNERS = {
    "stores": "team:category-management",
    "marketplace": "team:e-commerce",
    "propensity": "team:small-business-banking",
    "posts": "team:content",
    "sellers": "team:store-operations",
    "feedback": "team:data-platform",
}


def table_key(table: type[Table]) -> dg.AssetKey:
    """The asset's key: ``<product>/<table>``."""
    return dg.AssetKey([table.product(), table.table_name()])


def table_type(table: type[Table]) -> dg.DagsterType:
    """The Dagster type of a table's frames: any eager frame; the I/O manager validates what it stores."""

    def fits(_: dg.TypeCheckContext, value: object) -> dg.TypeCheck:
        if not isinstance(value, pl.DataFrame):
            return dg.TypeCheck(success=False, description=f"expected a polars.DataFrame, got {type(value).__name__}")
        return dg.TypeCheck(success=True)

    return dg.DagsterType(
        type_check_fn=fits,
        name=table.__name__,
        description=table.description(),
        typing_type=pl.DataFrame,
        metadata={"dagster/column_schema": definition_metadata(table)["dagster/column_schema"]},
    )


def table_arguments(table: type[Table], *, kinds: Iterable[str] = ("polars", "duckdb"), code_version: str = "1") -> dict[str, Any]:
    """What `dagster.asset` and `dagster.AssetOut` say of a table that the I/O manager stores."""
    return {
        "key": table_key(table),
        "dagster_type": table_type(table),
        "description": table.description(),
        "metadata": definition_metadata(table),
        "group_name": table.product(),
        "owners": [OWNERS[table.product()]],
        "kinds": set(kinds),
        "tags": {"product": table.product()},
        "code_version": code_version,
        "io_manager_key": "tables",
    }


def table_out(table: type[Table], *, kinds: Iterable[str] = ("polars", "duckdb"), code_version: str = "1") -> dg.AssetOut:
    """A table as one output of a `dagster.multi_asset`."""
    return dg.AssetOut(**table_arguments(table, kinds=kinds, code_version=code_version))


def table_spec(
    table: type[Table], *, deps: Iterable[dg.AssetKey] = (), kinds: Iterable[str] = ("duckdb",), code_version: str = "1"
) -> dg.AssetSpec:
    """A table that its asset writes itself, because a delivery replaces a file's rows and not the table."""
    return dg.AssetSpec(
        key=table_key(table),
        deps=list(deps),
        description=table.description(),
        metadata=definition_metadata(table),
        group_name=table.product(),
        owners=[OWNERS[table.product()]],
        kinds=set(kinds),
        tags={"product": table.product()},
        code_version=code_version,
    )


def schema_check(table: type[Table]) -> dg.AssetChecksDefinition:
    """The blocking check that what is stored fits what is declared, whoever wrote it."""

    @dg.asset_check(
        asset=table_key(table),
        name="fits_declaration",
        blocking=True,
        description=f"Every stored row of {table.table_name()} fits the declaration: columns, types, bounds, unique key.",
    )
    def fits_declaration(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.of(table.product()).read() as connection:
            frame = load(connection, table)
        try:
            table.check(frame)
        except InvalidTableError as error:
            return dg.AssetCheckResult(
                passed=False,
                description=error.problem,
                metadata={
                    "rows": frame.height,
                    "problems": len(error.failures),
                    "threshold": 0,
                    "examples": dg.MetadataValue.md("\n".join(f"- {escaped_markdown(failure)}" for failure in error.failures)),
                    "what_to_do": "Correct the input and materialize the table again; the published version stays as it was meanwhile.",
                },
            )
        return dg.AssetCheckResult(passed=True, metadata={"rows": frame.height, "problems": 0, "threshold": 0})

    return fits_declaration
