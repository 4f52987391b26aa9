"""What was shown: written down so that the inbox reads it and uptake counts it, and that no crash loses it."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import polars as pl
import pytest

from serving.marketplace import shown_log
from serving.marketplace.shown_log import ShownList, ShownLog
from tests.marketplace.staged import connected, event
from vitrina.inbox.content import Content
from vitrina.inbox.contract import contract_for
from vitrina.inbox.judging import Delivery, judge_file
from vitrina.inbox.roots import look
from vitrina.inbox.validate import validate_file
from vitrina.marketplace.contracts import CONTRACTS, SHOWN
from vitrina.marketplace.raw_tables import RawEvents
from vitrina.marketplace.showing import FOLDER, HOLDOUT, RECOMMENDED, bucket_of, shown_line
from vitrina.marketplace.staleness import staleness
from vitrina.marketplace.uptake import FOLLOWED, uptake
from vitrina.marketplace.uptake import HOLDOUT as AGAINST_HOLDOUT
from vitrina.pseudonyms import pseudonym
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate, replace

KEY = b"0123456789abcdef"
NOW = dt.datetime(2026, 7, 2, 12, tzinfo=dt.UTC)
ANN, BOB = (pseudonym(user, KEY) for user in ("ann", "bob"))
HOURS = 3600.0
WAIT_S = 30


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", _env_file=None)


@pytest.fixture
def folder(settings):
    return settings.decisions_folder / "marketplace" / FOLDER


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def seen_by_the_inbox(settings):
    (settings.data / "inbox" / "marketplace").mkdir(parents=True, exist_ok=True)
    listing = look("marketplace", CONTRACTS, settings)
    assert (listing.unexpected, listing.outside) == ((), ())
    return [(file.path, file.contract, file.is_ours) for file in listing.files]


def test_a_file_is_read_by_the_contract_and_uptake_counts_what_users_did(settings, folder):
    log = ShownLog(folder, HOURS)
    for user, bucket, items in ((ANN, RECOMMENDED, ["1", 'two, "quoted"']), (BOB, HOLDOUT, ["1", "3"]), (ANN, RECOMMENDED, ["4"])):
        log.add(user, bucket, "20260701T000000000000Z", items)
    log.write()
    path = log.close()
    today = dt.datetime.now(dt.UTC).date()
    assert contract_for(f"{FOLDER}/{path.name}", CONTRACTS) is SHOWN
    verdict = validate_file(path, CONTRACTS, today=today)
    assert verdict.accepted, verdict.text()
    assert verdict.contract is SHOWN
    judged = judge_file(Content.in_memory(path.read_bytes()), SHOWN, Delivery(str(path), 1), today=today, references={}, key=KEY)
    assert judged.rows.get_column("user_hash").to_list() == [ANN, BOB, ANN]
    with connected(shown=judged.rows.to_dicts()) as connection:
        shown = connection.execute("SELECT * FROM stg_shown").pl()
    assert sorted(shown.select("user_hash", "item_id", "place").rows()) == sorted(
        [(ANN, "1", 1), (ANN, 'two, "quoted"', 2), (BOB, "1", 1), (BOB, "3", 2), (ANN, "4", 1)]
    )
    done = [
        event(
            "[4]", at=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5), user=ANN, kind="purchase", prices="[500]", quantities="[1]"
        )
    ]
    with connected(done) as connection:
        events = connection.execute("SELECT * FROM stg_events").pl()
    found = {
        row["measure"]: (row["value"], row["other"])
        for row in uptake(shown, events, seed=1).filter(pl.col("compared") == AGAINST_HOLDOUT).iter_rows(named=True)
    }
    assert found[FOLLOWED.format(hours=24)] == (1.0, 0.0)


def test_nothing_is_seen_by_the_inbox_before_it_is_closed(settings, folder):
    log = ShownLog(folder, HOURS)
    log.add(ANN, RECOMMENDED, "v", ["1"])
    log.write()
    assert len([path for path in folder.iterdir() if path.name.endswith(".part")]) == 1
    assert seen_by_the_inbox(settings) == []
    path = log.close()
    assert seen_by_the_inbox(settings) == [(f"marketplace/{FOLDER}/{path.name}", "shown", True)]
    assert list(folder.iterdir()) == [path]


def test_where_nothing_was_shown_there_is_no_file(folder):
    log = ShownLog(folder, HOURS)
    log.start()
    log.write()
    assert log.close() is None
    log.stop()
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_running_log_writes_every_second_and_closes_when_it_is_told_to_stop(folder):
    log = ShownLog(folder, HOURS)
    log.start()
    log.add(ANN, RECOMMENDED, "v", ["1"])
    deadline = time.monotonic() + WAIT_S
    while not (open_files := list(folder.glob(".*.part"))) or not open_files[0].read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    log.add(BOB, HOLDOUT, "v", ["2"])
    log.stop()
    (path,) = folder.iterdir()
    assert [line["items"] for line in lines(path)] == [["1"], ["2"]]


def test_a_file_is_closed_when_its_time_has_come_and_the_next_list_begins_another(folder, monkeypatch):
    monkeypatch.setattr(shown_log, "WRITE_S", 0.02)
    log = ShownLog(folder, 0.1)
    log.start()
    for number in (1, 2):
        log.add(ANN, RECOMMENDED, "v", [str(number)])
        deadline = time.monotonic() + WAIT_S
        while len([path for path in folder.glob("*.jsonl") if not path.name.startswith(".")]) < number:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    log.stop()
    assert sorted(line["items"] for path in folder.glob("2*.jsonl") for line in lines(path)) == [["1"], ["2"]]


def test_a_full_file_is_closed_whatever_its_age(folder, monkeypatch):
    monkeypatch.setattr(shown_log, "WRITE_S", 0.02)
    monkeypatch.setattr(shown_log, "MOST_ROWS", 3)
    log = ShownLog(folder, HOURS)
    log.start()
    for number in range(3):
        log.add(ANN, RECOMMENDED, "v", [str(number)])
    deadline = time.monotonic() + WAIT_S
    while not list(folder.glob("2*.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    log.stop()


KILLED = """
import sys, time
from pathlib import Path
from serving.marketplace.shown_log import ShownLog
log = ShownLog(Path(sys.argv[1]), 3600.0)
for number in range(1000):
    log.add("0" * 24, "recommended", "v", [str(number)])
log.write()
print("written", flush=True)
time.sleep(600)
"""


def test_what_a_killed_process_has_written_is_closed_by_the_next_and_not_before_it_is_dead(settings, folder):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True)  # our own text
    try:
        assert process.stdout.readline() == "written\n"
        other = ShownLog(folder, HOURS)
        assert other.close_leftovers() == ()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(WAIT_S)
        (left,) = folder.glob(".*.part")
        with left.open("ab") as file:
            # cut off by the end of the process
            file.write(b'{"user_id":"pseudonym:00')
        (closed,) = other.close_leftovers()
    finally:
        process.kill()
        process.wait(WAIT_S)
        process.stdout.close()
    assert [line["items"] for line in lines(closed)] == [[str(number)] for number in range(1000)]
    assert validate_file(closed, CONTRACTS, today=dt.datetime.now(dt.UTC).date()).accepted
    assert len(seen_by_the_inbox(settings)) == 1
    assert list(folder.iterdir()) == [closed]
    assert other.close_leftovers() == ()


def test_a_leftover_without_a_whole_line_is_thrown_away(folder):
    folder.mkdir(parents=True)
    (folder / ".20260702T120000000000Z-00.jsonl.part").write_bytes(b'{"user_id"')
    assert ShownLog(folder, HOURS).close_leftovers() == ()
    assert list(folder.iterdir()) == []


def test_what_cannot_be_written_waits_and_comes_whole_and_once(folder, monkeypatch):
    folder.parent.mkdir(parents=True)
    folder.touch()
    log = ShownLog(folder, HOURS)
    log.add(ANN, RECOMMENDED, "v", ["1"])
    for _ in range(2):
        with pytest.raises(OSError, match=FOLDER.rpartition("/")[2]):
            log.write()
    folder.unlink()
    log.write()
    # the disk takes a part of the next lines, and no more
    real = log._file._file
    taken = SimpleNamespace(n=0)

    def full(data):
        taken.n += real.write(data[:40])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log._file, "_file", SimpleNamespace(write=full, truncate=real.truncate, seek=real.seek))
    log.add(BOB, HOLDOUT, "v", ["2"])
    with pytest.raises(OSError, match="No space"):
        log.write()
    assert taken.n == 40
    monkeypatch.setattr(log._file, "_file", real)
    log.add(ANN, RECOMMENDED, "v", ["3"])
    log.write()
    assert [line["items"] for line in lines(log.close())] == [["1"], ["2"], ["3"]]


def test_where_the_disk_takes_nothing_for_long_the_oldest_lists_are_kept_and_the_log_counts_the_others(folder, monkeypatch, capsys):
    monkeypatch.setattr(shown_log, "MOST_WAITING", 5)
    log = ShownLog(folder, HOURS)
    for number in range(8):
        log.add(ANN, RECOMMENDED, "v", [str(number)])
    log.write()
    assert [line["items"] for line in lines(log.close())] == [[str(number)] for number in range(5)]
    said = "".join(capsys.readouterr())
    assert "shown_lists_lost" in said
    assert "3" in said


def test_no_two_lists_of_a_process_have_the_same_moment(folder):
    log = ShownLog(folder, HOURS)
    for _ in range(500):
        log.add(ANN, RECOMMENDED, "v", ["1"])
    log.write()
    moments = [line["shown_at"] for line in lines(log.close())]
    assert moments == sorted(set(moments))


def test_a_line_holds_a_pseudonym_and_the_moment_in_utc():
    at = dt.datetime(2026, 7, 2, 15, 0, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=3)))
    assert json.loads(shown_line(ANN, at, HOLDOUT, "v", ("1", "ё"))) == {
        "user_id": f"pseudonym:{ANN}", "shown_at": "2026-07-02T12:00:00.000001Z", "bucket": "holdout", "version": "v", "items": ["1", "ё"],
    }  # fmt: skip
    assert ShownList._fields == ("user_hash", "shown_at", "bucket", "version", "items")


def test_chance_puts_the_asked_share_into_the_hold_out_and_a_larger_one_keeps_them_there():
    users = [pseudonym(str(number), KEY) for number in range(4000)]
    held = [{user for user in users if bucket_of(user, share) == HOLDOUT} for share in (0.0, 0.1, 0.3, 1.0)]
    assert [len(one) for one in held[::3]] == [0, 4000]
    assert 320 < len(held[1]) < 480
    assert 1080 < len(held[2]) < 1320
    assert held[1] < held[2]


def test_what_we_have_shown_makes_no_list_stale_and_what_others_deliver_does(settings):
    warehouse = Warehouse(locate(settings, "marketplace"), 10)
    with warehouse.write() as connection:
        replace(connection, RawEvents, pl.DataFrame([event() | {"delivery": 1}], schema=RawEvents.polars_schema()))
    ours, theirs = (SimpleNamespace(path=f"marketplace/{path}") for path in (f"{FOLDER}/a.jsonl", "shown/a.jsonl"))

    def stale(*entries):
        return staleness(entries, warehouse, settings, NOW.date()).stale

    assert stale() == stale(ours) == stale(ours, ours) == ()
    assert stale(theirs) == stale(ours, theirs) == ("whole",)
    assert staleness([ours], warehouse, settings, NOW.date()).computable == ("whole",)
