"""Which stores and features a request means, and what it says where it means none."""

import polars as pl
import pytest

from tests.stores.made_up_stores import features_and_catalogue, random_stores
from vitrina.errors import ScenarioError
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.scenario import Scenario
from vitrina.stores.selection import eligible_stores, select_features, select_stores


def regional(n=30):
    features, catalogue = random_stores(n, seed=1)
    regions = [("Тула", "Орёл", None)[place % 3] for place in range(n)]
    return features.with_columns(pl.Series("region", regions, dtype=pl.String)), catalogue


def test_a_region_is_found_whatever_its_capitals():
    features, _ = regional()
    chosen = select_stores(features, Scenario(regions=("тула",)))
    assert chosen.get_column("region").unique().to_list() == ["Тула"]


def test_an_unknown_region_is_refused_with_those_there_are():
    features, _ = regional()
    with pytest.raises(ScenarioError, match=r"No store of this quarter is in Омск.*Тула \(10\)"):
        select_stores(features, Scenario(regions=("Омск",)))


def test_where_no_region_was_delivered_the_error_says_what_to_deliver():
    with pytest.raises(ScenarioError, match="Deliver a column `region`"):
        select_stores(random_stores(20, seed=1)[0], Scenario(regions=("Тула",)))


def test_eligible_stores_are_found_without_complaint_even_where_there_are_none():
    features, _ = regional()
    assert eligible_stores(features, Scenario(regions=("Омск",), stores=("unknown",))).is_empty()
    assert eligible_stores(features, Scenario(stores=("s003", "gone"))).get_column("store_id").to_list() == ["s003"]


def test_a_family_means_all_of_its_features():
    _, catalogue = features_and_catalogue(
        {name: [1.0, 2.0, 3.0] for name in ("revenue", "share_milk", "share_bread", "geo_income")}
    )
    selected = select_features(catalogue, Scenario(features=("assortment",)))
    assert selected.clustered == ("revenue", "share_bread", "share_milk")
    assert selected.profile_only == ("geo_income",)


def test_an_unknown_feature_is_refused_with_the_nearest_names():
    _, catalogue = random_stores(20, seed=1)
    with pytest.raises(ScenarioError, match=r"called share_milc.*share_milk"):
        select_features(catalogue, Scenario(features=("share_milc",)))


def test_weights_are_given_by_name_family_and_pattern_and_the_own_name_goes_first():
    _, catalogue = features_and_catalogue({name: [1.0, 2.0, 3.0] for name in ("revenue", "age", "share_milk", "share_bread")})
    scenario = Scenario(features=("assortment",), weights=(("assortment", 2.0), ("share_milk", 5.0), ("rev*", 3.0)))
    selected = select_features(catalogue, scenario)
    assert dict(zip(selected.clustered, selected.weights, strict=True)) == {
        "revenue": 3.0, "age": 1.0, "share_bread": 2.0, "share_milk": 5.0,
    }  # fmt: skip


def test_a_weight_of_a_feature_that_does_not_shape_the_clusters_is_refused():
    _, catalogue = random_stores(20, seed=1)
    with pytest.raises(ScenarioError, match="share_milk has a weight, but does not shape the clusters"):
        select_features(catalogue, Scenario(weights=(("share_milk", 2.0),)))


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), True, "2", None])
def test_a_weight_that_is_no_number_above_0_is_refused(weight):
    with pytest.raises(ScenarioError, match="The weight of revenue is"):
        Scenario(weights=(("revenue", weight),))


def test_more_clusters_than_the_minimum_size_allows_are_refused_with_the_most_there_can_be():
    with pytest.raises(ScenarioError, match=r"9 clusters of at least 5 stores need 45 stores; there are 40\..*at most 8 clusters"):
        cluster_stores(*random_stores(40, seed=1), Scenario(n_clusters=9, min_cluster_size=5))


def test_a_minimum_size_that_nobody_asked_for_does_not_bind_the_hand():
    assert cluster_stores(*random_stores(40, seed=1), Scenario(n_clusters=9)).n_clusters == 9


def test_the_range_of_k_is_kept():
    clustering = cluster_stores(*random_stores(60, seed=1), Scenario(min_clusters=4, max_clusters=6))
    assert clustering.measures.get_column("n_clusters").to_list() == [4, 5, 6]


def test_a_window_that_the_snapshot_lacks_is_refused():
    with pytest.raises(ScenarioError, match=r"no features over 1 quarter"):
        cluster_stores(*random_stores(20, seed=1), Scenario(window_quarters=1))


def test_stores_that_are_all_alike_are_told_so():
    alike = features_and_catalogue({"revenue": [5.0] * 20, "age": [1.0] * 20})
    with pytest.raises(ScenarioError, match="all stores have the same value"):
        cluster_stores(*alike, Scenario())


def test_an_approved_request_goes_on_where_a_later_quarter_lacks_a_feature():
    names = ("revenue", "age", "share_milk", "share_bread")
    stores = features_and_catalogue({name: [float(place * (k + 1) % 7) for place in range(20)] for k, name in enumerate(names)})
    request = Scenario(
        features=("share_milk", "share_gin"), profile_only=("share_b*", "geo_*"), weights=(("share_gin", 3.0), ("age", 2.0))
    )
    with pytest.raises(ScenarioError, match=r"called (share_gin|geo_\*)"):
        cluster_stores(*stores, request)
    clustering = cluster_stores(*stores, request, strict=False)
    assert clustering.features == ("revenue", "age", "share_milk")
    assert clustering.dropped["share_gin"] == "not in the inbox"
    assert clustering.scenario == request
