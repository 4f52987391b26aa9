import datetime as dt
import os

import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from tests.stores.real_network import real_network
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.features import store_features
from vitrina.stores.scenario import Scenario

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("VITRINA_REAL_DATA" not in os.environ, reason="VITRINA_REAL_DATA names no folder of real data"),
]


@pytest.fixture(scope="module")
def hypermarkets():
    return store_features(real_network(), dt.date(2022, 7, 1))


def test_no_cluster_chosen_automatically_is_an_outlier(hypermarkets):
    clustering = cluster_stores(*hypermarkets, Scenario())
    assert clustering.stores.height > 300
    assert clustering.choice.smallest_cluster >= clustering.choice.minimum_size == 10
    assert "customers" in clustering.dropped


def test_without_a_minimum_size_a_single_store_is_chosen_for_a_cluster(hypermarkets):
    clustering = cluster_stores(*hypermarkets, Scenario(min_cluster_size=1))
    assert clustering.choice.smallest_cluster == 1


def test_the_tree_is_cut_as_scikit_learn_cuts_it(hypermarkets):
    clustering = cluster_stores(*hypermarkets, Scenario(features=("share_*",), n_clusters=5))
    reference = AgglomerativeClustering(n_clusters=5, linkage="ward").fit_predict(clustering.components.points)
    assert adjusted_rand_score(reference, clustering.labels) == 1.0
