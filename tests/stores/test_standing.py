import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.stores.made_up_quarters import FIRST, THREE, approval, changed, day, decisions, quarters
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.model_tables import ClusterDecisions, ClusterModels
from vitrina.stores.scenario import Scenario
from vitrina.stores.standing import approved_request, fold_decisions

FEATURES, CATALOGUE = quarters(3)
NONE_STORED = ClusterModels.empty()
SWAPPED = changed(FEATURES, FIRST, "s000", revenue=340.0, receipts=34.0, average_basket=10.0, age=2.0)
"""The first store is now like the poorest."""
HOSTILE = '=HYPERLINK("http://x") <script>\'; DROP TABLE models; --\u202e'


def folded(*made, features=FEATURES, catalogue=CATALOGUE, stored=NONE_STORED):
    return fold_decisions(decisions(*made), features, catalogue, stored)


def outcomes(standing):
    return standing.decisions.get_column("outcome").to_list()


def note(standing, place=-1):
    return standing.decisions.get_column("note").to_list()[place]


def fingerprint(quarter=FIRST, features=FEATURES):
    parts = [frame.filter(pl.col("quarter") == quarter) for frame in (features, CATALOGUE)]
    return cluster_stores(*parts, THREE).fingerprint


def rename(cluster, name, **given):
    return {"kind": "rename", "cluster": cluster, "name": name, **given}


def move(store_id, cluster, **given):
    return {"kind": "move", "store_id": store_id, "cluster": cluster, **given}


def test_without_decisions_nothing_stands():
    standing = folded()
    assert standing.decisions.is_empty()
    assert standing.models.is_empty()
    assert standing.model_of(day(2)) is None
    assert standing.request is None


def test_an_approval_makes_a_version_that_is_in_force_from_its_quarter_on():
    standing = folded(approval(day(1), fingerprint=fingerprint(day(1))))
    assert outcomes(standing) == ["in force"]
    assert standing.decisions.item(0, "version") == 1
    assert standing.model_of(day(0)) is None
    assert [standing.model_of(day(number)).version for number in (1, 2, 9)] == [1, 1, 1]
    assert standing.models.get_column("quarter").to_list() == [day(1)]
    assert standing.request == THREE


def test_a_later_approval_supersedes_the_earlier_from_its_own_quarter_on():
    other = Scenario(n_clusters=2, n_bootstraps=0)
    standing = folded(approval(day(0)), approval(day(2), other))
    assert outcomes(standing) == ["superseded", "in force"]
    assert str(day(2)) in note(standing, 0)
    assert [standing.model_of(day(number)).version for number in (0, 1, 2)] == [1, 1, 2]
    assert standing.request == other


def test_of_two_versions_of_one_quarter_the_higher_is_in_force():
    standing = folded(approval(day(1)), approval(day(0)))
    assert [standing.model_of(day(number)).version for number in (0, 1)] == [2, 2]


def test_decisions_count_in_the_order_in_which_they_were_made_not_delivered():
    early, late = dt.datetime(2022, 1, 1, tzinfo=dt.UTC), dt.datetime(2022, 2, 1, tzinfo=dt.UTC)
    made = [rename(1, "Late", made_at=late), approval(made_at=early), rename(1, "Early", made_at=late - dt.timedelta(days=1))]
    standing = folded(*made)
    assert standing.names == {(1, 1): "Late"}
    assert_frame_equal(
        folded(*[made[place] | {"decision_id": f"d{place + 1}"} for place in (2, 0, 1)]).decisions, standing.decisions
    )


def test_a_decision_that_was_delivered_twice_counts_once():
    standing = folded(approval(decision_id="a"), approval(decision_id="a"))
    assert outcomes(standing) == ["in force"]
    assert standing.models.height == 1


def test_a_stored_version_is_taken_as_it_is_though_its_quarter_has_changed():
    before = folded(approval(fingerprint=fingerprint()))
    assert fingerprint(features=SWAPPED) != fingerprint()
    after = folded(approval(fingerprint=fingerprint()), features=SWAPPED, stored=before.models)
    assert_frame_equal(after.models, before.models, check_exact=True)
    assert outcomes(after) == ["in force"]


def test_folding_again_with_what_was_stored_changes_nothing():
    made = [approval(), rename(1, "Big"), approval(day(1)), move("s003", 2), {"kind": "reject", "version": 1}]
    once = folded(*made)
    again = folded(*made, stored=once.models)
    assert_frame_equal(again.models, once.models, check_exact=True)
    assert_frame_equal(again.decisions, once.decisions)
    assert (again.names, again.moves) == (once.names, once.moves)


def test_a_quarter_that_changed_since_it_was_looked_at_is_not_approved_in_silence():
    standing = folded(approval(fingerprint=fingerprint()), features=SWAPPED)
    assert outcomes(standing) == ["refused"]
    assert "has changed since" in note(standing)
    assert "approve them again" in note(standing)
    assert standing.models.is_empty()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (approval() | {"scenario": None}, "holds no request"),
        (approval() | {"scenario": "{"}, "cannot be read"),
        (approval() | {"scenario": HOSTILE}, "cannot be read"),
        (approval() | {"scenario": '{"k": 3}'}, "cannot be read"),
        (approval(day(7)), f"no features of {day(7)}"),
        (approval(scenario=Scenario(formats=("kiosk",))), "kiosk"),
        (approval(scenario=Scenario(window_quarters=1)), "1 quarter(s)"),
        (rename(1, "Big"), "No clusters were approved"),
        (rename(1, "Big", version=1), "Version 1 was not approved"),
        (move("s001", 1, version=-3), "Version -3 was not approved"),
        ({"kind": "reject", "version": 0}, "Version 0 was not approved"),
    ],
)
def test_what_cannot_be_applied_is_refused_with_the_reason_and_a_remedy(given, said):
    standing = folded(given)
    assert outcomes(standing) == ["refused"]
    assert said in note(standing)
    assert "What to do:" in note(standing)
    assert standing.models.is_empty()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (rename(4, "Big"), "no cluster 4"),
        (rename(0, "Big"), "no cluster 0"),
        (rename(None, "Big"), "no cluster None"),
        (rename(1, "  "), "name is empty"),
        (rename(1, None), "name is empty"),
        (rename(1, "Big", version=2), "Version 2 was not approved"),
        (move("nowhere", 1), "store nowhere"),
        (move(None, 1), "store None"),
        (move("s001", 4), "no cluster 4"),
        (move("s001", -1), "no cluster -1"),
    ],
)
def test_what_an_approved_version_does_not_have_can_be_neither_renamed_nor_moved(given, said):
    standing = folded(approval(), given)
    assert outcomes(standing) == ["in force", "refused"]
    assert said in note(standing)
    assert (standing.names, standing.moves) == ({}, {})


def test_a_refused_approval_takes_no_number_and_a_stored_number_is_never_given_again():
    first = folded(approval(decision_id="a"), approval(day(2), decision_id="b"))
    # b is no longer delivered; its version and its number stay
    standing = folded(
        approval(decision_id="a"), approval(day(7), decision_id="c"), approval(day(1), decision_id="e"), stored=first.models
    )
    assert outcomes(standing)[1:] == ["refused", "in force"]
    assert standing.models.select("version", "decision_id").rows() == [(1, "a"), (2, "b"), (3, "e")]


def test_an_approval_that_arrives_late_does_not_overtake_what_was_approved_since():
    first = folded(approval(day(1), decision_id="b", made_at=dt.datetime(2022, 1, 2, tzinfo=dt.UTC)))
    late = approval(decision_id="a", made_at=dt.datetime(2022, 1, 1, tzinfo=dt.UTC))
    standing = folded(late, approval(day(1), decision_id="b", made_at=dt.datetime(2022, 1, 2, tzinfo=dt.UTC)), stored=first.models)
    assert outcomes(standing) == ["refused", "in force"]
    assert "Version 1 was approved after this was decided" in note(standing, 0)
    assert standing.models.get_column("decision_id").to_list() == ["b"]


def test_a_withdrawn_version_is_in_force_nowhere_and_the_one_before_stands_again():
    standing = folded(approval(), approval(day(1)), rename(1, "Big"), {"kind": "reject", "version": 2})
    assert outcomes(standing) == ["in force", "withdrawn", "withdrawn", "in force"]
    assert "withdrawn by decision d4" in note(standing, 1)
    assert standing.model_of(day(2)).version == 1
    assert standing.models.get_column("version").to_list() == [1, 2]
    again = folded(
        approval(), approval(day(1)), {"kind": "reject", "version": 2}, approval(day(1)), {"kind": "reject", "version": 2}
    )
    assert again.model_of(day(2)).version == 3
    assert outcomes(again)[-1] == "refused"


def test_a_rejection_without_a_version_is_an_opinion():
    standing = folded(approval(), {"kind": "reject"})
    assert outcomes(standing) == ["in force", "recorded"]
    assert standing.model_of(FIRST).version == 1


def test_all_versions_withdrawn_leave_no_request():
    standing = folded(approval(), {"kind": "reject", "version": 1}, rename(1, "Big"))
    assert standing.request is None
    assert outcomes(standing)[-1] == "refused"


def test_a_later_name_replaces_the_earlier():
    standing = folded(approval(), rename(1, "Big"), rename(1, " Very   big "))
    assert standing.names == {(1, 1): "Very big"}
    assert outcomes(standing) == ["in force", "superseded", "in force"]
    assert note(standing, 1) == "Replaced by decision d3."
    assert standing.decisions.get_column("version").to_list() == [1, 1, 1]


def test_two_clusters_of_a_version_do_not_share_a_name_whatever_its_case():
    standing = folded(approval(), rename(1, "Straße"), rename(2, "STRASSE"), rename(1, "Strasse"))
    assert outcomes(standing) == ["in force", "superseded", "refused", "in force"]
    assert "Cluster 1 of version 1 already has the name" in note(standing, 2)
    assert standing.names == {(1, 1): "Strasse"}


def test_a_hostile_name_is_a_name_like_any_other():
    standing = folded(approval(reason=HOSTILE), rename(1, HOSTILE))
    assert standing.names == {(1, 1): " ".join(HOSTILE.split())}
    assert standing.decisions.item(0, "reason") == HOSTILE


def test_names_are_carried_forward_to_the_clusters_that_continue_and_can_be_changed_there():
    # in the second quarter the poorest stores earn a little more than the middle ones, so that 2 and 3 change their numbers
    earning = (pl.col("quarter") == day(1)) & (pl.col("store_id") >= "s020")
    exchanged = FEATURES.with_columns(revenue=pl.when(earning).then(pl.col("revenue") + 120).otherwise("revenue"))
    made = [approval(), rename(1, "Rich"), rename(2, "Middle"), approval(day(1))]
    standing = folded(*made, features=exchanged)
    assert standing.names_of(1) == {1: "Rich", 2: "Middle"}
    assert standing.names_of(2) == {1: "Rich", 3: "Middle"}
    renamed = folded(*made, rename(3, "Middle, again"), features=exchanged)
    assert renamed.names_of(2) == {1: "Rich", 3: "Middle, again"}
    assert outcomes(renamed) == ["superseded", "in force", "in force", "in force", "in force"]


def test_names_are_carried_between_requests_of_different_windows():
    # over the quarter alone the rich and the poor have changed places, and there are more stores
    alone = FEATURES.with_columns(
        window_quarters=pl.lit(1, dtype=pl.Int64),
        **{name: pl.col(name).reverse().over("quarter") for name in ("revenue", "receipts", "average_basket", "age")},
    )
    both = pl.concat([FEATURES, alone, alone.with_columns(store_id=pl.col("store_id") + "b")])
    catalogue = pl.concat([CATALOGUE, CATALOGUE.with_columns(window_quarters=pl.lit(1, dtype=pl.Int64))])
    quarterly = Scenario(n_clusters=3, window_quarters=1, n_bootstraps=0)
    standing = folded(approval(), rename(1, "Rich"), approval(day(1), quarterly), features=both, catalogue=catalogue)
    assert standing.names_of(2) == {3: "Rich"}


def test_a_name_is_about_the_version_that_was_last_approved_when_it_was_given():
    standing = folded(approval(), rename(3, "Small"), approval(day(1)), rename(2, "Middle"), rename(1, "Old", version=1))
    assert standing.names_of(1) == {1: "Old", 3: "Small"}
    assert standing.names_of(2)[2] == "Middle"


def test_a_store_is_moved_moved_again_and_taken_back():
    standing = folded(approval(), move("s001", 2), move("s001", 3), move("s002", 1))
    assert standing.moves == {(1, "s001"): 3, (1, "s002"): 1}
    assert outcomes(standing) == ["in force", "superseded", "in force", "in force"]
    back = folded(approval(), move("s001", 2), move("s001", None), move("s001", None))
    assert back.moves == {}
    assert outcomes(back) == ["in force", "superseded", "in force", "recorded"]


def test_a_store_of_another_quarter_may_be_moved():
    gone = FEATURES.filter(~((pl.col("quarter") == FIRST) & (pl.col("store_id") == "s005")))
    assert folded(approval(), move("s005", 2), features=gone).moves == {(1, "s005"): 2}


def test_the_request_is_that_of_the_newest_version_that_stands():
    other = Scenario(n_clusters=4, n_bootstraps=0)
    standing = folded(approval(day(2)), approval(day(0), other))
    assert standing.request == approved_request(standing.models) == other
    withdrawn = folded(approval(day(2)), approval(day(0), other), {"kind": "reject", "version": 2})
    assert withdrawn.models.get_column("withdrawn").to_list() == [False, True]
    assert withdrawn.request == approved_request(withdrawn.models) == THREE
    assert approved_request(NONE_STORED) is None
    assert ClusterDecisions.check(folded(approval()).decisions).height == 1


def test_a_withdrawn_version_gives_no_request_though_its_approval_is_no_longer_delivered():
    other = Scenario(n_clusters=4, n_bootstraps=0)
    stored = folded(approval(day(0), decision_id="a"), approval(day(1), other, decision_id="b")).models
    standing = folded(approval(day(0), decision_id="a"), {"kind": "reject", "version": 2}, stored=stored)
    assert standing.models.select("version", "withdrawn").rows() == [(1, False), (2, True)]
    assert standing.request == approved_request(standing.models) == THREE
    assert_frame_equal(standing.models.drop("withdrawn"), stored.drop("withdrawn"), check_exact=True)


def test_models_that_were_stored_before_withdrawals_were_marked_count_as_standing():
    older = folded(approval()).models.with_columns(withdrawn=pl.lit(None, dtype=pl.Boolean))
    assert approved_request(older) == THREE


def test_moves_of_the_version_before_are_superseded_by_a_later_approval_and_stand_again_when_that_is_withdrawn():
    made = [approval(), rename(1, "Rich"), move("s001", 2), move("s002", None), approval(day(1))]
    standing = folded(*made)
    assert outcomes(standing) == ["superseded", "in force", "superseded", "recorded", "in force"]
    assert note(standing, 2) == "Version 2 was approved later; decide again about the store."
    assert standing.moves_of(2) == {}
    assert standing.names_of(2) == {1: "Rich"}
    withdrawn = folded(*made, {"kind": "reject", "version": 2})
    assert outcomes(withdrawn)[:3] == ["in force", "in force", "in force"]


def test_a_move_in_an_older_version_that_is_made_in_the_knowledge_of_the_newer_stands():
    standing = folded(approval(), approval(day(1)), move("s001", 2, version=1), move("s001", 3))
    assert outcomes(standing) == ["superseded", "in force", "in force", "in force"]
    assert standing.moves == {(1, "s001"): 2, (2, "s001"): 3}


def test_a_move_that_was_taken_back_need_not_be_decided_again():
    standing = folded(approval(), move("s001", 2), move("s001", None), approval(day(1)))
    assert outcomes(standing) == ["superseded", "superseded", "in force", "in force"]
    assert note(standing, 1) == "Replaced by decision d3."


def test_clusters_that_stand_are_not_approved_again():
    standing = folded(approval(), move("s001", 2), approval())
    assert outcomes(standing) == ["in force", "in force", "refused"]
    assert "stand already as version 1" in note(standing)
    assert standing.models.height == 1
    # neither another quarter, nor another request, nor other values of the stores are the same clusters
    assert outcomes(folded(approval(), approval(day(1)), approval())) == ["superseded", "superseded", "in force"]
    assert outcomes(folded(approval(), approval(scenario=Scenario(n_clusters=3, n_bootstraps=1)))) == ["superseded", "in force"]
    stored = folded(approval(decision_id="a")).models
    dearer = FEATURES.with_columns(pl.col("revenue") * 2)
    again = folded(approval(decision_id="a"), approval(decision_id="b"), features=dearer, stored=stored)
    assert outcomes(again) == ["superseded", "in force"]


def test_an_approval_that_was_stored_is_not_refused_as_a_repetition():
    first, second = approval(decision_id="a"), approval(day(1), decision_id="b")
    stored = folded(first, second).models
    # both are fitted as the second was
    as_second = stored[1:].with_columns(version=pl.lit(1, dtype=pl.Int64), decision_id=pl.lit("a"))
    assert outcomes(folded(first, second, stored=pl.concat([as_second, stored[1:]]))) == ["superseded", "in force"]
