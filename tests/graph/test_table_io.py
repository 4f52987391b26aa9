"""Frames in and out of the warehouse through Dagster."""

import datetime as dt

import dagster as dg
import polars as pl
import pytest

from resources import table_io
from resources.table_assets import schema_check, table_arguments, table_key
from resources.table_io import TableIOManager
from resources.warehouse import WarehouseResource
from vitrina.tables import Table, column
from vitrina.warehouse import load

HOSTILE = "a'b\"; DROP TABLE shelf; --"
SHELVES = dg.DynamicPartitionsDefinition(name="shelves")


class Shelf(Table, product="stores", partitioned_by="aisle"):
    """One row per shelf; the test's own."""

    aisle: str = column("Name of the aisle.", key=True)
    shelf: str = column("Name of the shelf.", key=True)
    width: float = column("Width.", unit="m", ge=0)


class Visitor(Table, product="stores"):
    """One row per visitor; the test's own."""

    name: str = column("Name.", key=True, personal=True)


def shelves(aisle: str, *names: str, width: float = 1.0) -> pl.DataFrame:
    return pl.DataFrame(
        {"aisle": [aisle] * len(names), "shelf": list(names), "width": [width] * len(names)}, schema=Shelf.polars_schema()
    )


@pytest.fixture
def resources(tmp_path, monkeypatch):
    monkeypatch.setattr(table_io, "find_table", lambda _, name: {"shelf": Shelf, "visitor": Visitor}[name])
    warehouse = WarehouseResource(overrides={"data": str(tmp_path)})
    return {"warehouse": warehouse, "tables": TableIOManager(warehouse=warehouse)}


def materialize(frame: pl.DataFrame, resources, key: str | None = None, table: type[Table] = Shelf, instance=None, **more):
    partitions = {"partitions_def": SHELVES} if key else {}

    @dg.asset(**table_arguments(table), **partitions)
    def made() -> pl.DataFrame:
        return frame

    instance = instance or dg.DagsterInstance.ephemeral()
    if key:
        instance.add_dynamic_partitions("shelves", [key])
    return dg.materialize([made], resources=resources, partition_key=key, instance=instance, **more)


def stored(resources, table: type[Table] = Shelf) -> pl.DataFrame:
    with resources["warehouse"].of("stores").read() as connection:
        return load(connection, table)


def test_a_partition_key_with_a_quote_and_a_semicolon_is_a_value_and_nothing_else(resources):
    materialize(shelves("plain", "1"), resources, "plain")
    materialize(shelves(HOSTILE, "1", "2"), resources, HOSTILE)
    materialize(shelves(HOSTILE, "3"), resources, HOSTILE)
    assert stored(resources).select("aisle", "shelf").rows() == [(HOSTILE, "3"), ("plain", "1")]


def test_an_empty_frame_empties_its_partition_and_leaves_the_others(resources):
    materialize(shelves("a", "1"), resources, "a")
    materialize(shelves("b", "1"), resources, "b")
    materialize(shelves("a"), resources, "a")
    assert stored(resources).get_column("aisle").to_list() == ["b"]


def test_a_frame_that_does_not_fit_fails_the_step_tells_why_and_leaves_what_was_there(resources):
    materialize(shelves("a", "1"), resources, "a")
    result = materialize(shelves("a", "1", width=-2.0), resources, "a", raise_on_error=False)
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    assert "width" in failure.error.message or "width" in str(failure.user_failure_data.description)
    assert stored(resources).get_column("width").to_list() == [1.0]


def test_rows_of_another_partition_are_refused(resources):
    result = materialize(shelves("b", "1"), resources, "a", raise_on_error=False)
    assert not result.success


def test_a_materialization_has_the_standard_metadata(resources):
    materialize(shelves("a", "1", "2"), resources, "a")
    result = materialize(shelves("b", "1"), resources, "b")
    metadata = result.asset_materializations_for_node("stores__shelf")[0].metadata
    assert metadata["dagster/row_count"].value == 3
    assert metadata["dagster/partition_row_count"].value == 1
    assert [column.name for column in metadata["dagster/column_schema"].value.columns] == ["aisle", "shelf", "width"]
    assert "| b | 1 | 1 |" in metadata["preview"].value


def test_personal_data_has_no_preview_and_no_example_in_a_failure(resources):
    result = materialize(pl.DataFrame({"name": ["Jane Roe"]}), resources, table=Visitor)
    assert "preview" not in result.asset_materializations_for_node("stores__visitor")[0].metadata
    repeated = materialize(pl.DataFrame({"name": ["Jane Roe", "Jane Roe"]}), resources, table=Visitor, raise_on_error=False)
    assert not repeated.success
    assert "Jane" not in str([event.event_specific_data for event in repeated.all_events])


def test_the_blocking_check_finds_rows_that_another_program_wrote(resources):
    materialize(shelves("a", "1"), resources, "a")
    with resources["warehouse"].of("stores").write() as connection:
        connection.execute("UPDATE shelf SET width = -1")
    check = schema_check(Shelf)
    spec = dg.AssetSpec(table_key(Shelf))
    result = dg.materialize([spec, check], resources=resources, selection=dg.AssetSelection.checks(check), raise_on_error=False)
    evaluation = result.get_asset_check_evaluations()[0]
    assert not evaluation.passed
    assert evaluation.blocking
    assert "width" in evaluation.metadata["examples"].value


def test_column_schema_dagster_type_and_ddl_follow_a_changed_declaration(resources):
    class Wider(Table, product="stores", name="shelf"):
        """One row per shelf, with its depth."""

        shelf: str = column("Name of the shelf.", key=True)
        depth: float = column("Depth.", unit="cm", nullable=True)

    arguments = table_arguments(Wider)
    schema = arguments["metadata"]["dagster/column_schema"]
    assert [(named.name, named.type, named.description) for named in schema.columns] == [
        ("shelf", "VARCHAR", "Name of the shelf."),
        ("depth", "DOUBLE", "Depth. [cm]"),
    ]
    assert arguments["dagster_type"].metadata["dagster/column_schema"].value == schema
    assert '"depth" DOUBLE' in Wider.ddl()[0]


def test_a_table_without_a_partition_column_cannot_be_written_by_partition(resources):
    result = materialize(pl.DataFrame({"name": ["x"]}), resources, "a", table=Visitor, raise_on_error=False)
    assert not result.success


def test_dates_are_bound_as_dates():
    class Day(Table, product="stores", partitioned_by="day"):
        """One row per day."""

        day: dt.date = column("Day.", key=True)

    assert table_io._slice(Day, ["2026-01-01"]) == {"day": [dt.date(2026, 1, 1)]}
