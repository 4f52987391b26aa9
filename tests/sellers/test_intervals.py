"""Intervals against published numbers, simulated truth and edge cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.sellers.intervals import (
    Interval,
    count,
    difference,
    mean,
    ratio,
    ratio_of_means,
    share,
    unseen_count,
    unseen_mean,
    unseen_share,
    unseen_time,
)


def test_a_shares_interval_is_the_published_one():
    # Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20
    assert share(81, 263)[1:3] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert share(15, 148)[1:3] == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert share(0, 20)[1:3] == pytest.approx((0, 0.1611), abs=5e-5)


def test_a_counts_interval_is_garwoods():
    # Garwood (1936), as tabulated for 0, 1, 5 and 10 events
    assert count(0)[1:3] == pytest.approx((0, 3.689), abs=5e-4)
    assert count(1)[1:3] == pytest.approx((0.0253, 5.572), abs=5e-4)
    assert count(5)[1:3] == pytest.approx((1.623, 11.668), abs=5e-4)
    assert count(10)[1:3] == pytest.approx((4.795, 18.390), abs=5e-4)


def test_385_events_give_ten_percent_and_a_tenth_of_them_does_not():
    _, low, high, _ = count(385)
    assert 385 - low == pytest.approx(38.5, abs=1)
    assert high - 385 < 41
    assert count(38).high > 38 * 1.3


def test_of_nothing_nothing_is_known():
    unknown = Interval(None, None, None, 0)
    assert share(0, 0) == mean([], seed=0) == ratio([], [], seed=0) == difference([], [], seed=0) == unknown


def test_impossible_counts_are_refused_with_what_was_given():
    with pytest.raises(VitrinaError, match="3 in 2"):
        share(3, 2)
    with pytest.raises(VitrinaError, match="-1 events"):
        count(-1)


def test_a_single_cluster_has_a_value_and_no_interval():
    assert mean([3.0], seed=0) == Interval(3.0, None, None, 1)
    assert mean([3.0, 5.0], ["monday", "monday"], seed=0) == Interval(4.0, None, None, 2)


def test_a_ratio_of_nothing_is_unknown_and_says_how_many_cases_it_had():
    assert ratio([1.0, 2.0], [0.0, 0.0], seed=0) == Interval(None, None, None, 2)


def test_a_difference_with_an_empty_group_is_unknown():
    assert difference([1.0, 2.0], [True, True], seed=0) == Interval(None, None, None, 2)


def test_the_interval_of_a_mean_of_many_is_nearly_the_normal_one():
    values = np.random.default_rng(5).normal(10, 2, 2_000)
    _, low, high, n = mean(values, seed=1)
    half = 1.96 * values.std() / np.sqrt(2_000)
    assert (low, high, n) == (pytest.approx(values.mean() - half, abs=0.02), pytest.approx(values.mean() + half, abs=0.02), 2_000)


def test_the_interval_of_a_mean_of_five_is_not_too_narrow():
    rng = np.random.default_rng(7)
    found = [mean(rng.normal(3, 1, 5), seed=0) for _ in range(300)]
    # plain percentiles hold the truth in 251 of 300
    assert sum(low <= 3 <= high for _, low, high, _ in found) >= 264


def test_values_that_repeat_a_cluster_tell_no_more_than_the_cluster():
    values = [1.0, 4.0, 2.0, 8.0, 5.0]
    once = mean(values, list(range(5)), seed=2)
    ten_times = mean(values * 10, list(range(5)) * 10, seed=2)
    assert ten_times[:3] == pytest.approx(once[:3])
    assert mean(values * 10, seed=2).high < once.high - 0.5


def test_groups_that_share_clusters_are_drawn_together():
    base = np.random.default_rng(3).normal(0, 100, 40)
    values, first, days = np.r_[base + 5, base], np.repeat([True, False], 40), np.tile(np.arange(40), 2)
    paired = difference(values, first, days, seed=0)
    assert paired[:3] == pytest.approx((5, 5, 5))
    alone = difference(values, first, seed=0)
    assert alone.high - alone.low > 50


def test_a_ratio_of_means_does_not_depend_on_the_unit_and_one_by_nothing_is_unknown():
    amounts, first = [300.0, 500.0, 100.0, 300.0], [True, True, False, False]
    found = ratio_of_means(amounts, first, seed=0)
    assert found.value == 2
    assert ratio_of_means([amount / 64 for amount in amounts], first, seed=0) == found
    assert ratio_of_means([1.0, 0.0], [True, False], seed=0) == Interval(None, None, None, 2)
    assert ratio_of_means([1.0], [True], seed=0) == Interval(None, None, None, 1)


def test_a_ratio_is_that_of_the_sums():
    found = ratio([2.0, 30.0, 10.0], [4.0, 10.0, 6.0], seed=0)
    assert found.value == 42 / 20
    assert found.low == pytest.approx(0.5)
    assert found.high == pytest.approx(3.0)


def test_what_was_not_seen_widens_every_interval_and_full_coverage_none():
    known = share(30, 100)
    assert unseen_share(known, 1.0) == known
    assert unseen_share(known, 0.9)[:3] == pytest.approx((0.3, known.low * 0.9, known.high * 0.9 + 0.1))
    events = count(12)
    assert unseen_count(events, 1.0) == events
    assert unseen_count(events, 0.5)[:3] == pytest.approx((12, events.low, 2 * events.high))
    amounts = Interval(10.0, 8.0, 13.0, 5)
    assert unseen_mean(amounts, 1.0) == amounts
    assert unseen_mean(amounts, 0.5) == Interval(10.0, 6.0, 16.0, 5)
    assert unseen_time(50.0, 3, 20.0) == Interval(50.0, 50.0, 70.0, 3)


def test_what_is_unknown_stays_unknown_when_it_is_widened():
    unknown = Interval(None, None, None, 0)
    assert unseen_share(unknown, 0.5) == unseen_count(unknown, 0.5) == unseen_mean(unknown, 0.5) == unknown


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 4)), min_size=1, max_size=25),
    st.randoms(use_true_random=False),
)
def test_neither_the_order_of_values_nor_the_names_of_clusters_change_anything(rows, random):
    shuffled = random.sample(rows, len(rows))
    found = mean([value for value, _ in rows], [cluster for _, cluster in rows], seed=1)
    assert mean([value for value, _ in shuffled], [f"day {9 - cluster}" for _, cluster in shuffled], seed=1) == found
    assert found.low is None or found.low <= found.value <= found.high
