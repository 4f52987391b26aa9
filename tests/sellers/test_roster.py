"""Sellers of the shifts who are in the picture."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tests.sellers.made_up_days import DAY, HOUR, START, STORE, VIDEO, ZONE, MadeUpDay, day_of_two
from vitrina.sellers.roles import roles_of
from vitrina.sellers.roster import PROTOTYPES_SCHEMA, ROSTER, learnt, matched, with_sellers
from vitrina.sellers.shifts import Shift, shifts_in
from vitrina.sellers.tables import People, Tracks

NOBODY = pl.DataFrame(schema=PROTOTYPES_SCHEMA)
YESTERDAY = DAY - dt.timedelta(days=1)
AXES = np.eye(4)


def person(number, *spans, look=AXES[0], role="seller", confidence=0.95):
    return number, spans, look, role, confidence


def seen(*persons):
    """Tables of people and tracks, of persons with their spans of time."""
    tracks = [
        (VIDEO, 0, number, float(first), float(last), 400, 0.8, 160.0, 100.0, list(look))
        for number, spans, look, _, _ in persons
        for first, last in spans
    ]
    people = [
        (VIDEO, number, len(spans), 0.0, 0.0, float(sum(b - a for a, b in spans)), role, None, confidence, role, None, "")
        for number, spans, _, role, confidence in persons
    ]
    numbered = [(row[0], place, *row[2:]) for place, row in enumerate(tracks, start=1)]
    return (
        pl.DataFrame(people, schema=People.polars_schema(), orient="row"),
        pl.DataFrame(numbered, schema=Tracks.polars_schema(), orient="row"),
    )


def looks(*known):
    rows = [(seller, day, list(look)) for seller, look, day in known]
    return pl.DataFrame(rows, schema=PROTOTYPES_SCHEMA, orient="row")


def on(*names, begin=0, end=10000):
    return [Shift(name, begin, end) for name in names]


def names(persons, shifts, prototypes=NOBODY):
    matches = matched(*seen(*persons), shifts, prototypes, day=DAY)
    return dict(matches.select("person", "seller_id").iter_rows())


def test_the_only_seller_of_the_shift_is_the_only_seller_in_the_picture():
    assert names([person(1, (0, 5000)), person(2, (0, 400), role="customer")], on("anna")) == {1: "anna"}


def test_two_of_one_shift_whom_nobody_knows_stay_unknown():
    both = [person(1, (0, 5000)), person(2, (0, 5000), look=AXES[1])]
    assert names(both, on("anna", "boris")) == {}
    people, tracks = seen(*both)
    kept = with_sellers(people, matched(people, tracks, on("anna", "boris"), NOBODY, day=DAY))
    assert kept.select("role", "seller_id").rows() == [("seller", None)] * 2


def test_known_looks_tell_two_apart():
    both = [person(1, (0, 5000)), person(2, (0, 5000), look=AXES[1])]
    assert names(both, on("anna", "boris"), looks(("boris", AXES[0], DAY), ("anna", AXES[1], DAY))) == {1: "boris", 2: "anna"}


def test_the_last_one_left_is_matched_because_the_other_is_known():
    both = [person(1, (0, 5000)), person(2, (0, 5000), look=AXES[1])]
    assert names(both, on("anna", "boris"), looks(("anna", AXES[0], DAY))) == {1: "anna", 2: "boris"}


def test_shifts_tell_two_apart_whom_nobody_knows():
    early, late = on("anna", end=9000), on("boris", begin=9000, end=20000)
    assert names([person(1, (100, 8900)), person(2, (9100, 19000))], [*early, *late]) == {1: "anna", 2: "boris"}


def test_who_comes_as_the_third_shift_begins_is_the_third_seller_and_two_who_come_together_stay_unknown():
    all_day, later = on("anna", "boris", end=36_000), on("clara", begin=14_400, end=36_000)
    three = [person(1, (0, 36_000)), person(2, (20, 36_000), look=AXES[1]), person(3, (14_700, 36_000), look=AXES[2])]
    assert names(three, [*all_day, *later]) == {3: "clara"}


def test_coming_tells_nothing_of_two_who_look_alike():
    shifts = [*on("anna", end=36_000), *on("boris", begin=1_500, end=36_000)]
    assert names([person(1, (0, 36_000)), person(2, (1_500, 36_000), look=AXES[1])], shifts) == {1: "anna", 2: "boris"}
    assert names([person(1, (0, 36_000)), person(2, (1_500, 36_000), look=(1.0, 0.1, 0.0, 0.0))], shifts) == {}


def test_whoever_comes_back_as_a_shift_begins_has_not_come():
    all_day, later = on("anna", end=36_000), on("clara", begin=14_400, end=36_000)
    lost = [person(1, (0, 14_000)), person(2, (14_500, 36_000), look=AXES[1])]
    assert names(lost, [*all_day, *later]).get(2) is None


def test_a_day_with_a_break_is_nobody_elses_day():
    with_break = [Shift("anna", 0, 14_400), Shift("anna", 18_000, 32_400), Shift("clara", 0, 32_400)]
    assert names([person(1, (0, 14_400), (18_000, 32_400))], with_break) == {}


def test_of_an_hours_file_the_longer_shift_wins_nothing():
    shifts = [Shift("anna", -12_600, 30_600), Shift("boris", -1_800, 12_600)]
    hour = [person(1, (720, 2_880)), person(2, (0, 3_600), role="customer", look=AXES[1])]
    assert names(hour, shifts) == {}
    assert names(hour, [Shift("boris", -1_800, 12_600)]) == {1: "boris"}


@pytest.mark.parametrize(
    "shifts", [[(25_200, 36_000)], [(25_200, 28_800), (28_800, 32_400), (32_400, 36_000)], [(25_200, 36_000), (23_400, 36_000)]]
)
def test_time_that_two_shifts_share_counts_once(shifts):
    known = looks(("anna", AXES[0], YESTERDAY))
    assert names([person(1, (0, 36_000))], [Shift("anna", *shift) for shift in shifts], known) == {}


def test_looks_of_a_net_that_is_no_longer_used_say_nothing():
    both = [person(1, (0, 5000)), person(2, (0, 5000), look=AXES[1])]
    right = (("boris", AXES[0], DAY), ("anna", AXES[1], DAY))
    wider = [(seller, np.ones(8), DAY) for seller in ("anna", "boris")]
    assert names(both, on("anna", "boris"), looks(*right, *wider)) == {1: "boris", 2: "anna"}
    assert names(both, on("anna", "boris"), looks(*wider)) == {}


def test_coming_a_little_earlier_than_another_proves_nothing():
    shifts = [*on("anna", begin=0, end=36_000), *on("boris", begin=300, end=36_000)]
    assert names([person(1, (0, 36_000)), person(2, (310, 36_000), look=AXES[1])], shifts) == {}


def test_looks_outweigh_being_late():
    shifts = [*on("anna", begin=0, end=36_000), *on("boris", begin=14_400, end=36_000)]
    both = [person(1, (0, 36_000)), person(2, (14_400, 36_000), look=AXES[1])]
    assert names(both, shifts) == {1: "anna", 2: "boris"}
    assert names(both, shifts, looks(("boris", AXES[0], DAY), ("anna", AXES[1], DAY))) == {1: "boris", 2: "anna"}


def test_who_looks_otherwise_today_is_somebody_else_and_who_did_on_another_day_may_have_changed_clothes():
    one = [person(1, (0, 5000))]
    assert names(one, on("anna"), looks(("anna", AXES[1], DAY))) == {}
    assert names(one, on("anna"), looks(("anna", AXES[1], YESTERDAY))) == {1: "anna"}


def test_two_who_look_alike_are_not_guessed():
    alike = looks(("anna", (1.0, 0.1, 0.0, 0.0), DAY), ("boris", (1.0, 0.0, 0.1, 0.0), DAY))
    assert names([person(1, (0, 5000))], on("anna", "boris"), alike) == {}


def test_parts_of_one_seller_that_are_never_together_are_all_hers():
    parts = [person(1, (0, 2000)), person(2, (2100, 4000), look=(1.0, 0.2, 0.0, 0.0))]
    assert names(parts, on("anna")) == {1: "anna", 2: "anna"}
    both = [*parts, person(3, (0, 4000), look=AXES[1])]
    assert names(both, on("anna", "boris"), looks(("anna", AXES[0], DAY))) == {1: "anna", 2: "anna", 3: "boris"}


def test_nobody_is_in_the_picture_twice():
    parts = [person(1, (0, 2000)), person(2, (1000, 4000))]
    found = names(parts, on("anna"), looks(("anna", AXES[0], DAY)))
    assert list(found.values()).count("anna") <= 1


def test_who_is_there_outside_the_shift_is_not_on_it():
    assert names([person(1, (0, 4000))], on("anna", begin=5000)) == {}
    # half an hour before is early
    assert names([person(1, (3500, 6000))], on("anna", begin=5000)) == {1: "anna"}


def test_without_shifts_or_without_sellers_nobody_is_matched():
    assert names([person(1, (0, 4000))], None) == {}
    assert names([person(1, (0, 4000))], []) == {}
    assert names([person(1, (0, 4000), role="unknown")], on("anna")) == {}


def test_only_sure_matches_teach_what_a_seller_looks_like():
    for doubt, rows in (
        (person(1, (0, 5000), confidence=0.75), 0),
        (person(1, (0, 100)), 0),
        (person(1, (0, 5000)), 1),
    ):
        people, tracks = seen(doubt)
        matches = matched(people, tracks, on("anna"), NOBODY, day=DAY)
        assert matches.height == 1
        assert learnt(NOBODY, matches, tracks, day=DAY).height == rows


def test_what_is_learnt_on_a_day_is_one_mean_and_old_looks_are_forgotten():
    _, tracks = seen(person(1, (0, 5000)))
    before = looks(("anna", AXES[1], DAY), ("anna", AXES[2], YESTERDAY), ("anna", AXES[3], DAY - dt.timedelta(days=60)))
    matches = pl.DataFrame({"person": [1], "seller_id": ["anna"], "sure": [True]})
    found = learnt(before, matches, tracks, day=DAY)
    assert found["day"].to_list() == [YESTERDAY, DAY]
    assert found["appearance"][1].to_list() == pytest.approx([0.5**0.5, 0.5**0.5, 0, 0])
    assert found.schema == pl.Schema(PROTOTYPES_SCHEMA)
    # what is learnt twice from the same stays what it is
    once = learnt(NOBODY, matches, tracks, day=DAY)
    assert learnt(once, matches, tracks, day=DAY).equals(once)


@pytest.mark.parametrize("seed", [51, 52, 53])
def test_on_made_up_days_sellers_get_their_names_and_nobody_a_wrong_one(seed):
    day = day_of_two(seed)
    tracks = day.joined
    shifts = shifts_in(day.roster, store_id=STORE, begin=START, end=START + dt.timedelta(hours=12), slack_s=ROSTER.early_or_late_s)
    for prototypes in (NOBODY, day.prototypes("anna", "boris"), day.prototypes("anna", day=YESTERDAY)):
        people = roles_of(tracks, day.trajectories, day=DAY, staff_zone=ZONE, shifts=shifts, prototypes=prototypes)
        named = with_sellers(people, matched(people, tracks, shifts, prototypes, day=DAY))
        People.check(named)
        said = tracks.join(named.select("person", "seller_id"), on="person").sort("track").with_columns(name=pl.Series(day.names))
        time = said.with_columns(time=pl.col("last_s") - pl.col("first_s")).filter(pl.col("seller_id").is_not_null())
        right = time.filter(pl.col("seller_id") == pl.col("name"))["time"].sum()
        of_sellers = said.filter(pl.col("name").is_in(["anna", "boris"])).select(pl.col("last_s") - pl.col("first_s")).sum().item()
        assert right / time["time"].sum() >= 0.95
        assert right / of_sellers >= 0.95


def test_what_is_learnt_in_one_video_names_a_seller_in_the_next_one_of_the_day():
    morning = MadeUpDay(54).seller("anna", (0, 6 * HOUR)).customers(30)
    tracks = morning.joined
    people = roles_of(tracks, morning.trajectories, day=DAY, staff_zone=ZONE, shifts=morning.on_shift)
    known = learnt(NOBODY, matched(people, tracks, morning.on_shift, NOBODY, day=DAY), tracks, day=DAY)
    assert known["seller_id"].to_list() == ["anna"]
    later = MadeUpDay(54, hours=0.5)  # the same looks, for the seed is the same
    later.looks.update(morning.looks)
    later.seller("anna", (0, 900)).seller("boris", (0, 1700)).customers(4, first_s=100, last_s=1700)
    joined = later.joined
    judged = roles_of(joined, later.trajectories, day=DAY, staff_zone=ZONE, shifts=later.on_shift, prototypes=known)
    named = with_sellers(judged, matched(judged, joined, later.on_shift, known, day=DAY))
    tracks_of = {
        seller: {later.names[track - 1] for track in joined.filter(pl.col("person") == number)["track"]}
        for number, seller in named.drop_nulls("seller_id").select("person", "seller_id").iter_rows()
    }
    assert tracks_of["anna"] == {"anna"}
    assert all(found == {seller} for seller, found in tracks_of.items())
