"""A pilot's cases, and what experts' verdicts on them say."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.errors import SettingsError
from vitrina.marketplace.pilot import ACTIVE_PURCHASES, RECENT, pilot_cases
from vitrina.marketplace.pilot_results import (
    KAPPA,
    KAPPA_OF_EXPERTS,
    LOST_OFFERS,
    MEASURES,
    OVERLAP,
    PRECISION,
    pilot_results,
)
from vitrina.marketplace.pilot_tables import PilotCases, PilotResults

NOON = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)
N_ITEMS, N_USERS = 200, 60


def made_up_items(**changes):
    columns = {
        "item_id": [f"i{number:03}" for number in range(N_ITEMS)],
        "users": list(range(N_ITEMS)),
        "available": [True] * N_ITEMS,
        "rule": pl.Series([None] * N_ITEMS, dtype=pl.String),
    }
    return pl.DataFrame(columns | changes)


def made_up_users(purchases=9):
    return pl.DataFrame(
        {
            "user_hash": [f"u{number:02}" for number in range(N_USERS)],
            "last_at": [NOON - dt.timedelta(days=number) for number in range(N_USERS)],
            "purchases": [purchases] * N_USERS,
            "events": [50] * N_USERS,
        }
    )


def made_up_recommendations(length=20):
    rows = [(f"u{user:02}", place + 1, f"i{(7 * user + place) % N_ITEMS:03}") for user in range(N_USERS) for place in range(length)]
    return pl.DataFrame(rows, schema=["user_hash", "place", "item_id"], orient="row")


def cases_of(recommendations=None, items=None, users=None, *, n_users=5, seed=1, **more):
    given_frames = (
        made_up_recommendations() if recommendations is None else recommendations,
        made_up_items() if items is None else items,
        made_up_users() if users is None else users,
    )
    return PilotCases.check(pilot_cases(*given_frames, pilot="2024-06", n_users=n_users, seed=seed, **more))


def test_a_case_shows_the_first_ten_recommendations_among_ten_items_that_stand_nowhere_in_the_list():
    lists = made_up_recommendations()
    for (user,), case in cases_of().group_by("user_hash"):
        listed = lists.filter(pl.col("user_hash") == user).sort("place").get_column("item_id").to_list()
        assert set(case.filter("recommended").get_column("item_id")) == set(listed[:10])
        assert case.filter(~pl.col("recommended")).height == 10
        assert not set(case.filter(~pl.col("recommended")).get_column("item_id")) & set(listed)
        assert sorted(case.get_column("position")) == list(range(1, 21))


def test_cases_are_numbered_from_one_and_depend_on_the_seed_but_not_on_the_order_of_rows():
    found = cases_of()
    assert found.get_column("case").unique(maintain_order=True).to_list() == ["1", "2", "3", "4", "5"]
    shuffled = [
        frame.sample(fraction=1, shuffle=True, seed=5) for frame in (made_up_recommendations(), made_up_items(), made_up_users())
    ]
    assert cases_of(*shuffled).equals(found)
    assert not cases_of(seed=2).equals(found)


def test_recommendations_stand_at_all_positions_of_the_shuffled_list():
    found = cases_of(n_users=60)
    by_position = found.group_by("position").agg(pl.col("recommended").mean()).get_column("recommended")
    assert by_position.len() == 20
    assert 0.25 < by_position.min() < by_position.max() < 0.75


def test_users_are_drawn_from_the_most_recent_of_those_who_bought_enough():
    users = made_up_users().with_columns(
        pl.when(pl.int_range(pl.len()) < 10).then(ACTIVE_PURCHASES - 1).otherwise("purchases").alias("purchases")
    )
    found = {user for seed in range(20) for user in cases_of(users=users, n_users=3, seed=seed).get_column("user_hash")}
    assert found == {f"u{number:02}" for number in range(10, 10 + 3 * RECENT)}


def test_users_with_enough_events_fill_up_where_few_buy():
    few = made_up_users(purchases=0).with_columns(pl.when(pl.col("user_hash") == "u40").then(9).otherwise(0).alias("purchases"))
    found = cases_of(users=few, n_users=4).get_column("user_hash").unique(maintain_order=True).to_list()
    assert found[0] == "u40"
    assert len(found) == 4
    assert set(found[1:]) <= {f"u{number:02}" for number in range(3 * RECENT)}
    assert cases_of(users=few.with_columns(events=4, purchases=0)).is_empty()


def test_users_without_recommendations_are_no_case():
    lists = made_up_recommendations().filter(pl.col("user_hash") == "u33")
    assert cases_of(lists, n_users=9).get_column("user_hash").unique().to_list() == ["u33"]


def test_what_may_not_be_recommended_is_not_drawn():
    barred = made_up_items(
        available=[number % 2 == 0 for number in range(N_ITEMS)],
        rule=["deny" if number % 3 == 0 else None for number in range(N_ITEMS)],
    )
    drawn = cases_of(items=barred, n_users=20).filter(~pl.col("recommended")).get_column("item_id")
    assert drawn.len() == 200
    assert all(int(item[1:]) % 2 == 0 and int(item[1:]) % 3 for item in drawn)
    allowed = made_up_items(rule=["allow" if number >= 190 else None for number in range(N_ITEMS)])
    assert set(cases_of(items=allowed).filter(~pl.col("recommended")).get_column("item_id")) <= {f"i{n}" for n in range(190, 200)}


def test_half_of_the_others_are_drawn_by_popularity_and_half_evenly():
    # one of ten items is met by 1,000 times as many users as each of the others
    popular = made_up_items(users=[1000 if number % 10 == 0 else 1 for number in range(N_ITEMS)])
    drawn = cases_of(items=popular, n_users=60).filter(~pl.col("recommended")).get_column("item_id")
    share = np.mean([int(item[1:]) % 10 == 0 for item in drawn])
    assert 0.5 <= share < 0.56
    unmet = made_up_items(users=[0] * N_ITEMS)
    assert cases_of(items=unmet).filter(~pl.col("recommended")).height == 50


def test_a_small_catalogue_gives_what_it_has():
    few = made_up_items().head(25)
    found = cases_of(items=few, n_users=1, users=made_up_users().head(1))
    assert found.filter(~pl.col("recommended")).height == 5


def test_an_impossible_pilot_is_refused():
    with pytest.raises(SettingsError, match="at least one"):
        cases_of(n_users=0)


# --- results ------------------------------------------------------------------------------------------------------------


def made_up_cases(n=2, recommended=2, others=2):
    rows = [
        ("p", str(case), f"{'r' if place < recommended else 'o'}{place}", f"u{case}", place < recommended, place + 1)
        for case in range(1, n + 1)
        for place in range(recommended + others)
    ]
    return pl.DataFrame(rows, schema=PilotCases.polars_schema(), orient="row")


def verdicts_of(*rows, pilot="p"):
    schema = {"pilot": pl.String, "case": pl.String, "item_id": pl.String, "expert": pl.String, "suits": pl.Boolean}
    return pl.DataFrame([(pilot, *row) for row in rows], schema=schema, orient="row")


def measured(cases, verdicts):
    found = PilotResults.check(pilot_results(cases, verdicts))
    assert found.get_column("measure").to_list() == list(MEASURES)
    return {row["measure"]: row for row in found.iter_rows(named=True)}


ONE_EXPERT = verdicts_of(
    ("1", "r0", "A", True),
    ("1", "r1", "A", True),
    ("1", "o2", "A", True),
    ("1", "o3", "A", False),
    ("2", "r0", "A", True),
    ("2", "r1", "A", False),
    ("2", "o2", "A", False),
    ("2", "o3", "A", None),
)


def test_known_verdicts_give_the_known_measures():
    found = measured(made_up_cases(), ONE_EXPERT)
    assert found[PRECISION]["value"] == 3 / 4
    assert found[LOST_OFFERS]["value"] == 1 / 4
    # three items suit the first user, but a list of two can hold no more than two of them
    assert found[OVERLAP]["value"] == 1.0
    # recommended and suits: 3 yes-yes, 1 yes-no, 1 no-yes, 2 no-no of 7; chance (4·4 + 3·3) / 49
    assert found[KAPPA]["value"] == pytest.approx((5 / 7 - 25 / 49) / (1 - 25 / 49))
    assert found[KAPPA_OF_EXPERTS]["value"] is None
    assert (found[PRECISION]["cases"], found[PRECISION]["verdicts"]) == (2, 4)
    assert (found[KAPPA]["verdicts"], found[KAPPA_OF_EXPERTS]["verdicts"]) == (7, 0)


def test_overlap_counts_what_suits_and_was_not_recommended():
    verdicts = verdicts_of(("1", "r0", "A", True), ("1", "r1", "A", False), ("1", "o2", "A", True), ("2", "o2", "A", False))
    assert measured(made_up_cases(), verdicts)[OVERLAP]["value"] == 1 / 2
    assert measured(made_up_cases(), verdicts)[OVERLAP]["cases"] == 1


def test_the_interval_of_two_cases_runs_from_the_one_to_the_other():
    found = measured(made_up_cases(), ONE_EXPERT)
    assert (found[PRECISION]["low"], found[PRECISION]["high"]) == (0.5, 1.0)


def test_the_majority_of_experts_counts_and_ties_are_left_out():
    verdicts = verdicts_of(
        *(("1", "r0", expert, answer) for expert, answer in (("A", True), ("B", True), ("C", False))),
        *(("1", "r1", expert, answer) for expert, answer in (("A", True), ("B", False))),
    )
    found = measured(made_up_cases(), verdicts)
    assert found[PRECISION]["value"] == 1.0
    assert (found[PRECISION]["cases"], found[PRECISION]["verdicts"]) == (1, 3)


def test_experts_agree_as_their_common_items_say():
    answers = [("r0", True, True), ("r1", True, False), ("o2", False, False), ("o3", False, False)]
    rows = [("1", item, expert, answer) for item, *both in answers for expert, answer in zip("AB", both, strict=True)]
    # C judged one item only, and nobody else did
    found = measured(made_up_cases(), verdicts_of(*rows, ("2", "r0", "C", True)))
    assert found[KAPPA_OF_EXPERTS]["value"] == pytest.approx((3 / 4 - 1 / 2) / (1 - 1 / 2))
    assert (found[KAPPA_OF_EXPERTS]["cases"], found[KAPPA_OF_EXPERTS]["verdicts"]) == (1, 8)


def test_the_kappas_of_pairs_are_weighted_by_their_common_items():
    agreeing = [("1", item, expert, item < "r") for item in ("r0", "r1", "o2", "o3") for expert in "AB"]
    disagreeing = [("2", item, expert, (item < "r") != (expert == "D")) for item in ("r0", "o2") for expert in "CD"]
    found = measured(made_up_cases(), verdicts_of(*agreeing, *disagreeing))
    assert found[KAPPA_OF_EXPERTS]["value"] == pytest.approx((4 * 1 + 2 * -1) / 6)


@pytest.mark.parametrize("pilot", ["p", "another"])
def test_no_verdicts_give_nulls_and_no_error(pilot):
    rows = [] if pilot == "p" else [("1", "r0", "A", True)]
    for row in measured(made_up_cases(), verdicts_of(*rows, pilot=pilot)).values():
        assert (row["value"], row["low"], row["high"], row["cases"], row["verdicts"]) == (None, None, None, 0, 0)
    assert pilot_results(PilotCases.empty(), verdicts_of()).is_empty()


def test_one_sided_verdicts_give_what_they_can():
    yes = measured(made_up_cases(), verdicts_of(("1", "r0", "A", True), ("2", "r0", "A", True)))
    assert (yes[PRECISION]["value"], yes[LOST_OFFERS]["value"], yes[KAPPA]["value"]) == (1.0, 0.0, None)
    no = measured(made_up_cases(), verdicts_of(("1", "r0", "A", False), ("1", "o2", "A", False)))
    assert (no[PRECISION]["value"], no[LOST_OFFERS]["value"], no[OVERLAP]["value"]) == (0.0, None, None)
    assert no[PRECISION]["low"] is None


def test_verdicts_on_what_was_not_shown_do_not_count():
    strange = verdicts_of(("1", "elsewhere", "A", False), ("9", "r0", "A", False))
    assert pilot_results(made_up_cases(), pl.concat([ONE_EXPERT, strange])).equals(pilot_results(made_up_cases(), ONE_EXPERT))


def test_the_last_verdict_of_an_expert_on_an_item_counts():
    changed = pl.concat([ONE_EXPERT, verdicts_of(("1", "r0", "A", False))])
    assert measured(made_up_cases(), changed)[PRECISION]["value"] == 2 / 4


def test_each_pilot_has_its_own_rows():
    other = made_up_cases().with_columns(pilot=pl.lit("q"))
    found = pilot_results(pl.concat([other, made_up_cases()]), ONE_EXPERT)
    assert found.get_column("pilot").unique(maintain_order=True).to_list() == ["p", "q"]
    assert found.filter(pl.col("pilot") == "q").get_column("value").null_count() == len(MEASURES)
    assert found.filter(pl.col("pilot") == "p").equals(pilot_results(made_up_cases(), ONE_EXPERT))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.sampled_from("ABC"), st.booleans()), max_size=30))
def test_values_lie_within_their_bounds_and_their_intervals(answers):
    names = ["r0", "r1", "o2", "o3"]
    verdicts = verdicts_of(*((str(case), names[place], expert, suits) for case, place, expert, suits in answers))
    for measure, row in measured(made_up_cases(n=4), verdicts).items():
        if row["value"] is not None:
            assert -1 - 1e-9 <= row["value"] <= 1 + 1e-9
            assert row["value"] >= 0 or measure in {KAPPA, KAPPA_OF_EXPERTS}
        if row["low"] is not None:
            assert row["low"] <= row["high"]


def test_an_empty_cell_is_no_verdict():
    verdicts = verdicts_of(("1", "r0", "A", True), ("1", "r0", "B", None))
    found = measured(made_up_cases(), verdicts)
    assert (found[PRECISION]["verdicts"], found[KAPPA_OF_EXPERTS]["verdicts"]) == (1, 0)
