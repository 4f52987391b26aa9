"""Slices in and out of a table, and declarations that change under stored rows."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from vitrina.errors import DeclarationError, InvalidTableError, WarehouseError
from vitrina.tables import Table, column, family
from vitrina.warehouse import FileLocation, Warehouse, load, migrate, prepare, replace, stored_columns


class Visits(Table, product="stores", partitioned_by="store"):
    """One row per store and day."""

    store: str = column("Store.", key=True)
    day: dt.date = column("Day.", key=True)
    visits: int = column("Visits.", ge=0)
    measures: float = family(r"geo_\w+", "A measure.", unit="km")


class VisitsWithWeather(Visits, product="stores", name="visits"):
    """One row per store and day, later in its life."""

    weather: str = column("Weather.", nullable=True)


class VisitsWithTill(Visits, product="stores", name="visits"):
    """One row per store and day, with a column that old rows cannot have."""

    till: str = column("Till.")


class VisitsAsNumbers(Table, product="stores", name="visits"):
    """One row per store and day; the store is a number now."""

    store: int = column("Store.", key=True)
    day: dt.date = column("Day.", key=True)
    visits: float = column("Visits.")


class Secrets(Table, product="propensity"):
    """One row per client."""

    client: str = column("Client.", key=True, personal=True)


class Optional(Table, product="stores"):
    """One row per anything."""

    place: str = column("Place.", nullable=True)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def visits(store: str, *counts: int, **measures: float) -> pl.DataFrame:
    rows = [{"store": store, "day": dt.date(2026, 9, 1 + place), "visits": count, **measures} for place, count in enumerate(counts)]
    return pl.DataFrame(rows, schema=Visits.polars_schema() | dict.fromkeys(measures, pl.Float64()))


def test_a_slice_is_replaced_and_the_others_stay(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1, 2), {"store": ["a"]})
    replace(connection, Visits, visits("b", 3), {"store": ["b"]})
    assert replace(connection, Visits, visits("a", 4), {"store": ["a"]}) == 1
    assert_frame_equal(load(connection, Visits), pl.concat([visits("a", 4), visits("b", 3)]))
    assert_frame_equal(load(connection, Visits, {"store": ["b"]}), visits("b", 3))


def test_replaying_a_slice_changes_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    for _ in range(3):
        replace(connection, Visits, visits("a", 1, 2), {"store": ["a"]})
    assert_frame_equal(load(connection, Visits), visits("a", 1, 2))


def test_without_a_slice_the_whole_table_is_replaced(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1, 2))
    replace(connection, Visits, visits("b", 3))
    assert_frame_equal(load(connection, Visits), visits("b", 3))


def test_several_slices_are_replaced_at_once(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, pl.concat([visits("a", 1), visits("b", 2), visits("c", 3)]))
    replace(connection, Visits, visits("a", 9), {"store": ["a", "b"]})
    assert_frame_equal(load(connection, Visits), pl.concat([visits("a", 9), visits("c", 3)]))


def test_a_slice_of_no_values_replaces_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1))
    assert replace(connection, Visits, Visits.empty(), {"store": []}) == 0
    assert load(connection, Visits).height == 1
    assert load(connection, Visits, {"store": []}).is_empty()


def test_an_empty_frame_leaves_an_empty_table_that_can_be_queried(connection: duckdb.DuckDBPyConnection) -> None:
    assert replace(connection, Visits, Visits.empty()) == 0
    assert connection.execute("SELECT count(*) FROM visits").fetchall() == [(0,)]
    assert load(connection, Visits).schema == Visits.polars_schema()


def test_an_empty_frame_empties_its_slice_only(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, pl.concat([visits("a", 1), visits("b", 2)]))
    replace(connection, Visits, Visits.empty(), {"store": ["a"]})
    assert_frame_equal(load(connection, Visits), visits("b", 2))


def test_a_table_that_was_never_written_reads_as_empty(connection: duckdb.DuckDBPyConnection) -> None:
    assert_frame_equal(load(connection, Visits), Visits.empty())


def test_rows_come_back_in_the_order_of_the_key(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, pl.concat([visits("b", 1, 2), visits("a", 3)]).reverse())
    assert load(connection, Visits).equals(pl.concat([visits("a", 3), visits("b", 1, 2)]))


@pytest.mark.parametrize("store", ["it's", '"', "a'; DROP TABLE visits; --", ";", "?", "$1", "%", "", "Ёлка\n🎄"])
def test_a_hostile_partition_key_is_a_value_like_any_other(connection: duckdb.DuckDBPyConnection, store: str) -> None:
    replace(connection, Visits, visits("other", 7))
    replace(connection, Visits, visits(store, 1, 2), {"store": [store]})
    replace(connection, Visits, visits(store, 3), {"store": [store]})
    assert_frame_equal(load(connection, Visits, {"store": [store]}), visits(store, 3))
    assert load(connection, Visits).height == 2


def test_rows_outside_the_slice_are_refused_and_nothing_is_deleted(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1))
    with pytest.raises(WarehouseError, match=r"1 row\(s\) lie outside the slice of store in \['a'\].*found e\.g\. b"):
        replace(connection, Visits, pl.concat([visits("a", 2), visits("b", 3)]), {"store": ["a"]})
    assert_frame_equal(load(connection, Visits), visits("a", 1))


def test_a_row_without_the_slices_value_is_outside_every_slice(connection: duckdb.DuckDBPyConnection) -> None:
    frame = pl.DataFrame({"place": ["a", None]})
    with pytest.raises(WarehouseError, match="outside the slice"):
        replace(connection, Optional, frame, {"place": ["a"]})


def test_personal_keys_are_not_quoted_when_rows_lie_outside_the_slice(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(WarehouseError) as raised:
        replace(connection, Secrets, pl.DataFrame({"client": ["4276"]}), {"client": ["5336"]})
    assert "4276" not in str(raised.value)
    assert "5336" not in str(raised.value)


def test_an_invalid_frame_is_refused_before_anything_is_touched(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(InvalidTableError):
        replace(connection, Visits, visits("a", -1))
    assert stored_columns(connection, "visits") == {}


def test_what_needs_no_lock_can_be_done_without_a_connection() -> None:
    with pytest.raises(InvalidTableError):
        prepare(Visits, visits("a", -1))
    with pytest.raises(WarehouseError):
        prepare(Visits, visits("b", 1), {"store": ["a"]})
    assert prepare(Visits, visits("a", 1, 2), {"store": ["a"]}).rows.num_rows == 2


# declarations that change


def test_new_members_of_a_family_are_added_and_old_rows_have_none(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1), {"store": ["a"]})
    replace(connection, Visits, visits("b", 2, geo_b=0.5, geo_a=1.5), {"store": ["b"]})
    assert list(stored_columns(connection, "visits")) == ["store", "day", "visits", "geo_a", "geo_b"]
    assert load(connection, Visits).select("store", "geo_a", "geo_b").rows() == [("a", None, None), ("b", 1.5, 0.5)]


def test_a_slice_without_some_members_leaves_them_empty(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1, geo_a=1.5), {"store": ["a"]})
    replace(connection, Visits, visits("a", 2), {"store": ["a"]})
    assert load(connection, Visits).row(0) == ("a", dt.date(2026, 9, 1), 2, None)


def test_a_new_nullable_column_is_read_as_missing_and_stored_by_the_next_write(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1))
    unwritten = load(connection, VisitsWithWeather)
    assert unwritten.get_column("weather").to_list() == [None]
    replace(connection, VisitsWithWeather, unwritten.with_columns(pl.lit("wet").alias("weather")))
    assert load(connection, VisitsWithWeather).get_column("weather").to_list() == ["wet"]


def test_added_columns_carry_their_comments(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1))
    replace(connection, VisitsWithWeather, visits("a", 1, geo_a=1.5).with_columns(pl.lit("wet").alias("weather")))
    comments: dict[str, Any] = dict(connection.execute("SELECT column_name, comment FROM duckdb_columns()").fetchall())
    assert (comments["weather"], comments["geo_a"]) == ("Weather.", "A measure. [km]")


@pytest.mark.parametrize(
    ("declaration", "frame", "change"),
    [
        (VisitsWithTill, visits("a", 1).with_columns(pl.lit("x").alias("till")), "till is new and may not be null"),
        (VisitsAsNumbers, VisitsAsNumbers.empty(), "store is VARCHAR, declared BIGINT"),
    ],
)
def test_any_other_change_is_refused_and_names_the_command_that_migrates(
    connection: duckdb.DuckDBPyConnection, declaration: type[Table], frame: pl.DataFrame, change: str
) -> None:
    replace(connection, Visits, visits("a", 1))
    with pytest.raises(DeclarationError) as raised:
        replace(connection, declaration, frame)
    assert change in raised.value.problem
    assert "vitrina migrate stores" in raised.value.remedy
    assert_frame_equal(load(connection, Visits), visits("a", 1))


def test_a_column_that_is_gone_or_became_optional_is_a_change_too(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, VisitsWithWeather, visits("a", 1).with_columns(pl.lit("wet").alias("weather")))
    with pytest.raises(DeclarationError, match="weather is no longer declared"):
        replace(connection, Visits, visits("a", 1))
    connection.execute("CREATE TABLE optional (place VARCHAR NOT NULL)")
    with pytest.raises(DeclarationError, match="place is stored not null"):
        replace(connection, Optional, Optional.empty())


def test_a_refused_change_adds_no_column_either(tmp_path_factory: pytest.TempPathFactory) -> None:
    warehouse = Warehouse(FileLocation(tmp_path_factory.mktemp("w") / "stores.duckdb"))
    with warehouse.write() as connection:
        replace(connection, VisitsWithTill, visits("a", 1).with_columns(pl.lit("x").alias("till")))
    with pytest.raises(DeclarationError), warehouse.write() as connection:
        replace(connection, VisitsWithWeather, visits("a", 1).with_columns(pl.lit("wet").alias("weather")))
    with warehouse.read() as connection:
        assert list(stored_columns(connection, "visits")) == ["store", "day", "visits", "till"]


def test_migrating_casts_types_keeps_rows_and_drops_what_is_gone(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("17", 1, 2, geo_a=1.5))
    migrate(connection, VisitsAsNumbers)
    migrated = load(connection, VisitsAsNumbers)
    assert migrated.schema == VisitsAsNumbers.polars_schema()
    assert migrated.select("store", "visits").rows() == [(17, 1.0), (17, 2.0)]
    assert replace(connection, VisitsAsNumbers, migrated) == 2


def test_migrating_keeps_the_members_of_families(connection: duckdb.DuckDBPyConnection) -> None:
    replace(connection, Visits, visits("a", 1, geo_a=1.5))
    migrate(connection, VisitsWithWeather)
    assert load(connection, VisitsWithWeather).select("weather", "geo_a").row(0) == (None, 1.5)


@pytest.mark.parametrize("declaration", [VisitsAsNumbers, VisitsWithTill])
def test_rows_that_do_not_convert_are_kept_as_they_were(connection: duckdb.DuckDBPyConnection, declaration: type[Table]) -> None:
    replace(connection, Visits, visits("not a number", 1))
    with pytest.raises(DeclarationError, match="do not convert"):
        migrate(connection, declaration)
    assert_frame_equal(load(connection, Visits), visits("not a number", 1))


def test_migrating_a_table_that_was_never_written_does_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    migrate(connection, Visits)
    assert stored_columns(connection, "visits") == {}


def test_a_table_that_is_computed_by_period_is_dropped_where_its_rows_do_not_convert(connection: duckdb.DuckDBPyConnection) -> None:
    by_day = type("VisitsByDay", (Visits,), {}, product="stores", name="visits", partitioned_by="day")
    with_till = type("VisitsByDayWithTill", (VisitsWithTill,), {}, product="stores", name="visits", partitioned_by="day")
    replace(connection, by_day, visits("a", 1, 2))
    days = sorted({str(day) for day in load(connection, by_day).get_column("day")})
    assert migrate(connection, by_day) == ()
    assert migrate(connection, with_till) == tuple(days)
    assert stored_columns(connection, "visits") == {}
