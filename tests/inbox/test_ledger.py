"""The ledger of files: several processes at once, stale periods, and one inbox per data folder."""

import datetime as dt
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from vitrina.errors import SettingsError, VitrinaError
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.findings import Counts, Example, Findings, Problem
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.messages import message

NOW = dt.datetime(2024, 6, 30, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite")


def entry(delivery=1, path="stores/sales/a.csv", **changes):
    given = {
        "contract": "sales",
        "version": 1,
        "state": State.LOADED,
        "size": 5,
        "modified": "9",
        "fingerprint": "a" * 64,
        "received_at": NOW,
    }
    return Entry("stores", delivery, path, **(given | changes))


def test_an_entry_comes_back_as_it_was_recorded(ledger):
    problem = Problem("date", message("a number"), message("Correct {it}.", it="it"), 3, (Example(2, None), Example(3, "x|y\n", 2)))
    findings = Findings(
        Counts(5, 2, 3), (problem,), (message("note"),), (message("what"), message("to do")), dt.date(2024, 1, 1), None
    )
    recorded = entry(
        path='it\'s\n"odd" — путь.csv',
        rows_read=5,
        rows_loaded=2,
        rows_refused=3,
        unresolved=1,
        message="m",
        findings=findings,
        first_date=dt.date(2024, 1, 1),
        changed_to=dt.date(2024, 2, 1),
        reopened=True,
    )
    ledger.record(recorded)
    assert ledger.latest("stores", recorded.path) == recorded
    assert ledger.without_receipt("stores") == (recorded,)
    ledger.receipt_written(recorded)
    assert ledger.without_receipt("stores") == ()


def test_products_do_not_see_one_another(ledger):
    ledger.record(entry())
    ledger.mark_stale("stores", ["2024-01-01"], NOW)
    assert ledger.next_delivery("stores") == 2
    assert ledger.next_delivery("posts") == 1
    assert ledger.known("posts") == frozenset()
    assert ledger.stale("posts") == []
    assert ledger.deliveries("posts").is_empty()


def test_a_loaded_version_supersedes_the_one_before_and_a_quarantined_one_does_not(ledger):
    ledger.record(entry(1))
    ledger.record(entry(2, version=2, state=State.QUARANTINED))
    assert ledger.loaded("stores", "stores/sales/a.csv").delivery == 1
    ledger.record(entry(3, version=3))
    assert ledger.deliveries("stores").get_column("state").to_list() == ["superseded", "quarantined", "loaded"]


def test_only_files_with_unknown_references_are_reopened(ledger):
    ledger.record(entry(1, "stores/sales/a.csv", unresolved=2, modified="1"))
    ledger.record(entry(2, "stores/sales/b.csv", modified="2"))
    ledger.record(entry(3, "stores/stores.csv", contract="stores", modified="3"), reopens=["sales"])
    assert [found.path for found in ledger.reopened("stores")] == ["stores/sales/a.csv"]
    assert {path for path, _, _ in ledger.known("stores")} == {"stores/sales/b.csv", "stores/stores.csv"}
    assert ledger.reopenings("stores") == 1


def test_the_last_date_is_that_of_loaded_rows(ledger):
    assert ledger.last_date("stores") is None
    ledger.record(entry(1, last_date=dt.date(2025, 1, 1)))
    ledger.record(entry(2, version=2, last_date=dt.date(2024, 5, 1)))
    assert ledger.last_date("stores") == dt.date(2024, 5, 1)


def test_a_period_is_stale_until_a_computation_that_began_after_the_mark(ledger):
    ledger.mark_stale("stores", ["2024-04-01", "2024-01-01"], NOW)
    assert ledger.stale("stores") == [("2024-01-01", NOW), ("2024-04-01", NOW)]
    ledger.clear_stale("stores", ["2024-01-01", "2024-04-01"], marked_before=NOW)
    assert len(ledger.stale("stores")) == 2
    ledger.clear_stale("stores", ["2024-01-01"], marked_before=NOW + SECOND)
    assert ledger.stale("stores") == [("2024-04-01", NOW)]


def test_a_mark_made_during_a_computation_outlives_it(ledger):
    ledger.mark_stale("stores", ["2024-01-01"], NOW)
    started = NOW + SECOND
    ledger.mark_stale("stores", ["2024-01-01"], started + SECOND)
    ledger.clear_stale("stores", ["2024-01-01"], marked_before=started)
    assert ledger.stale("stores") == [("2024-01-01", started + SECOND)]


def test_times_of_any_zone_and_precision_are_compared_as_moments(ledger):
    moscow = dt.timezone(dt.timedelta(hours=3))
    ledger.mark_stale("stores", ["p"], NOW.astimezone(moscow))
    ledger.clear_stale("stores", ["p"], marked_before=NOW + dt.timedelta(microseconds=1))
    assert ledger.stale("stores") == []


def test_another_inbox_is_refused_with_a_remedy_and_accepted_when_it_has_moved(ledger):
    ledger.claim_inbox("/a")
    ledger.claim_inbox("/a")
    with pytest.raises(SettingsError, match="VITRINA_DATA"):
        ledger.claim_inbox("/b")
    ledger.claim_inbox("/b", moved=True)
    with pytest.raises(SettingsError, match="/b"):
        ledger.claim_inbox("/a")


WRITER = """
import sys, datetime as dt
from pathlib import Path
from vitrina.inbox.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
for n in range(25):
    ledger.mark_stale("stores", [f"{sys.argv[2]}-{n}"], dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
"""


@pytest.mark.integration
def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path):
    path = tmp_path / "ledger.sqlite"
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(number)], cwd=root) for number in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(Ledger(path).stale("stores")) == 2 * 25


def test_a_ledger_that_is_no_database_is_told_with_a_remedy(tmp_path):
    (tmp_path / "ledger.sqlite").write_text("not a database, but long enough to look like a file of one" * 10)
    with pytest.raises(VitrinaError, match="What to do"):
        Ledger(tmp_path / "ledger.sqlite").known("stores")


def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SettingsError, match="newer"):
        Ledger(path).known("stores")
