"""What is known at a cut, counted by hand, and that nothing later changes it."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.marketplace.small_shop import day, log, shop_log
from vitrina.marketplace.history import POPULARITY_DAYS, history
from vitrina.marketplace.log import Weighing, log_of
from vitrina.settings import Settings


def shop():
    """Ann buys milk thrice and bread once, Bob looks at milk, buys bread and returns it; the cut is at day 40."""
    return log(
        ("ann", "milk", "purchase", 0.0),
        ("bob", "milk", "view", 5.0),
        ("bob", "milk", "cart", 6.0),
        ("ann", "milk", "purchase", 10.0),
        ("ann", "bread", "purchase", 10.5),
        ("ann", "milk", "purchase", 20.0),
        ("bob", "bread", "purchase", 36.0),
        ("bob", "bread", "refund", 37.0),
        ("cid", "tea", "refund", 38.0),
        ("cid", "tea", "purchase", 40.0),
        price=[100.0, 110.0, 110.0, 100.0, 50.0, 130.0, 70.0, None, 90.0, 90.0],
        quantity=[1.0, 1.0, 1.0, 3.0, 1.0, 1.0, 7.0, 7.0, 1.0, 1.0],
    )


def known(made=None, cut=40):
    return history(shop() if made is None else made, day(cut))


def row(frame, names=None, **wanted):
    """The row of a pair, an item or a user, by name."""
    [found] = frame.filter(**wanted).to_dicts()
    return {name: found[name] for name in names} if names else found


ANN, BOB, CID = 0, 1, 2
BREAD, MILK, TEA = 0, 1, 2


def test_a_pair_is_summed_up_from_its_events():
    pair = row(known().pairs, user=ANN, item=MILK)
    assert (pair["purchases"], pair["days"], pair["views"], pair["carts"]) == (3, 3, 0, 0)
    assert (pair["last"], pair["first"], pair["seen"]) == (20, 40, 20)
    halved = [0.5 ** (age / 60) for age in (40, 30, 20)]
    assert pair["decayed"] == pytest.approx(sum(halved))
    assert pair["strength"] == pytest.approx(10 * sum(halved))
    assert pair["pieces"] == pytest.approx((math.log(2) + math.log(4) + math.log(2)) / 3)
    # Ann's baskets: days 0, 10 and 20, milk in each of them; one is added to three
    assert (pair["baskets_since"], pair["basket_rate"]) == (0, 3 / 4)
    bread = row(known().pairs, user=ANN, item=BREAD)
    assert (bread["baskets_since"], bread["basket_rate"]) == (1, 1 / 3)


def test_a_look_and_a_basket_are_no_purchase():
    pair = row(known().pairs, user=BOB, item=MILK)
    assert (pair["purchases"], pair["days"], pair["views"], pair["carts"], pair["decayed"]) == (0, 0, 1, 1, 0)
    assert (pair["last"], pair["first"], pair["pieces"], pair["baskets_since"]) == (None,) * 4
    assert pair["seen"] == 34
    assert pair["strength"] == pytest.approx(0.5 ** (35 / 60) + 3 * 0.5 ** (34 / 60))


def test_events_are_weighed_and_aged_as_the_settings_say():
    settings = Settings(marketplace_weights={"view": 2.0}, marketplace_half_life_days=7.0, _env_file=None)
    weighed = known(replace(shop(), weighing=Weighing.of(settings)))
    pair = row(weighed.pairs, user=BOB, item=MILK)
    assert pair["strength"] == pytest.approx(2 * 0.5 ** (35 / 7) + 3 * 0.5 ** (34 / 7))
    assert row(weighed.pairs, user=ANN, item=BREAD)["decayed"] == pytest.approx(0.5 ** (29.5 / 7))


def test_a_refund_takes_no_interest_back_and_is_none():
    pair = row(known().pairs, user=BOB, item=BREAD)
    assert (pair["purchases"], pair["last"], pair["seen"]) == (1, 4, 4)
    assert not known().warm_users[CID]
    assert not known().known_items[TEA]
    assert known().pairs.height == 4


def test_an_item_is_summed_up_from_its_events():
    milk = row(known().items, item=MILK)
    # 110 was asked of Bob, too: prices 100, 110, 110, 100, 130
    assert math.exp(milk["log_price"]) == pytest.approx(110)
    assert math.exp(milk["last_log_price"]) == pytest.approx(130)
    assert (milk["buyers"], milk["met"], milk["age"], milk["last"]) == (1, 2, 40, 20)
    assert [milk[f"buyers_{days}"] for days in POPULARITY_DAYS] == [0, 0, 0, 1, 1]
    assert (milk["viewers_30"], milk["newcomers"]) == (1, 0)
    assert (milk["repeaters"], milk["repeat_rate"], milk["repeat_days"]) == (1, 1 / 6, 10)
    bread = row(known().items, item=BREAD)
    assert [bread[f"buyers_{days}"] for days in POPULARITY_DAYS] == [0, 1, 1, 2, 2]
    assert (bread["buyers"], bread["newcomers"], bread["repeaters"], bread["repeat_days"]) == (2, 2, 0, None)


def test_an_item_that_nobody_has_met_is_a_row_of_zeros_and_nulls():
    tea = row(known().items, item=TEA)
    counts = {
        "met",
        "buyers",
        "viewers_30",
        "repeat_rate",
        "repeaters",
        "newcomers",
        *(f"buyers_{days}" for days in POPULARITY_DAYS),
    }
    assert {name: tea[name] for name in counts} == dict.fromkeys(counts, 0)
    assert {value for name, value in tea.items() if name not in counts | {"item"}} == {None}


def test_a_user_is_summed_up_from_their_events():
    ann = row(known().users, user=ANN)
    assert (ann["last"], ann["first"], ann["seen"]) == (20, 40, 20)
    assert (ann["baskets"], ann["purchases"], ann["distinct"], ann["events"]) == (3, 4, 2, 4)
    logs = [math.log(price) for price in (100, 100, 50, 130)]
    assert ann["log_price"] == pytest.approx(math.log(100))
    assert ann["spread"] == pytest.approx(float(np.std(logs, ddof=1)))
    assert ann["repeat_share"] == 0.5
    # one buyer of milk, two of bread; sold for 40 and for 29.5 days
    assert ann["usual_buyers"] == pytest.approx((math.log(2) + math.log(3)) / 2)
    assert ann["usual_age"] == pytest.approx((40 + 29.5) / 2)
    bob = row(known().users, user=BOB)
    assert (bob["baskets"], bob["distinct"], bob["events"], bob["spread"]) == (1, 1, 3, 0)


def test_there_is_a_row_for_every_code_in_their_order():
    for frame, code in ((known().items, "item"), (known().users, "user")):
        assert frame[code].to_list() == [0, 1, 2]


def test_an_event_on_the_very_cut_is_not_known():
    assert known().latest_day() < known(cut=41).latest_day()
    assert known(cut=41).warm_users.tolist() == [True] * 3
    assert row(known(cut=41).pairs, ["purchases", "last"], user=CID, item=TEA) == {"purchases": 1, "last": 1}


def test_a_column_of_pairs_is_a_matrix_of_users_by_items():
    matrix = known().matrix("purchases")
    assert matrix.toarray().tolist() == [[1, 3, 0], [1, 0, 0], [0, 0, 0]]
    assert known().matrix("last").toarray()[BOB].tolist() == [4, 0, 0]
    assert known().keys.tolist() == [0, 1, 3, 4]


def test_a_history_without_a_purchase_or_without_any_event_is_empty_and_no_error():
    views = log(("a", "1", "refund", 0), ("b", "1", "view", 3), ("a", "1", "purchase", 9))
    assert history(views, day(5)).matrix("purchases").nnz == 0
    assert history(views, day(5)).items["buyers"].to_list() == [0]
    assert not history(views, day(2)).known_items.any()
    assert history(views, day(2)).pairs.is_empty()


def later_events(seed, count):
    """Events of everybody with anything, at or after day 40."""
    rng = np.random.default_rng(seed)
    of_the_log = shop_log().events
    drawn = of_the_log[rng.integers(0, of_the_log.height, count)]
    moved = drawn.with_columns(
        day=pl.lit(shop_log().before(day(40)).events["day"].max()).ceil() + pl.Series(rng.random(count) * 30)
    )
    return moved.with_columns(price=pl.col("price") * 100)


def same(one, other):
    return all(getattr(one, name).equals(getattr(other, name)) for name in ("pairs", "items", "users"))


@hypothesis_settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(0, 500))
def test_no_later_event_changes_a_history(seed, count):
    before = shop_log().before(day(40))
    appended = before.with_events(later_events(seed, count))
    assert appended.events.height == before.events.height + count
    assert same(history(appended, day(40)), history(before, day(40)))
    assert same(history(shop_log(), day(40)), history(before, day(40)))


def test_an_earlier_event_changes_it():
    before = shop_log().before(day(40))
    assert not same(history(before.with_events(before.events[:1]), day(40)), history(before, day(40)))


def test_identifiers_do_not_matter_but_for_the_order_of_codes():
    made = shop()
    named = pl.DataFrame(
        {
            "user_hash": made.users[made.events["user"].to_numpy()] + "!",
            "item_id": made.items[made.events["item"].to_numpy()] + "?",
            **{name: made.events[name] for name in ("kind", "day", "platform", "price", "quantity")},
        }
    )
    assert same(history(log_of(named), day(40)), known())
