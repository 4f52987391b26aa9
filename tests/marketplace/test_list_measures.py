"""Measures of lists against a naive loop, and by hand."""

import math

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from vitrina.marketplace.list_measures import CUTOFFS, beyond_accuracy, judged_lists, overlap_at_10


def lists_of(lists):
    rows = [(user, place, item) for user, items in lists.items() for place, item in enumerate(items, start=1)]
    return pl.DataFrame(rows, schema={"user": pl.Int64, "place": pl.Int64, "item": pl.Int64}, orient="row")


def measured(lists, bought, n_items=100):
    """Measures of each user, by name without what is always said."""
    pairs = sorted((user, item) for user, items in bought.items() for item in items)
    users, items = (np.array(codes, dtype=np.int64) for codes in zip(*pairs, strict=True))
    judged = judged_lists(lists_of(lists), users, items, n_items)
    names, values = judged.rows()
    assert all(name.endswith("_full_catalogue_repeats_allowed") for name in names)
    short = [name.removesuffix("_full_catalogue_repeats_allowed") for name in names]
    return {int(user): dict(zip(short, row.tolist(), strict=True)) for user, row in zip(judged.users, values, strict=True)}


def naive(shown, bought, k):
    hits = [item in bought for item in shown[:k]]
    precisions = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
    possible = min(len(bought), k)
    ideal = sum(1 / math.log2(place + 2) for place in range(possible))
    return {
        f"precision_at_{k}": sum(hits) / k,
        f"recall_at_{k}": sum(hits) / len(bought),
        f"map_at_{k}": sum(precisions) / possible,
        f"ndcg_at_{k}": sum(1 / math.log2(place + 2) for place, hit in enumerate(hits) if hit) / ideal,
        f"hit_rate_at_{k}": float(any(hits)),
        f"precision_ceiling_at_{k}": possible / k,
    }


def test_a_list_with_two_of_three_purchases():
    found = measured({4: [7, 1, 9, 2, 3]}, {4: [7, 9, 50]})[4]
    assert found["precision_at_5"] == 2 / 5
    assert found["recall_at_5"] == 2 / 3
    assert found["map_at_5"] == pytest.approx((1 / 1 + 2 / 3) / 3)
    assert found["ndcg_at_5"] == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2))
    assert found["hit_rate_at_5"] == 1
    assert found["precision_ceiling_at_5"] == 3 / 5
    assert found["precision_at_10"] == 2 / 10


def test_a_perfect_list_reaches_one_and_the_ceiling():
    found = measured({1: list(range(20))}, {1: list(range(25))})[1]
    for k in CUTOFFS:
        assert (found[f"map_at_{k}"], found[f"ndcg_at_{k}"], found[f"precision_at_{k}"]) == pytest.approx((1, 1, 1))
        assert found[f"recall_at_{k}"] == k / 25


def test_who_has_bought_nothing_is_not_judged_and_who_has_no_list_has_missed_all():
    found = measured({1: [5], 3: [5]}, {1: [5], 2: [5, 6]})
    assert set(found) == {1, 2}
    assert found[1]["precision_at_5"] == 1 / 5
    assert {value for name, value in found[2].items() if "ceiling" not in name} == {0}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.integers(0, 30), bought=st.integers(1, 30))
def test_measures_are_those_of_a_naive_loop(seed, length, bought):
    rng = np.random.default_rng(seed)
    lists = {user: rng.permutation(40)[:length].tolist() for user in (2, 5, 11)}
    purchases = {user: set(rng.permutation(40)[:bought].tolist()) for user in (2, 5, 12)}
    found = measured(lists, purchases, n_items=40)
    assert set(found) == set(purchases)
    for user, values in found.items():
        expected = {}
        for k in CUTOFFS:
            expected |= naive(lists.get(user, []), purchases[user], k)
        assert values == pytest.approx(expected)


def test_the_gain_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    shown, bought = rng.permutation(50)[:20].tolist(), set(rng.permutation(50)[:9].tolist())
    relevance = [[item in bought for item in range(50)]]
    scores = [[20 - shown.index(item) if item in shown else -1 for item in range(50)]]
    found = measured({0: shown}, {0: bought}, n_items=50)[0]
    for k in CUTOFFS:
        assert found[f"ndcg_at_{k}"] == pytest.approx(ndcg_score(relevance, scores, k=k))


def test_coverage_novelty_and_diversity_by_hand():
    like = np.zeros((5, 5))
    like[0, 1] = like[1, 0] = 0.4
    lists = lists_of({1: [0, 1, 2], 2: [0, 2], 3: [2]})
    found = beyond_accuracy(lists, np.array([0.5, 0.25, 0.25, 0, 0]), 4, sp.csr_matrix(like))
    assert found["coverage_at_10"] == 3 / 4
    assert found["novelty_at_10"] == pytest.approx((1 + 2 + 2 + 1 + 2 + 2) / 6)
    # one pair of three has .4 in common; one pair of one has nothing; one item has no pair
    assert found["diversity_at_10"] == pytest.approx(((1 - 0.4 / 3) + 1) / 2)


def test_only_ten_places_count_and_no_list_covers_nothing():
    found = beyond_accuracy(lists_of({1: range(20)}), np.full(20, 0.05), 20, sp.csr_matrix((20, 20)))
    assert found["coverage_at_10"] == 0.5
    nothing = beyond_accuracy(lists_of({}), np.full(20, 0.05), 20, sp.csr_matrix((20, 20)))
    assert nothing["coverage_at_10"] == 0
    assert np.isnan(nothing["novelty_at_10"])
    assert np.isnan(nothing["diversity_at_10"])


def test_an_item_that_nobody_bought_is_new_but_not_infinitely():
    found = beyond_accuracy(lists_of({1: [0]}), np.array([0.0, 1.0]), 2, sp.csr_matrix((2, 2)))
    assert found["novelty_at_10"] == 2
    assert np.isnan(found["diversity_at_10"])


def test_overlap_counts_items_that_stand_in_both_first_tens():
    one = lists_of({1: range(12), 2: range(10), 3: [1]})
    other = lists_of({1: range(9, 21), 2: reversed(range(10)), 4: [1]})
    assert overlap_at_10(one, other, [1, 2, 3, 4, 5]).tolist() == [0.1, 1, 0, 0, 0]
