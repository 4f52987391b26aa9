"""Suitable or not, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from vitrina.marketplace.suitability import Verdicts, area_under_curve, means_with_intervals


def named(measures):
    return {measured.measure: measured for measured in measures}


def verdicts(bought, other, users=None):
    users = np.arange(len(bought)) if users is None else np.array(users)
    return Verdicts("uniform", users, np.array(bought, dtype=float), np.array(other, dtype=float))


def test_the_area_counts_a_tie_half():
    assert area_under_curve(np.array([1.0, 2.0]), np.array([0.0, 0.5])) == 1
    assert area_under_curve(np.array([0.0]), np.array([1.0])) == 0
    assert area_under_curve(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    # of six comparisons three are won and one is tied
    assert area_under_curve(np.array([1.0, 3.0]), np.array([1.0, 2.0, 4.0])) == pytest.approx(2.5 / 6)
    assert np.isnan(area_under_curve(np.array([]), np.array([1.0])))
    assert np.isnan(area_under_curve(np.array([1.0]), np.array([])))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), m=st.integers(1, 60), decimals=st.integers(0, 6))
def test_the_area_is_that_of_scikit_learn(seed, n, m, decimals):
    rng = np.random.default_rng(seed)
    bought, other = np.round(rng.normal(0.5, 1, n), decimals), np.round(rng.normal(0, 1, m), decimals)
    theirs = roc_auc_score(np.arange(n + m) < n, np.concatenate([bought, other]))
    assert area_under_curve(bought, other) == pytest.approx(theirs, abs=1e-12)


def test_precision_and_lost_offers_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    bought, other = rng.normal(1, 1, 300), rng.normal(0, 1, 300)
    found = named(verdicts(bought, other, rng.integers(0, 50, 300)).measures(0.4))
    truth, said = np.arange(600) < 300, np.concatenate([bought, other]) >= 0.4
    assert found["suitability_1to1_uniform_precision"].value == pytest.approx(precision_score(truth, said))
    assert found["suitability_1to1_uniform_lost_offers"].value == pytest.approx(1 - recall_score(truth, said))
    assert found["suitability_1to1_uniform_auc"].value == pytest.approx(roc_auc_score(truth, np.concatenate([bought, other])))
    for measured in found.values():
        assert measured.n == 50
        assert measured.low < measured.value < measured.high
        assert measured.high - measured.low < 0.2


def test_a_score_at_the_threshold_is_suitable():
    found = named(verdicts([1, 2, 3, 4], [0, 1, 2, 0]).measures(2.0))
    assert found["suitability_1to1_uniform_precision"].value == 3 / 4
    assert found["suitability_1to1_uniform_lost_offers"].value == 1 / 4


def test_the_threshold_gives_up_a_share_of_what_was_bought():
    asked = verdicts(np.arange(101), np.zeros(101))
    assert asked.threshold(0.15) == pytest.approx(15)
    found = named(asked.measures(asked.threshold()))
    assert found["suitability_1to1_uniform_lost_offers"].value == pytest.approx(15 / 101)


def test_without_a_threshold_nothing_is_said_of_what_depends_on_it():
    found = named(verdicts([1, 2], [0, 3]).measures(float("nan")))
    assert found["suitability_1to1_uniform_auc"].value == 0.5
    for name in ("precision", "lost_offers"):
        measured = found[f"suitability_1to1_uniform_{name}"]
        assert (measured.value, measured.low, measured.high, measured.n) == (None, None, None, 2)


def test_where_nothing_is_called_suitable_precision_is_not_known():
    found = named(verdicts([1, 2], [0, 3]).measures(9.0))
    assert found["suitability_1to1_uniform_precision"].value is None
    assert found["suitability_1to1_uniform_lost_offers"].value == 1


def test_of_nobody_nothing_is_known():
    nobody = verdicts([], [])
    assert np.isnan(nobody.threshold())
    assert {(measured.value, measured.n) for measured in nobody.measures(0.5)} == {(None, 0)}
    assert [measured.value for measured in means_with_intervals(["one", "two"], np.zeros((0, 2)))] == [None, None]


def test_of_one_user_there_is_a_value_and_no_interval():
    found = named(verdicts([1, 2], [0, 0], [4, 4]).measures(0.5))
    assert {(measured.low, measured.high, measured.n) for measured in found.values()} == {(None, None, 1)}
    assert found["suitability_1to1_uniform_auc"].value == 1
    [mean] = means_with_intervals(["one"], np.array([[0.3]]))
    assert (mean.value, mean.low, mean.high) == (0.3, None, None)


def test_the_interval_is_over_users_and_not_over_pairs():
    rng = np.random.default_rng(1)
    bought, other = rng.normal(1, 1, 400), rng.normal(0, 1, 400)
    alone = named(verdicts(bought, other).measures(0.5))["suitability_1to1_uniform_auc"]
    # the same pairs ten times over, by the same users: no more is known
    repeated = verdicts(np.tile(bought, 10), np.tile(other, 10), np.tile(np.arange(400), 10))
    again = named(repeated.measures(0.5))["suitability_1to1_uniform_auc"]
    assert again.high - again.low == pytest.approx(alone.high - alone.low, rel=0.1)


def test_means_have_the_interval_of_their_standard_error():
    values = np.random.default_rng(2).normal(3, 2, (1000, 2))
    for at, measured in enumerate(means_with_intervals(["one", "two"], values)):
        error = 1.96 * values[:, at].std() / np.sqrt(1000)
        assert measured.value == pytest.approx(values[:, at].mean())
        assert (measured.high - measured.low) / 2 == pytest.approx(error, rel=0.1)
        assert measured.n == 1000


def test_differences_of_two_models_are_paired():
    rng = np.random.default_rng(3)
    one = rng.random((200, 1))
    [difference] = means_with_intervals(["lift"], (one + 0.1) - one)
    assert difference.high - difference.low == pytest.approx(0, abs=1e-9)
    first, again = (means_with_intervals(["one"], one)[0] for _ in range(2))
    assert first == again
