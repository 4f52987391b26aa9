"""A copy that was not loaded takes the place of its original when that is overwritten."""

import datetime as dt

import pytest

from vitrina.inbox import ingest as ingest_module
from vitrina.inbox.difference import difference, list_inbox
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.ledger import Ledger
from vitrina.stores.contracts import CONTRACTS

STORES = "store_id,name,format\n00123,Lenina 5,Hypermarket\n7,Mira 1,express\n"
JANUARY = "store_id,date,revenue\n7,2024-01-31,100\n"
FEBRUARY = "store_id,date,revenue\n7,2024-02-29,200\n"
CORRECTED = "store_id,date,revenue\n7,2024-01-31,999\n"
COPY = "stores/sales/2024-01.csv"


class Stopped(BaseException):
    pass


@pytest.fixture
def copied(bench):
    """January is loaded as current.csv, and its copy is known as a duplicate."""
    bench.deliver("stores.csv", STORES)
    bench.deliver("sales/current.csv", JANUARY)
    bench.ingest()
    bench.deliver("sales/2024-01.csv", JANUARY)
    (copy,) = bench.ingest().deliveries
    assert copy.state is State.DUPLICATE
    return bench


def days(bench):
    return sorted(bench.sales.get_column("date").to_list())


def in_force(bench):
    """Revenue per day where the later delivery wins."""
    return dict(bench.sales.sort("delivery").select("date", "revenue_minor").rows())


def test_a_copy_is_loaded_by_the_run_that_overwrites_its_original(copied):
    copied.deliver("sales/current.csv", FEBRUARY)
    outcome = copied.ingest()
    assert [(entry.path, entry.delivery, entry.state) for entry in outcome.deliveries] == [
        ("stores/sales/current.csv", 4, "loaded"),
        (COPY, 3, "loaded"),
    ]
    assert days(copied) == [dt.date(2024, 1, 31), dt.date(2024, 2, 29)]
    assert COPY in {entry.path for entry in outcome.unsettled}
    assert any("# Receipt for stores/sales/2024-01.csv" in text and "The file was loaded." in text for text in copied.receipts())
    assert not copied.ingest().deliveries


def test_a_run_that_was_asked_for_the_original_alone_loads_the_copy_too(copied):
    copied.deliver("sales/current.csv", FEBRUARY)
    copied.ingest(files=["stores/sales/current.csv"])
    assert days(copied) == [dt.date(2024, 1, 31), dt.date(2024, 2, 29)]


def test_a_copy_that_arrives_together_with_the_new_content_is_loaded(bench):
    bench.deliver("stores.csv", STORES)
    bench.deliver("sales/current.csv", JANUARY)
    bench.ingest()
    bench.deliver("sales/2024-01.csv", JANUARY)
    bench.deliver("sales/current.csv", FEBRUARY)
    bench.ingest()
    assert days(bench) == [dt.date(2024, 1, 31), dt.date(2024, 2, 29)]


def test_a_copy_does_not_win_over_the_correction_that_superseded_its_original(copied):
    copied.deliver("sales/current.csv", CORRECTED)
    copied.ingest()
    assert copied.sales.height == 2
    assert in_force(copied) == {dt.date(2024, 1, 31): 999_00}


def test_of_two_copies_one_is_loaded(copied):
    copied.deliver("sales/another.csv", JANUARY)
    copied.ingest()
    copied.deliver("sales/current.csv", FEBRUARY)
    copied.ingest()
    assert days(copied) == [dt.date(2024, 1, 31), dt.date(2024, 2, 29)]
    assert copied.deliveries.filter(state="duplicate").height == 1
    assert not copied.ledger.reopened("stores")


def test_a_copy_that_was_overwritten_itself_is_read_as_what_it_is_now(copied):
    copied.deliver("sales/current.csv", FEBRUARY)
    copied.deliver("sales/2024-01.csv", CORRECTED)
    copied.ingest()
    assert in_force(copied) == {dt.date(2024, 1, 31): 999_00, dt.date(2024, 2, 29): 200_00}
    assert copied.sales.height == 2
    assert not copied.ledger.reopened("stores")


def test_a_copy_that_a_crash_left_behind_is_pending_for_the_sensor_and_loaded_by_the_next_run(copied, monkeypatch):
    copied.deliver("sales/current.csv", FEBRUARY)
    before = copied.ledger.reopenings("stores")

    def stopping(*_args):
        raise Stopped

    monkeypatch.setattr(ingest_module, "write_receipts", stopping)
    with pytest.raises(Stopped):
        copied.ingest()
    monkeypatch.undo()
    listing = list_inbox(copied.settings.inbox_folder / "stores", CONTRACTS)
    assert list(difference(listing, copied.ledger.known("stores"), {}).pending) == [COPY]
    assert copied.ledger.reopenings("stores") == before + 1
    copied.ingest(files=[COPY])
    assert days(copied) == [dt.date(2024, 1, 31), dt.date(2024, 2, 29)]


def test_a_copy_that_cannot_be_opened_is_tried_again_by_the_next_run(copied, monkeypatch):
    copied.deliver("sales/current.csv", FEBRUARY)
    whole = ingest_module._Run._content

    def partly(run, contract, found, held):
        if found.path != COPY:
            return whole(run, contract, found, held)
        run.out_of_reach.append((found.path, "locked"))
        return None

    monkeypatch.setattr(ingest_module._Run, "_content", partly)
    assert copied.ingest().out_of_reach == ((COPY, "locked"),)
    assert copied.ingest().out_of_reach == ((COPY, "locked"),)
    monkeypatch.undo()
    copied.ingest()
    assert days(copied) == [dt.date(2024, 1, 31), dt.date(2024, 2, 29)]


def recorded(delivery, path, state=State.LOADED, fingerprint="a", **changes):
    given = {"contract": "sales", "version": 1, "size": 5, "modified": str(delivery), "fingerprint": fingerprint * 64}
    now = dt.datetime(2024, 6, 30, tzinfo=dt.UTC)
    return Entry("stores", delivery, path, state=state, received_at=now, **(given | changes))


def test_only_copies_that_nothing_else_holds_are_reopened(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.record(recorded(1, "original"))
    ledger.record(recorded(2, "copy", State.DUPLICATE))
    ledger.record(recorded(3, "copy under another contract", State.DUPLICATE, contract="geo"))
    ledger.record(recorded(4, "copy of something else", State.DUPLICATE, "b"))
    ledger.record(recorded(5, "was a copy", State.DUPLICATE))
    ledger.record(recorded(6, "was a copy", State.QUARANTINED, "c", version=2))
    ledger.record(recorded(7, "loaded too"))
    ledger.record(recorded(8, "original", fingerprint="d", version=2))
    assert (ledger.reopened("stores"), ledger.reopenings("stores")) == ((), 0)
    ledger.record(recorded(9, "loaded too", fingerprint="e", version=2))
    assert [entry.path for entry in ledger.reopened("stores")] == ["copy"]
    assert ledger.reopenings("stores") == 1
