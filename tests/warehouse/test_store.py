"""Turns at the warehouse: transactions, the bounded wait, and what is said when nobody can get in."""

import datetime as dt
import threading
from pathlib import Path
from typing import Annotated

import duckdb
import polars as pl
import pytest
from filelock import FileLock

from vitrina.errors import SettingsError, VitrinaError, WarehouseBusyError, WarehouseError
from vitrina.settings import Settings
from vitrina.tables import Table, column
from vitrina.warehouse import FileLocation, LakeLocation, Warehouse, load, locate, replace


class Moments(Table, product="stores"):
    """One row per moment."""

    place: str = column("Place.", key=True)
    moment: Annotated[pl.Datetime, "us", "UTC"] = column("Moment.")


LATE = dt.datetime(2026, 9, 30, 23, 30, tzinfo=dt.UTC)


def moments(*places: str) -> pl.DataFrame:
    return pl.DataFrame({"place": places, "moment": [LATE] * len(places)}, schema=Moments.polars_schema())


@pytest.fixture(params=["file", "lake"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    if request.param == "file":
        return Warehouse(FileLocation(tmp_path / "stores.duckdb"), lock_timeout_s=0.2)
    return Warehouse(LakeLocation(str(tmp_path / "catalogue.ducklake"), "stores", tmp_path), lock_timeout_s=0.2)


def places_in(warehouse: Warehouse) -> list[str]:
    with warehouse.read() as connection:
        return load(connection, Moments).get_column("place").to_list()


def lock_is_free(warehouse: Warehouse) -> bool:
    with FileLock(warehouse.location.lock_file, timeout=0):
        return True


def test_what_was_written_is_there_for_the_next_reader(warehouse: Warehouse) -> None:
    with warehouse.write() as connection:
        replace(connection, Moments, moments("a", "b"))
    assert places_in(warehouse) == ["a", "b"]


@pytest.mark.parametrize("failure", [ValueError("by the caller"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_changes_nothing_closes_the_connection_and_frees_the_lock(
    warehouse: Warehouse, failure: BaseException
) -> None:
    with warehouse.write() as connection:
        replace(connection, Moments, moments("old"))
    with pytest.raises(type(failure)), warehouse.write() as connection:  # noqa: PT012  # the failure strikes after a write
        replace(connection, Moments, moments("new"))
        raise failure
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("SELECT 1")
    assert lock_is_free(warehouse)
    assert places_in(warehouse) == ["old"]


def test_several_tables_are_written_together_or_not_at_all(warehouse: Warehouse) -> None:
    class Others(Moments, product="stores"):
        """One row per moment."""

    with pytest.raises(VitrinaError), warehouse.write() as connection:  # noqa: PT012  # the first write succeeds
        replace(connection, Moments, moments("a"))
        replace(connection, Others, moments("a", "a"))
    with warehouse.write() as connection:
        assert load(connection, Moments).is_empty()


def test_an_error_of_sql_passes_as_it_is_and_leaves_nothing_behind(warehouse: Warehouse) -> None:
    with warehouse.write() as connection:
        replace(connection, Moments, moments("old"))
    with pytest.raises(duckdb.BinderException), warehouse.write() as connection:  # noqa: PT012  # the first write succeeds
        replace(connection, Moments, moments("new"))
        connection.execute("SELECT nothing FROM moments")
    assert places_in(warehouse) == ["old"]


def test_a_reader_cannot_write(warehouse: Warehouse) -> None:
    with warehouse.write() as connection:
        replace(connection, Moments, moments("old"))
    with pytest.raises(duckdb.InvalidInputException), warehouse.read() as connection:
        connection.execute("DELETE FROM moments")
    assert places_in(warehouse) == ["old"]


def test_reading_what_was_never_written_says_so(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="What to do"), warehouse.read():
        pytest.fail("there is nothing to read")
    assert lock_is_free(warehouse)


def test_a_lakes_schema_that_was_never_written_says_so(tmp_path: Path) -> None:
    stores, posts = (
        Warehouse(LakeLocation(str(tmp_path / "catalogue.ducklake"), product, tmp_path)) for product in ("stores", "posts")
    )
    with stores.write() as connection:
        replace(connection, Moments, moments("a"))
    with pytest.raises(WarehouseError, match="Nothing has been written to schema posts"), posts.read():
        pytest.fail("there is nothing to read")


def test_the_wait_for_the_lock_is_bounded_and_the_error_names_the_file(warehouse: Warehouse) -> None:
    warehouse.location.lock_file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(warehouse.location.lock_file), pytest.raises(WarehouseBusyError) as raised, warehouse.write():
        pytest.fail("somebody else holds the lock")
    assert str(warehouse.location.lock_file) in raised.value.problem
    assert "0.2 s" in raised.value.problem
    assert "VITRINA_LOCK_TIMEOUT_S" in raised.value.remedy


def test_a_lock_that_is_busy_inside_a_turn_is_not_mistaken_for_ours(tmp_path: Path) -> None:
    outer, inner = (Warehouse(FileLocation(tmp_path / f"{name}.duckdb"), lock_timeout_s=0.05) for name in ("outer", "inner"))
    with (
        FileLock(inner.location.lock_file),
        pytest.raises(WarehouseBusyError, match=r"inner\.duckdb\.lock"),
        outer.locked(),
        inner.locked(),
    ):
        pytest.fail("somebody else holds the inner lock")
    assert lock_is_free(outer)


def test_threads_of_one_process_take_turns_too(tmp_path: Path) -> None:
    warehouse = Warehouse(FileLocation(tmp_path / "stores.duckdb"), lock_timeout_s=20)
    inside, most = 0, 0

    def take_turns(place: str) -> None:
        nonlocal inside, most
        for _ in range(5):
            with warehouse.write() as connection:
                inside += 1
                most = max(most, inside)
                replace(connection, Moments, moments(place), {"place": [place]})
                inside -= 1

    threads = [threading.Thread(target=take_turns, args=(place,)) for place in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert places_in(warehouse) == ["a", "b", "c"]


def test_every_connection_is_in_utc(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Vladivostok")
    with warehouse.write() as connection:
        replace(connection, Moments, moments("a"))
        assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    with warehouse.read() as connection:
        assert connection.execute("SELECT moment::DATE FROM moments").fetchall() == [(dt.date(2026, 9, 30),)]
        assert load(connection, Moments).item(0, "moment") == LATE


def test_two_connections_of_one_process_share_one_configuration(tmp_path: Path) -> None:
    location = FileLocation(tmp_path / "stores.duckdb")
    with location.connect(read_only=False) as first, location.connect(read_only=False) as second:
        first.execute("CREATE TABLE a (b INTEGER)")
        assert second.execute("SELECT count(*) FROM a").fetchall() == [(0,)]


def test_the_one_setting_says_where_tables_live(tmp_path: Path) -> None:
    default = locate(Settings(data=tmp_path), "stores")
    elsewhere = locate(Settings(data=tmp_path, warehouse=str(tmp_path / "else")), "stores")
    lake = locate(Settings(data=tmp_path, warehouse="ducklake:postgres:dbname=lake"), "stores")
    assert default == FileLocation(tmp_path / "warehouse" / "stores.duckdb")
    assert elsewhere == FileLocation(tmp_path / "else" / "stores.duckdb")
    assert lake == LakeLocation("postgres:dbname=lake", "stores", tmp_path / "warehouse")
    with pytest.raises(SettingsError, match="s3://bucket"):
        locate(Settings(data=tmp_path, warehouse="s3://bucket"), "stores")


def test_a_catalogues_password_is_never_shown() -> None:
    lake = LakeLocation("postgres:password=4276", "stores", Path())
    assert "4276" not in f"{lake} {lake!r}"
