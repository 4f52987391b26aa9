"""The inbox and its ledger as a Dagster resource: a thin shell over `vitrina.inbox`."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from resources.warehouse import SettingsResource
from vitrina.errors import DeliveryError
from vitrina.inbox.contract import Contract
from vitrina.inbox.entries import Entry
from vitrina.inbox.ingest import Ingestion, ingest
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.staleness import WHOLE, Staleness
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
        """Load what is complete and not yet known; `files` limits the look to those a sensor has seen standing still.

        Before that, decisions whose file is missing get one: a crash came between, or the data folder is a new one.
        """
        from vitrina.state.store import DecisionStore  # noqa: PLC0415  # loading the definitions need not pay for it

        DecisionStore(self.settings).deliver(product)
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

    def mark_stale(self, product: str, staleness: Staleness, settles: Sequence[Entry]) -> None:
        """Note periods that are to be computed anew, for the refresh sensor and for `vitrina run`.

        `settles` are the deliveries whose consequences these are: a run that is killed before this line leaves them to the next.
        """
        now, computable = dt.datetime.now(dt.UTC), set(staleness.computable)
        beyond = [period for period, _ in self.ledger.stale(product) if period not in computable]
        self.ledger.clear_stale(product, beyond, marked_before=now)
        self.ledger.mark_stale(product, list(staleness.stale), now, settles=settles)

    def clear_stale(self, context: dg.AssetExecutionContext, product: str, recomputed: dg.AssetKey) -> None:
        """Take periods off the list of stale ones that this run has computed, unless they became stale again since it began."""
        run = context.run.run_id
        written = context.instance.get_records_for_run(run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
        periods = [
            event.partition or WHOLE
            for event in (record.event_log_entry.get_dagster_event() for record in written)
            if event.asset_key == recomputed
        ]
        record = context.instance.get_run_record_by_id(run)
        started = record.start_time if record is not None and record.start_time is not None else dt.datetime.now(dt.UTC).timestamp()
        self.ledger.clear_stale(product, periods, marked_before=dt.datetime.fromtimestamp(started, dt.UTC))
