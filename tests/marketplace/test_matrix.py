"""From events to weights of pairs."""

import datetime as dt
from io import BytesIO

import polars as pl
import pytest
from PIL import Image

from tests.marketplace.staged import NOON, connected, event
from vitrina.marketplace.matrix import degree_picture, interaction_matrix, matrix_measures
from vitrina.marketplace.tables import InteractionMatrix

MIDNIGHT = NOON.replace(hour=0)
AS_OF = dt.date(2026, 3, 12)
DAY = dt.timedelta(days=1)


def matrix(*events, half_life=10.0, as_of=AS_OF):
    with connected(events) as connection:
        return InteractionMatrix.check(interaction_matrix(connection, as_of, half_life))


def weights(*events, **more):
    return {(row["user_hash"], row["item_id"]): row["weight"] for row in matrix(*events, **more).to_dicts()}


def bought(quantity=1, *, days=0, kind="purchase"):
    return event(kind=kind, quantities=f"[{quantity}]", at=MIDNIGHT + days * DAY)


def test_a_kind_weighs_what_the_settings_say_and_half_of_it_a_half_life_later():
    rows = [event(f"[{kind}]", kind=kind, at=MIDNIGHT) for kind in ("view_item", "add_to_cart", "purchase")]
    assert weights(*rows) == {("u", "add_to_cart"): 1.5, ("u", "purchase"): 5.0, ("u", "view_item"): 0.5}
    assert weights(*rows, half_life=5.0)["u", "purchase"] == 2.5


def test_events_of_a_pair_add_up_and_are_counted_by_kind():
    rows = [
        event(at=MIDNIGHT),
        event(at=MIDNIGHT - 10 * DAY),
        event(kind="add_to_cart", at=MIDNIGHT + DAY),
        event(kind="purchase", at=MIDNIGHT - 20 * DAY, quantities="[4]"),
        event(user="v", at=MIDNIGHT),
    ]
    found = matrix(*rows)
    assert found.select("user_hash", "events", "views", "carts", "purchases").rows() == [("u", 4, 2, 1, 1), ("v", 1, 1, 0, 0)]
    assert found["weight"][0] == pytest.approx(0.5 + 0.25 + 3 * 0.5**0.9 + 10 * 0.125)
    assert found.select("first_at", "last_at").row(0) == (MIDNIGHT - 20 * DAY, MIDNIGHT + DAY)


def test_a_refund_cancels_its_purchase():
    assert weights(bought(), bought(days=1, kind="refund")) == {}


def test_what_was_seen_stays_when_the_purchase_was_refunded():
    found = matrix(event(at=MIDNIGHT), bought(days=1), bought(days=2, kind="refund"))
    assert found.select("weight", "views", "purchases", "events").rows() == [(0.5, 1, 0, 2)]
    assert found["last_at"].to_list() == [MIDNIGHT + DAY]


@pytest.mark.parametrize(("back", "purchases", "share"), [(1, 2, 2 / 3), (2, 1, 1 / 3)])
def test_purchases_weigh_by_the_share_that_was_kept(back, purchases, share):
    rows = [bought(days=number) for number in range(3)]
    returned = [bought(days=4 + number, kind="refund") for number in range(back)]
    found = matrix(*rows, *returned)
    assert found["purchases"].to_list() == [purchases]
    assert found["weight"].to_list() == pytest.approx([share * matrix(*rows)["weight"][0]])


def test_one_piece_of_ten_that_comes_back_leaves_the_purchase():
    found = matrix(bought(10), bought(-1, days=1))
    assert found.select("purchases", "events").rows() == [(1, 1)]
    assert found["weight"].to_list() == pytest.approx([0.9 * 5.0])


def test_refunds_without_purchases_take_nothing_from_what_was_seen():
    found = matrix(event(at=MIDNIGHT), bought(kind="refund"), bought(days=1, kind="refund"), event(kind="refund", user="v"))
    assert found.select("user_hash", "weight", "purchases").rows() == [("u", 0.5, 0)]


def test_more_refunds_than_purchases_take_no_more_than_the_purchases():
    found = matrix(event(at=MIDNIGHT), bought(days=1), bought(3, days=2, kind="refund"))
    assert found.select("weight", "purchases").rows() == [(0.5, 0)]


def test_nothing_from_the_day_on_is_looked_at():
    last_moment = MIDNIGHT + 10 * DAY - dt.timedelta(microseconds=1)
    assert list(weights(event("[1]", at=last_moment), event("[2]", at=MIDNIGHT + 10 * DAY))) == [("u", "1")]
    assert weights(bought(), bought(days=10, kind="refund")) == {("u", "1"): 5.0}


def test_a_purchase_of_several_items_makes_a_pair_of_each():
    assert list(weights(event("[2, 1]", kind="purchase"))) == [("u", "1"), ("u", "2")]


def test_without_events_the_matrix_is_empty():
    assert matrix().is_empty()
    assert matrix(event(), as_of=dt.date(2020, 1, 1)).is_empty()


def test_the_order_of_the_rows_changes_nothing():
    rows = [event(f"[{number % 7}]", user=str(number % 5), at=MIDNIGHT - number * dt.timedelta(hours=7)) for number in range(200)]
    assert matrix(*rows).equals(matrix(*rows[::-1]))


def pairs(*found):
    """Pairs of users and items, with the rest made up."""
    rest = {"weight": 1.0, "first_at": NOON, "last_at": NOON, "events": 1, "views": 1, "carts": 0, "purchases": 0}
    rows = [{"user_hash": user, "item_id": item, **rest} for user, item in found]
    return pl.DataFrame(rows, schema=InteractionMatrix.polars_schema())


def known(*items):
    return pl.DataFrame({"item_id": list(items)}, schema={"item_id": pl.String})


def test_the_measures_are_those_of_a_matrix_that_can_be_counted_by_hand():
    everybody_met_a = pairs(*[(str(user), "a") for user in range(5)], *[("0", item) for item in "bcde"])
    assert matrix_measures(everybody_met_a, known(*"abcdefgh")) == {
        "users": 5,
        "items": 5,
        "interactions": 9,
        "sparsity": pytest.approx(1 - 9 / 25),
        "items_per_user_median": 1.0,
        "items_per_user_p99": 5.0,
        "users_per_item_median": 1.0,
        "users_per_item_p99": 5.0,
        "cold_users_share": 0.8,
        "cold_items_share": 0.8,
        "unmet_items_share": 3 / 8,
    }


def test_an_empty_matrix_has_measures_and_a_picture():
    found = matrix_measures(pairs(), known())
    assert found["sparsity"] == 1
    assert found["interactions"] == found["items_per_user_p99"] == found["cold_users_share"] == 0
    assert degree_picture(pairs()).startswith(b"\x89PNG")


def test_the_picture_of_degrees_shows_both_curves():
    many = pairs(*{(str(user), str(item)) for user in range(300) for item in range(1 + user * user // 100)})
    picture = degree_picture(many)
    with Image.open(BytesIO(picture)) as image:
        drawn = {colour for _, colour in image.convert("RGB").getcolors(1_000_000)}
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)} <= drawn
