"""Whether clustering finds what is there: latent types of simulated stores that differ less than real ones do.

Real shops overlap so much that not even a discriminant analysis that is told the types of most stores names those of the
others (adjusted Rand index 0.85 at an overlap of 1); a method is judged where the truth can be found.
"""

import pytest
from sklearn.metrics import adjusted_rand_score

from simulation.store_types import HYPERMARKET_TYPES
from simulation.stores import simulate_stores
from tests.stores.simulated_network import LAST_QUARTER, network_of, types_of
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.features import store_features
from vitrina.stores.scenario import Scenario

OVERLAP = 0.6
SEEDS = range(10)
TRUE_K = len(HYPERMARKET_TYPES)
FEATURES = ("assortment", "geography", "seasonality")


def agreement(clustering, simulated):
    return adjusted_rand_score(types_of(clustering.stores.get_column("store_id"), simulated), clustering.labels)


@pytest.fixture(scope="module")
def chains():
    simulated = [simulate_stores("demo", seed, overlap=OVERLAP) for seed in SEEDS]
    return [(chain, *store_features(network_of(chain), LAST_QUARTER)) for chain in simulated]


def test_the_types_are_recovered_at_their_true_number(chains):
    request = Scenario(features=FEATURES, transform="robust", n_clusters=TRUE_K)
    agreements = [agreement(cluster_stores(features, catalogue, request), chain) for chain, features, catalogue in chains]
    assert sum(agreements) / len(agreements) >= 0.9
    assert min(agreements) > 0.75


def test_the_number_that_is_chosen_automatically_is_within_one_of_the_true_one_in_nine_of_ten_chains(chains):
    request = Scenario(features=FEATURES, transform="robust")
    chosen = [cluster_stores(features, catalogue, request).n_clusters for _, features, catalogue in chains]
    assert sum(abs(n_clusters - TRUE_K) <= 1 for n_clusters in chosen) >= 9


def test_quartiles_of_revenue_do_not_tell_the_types_apart(chains):
    chain, features, catalogue = chains[0]
    clustering = cluster_stores(features, catalogue, Scenario(features=FEATURES, transform="robust", n_clusters=TRUE_K))
    place = clustering.stores.get_column("revenue").rank("ordinal").to_numpy() - 1
    truth = types_of(clustering.stores.get_column("store_id"), chain)
    assert adjusted_rand_score(truth, TRUE_K * place // place.size) < 0.5
    assert agreement(clustering, chain) > 0.9
