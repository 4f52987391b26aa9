"""Which months a delivery makes stale, and which months a model may learn from."""

import datetime as dt
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.months import add_months
from vitrina.propensity.contracts import CLIENTS, COLUMN_RULES, CONTACTS, OPENINGS, PAYMENTS, TEXTS
from vitrina.propensity.periods import months_to_learn_from, propensity_settings, staleness
from vitrina.settings import Settings
from vitrina.warehouse import FileLocation, Warehouse

MONTHS = [dt.date(2022, month, 1) for month in range(1, 9)]
TODAY = dt.date(2022, 9, 1)
DAY = dt.timedelta(days=1)


def warehouse_of(folder, computed=MONTHS):
    """A warehouse with a snapshot on the fifth of each month; features of some months are computed."""
    made = Warehouse(FileLocation(folder / "propensity.duckdb"), 10)
    snapshots = pl.DataFrame({"snapshot_date": [month.replace(day=5) for month in MONTHS for _ in range(2)]})
    tables = {"raw_clients": snapshots}
    if computed is not None:
        tables["client_features"] = pl.DataFrame({"month": computed}, schema={"month": pl.Date})
    with made.write() as connection:
        for name, frame in tables.items():
            connection.register("frame", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    return made


@pytest.fixture
def warehouse(tmp_path):
    return warehouse_of(tmp_path)


def judged(warehouse, *entries, **settings):
    found = [SimpleNamespace(contract=contract.name, changed_from=first, changed_to=first) for contract, first in entries]
    return staleness(found, warehouse, Settings(_env_file=None, **settings), TODAY)


def stale(warehouse, *entries, **settings):
    return [dt.date.fromisoformat(key) for key in judged(warehouse, *entries, **settings).stale]


def test_months_with_a_snapshot_can_be_computed(warehouse):
    assert judged(warehouse).computable == tuple(month.isoformat() for month in MONTHS)


def test_without_a_delivery_nothing_is_stale(warehouse, tmp_path):
    assert stale(warehouse) == []
    (tmp_path / "new").mkdir()
    assert stale(warehouse_of(tmp_path / "new", computed=None)) == []


@pytest.mark.parametrize("contract", [CLIENTS, PAYMENTS])
def test_snapshots_and_payments_touch_their_own_month_and_all_later_ones(warehouse, contract):
    assert stale(warehouse, (contract, dt.date(2022, 6, 30))) == MONTHS[5:]
    assert stale(warehouse, (contract, dt.date(2022, 7, 1))) == MONTHS[6:]


def test_openings_touch_the_months_whose_horizon_they_lie_in(warehouse):
    assert stale(warehouse, (OPENINGS, dt.date(2022, 6, 1))) == MONTHS[2:]
    assert stale(warehouse, (OPENINGS, dt.date(2022, 6, 30))) == MONTHS[2:]
    assert stale(warehouse, (OPENINGS, dt.date(2022, 6, 1)), propensity_horizon_months=1) == MONTHS[4:]
    assert stale(warehouse, (OPENINGS, dt.date(2021, 12, 1))) == MONTHS


@pytest.mark.parametrize("contract", [TEXTS, COLUMN_RULES])
def test_texts_and_rules_of_columns_touch_every_month(warehouse, contract):
    assert stale(warehouse, (contract, None)) == MONTHS


def test_contacts_touch_the_newest_month_alone(warehouse, tmp_path):
    assert stale(warehouse, (CONTACTS, dt.date(2022, 2, 3))) == MONTHS[-1:]
    (tmp_path / "new").mkdir()
    assert stale(warehouse_of(tmp_path / "new", computed=None), (CONTACTS, dt.date(2022, 2, 3))) == MONTHS[-1:]


def test_of_several_deliveries_the_earliest_change_counts(warehouse):
    assert stale(warehouse, (CLIENTS, MONTHS[7]), (PAYMENTS, MONTHS[5]), (CONTACTS, MONTHS[0])) == MONTHS[5:]


@pytest.mark.parametrize("contract", [CLIENTS, PAYMENTS, OPENINGS])
def test_a_delivery_that_changes_nothing_touches_nothing(warehouse, contract):
    assert stale(warehouse, (contract, None)) == []


def test_a_delivery_brings_up_months_that_were_never_computed(tmp_path):
    made = warehouse_of(tmp_path, computed=MONTHS[2:])
    assert stale(made, (CLIENTS, MONTHS[7])) == [*MONTHS[:2], MONTHS[7]]
    (tmp_path / "new").mkdir()
    assert stale(warehouse_of(tmp_path / "new", computed=None), (CLIENTS, MONTHS[7])) == MONTHS


def labels(*months, horizon=3, day=1):
    days = [month.replace(day=day) for month in months]
    frame = pl.DataFrame({"month": list(months), "snapshot_date": days}, schema={"month": pl.Date, "snapshot_date": pl.Date})
    return frame.with_columns(window_until=pl.col("snapshot_date").dt.offset_by(f"{horizon}mo"))


def test_a_month_teaches_as_soon_as_its_horizon_is_over():
    assert months_to_learn_from(labels(*MONTHS), dt.date(2022, 4, 1)) == MONTHS[:1]
    assert months_to_learn_from(labels(*MONTHS), dt.date(2022, 3, 31)) == []
    assert months_to_learn_from(labels(*MONTHS), dt.date(2022, 6, 1)) == MONTHS[:3]
    assert months_to_learn_from(labels(*MONTHS, horizon=1), dt.date(2022, 6, 1)) == MONTHS[:5]


def test_a_snapshot_late_in_its_month_teaches_no_earlier_day_than_its_horizon_ends():
    assert months_to_learn_from(labels(MONTHS[0], day=31), dt.date(2022, 4, 1)) == []
    assert months_to_learn_from(labels(MONTHS[0], day=31), dt.date(2022, 4, 30)) == MONTHS[:1]


@given(st.sets(st.sampled_from(MONTHS)), st.sampled_from(MONTHS), st.integers(1, 12))
def test_no_month_learns_from_an_opening_later_than_its_snapshot(known, month, horizon):
    found = months_to_learn_from(labels(*sorted(known), horizon=horizon), month)
    assert found == sorted(found)
    assert set(found) <= known
    assert all(add_months(each, horizon) <= month for each in found)
    assert all(add_months(each, horizon) > month for each in known - set(found))


def test_the_rules_of_the_population_are_one_row_whose_version_follows_them():
    plain = propensity_settings(Settings(_env_file=None))
    strict = propensity_settings(
        Settings(_env_file=None, propensity_segments=("micro", "small"), propensity_excluded_okved=("64", "92.1"))
    )
    assert strict.select("segments", "excluded_okved", "horizon_months").rows() == [("micro|small", "64|92.1", 3)]
    assert plain["segments"].to_list() == [""]
    assert plain["rule_version"][0] != strict["rule_version"][0]
    assert plain.equals(propensity_settings(Settings(_env_file=None)))
