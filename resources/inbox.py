"""The inbox and its ledger as a Dagster resource: a thin shell over `vitrina.inbox`."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

import dagster as dg

from resources.partitions import PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG
from resources.warehouse import SettingsResource
from vitrina.errors import DeliveryError
from vitrina.inbox.contract import Contract
from vitrina.inbox.entries import Entry
from vitrina.inbox.ingest import Ingestion, ingest
from vitrina.inbox.ledger import Ledger
from vitrina.tables import Table
from vitrina.warehouse import Warehouse


class InboxResource(SettingsResource):
    """Files that people deliver: what is new, and loading it."""

    @property
    def ledger(self) -> Ledger:
        """What is known of files and of periods that became stale."""
        return Ledger(self.settings.ledger)

    def ingest(
        self,
        product: str,
        contracts: Sequence[Contract],
        warehouse: Warehouse,
        refused_table: type[Table],
        files: Sequence[str] | None,
    ) -> Ingestion:
        """Load what is complete and not yet known; `files` limits the look to those a sensor has seen standing still."""
        outcome = ingest(
            product,
            contracts,
            settings=self.settings,
            warehouse=warehouse,
            ledger=self.ledger,
            now=dt.datetime.now(dt.UTC),
            files=files,
            refused_table=refused_table,
        )
        if not outcome.listed:
            raise DeliveryError(
                f"The inbox {self.settings.inbox_folder / product} cannot be listed.",
                "Check that the folder or share is there and may be read; nothing was changed.",
            )
        return outcome

    def mark_stale(self, product: str, periods: Collection[dt.date], settles: Sequence[Entry]) -> None:
        """Note periods that are to be computed anew, for the refresh sensor and for `vitrina run`.

        `settles` are the deliveries whose consequences these are: a run that is killed before this line leaves them to the next.
        """
        self.ledger.mark_stale(product, [period.isoformat() for period in periods], dt.datetime.now(dt.UTC), settles=settles)

    def clear_stale(self, context: dg.AssetExecutionContext, product: str) -> None:
        """Take the run's periods off the list of stale ones, unless they became stale again after the run began."""
        periods = [period for period, _ in self.ledger.stale(product) if _in_run(context.run.tags, period)]
        record = context.instance.get_run_record_by_id(context.run.run_id)
        started = record.start_time if record is not None and record.start_time is not None else dt.datetime.now(dt.UTC).timestamp()
        self.ledger.clear_stale(product, periods, marked_before=dt.datetime.fromtimestamp(started, dt.UTC))


def _in_run(tags: Mapping[str, str], period: str) -> bool:
    """Whether a run's partition, or range of partitions, covers a period. Keys are ISO dates: they sort as text."""
    only = tags.get(PARTITION_TAG)
    first, last = tags.get(RANGE_START_TAG, only), tags.get(RANGE_END_TAG, only)
    return first is not None and last is not None and first <= period <= last
