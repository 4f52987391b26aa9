"""How often a sensor may ask for the same work: a run key is remembered for ever, so a failed run would never be repeated."""

import datetime as dt

import dagster as dg

REQUEST_TAG = "vitrina/request"
MOST_ATTEMPTS = 5
FIRST_PAUSE = dt.timedelta(minutes=1)

_UNFINISHED = {
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.MANAGED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
}


def next_attempt(instance: dg.DagsterInstance, request: str, now: dt.datetime) -> int | dg.SkipReason:
    """Number of the attempt to make now, counted from 0, or why none is made.

    A run is repeated after a pause that doubles each time, and at most five times: a fault that stays needs a person.

    Parameters
    ----------
    instance
        Dagster's instance.
    request
        What is asked for; the same work has the same text.
    now
        The current time.
    """
    runs = instance.get_run_records(dg.RunsFilter(tags={REQUEST_TAG: request}), limit=MOST_ATTEMPTS + 1)
    if any(record.dagster_run.status in _UNFINISHED for record in runs):
        return dg.SkipReason("The run that was asked for is on its way.")
    if len(runs) >= MOST_ATTEMPTS:
        return dg.SkipReason(
            f"{len(runs)} runs have not settled this: look at the latest, {runs[0].dagster_run.run_id}, and run it by hand."
        )
    if runs:
        ended = runs[0].end_time or runs[0].create_timestamp.timestamp()
        again = dt.datetime.fromtimestamp(ended, dt.UTC) + FIRST_PAUSE * 2 ** (len(runs) - 1)
        if now < again:
            return dg.SkipReason(f"The latest run has not settled this; trying again at {again:%H:%M} UTC.")
    return len(runs)
