import fastcluster
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_samples, silhouette_score

from vitrina.stores.choosing_k import Rule, choose, cut
from vitrina.stores.measures import davies_bouldin, measure, silhouettes


def tree(points):
    return fastcluster.linkage_vector(points, method="ward")


def measures(*rows):
    names = ("n_clusters", "silhouette", "davies_bouldin", "merge_distance", "height_gap", "smallest_cluster")
    return pl.DataFrame(
        [{"jaccard": None} | dict(zip(names, row, strict=True)) for row in rows], schema_overrides={"jaccard": pl.Float64}
    )


@pytest.fixture
def points():
    return np.random.default_rng(7).normal(size=(120, 4))


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 7, 40, 119, 120])
def test_a_cut_is_the_one_that_scikit_learn_makes(points, n_clusters):
    reference = AgglomerativeClustering(n_clusters=n_clusters, linkage="ward").fit_predict(points)
    assert adjusted_rand_score(reference, cut(tree(points), n_clusters)) == 1.0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=30), st.data())
@settings(max_examples=60, deadline=None)
def test_a_cut_has_exactly_as_many_clusters_as_asked_even_where_heights_are_equal(grid, data):
    n_clusters = data.draw(st.integers(1, len(grid)))
    labels = cut(tree(np.array(grid, dtype=float)), n_clusters)
    assert sorted(set(labels)) == list(range(n_clusters))


@given(st.integers(0, 10_000), st.integers(5, 60))
@settings(max_examples=25, deadline=None)
def test_silhouettes_of_nested_cuts_equal_those_of_scikit_learn_to_six_decimals(seed, n):
    drawn = np.random.default_rng(seed).normal(size=(n, 3))
    linkage = tree(drawn)
    cuts = {k: cut(linkage, k) for k in range(2, min(12, n - 1) + 1)}
    for n_clusters, values in silhouettes(drawn, cuts).items():
        np.testing.assert_allclose(values, silhouette_samples(drawn, cuts[n_clusters]), atol=1e-6)


def test_silhouettes_are_the_same_when_the_distances_come_in_many_blocks(points, monkeypatch):
    cuts = {k: cut(tree(points), k) for k in (2, 5, 9)}
    whole = silhouettes(points, cuts)
    monkeypatch.setattr("vitrina.stores.measures.DISTANCE_MEMORY_MIB", 0.01)
    for n_clusters, values in silhouettes(points, cuts).items():
        np.testing.assert_allclose(values, whole[n_clusters], atol=1e-12)


def test_stores_that_are_all_equal_inside_their_clusters_have_defined_silhouettes():
    twice = np.array([[0.0], [0.0], [0.0], [0.0]])
    assert silhouettes(twice, {2: np.array([0, 0, 1, 1])})[2].tolist() == [0.0] * 4


def test_the_measures_are_those_of_scikit_learn(points):
    linkage = tree(points)
    cuts = {k: cut(linkage, k) for k in range(2, 6)}
    for row in measure(points, linkage, cuts, silhouettes(points, cuts)).iter_rows(named=True):
        labels = cuts[row["n_clusters"]]
        assert row["silhouette"] == pytest.approx(silhouette_score(points, labels))
        assert row["davies_bouldin"] == pytest.approx(davies_bouldin_score(points, labels))
        assert row["smallest_cluster"] == min(np.bincount(labels))


def test_four_points_on_a_line_give_the_measures_computed_by_hand():
    # 0, 1 | 10, 12: pairs merge at 1 and 2; the pairs' centres 0.5 and 11 at sqrt(2 * 2 * 2 / 4) * 10.5
    line = np.array([[0.0], [1.0], [10.0], [12.0]])
    linkage = tree(line)
    cuts = {k: cut(linkage, k) for k in (1, 2, 3, 4)}
    by_store = silhouettes(line, {k: cuts[k] for k in (2, 3)})
    table = measure(line, linkage, cuts, by_store)
    top = np.sqrt(2.0) * 10.5
    assert table.get_column("merge_distance").to_list() == [None, pytest.approx(top), pytest.approx(2.0), pytest.approx(1.0)]
    assert table.get_column("height_gap").to_list() == [None, pytest.approx(top - 2), pytest.approx(1.0), pytest.approx(1.0)]
    assert by_store[2].tolist() == pytest.approx([1 - 1 / 11, 1 - 1 / 10, 1 - 2 / 9.5, 1 - 2 / 11.5])
    assert table.filter(n_clusters=2).item(0, "davies_bouldin") == pytest.approx((0.5 + 1.0) / 10.5)
    assert table.get_column("silhouette").to_list()[0] is None
    assert table.get_column("silhouette").to_list()[3] is None
    assert table.get_column("smallest_cluster").to_list() == [4, 2, 1, 1]


def test_the_best_mean_rank_among_those_of_sufficient_size_wins():
    # k = 4 is best in everything but has a cluster of one store
    table, choice = choose(
        measures((2, 0.50, 0.9, 30.0, 10.0, 40), (3, 0.60, 0.8, 20.0, 12.0, 20), (4, 0.90, 0.1, 8.0, 20.0, 1)), 10, (2, 3, 4), None
    )
    assert (choice.n_clusters, choice.rule, choice.n_competing) == (3, Rule.LOWEST_RANK, 2)
    assert table.get_column("mean_rank").to_list() == [2.0, 1.0, None]
    assert table.get_column("qualifies").to_list() == [True, True, False]
    assert table.get_column("chosen").to_list() == [False, True, False]


def test_of_two_equal_mean_ranks_the_smaller_number_wins():
    _, choice = choose(measures((2, 0.5, 0.5, 9.0, 1.0, 40), (3, 0.6, 0.6, 8.0, 1.0, 20)), 10, (2, 3), None)
    assert choice.n_clusters == 2


def test_where_no_number_has_the_minimum_size_all_compete_and_the_choice_says_what_to_do():
    table, choice = choose(measures((2, 0.9, 0.1, 30.0, 10.0, 1), (3, 0.6, 0.8, 20.0, 2.0, 1)), 10, (2, 3), None)
    assert (choice.n_clusters, choice.rule) == (2, Rule.NONE_QUALIFIES)
    assert table.get_column("mean_rank").null_count() == 0
    for advice in ("at least 10 stores", "by hand", "lower the minimum size", "other features"):
        assert advice in choice.describe()


def test_a_number_set_by_hand_is_used_whatever_the_measures_say():
    rows = measures((2, 0.9, 0.1, 30.0, 10.0, 50), (20, 0.1, 0.8, 2.0, 0.1, 1))
    table, choice = choose(rows, 10, (2,), 20)
    assert choice.rule is Rule.BY_HAND
    assert table.filter("chosen").get_column("n_clusters").to_list() == [20]
    assert table.filter(n_clusters=20).item(0, "mean_rank") is None
    assert "20, set by hand" in choice.describe()
    assert "fewer than the minimum of 10" in choice.describe()


def test_stability_counts_as_much_as_the_other_measures():
    undecided = measures((2, 0.5, 0.9, 30.0, 10.0, 40), (3, 0.6, 0.95, 20.0, 10.0, 20))
    shaky_three = undecided.with_columns(pl.Series("jaccard", [0.9, 0.5]))
    shaky_two = undecided.with_columns(pl.Series("jaccard", [0.5, 0.9]))
    chosen = [choose(rows, 10, (2, 3), None)[1].n_clusters for rows in (undecided, shaky_three, shaky_two)]
    assert chosen == [2, 2, 3]


@given(st.integers(0, 500), st.integers(2, 9))
def test_davies_bouldin_is_that_of_scikit_learn(seed, n_clusters):
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(60, 3))
    labels = np.concatenate([np.arange(n_clusters), rng.integers(0, n_clusters, 60 - n_clusters)])
    assert davies_bouldin(drawn, labels) == pytest.approx(davies_bouldin_score(drawn, labels), abs=1e-9)


def test_davies_bouldin_of_equal_points_is_0_as_in_scikit_learn():
    assert davies_bouldin(np.ones((6, 2)), np.array([0, 0, 1, 1, 2, 2])) == 0.0
