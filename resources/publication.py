"""Publication as a Dagster resource: which tables may go out, by the verdicts that Dagster stored."""

import datetime as dt
from collections.abc import Iterable, Sequence

import dagster as dg
import polars as pl
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from resources.warehouse import SettingsResource
from vitrina.publication import Candidate, Publication, publish
from vitrina.warehouse import Warehouse

_DECIDED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
_LOOK_BACK = 20


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
        """Publish the tables; one whose blocking check last failed stays as it was published before."""
        failed = failed_checks(context.instance, checks)
        return publish(
            product,
            [Candidate(name, failed.get(name)) for name in names],
            dictionary,
            warehouse=warehouse,
            settings=self.settings,
            now=dt.datetime.now(dt.UTC),
            run_id=context.run.run_id,
        )


def failed_checks(instance: dg.DagsterInstance, checks: Iterable[dg.AssetCheckKey]) -> dict[str, str]:
    """Tables that may not go out: table → the check that objects.

    A blocking check acts only within its own run: a later run that leaves the checked asset out would publish what
    failed before, so the stored verdict decides. A run that was killed between writing a table and checking it has
    left rows that nobody has judged: they wait, too.
    """
    objections = {key: _objection(instance, key) for key in checks}
    return {key.asset_key.path[-1]: objection for key, objection in objections.items() if objection is not None}


def _objection(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> str | None:
    written = instance.get_latest_materialization_event(key.asset_key)
    for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=_LOOK_BACK):
        if record.status in _DECIDED:
            evaluation = record.evaluation
            failed = evaluation is not None and not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
            return key.name if failed else None
        if written is not None and written.run_id == record.run_id:
            return f"{key.name} was not finished"
    return None
