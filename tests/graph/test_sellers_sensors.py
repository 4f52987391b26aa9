"""Sensors of videos, tick by tick, without a daemon."""

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from resources.partitions import VIDEOS
from vitrina.inbox.ledger import Ledger
from vitrina.sellers.arrivals import look
from vitrina.sellers.video_ledger import VideoLedger

NOW = dt.datetime.now(dt.UTC)
OLD, YOUNG, KEPT = (f"videos/shop-1/hall/2026101{day}T060000Z.mp4" for day in range(3))


def arrive(place, name: str, at: dt.datetime) -> str:
    """Evaluate a video that became known at a time, and mark it stale; returns its key."""
    path = Path(str(place.settings.inbox_folder)) / "sellers" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode())
    ledger, pending = VideoLedger(place.settings.videos), {}
    for _ in range(2):
        pending = look(place.settings, ledger, pending=pending, in_flight=(), present=(), now=at).pending
    (record,) = ledger.waiting()
    ledger.conclude(record.video, readable=True)
    Ledger(place.settings.ledger).mark_stale("sellers", [record.video], NOW - dt.timedelta(hours=1))
    return record.video


@pytest.mark.integration
def test_a_retired_video_among_stale_ones_holds_up_no_other(place):
    old = arrive(place, OLD, NOW - dt.timedelta(days=31))
    young, kept = (arrive(place, name, NOW - dt.timedelta(days=1)) for name in (YOUNG, KEPT))
    place.instance.add_dynamic_partitions(str(VIDEOS.name), [kept])
    definitions = place.definitions()
    sensor, resources = definitions.resolve_sensor_def("sellers_stale_videos"), {"inbox": definitions.resources["inbox"]}
    with dg.build_sensor_context(instance=place.instance, resources=resources, definitions=definitions) as context:
        found = sensor(context)
    assert [request.partition_key for request in found.run_requests] == [kept]
    # a partition that is only missing comes back with the next look, and the video is asked for then
    assert {key for key, _ in Ledger(place.settings.ledger).stale("sellers")} == {young, kept}
    assert old not in {young, kept}
