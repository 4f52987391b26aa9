from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import adjusted_rand_score, silhouette_score

from tests.stores.made_up_quarters import THREE, approval, changed, day, decisions, quarters
from vitrina.stores.cluster_rows import assignment_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.model_tables import ClusterModels
from vitrina.stores.over_time import over_time
from vitrina.stores.scenario import Scenario
from vitrina.stores.standing import fold_decisions

FEATURES, CATALOGUE = quarters(4)
POOREST = {"revenue": 340.0, "receipts": 34.0, "average_basket": 10.0, "age": 2.0}
NO_FRESH = assignment_rows(cluster_stores(*quarters(1), THREE)).clear()


def at(frame, number):
    return frame.filter(pl.col("quarter") == day(number))


def anew(features=FEATURES, only=range(4), scenario=THREE):
    return pl.concat([assignment_rows(cluster_stores(at(features, number), at(CATALOGUE, number), scenario)) for number in only])


def told(*made, features=FEATURES, fresh=None):
    standing = fold_decisions(decisions(*made), FEATURES, CATALOGUE, ClusterModels.empty())
    return over_time(features, anew(features) if fresh is None else fresh, standing)


def store(found, number, store_id):
    return at(found.assignments, number).filter(pl.col("store_id") == store_id).row(0, named=True)


def test_every_quarter_from_the_approved_one_on_is_scored_and_a_stable_network_moves_nothing():
    found = told(approval(day(1)))
    assert found.assignments.get_column("quarter").unique().sort().to_list() == [day(1), day(2), day(3)]
    assert found.assignments.get_column("cluster").to_list() == ([1] * 10 + [2] * 10 + [3] * 10) * 3
    steady = found.comparison.select(
        "n_stores", "ari_to_previous", "share_moved", "ari_to_fresh", "ari_of_fresh", "n_new", "n_gone"
    )
    assert steady.rows() == [(30, 1.0, 0.0, 1.0, 1.0, 0, 0)] * 3
    assert found.assignments.get_column("previous_cluster").to_list() == found.assignments.get_column("cluster").to_list()


def test_a_store_that_changed_is_seen_to_move_and_the_measures_are_those_computed_by_hand():
    found = told(approval(day(0)), features=changed(FEATURES, day(2), "s000", **POOREST))
    row = store(found, 2, "s000")
    assert (row["previous_cluster"], row["cluster"], row["next_cluster"]) == (1, 3, 2)
    assert row["reason"]
    before, now = [1] * 10 + [2] * 10 + [3] * 10, [3] + [1] * 9 + [2] * 10 + [3] * 10
    comparison = at(found.comparison, 2)
    assert comparison.item(0, "share_moved") == pytest.approx(1 / 30)
    assert comparison.item(0, "ari_to_previous") == pytest.approx(adjusted_rand_score(before, now))
    # and back again
    assert at(found.comparison, 3).item(0, "share_moved") == pytest.approx(1 / 30)
    assert at(found.comparison, 0).select("ari_to_previous", "share_moved", "ari_of_fresh").row(0) == (None, None, None)


def test_where_the_version_changes_the_quarter_before_is_scored_with_the_new_one():
    found = told(approval(day(0)), approval(day(2), Scenario(n_clusters=2, n_bootstraps=0)))
    assert at(found.assignments, 1).get_column("version").unique().to_list() == [1]
    rows = at(found.assignments, 2)
    assert rows.get_column("version").unique().to_list() == [2]
    assert rows.get_column("previous_cluster").to_list() == rows.get_column("cluster").to_list()
    assert rows.get_column("cluster").max() == 2
    assert at(found.comparison, 2).item(0, "ari_to_previous") == 1.0


def test_a_store_moved_by_hand_stays_there_in_every_quarter_of_the_version_and_the_model_still_says_its_own():
    found = told(approval(day(1)), {"kind": "move", "store_id": "s000", "cluster": 3})
    for number in (1, 2, 3):
        row = store(found, number, "s000")
        assert (row["cluster"], row["scored_cluster"], row["previous_cluster"], row["moved_by_hand"]) == (3, 1, 3, True)
    assert found.assignments.filter("moved_by_hand").height == 3
    assert at(found.comparison, 2).item(0, "share_moved") == 0.0
    assert at(found.comparison, 2).item(0, "ari_to_fresh") < 1.0


def test_a_store_that_never_was_before_is_new_and_one_that_is_no_more_is_gone():
    late = ~((pl.col("store_id") == "s007") & (pl.col("quarter") < day(2)))
    closed = ~(pl.col("store_id").is_in(["s008", "s009"]) & (pl.col("quarter") > day(1)))
    found = told(approval(day(1)), features=FEATURES.filter(late, closed), fresh=NO_FRESH)
    row = store(found, 2, "s007")
    assert (row["is_new"], row["previous_cluster"], row["cluster"]) == (True, None, 1)
    assert row["margin"] > 0
    assert row["reason"]
    assert found.comparison.select("quarter", "n_new", "n_gone").rows() == [(day(1), 0, 0), (day(2), 1, 2), (day(3), 0, 0)]
    assert found.assignments.filter("is_new").height == 1


def test_a_name_stands_beside_its_cluster_and_goes_to_the_fresh_cluster_that_matches():
    rename = {"kind": "rename", "cluster": 2, "name": "Neighbours"}
    found = told(approval(day(1)), rename)
    assert at(found.assignments, 3).get_column("name").to_list() == [""] * 10 + ["Neighbours"] * 10 + [""] * 10
    matches = at(found.matches, 3).select("cluster", "continues", "matched_cluster", "name", "n_common", "jaccard").rows()
    assert matches == [
        (1, "approved model", 1, "", 10, 1.0),
        (2, "approved model", 2, "Neighbours", 10, 1.0),
        (3, "approved model", 3, "", 10, 1.0),
    ]


def test_own_clusters_know_the_quarter_before_whether_or_not_a_model_is_in_force():
    # the rich of the third quarter were the poorest a quarter before: own clusters are numbered by their revenue
    turned = FEATURES.with_columns(
        pl.when(pl.col("quarter") < day(2)).then(pl.col(name).reverse().over("quarter")).otherwise(name).alias(name)
        for name in ("revenue", "receipts", "average_basket", "age")
    )
    found = {made: told(*given, features=turned) for made, given in (("approved", [approval(day(1))]), ("none", []))}
    for one in found.values():
        known = one.matches.select("cluster", "previous_cluster").rows()
        assert known == [(1, None), (2, None), (3, None), (1, 1), (2, 2), (3, 3), (1, 3), (2, 2), (3, 1), (1, 1), (2, 2), (3, 3)]
    unmatched = found["none"].matches
    assert unmatched.get_column("previous_cluster").equals(unmatched.get_column("matched_cluster"))


def test_challengers_of_different_requests_are_not_compared_with_each_other():
    other = Scenario(n_clusters=2, n_bootstraps=0)
    found = told(approval(day(1)), fresh=pl.concat([anew(only=(0, 1)), anew(only=(2, 3), scenario=other)]))
    compared = found.comparison.select("quarter", "ari_of_fresh", "same_request").rows()
    assert compared == [(day(1), 1.0, True), (day(2), None, False), (day(3), 1.0, False)]
    assert found.comparison.get_column("ari_to_fresh").null_count() == 0
    assert told(approval(day(1)), fresh=NO_FRESH).comparison.get_column("same_request").null_count() == 3


def test_every_quarter_of_a_version_tells_what_share_of_stores_it_reassigned():
    standing = fold_decisions(decisions(approval(day(1))), FEATURES, CATALOGUE, ClusterModels.empty())
    (model,) = standing.in_order
    told_share = over_time(FEATURES, NO_FRESH, replace(standing, in_order=(replace(model, share_reassigned=0.15),))).comparison
    assert told_share.get_column("share_reassigned").to_list() == [0.15] * 3


def test_before_the_first_approval_clusters_continue_those_of_the_quarter_before():
    found = told(approval(day(3)))
    assert found.matches.select("quarter", "continues").unique().sort("quarter").rows() == [
        (day(0), "nothing"),
        (day(1), "quarter before"),
        (day(2), "quarter before"),
        (day(3), "approved model"),
    ]
    assert at(found.matches, 0).select("matched_cluster", "jaccard", "n_common", "name").unique().rows() == [(None, None, 0, "")]


def test_names_are_handed_on_from_quarter_to_quarter_where_no_model_scores():
    # the approved request means a format that no store of the third quarter has
    rename = {"kind": "rename", "cluster": 1, "name": "Rich"}
    gone = FEATURES.with_columns(format=pl.when(pl.col("quarter") == day(2)).then(pl.lit("kiosk")).otherwise("format"))
    found = told(approval(day(1)), rename, features=gone, fresh=anew())
    assert at(found.assignments, 2).is_empty()
    assert at(found.matches, 2).select("continues", "name").rows()[0] == ("quarter before", "Rich")


def test_a_quarter_that_is_left_out_breaks_the_chain_instead_of_bridging_it():
    found = told(fresh=anew(only=(0, 2)))
    assert found.matches.get_column("continues").unique().to_list() == ["nothing"]


def test_the_feature_that_drifted_is_named_and_an_absent_one_stands_first():
    later = pl.col("quarter") == day(3)
    moved = FEATURES.with_columns(
        revenue=pl.when(later).then(pl.col("revenue") * 3).otherwise("revenue"),
        age=pl.when(~later).then("age"),
    )
    found = told(approval(day(1)), features=moved, fresh=NO_FRESH)
    assert at(found.comparison, 3).item(0, "drifted").to_list() == ["age", "revenue"]
    bands = dict(at(found.drift, 3).select("feature", "band").iter_rows())
    assert (bands["age"], bands["revenue"], bands["receipts"]) == ("absent", "drifted", "stable")
    assert at(found.drift, 3).filter(pl.col("feature") == "age").select("psi", "missing_share").row(0) == (None, 1.0)
    assert at(found.comparison, 3).item(0, "largest_psi") == at(found.drift, 3).get_column("psi").max()
    assert at(told(approval(day(1))).comparison, 1).item(0, "drifted").to_list() == []


def test_the_silhouettes_of_champion_and_challenger_are_scikit_learns():
    standing = fold_decisions(decisions(approval(day(1))), FEATURES, CATALOGUE, ClusterModels.empty())
    found = over_time(FEATURES, anew(), standing)
    labels = at(found.assignments, 2).get_column("cluster").to_numpy()
    points = standing.model_of(day(2)).points(at(FEATURES, 2))
    row = at(found.comparison, 2).row(0, named=True)
    assert row["silhouette"] == pytest.approx(silhouette_score(points, labels))
    challenger = cluster_stores(at(FEATURES, 2), at(CATALOGUE, 2), THREE)
    assert row["silhouette_of_fresh"] == pytest.approx(silhouette_score(challenger.components.points, challenger.labels))


def test_a_single_cluster_has_neither_silhouette_nor_margin():
    found = told(approval(day(1), Scenario(n_clusters=1, n_bootstraps=0)))
    assert found.comparison.get_column("silhouette").null_count() == 3
    assert found.assignments.get_column("margin").null_count() == 90


def test_only_the_window_of_the_request_is_scored_and_a_newer_window_makes_no_store_new():
    alone = FEATURES.with_columns(window_quarters=pl.lit(1, dtype=pl.Int64), revenue=pl.col("revenue") * 100)
    both = pl.concat([FEATURES, alone])
    of_one = pl.concat([CATALOGUE, CATALOGUE.with_columns(window_quarters=pl.lit(1, dtype=pl.Int64))])
    quarterly = Scenario(window_quarters=1, n_clusters=3, n_bootstraps=0)
    short = fold_decisions(decisions(approval(day(1), quarterly)), both, of_one, ClusterModels.empty())
    assert over_time(both, NO_FRESH, short).assignments.get_column("cluster").to_list() == ([1] * 10 + [2] * 10 + [3] * 10) * 3
    assert over_time(FEATURES, NO_FRESH, short).assignments.is_empty()
    standing = fold_decisions(decisions(approval(day(1))), FEATURES, CATALOGUE, ClusterModels.empty())
    for name in ("assignments", "drift", "comparison"):
        one, other = (getattr(over_time(frame, NO_FRESH, standing), name) for frame in (both, FEATURES))
        assert_frame_equal(one, other)


@pytest.mark.parametrize("value", [1e308, -1e308, float("inf"), float("nan")])
def test_one_absurd_value_of_a_later_quarter_spoils_no_other_store(value):
    found = told(approval(day(1)), features=changed(FEATURES, day(2), "s000", revenue=value), fresh=NO_FRESH)
    others = pl.col("store_id") != "s000"
    assert at(found.assignments, 2).filter(others).get_column("cluster").to_list() == [1] * 9 + [2] * 10 + [3] * 10
    assert store(found, 2, "s000")["distance"] >= 0


def test_without_an_approved_model_the_tables_are_empty_but_valid():
    found = told()
    assert found.assignments.is_empty()
    assert found.drift.is_empty()
    assert found.comparison.is_empty()
    assert told(fresh=NO_FRESH).matches.is_empty()


def test_the_order_of_rows_changes_nothing():
    standing = fold_decisions(decisions(approval(day(1))), FEATURES, CATALOGUE, ClusterModels.empty())
    fresh = anew()
    one = over_time(FEATURES, fresh, standing)
    other = over_time(FEATURES.sample(fraction=1.0, shuffle=True, seed=3), fresh.reverse(), standing)
    for name in ("assignments", "drift", "comparison", "matches"):
        assert_frame_equal(getattr(one, name), getattr(other, name))
