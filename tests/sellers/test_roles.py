"""Who sells and who buys."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.sellers.made_up_days import (
    DAY,
    HOUR,
    ZONE,
    MadeUpDay,
    day_of_two,
    day_with_everything,
    day_without_sellers,
    seller_minutes,
    sellers_tracks,
    usual_day,
)
from vitrina.sellers.roles import baseline_roles, roles_of
from vitrina.sellers.shifts import Shift
from vitrina.sellers.tables import People, Tracks, Trajectories

SEEDS = (31, 32, 33)


@cache
def made(make, seed):
    """A day that is only looked at."""
    return make(seed)


def judged(day, *, zone=ZONE, roster=True, prototypes=None, joined=None):
    shifts = day.on_shift if roster else None
    tracks = day.joined if joined is None else joined
    people = roles_of(tracks, day.trajectories, day=DAY, staff_zone=zone, shifts=shifts, prototypes=prototypes)
    People.check(people)
    return tracks, people


def as_they_are(day):
    """Tracks joined without an error, so that only roles are judged."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(day.names), start=1)}
    persons = pl.Series("person", [numbers[name] for name in day.names], pl.Int64)
    return day.tracks.with_columns(persons), numbers


def role_of(day, name, **how):
    joined, numbers = as_they_are(day)
    _, people = judged(day, joined=joined, **how)
    return people.row(by_predicate=pl.col("person") == numbers[name], named=True)


def minutes(day, column="role", **how):
    tracks, people = judged(day, **how)
    return seller_minutes(day, sellers_tracks(tracks, people, column))


@pytest.mark.parametrize("zone", [ZONE, None], ids=["zone", "no zone"])
@pytest.mark.parametrize("roster", [True, False], ids=["roster", "no roster"])
@pytest.mark.parametrize("make", [usual_day, day_of_two, day_with_everything])
def test_sellers_minutes_are_found_on_days_of_all_kinds(make, roster, zone):
    found = np.mean([minutes(made(make, seed), roster=roster, zone=zone) for seed in SEEDS], axis=0)
    assert found.min() >= 0.95


def test_on_a_usual_day_the_plain_rule_does_as_well():
    assert np.mean([minutes(made(usual_day, seed), "baseline_role") for seed in SEEDS], axis=0).min() >= 0.95


def test_the_plain_rule_takes_a_poster_for_the_seller_and_misses_the_second_one():
    assert np.max([minutes(made(day_with_everything, seed), "baseline_role", roster=False) for seed in SEEDS]) == 0
    assert np.mean([minutes(made(day_of_two, seed), "baseline_role", roster=False) for seed in SEEDS], axis=0)[1] <= 0.6


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("roster", [True, False], ids=["roster", "no roster"])
@pytest.mark.parametrize("zone", [ZONE, None], ids=["zone", "no zone"])
def test_where_no_seller_is_nobody_becomes_one(seed, roster, zone):
    day = day_without_sellers(seed)
    day.shifts.append(("anna", 0, 12 * HOUR))  # who should have come
    _, people = judged(day, roster=roster, zone=zone)
    assert "seller" not in people["role"].to_list()
    assert people["baseline_role"].to_list().count("seller") == 1


@pytest.mark.parametrize("zone", [ZONE, None], ids=["zone", "no zone"])
def test_a_customer_who_sits_for_an_hour_is_a_customer(zone):
    day = usual_day(34).sitter(4 * HOUR, 5 * HOUR)
    assert role_of(day, "sitter", zone=zone)["role"] == "customer"


def test_who_sits_all_through_a_short_video_is_no_seller():
    day = MadeUpDay(35, hours=1).customers(15, last_s=3500).sitter(0, HOUR)
    found = {zone is not None: role_of(day, "sitter", zone=zone, roster=False) for zone in (ZONE, None)}
    assert found[True]["role"] == "customer"
    # without a zone the seller at the till would look the same
    assert found[False]["role"] == "unknown"
    assert "stays in one place" in found[False]["evidence"]
    # not even where the roster misses one
    day.shifts.append(("anna", 0, HOUR))
    assert role_of(day, "sitter", zone=ZONE)["role"] == "customer"


def test_without_visitors_and_without_a_zone_a_long_stay_says_little():
    day = MadeUpDay(36, hours=1).seller("anna", (0, HOUR))
    assert role_of(day, "anna", zone=None, roster=False)["role"] == "unknown"
    assert role_of(day, "anna", zone=ZONE, roster=False)["role"] == "seller"


def test_what_a_seller_looks_like_is_evidence_where_nothing_else_is():
    day = MadeUpDay(37, hours=0.5).seller("anna", (0, 900)).customers(4, first_s=100, last_s=1700)
    assert role_of(day, "anna", zone=None, roster=False)["role"] != "seller"
    with_look = role_of(day, "anna", zone=None, roster=False, prototypes=day.prototypes("anna"))
    assert with_look["role"] == "seller"
    assert "looks like seller anna as today" in with_look["evidence"]


def test_the_look_of_a_seller_who_is_not_on_shift_is_none():
    day = MadeUpDay(37, hours=0.5).seller("anna", (0, 900)).customers(4, first_s=100, last_s=1700)
    looks = day.prototypes("anna")
    assert "looks like" in role_of(day, "anna", zone=None, prototypes=looks)["evidence"]
    day.shifts = [("boris", 0, 1800)]
    assert "looks like" not in role_of(day, "anna", zone=None, prototypes=looks)["evidence"]


def test_whoever_wears_what_a_sure_seller_of_the_video_wears_is_likelier_one():
    def evidence(name, alike):
        day = usual_day(39).seller("boris", (5 * HOUR, 5.4 * HOUR), zone_share=0.01, alike=alike)
        return role_of(day, name, roster=False)["evidence"]

    assert "looks like another seller of this video" in evidence("boris", "anna")
    assert "looks like another seller of this video" not in evidence("boris", None)
    # nobody is their own colleague
    assert "looks like another seller of this video" not in evidence("anna", None)


def test_there_are_never_more_sellers_than_on_shift():
    day = day_of_two(38)
    day.shifts = [("anna", 0, 12 * HOUR)]
    roles = [role_of(day, name) for name in ("anna", "boris")]
    assert sorted(row["role"] for row in roles) == ["seller", "unknown"]
    assert any("no more sellers" in row["evidence"] for row in roles)
    # both are there all the same where the roster is not known
    assert [role_of(day, name, roster=False)["role"] for name in ("anna", "boris")] == ["seller", "seller"]


def test_where_nobody_is_on_shift_nobody_sells():
    day = usual_day(39)
    joined, _ = as_they_are(day)
    people = roles_of(joined, day.trajectories, day=DAY, staff_zone=ZONE, shifts=())
    assert {"seller"} & {*people["role"], *people["baseline_role"]} == set()
    assert "unknown" in people["role"].to_list()


def test_the_roster_helps_a_likely_seller_and_forces_nobody():
    day = MadeUpDay(40, hours=1).seller("anna", (0, HOUR), zone_share=0.0).customers(3, last_s=3500)
    found = [role_of(day, "anna", zone=None, roster=roster) for roster in (False, True)]
    assert [row["role"] for row in found] == ["unknown", "seller"]
    assert "the roster has one more seller" in found[1]["evidence"]
    customers = MadeUpDay(41).customers(30)
    customers.shifts.append(("anna", 0, 12 * HOUR))
    assert set(judged(customers)[1]["role"]) <= {"customer", "unknown"}


@pytest.mark.parametrize("seed", SEEDS)
def test_who_comes_and_goes_as_a_shift_begins_and_ends_is_on_it(seed):
    day = MadeUpDay(seed).seller("anna", (0, 12 * HOUR)).seller("boris", (4 * HOUR, 7 * HOUR)).customers(60)
    found = {roster: role_of(day, "boris", zone=None, roster=roster) for roster in (True, False)}
    assert found[True]["role"] == "seller"
    assert "as on the shift of seller boris" in found[True]["evidence"]
    assert found[False]["role"] == "unknown"


def test_who_stays_through_a_part_of_a_shift_has_not_come_and_gone_with_it():
    day = MadeUpDay(35, hours=1).customers(15, last_s=3500).sitter(0, HOUR)
    day.shifts.append(("anna", -2 * HOUR, 3 * HOUR))
    assert "on the shift" not in role_of(day, "sitter", zone=None)["evidence"]


def test_a_seller_whom_tracking_lost_for_good_is_two_sellers_of_one_shift():
    day = usual_day(42)
    joined, numbers = as_they_are(day)
    halves = joined.with_columns(
        person=pl.when((pl.col("person") == numbers["anna"]) & (pl.col("first_s") > 6 * HOUR)).then(999).otherwise("person")
    )
    _, people = judged(day, joined=halves)
    assert people.filter(pl.col("person").is_in([numbers["anna"], 999]))["role"].to_list() == ["seller", "seller"]


def test_a_seller_with_many_lost_tracks_is_still_found():
    day = MadeUpDay(44).seller("anna", (0, 12 * HOUR), lost_every_s=120).customers(40)
    assert min(minutes(day)) >= 0.95


def test_who_was_seen_for_two_samples_has_no_role():
    day = MadeUpDay(45).seller("anna", (0, HOUR)).customers(10)
    day._track("shred", np.array([900.0, 905.0]), zone_share=1.0)
    found = role_of(day, "shred")
    assert (found["role"], found["present_s"]) == ("unknown", 10.0)
    assert "too briefly" in found["evidence"]


def test_the_plain_rule_adds_up_returns_and_takes_as_many_as_the_roster_names():
    present = pl.DataFrame({"person": [1, 2, 3], "present_s": [50.0, 90.0, 70.0]})
    two = [Shift("anna", 0, 10), Shift("boris", 0, 10), Shift("boris", 20, 30)]
    for shifts, expected in ((None, [2]), (two, [2, 3]), ([], [])):
        found = baseline_roles(present, shifts)
        assert found.filter(pl.col("baseline_role") == "seller")["person"].to_list() == expected


def test_the_order_of_rows_changes_nothing():
    day = day_with_everything(47)
    joined = day.joined
    usual = roles_of(joined, day.trajectories, day=DAY, staff_zone=ZONE, shifts=day.on_shift)
    mixed = roles_of(
        joined.sample(fraction=1, shuffle=True, seed=1),
        day.trajectories.sample(fraction=1, shuffle=True, seed=2),
        day=DAY,
        staff_zone=ZONE,
        shifts=day.on_shift[::-1],
    )
    floats = pl.selectors.float()
    assert mixed.select(~floats).equals(usual.select(~floats))
    assert np.allclose(mixed.select(floats).to_numpy(), usual.select(floats).to_numpy())


def test_a_video_without_people_has_none():
    assert roles_of(Tracks.empty(), Trajectories.empty(), day=DAY).equals(People.empty())
