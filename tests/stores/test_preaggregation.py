import fastcluster
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import ward as scipys_ward
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from vitrina.stores.choosing_k import cut
from vitrina.stores.preaggregation import preaggregate, weighted_ward


def ones(n):
    return np.ones(n, dtype=np.int64)


@given(st.integers(0, 10_000), st.integers(3, 80), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_a_tree_of_single_points_is_the_usual_one(seed, n, dimensions):
    points = np.random.default_rng(seed).normal(size=(n, dimensions))
    linkage = weighted_ward(points, ones(n))
    for reference in (fastcluster.linkage_vector(points, method="ward"), scipys_ward(points)):
        np.testing.assert_allclose(linkage[:, 2], reference[:, 2], atol=1e-9)
        np.testing.assert_array_equal(linkage[:, 3], reference[:, 3])
        for k in range(2, min(12, n) + 1):
            assert adjusted_rand_score(cut(linkage, k), cut(reference, k)) == 1.0


@given(st.integers(0, 10_000), st.integers(3, 30))
@settings(max_examples=40, deadline=None)
def test_a_tree_of_heavy_points_is_that_of_the_repeated_points_without_its_merges_at_0(seed, n):
    rng = np.random.default_rng(seed)
    points, sizes = rng.normal(size=(n, 3)), rng.integers(1, 9, n)
    linkage = weighted_ward(points, sizes)
    repeated = fastcluster.linkage_vector(np.repeat(points, sizes, axis=0), method="ward")
    np.testing.assert_allclose(linkage[:, 2], repeated[-(n - 1) :, 2], atol=1e-9)
    for k in range(2, min(12, n) + 1):
        assert adjusted_rand_score(np.repeat(cut(linkage, k), sizes), cut(repeated, k)) == 1.0


def test_three_heavy_points_on_a_line_merge_at_the_heights_computed_by_hand():
    # 0 (weight 3) and 1 (weight 1): sqrt(2 * 3 / 4); their centre 0.25 (weight 4) and 10 (weight 4): sqrt(2 * 16 / 8) * 9.75
    linkage = weighted_ward(np.array([[0.0], [1.0], [10.0]]), np.array([3, 1, 4]))
    assert linkage.tolist() == [[0, 1, pytest.approx(np.sqrt(1.5)), 2], [2, 3, pytest.approx(19.5), 3]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3)), min_size=2, max_size=40))
@settings(max_examples=60, deadline=None)
def test_equal_distances_and_equal_points_still_make_a_whole_tree(grid):
    points, sizes = np.array(grid, dtype=float)[:, :2], np.array(grid)[:, 2]
    linkage = weighted_ward(points, sizes)
    assert (np.diff(linkage[:, 2]) >= 0).all()
    assert sorted(linkage[:, :2].ravel().tolist()) == list(range(2 * len(grid) - 2))
    assert (linkage[:, :2].max(axis=1) < len(grid) + np.arange(len(grid) - 1)).all()
    assert linkage[-1, 3] == len(grid)


def test_groups_hold_every_object_once_and_stand_at_its_mean():
    points = np.random.default_rng(0).normal(size=(3_000, 4))
    groups = preaggregate(points, n_groups=200, seed=1)
    assert groups.sizes.sum() == 3_000
    assert groups.sizes.min() >= 1
    assert groups.membership.shape == (3_000,)
    assert groups.centres.shape[0] == groups.sizes.size <= 200
    for group in range(groups.sizes.size):
        assert (groups.membership == group).sum() == groups.sizes[group]
        np.testing.assert_allclose(groups.centres[group], points[groups.membership == group].mean(axis=0), atol=1e-12)


def test_the_same_seed_makes_the_same_groups_on_any_number_of_threads():
    points = np.random.default_rng(0).normal(size=(3_000, 4))
    first, again = preaggregate(points, n_groups=100, seed=1), preaggregate(points, n_groups=100, seed=1)
    with threadpool_limits(limits=1):
        single = preaggregate(points, n_groups=100, seed=1)
    for other in (again, single):
        np.testing.assert_array_equal(first.membership, other.membership)
        np.testing.assert_array_equal(first.centres, other.centres)
    assert (preaggregate(points, n_groups=100, seed=2).membership != first.membership).any()


@pytest.mark.parametrize("n_groups", [3, 10])
def test_no_more_different_objects_than_groups_lose_nothing(n_groups):
    points = np.repeat([[0.0, 1.0], [2.0, 3.0], [2.0, 4.0]], [5, 1, 2], axis=0)
    groups = preaggregate(points, n_groups=n_groups, seed=0)
    np.testing.assert_array_equal(groups.centres[groups.membership], points)
    assert sorted(groups.sizes.tolist()) == [1, 2, 5]


def test_many_equal_objects_leave_no_group_empty():
    rng = np.random.default_rng(0)
    points = np.concatenate([np.zeros((2_000, 2)), rng.normal(size=(60, 2))])
    groups = preaggregate(points, n_groups=50, seed=0)
    assert groups.sizes.min() >= 1
    assert groups.sizes.sum() == 2_060


def test_the_tree_of_groups_finds_clusters_that_are_there_as_the_tree_of_all_objects_does():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 6, 4_000)
    points = rng.normal(size=(6, 4))[truth] * 12 + rng.normal(size=(4_000, 4))
    groups = preaggregate(points, n_groups=300, seed=0)
    labels = cut(weighted_ward(groups.centres, groups.sizes), 6)[groups.membership]
    whole = cut(fastcluster.linkage_vector(points, method="ward"), 6)
    assert adjusted_rand_score(labels, whole) > 0.98


def test_a_single_group_is_a_tree_without_merges():
    assert weighted_ward(np.zeros((1, 2)), np.array([7])).shape == (0, 4)
