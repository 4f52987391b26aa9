"""The ledger of videos, and a video's file while it is needed."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from vitrina.errors import VitrinaError
from vitrina.sellers import arrivals
from vitrina.sellers.arrivals import look
from vitrina.sellers.sources import VideoGoneError, file_of
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.sellers.video_listing import identify
from vitrina.settings import Settings

NOW = dt.datetime(2026, 10, 14, 12, tzinfo=dt.UTC)
NAME = "videos/shop-1/hall/20261014T060000Z.mp4"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data", inbox=str(tmp_path / "inbox"), sellers_settle_s=0.0)
    put(made, NAME, b"one")
    return made


def put(settings: Settings, name: str, content: bytes) -> Path:
    path = Path(str(settings.inbox_folder)) / "sellers" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def once(settings: Settings, *, in_flight=(), now: dt.datetime = NOW):
    """One look, with files that are old enough; returns ledger and plan."""
    ledger = VideoLedger(settings.videos)
    later = max(now, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1))
    return ledger, look(settings, ledger, pending={}, in_flight=in_flight, present=(), now=later).plan


def test_a_new_video_is_announced_and_found_by_its_key(settings):
    ledger, plan = once(settings)
    (record,) = ledger.waiting()
    assert plan.add == (record.video,)
    assert ledger.find(record.video) == record
    assert (record.store_id, record.camera_id, record.started_at) == ("shop-1", "hall", dt.datetime(2026, 10, 14, 6, tzinfo=dt.UTC))


def test_a_video_that_was_asked_for_again_does_not_become_younger(settings):
    ledger, _ = once(settings)
    (first,) = ledger.waiting()
    once(settings, now=NOW + dt.timedelta(days=400))
    assert ledger.waiting()[0].recorded_at == first.recorded_at


def test_earlier_content_that_comes_back_is_as_young_as_its_return(settings):
    for day, content in enumerate((b"one", b"two", b"one")):
        put(settings, NAME, content)
        ledger, _ = once(settings, now=dt.datetime.now(dt.UTC) + dt.timedelta(days=400 + day))
        newest = ledger.waiting()[-1]
        ledger.conclude(newest.video, readable=True)
    versions = ledger.deliveries(None).sort("version")
    assert versions["version"].to_list() == [1, 2, 3]
    assert versions["recorded_at"].is_sorted()
    assert versions["recorded_at"].n_unique() == 3


def test_files_that_cannot_be_read_are_told_and_hold_up_no_other(settings, monkeypatch):
    others = [
        f"videos/shop-1/a/20261014T06{number // 60:02}{number % 60:02}Z.mp4" for number in range(2 * arrivals.MOST_IDENTIFIED)
    ]
    for name in others:
        put(settings, name, name.encode())
    read = []

    def identified(root, found):
        read.append(found.path)
        if found.path in others:
            raise PermissionError(13, "Permission denied")
        return identify(root, found)

    monkeypatch.setattr(arrivals, "identify", identified)
    looks = [once(settings) for _ in range(4)]
    ledger, plan = looks[-1]
    assert [record.path for record in ledger.waiting()] == [NAME]
    assert {refused.path for refused in plan.refused} < set(others)
    told = ledger.deliveries(None).filter(pl.col("state") == "refused")
    assert set(told["path"]) == set(others)
    assert told["reason"].str.contains("Permission denied").all()
    # what waits for its run is not read again
    assert read.count(NAME) == 1


def test_more_files_than_one_look_reads_are_left_to_the_next(settings):
    for number in range(arrivals.MOST_IDENTIFIED + 5):
        put(settings, f"videos/shop-1/a/20261014T06{number // 60:02}{number % 60:02}Z.mp4", str(number).encode())
    later, ledger = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1), VideoLedger(settings.videos)
    left = [look(settings, ledger, pending={}, in_flight=(), present=(), now=later).left for _ in range(3)]
    assert left == [6, 0, 0]
    assert len(ledger.waiting()) == arrivals.MOST_IDENTIFIED + 6


def test_what_was_evaluated_is_not_asked_for_again(settings):
    ledger, _ = once(settings)
    ledger.conclude(ledger.waiting()[0].video, readable=True, duration_s=60.0)
    _, plan = once(settings)
    assert plan.run == ()
    assert ledger.known()[0].duration_s == 60.0


def test_a_copy_under_another_name_and_a_name_that_says_nothing_are_told_and_not_run(settings):
    ledger, _ = once(settings)
    ledger.conclude(ledger.waiting()[0].video, readable=True)
    put(settings, "videos/shop-1/till/20261014T060000Z.mp4", b"one")
    put(settings, "videos/shop-1/hall/новая.mp4", b"two")
    _, plan = once(settings)
    assert plan.run == ()
    deliveries = ledger.deliveries(dt.timedelta(days=3))
    assert sorted(deliveries["state"]) == ["duplicate", "evaluated", "refused"]
    assert deliveries.filter(deliveries["state"] == "duplicate")["same_as"].to_list() == [NAME]


def test_files_that_were_refused_and_are_gone_are_told_no_longer(settings):
    wrong = put(settings, "videos/shop-1/hall/новая.mp4", b"two")
    ledger, _ = once(settings)
    assert "refused" in ledger.deliveries(None)["state"].to_list()
    wrong.unlink()
    once(settings)
    assert "refused" not in ledger.deliveries(None)["state"].to_list()


def test_an_outage_changes_nothing(settings, tmp_path):
    ledger, _ = once(settings)
    before = ledger.deliveries(None)
    (tmp_path / "inbox").rename(tmp_path / "away")
    _, plan = once(settings)
    assert plan is None
    assert ledger.deliveries(None).equals(before)


def test_a_key_that_nobody_knows_is_refused(settings):
    ledger, _ = once(settings)
    with pytest.raises(VitrinaError, match="No video has the key"):
        ledger.find("shop-1|hall|20261014T060000Z|00000000")


def test_the_file_is_had_while_it_is_there_and_told_once_it_is_gone(settings):
    ledger, _ = once(settings)
    (record,) = ledger.waiting()
    with file_of(record, settings) as path:
        assert path.read_bytes() == b"one"
    path.unlink()
    with pytest.raises(VideoGoneError, match="no longer in the inbox"), file_of(record, settings):
        pytest.fail("there is no such file")


def test_a_name_with_other_content_is_not_the_video(settings):
    ledger, _ = once(settings)
    (record,) = ledger.waiting()
    put(settings, NAME, b"two")
    with pytest.raises(VideoGoneError, match="other content"), file_of(record, settings):
        pytest.fail("this is another film")


def test_an_expired_video_says_when_it_was_deleted_and_can_be_put_back(settings):
    ledger, _ = once(settings)
    (record,) = ledger.waiting()
    ledger.conclude(record.video, readable=True)
    path = put(settings, NAME, b"one")
    path.unlink()
    ledger.expired(record.path, record.version, NOW)
    expired = ledger.find(record.video)
    with pytest.raises(VideoGoneError, match="was deleted on 2026-10-14"), file_of(expired, settings):
        pytest.fail("it is gone")
    put(settings, NAME, b"one")
    with file_of(expired, settings) as back:
        assert back.read_bytes() == b"one"
    ledger.conclude(record.video, readable=True)
    assert ledger.find(record.video).state == "expired"
