"""A film is dropped into the inbox of a running `make ui`: its numbers are published without a hand."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.retailer import Size
from simulation.shop_inbox import CAMERA, STORE, write_inbox
from tests.support import ROOT, published
from vitrina.publication import current
from vitrina.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("daemon")]

PRODUCT = "sellers"
LONGEST_S = 900


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[tuple[Settings, subprocess.Popen, Path]]:
    """`vitrina ui`, as `make ui` starts it: webserver, daemon and sensors over an empty inbox."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "VITRINA_MODELS": str(ROOT / "simulation" / "weights"),
        "VITRINA_PORT": str(port),
        "VITRINA_UPLOAD_INTERVAL_S": "5",
        "VITRINA_SELLERS_SETTLE_S": "3600",
        "VITRINA_SELLERS_CLIPS": "0",
        "VITRINA_SELLERS_STEP_S": "2",
    }
    command = [Path(sys.executable).with_name("vitrina"), "ui", "--data", tmp_path / "data", "--inbox", inbox]
    log = (tmp_path / "ui.log").open("w", encoding="utf-8")
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=log, stderr=log, start_new_session=True) as process:
        try:
            yield Settings(data=tmp_path / "data", inbox=str(inbox)), process, tmp_path / "ui.log"
        finally:
            # the daemon's runs are programs of their own; all of them are in the session that was started
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
            log.close()


def test_a_film_in_the_inbox_of_a_running_ui_becomes_published_numbers_without_a_hand(ui, tmp_path):
    settings, process, log = ui
    write_inbox(tmp_path / "made", Size.TINY, 5)
    made = tmp_path / "made" / PRODUCT
    film = max((made / "videos" / STORE / CAMERA).glob("2*.mp4"), key=lambda path: path.stat().st_size)
    target = Path(settings.inbox) / PRODUCT / film.relative_to(made)
    target.parent.mkdir(parents=True)
    partial = target.with_suffix(".part")
    shutil.copyfile(film, partial)
    partial.rename(target)
    rows: list[tuple] = []
    deadline = time.monotonic() + LONGEST_S
    while not rows and time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8")
        assert process.poll() is None, said[-3000:]
        assert "RUN_FAILURE - " not in said, said[said.index("RUN_FAILURE - ") :][:3000]
        time.sleep(2)
        if current(settings, PRODUCT) is not None:
            rows = published(settings, "SELECT store_id, customers_present FROM mart_seller_daily WHERE seller_id = ''", PRODUCT)
    assert rows, log.read_text(encoding="utf-8")[-3000:]
    assert rows[0][0] == STORE
    assert rows[0][1] > 0
    seen = published(settings, "SELECT state, video IS NOT NULL FROM video_deliveries", PRODUCT)
    assert seen == [("evaluated", True)]
