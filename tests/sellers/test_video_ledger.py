"""The ledger of videos, and a video's file while it is needed."""

import datetime as dt
from pathlib import Path

import pytest

from vitrina.errors import VitrinaError
from vitrina.sellers.arrivals import look
from vitrina.sellers.sources import VideoGoneError, file_of
from vitrina.sellers.video_ledger import VideoLedger
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
