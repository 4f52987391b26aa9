"""The log as arrays: codes, cuts in time, and what is too little to learn from."""

import datetime as dt
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from tests.marketplace.small_shop import FIRST, day, log, rows, shop_events, shop_log
from tests.marketplace.staged import NOON, connected, event
from vitrina.marketplace.log import NothingToLearnError, as_date, days_since_epoch, log_of, purchased_pairs, read_log

MINUTE = dt.timedelta(minutes=1)


def test_codes_are_positions_among_identifiers_in_alphabetical_order():
    made = log(("bob", "9", "view", 0), ("ann", "10", "purchase", 1), ("bob", "10", "view", 2))
    assert made.users.to_list() == ["ann", "bob"]
    assert made.items.to_list() == ["10", "9"]
    assert made.events["user"].to_list() == [1, 0, 1]
    assert made.events["item"].to_list() == [1, 0, 0]
    assert (made.n_users, made.n_items) == (2, 2)


def test_items_of_the_catalogue_alone_get_a_code_and_known_ones_no_second_one():
    made = log_of(rows(("a", "2", "purchase", 0), ("b", "3", "view", 1)), pl.Series(["1", "3"]))
    assert made.items.to_list() == ["1", "2", "3"]
    assert made.events["item"].to_list() == [1, 2]


def test_an_event_at_midnight_belongs_to_the_day_that_begins():
    made = log(("a", "1", "purchase", 1.999), ("b", "2", "purchase", 2.0), ("a", "3", "view", 2.001))
    assert made.before(day(2)).events["item"].to_list() == [0]
    assert made.between(day(2), day(3))["item"].to_list() == [1, 2]
    assert made.between(day(1), day(2))["item"].to_list() == [0]
    assert made.before(day(2)).n_items == 3


def test_a_log_begins_with_its_first_day_and_ends_after_its_last():
    made = log(("a", "1", "purchase", 0.5), ("b", "1", "view", 3.0))
    assert (made.first_day, made.end) == (FIRST, day(4))


@pytest.mark.parametrize("at", [dt.date(1970, 1, 1), dt.date(2026, 3, 2), dt.date(1969, 12, 31)])
def test_days_are_counted_there_and_back(at):
    assert as_date(days_since_epoch(at)) == at
    assert as_date(days_since_epoch(at) + 0.999) == at


def test_further_events_stand_where_their_time_is():
    made = log(("a", "1", "purchase", 0), ("b", "2", "view", 4))
    added = made.between(day(0), day(1)).with_columns(pl.col("day") + 2)
    assert (made.with_events(added).events["day"] - days_since_epoch(FIRST)).to_list() == [0, 2, 4]
    assert made.events.height == 2


def test_a_pair_is_purchased_once_however_often_and_views_do_not_count():
    made = log(("b", "2", "purchase", 0), ("b", "2", "purchase", 1), ("a", "2", "purchase", 2), ("a", "1", "view", 3))
    users, items = purchased_pairs(made.events)
    assert list(zip(users.tolist(), items.tolist(), strict=True)) == [(0, 1), (1, 1)]
    assert users.dtype == items.dtype == np.int64


def fingerprint_of(*, kinds=("view", "purchase"), items=("1", "2"), at=1.0, price=5.0, platform="Site"):
    given = (("a", items[0], kinds[0], 0), ("b", items[1], kinds[1], at))
    return log(*given, price=price, platform=platform).fingerprint()


def test_a_fingerprint_changes_with_everything_in_the_log():
    same = fingerprint_of()
    assert same == fingerprint_of()
    changes = [{"items": ("1", "3")}, {"at": 1.001}, {"price": 6.0}, {"platform": "iOS"}, {"kinds": ("purchase", "purchase")}]
    changes += [{"kinds": ("purchase", "view")}]
    assert len({same, *(fingerprint_of(**change) for change in changes)}) == 1 + len(changes)


def test_a_fingerprint_tells_where_users_end_and_items_begin():
    one = log(("a", "cx", "view", 0), ("b", "cx", "purchase", 1))
    other = log(("a", "x", "view", 0), ("bc", "x", "purchase", 1))
    assert one.fingerprint() != other.fingerprint()


def test_a_fingerprint_is_the_same_in_a_process_that_has_met_other_words_first(tmp_path):
    given = rows(("a", "1", "view", 0), ("b", "2", "purchase", 1))
    given.write_parquet(tmp_path / "events.parquet")
    program = """
import sys
import polars as pl
met = pl.Series(["refund", "iOS", "purchase", "view"], dtype=pl.Categorical)
from vitrina.marketplace.log import log_of
print(log_of(pl.read_parquet(sys.argv[1])).fingerprint())
"""
    command = [sys.executable, "-c", program, str(tmp_path / "events.parquet")]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == log_of(given).fingerprint()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((), "no event"),
        ((("a", "1", "view", 0), ("b", "1", "cart", 1), ("a", "1", "refund", 1)), "3 events is a purchase"),
        ((("a", "1", "view", 0), ("a", "1", "purchase", 1)), "one user"),
    ],
)
def test_too_little_is_refused_with_what_to_do(given, problem):
    with pytest.raises(NothingToLearnError) as refused:
        log_of(rows(*given) if given else shop_events().clear())
    assert problem in str(refused.value)
    assert "published before stay" in refused.value.remedy
    assert "event_quality" in refused.value.remedy


def test_staged_events_are_read_in_the_order_of_time_with_the_items_of_the_catalogue():
    events = [
        event("[7, 5]", kind="purchase", at=NOON + MINUTE, prices="[100, 200]", quantities="[1, 3]", platform=None),
        event("[7]", at=NOON, user="v"),
    ]
    catalogue = [{"source_file": "items.csv", "source_row": 2, "delivery": 1, "item_id": "1"}]
    with connected(events, items=catalogue, backwards=True) as connection:
        made = read_log(connection)
    assert made.items.to_list() == ["1", "5", "7"]
    assert made.users.to_list() == ["u", "v"]
    assert made.events.select("user", "item", pl.col("kind").cast(pl.String), "price", "quantity").rows() == [
        (1, 2, "view", None, 1.0),
        (0, 1, "purchase", 200.0, 3.0),
        (0, 2, "purchase", 100.0, 1.0),
    ]
    assert made.events["platform"].cast(pl.String).to_list() == ["Site", "", ""]
    assert made.events["day"][0] == pytest.approx(days_since_epoch(NOON.date()) + 0.5, abs=1e-9)


def test_staged_events_without_a_purchase_are_refused():
    with connected([event(), event(user="v")]) as connection, pytest.raises(NothingToLearnError, match="2 events is a purchase"):
        read_log(connection)


def test_the_shop_log_is_in_order_and_has_everybody():
    made = shop_log()
    assert (made.n_users, made.n_items) == (60, 40)
    assert made.events["day"].is_sorted()
