"""Gaps, skew, extremes and weights: what is learnt from one quarter serves the next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from tests.stores.made_up_stores import features_and_catalogue, random_stores
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.components import principal_components
from vitrina.stores.preparation import learn_preparation
from vitrina.stores.scenario import Scenario


def learnt(values, transform="plain", weights=None):
    return learn_preparation(values, transform, np.ones(values.shape[1]) if weights is None else np.array(weights))


def test_the_plain_transform_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    values = rng.lognormal(size=(80, 4))
    values[rng.random(values.shape) < 0.1] = np.nan
    expected = StandardScaler().fit_transform(SimpleImputer(strategy="median").fit_transform(values))
    np.testing.assert_allclose(learnt(values).apply(values), expected)


def test_skewed_columns_that_are_never_negative_take_logarithms_and_others_do_not():
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.lognormal(sigma=1.5, size=200), rng.normal(size=200), rng.lognormal(sigma=1.5, size=200) - 0.5])
    assert learnt(values, "robust").logged.tolist() == [True, False, False]
    assert learnt(values, "plain").logged.tolist() == [False, False, False]


def test_one_extreme_store_moves_the_others_with_the_plain_transform_only():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(200, 1))
    extreme = values.copy()
    extreme[0] = 1e6
    spread = {transform: learnt(extreme, transform).apply(extreme)[1:].std() for transform in ("plain", "robust")}
    assert spread["plain"] < 0.01
    assert spread["robust"] > 0.9


def test_a_later_quarter_is_prepared_by_what_the_first_taught():
    first = np.array([[1.0], [2.0], [3.0], [np.nan]])
    later = np.array([[np.nan], [5.0]])
    assert learnt(first).apply(later).ravel().tolist() == pytest.approx([0.0, 3 / np.std([1, 2, 3, 2])])


def test_a_negative_value_in_a_later_quarter_is_drawn_in_and_no_error():
    first = np.random.default_rng(3).lognormal(sigma=2, size=(300, 1))
    assert np.isfinite(learnt(first, "robust").apply(np.array([[-5.0]]))).all()


@given(st.floats(0.1, 10), st.integers(0, 99))
def test_multiplying_all_weights_changes_nothing(factor, seed):
    values = np.random.default_rng(seed).normal(size=(20, 3))
    np.testing.assert_allclose(
        learnt(values, weights=[1, 2, 3]).apply(values), learnt(values, weights=[factor, 2 * factor, 3 * factor]).apply(values)
    )


def test_a_weight_of_two_counts_as_the_same_feature_twice():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(60, 3))
    weighted = learnt(values, weights=[2, 1, 1]).apply(values)
    doubled = learnt(values[:, [0, 0, 1, 2]]).apply(values[:, [0, 0, 1, 2]])
    scale = 4 / 3  # weights are brought to a mean of 1, so that all distances shrink alike
    squared = [((points[:, None] - points) ** 2).sum(axis=2) for points in (weighted, doubled)]
    np.testing.assert_allclose(squared[0] * scale, squared[1])


def test_a_heavier_feature_gains_weight_in_the_components_and_the_criterion_keeps_its_meaning():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(500, 4))
    components = principal_components(learnt(values, weights=[9, 1, 1, 1]).apply(values))
    assert sum(components.eigenvalues) == pytest.approx(4)
    assert components.kept == 1
    assert abs(components.directions[0, 0]) > 0.99


def test_a_feature_that_is_constant_but_for_its_extremes_is_dropped_and_named():
    stores, _ = random_stores(200, seed=6)
    values = {name: stores.get_column(name).to_list() for name in ("revenue", "receipts")}
    almost = [0.0] * 199 + [1e9]
    clustering = cluster_stores(*features_and_catalogue(values | {"age": almost}), Scenario(transform="robust"))
    assert clustering.dropped["age"] == "almost all stores have the same value"
    assert clustering.features == ("revenue", "receipts")
    assert "age" in cluster_stores(*features_and_catalogue(values | {"age": almost}), Scenario()).features
