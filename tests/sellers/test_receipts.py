"""Receipts and the interactions that they are held for."""

import datetime as dt
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sellers.rows_of_people import START, VIDEO, interaction, interactions, video_file, video_files
from vitrina.errors import DeliveryError, SettingsError
from vitrina.sellers import receipts as joining
from vitrina.sellers.people import ALIKE_SCHEMA
from vitrina.sellers.receipt_matching import ReceiptRule
from vitrina.sellers.receipts import CONSULTED_SCHEMA, RECEIPTS_SCHEMA, consulted
from vitrina.sellers.tables import Interactions

OTHER = "shop-2|till|20261014T090000Z|0a1b2c3d"
VIDEOS = video_files(video_file(), video_file(OTHER))
WINDOW = ReceiptRule(within_s=100.0, slack_s=3.0, paying_s=30.0, stay_s=600.0)


def with_receipts(*tables, rule=WINDOW):
    return joining.with_receipts(*tables, rule=rule).interactions


def receipt(receipt_id, second, amount=1_000, store="shop-1", start=START):
    return {
        "receipt_id": receipt_id,
        "store_id": store,
        "at": start + dt.timedelta(seconds=second),
        "amount": amount,
        "register": "1",
    }


def receipts(*rows):
    return pl.DataFrame(list(rows), schema=RECEIPTS_SCHEMA)


def joined(found):
    return dict(found.select("interaction", "receipt_id").rows())


def test_a_receipt_within_the_window_makes_an_interaction_successful():
    served = interactions(interaction(1, 10, 60), interaction(2, 1_000, 1_060))
    found = with_receipts(served, receipts(receipt("a", 120)), VIDEOS, rule=WINDOW)
    assert found.select("interaction", "receipt_id", "successful").rows() == [(1, "a", True), (2, None, False)]


@pytest.mark.parametrize(("second", "belongs"), [(-1, False), (31, True), (100, True), (200, True), (201, False)])
def test_a_receipt_follows_what_lasts_or_has_lately_ended(second, belongs):
    found = with_receipts(interactions(interaction(1, 0, 100)), receipts(receipt("a", second)), VIDEOS)
    assert found["successful"].to_list() == [belongs]


def test_to_pay_is_no_consultation_and_the_receipt_goes_to_the_talk_before():
    talk, payment = interaction(1, 0, 100, seller=1), interaction(2, 400, 425, seller=9)
    # somebody else's talk ended nearer to the receipt
    other = interaction(3, 300, 390, customer=5)
    found = joining.with_receipts(interactions(talk, payment, other), receipts(receipt("a", 424)), VIDEOS, rule=WINDOW)
    assert joined(found.interactions) == {1: "a", 3: None}
    assert found.interactions["successful"].to_list() == [True, False]
    assert found.payments.select("interaction", "receipt_id", "successful").rows() == [(2, None, None)]


@pytest.mark.parametrize(("second", "pays"), [(60, False), (79, True), (83, True), (90, False)])
def test_a_receipt_that_nobody_took_and_that_is_printed_as_two_part_is_theirs(second, pays):
    # feet that a counter hides seem to be beside it: two who pay seem to talk
    talk, seeming = interaction(1, 0, 40, at_counter=False), interaction(2, 60, 80, at_counter=False)
    found = joining.with_receipts(interactions(talk, seeming), receipts(receipt("a", second)), VIDEOS, rule=WINDOW)
    assert found.payments["interaction"].to_list() == ([2] if pays else [])
    assert joined(found.interactions).get(1) == ("a" if second <= 83 else None)


def alike(*pairs):
    return pl.DataFrame([(VIDEO, *pair) for pair in pairs], schema=ALIKE_SCHEMA, orient="row")


@pytest.mark.parametrize(
    ("pairs", "receipts_of_talks"),
    [
        ([], {1: None, 2: None}),
        ([(9, 2, 0.2)], {1: "a", 2: None}),
        ([(9, 2, 0.2), (9, 3, 0.1)], {1: None, 2: "a"}),
        # somebody else's likeness says nothing of who pays
        ([(8, 2, 0.1)], {1: None, 2: None}),
    ],
)
def test_who_pays_and_was_never_served_is_the_likest_of_those_who_were(pairs, receipts_of_talks):
    talks = interaction(1, 0, 100, customer=2), interaction(2, 50, 150, customer=3)
    payment = interaction(3, 400, 425, customer=9)
    found = joining.with_receipts(
        interactions(*talks, payment), receipts(receipt("a", 424)), VIDEOS, alike=alike(*pairs), rule=WINDOW
    )
    assert joined(found.interactions) == receipts_of_talks


def test_of_two_who_pay_one_alone_is_who_was_served_and_it_is_their_last_talk():
    talks = interaction(1, 0, 100, customer=2), interaction(2, 150, 200, customer=2)
    payments = interaction(3, 400, 425, customer=9), interaction(4, 440, 460, customer=8)
    sold = receipts(receipt("a", 424), receipt("b", 459))
    likeness = alike((9, 2, 0.2), (8, 2, 0.15))
    found = joining.with_receipts(interactions(*talks, *payments), sold, VIDEOS, alike=likeness, rule=WINDOW)
    assert joined(found.interactions) == {1: None, 2: "b"}


def test_whoever_was_served_and_paid_under_one_name_is_nobody_else():
    talks = interaction(1, 0, 100, customer=2), interaction(2, 150, 200, customer=9)
    payment = interaction(3, 400, 425, customer=9)
    found = joining.with_receipts(
        interactions(*talks, payment), receipts(receipt("a", 424)), VIDEOS, alike=alike((9, 2, 0.0)), rule=WINDOW
    )
    assert joined(found.interactions) == {1: None, 2: "a"}


def test_a_talk_that_goes_on_at_the_till_has_been_before_the_payment():
    talk, payment = interaction(1, 300, 440), interaction(2, 400, 440, seller=9, kind="payment")
    found = joining.with_receipts(interactions(talk, payment), receipts(receipt("a", 438)), VIDEOS, rule=WINDOW)
    assert joined(found.interactions) == {1: "a"}


def test_whoever_only_pays_was_not_consulted():
    served = interactions(interaction(1, 400, 425), interaction(2, 300, 390, customer=5))
    sold = receipts(receipt("a", 424))
    found = joining.with_receipts(served, sold, VIDEOS, rule=WINDOW)
    assert joined(found.interactions) == {2: None}
    assert consulted(found.interactions, sold, VIDEOS)["consulted"].to_list() == [False]


@pytest.mark.parametrize(("at_counter", "talks", "payments"), [(False, {1: None}, []), (True, {}, [1]), (None, {}, [1])])
def test_a_receipt_printed_during_a_talk_away_from_the_counter_is_somebody_elses(at_counter, talks, payments):
    talk = interaction(1, 600, 625, at_counter=at_counter)
    found = joining.with_receipts(interactions(talk), receipts(receipt("a", 610)), VIDEOS, rule=WINDOW)
    assert joined(found.interactions) == talks
    assert found.payments["interaction"].to_list() == payments


def test_of_two_at_the_counter_the_receipt_is_theirs_who_leave_when_it_is_printed():
    pays, waits = interaction(1, 600, 621, at_counter=True), interaction(2, 590, 700, customer=7, kind="payment", at_counter=True)
    found = joining.with_receipts(interactions(pays, waits), receipts(receipt("a", 620)), VIDEOS, rule=WINDOW)
    assert found.payments["interaction"].to_list() == [1]


def test_a_talk_during_most_of_which_its_customer_paid_is_none():
    payment = interaction(1, 400, 440, customer=5, seller=9, kind="payment")
    during, before = interaction(2, 405, 430, customer=5), interaction(3, 300, 401, customer=5)
    found = joining.with_receipts(interactions(payment, during, before), receipts(receipt("a", 435)), VIDEOS, rule=WINDOW)
    assert joined(found.interactions) == {3: "a"}


def test_somebody_at_the_counter_for_whom_nothing_was_printed_did_not_pay():
    found = joining.with_receipts(
        interactions(interaction(1, 400, 440, kind="payment")), receipts(receipt("a", 900)), VIDEOS, rule=WINDOW
    )
    assert found.interactions.is_empty()
    assert found.payments.is_empty()


def test_a_long_talk_at_the_till_is_a_consultation():
    assert joined(with_receipts(interactions(interaction(1, 0, 60)), receipts(receipt("a", 58)), VIDEOS)) == {1: "a"}
    assert joined(with_receipts(interactions(interaction(1, 0, 20)), receipts(receipt("a", 18)), VIDEOS)) == {}
    short = ReceiptRule(paying_s=0)
    assert joined(with_receipts(interactions(interaction(1, 0, 20)), receipts(receipt("a", 18)), VIDEOS, rule=short)) == {1: "a"}


def test_a_talk_goes_to_the_payment_after_it_and_none_too_long_before():
    talks = [interaction(1, 0, 100), interaction(3, 500, 560)]
    payments = [interaction(2, 400, 425), interaction(4, 700, 720)]
    sold = receipts(receipt("a", 424), receipt("b", 719))
    assert joined(with_receipts(interactions(*talks, *payments), sold, VIDEOS)) == {1: "a", 3: "b"}
    brief = ReceiptRule(paying_s=30, stay_s=200)
    assert joined(with_receipts(interactions(*talks, *payments), sold, VIDEOS, rule=brief)) == {1: None, 3: "b"}


def test_a_talk_at_the_counter_with_two_receipts_has_one_of_them():
    served = interactions(interaction(1, 0, 100, at_counter=True))
    found = with_receipts(served, receipts(receipt("a", 99), receipt("b", 101)), VIDEOS)
    assert joined(found)[1] in {"a", "b"}


def test_a_receipt_is_held_for_one_interaction_and_an_interaction_for_one_receipt():
    served = interactions(interaction(1, 0, 50), interaction(2, 0, 60))
    assert joined(with_receipts(served, receipts(receipt("a", 70)), VIDEOS)) == {1: None, 2: "a"}
    sold = receipts(receipt("a", 70), receipt("b", 64), receipt("c", 90))
    assert set(joined(with_receipts(served, sold, VIDEOS)).values()) == {"a", "b"}


def test_the_nearest_receipt_is_left_to_whoever_has_no_other():
    # `a` is nearest to the first, but the second could have nothing else
    sold = receipts(receipt("a", 105), receipt("b", 190))
    served = interactions(interaction(1, 0, 100), interaction(2, 0, 10))
    assert joined(with_receipts(served, sold, VIDEOS, rule=ReceiptRule(within_s=95.0))) == {1: "b", 2: "a"}


def test_a_store_without_receipts_on_the_day_is_unknown_and_not_unsuccessful():
    served = interactions(interaction(1, 0, 100), interaction(1, 0, 100, video=OTHER))
    found = with_receipts(served, receipts(receipt("a", 2_000)), VIDEOS, rule=WINDOW)
    assert dict(found.select("video", "successful").rows()) == {VIDEO: False, OTHER: None}
    nothing = with_receipts(served, receipts(), VIDEOS, rule=WINDOW)
    assert nothing["successful"].to_list() == [None, None]


def test_a_day_is_the_stores_own():
    # 09:00 UTC and 20:00 UTC are the same day in Moscow, 21:30 UTC is the next
    served = interactions(interaction(1, 0, 100))
    for hours, successful in ((11, False), (12.5, None)):
        found = with_receipts(served, receipts(receipt("a", hours * 3600)), VIDEOS, rule=WINDOW)
        assert found["successful"].to_list() == [successful]


def test_refunds_are_no_purchases_but_show_that_receipts_came():
    served = interactions(interaction(1, 0, 100))
    found = with_receipts(served, receipts(receipt("a", 110, amount=-500), receipt("b", 111, amount=0)), VIDEOS, rule=WINDOW)
    assert found.select("receipt_id", "successful").rows() == [(None, False)]


def test_a_receipt_of_another_store_belongs_to_nobody_here():
    found = with_receipts(interactions(interaction(1, 0, 100)), receipts(receipt("a", 110, store="shop-2")), VIDEOS, rule=WINDOW)
    assert found.select("receipt_id", "successful").rows() == [(None, None)]


@pytest.mark.parametrize("zone", [None, "Europe/Moscow"])
def test_times_that_are_not_in_utc_are_refused(zone):
    frame = receipts(receipt("a", 0)).with_columns(pl.col("at").dt.replace_time_zone(zone))
    with pytest.raises(DeliveryError, match="UTC"):
        with_receipts(interactions(interaction(1, 0, 100)), frame, VIDEOS)


def test_the_same_receipt_twice_counts_once_and_with_two_contents_is_refused():
    served = interactions(interaction(1, 0, 100), interaction(2, 0, 100))
    once, twice = (with_receipts(served, receipts(*[receipt("a", 110)] * times), VIDEOS, rule=WINDOW) for times in (1, 2))
    assert once.equals(twice)
    with pytest.raises(DeliveryError, match="'a' of store 'shop-1'"):
        with_receipts(served, receipts(receipt("a", 110), receipt("a", 110, amount=5)), VIDEOS)


def test_a_negative_window_is_refused():
    with pytest.raises(SettingsError, match="negative"):
        ReceiptRule(within_s=-1.0)


def test_nothing_joined_to_nothing_is_nothing():
    assert with_receipts(Interactions.empty(), receipts(), VIDEOS).equals(Interactions.empty())
    assert consulted(Interactions.empty(), receipts(), VIDEOS).schema == CONSULTED_SCHEMA


def test_purchases_are_consulted_or_not_and_unknown_where_no_camera_ran():
    served = interactions(interaction(1, 0, 100, seller_id="anna"))
    sold = receipts(receipt("a", 110), receipt("b", 2_000), receipt("late", 9_999), receipt("refund", 120, amount=-5))
    sold = pl.concat([sold, receipts(receipt("elsewhere", 110, store="shop-3"))])
    found = consulted(with_receipts(served, sold, VIDEOS, rule=WINDOW), sold, VIDEOS)
    assert found.schema == CONSULTED_SCHEMA
    rows = found.select("receipt_id", "consulted", "interaction", "seller_id").rows()
    assert rows == [("a", True, 1, "anna"), ("b", False, None, None), ("late", None, None, None)]


def test_videos_that_cannot_be_read_show_no_moment():
    broken = video_files(video_file(state="unreadable", duration_s=None, reason="broken"))
    assert consulted(Interactions.empty(), receipts(receipt("a", 10)), broken)["consulted"].to_list() == [None]


def best_by_trying_all(ends, times):
    """Most pairs, and the least time apart among those."""
    best = (0, 0.0)
    slots = [*times, *[None] * len(ends)]
    for chosen in set(permutations(slots, len(ends))):
        apart = [abs(time - end) for end, time in zip(ends, chosen, strict=True) if time is not None]
        allowed = all(0 <= time - end <= 100 for end, time in zip(ends, chosen, strict=True) if time is not None)
        if allowed and (-len(apart), sum(apart)) < (-best[0], best[1]):
            best = (len(apart), sum(apart))
    return best


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(2, 40), max_size=3), st.lists(st.integers(0, 50), max_size=3))
def test_the_assignment_is_the_best_of_all(ends, times):
    # ends at whole tens and receipts between them
    ends, times = [10 * end for end in ends], [10 * time + 1 for time in times]
    served = interactions(*(interaction(i, end - 5, end) for i, end in enumerate(ends, 1)))
    sold = receipts(*(receipt(f"r{i}", time) for i, time in enumerate(times)))
    # printed while nobody is with a seller, a receipt tells nothing but its time
    found = joined(with_receipts(served, sold, VIDEOS, rule=ReceiptRule(within_s=100, slack_s=0, paying_s=0)))
    apart = [abs(times[int(name[1:])] - ends[number - 1]) for number, name in found.items() if name]
    assert (len(apart), sum(apart)) == best_by_trying_all(ends, times)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(st.integers(20, 900), st.sampled_from([VIDEO, OTHER])), max_size=12),
    st.lists(st.tuples(st.integers(0, 1_000), st.sampled_from(["shop-1", "shop-2"])), max_size=12),
    st.integers(0, 1_000),
)
def test_the_order_of_rows_changes_nothing_and_nothing_is_joined_twice(ends, times, seed):
    served = interactions(*(interaction(i, end - 20, end, video=video) for i, (end, video) in enumerate(ends, 1)))
    sold = receipts(*(receipt(f"r{i}", time, store=store) for i, (time, store) in enumerate(times)))
    found = with_receipts(served, sold, VIDEOS, rule=WINDOW)
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (served, sold, VIDEOS)]
    assert with_receipts(*shuffled, rule=WINDOW).equals(found)
    joined_once = found["receipt_id"].drop_nulls()
    assert joined_once.n_unique() == len(joined_once)
    purchases = consulted(found, sold, VIDEOS)
    assert purchases.filter("consulted").height == len(joined_once)
    assert purchases.height == len(times)


def test_a_store_month_is_joined_part_by_part():
    rng = np.random.default_rng(0)
    served = interactions(*(interaction(i, end - 60, end) for i, end in enumerate(np.sort(rng.uniform(60, 2.6e6, 3_000)), 1)))
    sold = receipts(*(receipt(f"r{i}", float(time)) for i, time in enumerate(rng.uniform(0, 2.6e6, 3_000))))
    assert with_receipts(served, sold, VIDEOS)["receipt_id"].drop_nulls().len() > 300
