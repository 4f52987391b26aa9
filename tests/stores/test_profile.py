import polars as pl
import pytest

from tests.stores.made_up_stores import features_and_catalogue, random_stores
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.profile import CLUSTERED, PROFILE_ONLY, profile
from vitrina.stores.scenario import Scenario


def test_means_and_differences_are_those_computed_by_hand():
    # known values 10, 14 | 2, 2: mean 7, standard deviation sqrt(27); the gap is not counted
    values = {
        "revenue": [10.0, 14.0, 2.0, 2.0, None],
        "growth": [0.5, 0.5, -0.5, -0.5, -0.5],
        "geo_income": [3.0, 3.0, None, None, None],
    }
    clustering = cluster_stores(*features_and_catalogue(values), Scenario(n_clusters=2))
    rich, poor = profile(clustering).filter(feature="revenue").iter_rows(named=True)
    assert (rich["n"], rich["mean"], rich["network_mean"], rich["role"]) == (2, 12.0, 7.0, CLUSTERED)
    assert rich["z"] == pytest.approx(5 / 27**0.5)
    assert rich["difference"] == pytest.approx(5 / 7)
    assert (poor["n"], poor["mean"]) == (2, 2.0)


def test_a_relative_difference_is_not_given_for_a_feature_that_may_be_negative():
    values = {"revenue": [10.0, 14.0, 2.0], "growth": [0.5, 0.5, -0.5]}
    growth = profile(cluster_stores(*features_and_catalogue(values), Scenario(n_clusters=2))).filter(feature="growth")
    assert growth.get_column("difference").null_count() == 2
    assert growth.get_column("z").null_count() == 0


def test_features_that_only_describe_come_after_those_that_shape_and_one_without_values_not_at_all():
    values = {"geo_income": [3.0, 3.0, None], "share_a": [None] * 3, "growth": [0.1, 0.2, 0.9], "revenue": [1.0, 2.0, 9.0]}
    table = profile(cluster_stores(*features_and_catalogue(values), Scenario(n_clusters=2)))
    roles = table.select("feature", "role").unique(maintain_order=True).rows()
    assert roles == [("revenue", CLUSTERED), ("growth", CLUSTERED), ("geo_income", PROFILE_ONLY)]
    empty = table.filter((pl.col("feature") == "geo_income") & (pl.col("n") == 0))
    assert empty.get_column("mean").null_count() == empty.height
    assert table.filter(feature="geo_income").get_column("z").null_count() == 2


def test_the_means_of_the_clusters_weighted_by_their_stores_give_that_of_the_network():
    table = profile(cluster_stores(*random_stores(60, seed=4, gaps=0.2), Scenario(n_clusters=4)))
    again = table.group_by("feature").agg((pl.col("n") * pl.col("mean")).sum() / pl.col("n").sum(), pl.col("network_mean").first())
    assert again.get_column("n").to_list() == pytest.approx(again.get_column("network_mean").to_list())
