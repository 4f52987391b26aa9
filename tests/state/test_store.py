"""Decisions are recorded once, never changed, and reach the inbox whatever dies in between."""

import dataclasses
import datetime as dt
import inspect
import json
import os
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

import vitrina.state
from vitrina.settings import Settings
from vitrina.state import opening
from vitrina.state import store as store_module
from vitrina.state.decisions import Decision
from vitrina.state.opening import REVISION, StateError, transaction
from vitrina.state.schema import METADATA
from vitrina.state.store import DecisionStore

NOON = dt.datetime(2024, 4, 12, 12, 0, 0, 5, tzinfo=dt.UTC)
POSTGRES = "VITRINA_TEST_POSTGRES"


def decision(minutes=0, product="stores", **changes):
    made_at = NOON + dt.timedelta(minutes=minutes)
    plain = Decision(product, "rename", made_at, "somebody", "why", {"quarter": "2024-01-01", "name": "Ёлка “1”", "cluster": None})
    return dataclasses.replace(plain, **changes)


def postgres():
    """A server to try on: that of `VITRINA_TEST_POSTGRES`, or one on this machine that lets its superuser in."""
    url = os.environ.get(POSTGRES) or "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
    try:
        server = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
        server.connect().close()
    except (ImportError, OperationalError) as error:
        pytest.skip(f"no PostgreSQL to try on, see {POSTGRES}: {error}")
    return server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def settings(request, tmp_path):
    if request.param == "sqlite":
        yield Settings(data=tmp_path / "a?b#50%", _env_file=None)
        return
    server, name = postgres(), f"vitrina_test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield Settings(data=tmp_path, state=server.url.set(database=name).render_as_string(hide_password=False), _env_file=None)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))


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


def test_looking_for_decisions_where_nobody_decided_anything_makes_no_database(on_disk):
    assert (on_disk.history("stores"), on_disk.deliver("stores")) == ((), ())
    assert list(on_disk.settings.data.iterdir()) == []


def test_nothing_in_the_store_changes_or_deletes_a_decision():
    sources = [path.read_text() for path in Path(vitrina.state.__file__).parent.glob("*.py")]
    changes = [line.strip() for source in sources for line in source.splitlines() if "update(" in line or "delete(" in line]
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


RECORD = """
import datetime as dt, sys, time
from pathlib import Path
from vitrina.settings import Settings
from vitrina.state.decisions import Decision
from vitrina.state.store import DecisionStore

store = DecisionStore(Settings(data=Path(sys.argv[1]), state=sys.argv[2], _env_file=None))
Path(sys.argv[3]).touch()
while not Path(sys.argv[4]).exists():
    time.sleep(0.001)
for number in range(5):
    store.record([Decision("stores", "approve", dt.datetime.now(dt.UTC), "somebody", "why", {"number": number})])
"""


def test_processes_that_open_a_new_store_at_once_all_record(settings, tmp_path):
    go, ready = tmp_path / "go", [tmp_path / f"ready {number}" for number in range(4)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RECORD, str(settings.data), settings.state, str(mark), str(go)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for mark in ready
    ]
    while not all(mark.exists() for mark in ready):
        assert all(process.poll() is None for process in processes)
    go.touch()
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
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
