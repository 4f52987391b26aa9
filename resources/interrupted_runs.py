"""`python -m resources.interrupted_runs PRODUCT`: end what a killed command line has left behind.

A killed run stays "started", and keeps its product's slot in the pool, for ever: nobody watches a run that no daemon
has launched. The command line starts this after it has made sure that no other one is at work on the product.
"""

import sys

import dagster as dg

from vitrina.runs import LAUNCHED_TAG, PRODUCT_TAG

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def end_interrupted_runs(instance: dg.DagsterInstance, product: str) -> tuple[str, ...]:
    """Report runs of the command line as failed and free their slots; returns their ids."""
    ours = dg.RunsFilter(tags={PRODUCT_TAG: product, LAUNCHED_TAG: "true"}, statuses=UNFINISHED)
    interrupted = instance.get_runs(ours)
    for run in interrupted:
        instance.report_run_failed(run, "The command line was killed; the next one finishes the work.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return tuple(run.run_id for run in interrupted)


if __name__ == "__main__":
    with dg.DagsterInstance.get() as found:
        end_interrupted_runs(found, sys.argv[1])
