import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.stores.drift import Bins, drift_band, feature_drift, learn_bins, population_stability_index

HALVES = Bins(edges=np.array([10.0]), shares=np.array([0.5, 0.5]))


def test_the_index_is_that_computed_by_hand():
    # 50 : 50 became 80 : 20
    values = np.array([1.0] * 80 + [20.0] * 20)
    expected = 0.3 * math.log(0.8 / 0.5) + -0.3 * math.log(0.2 / 0.5)
    assert population_stability_index(HALVES, values) == pytest.approx(expected) == pytest.approx(0.415888, abs=1e-6)


def test_the_index_is_that_of_a_published_example():
    # ten score bands with 10 % each at development, as scorecard textbooks set it out
    bins = Bins(edges=np.arange(1.0, 10.0), shares=np.full(10, 0.1))
    counts = [60, 70, 80, 90, 100, 100, 110, 120, 130, 140]
    values = np.repeat(np.arange(10) + 0.5, counts)
    shares = np.array(counts) / 1000
    assert population_stability_index(bins, values) == pytest.approx(float(((shares - 0.1) * np.log(shares / 0.1)).sum()))
    assert drift_band(population_stability_index(bins, values)) == "stable"


def test_the_quarter_of_the_fit_has_not_drifted():
    values = np.random.default_rng(0).lognormal(size=300)
    assert population_stability_index(learn_bins(values), values) == pytest.approx(0.0, abs=1e-12)


def test_an_empty_bin_counts_as_half_a_store_so_that_the_index_stays_finite():
    index = population_stability_index(HALVES, np.array([1.0] * 100))
    low, high = 100 / 100.5, 0.5 / 100.5
    assert index == pytest.approx((low - 0.5) * math.log(low / 0.5) + (high - 0.5) * math.log(high / 0.5))
    assert drift_band(index) == "drifted"


@pytest.mark.parametrize(
    ("psi", "band"),
    [(0.0, "stable"), (0.0999, "stable"), (0.1, "moderate"), (0.2499, "moderate"), (0.25, "drifted"), (None, "absent")],
)
def test_the_bands_begin_where_the_literature_says(psi, band):
    assert drift_band(psi) == band


def test_two_hundred_different_values_make_ten_equal_bins():
    bins = learn_bins(np.arange(200.0))
    assert bins.edges.tolist() == [19.0, 39.0, 59.0, 79.0, 99.0, 119.0, 139.0, 159.0, 179.0]
    assert bins.shares.tolist() == [0.1] * 10


@pytest.mark.parametrize(("n", "n_bins"), [(3, 2), (40, 2), (65, 3), (199, 9), (5000, 10)])
def test_few_stores_make_few_bins(n, n_bins):
    assert learn_bins(np.arange(float(n))).shares.size == n_bins


@pytest.mark.parametrize("values", [[0.0] * 95 + [1.0, 2.0, 3.0, 4.0, 5.0], [0.0] + [1.0] * 99, [1.0, 1.0, 1.0, 2.0]])
def test_equal_values_share_a_bin_and_no_bin_is_empty_at_the_fit(values):
    bins = learn_bins(np.array(values))
    assert bins.shares.size >= 2
    assert bins.shares.min() > 0
    assert bins.shares.sum() == pytest.approx(1.0)


def test_missing_values_are_in_no_bin_but_are_counted():
    known = np.arange(100.0)
    with_gaps = np.concatenate([known, np.full(100, np.nan), [np.inf]])
    np.testing.assert_array_equal(learn_bins(with_gaps).edges, learn_bins(known).edges)
    drift = feature_drift(with_gaps[:, None], ["age"], [learn_bins(known)])
    assert drift.row(0) == ("age", pytest.approx(0.0, abs=1e-12), "stable", pytest.approx(101 / 201))


def test_a_feature_without_any_value_is_absent_and_has_no_index():
    drift = feature_drift(np.array([[1.0, np.nan], [20.0, np.nan]]), ["revenue", "customers"], [HALVES, HALVES])
    assert drift.rows() == [("revenue", pytest.approx(0.0), "stable", 0.0), ("customers", None, "absent", 1.0)]


def test_values_that_differ_by_noise_alone_make_no_empty_bin():
    bins = learn_bins(np.array([0.0, 2.9e-203]))
    assert (bins.edges.tolist(), bins.shares.tolist()) == ([], [1.0])
    three = learn_bins(np.array([1.0] * 20 + [1.0 + 1e-12] * 20 + [2.0] * 20))
    assert (three.edges.tolist(), three.shares.tolist()) == ([1.0 + 1e-12], [pytest.approx(2 / 3), pytest.approx(1 / 3)])
    assert population_stability_index(bins, np.array([0.0])) == 0.0


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=80), st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_the_index_is_finite_and_never_negative(then, now):
    index = population_stability_index(learn_bins(np.array(then)), np.array(now))
    assert index is not None
    assert 0 <= index < 100
