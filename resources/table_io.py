"""Frames in and out of the warehouse: validated, one transaction per slice, with the standard metadata."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg
import polars as pl

from resources.table_metadata import slice_metadata
from resources.warehouse import WarehouseResource
from vitrina.catalogue import find_table
from vitrina.errors import InvalidTableError, WarehouseError
from vitrina.markdown import escaped_markdown
from vitrina.sql import quote
from vitrina.tables import Table
from vitrina.warehouse import load, prepare


class TableIOManager(dg.ConfigurableIOManager):
    """Stores a `polars.DataFrame` as the table that the asset's key names: ``<product>/<table>``.

    The frame is validated against the declaration before anything is touched; the table, or the slice of the run's
    partitions, is then replaced in one transaction. An empty frame leaves an empty table.

    Attributes
    ----------
    warehouse
        Where the tables live.
    """

    warehouse: dg.ResourceDependency[WarehouseResource]

    def handle_output(self, context: dg.OutputContext, obj: pl.DataFrame) -> None:
        """Replace the table or the partitions by the frame.

        Raises
        ------
        dagster.Failure
            The frame does not fit the declaration; what was stored is untouched.
        """
        table = _declaration(context.asset_key)
        keys = context.asset_partition_keys if context.has_asset_partitions else None
        try:
            replacement = prepare(table, obj, _slice(table, keys))
        except InvalidTableError as error:
            raise dg.Failure(
                str(error),
                metadata={
                    "failures": dg.MetadataValue.md("\n".join(f"- {escaped_markdown(failure)}" for failure in error.failures)),
                    "remedy": error.remedy,
                },
                allow_retries=False,
            ) from error
        with self.warehouse.of(table.product()).write() as connection:
            replacement.apply(connection)
            total = connection.execute(f"SELECT count(*) FROM {quote(table.table_name())}").fetchall()[0][0]  # noqa: S608  # quoted
        written = pl.DataFrame(replacement.rows)
        context.add_output_metadata(slice_metadata(table, written, total, one_partition=keys is not None and len(keys) == 1))

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """Read the upstream table, or the partitions of it that the run asks for."""
        table = _declaration(context.asset_key)
        keys = context.asset_partition_keys if context.has_asset_partitions else None
        with self.warehouse.of(table.product()).read() as connection:
            return load(connection, table, _slice(table, keys))


def _declaration(key: dg.AssetKey) -> type[Table]:
    return find_table(key.path[0], key.path[-1])


def _slice(table: type[Table], keys: Sequence[str] | None) -> dict[str, list[Any]] | None:
    """The rows of the given partitions, as values to bind."""
    if keys is None:
        return None
    column = table.partition_column()
    declared = table.find(column) if column else None
    if column is None or declared is None:
        raise WarehouseError(
            f"{table.table_name()} is materialized by partition, but its declaration names no partition column.",
            f"Declare partitioned_by=… in {table.__module__}.{table.__qualname__}.",
        )
    if isinstance(declared.dtype, pl.Date):
        return {column: [dt.date.fromisoformat(key) for key in keys]}
    return {column: list(keys)}
