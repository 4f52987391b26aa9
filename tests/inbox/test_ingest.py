"""From the inbox to the raw tables: versions, duplicates, reopened files, and crashes between any two steps."""

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock
from upath import UPath

import vitrina.inbox.ingest as ingest_module
from vitrina.errors import SettingsError, WarehouseBusyError
from vitrina.inbox.difference import difference, list_inbox
from vitrina.inbox.tables import Deliveries
from vitrina.stores.contracts import CONTRACTS
from vitrina.stores.tables import RawGeo, StoresRefusedRows

STORES = "store_id,name,format\n00123,Lenina 5,Hypermarket\n7,Mira 1,express\n"
SALES = "store_id,date,revenue\n00123,2024-01-31,100.50\n7,2024-02-29,20\n"


class Stopped(BaseException):
    """Stands for a kill: nothing of ours may catch it."""


def states(bench):
    return bench.deliveries.select("source_file", "version", "state").rows()


def content(bench):
    """Everything that is loaded, without the numbers of deliveries."""
    return [
        frame.drop("delivery").sort("source_file", "source_row") for frame in (bench.stores, bench.sales, bench.geo, bench.refused)
    ]


def test_a_delivery_is_loaded_with_its_file_and_row(stocked):
    assert stocked.stores.select("source_file", "source_row", "store_id", "name", "format").rows() == [
        ("stores/stores.csv", 2, "00123", "Lenina 5", "hypermarket"),
        ("stores/stores.csv", 3, "7", "Mira 1", "express"),
    ]
    assert stocked.sales.select("store_id", "date", "revenue_minor", "delivery").rows() == [
        ("00123", dt.date(2024, 1, 31), 10050, 2),
        ("7", dt.date(2024, 2, 29), 2000, 2),
    ]


def test_tables_that_no_file_fills_exist_and_are_empty(stocked):
    assert stocked.geo.equals(RawGeo.empty())
    assert stocked.refused.equals(StoresRefusedRows.empty())


def test_ingesting_again_does_nothing(stocked):
    before = content(stocked), stocked.deliveries
    outcome = stocked.ingest()
    assert not outcome.deliveries
    assert not outcome.unchanged
    assert all(was.equals(now) for was, now in zip(before[0], content(stocked), strict=True))
    assert stocked.deliveries.equals(before[1])


def test_masters_are_read_before_what_refers_to_them_whatever_came_first(bench):
    bench.deliver("sales/first.csv", SALES)
    bench.deliver("stores.csv", STORES)
    assert [entry.path for entry in bench.ingest().deliveries] == ["stores/stores.csv", "stores/sales/first.csv"]
    assert bench.sales.height == 2


def test_of_two_files_the_older_is_delivered_first(bench):
    bench.deliver("stores.csv", STORES)
    bench.deliver("sales/z.csv", SALES)
    bench.deliver("sales/a.csv", SALES + "7,2024-03-01,1\n")
    assert [entry.path for entry in bench.ingest().deliveries][1:] == ["stores/sales/z.csv", "stores/sales/a.csv"]


def test_a_new_version_replaces_the_rows_of_its_name_and_says_what_it_changed(stocked):
    stocked.deliver("sales/first.csv", "store_id,date,revenue\n7,2024-03-05,1\n")
    (entry,) = stocked.ingest().deliveries
    assert stocked.sales.select("date", "revenue_minor").rows() == [(dt.date(2024, 3, 5), 100)]
    assert (entry.version, entry.first_date, entry.last_date) == (2, dt.date(2024, 3, 5), dt.date(2024, 3, 5))
    assert (entry.changed_from, entry.changed_to) == (dt.date(2024, 1, 31), dt.date(2024, 3, 5))
    assert states(stocked)[1:] == [("stores/sales/first.csv", 1, "superseded"), ("stores/sales/first.csv", 2, "loaded")]


def test_refused_rows_of_a_corrected_file_are_gone(stocked):
    stocked.deliver("sales/first.csv", SALES + "7,bad,1\n")
    stocked.ingest()
    assert stocked.refused.height == 1
    stocked.deliver("sales/first.csv", SALES)
    stocked.ingest()
    assert stocked.refused.is_empty()


def test_a_file_put_back_as_it_was_is_a_new_version(stocked):
    path = stocked.folder / "inbox/stores/sales/first.csv"
    old = path.stat()
    stocked.deliver("sales/first.csv", "store_id,date,revenue\n7,2024-03-05,1\n")
    stocked.ingest()
    path.write_text(SALES)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    (entry,) = stocked.ingest().deliveries
    assert (entry.version, entry.state, stocked.sales.height) == (3, "loaded", 2)


def test_the_same_content_under_another_name_is_a_duplicate(stocked):
    before = content(stocked)
    stocked.deliver("sales/copy.csv", SALES)
    (entry,) = stocked.ingest().deliveries
    assert entry.state == "duplicate"
    assert "stores/sales/first.csv" in entry.message
    assert all(was.equals(now) for was, now in zip(before, content(stocked), strict=True))
    assert "already known under another name" in stocked.receipts()[-1]
    assert not stocked.ingest().deliveries


def test_two_new_files_with_the_same_content_are_loaded_once(bench):
    bench.deliver("stores.csv", STORES)
    bench.deliver("sales/a.csv", SALES)
    bench.deliver("sales/b.csv", SALES)
    assert [entry.state for entry in bench.ingest().deliveries] == ["loaded", "loaded", "duplicate"]
    assert bench.sales.height == 2


def test_content_whose_original_was_superseded_is_loaded(stocked):
    stocked.deliver("sales/first.csv", "store_id,date,revenue\n7,2024-03-05,1\n")
    stocked.ingest()
    stocked.deliver("sales/again.csv", SALES)
    (entry,) = stocked.ingest().deliveries
    assert entry.state == "loaded"
    assert stocked.sales.height == 3


def test_the_same_content_under_another_contract_is_no_duplicate(stocked):
    text = "store_id,name,format\n9,1,2\n"
    stocked.deliver("stores.csv", text)
    stocked.deliver("geo.csv", text)
    assert [entry.state for entry in stocked.ingest().deliveries] == ["loaded", "loaded"]
    assert stocked.geo.select("geo_name", "geo_format").rows() == [(1.0, 2.0)]


def test_the_same_content_with_a_new_date_is_remembered_and_not_read_again(stocked):
    stocked.deliver("sales/first.csv", SALES)
    outcome = stocked.ingest()
    assert (outcome.deliveries, outcome.unchanged) == ((), ("stores/sales/first.csv",))
    assert stocked.ingest().unchanged == ()


def test_a_later_delivery_under_another_name_stands_beside_the_first_with_a_higher_number(stocked):
    stocked.deliver("sales/correction.csv", "store_id,date,revenue\n7,2024-02-29,25\n")
    stocked.ingest()
    rows = stocked.sales.filter(store_id="7").select("revenue_minor", "delivery").sort("delivery").rows()
    assert rows == [(2000, 2), (2500, 3)]


def test_a_file_that_is_gone_deletes_nothing(stocked):
    before = content(stocked)
    (stocked.folder / "inbox/stores/sales/first.csv").unlink()
    assert not stocked.ingest().deliveries
    assert all(was.equals(now) for was, now in zip(before, content(stocked), strict=True))


def test_a_file_that_grows_between_two_looks_is_left_for_later(stocked, monkeypatch):
    path = stocked.deliver("sales/new.csv", "store_id,date,revenue\n7,2024-03-01,1\n")

    def grow(_seconds):
        with path.open("a") as file:
            file.write("7,2024-03-02,2\n")

    monkeypatch.setattr("vitrina.inbox.ingest.time.sleep", grow)
    outcome = stocked.ingest()
    assert (outcome.deliveries, outcome.still_growing) == ((), ("stores/sales/new.csv",))
    monkeypatch.setattr("vitrina.inbox.ingest.time.sleep", lambda _seconds: None)
    (entry,) = stocked.ingest().deliveries
    assert entry.rows_loaded == 2


def test_a_file_that_grows_after_it_was_listed_is_left_for_later(stocked, monkeypatch):
    path = stocked.deliver("sales/new.csv", "store_id,date,revenue\n7,2024-03-01,1\n")
    listing = list_inbox(stocked.settings.inbox_folder / "stores", CONTRACTS)
    monkeypatch.setattr("vitrina.inbox.ingest.look", lambda *_: listing)
    path.write_text(path.read_text() + "7,2024-03-02,2\n")
    outcome = stocked.ingest(files=["stores/sales/new.csv"])
    assert (outcome.deliveries, outcome.still_growing) == ((), ("stores/sales/new.csv",))


def test_a_file_that_cannot_be_opened_holds_up_no_other(stocked, monkeypatch):
    locked = stocked.deliver("sales/a.csv", "store_id,date,revenue\n7,2024-03-01,1\n")
    stocked.deliver("sales/b.csv", "store_id,date,revenue\n7,2024-03-02,1\n")
    opened = ingest_module.open_found

    def refuse(found, settings):
        if found.path.endswith(locked.name):
            raise PermissionError(13, "Permission denied", found.path)
        return opened(found, settings)

    monkeypatch.setattr(ingest_module, "open_found", refuse)
    outcome = stocked.ingest()
    assert [entry.path for entry in outcome.deliveries] == ["stores/sales/b.csv"]
    assert [path for path, _ in outcome.out_of_reach] == ["stores/sales/a.csv"]
    monkeypatch.undo()
    assert [entry.path for entry in stocked.ingest().deliveries] == ["stores/sales/a.csv"]


def test_an_inbox_that_cannot_be_listed_changes_nothing(stocked):
    before = content(stocked), stocked.deliveries
    inbox = stocked.folder / "inbox"
    inbox.rename(stocked.folder / "elsewhere")
    outcome = stocked.ingest()
    assert (outcome.listed, outcome.deliveries) == (False, ())
    (stocked.folder / "elsewhere").rename(inbox)
    assert all(was.equals(now) for was, now in zip(before[0], content(stocked), strict=True))
    assert stocked.deliveries.equals(before[1])


def test_only_the_files_that_were_asked_for_are_read(stocked):
    stocked.deliver("sales/a.csv", "store_id,date,revenue\n7,2024-03-01,1\n")
    stocked.deliver("sales/b.csv", "store_id,date,revenue\n7,2024-03-02,1\n")
    assert [entry.path for entry in stocked.ingest(files=["stores/sales/b.csv"]).deliveries] == ["stores/sales/b.csv"]
    assert stocked.ingest(files=["stores/sales/gone.csv"]).still_growing == ("stores/sales/gone.csv",)


def test_what_no_contract_knows_is_reported(stocked):
    stocked.deliver("notes.docx", "x")
    assert stocked.ingest().unexpected == ("stores/notes.docx",)


def test_rows_of_unknown_stores_are_read_again_when_the_stores_arrive(bench):
    bench.deliver("sales/first.csv", SALES)
    (entry,) = bench.ingest().deliveries
    assert (entry.rows_loaded, entry.unresolved) == (0, 2)
    bench.deliver("stores.csv", STORES)
    outcome = bench.ingest()
    assert [(entry.path, entry.delivery, entry.version, entry.rows_loaded) for entry in outcome.deliveries] == [
        ("stores/stores.csv", 2, 1, 2),
        ("stores/sales/first.csv", 1, 1, 2),
    ]
    assert bench.sales.height == 2
    assert bench.refused.is_empty()
    assert outcome.deliveries[1].changed_from == dt.date(2024, 1, 31)
    assert not bench.ingest().deliveries


def test_a_file_that_is_read_again_does_not_win_over_a_later_correction(stocked):
    stocked.deliver("sales/old.csv", "store_id,date,revenue\n7,2024-03-01,1\n8,2024-03-01,1\n")
    stocked.deliver("sales/correction.csv", "store_id,date,revenue\n7,2024-03-01,2\n")
    stocked.ingest()
    stocked.deliver("stores.csv", STORES + "8,New,express\n")
    stocked.ingest(files=["stores/stores.csv"])
    rows = (
        stocked.sales.filter(date=dt.date(2024, 3, 1))
        .sort("delivery", "store_id")
        .select("store_id", "revenue_minor", "delivery")
        .rows()
    )
    assert rows == [("7", 100, 3), ("8", 100, 3), ("7", 200, 4)]


def test_a_reopened_file_that_a_crash_left_behind_is_pending_for_the_sensor(stocked, monkeypatch):
    stocked.deliver("sales/new.csv", "store_id,date,revenue\n8,2024-03-01,1\n")
    stocked.ingest()
    stocked.deliver("stores.csv", STORES + "8,New,express\n")
    stop_at(monkeypatch, ingest_module, "write_receipts")
    with pytest.raises(Stopped):
        stocked.ingest()
    monkeypatch.undo()
    listing = list_inbox(stocked.settings.inbox_folder / "stores", CONTRACTS)
    pending = difference(listing, stocked.ledger.known("stores"), {}).pending
    assert list(pending) == ["stores/sales/new.csv"]
    stocked.ingest(files=list(pending))
    assert stocked.sales.filter(store_id="8").height == 1


def stop_at(monkeypatch, holder, name, after=0):
    """Stop the process, as it were, when a function has been called `after` times."""
    original = getattr(holder, name)
    calls = []

    def stopping(*args, **kwargs):
        calls.append(1)
        if len(calls) > after:
            raise Stopped
        return original(*args, **kwargs)

    monkeypatch.setattr(holder, name, stopping)


WITH_A_BAD_ROW = SALES + "7,bad,1\n"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, bench_in):
    """What a run that nobody stops leaves behind."""
    bench = bench_in(tmp_path_factory.mktemp("undisturbed"))
    bench.deliver("stores.csv", STORES)
    bench.deliver("sales/a.csv", WITH_A_BAD_ROW)
    bench.ingest()
    return content(bench), bench.deliveries, bench.receipts()


@pytest.mark.parametrize("step", ["judge_file", "store", "loaded", "write_receipts"])
def test_a_run_that_is_stopped_at_any_step_is_repaired_by_the_next(bench, undisturbed, monkeypatch, step):
    bench.deliver("stores.csv", STORES)
    bench.deliver("sales/a.csv", WITH_A_BAD_ROW)
    stop_at(monkeypatch, ingest_module, step, after=1)
    with pytest.raises(Stopped):
        bench.ingest()
    monkeypatch.undo()
    bench.ingest()
    tables, deliveries, receipts = undisturbed
    assert all(was.equals(now) for was, now in zip(tables, content(bench), strict=True))
    assert bench.deliveries.equals(deliveries)
    assert bench.receipts() == receipts
    assert len(receipts) == 2


def test_a_stop_between_warehouse_and_ledger_forgets_no_changed_period(stocked, monkeypatch):
    stocked.deliver("sales/first.csv", "store_id,date,revenue\n7,2024-03-05,1\n")
    stop_at(monkeypatch, ingest_module, "loaded")
    with pytest.raises(Stopped):
        stocked.ingest()
    monkeypatch.undo()
    (entry,) = stocked.ingest().deliveries
    assert (entry.changed_from, entry.changed_to) == (dt.date(2024, 1, 31), dt.date(2024, 3, 5))


def test_deliveries_stay_unsettled_until_their_stale_periods_are_marked(stocked):
    outcome = stocked.ingest()
    assert [entry.delivery for entry in outcome.unsettled] == [1, 2]
    stocked.ledger.mark_stale("stores", ["2024-01-01"], stocked.now, settles=outcome.unsettled)
    assert stocked.ingest().unsettled == ()
    stocked.deliver("sales/first.csv", "store_id,date,revenue\n7,2024-03-05,1\n")
    assert [entry.version for entry in stocked.ingest().unsettled] == [2]


KILLED = """
import datetime as dt, os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from conftest import Bench
import vitrina.inbox.ingest as module
stored = module.store
def store_and_die(*args):
    stored(*args)
    os.kill(os.getpid(), signal.SIGKILL)
module.store = store_and_die
Bench(Path({folder!r})).ingest()
"""


@pytest.mark.integration
def test_a_process_killed_between_warehouse_and_ledger_leaves_nothing_to_repair_by_hand(stocked):
    stocked.deliver("sales/first.csv", "store_id,date,revenue\n7,2024-03-05,1\n")
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(stocked.folder))
    killed = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert stocked.sales.height == 1
    assert states(stocked)[1] == ("stores/sales/first.csv", 1, "loaded")
    stocked.ingest()
    assert states(stocked)[1:] == [("stores/sales/first.csv", 1, "superseded"), ("stores/sales/first.csv", 2, "loaded")]
    assert stocked.sales.get_column("delivery").to_list() == [3]


def test_a_run_waits_for_another_only_so_long(stocked):
    settings = stocked.settings.model_copy(update={"lock_timeout_s": 0.05})
    with FileLock(stocked.settings.data / "stores.ingest.lock"), pytest.raises(WarehouseBusyError, match="VITRINA_LOCK_TIMEOUT_S"):
        stocked.ingest(settings=settings)


def test_another_inbox_on_the_same_data_is_refused_unless_it_has_moved(stocked):
    other = stocked.settings.model_copy(update={"inbox": str(stocked.folder / "other")})
    (stocked.folder / "other/stores").mkdir(parents=True)
    with pytest.raises(SettingsError, match="VITRINA_DATA"):
        stocked.ingest(settings=other)
    assert stocked.ingest(settings=other, moved=True).listed
    with pytest.raises(SettingsError):
        stocked.ingest()


def test_deliveries_fit_their_declaration(stocked):
    stocked.deliver("sales/bad.csv", "x\n1\n")
    stocked.ingest()
    frame = stocked.deliveries
    assert Deliveries.check(frame).equals(frame)
    assert frame.get_column("state").to_list() == ["loaded", "loaded", "quarantined"]
    assert frame.get_column("received_at").to_list() == [stocked.now] * 3


def test_an_inbox_that_is_no_local_folder_reads_the_same(bench):
    folder = UPath(f"memory://{bench.folder.name}/inbox/stores")
    folder.mkdir(parents=True)
    (folder / "stores.csv").write_text(STORES)
    (folder / "sales").mkdir()
    (folder / "sales" / "it's.csv").write_text(SALES)
    settings = bench.settings.model_copy(update={"inbox": f"memory://{bench.folder.name}/inbox"})
    assert [entry.state for entry in bench.ingest(settings=settings).deliveries] == ["loaded", "loaded"]
    assert bench.sales.height == 2
    assert not bench.ingest(settings=settings).deliveries


@pytest.mark.real_data
def test_the_real_stores_and_sales_are_loaded_but_for_shops_without_a_master_row(bench):
    folder = os.environ.get("VITRINA_REAL_DATA")
    if not folder:
        pytest.skip("VITRINA_REAL_DATA is not set")
    outcome = bench.ingest(settings=bench.settings.model_copy(update={"inbox": folder}), now=dt.datetime(2023, 1, 1, tzinfo=dt.UTC))
    counts = [(entry.rows_read, entry.rows_loaded, entry.unresolved) for entry in outcome.deliveries]
    assert sum(read for read, _, _ in counts[1:]) == 173_528
    assert all(loaded + unresolved == read for read, loaded, unresolved in counts)
    sales = pl.read_parquet(Path(folder) / "stores/sales/*.parquet")
    known = pl.read_csv(Path(folder) / "stores/stores.csv", schema_overrides={"store_id": pl.String}).get_column("store_id")
    expected = (sales.filter(pl.col("store_id").is_in(known.implode())).get_column("revenue") * 100).round().cast(pl.Int64).sum()
    assert bench.sales.get_column("revenue_minor").sum() == expected
