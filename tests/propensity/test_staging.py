"""Which delivered rows stand."""

import datetime as dt

import pytest

from tests.propensity.staged import client, connected, opening, payment, raw

JANUARY, FEBRUARY = dt.date(2024, 1, 1), dt.date(2024, 2, 1)
DAY = dt.date(2024, 1, 10)


def staged(table, select, **rows):
    with connected(**rows) as connection:
        return connection.execute(f"SELECT {select} FROM {table} ORDER BY ALL").fetchall()


@pytest.mark.parametrize("backwards", [False, True])
def test_a_month_that_is_delivered_again_replaces_the_clients_it_names_and_doubles_none(backwards):
    clients = [client(name, JANUARY, x_a=value) for name, value in (("a", "1"), ("b", "2"))]
    clients += [
        client("b", JANUARY, x_a="3", delivery=10),
        client("b", JANUARY, x_a="9", delivery=2),
        client("b", FEBRUARY, x_a="4"),
    ]
    found = staged("stg_clients", "client_id, month, x_a", clients=clients, backwards=backwards)
    assert found == [("a", JANUARY, "1"), ("b", JANUARY, "3"), ("b", FEBRUARY, "4")]


def test_a_month_has_the_date_of_its_latest_delivery_and_rows_of_other_dates_are_left_out():
    late = dt.date(2024, 1, 31)
    clients = [client("a", late), client("b", late), client("b", JANUARY, delivery=2), client("a", FEBRUARY)]
    found = staged("stg_clients", "client_id, snapshot_date", clients=clients)
    assert found == [("a", FEBRUARY), ("b", JANUARY)]


def test_of_two_dates_in_one_delivery_the_later_stands():
    clients = [client("a", dt.date(2024, 1, 31)), client("a", dt.date(2024, 1, 2)), client("b", dt.date(2024, 1, 2))]
    assert staged("stg_clients", "client_id, snapshot_date", clients=clients) == [("a", dt.date(2024, 1, 31))]


def test_columns_of_the_bank_are_kept_and_marks_of_the_delivery_are_not():
    with connected([client("a", JANUARY, x_a="1"), client("a", FEBRUARY, x_b="2")]) as connection:
        names = connection.execute("FROM stg_clients").pl().columns
    assert set(names) == {
        "client_id", "month", "snapshot_date", "segment", "okved", "status", "liquidated_on", "registered_on", "x_a", "x_b",
    }  # fmt: skip


def test_of_a_days_payments_all_rows_of_the_latest_delivery_stand():
    payments = [
        payment("a", DAY, 1),
        payment("a", DAY, 2, delivery=3),
        payment("a", DAY, 2, delivery=3),
        payment("a", DAY, 7, delivery=2),
    ]
    payments += [payment("b", DAY, 5)]
    assert staged("stg_payments", "client_id, amount_minor", payments=payments) == [("a", 2), ("a", 2), ("b", 5)]


def test_an_opening_that_is_delivered_twice_is_one():
    openings = [opening("a", DAY), opening("a", DAY), opening("a", DAY, delivery=2), opening("b", DAY)]
    assert staged("stg_openings", "client_id, opened_on", openings=openings) == [("a", DAY), ("b", DAY)]


def test_a_text_is_known_since_the_day_that_the_latest_delivery_says():
    texts = [raw(client_id="a", text="bread", known_since=DAY), raw(client_id="a", text="bread", known_since=FEBRUARY, delivery=2)]
    texts.append(raw(client_id="a", text="cake", known_since=None))
    assert staged("stg_texts", "text, known_since", texts=texts) == [("bread", FEBRUARY), ("cake", None)]


def test_two_contacts_of_one_delivery_are_two_and_a_later_delivery_replaces_them():
    row = {"client_id": "a", "date": DAY, "channel": "banner"}
    contacts = [raw(**row, cost_minor=1), raw(**row, cost_minor=1), raw(**row | {"channel": "manager"}, cost_minor=5)]
    contacts.append(raw(**row | {"channel": "manager"}, cost_minor=6, delivery=2))
    assert staged("stg_contacts", "channel, cost_minor", contacts=contacts) == [("banner", 1), ("banner", 1), ("manager", 6)]


def test_a_column_takes_part_unless_the_latest_rule_says_no():
    rules = [raw(column_name="a", use=False), raw(column_name="a", kind="number", delivery=2), raw(column_name="b", use=False)]
    assert staged("stg_column_rules", "column_name, kind, use", rules=rules) == [("a", "number", True), ("b", None, False)]
