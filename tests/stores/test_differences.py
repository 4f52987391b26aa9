from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.stores.made_up_stores import features_and_catalogue, random_stores, three_groups
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.differences import differences, effects
from vitrina.stores.profile import CLUSTERED, PROFILE_ONLY
from vitrina.stores.scenario import Scenario


def labelled(values, labels):
    """A clustering whose labels are given instead of found."""
    clustering = cluster_stores(*features_and_catalogue(values), Scenario(n_clusters=2))
    return replace(clustering, labels=np.array(labels))


def row(frame, cluster, feature):
    (found,) = frame.filter((pl.col("cluster") == cluster) & (pl.col("feature") == feature)).iter_rows(named=True)
    return found


def test_hedges_g_and_its_interval_are_those_computed_by_hand():
    # means 10 and 6, sums of squares 8 and 8: the pooled variance is 16 / 4 and d = 2;
    # the correction is 1 - 3 / (4 * 6 - 9) = 0.8, so g = 1.6; its variance 6 / 9 + 2.56 / 12 = 0.88
    values = {"revenue": [8.0, 10.0, 12.0, 4.0, 6.0, 8.0], "age": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0]}
    found = row(differences(labelled(values, [1, 1, 1, 2, 2, 2])), 1, "revenue")
    assert (found["mean"], found["rest_mean"], found["n_stores"]) == (10.0, 6.0, 3)
    assert found["difference"] == pytest.approx(1.6)
    assert found["low"] == pytest.approx(1.6 - 1.959964 * 0.88**0.5)
    assert found["high"] == pytest.approx(1.6 + 1.959964 * 0.88**0.5)


def test_two_clusters_differ_from_each_other_by_the_same_in_opposite_directions():
    table = differences(cluster_stores(*random_stores(60, seed=3, gaps=0.1), Scenario(n_clusters=2)))
    first, second = (table.filter(cluster=cluster).sort("feature").get_column("difference") for cluster in (1, 2))
    assert first.to_list() == pytest.approx((-second).to_list())


def test_a_gap_is_not_a_median():
    values = {"revenue": [8.0, 10.0, 12.0, 4.0, 6.0, 8.0, None], "age": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 9.0]}
    table = differences(labelled(values, [1, 1, 1, 2, 2, 2, 2]))
    assert row(table, 1, "revenue")["difference"] == pytest.approx(1.6)
    assert row(table, 2, "revenue")["n_stores"] == 3
    assert row(table, 2, "age")["n_stores"] == 4


@pytest.mark.parametrize(
    ("revenue", "labels"),
    [
        ([8.0, 4.0, 6.0, 8.0], [1, 2, 2, 2]),
        ([8.0, None, 4.0, 6.0], [1, 1, 2, 2]),
        ([8.0, 8.0, 4.0, 4.0], [1, 1, 2, 2]),
        ([0.1 + 0.2, 0.3, 0.7, 0.7], [1, 1, 2, 2]),
    ],
    ids=["a cluster of one store", "one known value", "no spread on either side", "spread of rounding only"],
)
def test_a_difference_without_two_values_or_spread_is_not_made_up(revenue, labels):
    table = differences(labelled({"revenue": revenue, "age": [1.0, 2.0, 3.0, 5.0]}, labels))
    found = row(table, 1, "revenue")
    assert (found["difference"], found["low"], found["high"]) == (None, None, None)
    assert found["mean"] is not None
    assert found["place"] == 2 or row(table, 1, "age")["difference"] is None


def test_features_are_placed_by_the_size_of_the_difference_whatever_its_sign():
    values = {
        "revenue": [8.0, 10.0, 12.0, 4.0, 6.0, 8.0],
        "age": [1.0, 2.0, 1.0, 40.0, 41.0, 42.0],
        "geo_income": [5.0, 6.0, 7.0, 5.0, 6.0, 7.1],
    }
    table = differences(labelled(values, [1, 1, 1, 2, 2, 2])).filter(cluster=1)
    assert table.get_column("feature").to_list() == ["age", "revenue", "geo_income"]
    assert table.get_column("place").to_list() == [1, 2, 3]
    assert table.get_column("role").to_list() == [CLUSTERED, CLUSTERED, PROFILE_ONLY]


def test_a_single_cluster_has_nothing_to_differ_from():
    clustering = cluster_stores(*random_stores(20, seed=1), Scenario(n_clusters=1))
    assert differences(clustering).get_column("difference").null_count() == differences(clustering).height
    assert effects(clustering).get_column("eta_squared").null_count() == effects(clustering).height


def test_the_shape_of_a_feature_decides_and_not_its_unit():
    features, catalogue = random_stores(50, seed=5, gaps=0.1)
    clustering = cluster_stores(features, catalogue, Scenario(n_clusters=3))
    scaled = replace(clustering, stores=clustering.stores.with_columns(1e9 + 1e3 * pl.col("revenue")))
    for one, other in ((differences(clustering), differences(scaled)), (effects(clustering), effects(scaled))):
        name = "difference" if "difference" in one.columns else "eta_squared"
        assert one.filter(feature="revenue").get_column(name).to_list() == pytest.approx(
            other.filter(feature="revenue").get_column(name).to_list(), rel=1e-6
        )


def test_eta_squared_is_the_share_of_variance_between_the_clusters():
    # between: 6 * 2² = 24; within: 8 + 8
    values = {"revenue": [8.0, 10.0, 12.0, 4.0, 6.0, 8.0], "age": [1.0, 1.0, 1.0, 2.0, 2.0, 2.0], "geo_a": [3.0, None, 3.0] * 2}
    table = effects(labelled(values, [1, 1, 1, 2, 2, 2]))
    assert table.select("feature", "eta_squared", "n_stores").rows() == [
        ("revenue", pytest.approx(0.6), 6),
        ("age", pytest.approx(1.0), 6),
        ("geo_a", None, 4),
    ]


def test_the_order_of_the_rows_changes_nothing():
    features, catalogue = three_groups()
    one = cluster_stores(features, catalogue, Scenario())
    other = cluster_stores(features.sample(fraction=1.0, shuffle=True, seed=2), catalogue, Scenario())
    assert differences(one).equals(differences(other))
    assert effects(one).equals(effects(other))
