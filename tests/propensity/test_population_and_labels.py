"""Who is scored, by what was known then; who opened the account, and when that can be said."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.propensity.staged import client, connected, excluded, labels, opening

MONTHS = [dt.date(2024, month, 1) for month in (1, 2, 3, 4)]
JANUARY, FEBRUARY, MARCH, APRIL = MONTHS
LATE = dt.date(2025, 1, 1)
NOT_SMALL, LIQUIDATED, ACTIVITY, HAS_ONE = "not small business", "liquidated", "excluded activity", "already has the account"


def test_a_firm_is_left_out_from_the_month_in_which_its_liquidation_was_known_and_from_no_earlier_one():
    # liquidated in January already, but the bank knew in March only
    clients = [client("a", month, liquidated_on=dt.date(2024, 1, 1) if month >= MARCH else None) for month in MONTHS]
    assert [excluded(clients)["a", month.month] for month in MONTHS] == [None, None, LIQUIDATED, LIQUIDATED]


def test_a_status_that_was_once_delivered_holds_for_later_months_that_do_not_say_it():
    clients = [client("a", month, status="bankrupt" if month == FEBRUARY else "active") for month in MONTHS]
    assert [excluded(clients)["a", month.month] for month in MONTHS] == [None, LIQUIDATED, LIQUIDATED, LIQUIDATED]


@pytest.mark.parametrize(("day", "why"), [(JANUARY, LIQUIDATED), (dt.date(2024, 1, 2), None)])
def test_a_firm_that_will_be_liquidated_is_still_there(day, why):
    assert excluded([client("a", JANUARY, liquidated_on=day)]) == {("a", 1): why}


def test_a_later_delivery_of_a_month_takes_a_wrong_liquidation_back():
    clients = [client("a", JANUARY, status="liquidated"), client("a", JANUARY, status="active", delivery=2), client("a", FEBRUARY)]
    assert excluded(clients) == {("a", 1): None, ("a", 2): None}


def test_segments_are_looked_at_only_in_months_that_have_any():
    clients = [client("a", JANUARY, segment="micro"), client("b", JANUARY, segment="large"), client("c", JANUARY)]
    clients += [client(name, FEBRUARY) for name in "abc"]
    found = excluded(clients, segments="small|micro")
    assert found == {("a", 1): None, ("b", 1): NOT_SMALL, ("c", 1): NOT_SMALL, ("a", 2): None, ("b", 2): None, ("c", 2): None}
    assert set(excluded(clients).values()) == {None}


def test_activities_are_left_out_by_how_their_code_begins():
    codes = {"a": "92.11", "b": "9.2", "c": None, "d": "64", "e": "47.92"}
    found = excluded([client(name, JANUARY, okved=code) for name, code in codes.items()], excluded_okved="92|64")
    assert [found[name, 1] for name in codes] == [ACTIVITY, None, None, ACTIVITY, None]


def test_who_opened_the_account_by_the_day_of_the_snapshot_has_it():
    clients = [client(name, JANUARY) for name in "abc"]
    openings = [opening("a", dt.date(2023, 5, 5)), opening("a", LATE), opening("b", JANUARY), opening("c", dt.date(2024, 1, 2))]
    assert excluded(clients, openings=openings) == {("a", 1): HAS_ONE, ("b", 1): HAS_ONE, ("c", 1): None}


def test_of_several_reasons_the_first_is_given():
    worst = {"segment": "large", "status": "liquidated", "okved": "92"}
    by_client = {
        "a": worst,
        "b": worst | {"segment": "small"},
        "c": {"segment": "small", "status": "active", "okved": "92"},
        "d": {"segment": "small", "status": "active", "okved": "47"},
    }
    found = excluded(
        [client(name, JANUARY, **values) for name, values in by_client.items()],
        openings=[opening(name, JANUARY) for name in by_client],
        segments="small",
        excluded_okved="92",
    )
    assert [found[name, 1] for name in by_client] == [NOT_SMALL, LIQUIDATED, ACTIVITY, HAS_ONE]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(MONTHS), st.sampled_from(["active", "liquidated"])),
        unique_by=lambda row: row[:2],
    )
)
def test_what_is_delivered_for_later_months_never_changes_an_earlier_one(rows):
    clients = [client(name, month, status=status) for name, month, status in rows]
    early = [row for row in clients if row["snapshot_date"] <= FEBRUARY]
    found = excluded(clients)
    assert {key: why for key, why in found.items() if key[1] <= 2} == excluded(early)


@pytest.mark.parametrize(
    ("day", "opened"),
    [
        (dt.date(2024, 1, 16), True),
        (dt.date(2024, 4, 14), True),
        (dt.date(2024, 4, 15), True),
        (dt.date(2024, 4, 16), False),
    ],
)
def test_an_opening_counts_from_the_day_after_the_snapshot_to_the_last_day_of_the_horizon(day, opened):
    found = labels([client("a", dt.date(2024, 1, 15))], [opening("a", day), opening("other", LATE)])
    assert found == {("a", 1): opened}


def test_who_opened_on_the_day_of_the_snapshot_has_no_label():
    assert labels([client("a", JANUARY)], [opening("a", JANUARY), opening("other", LATE)]) == {}


def test_a_month_has_labels_once_openings_are_delivered_until_the_end_of_its_horizon():
    clients = [client("a", JANUARY), client("a", FEBRUARY)]
    assert labels(clients, [opening("other", dt.date(2024, 3, 31))]) == {}
    assert labels(clients, [opening("other", APRIL)]) == {("a", 1): False}
    assert labels(clients, [opening("other", APRIL)], horizon_months=2) == {("a", 1): False, ("a", 2): False}
    assert labels(clients, []) == {}


def test_the_horizon_of_the_last_day_of_a_month_ends_on_the_last_day_of_another():
    with connected([client("a", dt.date(2023, 11, 30))], openings=[opening("a", dt.date(2024, 2, 29))]) as connection:
        found = connection.execute("SELECT opened, window_until FROM labels").fetchall()
    assert found == [(True, dt.date(2024, 2, 29))]


def test_only_scored_clients_have_labels_and_only_the_first_opening_counts():
    clients = [client("a", JANUARY), client("a", MARCH), client("b", JANUARY, status="liquidated")]
    found = labels(clients, [opening("a", dt.date(2024, 2, 15)), opening("a", dt.date(2024, 4, 15)), opening("b", LATE)])
    assert found == {("a", 1): True}


def test_without_any_rows_nobody_is_scored():
    assert excluded([]) == {}
    assert labels([], [opening("a", LATE)]) == {}
