"""One declaration per table: everything derived from it follows when it changes."""

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue import PRODUCTS_WITH_ASSETS, TABLES, tables_of
from vitrina.dictionary import DataDictionary
from vitrina.errors import DeclarationError, InvalidTableError
from vitrina.sql import duckdb_type, quote, quote_text
from vitrina.tables import MAX_EXAMPLES, Column, Table, column, family
from vitrina.warehouse import LakeLocation, Warehouse, load, replace

MOMENT = Annotated[pl.Datetime, "us", "UTC"]


class Visits(Table, product="stores", partitioned_by="day", published=True):
    """One row per store
    and day.
    """

    day: dt.date = column("Day of the visits.", key=True)
    store_id: str = column("Store.", key=True, max_length=8)
    visits: int = column("Visits.", unit="visits", ge=0)
    weather: str = column("Weather.", nullable=True, isin=("dry", "wet"))
    measures: float = family(r"geo_\w+", "A measure.", unit="km", ge=0)


class Clients(Table, product="propensity", name="people"):
    """One row per client."""

    client_id: str = column("Client.", key=True, personal=True)
    e_mail: str = column("E-mail address.", personal=True, pattern=".+@")
    balance: int = column("Balance.", personal=True, ge=0, nullable=True)
    answers: float = family(r"answer_\w+", "An answer.", personal=True, le=10)


def visits(**changes: object) -> pl.DataFrame:
    row: dict[str, Any] = {"day": dt.date(2026, 9, 1), "store_id": "7", "visits": 3, "weather": "dry"} | changes
    return pl.DataFrame([row], schema_overrides={"weather": pl.String})


def failures_of(table: type[Table], frame: pl.DataFrame) -> tuple[str, ...]:
    with pytest.raises(InvalidTableError) as raised:
        table.check(frame)
    return raised.value.failures


def redeclared(**changes: Any) -> type[Table]:
    """A table whose one column is declared in another way."""
    declaration = {"meaning": "Length of the queue.", "unit": "people"} | changes
    dtype = declaration.pop("dtype", int)

    class Queue(Table, product="stores", partitioned_by="queue", published=declaration.pop("published", False)):
        """Queues."""

        queue: dtype = column(**declaration)  # type: ignore[valid-type]  # the type is the case

    return Queue


# what is derived


def test_the_name_is_the_classs_name_in_snake_case_unless_one_is_given() -> None:
    assert (Visits.table_name(), Clients.table_name()) == ("visits", "people")
    assert redeclared().table_name() == "queue"


def test_the_product_the_partition_and_the_publication_are_those_declared() -> None:
    assert (Visits.product(), Visits.partition_column(), Visits.is_published()) == ("stores", "day", True)
    assert (Clients.product(), Clients.partition_column(), Clients.is_published()) == ("propensity", None, False)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (int, "BIGINT"),
        (str, "VARCHAR"),
        (float, "DOUBLE"),
        (bool, "BOOLEAN"),
        (dt.date, "DATE"),
        (MOMENT, "TIMESTAMP WITH TIME ZONE"),
    ],
)
def test_a_changed_type_changes_the_ddl_the_dictionary_and_the_validation(dtype: Any, expected: str) -> None:
    table = redeclared(dtype=dtype)
    assert f'"queue" {expected} NOT NULL' in table.ddl()[0]
    assert DataDictionary.of([table]).item(0, "type") == expected
    assert "type" in failures_of(table, pl.DataFrame({"queue": [b"of another type"]}))[0]


def test_a_changed_meaning_or_unit_changes_the_comment_and_the_dictionary() -> None:
    before, after = redeclared(), redeclared(meaning="Longest queue.", unit="m")
    assert before.ddl()[-1].endswith("IS 'Length of the queue. [people]'")
    assert after.ddl()[-1].endswith("IS 'Longest queue. [m]'")
    assert DataDictionary.of([after]).select("meaning", "unit").row(0) == ("Longest queue.", "m")


def test_changed_nullability_changes_the_ddl_the_dictionary_and_the_validation() -> None:
    nothing = pl.DataFrame({"queue": [None]}, schema={"queue": pl.Int64})
    assert "null" in failures_of(redeclared(), nothing)[0]
    nullable = redeclared(nullable=True)
    assert nullable.check(nothing).height == 1
    assert "NOT NULL" not in nullable.ddl()[0]
    assert DataDictionary.of([nullable]).item(0, "nullable")


@pytest.mark.parametrize(
    ("bound", "dtype", "good", "bad"),
    [
        ({"ge": 0}, int, 0, -1),
        ({"gt": 0}, int, 1, 0),
        ({"le": 5}, int, 5, 6),
        ({"lt": 5}, int, 4, 5),
        ({"isin": ("a", "b")}, str, "b", "c"),
        ({"pattern": "^a+$"}, str, "aa", "ab"),
        ({"max_length": 2}, str, "ab", "abc"),
    ],
)
def test_a_changed_bound_changes_the_dictionary_and_the_validation(
    bound: dict[str, Any], dtype: type, good: object, bad: object
) -> None:
    free, bounded = redeclared(dtype=dtype), redeclared(dtype=dtype, **bound)
    assert free.check(pl.DataFrame({"queue": [bad]})).height == 1
    assert bounded.check(pl.DataFrame({"queue": [good]})).height == 1
    assert len(failures_of(bounded, pl.DataFrame({"queue": [good, bad]}))) == 1
    assert DataDictionary.of([free]).item(0, "bounds") == ""
    assert DataDictionary.of([bounded]).item(0, "bounds") != ""


def test_personal_columns_are_those_declared_families_included() -> None:
    assert Visits.personal_columns() == ()
    assert Clients.personal_columns() == ("client_id", "e_mail", "balance", r"answer_\w+")
    assert redeclared(personal=True).personal_columns() == ("queue",)
    assert DataDictionary.of([redeclared(personal=True)]).item(0, "personal")


def test_a_family_stands_in_the_dictionary_once_under_its_pattern() -> None:
    dictionary = DataDictionary.of([Visits])
    assert dictionary.get_column("column_name").to_list() == ["day", "store_id", "visits", "weather", r"geo_\w+"]
    assert dictionary.filter("is_key").get_column("column_name").to_list() == ["day", "store_id"]


def test_the_description_is_the_docstring_on_one_line_and_stands_on_the_table() -> None:
    assert Visits.ddl()[1] == "COMMENT ON TABLE \"visits\" IS 'One row per store and day.'"


# validation


def test_a_frame_comes_back_with_its_columns_in_the_declared_order_and_families_last() -> None:
    frame = visits(geo_b=1.0, geo_a=2.0).select("geo_b", "weather", "visits", "geo_a", "day", "store_id")
    assert Visits.check(frame).columns == ["day", "store_id", "visits", "weather", "geo_a", "geo_b"]


@settings(max_examples=30)
@given(st.permutations(["day", "store_id", "visits", "weather", "geo_a"]))
def test_the_order_of_columns_never_matters(order: list[str]) -> None:
    frame = visits(geo_a=1.0)
    assert Visits.check(frame.select(order)).equals(Visits.check(frame))


def test_an_empty_frame_is_valid_and_has_the_declared_types() -> None:
    assert Visits.check(Visits.empty()).schema == Visits.polars_schema()


def test_a_lazy_frame_is_refused_for_its_values_would_pass_unseen() -> None:
    with pytest.raises(InvalidTableError, match="Collect the frame"):
        Visits.check(visits(visits=-1).lazy())  # type: ignore[arg-type]  # a wrong argument is the case


def test_a_missing_an_unknown_and_a_mistyped_column_are_all_named_at_once() -> None:
    found = failures_of(Visits, visits(colour="red", taste="sweet", visits="many").drop("store_id", "day"))
    named = {"column store_id", "column day", "column colour", "column taste", "column visits"}
    assert {failure.split(":")[0] for failure in found} >= named


def test_a_family_takes_any_member_but_no_other_name_and_no_value_out_of_bounds() -> None:
    assert "geo_station" in Visits.check(visits(geo_station=1.0)).columns
    assert failures_of(Visits, visits(geology=1.0)) == ("column geology: not declared",)
    assert failures_of(Visits, visits(geo_station=-4.0))[0].startswith("column geo_station")
    assert Visits.check(visits(geo_station=None).cast({"geo_station": pl.Float64})).height == 1


def test_a_repeated_key_is_refused_and_shown() -> None:
    assert "('7',)" not in failures_of(Visits, pl.concat([visits(), visits()]))[0]
    assert "(datetime.date(2026, 9, 1), '7')" in failures_of(Visits, pl.concat([visits(), visits(visits=9)]))[0]
    assert Visits.check(pl.concat([visits(), visits(store_id="8")])).height == 2


def test_a_key_is_never_null_even_if_declared_so() -> None:
    assert (
        "null" in failures_of(redeclared(key=True, nullable=True), pl.DataFrame({"queue": [None]}, schema={"queue": pl.Int64}))[0]
    )


def test_at_most_ten_failures_are_told_and_all_are_counted() -> None:
    unknown = pl.DataFrame({f"unknown_{number:02}": [1] for number in range(25)})
    with pytest.raises(InvalidTableError) as raised:
        Visits.check(pl.concat([visits(), unknown], how="horizontal"))
    assert len(raised.value.failures) == MAX_EXAMPLES == 10
    assert "25 problem(s)" in raised.value.problem
    assert "unknown_24" not in str(raised.value)


def test_at_most_three_values_are_quoted_and_all_are_counted() -> None:
    rows = pl.concat([visits(store_id=str(number), visits=-1_000 - number) for number in range(20)])
    (failure,) = failures_of(Visits, rows)
    assert "20 value(s)" in failure
    assert failure.count("-10") == 3


@pytest.mark.parametrize(
    "broken",
    [
        {"e_mail": "4276-secret"},
        {"balance": -4276},
        {"balance": "4276-secret"},
        {"answer_one": 4276.0},
        {"answer_one": "4276-secret"},
        {"e_mail": 4276},
    ],
)
def test_personal_values_are_never_quoted(broken: dict[str, Any]) -> None:
    frame = pl.DataFrame([{"client_id": "c", "e_mail": "a@b", "balance": 1} | broken])
    with pytest.raises(InvalidTableError) as raised:
        Clients.check(frame)
    assert next(iter(broken)) in str(raised.value)
    assert "4276" not in str(raised.value) + repr(raised.value) + "".join(raised.value.failures)


def test_a_repeated_personal_key_is_counted_but_not_quoted() -> None:
    frame = pl.DataFrame({"client_id": ["4276-secret"] * 2, "e_mail": ["a@b"] * 2, "balance": [1, 2]})
    (failure,) = failures_of(Clients, frame)
    assert "1 value(s)" in failure
    assert "4276" not in failure


# names and types


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=40).filter(lambda name: "\0" not in name))
def test_a_quoted_name_or_text_is_itself_again_in_sql(name: str) -> None:
    with duckdb.connect() as connection:
        cursor = connection.execute(f"SELECT {quote_text(name)} AS {quote(name)}")
        assert cursor.description[0][0] == name
        assert cursor.fetchall() == [(name,)]


def test_hostile_names_and_meanings_stay_names_and_meanings() -> None:
    class Hostile(Table, product="stores", name='x"; DROP TABLE "victim'):
        """It's a 'quoted' text; DROP TABLE victim."""

        value: int = column("What'; DROP TABLE victim; --")
        members: float = family(r"geo.*", "A measure.")

    member = 'geo"); DROP TABLE victim; --'
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE victim (a INTEGER)")
        replace(connection, Hostile, Hostile.check(pl.DataFrame({"value": [1], member: [2.0]})))
        assert load(connection, Hostile).columns == ["value", member]
        assert connection.execute("SELECT count(*) FROM victim").fetchall() == [(0,)]
        comments: dict[str, Any] = dict(connection.execute("SELECT column_name, comment FROM duckdb_columns()").fetchall())
        assert comments["value"] == "What'; DROP TABLE victim; --"


@pytest.mark.parametrize(
    "dtype", [pl.Datetime("us"), pl.Datetime("ms", "UTC"), pl.Categorical(), pl.Duration(), pl.List(pl.Time())]
)
def test_a_type_that_cannot_be_stored_everywhere_is_refused(dtype: pl.DataType) -> None:
    with pytest.raises(DeclarationError, match="cannot be stored"):
        duckdb_type(dtype)


def test_a_name_that_nothing_declares_gets_no_column() -> None:
    with pytest.raises(DeclarationError, match="no column or family for 'colour'"):
        Visits.ddl(["colour"])


# every declared table


def first_allowed(declared: Column, usual: object) -> object:
    """The first of the values that a column may have, or a usual one."""
    if digits := re.search(r"\[0-9a-f\]\{(\d+)\}", declared.bounds):
        return "0" * int(digits[1])
    allowed = re.search(r"one of '?([^',]*)", declared.bounds)
    return usual if allowed is None else type(usual)(allowed[1])


def one_row(table: type[Table]) -> pl.DataFrame:
    """A row of ordinary values that lie within all bounds."""
    values: dict[pl.DataType, object] = {
        pl.String(): "it's",
        pl.Int64(): 1,
        pl.Float64(): 0.5,
        pl.Boolean(): True,
        pl.Date(): dt.date(2026, 9, 1),
        pl.Datetime("us", "UTC"): dt.datetime(2026, 9, 1, 21, 30, tzinfo=dt.UTC),
        pl.List(pl.String()): ["a", "b"],
        pl.List(pl.Float64()): [1.5],
        pl.List(pl.Float32()): [1.5],
        pl.List(pl.Int64()): [3, 4],
        pl.List(pl.Boolean()): [True, False],
    }
    row = {declared.name: first_allowed(declared, values[declared.dtype]) for declared in table.columns()}
    return pl.DataFrame([row], schema=table.polars_schema())


@pytest.mark.parametrize("product", PRODUCTS_WITH_ASSETS)
def test_every_declared_table_can_be_stored_in_a_lake_and_read_back(product: str, tmp_path: Path) -> None:
    lake, tables = Warehouse(LakeLocation(str(tmp_path / "catalogue.ducklake"), product, tmp_path)), tables_of(product)
    with lake.write() as connection:
        for table in tables:
            assert replace(connection, table, table.empty()) == 0
    with lake.read() as connection:
        for table in tables:
            assert load(connection, table).schema == table.polars_schema(), table.table_name()
    with lake.write() as connection:
        for table in tables:
            assert replace(connection, table, one_row(table)) == 1
    with lake.read() as connection:
        for table in tables:
            assert load(connection, table).equals(one_row(table)), table.table_name()


def test_no_two_tables_of_a_product_share_a_name() -> None:
    names = [(table.product(), table.table_name()) for table in TABLES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.table_name())
def test_every_declared_table_says_what_a_row_is_and_every_column_what_it_means(table: type[Table]) -> None:
    assert table.description().endswith(".")
    assert all(declared.meaning.endswith(".") for declared in table.declared())
    if (partition := table.partition_column()) is not None:
        assert partition in table.key() or table.find(partition) is not None
