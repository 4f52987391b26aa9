"""Publication as a Dagster resource: which tables may go out, by the verdicts that Dagster stored."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import dagster as dg
import polars as pl
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord, AssetCheckExecutionRecordStatus

from resources.warehouse import SettingsResource
from vitrina.publication import Candidate, Publication, publish, referenced_files, remove_unreferenced
from vitrina.warehouse import Warehouse

_DECIDED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
_PAGE = 100


class PublicationResource(SettingsResource):
    """Makes versions of a product's published file."""

    def publish(  # noqa: PLR0913  # what is published, and from where
        self,
        context: dg.AssetExecutionContext,
        product: str,
        *,
        names: Sequence[str],
        checks: Iterable[dg.AssetCheckKey],
        dictionary: pl.DataFrame,
        warehouse: Warehouse,
    ) -> Publication:
        """Publish the tables; one that a check objects to stays as it was published before."""
        failed = failed_checks(context.instance, checks)
        return publish(
            product,
            [Candidate(name, failed.get(name), written_at(context.instance, dg.AssetKey([product, name]))) for name in names],
            dictionary,
            warehouse=warehouse,
            settings=self.settings,
            now=dt.datetime.now(dt.UTC),
            run_id=context.run.run_id,
        )

    def remove_old_files(self, product: str, table: str, warehouse: Warehouse) -> None:
        """Delete files in a table's folder of artifacts that neither its rows nor a kept version name."""
        referenced = referenced_files(product, table, warehouse=warehouse, settings=self.settings)
        remove_unreferenced(self.settings.artifacts / product / table, referenced, now=dt.datetime.now(dt.UTC))


def written_at(instance: dg.DagsterInstance, key: dg.AssetKey) -> dt.datetime | None:
    """When an asset was last materialized, or None where no run has told of it."""
    event = instance.get_latest_materialization_event(key)
    return None if event is None else dt.datetime.fromtimestamp(event.timestamp, dt.UTC)


def failed_checks(instance: dg.DagsterInstance, checks: Iterable[dg.AssetCheckKey]) -> dict[str, str]:
    """Tables that may not go out: table → the check that objects.

    A blocking check acts only within its own run: a later run that leaves the checked asset out would publish what
    failed before, so the stored verdict decides. Rows that were written after the last verdict, or may have been, by a
    run that was killed before it could tell, wait until they are judged. A table that was never checked goes out.
    """
    objections = {key: _objection(instance, key) for key in checks}
    return {key.asset_key.path[-1]: objection for key, objection in objections.items() if objection is not None}


def _objection(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> str | None:
    planned = []
    decided = None
    for record in _history(instance, key):
        if record.status in _DECIDED:
            decided = record
            break
        planned.append(record.run_id)
    if decided is not None and _failed(decided):
        return key.name
    if decided is None and not planned:
        return None
    if _written_since(instance, key.asset_key, decided) or any(_may_have_written(instance, run, key.asset_key) for run in planned):
        return f"{key.name} has not judged these rows"
    return None


def _history(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> Iterator[AssetCheckExecutionRecord]:
    """Every record of a check, newest first."""
    cursor = None
    while page := instance.event_log_storage.get_asset_check_execution_history(key, limit=_PAGE, cursor=cursor):
        yield from page
        cursor = page[-1].id


def _failed(record: AssetCheckExecutionRecord) -> bool:
    evaluation = record.evaluation
    return evaluation is not None and not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR


def _written_since(instance: dg.DagsterInstance, asset: dg.AssetKey, decided: AssetCheckExecutionRecord | None) -> bool:
    """Whether a run told that it wrote the asset after the verdict; dbt may tell of both in either order within a run."""
    written = instance.get_latest_materialization_event(asset)
    if written is None:
        return False
    if decided is None:
        return True
    # a record is made when the check is planned; its event is the verdict
    judged_at = decided.event.timestamp if decided.event is not None else decided.create_timestamp
    return written.run_id != decided.run_id and written.timestamp > judged_at


def _may_have_written(instance: dg.DagsterInstance, run_id: str, asset: dg.AssetKey) -> bool:
    """Whether a run that left its check undecided began the step that writes the asset: dbt tells of its tables only at its end."""
    run = instance.get_run_by_id(run_id)
    if run is None:  # deleted together with its events: nobody can tell
        return True
    if run.is_success:
        return False
    steps = {dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, dg.DagsterEventType.STEP_START}
    events = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=steps) if entry.dagster_event is not None]
    writers = {event.step_key for event in events if event.is_asset_materialization_planned and event.asset_key == asset}
    return any(event.is_step_start and event.step_key in writers for event in events)
