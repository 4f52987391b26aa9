"""What was delivered twice, what only programs do, and which row of master data stands."""

import datetime as dt

import pytest

from tests.marketplace.staged import NOON, connected, event, quality, staged

MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_day_that_is_delivered_again_replaces_and_does_not_double(backwards):
    rows = [
        event("[1]", prices="[100]", delivery=3),
        event("[2]", at=NOON + MINUTE, delivery=3),
        event("[1]", prices="[90]", delivery=10),
    ]
    assert staged(rows, "item_id, price_minor", backwards=backwards) == [("1", 90), ("2", None)]
    assert quality(rows, backwards=backwards)["superseded by a later delivery"] == (1, True)


def test_of_a_key_all_rows_of_the_latest_delivery_count():
    rows = [event("[1]"), event("[1]", delivery=2), event("[2]", delivery=2)]
    assert [row[0] for row in staged(rows)] == ["1", "2"]


def test_without_a_time_the_day_is_the_key():
    day = dt.date(2026, 3, 2)
    rows = [
        event("[1]", at=None, event_date=day),
        event("[2]", at=None, event_date=day + dt.timedelta(days=1)),
        event("[3]", at=None, event_date=day, delivery=2),
    ]
    assert sorted(row[0] for row in staged(rows)) == ["2", "3"]


@pytest.mark.parametrize("changed", [{"user": "v"}, {"kind": "add_to_cart"}, {"platform": "iOS"}, {"at": NOON + MINUTE}])
def test_what_differs_in_the_key_is_another_event(changed):
    assert len(staged([event(), event(delivery=2, **changed)])) == 2


def test_a_missing_platform_is_a_platform_of_its_own():
    assert len(staged([event(platform=None), event(platform=None, delivery=2)])) == 1


@pytest.mark.parametrize("changed", [{"items": "[2]"}, {"prices": "[5]"}, {"quantities": "[2]"}, {"quantities": "[1]"}])
def test_exact_duplicates_within_a_delivery_count_once_and_others_stay(changed):
    first = event("[1]", row=5)
    rows = [first, first | {"source_row": 9}, first | {"source_row": 7}, first | {"source_row": 8} | changed]
    assert staged(rows, "source_row") == [(5,), (8,)]
    assert quality(rows)["exact duplicate"] == (2, True)


def test_a_later_delivery_that_cannot_be_read_still_replaces():
    found = quality([event("[1]"), event("[1", delivery=2)])
    assert found["used"] == (0, False)
    assert found["superseded by a later delivery"] == found["list that cannot be read", "items"] == (1, True)


def test_of_a_day_only_the_first_events_up_to_the_cap_count():
    rows = [event(f"[{place}]", at=NOON - place * MINUTE) for place in range(5)]
    rows += [event("[next day]", at=NOON + dt.timedelta(days=1)), event("[of another]", user="v")]
    assert sorted(row[0] for row in staged(rows, cap=3)) == ["2", "3", "4", "next day", "of another"]
    assert quality(rows, cap=3)["over the daily cap"] == (2, True)
    with connected(rows, cap=3) as connection:
        days = connection.execute("FROM bot_days").fetchall()
    assert days == [("u", dt.date(2026, 3, 2), 5, 3)]


def test_at_the_cap_nobody_is_a_bot():
    rows = [event(at=NOON + place * MINUTE) for place in range(3)] + [event(at=NOON + dt.timedelta(days=1))]
    assert len(staged(rows, cap=3)) == 4
    assert "over the daily cap" not in quality(rows, cap=3)


def test_what_is_left_out_anyway_takes_no_place_under_the_cap():
    rows = [event("[]", at=NOON + place * MINUTE) for place in range(3)]
    rows += [event(f"[{place}]", at=NOON + (10 + place) * MINUTE) for place in range(3)]
    assert [row[0] for row in staged(rows, cap=2)] == ["0", "1"]


def test_of_events_at_one_time_the_earlier_row_counts():
    rows = [event(f"[{row}]", row=row, quantities="[1]", at=NOON) for row in (12, 9, 10)]
    assert [row[0] for row in staged(rows, cap=2)] == ["9", "10"]


def master(delivery, source_row=2, **values):
    return {"source_file": f"{delivery}.csv", "source_row": source_row, "delivery": delivery, **values}


def test_of_an_item_the_latest_delivery_stands_and_silence_is_stock():
    items = [master(number, item_id="7", title=f"Title {number}", available=None) for number in (2, 10, 3)]
    items.append(master(1, item_id="8", available=False))
    rules = [master(1, item_id="7", rule="deny"), master(2, item_id="7", rule="allow")]
    with connected(items=items, rules=rules) as connection:
        assert connection.execute("SELECT item_id, title, available FROM stg_items ORDER BY ALL").fetchall() == [
            ("7", "Title 10", True),
            ("8", None, False),
        ]
        assert connection.execute("SELECT item_id, rule FROM stg_item_rules").fetchall() == [("7", "allow")]


def test_a_list_that_was_shown_becomes_a_row_per_place():
    row = {"user_hash": "u", "shown_at": NOON, "bucket": "recommended", "version": "1"}
    shown = [master(1, **row, items="[5, 6]"), master(2, **row, items="['8', '', '7']"), master(2, 3, **row, items="[9, 7]")]
    shown.append(master(1, 4, **row | {"user_hash": "v"}, items="[broken"))
    with connected(shown=shown) as connection:
        found = connection.execute("SELECT user_hash, item_id, place, bucket, version FROM stg_shown ORDER BY place").fetchall()
    assert found == [("u", "9", 1, "recommended", "1"), ("u", "7", 2, "recommended", "1")]


def test_an_expert_who_judges_again_has_changed_their_mind():
    row = {"pilot": "p", "case": "1", "item_id": "7", "expert": "A"}
    verdicts = [master(1, **row, suits=True), master(2, **row, suits=True), master(2, 3, **row, suits=False)]
    verdicts.append(master(1, 5, **row | {"expert": "B"}, suits=None))
    with connected(verdicts=verdicts) as connection:
        found = connection.execute(
            'SELECT pilot, "case", item_id, expert, suits FROM stg_expert_verdicts ORDER BY expert'
        ).fetchall()
    assert found == [("p", "1", "7", "A", False), ("p", "1", "7", "B", None)]
