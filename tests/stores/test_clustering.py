import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from tests.stores.made_up_stores import features_and_catalogue, random_stores, three_groups
from vitrina.errors import ScenarioError
from vitrina.stores.choosing_k import Rule
from vitrina.stores.cluster_rows import assignment_rows, quality_rows, scenario_rows
from vitrina.stores.clustering import CONSTANT, NO_VALUES, cluster_stores
from vitrina.stores.components import principal_components
from vitrina.stores.preparation import learn_preparation
from vitrina.stores.scenario import Scenario
from vitrina.stores.selection import NOT_IN_THE_INBOX


def frames(clustering):
    return assignment_rows(clustering), quality_rows(clustering), scenario_rows(clustering)


def test_three_obvious_groups_are_found_and_numbered_by_falling_revenue():
    clustering = cluster_stores(*three_groups(per_group=20), Scenario())
    assert clustering.n_clusters == 3
    assert clustering.choice.rule is Rule.LOWEST_RANK
    assert clustering.labels.tolist() == [1] * 20 + [2] * 20 + [3] * 20
    assert assignment_rows(clustering).get_column("silhouette").min() > 0.5


def test_clusters_are_those_that_scikit_learn_makes_of_the_same_components():
    clustering = cluster_stores(*random_stores(150, seed=3, gaps=0.05), Scenario(features=("share_*",), n_clusters=6))
    reference = AgglomerativeClustering(n_clusters=6, linkage="ward").fit_predict(clustering.components.points)
    assert adjusted_rand_score(reference, clustering.labels) == 1.0


def prepared(values, transform="plain"):
    return learn_preparation(values, transform, np.ones(values.shape[1])).apply(values)


@pytest.mark.parametrize(("n", "n_features"), [(45, 6), (300, 4), (4, 7), (900, 3)])
def test_eigenvalues_are_those_of_the_correlation_matrix(n, n_features):
    rng = np.random.default_rng(n)
    values = rng.normal(size=(n, n_features)) @ rng.normal(size=(n_features, n_features))
    expected = np.sort(np.linalg.eigvalsh(np.corrcoef(values, rowvar=False)))[::-1]
    components = principal_components(prepared(values))
    np.testing.assert_allclose(components.eigenvalues, expected, atol=1e-9)
    assert components.kept == int((expected >= 1).sum())
    assert sum(components.eigenvalues) == pytest.approx(n_features)


def test_an_eigenvalue_just_below_one_is_not_kept_where_dividing_by_n_less_one_would_lift_it_over():
    # two features with a correlation of exactly 0.01 have the eigenvalues 1.01 and 0.99
    rng = np.random.default_rng(0)
    centred = rng.normal(size=(45, 2))
    centred -= centred.mean(axis=0)
    q, _ = np.linalg.qr(centred)
    values = np.column_stack([q[:, 0], 0.01 * q[:, 0] + np.sqrt(1 - 0.01**2) * q[:, 1]])
    components = principal_components(prepared(values))
    assert components.eigenvalues == pytest.approx((1.01, 0.99))
    assert 0.99 * 45 / 44 > 1
    assert components.kept == 1


def test_uncorrelated_features_are_all_kept_though_rounding_puts_their_eigenvalues_below_one():
    drawn = np.random.default_rng(0).normal(size=(45, 3))
    uncorrelated, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    components = principal_components(uncorrelated / uncorrelated.std(axis=0))
    assert 1 - 1e-12 < min(components.eigenvalues) < 1
    assert components.kept == 3


def test_components_point_to_where_their_largest_loading_grows():
    values = np.column_stack([np.arange(9.0), -(np.arange(9.0) ** 2)])
    points = principal_components(prepared(values)).points[:, 0]
    assert points[-1] > points[0]
    np.testing.assert_allclose(principal_components(prepared(-values)).points[:, 0], -points)


def test_gaps_take_the_median_and_are_named_per_store():
    features, catalogue = features_and_catalogue(
        {
            "revenue": [1.0, 2.0, 3.0, 40.0, 50.0, None],
            "age": [1.0, None, 1.5, 9.0, 9.5, None],
            "growth": [0.1, 0.2, 0.1, 0.9, 0.8, 0.9],
        }
    )
    clustering = cluster_stores(features, catalogue, Scenario(n_clusters=2))
    assert assignment_rows(clustering).get_column("imputed").to_list() == ["", "age", "", "", "", "revenue, age"]
    assert clustering.imputed == {"revenue": 1, "age": 2}
    filled, _ = features_and_catalogue(
        {
            "revenue": [1.0, 2.0, 3.0, 40.0, 50.0, 3.0],
            "age": [1.0, 5.25, 1.5, 9.0, 9.5, 5.25],
            "growth": [0.1, 0.2, 0.1, 0.9, 0.8, 0.9],
        }
    )
    again = cluster_stores(filled, catalogue, Scenario(n_clusters=2))
    np.testing.assert_allclose(again.components.points, clustering.components.points)


def test_numbers_that_are_no_numbers_count_as_missing():
    features, catalogue = features_and_catalogue(
        {"revenue": [1.0, 2.0, float("nan"), float("inf")], "growth": [1.0, 2.0, 8.0, 9.0]}
    )
    assert cluster_stores(features, catalogue, Scenario(n_clusters=2)).imputed == {"revenue": 2}


def test_features_that_cannot_take_part_are_named_with_the_reason():
    values = {"revenue": [1.0, 2.0, 9.0], "customers": [None] * 3, "growth": [0.1] * 3, "share_milk": [0.3, 0.3, None]}
    clustering = cluster_stores(*features_and_catalogue(values), Scenario(features=("share_*",), n_clusters=2))
    dropped = json.loads(scenario_rows(clustering).item(0, "dropped"))
    absent = dict.fromkeys(("receipts", "average_basket", "age"), NOT_IN_THE_INBOX)
    assert dropped == absent | {"customers": NO_VALUES, "growth": CONSTANT, "share_milk": CONSTANT}
    assert scenario_rows(clustering).item(0, "features").to_list() == ["revenue"]


def test_a_feature_that_was_not_asked_for_changes_nothing():
    features, catalogue = random_stores(80, seed=5)
    noisy = features.with_columns(share_milk=pl.lit(1.0) - pl.col("share_milk"))
    assert_frame_equal(
        assignment_rows(cluster_stores(features, catalogue, Scenario())),
        assignment_rows(cluster_stores(noisy, catalogue, Scenario())),
    )


def test_a_pattern_adds_features_and_an_exception_keeps_one_out():
    features, catalogue = features_and_catalogue(
        {"revenue": [1.0, 5.0, 9.0], "share_a": [0.1, 0.2, 0.5], "share_b": [0.4, 0.2, 0.3], "geo_income": [1.0, 2.0, 4.0]}
    )
    clustering = cluster_stores(features, catalogue, Scenario(features=("share_*",), profile_only=("share_b",), n_clusters=2))
    assert clustering.features == ("revenue", "share_a")
    assert clustering.selected.profile_only == ("share_b",)
    assert cluster_stores(features, catalogue, Scenario(n_clusters=2)).selected.profile_only == ("share_a", "share_b", "geo_income")


@given(st.integers(0, 10_000), st.integers(6, 40), st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_the_order_of_rows_and_columns_changes_nothing(seed, n, random):
    features, catalogue = random_stores(n, seed, gaps=0.1)
    order = random.sample(range(n), n)
    columns = random.sample(features.columns, features.width)
    shuffled = features[order].select(columns)
    scenario = Scenario(features=("share_*",))
    for one, other in zip(
        frames(cluster_stores(features, catalogue, scenario)),
        frames(cluster_stores(shuffled, catalogue.reverse(), scenario)),
        strict=True,
    ):
        assert_frame_equal(one, other, check_exact=True)


@given(st.integers(0, 10_000), st.integers(3, 40), st.none() | st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_every_possible_number_of_clusters_gives_valid_tables(seed, n, asked):
    n_clusters = min(asked, n) if asked else None
    clustering = cluster_stores(*random_stores(n, seed), Scenario(n_clusters=n_clusters))
    assignments, quality, scenario_row = frames(clustering)
    assert assignments.get_column("cluster").n_unique() == scenario_row.item(0, "n_clusters") == clustering.n_clusters
    assert quality.filter("chosen").get_column("n_clusters").to_list() == [clustering.n_clusters]
    assert set(quality.get_column("n_clusters")) >= set(range(2, min(12, n - 1) + 1))
    revenue = (
        clustering.stores.with_columns(cluster=clustering.labels).group_by("cluster").agg(pl.col("revenue").mean()).sort("cluster")
    )
    assert revenue.get_column("revenue").is_sorted(descending=True)


def test_clusters_of_equal_revenue_are_numbered_by_size_and_then_by_the_first_store():
    values = {"revenue": [5.0, 5.0, 5.0, 5.0, 5.0], "average_basket": [1.0, 1.1, 50.0, 50.1, 50.2]}
    assert cluster_stores(*features_and_catalogue(values), Scenario(n_clusters=2)).labels.tolist() == [2, 2, 1, 1, 1]
    values = {"revenue": [5.0, 5.0, 5.0, 5.0], "average_basket": [50.0, 1.0, 1.1, 50.1]}
    assert cluster_stores(*features_and_catalogue(values), Scenario(n_clusters=2)).labels.tolist() == [1, 2, 2, 1]


def test_distances_to_the_own_and_the_next_centre_are_those_computed_by_hand():
    # one feature, standardised: deviations from the mean 5 in units of sqrt(10.8)
    clustering = cluster_stores(*features_and_catalogue({"revenue": [9.0, 8.0, 5.0, 2.0, 1.0]}), Scenario(n_clusters=3))
    unit = np.sqrt(10.0)
    rows = assignment_rows(clustering)
    assert rows.get_column("cluster").to_list() == [1, 1, 2, 3, 3]
    assert (rows.get_column("distance") * unit).to_list() == pytest.approx([0.5, 0.5, 0.0, 0.5, 0.5])
    assert rows.get_column("next_cluster").to_list() == [2, 2, 1, 2, 2]
    assert (rows.get_column("next_distance") * unit).to_list() == pytest.approx([4.0, 3.0, 3.5, 3.0, 4.0])


def test_one_cluster_has_no_next_one_and_no_silhouette():
    rows = assignment_rows(cluster_stores(*random_stores(9, seed=1), Scenario(n_clusters=1)))
    assert rows.get_column("next_cluster").null_count() == rows.get_column("silhouette").null_count() == 9


def test_where_outliers_keep_every_number_from_qualifying_the_choice_says_so():
    values = {"revenue": [1.0, 1.1, 1.2, 1.3, 900.0, 1.15, 1.25], "growth": [0.1, 0.2, 0.15, 0.12, 0.1, 0.18, 0.11]}
    clustering = cluster_stores(*features_and_catalogue(values), Scenario())
    assert clustering.choice.rule is Rule.NONE_QUALIFIES
    assert "by hand" in scenario_rows(clustering).item(0, "choice")


FEATURES, CATALOGUE = random_stores(12, seed=2)
TWINS = features_and_catalogue({"revenue": [1.0, 1.0, 2.0, 2.0, 2.0]})


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (Scenario(formats=("kiosk",)), ["kiosk", "hypermarket (12)"]),
        (Scenario(stores=("s001", "s01", "x")), ["2 store(s)", "s01, x", "close: s01"]),
        (Scenario(features=("shar_milk",)), ["shar_milk", "close: share_milk"]),
        (Scenario(features=("geo_*",)), ["geo_*", "revenue"]),
        (Scenario(profile_only=("geo_income",)), ["geo_income"]),
        (Scenario(profile_only=("revenue",)), ["revenue", "always take part"]),
        (Scenario(n_clusters=13), ["12 store(s)", "13 clusters"]),
        (Scenario(stores=("s001", "s002")), ["2 store(s)", "at least 3"]),
    ],
)
def test_a_request_that_cannot_be_answered_says_what_there_is(scenario, said):
    with pytest.raises(ScenarioError) as caught:
        cluster_stores(FEATURES, CATALOGUE, scenario)
    for words in said:
        assert words in str(caught.value)


def test_a_named_store_of_another_format_is_not_left_out_in_silence():
    features, catalogue = features_and_catalogue(
        {"revenue": [1.0, 2.0, 3.0, 4.0]}, formats=["hypermarket", "hypermarket", "hypermarket", "kiosk"]
    )
    with pytest.raises(ScenarioError, match="s003"):
        cluster_stores(features, catalogue, Scenario(stores=("s000", "s001", "s002", "s003")))
    assert cluster_stores(features, catalogue, Scenario(formats=(), n_clusters=2)).stores.height == 4


def test_equal_stores_cannot_be_told_apart_by_hand_and_are_not_tried_automatically():
    assert cluster_stores(*TWINS, Scenario()).choice.considered == (2,)
    with pytest.raises(ScenarioError, match="Only 2 stores differ"):
        cluster_stores(*TWINS, Scenario(n_clusters=3))


def test_nothing_left_to_cluster_on_is_said_with_the_reasons():
    with pytest.raises(ScenarioError, match="revenue: all stores have the same value"):
        cluster_stores(*features_and_catalogue({"revenue": [1.0, 1.0, 1.0]}), Scenario())


@pytest.mark.parametrize("change", ["none", "two"])
def test_anything_but_one_quarter_is_refused(change):
    features = (
        FEATURES.clear()
        if change == "none"
        else pl.concat([FEATURES, FEATURES.with_columns(pl.col("quarter").dt.offset_by("3mo"))])
    )
    with pytest.raises(ScenarioError, match="quarter"):
        cluster_stores(features, CATALOGUE, Scenario())


def test_a_catalogue_of_another_quarter_is_refused():
    with pytest.raises(ScenarioError, match="2022-10-01"):
        cluster_stores(FEATURES, CATALOGUE.with_columns(pl.col("quarter").dt.offset_by("3mo")), Scenario())
