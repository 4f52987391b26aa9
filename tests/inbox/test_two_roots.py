"""What people deliver and what Vitrina itself writes are one inbox."""

import datetime as dt
import os

import pytest
from upath import UPath

from tests.inbox.conftest import SALES
from vitrina.inbox import ingest as ingest_module
from vitrina.inbox.difference import Listing, list_inbox
from vitrina.inbox.roots import look
from vitrina.settings import Settings
from vitrina.state.store import DecisionStore
from vitrina.stores.contracts import CONTRACTS
from vitrina.stores.deciding import move
from vitrina.stores.decision_tables import RawDecisions

AT = dt.datetime(2024, 6, 30, 9, tzinfo=dt.UTC)
NAME = "decisions/a.jsonl"
PATH = f"stores/{NAME}"


def decided(store_id, **changes):
    given = {"by": "somebody", "reason": "why", "at": AT}
    return move(dt.date(2024, 1, 1), 1, store_id, 2, **(given | changes))


def put(root, name, text="x", age=0):
    path = root / "stores" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    return path


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "inbox").mkdir()
    return Settings(data=tmp_path / "data", inbox=str(tmp_path / "inbox"), _env_file=None)


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "inbox"


@pytest.fixture
def ours(settings):
    return settings.decisions_folder


def test_both_roots_are_listed_as_one_by_contract_and_then_by_age(settings, inbox, ours):
    put(inbox, "decisions/b.jsonl", age=1)
    put(inbox, "stores.csv")
    put(ours, "decisions/a.jsonl", age=2)
    put(ours, "decisions/c.jsonl", age=0)
    listing = look("stores", CONTRACTS, settings)
    assert [(file.path, file.is_ours) for file in listing.files] == [
        ("stores/stores.csv", False),
        ("stores/decisions/a.jsonl", True),
        ("stores/decisions/b.jsonl", False),
        ("stores/decisions/c.jsonl", True),
    ]


def test_a_second_root_that_does_not_exist_is_empty(settings, inbox):
    put(inbox, "stores.csv")
    assert look("stores", CONTRACTS, settings) == list_inbox(UPath(inbox) / "stores", CONTRACTS)


def test_our_own_root_is_read_where_nobody_has_delivered_anything(settings, ours):
    put(ours, NAME)
    assert [file.path for file in look("stores", CONTRACTS, settings).files] == [PATH]


def test_an_inbox_that_cannot_be_listed_hides_our_own_root_too(settings, inbox, ours):
    put(ours, NAME)
    inbox.rmdir()
    assert look("stores", CONTRACTS, settings) is None


def test_our_own_root_that_cannot_be_listed_fails_the_whole_listing(settings, inbox, ours, monkeypatch):
    put(inbox, "stores.csv")
    put(ours, NAME)
    listed = type(UPath(ours)).iterdir

    def refuse(folder):
        if folder.name == "decisions":
            raise PermissionError
        return listed(folder)

    monkeypatch.setattr(type(UPath(ours)), "iterdir", refuse)
    assert look("stores", CONTRACTS, settings) is None


def test_a_delivery_cannot_take_the_place_of_what_was_decided(settings, inbox, ours):
    put(inbox, NAME, "delivered")
    put(ours, NAME, "ours")
    listing = look("stores", CONTRACTS, settings)
    assert [(file.path, file.is_ours, file.size) for file in listing.files] == [(PATH, True, 4)]
    assert listing.unexpected == (PATH,)


def test_a_link_that_leaves_our_own_root_is_reported_and_never_followed(settings, ours, tmp_path):
    secret = tmp_path / "secret.jsonl"
    secret.write_text("secret")
    put(ours, "decisions/b.jsonl")
    (ours / "stores" / "decisions" / "a.jsonl").symlink_to(secret)
    listing = look("stores", CONTRACTS, settings)
    assert (listing.outside, [file.path for file in listing.files]) == ((PATH,), ["stores/decisions/b.jsonl"])


def test_which_root_holds_a_file_does_not_tell_files_apart(settings, inbox, ours):
    put(ours, NAME)
    seen = look("stores", CONTRACTS, settings)
    path = put(inbox, NAME)
    (ours / PATH).unlink()
    os.utime(path, ns=(int(seen.files[0].modified),) * 2)
    assert look("stores", CONTRACTS, settings) == seen != Listing(())


def test_what_was_decided_comes_through_the_inbox_into_the_raw_table(stocked):
    first, second = decided("00123"), decided("7", at=AT + dt.timedelta(minutes=1))
    store = DecisionStore(stocked.settings)
    store.record([first, second])
    (entry,) = stocked.ingest().deliveries
    (known,) = {one.delivered_as for one in store.history("stores")}
    assert (entry.path, entry.rows_loaded, entry.contract) == (known, 2, "decisions")
    rows = stocked.table(RawDecisions).sort("source_row")
    assert rows.get_column("decision_id").to_list() == [first.id, second.id]
    assert rows.get_column("source_row").to_list() == [1, 2]
    assert rows.get_column("made_at").to_list() == [first.made_at, second.made_at]
    assert known.rpartition("/")[2] in stocked.receipts()[-1].replace("\\", "")
    assert not stocked.ingest().deliveries


def test_a_sensor_that_saw_a_decision_standing_still_has_it_loaded(stocked):
    (path,) = DecisionStore(stocked.settings).record([decided("7")])
    asked = path.relative_to(stocked.settings.decisions_folder).as_posix()
    (entry,) = stocked.ingest(files=[asked]).deliveries
    assert (entry.path, entry.rows_loaded) == (asked, 1)


def test_only_what_the_listing_shows_is_opened(stocked):
    (stocked.settings.data / "secret.jsonl").write_text(decided("7").as_line())
    outcome = stocked.ingest(files=["../secret.jsonl", "stores/../../secret.jsonl"])
    assert (outcome.deliveries, len(outcome.still_growing)) == ((), 2)


def test_a_decision_file_that_was_written_again_changes_nothing(stocked):
    (path,) = DecisionStore(stocked.settings).record([decided("7")])
    stocked.ingest()
    before = stocked.table(RawDecisions)
    path.unlink()
    assert DecisionStore(stocked.settings).deliver("stores") == (path,)
    outcome = stocked.ingest()
    assert (outcome.deliveries, outcome.unchanged) == ((), (f"stores/decisions/{path.name}",))
    assert stocked.table(RawDecisions).equals(before)


def test_a_rebuilt_data_folder_has_the_decisions_again(stocked, bench_in, tmp_path_factory):
    """Warehouse and ledger are gone, the state store is not."""
    decisions = [decided(str(number), at=AT + dt.timedelta(minutes=number)) for number in range(3)]
    for one in decisions:
        DecisionStore(stocked.settings).record([one])
    stocked.ingest()
    rebuilt = bench_in(tmp_path_factory.mktemp("rebuilt"))
    rebuilt.settings.data.mkdir()
    stocked.settings.state_file.rename(rebuilt.settings.state_file)
    (rebuilt.folder / "inbox" / "stores").mkdir(parents=True)
    DecisionStore(rebuilt.settings).deliver("stores")
    rebuilt.ingest()
    rows = rebuilt.table(RawDecisions).sort("made_at")
    assert rows.get_column("decision_id").to_list() == [one.id for one in decisions]
    assert rows.get_column("delivery").is_sorted()


def test_a_decision_file_that_cannot_be_opened_holds_up_no_other(stocked, monkeypatch):
    (path,) = DecisionStore(stocked.settings).record([decided("7")])
    stocked.deliver("sales/new.csv", SALES)
    opened = ingest_module.open_found

    def refuse(found, settings):
        if found.is_ours:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(found, settings)

    monkeypatch.setattr(ingest_module, "open_found", refuse)
    outcome = stocked.ingest()
    assert [name for name, _ in outcome.out_of_reach] == [f"stores/decisions/{path.name}"]
    assert len(outcome.deliveries) == 1


def test_a_bad_line_of_a_file_of_decisions_is_refused_and_the_receipt_names_its_line(stocked):
    stocked.deliver("decisions/by_hand.jsonl", f"{decided('7').as_line()}\n\nbroken\n{decided('8').as_line()}\n")
    (entry,) = stocked.ingest().deliveries
    assert (entry.rows_read, entry.rows_loaded, entry.rows_refused) == (3, 2, 1)
    assert stocked.refused.filter(source_file="stores/decisions/by_hand.jsonl").get_column("source_row").to_list() == [3]
    assert "row 3: broken" in stocked.receipts()[-1]


def test_a_file_of_decisions_without_any_object_is_quarantined(stocked):
    stocked.deliver("decisions/by_hand.jsonl", "[1]\n")
    (entry,) = stocked.ingest().deliveries
    assert entry.state == "quarantined"
    assert "no line holds a JSON object" in entry.message
