"""`python -m resources.video_runs`: look at the videos of the inbox once, and add the partitions of those that are new.

The command line starts this, for it knows nothing of Dagster; the daemon's sensor does the same by itself.
"""

import datetime as dt
import time

import dagster as dg

from resources.partitions import VIDEOS
from vitrina.sellers.arrivals import Arrivals, look
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.settings import Settings

JOB = "sellers_video"
REPLAY_JOB = "sellers_from_detections"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def videos_in_flight(instance: dg.DagsterInstance) -> frozenset[str]:
    """Keys of videos whose runs are queued or under way."""
    runs = [run for job in (JOB, REPLAY_JOB) for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNFINISHED))]
    return frozenset(run.tags["dagster/partition"] for run in runs if "dagster/partition" in run.tags)


def look_at_inbox(instance: dg.DagsterInstance, settings: Settings, pending: dict[str, list[object]]) -> Arrivals:
    """One look: what is new is noted, and so are the partitions that appear and those that are retired.

    Partitions of videos with a run in flight are never retired.
    """
    found = look(
        settings,
        VideoLedger(settings.videos),
        pending=pending,
        in_flight=videos_in_flight(instance),
        present=instance.get_dynamic_partitions(str(VIDEOS.name)),
        now=dt.datetime.now(dt.UTC),
    )
    if found.plan is not None:
        if found.plan.add:
            instance.add_dynamic_partitions(str(VIDEOS.name), list(found.plan.add))
        for key in found.plan.forget:
            instance.delete_dynamic_partition(str(VIDEOS.name), key)
    return found


def main() -> None:
    """Look until nothing grows any more, or a second look has told what still does."""
    settings = Settings()
    with dg.DagsterInstance.get() as instance:
        found = look_at_inbox(instance, settings, {})
        if found.pending:
            time.sleep(settings.settle_s)
            found = look_at_inbox(instance, settings, dict(found.pending))
        while found.left:
            before, found = found, look_at_inbox(instance, settings, dict(found.pending))
            if found.left >= before.left:
                break


if __name__ == "__main__":
    main()
