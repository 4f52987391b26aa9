"""`vitrina run` with videos: what is told, and what it ends with."""

import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vitrina.cli import launch, sellers
from vitrina.cli.app import app
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.staleness import WHOLE
from vitrina.sellers.arrivals import look
from vitrina.sellers.tables import SELLERS
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder with two videos that nobody has looked at."""
    made = Settings(data=tmp_path / "data", inbox=str(tmp_path / "inbox"), sellers_settle_s=0.0)
    for hour in (6, 8):
        path = tmp_path / "inbox" / SELLERS / "videos/shop-1/hall" / f"20261014T{hour:02}0000Z.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % hour)
    look(
        made, VideoLedger(made.videos), pending={}, in_flight=(), present=(), now=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    )
    return made


@pytest.fixture
def jobs(monkeypatch, settings):
    """Jobs that were executed, with the video each was for; the first video's run fails."""
    done: list[tuple[str, str | None]] = []
    first = VideoLedger(settings.videos).waiting()[0].video

    def execute(_settings, job, *, tags=None):
        video = (tags or {}).get(sellers.PARTITION_TAG)
        done.append((job, video))
        if video == first:
            raise launch.RunFailedError("the picture fell off the wall", "Hang it up.")

    monkeypatch.setattr(launch, "execute_job", execute)
    monkeypatch.setattr(launch, "run_module", lambda *_, **__: None)
    return done


def run(settings):
    return CliRunner().invoke(app, ["run", "--product", SELLERS, "--data", str(settings.data), "--inbox", settings.inbox])


def test_a_video_that_fails_holds_up_no_other_and_its_days_are_still_computed(settings, jobs, capsys):
    assert sellers.evaluate_videos(settings) == 1
    assert [job for job, _ in jobs] == ["sellers_video", "sellers_video"]
    assert "the picture fell off the wall" in capsys.readouterr().out
    assert WHOLE in [period for period, _ in Ledger(settings.ledger).stale(SELLERS)]


def test_a_run_with_a_video_that_failed_publishes_the_others_and_ends_with_an_error(settings, jobs):
    result = run(settings)
    assert isinstance(result.exception, launch.RunFailedError)
    assert "1 video(s) could not be evaluated" in result.exception.problem
    assert "sellers_refresh" in [job for job, _ in jobs]


def test_a_run_without_new_videos_ends_well(settings, jobs):
    for record in VideoLedger(settings.videos).waiting():
        VideoLedger(settings.videos).conclude(record.video, readable=True)
    assert run(settings).exit_code == 0
    assert [job for job, _ in jobs] == ["sellers_ingest"]
