"""One way to turn a product's contracts into assets: every raw table, what was refused, and the deliveries."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from resources.inbox import InboxResource
from resources.table_assets import table_key, table_spec
from resources.table_metadata import PREVIEW_ROWS, table_metadata
from resources.warehouse import WarehouseResource
from vitrina.inbox.contract import Contract
from vitrina.inbox.entries import Entry
from vitrina.inbox.ingest import Ingestion
from vitrina.inbox.staleness import Staleness
from vitrina.settings import Settings
from vitrina.sql import quote
from vitrina.tables import Table
from vitrina.warehouse import Warehouse, replace

Consequences = Callable[[Sequence[Entry], Warehouse, Settings, dt.date], Staleness]
"""Which periods some deliveries have made stale, on a given day."""


class InboxFiles(dg.Config):
    """Which files of the inbox to load: those that the sensor saw standing still, or every new one if none is named."""

    files: list[str] | None = None


def inbox_assets(
    product: str,
    contracts: Sequence[Contract],
    *,
    refused_table: type[Table],
    deliveries_table: type[Table],
    consequences: Consequences,
) -> dg.AssetsDefinition:
    """The assets that a product's inbox fills, in one step: masters are loaded before what refers to them.

    Parameters
    ----------
    product
        Product.
    contracts
        What may be delivered, masters first.
    refused_table, deliveries_table
        The product's tables of refused rows and of deliveries.
    consequences
        Which periods a delivery makes stale; they are marked in the ledger, for the refresh sensor and `vitrina run`.
    """
    reads: dict[type[Table], Contract] = {contract.table: contract for contract in contracts}
    tables: tuple[type[Table], ...] = (*(contract.table for contract in contracts), refused_table, deliveries_table)

    @dg.multi_asset(
        specs=[table_spec(table, kinds=("polars", "duckdb")) for table in tables],
        name=f"{product}_inbox",
        description="Loads new and changed files: bad rows are refused one by one, unreadable files quarantined, each gets a receipt.",
        pool=product,
        # an inbox on a network share may be away for a moment
        retry_policy=dg.RetryPolicy(max_retries=2, delay=10),
    )
    def inbox_step(
        context: dg.AssetExecutionContext, config: InboxFiles, inbox: InboxResource, warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        store = warehouse.of(product)
        outcome = inbox.ingest(product, contracts, store, refused_table, config.files)
        for delivery in outcome.deliveries:
            context.log.info(delivery.summary())
        with store.write() as connection:
            for table in tables:
                # creates the table where no file has been delivered for it; dbt needs it to be there
                replace(connection, table, table.empty(), {"source_file": []})
            replace(connection, deliveries_table, inbox.ledger.deliveries(product))
        staleness = consequences(outcome.unsettled, store, warehouse.settings, dt.datetime.now(dt.UTC).date())
        inbox.mark_stale(product, staleness, settles=outcome.unsettled)
        for table in tables:
            yield _result(store, table, outcome, reads.get(table))

    return inbox_step


def _result(store: Warehouse, table: type[Table], outcome: Ingestion, contract: Contract | None) -> dg.MaterializeResult[None]:
    """The standard metadata. Raw tables may be large, so only the first rows are read."""
    name = quote(table.table_name())
    with store.read() as connection:
        total = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608  # quoted
        sample = connection.execute(f"SELECT * FROM {name} LIMIT {PREVIEW_ROWS}").pl()  # noqa: S608  # quoted
    delivered = [entry for entry in outcome.deliveries if contract is not None and entry.contract == contract.name]
    return dg.MaterializeResult(
        asset_key=table_key(table),
        metadata=table_metadata(table, sample, total)
        | {
            "files": dg.MetadataValue.int(len(delivered)),
            "rows_read": dg.MetadataValue.int(sum(delivery.rows_read for delivery in delivered)),
            "rows_loaded": dg.MetadataValue.int(sum(delivery.rows_loaded for delivery in delivered)),
            "rows_refused": dg.MetadataValue.int(sum(delivery.rows_refused for delivery in delivered)),
        },
    )
