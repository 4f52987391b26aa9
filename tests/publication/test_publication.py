import datetime as dt
import importlib
import json
import multiprocessing
import os
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vitrina.dictionary import DataDictionary
from vitrina.errors import PublicationError
from vitrina.publication import Candidate, current, open_published, publish, rollback, versions
from vitrina.publication.versions import analysts_copy, pointer_file, version_file
from vitrina.settings import Settings
from vitrina.tables import Table, column
from vitrina.warehouse import Warehouse, locate, replace

# the package's function of the same name hides the module
publishing = importlib.import_module("vitrina.publication.publish")

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


class Shelf(Table, product="stores", published=True):
    """One row per shelf; it's the test's own."""

    shelf: str = column("Name of the shelf.", key=True)
    width: float = column("Width.", unit="m", nullable=True)


class Aisle(Table, product="stores", published=True):
    """One row per aisle."""

    aisle: str = column("Name of the aisle.", key=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def warehouse(settings: Settings) -> Warehouse:
    return Warehouse(locate(settings, "stores"), 10)


def fill(warehouse: Warehouse, shelf: str, aisle: str = "a") -> None:
    with warehouse.write() as connection:
        replace(connection, Shelf, pl.DataFrame({"shelf": [shelf], "width": [1.5]}))
        replace(connection, Aisle, pl.DataFrame({"aisle": [aisle]}))


def publish_at(minute: int, warehouse: Warehouse, settings: Settings, written: dt.datetime | None = None, **failed: str):
    names = [Candidate(table.table_name(), failed.get(table.table_name()), written) for table in (Shelf, Aisle)]
    moment = NOON + dt.timedelta(minutes=minute)
    dictionary = DataDictionary.of([Shelf, Aisle])
    return publish("stores", names, dictionary, warehouse=warehouse, settings=settings, now=moment, run_id=f"run-{minute}")


def published_shelf(settings: Settings) -> str:
    connection = open_published(settings, "stores")
    try:
        return connection.execute("SELECT shelf FROM shelf").fetchall()[0][0]
    finally:
        connection.close()


def test_a_version_holds_rows_comments_not_null_dictionary_version_and_freshness(warehouse, settings):
    fill(warehouse, "one")
    made = publish_at(0, warehouse, settings)
    connection = open_published(settings, "stores")
    assert connection.execute("SELECT * FROM shelf").fetchall() == [("one", 1.5)]
    assert connection.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'shelf'").fetchall() == [
        (Shelf.description(),)
    ]
    columns = connection.execute(
        "SELECT column_name, is_nullable, comment FROM duckdb_columns() WHERE table_name = 'shelf' ORDER BY column_index"
    ).fetchall()
    assert columns == [("shelf", False, "Name of the shelf."), ("width", True, "Width. [m]")]
    assert connection.execute("SELECT column_name, unit FROM data_dictionary WHERE table_name = 'shelf'").fetchall() == [
        ("shelf", ""),
        ("width", "m"),
    ]
    assert connection.execute("SELECT version, run_id FROM published_version").fetchall() == [(made.pointer.version, "run-0")]
    assert set(connection.execute("SELECT table_name, state FROM published_tables").fetchall()) == {
        ("shelf", "fresh"),
        ("aisle", "fresh"),
    }
    connection.close()


def test_a_failed_check_carries_the_last_good_version_forward_and_says_why(warehouse, settings):
    fill(warehouse, "good", "old aisle")
    first = publish_at(0, warehouse, settings)
    fill(warehouse, "bad", "new aisle")
    second = publish_at(1, warehouse, settings, shelf="fits_declaration")
    connection = open_published(settings, "stores")
    assert connection.execute("SELECT shelf FROM shelf").fetchall() == [("good",)]
    assert connection.execute("SELECT aisle FROM aisle").fetchall() == [("new aisle",)]
    row = connection.execute(
        "SELECT state, from_version, as_of, reason FROM published_tables WHERE table_name = 'shelf'"
    ).fetchall()[0]
    connection.close()
    assert row == ("carried forward", first.pointer.version, NOON, "fits_declaration")
    assert second.left_out == ()


def test_a_table_carried_forward_twice_keeps_its_first_origin(warehouse, settings):
    fill(warehouse, "good")
    first = publish_at(0, warehouse, settings)
    publish_at(1, warehouse, settings, shelf="check")
    third = publish_at(2, warehouse, settings, shelf="check")
    assert third.tables.filter(pl.col("table_name") == "shelf").item(0, "from_version") == first.pointer.version


def test_a_table_is_as_of_when_its_rows_were_written_however_often_it_is_published(warehouse, settings):
    fill(warehouse, "old")
    weeks_ago = NOON - dt.timedelta(weeks=3)
    for minute, failed in enumerate(({}, {}, {"shelf": "check"})):
        written = NOON if failed else weeks_ago
        tables = publish_at(minute, warehouse, settings, written, **failed).tables
        assert tables.filter(pl.col("table_name") == "shelf").item(0, "as_of") == weeks_ago
    assert tables.filter(pl.col("table_name") == "aisle").item(0, "as_of") == NOON


def test_a_table_that_failed_before_it_was_ever_published_is_left_out(warehouse, settings):
    fill(warehouse, "bad")
    made = publish_at(0, warehouse, settings, shelf="check")
    assert made.left_out == ("shelf",)
    assert made.tables.get_column("table_name").to_list() == ["aisle"]


def test_nothing_to_publish_is_an_error_and_leaves_no_file(warehouse, settings):
    with warehouse.write():
        pass
    with pytest.raises(PublicationError, match="no table to publish"):
        publish_at(0, warehouse, settings)
    assert current(settings, "stores") is None
    assert not [path for path in settings.published.rglob("*") if path.is_file() and path.suffix in {".duckdb", ".making"}]


def test_a_version_that_does_not_hold_what_it_should_never_comes_into_force(warehouse, settings, monkeypatch):
    fill(warehouse, "good")
    publish_at(0, warehouse, settings)
    fill(warehouse, "next")
    real = duckdb.connect

    def lose_a_row(path, *arguments, **options):
        connection = real(path, *arguments, **options)
        if str(path).endswith(".making") and not options.get("read_only"):
            connection.execute("DELETE FROM shelf")
        return connection

    monkeypatch.setattr(publishing.duckdb, "connect", lose_a_row)
    with pytest.raises(PublicationError, match="0 rows of shelf instead of 1"):
        publish_at(1, warehouse, settings)
    assert published_shelf(settings) == "good"
    assert len(versions(settings, "stores")) == 1


def test_a_reader_of_a_version_neither_blocks_the_next_nor_sees_half_of_it(warehouse, settings):
    fill(warehouse, "one")
    publish_at(0, warehouse, settings)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    answers = context.Queue()
    reader = context.Process(target=hold_open, args=(str(settings.data), ready, done, answers))
    reader.start()
    assert ready.wait(30)
    for minute in range(1, 6):
        fill(warehouse, f"shelf {minute}")
        publish_at(minute, warehouse, settings)
    assert published_shelf(settings) == "shelf 5"
    done.set()
    before, after = answers.get(timeout=30)
    reader.join(30)
    assert before == after == [("one",)]


def hold_open(data: str, ready, done, answers) -> None:
    connection = open_published(Settings(data=Path(data)), "stores")
    before = connection.execute("SELECT shelf FROM shelf").fetchall()
    ready.set()
    done.wait(60)
    answers.put((before, connection.execute("SELECT shelf FROM shelf").fetchall()))
    connection.close()


def die_before_the_swap(data: str) -> None:
    settings = Settings(data=Path(data))
    publishing._verify = lambda *_: os._exit(9)
    publish_at(1, Warehouse(locate(settings, "stores"), 10), settings)


def test_three_versions_are_kept_and_rollback_goes_to_the_one_before(warehouse, settings):
    for minute in range(5):
        fill(warehouse, f"shelf {minute}")
        publish_at(minute, warehouse, settings)
    assert len(versions(settings, "stores")) == 3
    newest = current(settings, "stores").version
    pointer = rollback("stores", settings=settings)
    assert published_shelf(settings) == "shelf 3"
    assert pointer.rolled_back_from == newest
    assert rollback("stores", settings=settings).version < pointer.version
    assert published_shelf(settings) == "shelf 2"
    with pytest.raises(PublicationError, match="no version before"):
        rollback("stores", settings=settings)
    assert rollback("stores", settings=settings, to_version=newest).version == newest
    assert published_shelf(settings) == "shelf 4"


def test_the_next_publication_after_a_rollback_comes_into_force_and_carries_from_what_people_saw(warehouse, settings):
    fill(warehouse, "seen")
    publish_at(0, warehouse, settings)
    fill(warehouse, "withdrawn")
    publish_at(1, warehouse, settings)
    rollback("stores", settings=settings)
    publish_at(2, warehouse, settings, shelf="check")
    assert published_shelf(settings) == "seen"


def test_analysts_have_a_read_only_copy_at_a_stable_path(warehouse, settings):
    fill(warehouse, "one")
    publish_at(0, warehouse, settings)
    copy = analysts_copy(settings, "stores")
    assert copy == settings.published / "stores.duckdb"
    assert not copy.stat().st_mode & 0o222
    window = duckdb.connect(str(copy), read_only=True)
    fill(warehouse, "two")
    publish_at(1, warehouse, settings)
    assert window.execute("SELECT shelf FROM shelf").fetchall() == [("one",)]
    window.close()
    with duckdb.connect(str(copy), read_only=True) as later:
        assert later.execute("SELECT shelf FROM shelf").fetchall() == [("two",)]


def test_a_full_disk_while_the_analysts_copy_is_made_leaves_pointer_and_copy_as_they_were(warehouse, settings, monkeypatch):
    fill(warehouse, "one")
    before = publish_at(0, warehouse, settings).pointer
    fill(warehouse, "two")

    def no_space(source, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publishing.shutil, "copyfile", no_space)
        with pytest.raises(OSError, match="No space left"):
            publish_at(1, warehouse, settings)
    assert current(settings, "stores") == before
    with duckdb.connect(str(analysts_copy(settings, "stores")), read_only=True) as copy:
        assert copy.execute("SELECT shelf FROM shelf").fetchall() == [("one",)]
    publish_at(2, warehouse, settings)
    assert published_shelf(settings) == "two"


def test_the_version_in_force_is_kept_also_where_the_clock_was_set_back(warehouse, settings):
    for minute in (10, 11, 12, 0):
        fill(warehouse, f"shelf {minute}")
        publish_at(minute, warehouse, settings)
    assert published_shelf(settings) == "shelf 0"


def test_a_damaged_pointer_is_told_with_a_remedy(warehouse, settings):
    fill(warehouse, "one")
    publish_at(0, warehouse, settings)
    pointer_file(settings, "stores").write_text('{"product": "stores"', encoding="utf-8")
    with pytest.raises(PublicationError, match="publish stores again"):
        current(settings, "stores")


def test_a_publication_killed_half_way_leaves_the_version_in_force(warehouse, settings):
    fill(warehouse, "good")
    publish_at(0, warehouse, settings)
    fill(warehouse, "next")
    child = multiprocessing.get_context("spawn").Process(target=die_before_the_swap, args=(str(settings.data),))
    child.start()
    child.join(60)
    assert child.exitcode == 9
    assert published_shelf(settings) == "good"
    publish_at(2, warehouse, settings)
    assert published_shelf(settings) == "next"
    assert json.loads(pointer_file(settings, "stores").read_text(encoding="utf-8"))["version"] == versions(settings, "stores")[-1]
    assert version_file(settings, "stores", versions(settings, "stores")[-1]).exists()
