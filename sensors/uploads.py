"""New complete files start an ingestion; periods that deliveries made stale start a refresh."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from resources.inbox import InboxResource
from resources.jobs import AssetJob
from sensors.attempts import REQUEST_TAG, next_attempt
from vitrina.inbox.contract import Contract
from vitrina.inbox.difference import difference, request_key
from vitrina.inbox.roots import look
from vitrina.inbox.staleness import stretches
from vitrina.runs import covering
from vitrina.settings import Settings

FILES_PER_RUN = 200


def upload_sensor(product: str, contracts: Sequence[Contract], job: AssetJob) -> dg.SensorDefinition:
    """A sensor that loads files which have stood still for two ticks and are not in the ledger.

    The cursor holds only files that are not loaded yet. Content is not read here: a tick has a minute at most.
    """

    @dg.sensor(
        name=f"{product}_uploads",
        job=job,
        minimum_interval_seconds=Settings().upload_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Loads new files from the inbox folder {product}/, and what people decided, once they have stopped growing.",
    )
    def uploads(context: dg.SensorEvaluationContext, inbox: InboxResource) -> dg.SensorResult | dg.SkipReason:
        listing = look(product, contracts, inbox.settings)
        if listing is None:
            # an outage is not an empty folder: nothing is concluded from it
            return dg.SkipReason(f"The inbox {inbox.settings.inbox_folder / product} cannot be listed now; trying again.")
        found = difference(listing, inbox.ledger.known(product), json.loads(context.cursor or "{}"))
        cursor = json.dumps(found.pending, sort_keys=True)
        if not found.complete:
            return dg.SensorResult(skip_reason=f"{len(found.still_growing)} file(s) may still be growing.", cursor=cursor)
        files = found.complete[:FILES_PER_RUN]
        request = _request(
            context.instance,
            request_key(files, inbox.ledger.reopenings(product)),
            run_config={"ops": {f"{product}_inbox": {"config": {"files": [file.path for file in files]}}}},
        )
        if isinstance(request, dg.SkipReason):
            return dg.SensorResult(skip_reason=request, cursor=cursor)
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return uploads


def refresh_sensor(product: str, job: AssetJob, following: Callable[[str], str] | None) -> dg.SensorDefinition:
    """A sensor that computes stale periods anew, neighbours in one run, once nothing of the product is being loaded."""

    @dg.sensor(
        name=f"{product}_stale_periods",
        job=job,
        minimum_interval_seconds=Settings().upload_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Computes periods of {product} anew whose inputs have changed, and publishes.",
    )
    def stale_periods(context: dg.SensorEvaluationContext, inbox: InboxResource) -> dg.RunRequest | dg.SkipReason:
        marks = dict(inbox.ledger.stale(product))
        if not marks:
            return dg.SkipReason(f"No period of {product} is stale.")
        if _being_loaded(context.instance, product):
            return dg.SkipReason("Files are being loaded; more periods may become stale.")
        first, last = stretches(marks, following)[0]
        latest = max(marked_at for period, marked_at in marks.items() if first <= period <= last)
        return _request(context.instance, f"{product} {first}..{last}@{latest.isoformat()}", tags=covering(first, last))

    return stale_periods


def _request(
    instance: dg.DagsterInstance, request: str, *, tags: dict[str, str] | None = None, **more: Any
) -> dg.RunRequest | dg.SkipReason:
    attempt = next_attempt(instance, request, dt.datetime.now(dt.UTC))
    if isinstance(attempt, dg.SkipReason):
        return attempt
    return dg.RunRequest(run_key=f"{request}#{attempt}", tags={REQUEST_TAG: request, **(tags or {})}, **more)


def _being_loaded(instance: dg.DagsterInstance, product: str) -> bool:
    unfinished = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    jobs = (f"{product}_ingest", product)
    return any(instance.get_runs(dg.RunsFilter(job_name=job, statuses=unfinished), limit=1) for job in jobs)
