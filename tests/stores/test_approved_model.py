from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.stores.made_up_stores import QUARTER, features_and_catalogue, random_stores, three_groups
from vitrina.stores.approved_model import ClusterModel, fit_model
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.drift import Bins
from vitrina.stores.features import years_between
from vitrina.stores.model_tables import ClusterModels
from vitrina.stores.preparation import Preparation
from vitrina.stores.quarters import add_months
from vitrina.stores.scenario import Scenario

GIVEN = {"version": 4, "decision_id": "d4"}


def fitted(frames, **request):
    clustering = cluster_stores(*frames, Scenario(n_bootstraps=0, **request))
    return clustering, fit_model(clustering, **GIVEN)


def test_a_model_assigns_the_stores_of_three_obvious_groups_as_they_were_clustered():
    features, catalogue = three_groups(per_group=20)
    clustering, model = fitted((features, catalogue), n_clusters=3)
    assigned = model.assign(features)
    assert assigned.get_column("scored_cluster").to_list() == clustering.labels.tolist()
    assert assigned.get_column("margin").min() > 0
    np.testing.assert_allclose(model.points(features), clustering.components.points, atol=1e-12)
    assert model.sizes.tolist() == [20, 20, 20]
    assert (model.version, model.decision_id, model.quarter) == (4, "d4", QUARTER)
    assert model.fingerprint == clustering.fingerprint


def test_distances_to_the_nearest_and_the_next_centre_are_those_computed_by_hand():
    # one feature: mean 5, deviation sqrt(10); centroids at 8.5, 5 and 1.5
    frames = features_and_catalogue({"revenue": [9.0, 8.0, 5.0, 2.0, 1.0]})
    _, model = fitted(frames, n_clusters=3)
    newcomers, _ = features_and_catalogue({"revenue": [6.0, 11.5, 1.5]})
    rows, unit = model.assign(newcomers), np.sqrt(10.0)
    assert rows.get_column("scored_cluster").to_list() == [2, 1, 3]
    assert (rows.get_column("distance") * unit).to_list() == pytest.approx([1.0, 3.0, 0.0])
    assert rows.get_column("next_cluster").to_list() == [1, 2, 2]
    assert (rows.get_column("next_distance") * unit).to_list() == pytest.approx([2.5, 6.5, 3.5])
    assert (rows.get_column("margin") * unit).to_list() == pytest.approx([1.5, 3.5, 3.5])
    assert rows.get_column("nearest_store_id").to_list() == ["s002", "s000", "s000"]


def test_a_store_between_two_centres_goes_to_the_first_and_says_that_nothing_speaks_for_it():
    _, model = fitted(features_and_catalogue({"revenue": [8.0, 8.0, 2.0, 2.0]}), n_clusters=2)
    between, _ = features_and_catalogue({"revenue": [5.0]})
    row = model.assign(between).row(0, named=True)
    assert (row["scored_cluster"], row["next_cluster"], row["margin"], row["reason"]) == (1, 2, 0.0, "")
    assert row["nearest_store_id"] is None


def made_by_hand(centroids, features):
    """A model whose components are its features as they are."""
    n = len(features)
    plain = {"medians": 0.0, "logged": False, "lows": -np.inf, "highs": np.inf, "means": 0.0, "scales": 1.0, "weights": 1.0}
    return ClusterModel(
        **GIVEN,
        quarter=QUARTER,
        scenario=Scenario(),
        fingerprint="0" * 12,
        features=features,
        preparation=Preparation(**{name: np.full(n, value) for name, value in plain.items()}),
        directions=np.eye(n),
        centroids=np.array(centroids),
        sizes=np.ones(len(centroids), dtype=np.int64),
        bins=tuple(Bins(np.array([0.0]), np.array([0.5, 0.5])) for _ in features),
    )


def test_the_reason_names_the_features_that_make_the_difference_the_strongest_first():
    model = made_by_hand([[0.5, 2.0], [-0.5, -2.0]], ("receipts", "revenue"))
    stores, _ = features_and_catalogue({"receipts": [1.0, -1.0], "revenue": [1.5, 1.5]})
    prepared = model.values(stores)
    # (1 + 0.5)^2 - (1 - 0.5)^2 = 2 and (1.5 + 2)^2 - (1.5 - 2)^2 = 12; the second store's receipts speak for the other cluster
    first, second = np.zeros(2, dtype=np.int64), np.ones(2, dtype=np.int64)
    assert model.contributions(prepared, first, second).tolist() == [[2.0, 12.0], [-2.0, 12.0]]
    assert model.assign(stores).get_column("reason").to_list() == ["revenue, receipts", "revenue"]


def test_no_more_than_three_features_are_named():
    names = ("revenue", "receipts", "average_basket", "growth")
    model = made_by_hand([[1.0, 2.0, 3.0, 4.0], [0.0] * 4], names)
    stores, _ = features_and_catalogue(dict(zip(names, ([1.0], [2.0], [3.0], [4.0]), strict=True)))
    assert model.assign(stores).item(0, "reason") == "growth, average_basket, receipts"


@given(st.integers(0, 10_000), st.integers(8, 40), st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_contributions_add_up_to_the_difference_of_the_squared_distances(seed, n, n_clusters):
    features, catalogue = random_stores(n, seed, gaps=0.1)
    _, model = fitted((features, catalogue), features=("share_*",), n_clusters=n_clusters, transform="robust")
    rows = model.assign(features)
    own, following = (rows.get_column(name).to_numpy() - 1 for name in ("scored_cluster", "next_cluster"))
    contributed = model.contributions(model.preparation.apply(model.values(features)), own, following)
    squared = rows.select(pl.col("next_distance") ** 2 - pl.col("distance") ** 2).to_series().to_numpy()
    np.testing.assert_allclose(contributed.sum(axis=1), squared, atol=1e-9)


def test_a_single_cluster_has_no_next_one_no_margin_and_no_reason():
    features, catalogue = random_stores(9, seed=1)
    _, model = fitted((features, catalogue), n_clusters=1)
    rows = model.assign(features)
    assert rows.select("next_cluster", "next_distance", "margin").null_count().row(0) == (9, 9, 9)
    assert rows.get_column("reason").unique().to_list() == [""]


def test_missing_and_impossible_values_take_the_median_of_the_fit_and_are_named():
    features, catalogue = random_stores(30, seed=2)
    _, model = fitted((features, catalogue), n_clusters=3)
    medians = dict(zip(model.features, model.preparation.medians.tolist(), strict=True))
    row = features.head(1)
    complete = row.with_columns(receipts=pl.lit(medians["receipts"]), age=pl.lit(medians["age"]))
    gappy = row.with_columns(receipts=pl.lit(float("inf")), age=pl.lit(None, dtype=pl.Float64))
    assert_frame_equal(model.assign(gappy).drop("imputed", "reason"), model.assign(complete).drop("imputed", "reason"))
    # a median that stands in for a missing value speaks for nothing
    assert "age" in model.assign(complete).item(0, "reason").split(", ")
    assert "age" not in model.assign(gappy).item(0, "reason").split(", ")
    assert model.assign(gappy).item(0, "imputed") == "receipts, age"
    assert model.assign(complete).item(0, "imputed") == ""


def test_a_feature_that_a_later_quarter_lacks_is_missing_everywhere():
    features, catalogue = random_stores(30, seed=2)
    _, model = fitted((features, catalogue), features=("share_*",), n_clusters=3)
    rows = model.assign(features.drop("share_milk"))
    assert rows.get_column("imputed").unique().to_list() == ["share_milk"]
    assert rows.get_column("distance").is_finite().all()
    assert model.drift(features.drop("share_milk"), model.quarter).filter(pl.col("band") == "absent").get_column(
        "feature"
    ).to_list() == ["share_milk"]


def test_no_stores_make_no_rows():
    features, catalogue = random_stores(9, seed=1)
    _, model = fitted((features, catalogue), n_clusters=2)
    assert model.assign(features.clear()).is_empty()
    assert model.assign(features.clear()).schema == model.assign(features).schema


@pytest.mark.parametrize("transform", ["plain", "robust"])
def test_a_model_survives_its_row_without_loss(transform):
    features, catalogue = random_stores(80, seed=4, gaps=0.1)
    request = {"features": ("share_*",), "n_clusters": 4, "weights": {"revenue": 2.0}, "transform": transform}
    _, model = fitted((features, catalogue), **request)
    row = model.to_row()
    again = ClusterModel.from_row(row.row(0, named=True))
    assert_frame_equal(again.to_row(), row, check_exact=True)
    assert_frame_equal(again.assign(features), model.assign(features), check_exact=True)
    assert_frame_equal(again.drift(features, model.quarter), model.drift(features, model.quarter), check_exact=True)
    assert again.scenario == model.scenario
    assert again.features == model.features
    assert [bins.edges.tolist() for bins in again.bins] == [bins.edges.tolist() for bins in model.bins]
    assert ClusterModels.check(row).height == 1


def test_the_share_of_stores_that_are_nearest_to_another_cluster_than_the_trees_is_counted():
    features, catalogue = random_stores(80, seed=4)
    clustering, model = fitted((features, catalogue), n_clusters=4)
    elsewhere = model.assign(features).get_column("scored_cluster").to_numpy() != clustering.labels
    assert 0 < elsewhere.sum() < 80
    assert model.share_reassigned == elsewhere.mean()
    assert model.to_row().item(0, "share_reassigned") == elsewhere.mean()
    assert fitted(three_groups(per_group=20), n_clusters=3)[1].share_reassigned == 0.0


def test_one_store_of_five_that_is_nearer_to_the_other_centre_makes_a_fifth():
    # with the third store the second cluster has its mean at 8/3: the store itself, at 8, is nearer to 10
    labels = np.array([2, 2, 2, 1, 1])
    clustering, _ = fitted(features_and_catalogue({"revenue": [0.0, 0.0, 8.0, 10.0, 10.0]}), n_clusters=2)
    assert fit_model(replace(clustering, labels=labels), **GIVEN).share_reassigned == pytest.approx(1 / 5)


def test_a_row_that_was_stored_before_withdrawals_and_reassigned_stores_were_recorded_is_still_read():
    _, model = fitted(three_groups(per_group=20), n_clusters=3)
    row = model.to_row(withdrawn=True)
    assert row.item(0, "withdrawn") is True
    old = ClusterModel.from_row(row.drop("withdrawn", "share_reassigned").row(0, named=True))
    assert old.share_reassigned is None
    assert old.is_same_fit(model)
    assert not old.is_same_fit(fitted(three_groups(per_group=20), n_clusters=2)[1])


def test_features_with_different_numbers_of_bins_keep_their_own():
    values = {
        "revenue": [float(value) for value in range(60)],
        "average_basket": [0.0] * 50 + [float(value) for value in range(1, 11)],
    }
    _, model = fitted(features_and_catalogue(values), n_clusters=2)
    assert [bins.shares.size for bins in model.bins] == [3, 2]
    again = ClusterModel.from_row(model.to_row().row(0, named=True))
    assert [bins.shares.tolist() for bins in again.bins] == [bins.shares.tolist() for bins in model.bins]


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_stores_changes_nothing(seed, random):
    features, catalogue = random_stores(25, seed, gaps=0.1)
    _, model = fitted((features, catalogue), n_clusters=3)
    shuffled = features[random.sample(range(25), 25)]
    assert_frame_equal(model.assign(shuffled), model.assign(features))


def test_a_store_is_assigned_alone_as_it_is_among_others():
    features, catalogue = random_stores(40, seed=6, gaps=0.1)
    _, model = fitted((features, catalogue), n_clusters=4)
    together = model.assign(features).drop("nearest_store_id")
    alone = pl.concat([model.assign(features[place]) for place in range(40)]).drop("nearest_store_id")
    assert_frame_equal(alone, together)


def test_that_every_store_grows_older_is_no_drift_but_younger_stores_are():
    features, catalogue = random_stores(200, seed=8)
    model = fit_model(cluster_stores(features, catalogue, Scenario(n_clusters=3)), version=1, decision_id="d")
    later = add_months(model.quarter, 12)
    older = features.with_columns(pl.col("age") + years_between(model.quarter, later))
    psi = {
        name: dict(model.drift(stores, later).select("feature", "psi").iter_rows())["age"]
        for name, stores in (("older", older), ("replaced", features))
    }
    assert psi["older"] == pytest.approx(0, abs=1e-9)
    assert psi["replaced"] > 0.01
