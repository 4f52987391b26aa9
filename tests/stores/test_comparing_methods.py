import fastcluster
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score
from threadpoolctl import threadpool_limits

from vitrina.stores import comparing_methods
from vitrina.stores.choosing_k import cut
from vitrina.stores.comparing_methods import METHODS, compare_methods


def ward(points, n_clusters):
    return cut(fastcluster.linkage_vector(points, method="ward"), n_clusters)


def blobs(per_group=40, spread=1.0, seed=0):
    centres = np.repeat([[0.0, 0.0, 0.0], [20.0, 0.0, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 20.0]], per_group, axis=0)
    return centres + spread * np.random.default_rng(seed).normal(size=centres.shape)


def row(table, method):
    return table.row(by_predicate=pl.col("method") == method, named=True)


def test_on_groups_that_nobody_can_miss_all_methods_agree():
    points = blobs()
    table = compare_methods(points, ward(points, 4), seed=1, n_bootstraps=3)
    assert table.get_column("method").to_list() == list(METHODS)
    for name, value in {"n_clusters": 4, "agreement_with_ward": 1.0, "jaccard": 1.0, "smallest_cluster": 40}.items():
        assert table.get_column(name).to_list() == [pytest.approx(value)] * 4
    assert table.get_column("silhouette").n_unique() == 1


def test_ward_is_measured_as_it_was_given_whatever_its_numbers():
    points = blobs(spread=8.0)
    labels = ward(points, 5)
    expected = row(compare_methods(points, labels, seed=1, n_bootstraps=3), "ward")
    assert expected["silhouette"] == pytest.approx(silhouette_score(points, labels))
    assert expected["davies_bouldin"] == pytest.approx(davies_bouldin_score(points, labels))
    assert expected["smallest_cluster"] == np.bincount(labels).min()
    assert row(compare_methods(points, 10 - 2 * labels, seed=1, n_bootstraps=3), "ward") == pytest.approx(expected)


def test_average_linkage_is_that_of_scikit_learn():
    points = blobs(spread=8.0)
    labels = ward(points, 5)
    found = row(compare_methods(points, labels, seed=1, n_bootstraps=1), "average_linkage")
    reference = AgglomerativeClustering(n_clusters=5, linkage="average").fit_predict(points)
    assert found["agreement_with_ward"] == pytest.approx(adjusted_rand_score(reference, labels))
    assert found["silhouette"] == pytest.approx(silhouette_score(points, reference))


def test_a_mixture_finds_the_stretched_groups_that_k_means_cuts_across():
    rng = np.random.default_rng(2)
    points = rng.normal(size=(800, 2)) * [2.0, 0.3]
    points[400:, 1] += 3.0
    truth = np.repeat([0, 1], 400)
    table = compare_methods(points, truth, seed=1, n_bootstraps=1)
    assert row(table, "gaussian_mixture")["agreement_with_ward"] > 0.95
    assert row(table, "k_means")["agreement_with_ward"] < 0.5


def test_a_full_covariance_needs_points_for_its_parameters():
    # two components of three dimensions: 2 * (1 + 3 + 6) - 1 = 19 parameters, three points for each
    assert comparing_methods._covariance((57, 3), 2) == "full"
    assert comparing_methods._covariance((56, 3), 2) == "diag"


def test_the_same_seed_gives_the_same_table_on_any_number_of_threads():
    points = np.random.default_rng(4).normal(size=(600, 5))
    labels = ward(points, 6)
    table = compare_methods(points, labels, seed=3, n_bootstraps=2)
    with threadpool_limits(limits=1):
        assert_frame_equal(compare_methods(points, labels, seed=3, n_bootstraps=2), table, check_exact=True)
    assert not compare_methods(points, labels, seed=4, n_bootstraps=2).equals(table)


def test_of_many_points_a_sample_is_measured_and_the_table_says_so(monkeypatch):
    monkeypatch.setattr(comparing_methods, "MOST_MEASURED", 100)
    points = blobs()
    table = compare_methods(points, ward(points, 4), seed=1, n_bootstraps=2)
    assert table.get_column("n_measured").to_list() == [100] * 4
    assert table.get_column("agreement_with_ward").to_list() == [pytest.approx(1.0)] * 4
    assert 10 < row(table, "ward")["smallest_cluster"] <= 25


def test_a_single_cluster_has_no_silhouette_and_no_index_of_davies_and_bouldin():
    points = blobs(per_group=10)
    table = compare_methods(points, np.ones(40, dtype=np.int64), seed=1, n_bootstraps=2)
    assert table.get_column("silhouette").null_count() == table.get_column("davies_bouldin").null_count() == 4
    assert table.get_column("jaccard").to_list() == [1.0] * 4


def test_without_bootstraps_there_is_no_stability():
    points = blobs(per_group=10)
    assert compare_methods(points, ward(points, 4), seed=1, n_bootstraps=0).get_column("jaccard").null_count() == 4


def test_stores_of_which_most_are_equal_break_no_method():
    points = np.repeat([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]], [30, 3, 1], axis=0)
    table = compare_methods(points, ward(points, 3), seed=1, n_bootstraps=5)
    assert table.get_column("n_clusters").to_list()[:3] == [3, 3, 3]
    assert table.get_column("jaccard").is_between(0, 1).all()


def test_a_component_that_is_left_empty_is_not_counted():
    points = np.repeat([[0.0], [1.0]], [30, 30], axis=0)
    points[0] = 1e-9
    found = row(compare_methods(points, ward(points, 3), seed=1, n_bootstraps=2), "gaussian_mixture")
    assert found["n_clusters"] == 2
    assert found["smallest_cluster"] >= 1
