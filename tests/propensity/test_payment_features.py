"""Payments before the snapshot, counted by hand."""

import datetime as dt
from math import log, log1p

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.propensity.staged import client, connected, payment
from vitrina.propensity.payment_features import LABELS, payment_features

CUT = dt.date(2024, 3, 1)


def features(payments, names="ab", **more):
    with connected([client(name, CUT) for name in names], payments=payments, **more) as connection:
        return payment_features(connection, CUT)


def row(payments, name="a"):
    return {found["client_id"]: found for found in features(payments).iter_rows(named=True)}[name]


def test_a_client_with_a_few_payments_by_hand():
    found = row(
        [
            payment("a", dt.date(2024, 2, 20), 300_00, "in", "p"),
            payment("a", dt.date(2023, 12, 1), 100_00, "out", "q"),
            payment("a", dt.date(2023, 11, 30), 500_00, "in", "p"),
            payment("a", dt.date(2023, 3, 1), 100_00, "in", None),
        ]
    )
    assert found == {
        "client_id": "a",
        "n_pay_days_since_last": 10.0,
        "n_pay_count_3m": 2.0,
        "n_pay_count_12m": 4.0,
        "n_pay_in_sum_3m": pytest.approx(log1p(300)),
        "n_pay_out_sum_3m": pytest.approx(log1p(100)),
        "n_pay_in_sum_12m": pytest.approx(log1p(900)),
        "n_pay_average_in": pytest.approx(log1p(300)),
        "n_pay_counterparties_12m": 2.0,
        "n_pay_top_counterparty_share": pytest.approx(800 / 900),
        "n_pay_trend": pytest.approx(log((1 + 400 / 3) / (1 + 600 / 9))),
    }
    assert set(found) == {"client_id", *LABELS}


@pytest.mark.parametrize(
    ("day", "count"), [(CUT, 0), (CUT - dt.timedelta(days=1), 1), (dt.date(2023, 3, 1), 1), (dt.date(2023, 2, 28), 0)]
)
def test_payments_count_from_twelve_months_before_to_the_day_before_the_snapshot(day, count):
    assert row([payment("a", day), payment("b", dt.date(2024, 1, 1))])["n_pay_count_12m"] == count


def test_a_client_without_payments_has_counts_of_zero_and_nothing_else():
    found = row([payment("a", dt.date(2024, 1, 1))], "b")
    assert {name for name, value in found.items() if value == 0} == {
        "n_pay_count_3m",
        "n_pay_count_12m",
        "n_pay_counterparties_12m",
    }
    assert sum(value is None for value in found.values()) == 7


@pytest.mark.parametrize("day", [None, CUT, dt.date(2022, 1, 1)])
def test_where_no_payment_was_known_for_the_time_there_are_no_features(day):
    found = features([payment("a", day)] if day else [])
    assert found.columns == ["client_id"]
    assert found["client_id"].to_list() == ["a", "b"]


def test_where_no_counterparty_is_named_none_is_counted():
    found = features([payment("a", dt.date(2024, 1, 1), counterparty=None)])
    assert "n_pay_count_12m" in found.columns
    assert not {"n_pay_counterparties_12m", "n_pay_top_counterparty_share"} & set(found.columns)


def test_amounts_of_zero_have_no_largest_counterparty():
    assert row([payment("a", dt.date(2024, 1, 1), 0)])["n_pay_top_counterparty_share"] is None


def test_only_scored_clients_are_there():
    clients = [client("a", CUT), client("b", CUT, status="liquidated"), client("c", dt.date(2024, 2, 1))]
    with connected(clients, payments=[payment(name, dt.date(2024, 1, 1)) for name in "abcd"]) as connection:
        assert payment_features(connection, CUT)["client_id"].to_list() == ["a"]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.integers(-400, 400),
            st.integers(0, 10**14),
            st.sampled_from(["in", "out"]),
            st.sampled_from(["p", "q", None]),
        ),
        max_size=15,
    )
)
def test_neither_the_order_of_rows_nor_what_comes_later_changes_anything(given_rows):
    rows = [payment(name, CUT + dt.timedelta(days=days), amount, way, who) for name, days, amount, way, who in given_rows]
    before = [each for each in rows if each["date"] < CUT]
    assert_frame_equal(features(rows), features(before, backwards=True), check_exact=True)
