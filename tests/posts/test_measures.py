"""Measures of ranks and of silence."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.posts.measures import (
    Measured,
    OperatingPoint,
    auroc,
    by_question,
    difference,
    mean,
    of_ranks,
    operating_point,
    operating_points,
    wilson,
)


def test_measures_of_ranks_are_those_counted_by_hand():
    found = of_ranks([1, 2, 5, 10, 11, 0, 1, 3], seed=0)
    assert found["recall_at_1"].value == 2 / 8
    assert found["recall_at_5"].value == 5 / 8
    assert found["recall_at_10"].value == 6 / 8
    assert found["mrr_at_10"].value == pytest.approx((1 + 1 / 2 + 1 / 5 + 1 / 10 + 1 + 1 / 3) / 8)
    gains = [1 / math.log2(1 + rank) for rank in (1, 2, 5, 10, 1, 3)]
    assert found["ndcg_at_10"].value == pytest.approx(sum(gains) / 8)


def test_a_post_that_is_not_found_counts_for_nothing():
    assert all(values.tolist() == [0.0, 0.0] for values in by_question([0, 11]).values())


def test_wilsons_interval_is_the_published_one():
    # Newcombe (1998), table I: 81 of 263, 15 of 148
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20)[0] == 0
    assert wilson(0, 0) == (None, None)


def test_a_recall_has_wilsons_interval_and_other_measures_have_the_bootstraps():
    found = of_ranks([1] * 81 + [0] * 182, seed=3)
    assert found["recall_at_1"][1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    # of a share, the reciprocal rank's bootstrap is nearly normal
    width = 1.96 * math.sqrt(81 / 263 * 182 / 263 / 263)
    assert found["mrr_at_10"][1:] == pytest.approx((81 / 263 - width, 81 / 263 + width), abs=0.006)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_questions_changes_nothing_and_intervals_hold_their_values(ranks, random):
    found = of_ranks(ranks, seed=1)
    shuffled = random.sample(ranks, len(ranks))
    assert of_ranks(shuffled, seed=1) == found
    for value, low, high in found.values():
        assert low is None or low - 1e-9 <= value <= high + 1e-9


def test_of_a_single_question_no_interval_is_known():
    assert mean([1.0], seed=0) == Measured(1.0, None, None)


def test_the_difference_of_two_shares_has_newcombes_interval():
    # table II, case (a): 56/70 against 48/80
    now, before = Measured(56 / 70, *wilson(56, 70)), Measured(48 / 80, *wilson(48, 80))
    assert difference(now, before) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert difference(now, Measured(0.5, None, None)) == (pytest.approx(0.3), None, None)


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    scores, answerable = np.array([0.9, 0.6, 0.6, 0.2, 0.1]), np.array([True, True, False, True, False])
    # of six pairs four are in order, and one is even
    assert auroc(scores, answerable, np.arange(5), seed=0).value == pytest.approx(4.5 / 6)


def test_scores_that_are_all_alike_are_worth_as_much_as_a_coin():
    assert auroc(np.full(20, 0.3), np.tile([True, False], 10), np.arange(20), seed=0) == (0.5, 0.5, 0.5)


def test_questions_of_one_post_are_drawn_together():
    rng = np.random.default_rng(0)
    scores, answerable = rng.normal(size=40), np.tile([True, False], 20)
    many, groups = np.repeat(scores, 10), np.repeat(np.arange(20), 20)
    alone = auroc(scores, answerable, np.repeat(np.arange(20), 2), seed=0)
    copied = auroc(many, np.repeat(answerable, 10), groups, seed=0)
    naive = auroc(many, np.repeat(answerable, 10), np.arange(400), seed=0)
    # ten copies of every question tell nothing new
    assert copied == pytest.approx(alone)
    assert naive.high - naive.low < 0.6 * (copied.high - copied.low)


def test_the_operating_point_keeps_the_rate_and_answers_as_much_as_it_can():
    scores = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    answerable = np.array([True, False, True, True, False, True, False, False])
    assert operating_point(scores, answerable, rate=0.25) == OperatingPoint(0.7, 0.25, 0.75)
    assert operating_point(scores, answerable, rate=0.24) == OperatingPoint(0.95, 0.0, 0.25)
    assert operating_points(scores, answerable)[-1] == OperatingPoint(0.3, 1.0, 1.0)


@pytest.mark.parametrize(("kinds", "said"), [([True, True], "answerable ones alone"), ([False], "unanswerable"), ([], "none")])
def test_silence_is_not_judged_by_questions_of_one_kind(kinds, said):
    scores, answerable = np.zeros(len(kinds)), np.array(kinds, dtype=bool)
    for judged in (
        lambda: auroc(scores, answerable, np.arange(len(kinds)), seed=0),
        lambda: operating_point(scores, answerable, rate=0.1),
    ):
        with pytest.raises(VitrinaError, match=said):
            judged()
