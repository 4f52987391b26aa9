"""Which quarters a delivery makes stale."""

import datetime as dt
from types import SimpleNamespace

import duckdb
import polars as pl
import pytest

from vitrina.settings import Settings
from vitrina.stores.network import DECISIONS, SALES, snapshot, staleness
from vitrina.warehouse import FileLocation, Warehouse

QUARTERS = [dt.date(2022, month, 1) for month in (1, 4, 7, 10)]
TODAY = dt.date(2023, 2, 1)


@pytest.fixture
def warehouse(tmp_path):
    made = Warehouse(FileLocation(tmp_path / "stores.duckdb"), 10)
    months = pl.DataFrame({"date": [dt.date(2022, month, 1) for month in range(1, 13)]})
    computed = pl.DataFrame({"quarter": QUARTERS})
    with made.write() as connection:
        for name, frame in (("raw_sales", months), ("store_features", computed)):
            connection.register("frame", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    return made


def approve(warehouse, quarter):
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE cluster_models AS SELECT ?::DATE AS quarter", [quarter])


def stale(warehouse, tmp_path, *entries):
    settings = Settings(data=tmp_path / "data", first_quarter=dt.date(2022, 1, 1), _env_file=None)
    found = [SimpleNamespace(contract=contract, changed_from=first, changed_to=first) for contract, first in entries]
    return tuple(dt.date.fromisoformat(key) for key in staleness(found, warehouse, settings, TODAY).stale)


def test_a_decision_touches_its_quarter_and_all_later_ones(warehouse, tmp_path):
    assert stale(warehouse, tmp_path, (DECISIONS, QUARTERS[2])) == tuple(QUARTERS[2:])


def test_a_name_given_in_the_newest_quarter_touches_every_quarter_of_the_approved_model(warehouse, tmp_path):
    approve(warehouse, QUARTERS[1])
    assert stale(warehouse, tmp_path, (DECISIONS, QUARTERS[3])) == tuple(QUARTERS[1:])


def test_without_a_decision_an_approved_model_makes_nothing_stale(warehouse, tmp_path):
    approve(warehouse, QUARTERS[1])
    assert stale(warehouse, tmp_path) == ()
    assert stale(warehouse, tmp_path, (SALES, None)) == ()


def test_sales_touch_what_looks_back_on_them(warehouse, tmp_path):
    assert stale(warehouse, tmp_path, (SALES, QUARTERS[3])) == (QUARTERS[3],)
    assert stale(warehouse, tmp_path, (SALES, QUARTERS[0])) == tuple(QUARTERS)


def test_the_snapshot_is_named_after_the_latest_delivery_of_data_and_not_of_a_decision():
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE deliveries AS SELECT * FROM (VALUES (4, 'sales', 'loaded'), (5, 'stores', 'quarantined'), (6, 'decisions', 'loaded')) "
        "AS t(delivery, contract, state)"
    )
    assert snapshot(connection) == "delivery 4"
