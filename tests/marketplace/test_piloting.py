"""Pilots over time: drawn once, written in every language."""

import datetime as dt

import polars as pl
import pytest

from tests.marketplace.small_shop import item_table, user_table
from tests.marketplace.staged import NOON, connected, event
from vitrina.marketplace.pilot_tables import PilotCases, PilotSheets
from vitrina.marketplace.piloting import pilots
from vitrina.settings import Settings

NOW = dt.datetime(2026, 7, 1, 9, tzinfo=dt.UTC)
ITEMS, USERS = [f"i{item:02}" for item in range(60)], [f"u{user}" for user in range(6)]


@pytest.fixture(scope="module")
def histories():
    rows = [
        event(f"[{item}]", user=user, kind="purchase", at=NOON + dt.timedelta(hours=at))
        for user in USERS
        for at, item in enumerate("123")
    ]
    with connected(rows) as connection:
        return connection.execute("SELECT * FROM stg_events ORDER BY event_time").pl()


def drawn(folder, histories, cases=None, sheets=None, *, pilot=None, now=NOW, lists=True):
    recommendations = pl.DataFrame(
        [(user, place, ITEMS[place]) for user in USERS for place in range(1, 21)] if lists else [],
        schema={"user_hash": pl.String, "place": pl.Int64, "item_id": pl.String},
        orient="row",
    )
    return pilots(
        PilotCases.empty() if cases is None else cases,
        PilotSheets.empty() if sheets is None else sheets,
        recommendations,
        item_table(ITEMS),
        user_table(USERS),
        histories=histories,
        pilot=pilot,
        n_users=2,
        seed=1,
        settings=Settings(data=folder),
        now=now,
    )


def test_the_first_pilot_is_drawn_by_itself_and_named_by_its_day(tmp_path, histories):
    cases, sheets = drawn(tmp_path, histories)
    assert set(cases["pilot"]) == {"2026-07-01"}
    assert cases["case"].n_unique() == 2
    assert sheets["locale"].to_list() == list(Settings(data=tmp_path).locales)
    for path, size in sheets.select("path", "size").iter_rows():
        assert (tmp_path / path).stat().st_size == size
    assert set(sheets["cases"]) == {2}


def test_a_pilot_is_not_drawn_again(tmp_path, histories):
    first = drawn(tmp_path, histories, pilot="summer")
    written = sorted(tmp_path.rglob("*.xlsx"))
    for pilot in (None, "summer"):
        again = drawn(tmp_path, histories, *first, pilot=pilot, now=NOW + dt.timedelta(days=9))
        assert all(one.equals(other) for one, other in zip(first, again, strict=True))
    assert sorted(tmp_path.rglob("*.xlsx")) == written


def test_another_pilot_stands_beside_the_first(tmp_path, histories):
    first = drawn(tmp_path, histories, pilot="summer")
    cases, sheets = drawn(tmp_path, histories, *first, pilot="autumn")
    assert set(sheets["pilot"]) == {"summer", "autumn"}
    assert cases.filter(pilot="summer").equals(first[0])
    assert len(list(tmp_path.rglob("*.xlsx"))) == sheets.height


def test_without_lists_there_is_nothing_to_ask(tmp_path, histories):
    cases, sheets = drawn(tmp_path, histories, lists=False)
    assert cases.is_empty()
    assert sheets.is_empty()
    assert not list(tmp_path.rglob("*.xlsx"))
