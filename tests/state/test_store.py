"""Decisions are recorded once, never changed, and reach the inbox whatever dies in between."""

import dataclasses
import datetime as dt
import inspect
import json
import sqlite3
import time
import uuid
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import text

import vitrina.state
from tests.state.conftest import in_processes
from vitrina.settings import Settings
from vitrina.state import opening
from vitrina.state import store as store_module
from vitrina.state.audit import AuditLog
from vitrina.state.cluster_requests import ClusterRequests
from vitrina.state.decisions import Decision
from vitrina.state.opening import REVISION, StateDatabase, StateError, transaction
from vitrina.state.people import People
from vitrina.state.roles import Grant, Role
from vitrina.state.schema import AUDIT, METADATA
from vitrina.state.store import DecidedMeanwhileError, DecisionStore

NOON = dt.datetime(2024, 4, 12, 12, 0, 0, 5, tzinfo=dt.UTC)


def decision(minutes=0, product="stores", **changes):
    made_at = NOON + dt.timedelta(minutes=minutes)
    plain = Decision(product, "rename", made_at, "somebody", "why", {"quarter": "2024-01-01", "name": "Ёлка “1”", "cluster": None})
    return dataclasses.replace(plain, **changes)


@pytest.fixture
def store(settings):
    return DecisionStore(settings)


@pytest.fixture
def on_disk(tmp_path):
    return DecisionStore(Settings(data=tmp_path, _env_file=None))


def files(store):
    folder = store.settings.decisions_folder
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.jsonl")}


def undelivered(store):
    return [one for one in store.history("stores") if one.delivered_as is None]


def test_what_was_recorded_comes_back_as_it_was_oldest_first(store):
    later, earlier = decision(5), decision(0, made_at=NOON.astimezone(dt.timezone(dt.timedelta(hours=3))))
    store.record([later])
    store.record([earlier])
    found = store.history("stores")
    assert [dataclasses.replace(one, delivered_as=None) for one in found] == [earlier, later]
    assert [one.made_at.utcoffset() for one in found] == [dt.timedelta(0)] * 2
    assert [list(one.body) for one in found] == [list(earlier.body)] * 2
    assert undelivered(store) == []
    assert store.history("posts") == ()


def test_a_batch_becomes_one_file_of_lines_in_the_order_of_the_decisions(store):
    first, second = decision(0, id="a" * 32), decision(1, id="b" * 32)
    (path,) = store.record([second, first])
    assert files(store) == {f"stores/decisions/20240412T120000000005Z-{'a' * 32}.jsonl": path.read_text()}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {
        "decision_id": "a" * 32,
        "kind": "rename",
        "made_at": "2024-04-12T12:00:00.000005+00:00",
        "made_by": "somebody",
        "reason": "why",
        "quarter": "2024-01-01",
        "name": "Ёлка “1”",
        "cluster": None,
    }
    assert lines[1]["decision_id"] == "b" * 32
    assert {one.delivered_as for one in store.history("stores")} == set(files(store))


def test_batches_that_overlap_in_time_keep_files_of_their_own(store):
    store.record([decision(0), decision(2)])
    store.record([decision(1)])
    before = files(store)
    for path in store.settings.decisions_folder.rglob("*.jsonl"):
        path.unlink()
    store.deliver("stores")
    assert files(store) == before
    assert sorted(content.count("\n") for content in before.values()) == [1, 2]


def test_each_product_has_files_of_its_own(store):
    store.record([decision(product="stores"), decision(product="posts")])
    assert sorted(name.split("/")[0] for name in files(store)) == ["posts", "stores"]


def test_the_same_decision_twice_is_refused_whole(store):
    known = decision()
    store.record([known])
    before = files(store)
    with pytest.raises(StateError):
        store.record([decision(1), known])
    assert [one.id for one in store.history("stores")] == [known.id]
    assert files(store) == before


def test_a_crash_between_the_record_and_the_file_is_made_good_by_the_next_call(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        store.record([decision(0), decision(1)])
    assert len(undelivered(store)) == 2
    assert files(store) == {}
    monkeypatch.undo()
    store.record([decision(2)])
    assert sorted(content.count("\n") for content in files(store).values()) == [1, 2]
    assert undelivered(store) == []


def test_a_crash_between_the_file_and_the_note_writes_no_second_file(store, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(DecisionStore, "_note_delivery", killed)
    with pytest.raises(KeyboardInterrupt):
        store.record([decision()])
    before = files(store)
    assert len(before) == len(undelivered(store)) == 1
    monkeypatch.undo()
    assert store.deliver("stores") == ()
    assert files(store) == before
    assert undelivered(store) == []


def test_files_that_are_gone_with_a_data_folder_are_written_again_byte_for_byte(store):
    store.record([decision(0), decision(1)])
    store.record([decision(2)])
    before = files(store)
    for path in store.settings.decisions_folder.rglob("*.jsonl"):
        path.unlink()
    written = store.deliver("stores")
    assert [path.name for path in written] == sorted(path.name for path in written)
    assert files(store) == before
    assert store.deliver("stores") == ()


def test_recording_looks_for_no_files_of_old_decisions_and_delivering_does(store):
    (old,) = store.record([decision(0)])
    old.unlink()
    (new,) = store.record([decision(1)])
    assert list(files(store)) == [new.relative_to(store.settings.decisions_folder).as_posix()]
    assert store.deliver("stores") == (old,)


def test_looking_for_decisions_where_nobody_decided_anything_makes_no_database(on_disk):
    assert (on_disk.history("stores"), on_disk.deliver("stores")) == ((), ())
    assert list(on_disk.settings.data.iterdir()) == []


def test_nothing_in_the_store_changes_or_deletes_a_decision():
    sources = [path.read_text() for path in Path(vitrina.state.__file__).parent.glob("*.py")]
    changes = [
        line.strip()
        for source in sources
        for line in source.splitlines()
        if "update(DECISIONS" in line or "delete(DECISIONS" in line
    ]
    assert len(changes) == 1
    assert changes[0].endswith(".values(delivered_as=name)")


def test_the_database_is_in_wal_mode_and_a_reader_holds_nobody_up(on_disk):
    on_disk.record([decision()])
    with sqlite3.connect(on_disk.settings.state_file) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM decisions").fetchone() == (1,)
        on_disk.record([decision(1)])
    reader.close()
    assert len(on_disk.history("stores")) == 2


def test_processes_that_open_a_new_store_at_once_all_record(settings):
    def record():
        store = DecisionStore(settings)
        for number in range(5):
            store.record([Decision("stores", "approve", dt.datetime.now(dt.UTC), "somebody", "why", {"number": number})])

    assert in_processes(*[record] * 4) == [None] * 4
    store = DecisionStore(settings)
    assert len(store.history("stores")) == len(files(store)) == 20
    assert undelivered(store) == []


def test_a_store_that_another_process_keeps_open_is_waited_for_no_longer_than_said(tmp_path):
    impatient = DecisionStore(Settings(data=tmp_path, lock_timeout_s=0.1, _env_file=None))
    with FileLock(f"{impatient.settings.state_file}.lock"), pytest.raises(StateError, match="Another process"):
        impatient.record([decision()])


def test_a_migration_that_is_interrupted_leaves_nothing_half_made(on_disk, monkeypatch):
    def stop(connection):
        whole(connection)
        raise KeyboardInterrupt

    whole = opening._migrate
    monkeypatch.setattr(opening, "_migrate", stop)
    with pytest.raises(KeyboardInterrupt):
        on_disk.record([decision()])
    with sqlite3.connect(on_disk.settings.state_file) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    monkeypatch.undo()
    assert len(on_disk.record([decision()])) == 1


def test_the_migrations_make_what_the_schema_declares(settings):
    folder = Path(inspect.getfile(opening)).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [REVISION]
    with transaction(settings) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_store_of_a_newer_version_is_refused_and_untouched(store):
    store.record([decision()])
    with transaction(store.settings) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match="newer Vitrina"):
        store.history("stores")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("no url: secret", "not an SQLAlchemy URL"),
        ("sqlite://", "outlive a process"),
        ("mysql://user:secret@host/x", "Use SQLite or PostgreSQL"),
        ("postgresql+nodriver://user:secret@host/x", "not installed"),
    ],
)
def test_a_store_that_cannot_be_opened_is_told_without_its_password(tmp_path, url, told):
    with pytest.raises(StateError, match=told) as caught:
        DecisionStore(Settings(data=tmp_path, state=url, _env_file=None)).history("stores")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_told(on_disk):
    on_disk.settings.state_file.write_bytes(b"x" * 5000)
    with pytest.raises(StateError, match="cannot be used"):
        on_disk.history("stores")


def test_whoever_has_seen_the_latest_decision_may_decide(store):
    assert store.latest("stores") == ""
    store.record([decision(0)], after="")
    seen = store.latest("stores")
    store.record([decision(1), decision(2)], after=seen)
    assert len(store.history("stores")) == 3


def test_whoever_has_not_seen_the_latest_decision_records_nothing(store):
    store.record([decision(0)])
    seen = store.latest("stores")
    store.record([decision(1)])
    before = files(store)
    for after in (seen, "", "never seen", decision().id):
        with pytest.raises(DecidedMeanwhileError, match="since you looked"):
            store.record([decision(2)], after=after)
    assert len(store.history("stores")) == 2
    assert files(store) == before


def test_what_others_decide_about_another_product_is_no_matter(store):
    seen = store.latest("stores")
    store.record([decision(product="posts")])
    store.record([decision()], after=seen)
    assert (len(store.history("stores")), len(store.history("posts"))) == (1, 1)
    assert store.latest("stores") != store.latest("posts")


def test_a_decision_counts_though_the_clock_of_whoever_made_it_is_behind(store):
    store.record([decision(10)])
    seen = store.latest("stores")
    store.record([decision(5)])
    with pytest.raises(DecidedMeanwhileError):
        store.record([decision(11)], after=seen)


def test_looking_where_nobody_decided_anything_makes_no_database(on_disk):
    assert on_disk.latest("stores") == ""
    assert list(on_disk.settings.data.iterdir()) == []


@pytest.mark.parametrize("decided_before", [0, 1])
def test_of_several_who_decide_at_once_after_the_same_look_exactly_one_does(settings, decided_before, monkeypatch):
    look = DecisionStore._latest

    def slowly(connection, product):
        found = look(connection, product)
        time.sleep(0.1)
        return found

    store = DecisionStore(settings)
    for number in range(decided_before):
        store.record([decision(number)])
    seen = store.latest("stores")
    monkeypatch.setattr(DecisionStore, "_latest", staticmethod(slowly))

    def decide(number):
        made = decision(10 + number, made_by=f"person {number}")
        return lambda: DecisionStore(settings).record([made], after=seen)

    told = in_processes(*[decide(number) for number in range(4)])
    assert sorted(isinstance(one, DecidedMeanwhileError) for one in told) == [False, True, True, True]
    assert len(store.history("stores")) == len(files(store)) == decided_before + 1


def test_a_server_that_holds_the_store_open_and_others_who_open_it_for_a_moment_all_write(settings):
    def serve():
        database = StateDatabase(settings)
        for number in range(15):
            ClusterRequests(database).begin(
                by="anna", title=str(number), quarter=NOON.date(), scenario="{}", published_version="v", now=NOON
            )
            AuditLog(database).latest()
        database.close()

    def decide():
        for number in range(5):
            DecisionStore(settings).record([decision(number, id=uuid.uuid4().hex)])

    assert in_processes(serve, serve, decide, decide) == [None] * 4
    database = StateDatabase(settings)
    assert len(ClusterRequests(database).latest()) == 30
    assert len(DecisionStore(settings).history("stores")) == 10
    database.close()


def test_a_reader_of_a_held_store_waits_for_no_writer(settings):
    database = StateDatabase(settings)
    with database.writing() as writer:
        entry = {"at": NOON, "address": "x", "method": "GET", "route": "/", "subject": "{}", "status": 200, "times": 1}
        writer.execute(AUDIT.insert(), [entry])
        assert AuditLog(database).latest() == ()
    assert len(AuditLog(database).latest()) == 1
    database.close()


def test_what_fails_in_the_middle_of_a_transaction_has_never_happened(settings):
    database = StateDatabase(settings)
    people = People(database)

    def interrupted():
        with database.writing() as connection:
            people._insert(connection, "anna", None, [Grant(Role.VIEWER, "stores")], NOON)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert people.everybody() == ()
    database.close()


def test_decisions_of_a_store_from_before_there_were_people_are_still_there(settings, monkeypatch):
    old = decision()
    with monkeypatch.context() as before:
        before.setattr(opening, "REVISION", "0001")
        before.setattr("alembic.command.upgrade", partial(_upgrade_to, "0001", command.upgrade))
        (path,) = DecisionStore(settings).record([old])
        with transaction(settings) as connection:
            assert not connection.dialect.has_table(connection, "people")
    store = DecisionStore(settings)
    assert [dataclasses.replace(one, delivered_as=None) for one in store.history("stores")] == [old]
    assert files(store) == {path.relative_to(settings.decisions_folder).as_posix(): path.read_text()}
    database = StateDatabase(settings)
    assert People(database).everybody() == ()
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def _upgrade_to(revision, upgrade, configuration, _head):
    upgrade(configuration, revision)
