"""Intervals by the bootstrap."""

import numpy as np
import pytest

from vitrina.marketplace.resampling import MOST_ROWS, UNKNOWN, drawn_totals, interval, ratio


def width_of_the_mean(values, seed=0):
    rows = np.stack([values, np.ones(len(values))], axis=1)
    drawn = drawn_totals(np.random.default_rng(seed), rows)
    return interval(ratio(drawn[:, 0], drawn[:, 1]), len(rows))


@pytest.mark.parametrize("n", [400, 20 * MOST_ROWS])
def test_the_interval_of_a_mean_is_as_wide_as_theory_says(n):
    values = np.random.default_rng(3).normal(10, 2, n)
    for seed in range(4):
        low, high = width_of_the_mean(values, seed)
        assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(n), rel=0.12)
        assert (low + high) / 2 == pytest.approx(values.mean(), abs=0.1 * (high - low))


def test_the_interval_of_a_mean_holds_the_truth_about_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    found = [width_of_the_mean(rng.normal(0, 1, 60), seed) for seed in range(200)]
    assert 0.89 <= np.mean([low <= 0 <= high for low, high in found]) <= 0.99


def test_one_row_or_mostly_undefined_draws_give_no_interval():
    assert interval(np.full(2_000, 0.5), 1) == UNKNOWN
    assert interval(np.where(np.arange(2_000) < 900, 0.5, np.nan), 50) == UNKNOWN
    assert interval(np.where(np.arange(2_000) < 1_100, 0.5, np.nan), 50) == (0.5, 0.5)


def test_no_rows_sum_to_nothing():
    assert not drawn_totals(np.random.default_rng(0), np.empty((0, 3))).any()
