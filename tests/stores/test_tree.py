"""One tree, kept by its content, serves every number of clusters; very many stores are gathered first, and it is said."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from tests.stores.made_up_stores import random_stores, three_groups
from vitrina.array_cache import ArrayCache
from vitrina.stores import tree as trees
from vitrina.stores.cluster_rows import assignment_rows, quality_rows, scenario_rows, stability_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.scenario import Scenario


@pytest.fixture
def few(monkeypatch):
    """Everything above 100 stores counts as very many."""
    monkeypatch.setattr(trees, "MOST_STORES", 100)
    monkeypatch.setattr(trees, "MOST_MEASURED", 120)
    gather = trees.preaggregate
    monkeypatch.setattr(trees, "preaggregate", lambda points, seed: gather(points, n_groups=40, seed=seed))


def test_the_same_request_finds_the_tree_and_its_measures_kept(tmp_path, monkeypatch):
    stores, cache = random_stores(80, seed=1), ArrayCache(tmp_path)
    first = cluster_stores(*stores, Scenario(), cache)
    monkeypatch.setattr(trees, "_grow", lambda *_: pytest.fail("the tree was grown again"))
    monkeypatch.setattr(trees, "_measure", lambda *_: pytest.fail("the cuts were measured again"))
    again = cluster_stores(*stores, Scenario(), cache)
    by_hand = cluster_stores(*stores, Scenario(n_clusters=4), cache)
    assert again.fingerprint == first.fingerprint
    assert again.measures.equals(first.measures)
    assert by_hand.n_clusters == 4


def test_other_data_or_another_seed_is_measured_anew(tmp_path):
    cache = ArrayCache(tmp_path)
    measured = [
        cluster_stores(*random_stores(80, seed=seed), Scenario(seed=draw), cache).measures.get_column("jaccard").to_list()
        for seed, draw in ((1, 0), (2, 0), (1, 1))
    ]
    assert measured[0] != measured[1]
    assert measured[0] != measured[2]


def test_a_cache_changes_no_result(tmp_path):
    stores, cache = random_stores(60, seed=3, gaps=0.1), ArrayCache(tmp_path)
    fresh = cluster_stores(*stores, Scenario())
    for _ in range(2):
        kept = cluster_stores(*stores, Scenario(), cache)
        for rows in (assignment_rows, quality_rows, scenario_rows, stability_rows):
            assert rows(kept).equals(rows(fresh))


@pytest.mark.usefixtures("few")
def test_very_many_stores_are_gathered_into_groups_and_the_result_says_so():
    clustering = cluster_stores(*three_groups(per_group=60), Scenario(n_clusters=3))
    truth = np.repeat([1, 2, 3], 60)
    assert clustering.tree.is_aggregated
    assert adjusted_rand_score(truth, clustering.labels) == 1.0
    assert "groups of near stores, not of 180 single ones" in clustering.note
    assert "measured on 12" in clustering.note
    assert scenario_rows(clustering).item(0, "note") == clustering.note
    assert clustering.leaf_labels.size == clustering.tree.n_leaves
    assert clustering.tree.leaf_sizes.sum() == 180


@pytest.mark.usefixtures("few")
def test_stores_that_were_not_measured_have_no_silhouette_instead_of_a_made_up_one():
    rows = assignment_rows(cluster_stores(*three_groups(per_group=60), Scenario(n_clusters=3)))
    measured = rows.get_column("silhouette").drop_nulls()
    assert 120 <= measured.len() < 180
    assert measured.min() > 0.5


def test_few_stores_have_no_note():
    assert cluster_stores(*three_groups(), Scenario()).note == ""
