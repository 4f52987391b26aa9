"""New complete files start an ingestion; periods that deliveries made stale start a refresh."""

import json
from collections.abc import Sequence

import dagster as dg

from resources.inbox import InboxResource
from resources.jobs import AssetJob
from resources.partitions import RANGE_END_TAG, RANGE_START_TAG
from vitrina.inbox.contract import Contract
from vitrina.inbox.difference import difference, list_inbox, request_key
from vitrina.settings import Settings

FILES_PER_RUN = 200


def upload_sensor(product: str, contracts: Sequence[Contract], job: AssetJob) -> dg.SensorDefinition:
    """A sensor that loads files which have stood still for two ticks and are not in the ledger.

    The cursor holds only files that are still growing. Content is not read here: a tick has a minute at most.
    """

    @dg.sensor(
        name=f"{product}_uploads",
        job=job,
        minimum_interval_seconds=Settings().upload_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Loads new files from the inbox folder {product}/ once they have stopped growing.",
    )
    def uploads(context: dg.SensorEvaluationContext, inbox: InboxResource) -> dg.SensorResult | dg.SkipReason:
        listing = list_inbox(inbox.settings.inbox_folder / product, contracts)
        if listing is None:
            # an outage is not an empty folder: nothing is concluded from it
            return dg.SkipReason(f"The inbox {inbox.settings.inbox_folder / product} cannot be listed now; trying again.")
        found = difference(listing, inbox.ledger.known(product), json.loads(context.cursor or "{}"))
        requests = []
        if found.complete:
            files = found.complete[:FILES_PER_RUN]
            requests.append(
                dg.RunRequest(
                    run_key=request_key(files, inbox.ledger.reopenings(product)),
                    run_config={"ops": {f"{product}_inbox": {"config": {"files": [file.path for file in files]}}}},
                )
            )
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(found.pending, sort_keys=True))

    return uploads


def refresh_sensor(product: str, job: AssetJob) -> dg.SensorDefinition:
    """A sensor that computes stale periods anew, in one run, once nothing of the product is being loaded."""

    @dg.sensor(
        name=f"{product}_stale_periods",
        job=job,
        minimum_interval_seconds=Settings().upload_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Computes periods of {product} anew whose inputs have changed, and publishes.",
    )
    def stale_periods(context: dg.SensorEvaluationContext, inbox: InboxResource) -> dg.RunRequest | dg.SkipReason:
        stale = inbox.ledger.stale(product)
        if not stale:
            return dg.SkipReason(f"No period of {product} is stale.")
        if _being_loaded(context.instance, product):
            return dg.SkipReason("Files are being loaded; more periods may become stale.")
        periods = [period for period, _ in stale]
        latest = max(marked_at for _, marked_at in stale)
        return dg.RunRequest(
            run_key=f"{min(periods)}..{max(periods)}@{latest.isoformat()}",
            tags={RANGE_START_TAG: min(periods), RANGE_END_TAG: max(periods)},
        )

    return stale_periods


def _being_loaded(instance: dg.DagsterInstance, product: str) -> bool:
    unfinished = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    return bool(instance.get_runs(dg.RunsFilter(job_name=f"{product}_ingest", statuses=unfinished), limit=1))
