"""New videos are evaluated by themselves, videos that deliveries made stale again, and then the days that they belong to."""

import datetime as dt
import json

import dagster as dg

from resources.inbox import InboxResource
from resources.jobs import AssetJob
from resources.partitions import VIDEOS
from resources.video_runs import look_at_inbox, videos_in_flight
from sensors.attempts import REQUEST_TAG, next_attempt
from vitrina.errors import VitrinaError
from vitrina.inbox.staleness import WHOLE
from vitrina.sellers.staleness import partitions_last
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.settings import Settings

PRODUCT = "sellers"
RUNS_PER_LOOK = 20
SHEET_INTERVAL_S = 900


def video_sensor(job: AssetJob) -> dg.SensorDefinition:
    """A sensor that adds a partition for each new complete video and asks for its run.

    The cursor holds only files that may still grow. A listing that failed changes nothing, and a file that is gone deletes nothing.
    """

    @dg.sensor(
        name="sellers_videos",
        job=job,
        minimum_interval_seconds=Settings().upload_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Evaluates new videos of the inbox folder sellers/ once they have stopped growing.",
    )
    def videos(context: dg.SensorEvaluationContext, inbox: InboxResource) -> dg.SensorResult | dg.SkipReason:
        found = look_at_inbox(context.instance, inbox.settings, json.loads(context.cursor or "{}"))
        if found.plan is None:
            return dg.SkipReason("The videos of the inbox cannot be listed now; trying again.")
        cursor = json.dumps(found.pending, sort_keys=True)
        requests, reasons = [], [f"{len(found.growing)} file(s) may still be growing."] if found.growing else []
        for upload in found.plan.run:
            request = _request(context.instance, f"video {upload.key}", upload.key)
            if isinstance(request, dg.SkipReason):
                reasons.append(f"{upload.key}: {request.skip_message}")
            else:
                requests.append(request)
        if not requests:
            return dg.SensorResult(skip_reason=" ".join(reasons[:10]) or "No new videos.", cursor=cursor)
        return dg.SensorResult(run_requests=requests[:RUNS_PER_LOOK], cursor=cursor)

    return videos


def stale_videos_sensor(job: AssetJob) -> dg.SensorDefinition:
    """A sensor that computes videos again whose shifts, receipts or cameras were delivered, from stored detections."""

    @dg.sensor(
        name="sellers_stale_videos",
        job=job,
        minimum_interval_seconds=Settings().upload_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Computes videos again, from stored detections, whose shifts, receipts or cameras have changed.",
    )
    def stale_videos(context: dg.SensorEvaluationContext, inbox: InboxResource) -> dg.SensorResult | dg.SkipReason:
        busy, present = videos_in_flight(context.instance), set(context.instance.get_dynamic_partitions(str(VIDEOS.name)))
        requests, reasons, retired = [], [], []
        for key, marked_at in inbox.ledger.stale(PRODUCT):
            if key == WHOLE or key in busy:
                continue
            if key not in present:
                # a request for it would take all others with it
                reasons.append(f"{key}: it has no partition.")
                retired.append(key)
                continue
            request = _request(context.instance, f"stale {key}@{marked_at.isoformat()}", key)
            if isinstance(request, dg.SkipReason):
                reasons.append(f"{key}: {request.skip_message}")
            else:
                requests.append(request)
        _forget(inbox, retired)
        if not requests:
            return dg.SkipReason(" ".join(reasons[:10]) or "No video is stale.")
        return dg.SensorResult(run_requests=requests[:RUNS_PER_LOOK])

    return stale_videos


def _forget(inbox: InboxResource, without_partition: list[str]) -> None:
    """Marks of videos whose partitions are retired go; others come back with the next look at the videos."""
    now = dt.datetime.now(dt.UTC)
    ledger, last = VideoLedger(inbox.settings.videos), partitions_last(inbox.settings)
    retired = [key for key in without_partition if ledger.find(key).recorded_at + last <= now]
    inbox.ledger.clear_stale(PRODUCT, retired, now)


def days_sensor(job: AssetJob) -> dg.SensorDefinition:
    """A sensor that computes the days once no video is under way, or some time after it last did while videos keep coming."""

    @dg.sensor(
        name="sellers_days",
        job=job,
        minimum_interval_seconds=Settings().upload_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Computes days, marts and the published version of sellers anew after videos were evaluated: not once per video.",
    )
    def days(context: dg.SensorEvaluationContext, inbox: InboxResource) -> dg.RunRequest | dg.SkipReason:
        marks = dict(inbox.ledger.stale(PRODUCT))
        if WHOLE not in marks:
            return dg.SkipReason("No day is stale.")
        now = dt.datetime.now(dt.UTC)
        waiting = videos_in_flight(context.instance) or [key for key in marks if key != WHOLE]
        last = context.instance.get_run_records(dg.RunsFilter(job_name=job.name), limit=1)
        since = (now - last[0].create_timestamp).total_seconds() if last else inbox.settings.sellers_debounce_s
        if waiting and since < inbox.settings.sellers_debounce_s:
            return dg.SkipReason(f"{len(waiting)} video(s) are under way; their days wait for them.")
        request = f"{PRODUCT} days@{marks[WHOLE].isoformat()}"
        attempt = next_attempt(context.instance, request, now)
        if isinstance(attempt, dg.SkipReason):
            return attempt
        return dg.RunRequest(run_key=f"{request}#{attempt}", tags={REQUEST_TAG: request})

    return days


def _request(instance: dg.DagsterInstance, request: str, key: str) -> dg.RunRequest | dg.SkipReason:
    attempt = next_attempt(instance, request, dt.datetime.now(dt.UTC))
    if isinstance(attempt, dg.SkipReason):
        return attempt
    return dg.RunRequest(run_key=f"{request}#{attempt}", partition_key=key, tags={REQUEST_TAG: request})


def sheet_sensor(product: str) -> dg.SensorDefinition:
    """A sensor that fetches the sheet of shifts, where the settings name one; what has changed is loaded like any delivery."""

    @dg.sensor(
        name=f"{product}_shifts_sheet",
        minimum_interval_seconds=SHEET_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fetches the Google Sheet with the shifts, where VITRINA_SELLERS_SHIFTS_SHEET names one.",
    )
    def shifts_sheet(inbox: InboxResource) -> dg.SkipReason:
        from vitrina.sellers.sheets import fetch_shifts  # noqa: PLC0415  # loading the definitions need not pay for it

        try:
            written = fetch_shifts(inbox.settings, now=dt.datetime.now(dt.UTC))
        except VitrinaError as error:
            # what was fetched before stays in use
            return dg.SkipReason(f"{error.problem} {error.remedy}")
        return dg.SkipReason("No sheet of shifts is set." if written is None else f"The shifts are in {written}.")

    return shifts_sheet
