import fastcluster
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.stores.choosing_k import cut
from vitrina.stores.stability import (
    Stability,
    bootstrap_stability,
    jaccard_of_method,
    stability_band,
    stability_bands,
    weighted_mean,
)


def ward(points, n_clusters):
    return cut(fastcluster.linkage_vector(points, method="ward"), n_clusters)


def nested_cuts(points, numbers):
    linkage = fastcluster.linkage_vector(points, method="ward")
    return {k: cut(linkage, k) for k in numbers}


def three_far_groups(per_group=30, seed=0):
    centres = np.repeat([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], per_group, axis=0)
    return centres + np.random.default_rng(seed).normal(size=centres.shape)


def by_the_book(points, labels, n_clusters, *, n_bootstraps, seed, size):
    """Hennig's definition word for word, with sets of points."""
    rng = np.random.default_rng(seed)
    found = [[] for _ in range(n_clusters)]
    for _ in range(n_bootstraps):
        drawn = np.sort(rng.integers(0, len(points), size))
        again = ward(points[drawn], n_clusters)
        new = [set(drawn[again == label].tolist()) for label in range(n_clusters)]
        for label in range(n_clusters):
            old = set(np.flatnonzero(labels == label).tolist()) & set(drawn.tolist())
            if old:
                found[label].append(max(len(old & other) / len(old | other) for other in new))
    return [np.mean(values) if values else np.nan for values in found]


def test_groups_that_lie_far_apart_come_back_whole_in_every_bootstrap():
    points = three_far_groups()
    cuts = nested_cuts(points, (2, 3, 6))
    stability = bootstrap_stability(points, cuts)
    assert stability.by_cluster[3].tolist() == [1.0, 1.0, 1.0]
    assert stability.weighted(3, cuts[3]) == 1.0
    assert stability.weighted(6, cuts[6]) < 0.9
    assert (stability.n_bootstraps, stability.sample_size) == (30, 90)


def test_a_cluster_of_chance_falls_apart_while_the_true_one_beside_it_stays():
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.normal(size=(40, 2)) * 0.1 + 50, rng.uniform(-10, 10, size=(80, 2))])
    cuts = nested_cuts(points, (4,))
    by_cluster = bootstrap_stability(points, cuts).by_cluster[4]
    apart = cuts[4][0]
    assert by_cluster[apart] == 1.0
    assert np.delete(by_cluster, apart).max() < 0.9


@given(st.integers(0, 10_000), st.integers(15, 60), st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_every_cut_has_the_index_of_the_definition(seed, n, n_bootstraps):
    points = np.random.default_rng(seed).normal(size=(n, 3))
    cuts = nested_cuts(points, (2, 3, 5, 9))
    stability = bootstrap_stability(points, cuts, n_bootstraps=n_bootstraps, seed=seed)
    for k, labels in cuts.items():
        expected = by_the_book(points, labels, k, n_bootstraps=n_bootstraps, seed=seed, size=n)
        np.testing.assert_allclose(stability.by_cluster[k], expected, atol=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_ward_as_any_method_has_the_index_of_ward_as_a_tree(seed):
    points = np.random.default_rng(seed).normal(size=(40, 3))
    cuts = nested_cuts(points, (2, 4, 7))
    stability = bootstrap_stability(points, cuts, n_bootstraps=4, seed=seed, max_sample=30)
    for k, labels in cuts.items():
        as_method = jaccard_of_method(points, labels, ward, n_bootstraps=4, seed=seed, max_sample=30)
        np.testing.assert_allclose(stability.by_cluster[k], as_method, atol=1e-12)


def test_the_same_seed_gives_the_same_and_other_cuts_change_nothing():
    points = np.random.default_rng(1).normal(size=(80, 3))
    cuts = nested_cuts(points, (2, 3, 4, 12))
    first = bootstrap_stability(points, cuts, seed=5)
    again = bootstrap_stability(points, {3: cuts[3]}, seed=5)
    other = bootstrap_stability(points, {3: cuts[3]}, seed=6)
    assert first.by_cluster[3].tolist() == pytest.approx(again.by_cluster[3].tolist(), abs=1e-12)
    assert first.by_cluster[3].tolist() != other.by_cluster[3].tolist()


def test_of_many_points_only_a_sample_is_drawn_and_the_result_says_how_many():
    points = three_far_groups(per_group=200)
    cuts = nested_cuts(points, (3,))
    stability = bootstrap_stability(points, cuts, max_sample=50, n_bootstraps=5)
    assert stability.sample_size == 50
    assert stability.by_cluster[3].tolist() == [1.0, 1.0, 1.0]


def test_a_cluster_that_was_never_drawn_has_no_index_and_no_weight():
    points = np.concatenate([three_far_groups(per_group=100), [[1000.0, 1000.0]]])
    cuts = nested_cuts(points, (4,))
    stability = bootstrap_stability(points, cuts, n_bootstraps=1, max_sample=20, seed=0)
    alone = cuts[4][-1]
    assert np.isnan(stability.by_cluster[4][alone])
    assert stability.weighted(4, cuts[4]) == pytest.approx(np.delete(stability.by_cluster[4], alone).mean())


def test_more_clusters_than_different_drawn_points_break_nothing():
    points = np.arange(6.0).reshape(-1, 1)
    cuts = nested_cuts(points, (2, 6))
    stability = bootstrap_stability(points, cuts, n_bootstraps=50)
    assert stability.by_cluster[6].tolist() == pytest.approx([1.0] * 6)
    assert all(np.isfinite(values).all() for values in stability.by_cluster.values())


def test_points_that_are_all_equal_have_an_index_between_0_and_1():
    cuts = nested_cuts(np.ones((12, 2)), (1, 2, 4))
    stability = bootstrap_stability(np.ones((12, 2)), cuts)
    assert stability.weighted(1, cuts[1]) == 1.0
    assert all(((values >= 0) & (values <= 1)).all() for values in stability.by_cluster.values())


def test_no_cut_has_no_index():
    points = np.random.default_rng(1).normal(size=(8, 2))
    assert dict(bootstrap_stability(points, {}).by_cluster) == {}


def test_a_mean_is_weighted_by_the_sizes_of_the_clusters():
    labels = np.array([0, 0, 0, 1])
    assert Stability(1, 4, {2: np.array([1.0, 0.2])}).weighted(2, labels) == pytest.approx(0.8)
    assert np.isnan(weighted_mean(np.array([np.nan, np.nan]), labels))


@pytest.mark.parametrize(
    ("jaccard", "name"),
    [
        *((jaccard, "unstable") for jaccard in (0.0, 0.59, float("nan"))),
        *((jaccard, "doubtful") for jaccard in (0.6, 0.74)),
        *((jaccard, "stable") for jaccard in (0.75, 0.84)),
        *((jaccard, "highly stable") for jaccard in (0.85, 1.0)),
    ],
)
def test_an_index_falls_into_the_band_of_the_literature(jaccard, name):
    assert stability_band(jaccard).name == name


def test_a_band_has_a_word_in_the_readers_language_and_a_colour_of_its_own():
    band = stability_band(0.8, str.upper)
    assert (band.name, band.word) == ("stable", "STABLE")
    assert len({band.colour for band in stability_bands()}) == 4
