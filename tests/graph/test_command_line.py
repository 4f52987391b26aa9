"""`vitrina …` as people run it: in processes of its own, and killed in the middle."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from simulation.retailer import Size
from simulation.stores_inbox import write_inbox
from tests.support import ROOT, published, python
from vitrina.cli.launch import environment
from vitrina.inbox.ledger import Ledger
from vitrina.publication import current
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def vitrina(*arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "vitrina", *arguments, timeout=500)


def test_a_run_killed_in_the_middle_is_finished_by_the_next_one(tmp_path):
    settings = Settings(data=tmp_path / "data", inbox=str(tmp_path / "inbox"))
    write_inbox(tmp_path / "inbox", Size.TINY, 1)
    options = ["--product", "stores", "--data", str(settings.data), "--inbox", str(settings.inbox_folder)]
    log = settings.data / "logs" / "stores_refresh.log"
    command = [sys.executable, "-m", "vitrina", "run", *options]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(settings), start_new_session=True, stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 200
        while not (log.exists() and "stores_staging - STEP_START" in log.read_text(encoding="utf-8")):
            assert time.monotonic() < deadline, "the run has not begun"
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
    assert current(settings, "stores") is None
    assert Ledger(settings.ledger).stale("stores") != []
    again = vitrina("run", "--product", "stores", "--data", str(settings.data))
    assert again.returncode == 0, "the data folder remembers its inbox" + again.stdout + again.stderr
    assert "What to open" in again.stdout
    assert Ledger(settings.ledger).stale("stores") == []
    assert published(settings, "SELECT count(DISTINCT quarter) FROM cluster_assignments")[0][0] >= 2

    other = vitrina("run", "--data", str(settings.data), "--inbox", str(tmp_path))
    assert other.returncode == 1
    assert "--moved-inbox" in (other.stdout + other.stderr)


def test_a_file_is_validated_before_delivery(tmp_path):
    good = tmp_path / "stores.csv"
    good.write_text("store_id,name,format\n1,One,hypermarket\n", encoding="utf-8")
    assert vitrina("validate", str(good)).returncode == 0
    bad = tmp_path / "sales.csv"
    bad.write_text("store_id;date;revenue\n1;31.02.2026;10,5\n", encoding="cp1251")
    verdict = vitrina("validate", str(bad), "--contract", "sales", "--language", "ru")
    assert verdict.returncode == 1
    assert "31.02.2026" in verdict.stdout


def test_an_error_meant_for_people_is_printed_as_such(tmp_path):
    answer = vitrina("rollback", "stores", "--data", str(tmp_path))
    assert answer.returncode == 1
    assert "What to do:" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.real_data
def test_real_stores_give_features_clusters_reports_and_marts(real_data: Path, tmp_path):
    settings = Settings(data=tmp_path / "data", inbox=str(real_data))
    run = vitrina("run", "--product", "stores", "--data", str(settings.data), "--inbox", str(real_data))
    assert run.returncode == 0, run.stdout + run.stderr
    delivered = published(
        settings, "SELECT sum(rows_read), sum(rows_loaded), sum(rows_refused) FROM deliveries WHERE contract = 'sales'"
    )[0]
    assert delivered == (173_528, 173_528 - 201, 201)
    with Warehouse(locate(settings, "stores")).read() as connection:
        assert connection.execute("SELECT count(DISTINCT value) FROM refused_rows WHERE column_name = 'store_id'").fetchall() == [
            (7,)
        ]
        assert connection.execute("SELECT count(*) FROM stg_stores WHERE format = 'hypermarket'").fetchall() == [(328,)]
    hypermarkets = published(settings, "SELECT count(DISTINCT store_id) FROM mart_cluster_members")[0][0]
    assert hypermarkets == 327, "one of the 328 has sales only in the quarter that is not complete"
    quarters = published(settings, "SELECT count(DISTINCT quarter), max(quarter) FROM store_features")[0]
    assert quarters == (15, dt.date(2022, 7, 1)), "October 2022 alone is not a quarter"
    reports = published(settings, "SELECT path FROM cluster_report")
    assert len(reports) == 2 * 15
    assert all((settings.data / path).exists() for (path,) in reports)
    with duckdb.connect(str(settings.published / "stores.duckdb"), read_only=True) as analyst:
        assert analyst.execute("SELECT count(*) FROM mart_cluster_profile").fetchall()[0][0] > 0
