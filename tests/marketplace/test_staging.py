"""What becomes of the log: lists taken apart, refunds told, and nothing lost in silence."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.marketplace.staged import NOON, connected, event, quality, staged


def test_a_list_becomes_a_row_per_item_with_its_price_and_quantity_in_order():
    rows = staged([event("[7, 8]", kind="purchase", prices="[100, 250]", quantities="[1, 3]")])
    assert rows == [("7", "purchase", 100, 1, 1), ("8", "purchase", 250, 3, 2)]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("[1, 2]", ["1", "2"]),
        ('["a, b"]', ["a, b"]),
        ("['x']", ["x"]),
        (" [00123] ", ["00123"]),
        ("138541021", ["138541021"]),
        ("a, b", ["a, b"]),
        ('["a","b\'"]', ["a", "b'"]),
        ("[Ä, 🙂]", ["Ä", "🙂"]),
        ("[a, , NULL, None, 'nan', ' ', b]", ["a", "b"]),
        ('[" a "]', ["a"]),
        ("[" + "x" * 200 + "," + "y" * 201 + "]", ["x" * 200]),
    ],
)
def test_lists_are_read_however_they_were_written(text, items):
    assert [row[0] for row in staged([event(text)])] == items


@pytest.mark.parametrize("text", ["[", "]", "[1,2", '["a]', "[1] [2]", "[" * 1000])
def test_a_list_that_cannot_be_read_is_counted_and_breaks_nothing(text):
    found = quality([event(text), event("[1]")])
    assert found["list that cannot be read", "items"] == (1, True)
    assert found["used"] == (1, False)


@pytest.mark.parametrize("text", [None, "", "  ", "[]", "[ ]", "[NULL]", "['']", "[" + "y" * 201 + "]"])
def test_an_event_without_items_is_an_empty_list(text):
    assert quality([event(text)])["empty list", "items"] == (1, True)


def test_an_element_that_names_no_item_is_dropped_with_its_own_price():
    rows = [event("[1, , 3]", prices="[10, 20, 30]")]
    assert staged(rows, "item_id, price_minor, position") == [("1", 10, 1), ("3", 30, 3)]
    assert quality(rows)["element that names no item", "items"] == (1, False)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), min_size=1, max_size=8))
def test_no_text_at_all_breaks_the_model_and_every_event_is_accounted_for(texts):
    quality([event(text, prices=text, quantities=text, user=str(place)) for place, text in enumerate(texts)])


@pytest.mark.parametrize(("prices", "kept"), [("[1, 2, 3]", None), ("[]", None), (None, None), ("[5]", 5), ("5", 5), ("[5.4]", 5)])
def test_prices_of_another_length_than_the_items_are_left_out(prices, kept):
    rows = [event("[7]", prices=prices)]
    assert staged(rows, "price_minor") == [(kept,)]
    assert (("lists of different lengths", "prices") in quality(rows)) == (prices == "[1, 2, 3]")


def test_quantities_of_another_length_than_the_items_count_as_one_each():
    rows = [event("[7, 8]", quantities="[4]")]
    assert staged(rows, "quantity") == [(1,), (1,)]
    assert quality(rows)["lists of different lengths", "quantities"] == (1, False)


def test_a_list_of_prices_that_cannot_be_read_leaves_the_items():
    rows = [event("[7]", prices="[5", quantities="2]")]
    assert staged(rows, "price_minor, quantity") == [(None, 1)]
    found = quality(rows)
    assert found["list that cannot be read", "prices"] == found["list that cannot be read", "quantities"] == (1, False)


@pytest.mark.parametrize("price", ["0", "-100"])
def test_a_price_not_above_zero_is_unknown(price):
    rows = [event("[7, 8]", prices=f"[{price}, 100]")]
    assert staged(rows, "price_minor") == [(None,), (100,)]
    assert quality(rows)["price not above zero", "prices"] == (1, False)


def test_one_price_that_is_no_number_leaves_the_others_alone():
    rows = [event("[7, 8]", prices="[dear, 100]", quantities="[99999999999999999999, 2]")]
    assert staged(rows, "price_minor, quantity") == [(None, 1), (100, 2)]
    found = quality(rows)
    assert found["value that is no number", "prices"] == found["value that is no number", "quantities"] == (1, False)


def test_a_negative_quantity_in_a_purchase_is_a_refund_of_so_many_pieces():
    rows = [event("[7, 8]", kind="purchase", quantities="[-2, 1]"), event("[9]", kind="ec.refund", quantities="[-3]", user="v")]
    assert staged(rows, "item_id, kind, quantity") == [("7", "refund", 2), ("8", "purchase", 1), ("9", "refund", 3)]
    assert quality(rows)["refund"] == (2, False)


@pytest.mark.parametrize("quantity", ["0", "-1", "-9223372036854775808"])
def test_outside_of_purchases_a_quantity_below_one_is_at_least_one_and_no_refund(quantity):
    assert staged([event("[7]", quantities=f"[{quantity}]")], "kind, quantity") == [("view", 1)]


def test_event_types_without_a_meaning_are_counted_by_name():
    found = quality([event(), event(kind="pageview"), event(kind="pageview"), event(kind="View_Item")])
    assert found["event type without a meaning", "pageview"] == (2, True)
    assert found["event type without a meaning", "View_Item"] == (1, True)
    assert found["used"] == (1, False)


def test_an_event_without_a_time_happened_at_midnight_of_its_day():
    rows = [event(at=None, event_date=dt.date(2026, 3, 2))]
    midnight = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    assert staged(rows, "epoch_us(event_time), time_known, event_date") == [
        (int(midnight.timestamp()) * 1_000_000, False, dt.date(2026, 3, 2))
    ]
    assert quality(rows)["no time but a date"] == (1, False)


def test_an_event_with_neither_time_nor_date_is_left_out():
    assert quality([event(at=None), event()])["neither time nor date"] == (1, True)


def test_of_a_time_and_a_date_that_differ_the_time_stands():
    late = NOON.replace(hour=23)
    rows = [event(at=late, event_date=dt.date(2026, 3, 3)), event(at=late, event_date=None, user="v")]
    assert staged(rows, "event_date") == [(dt.date(2026, 3, 2),)] * 2
    assert quality(rows)["time and date of different days"] == (1, False)


def test_an_empty_log_is_a_log():
    assert quality([]) == {"events in all": (0, False), "used": (0, False)}


def test_findings_of_lists_name_each_event_once():
    with connected([event("[1, 2, 3]", prices="[0, 0]", quantities="[x, 1, 1]")]) as connection:
        found = connection.execute("SELECT finding, detail FROM event_findings ORDER BY ALL").fetchall()
    assert found == [
        ("lists of different lengths", "prices"),
        ("price not above zero", "prices"),
        ("value that is no number", "quantities"),
    ]
