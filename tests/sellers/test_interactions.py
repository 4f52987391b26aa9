"""Interactions of walks whose answers are known."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sellers.rows_of_people import PX, VIDEO, people_of, scene, tracks_of, walk
from vitrina.errors import SettingsError
from vitrina.sellers.interaction_rule import InteractionRule
from vitrina.sellers.interactions import (
    CONSULTATION,
    ENCOUNTERS_SCHEMA,
    PAYMENT,
    encounters_of,
    interactions_of,
    sensitivity,
)
from vitrina.sellers.tables import Interactions, People, Tracks, Trajectories

ROLES = {1: "seller", 2: "customer"}
AT_TILL = (0.0, 0.0)


def met(*distances, step=1.0, metric=True, heading=(None, None), roles=None, **values):
    """A seller who stands, and a customer at a distance per sample, ``None`` where unseen."""
    n = len(distances)
    seller = walk(1, [AT_TILL] * n, step=step, metric=metric, heading=heading[0])
    places = [None if distance is None else (distance, 0.0) for distance in distances]
    customer = walk(2, places, step=step, metric=metric, heading=heading[1], **values)
    return scene(seller, customer, roles=roles or ROLES)


def spans(found):
    return found.select("begin_s", "end_s").rows()


def test_an_interaction_runs_from_near_to_far_and_half_a_step_beyond_its_samples():
    found = interactions_of(*met(4, 3, 1.4, 1, 1, 1, 1.9, 1.9, 2.1, 4))
    assert found.select("begin_s", "end_s", "duration_s", "samples", "closest", "basis").rows() == [
        (1.5, 7.5, 6.0, 6, 1.0, "metres")
    ]
    assert found["begin_at"][0].isoformat() == "2026-10-14T09:00:01.500000+00:00"
    assert found["receipt_id"].null_count() == found["successful"].null_count() == 1


def test_between_the_two_distances_an_interaction_goes_on_but_does_not_begin():
    assert interactions_of(*met(*[1.8] * 20)).is_empty()
    assert spans(interactions_of(*met(*[1.8] * 5, 1.5, *[1.8] * 5))) == [(4.5, 10.5)]


@pytest.mark.parametrize(("samples", "n"), [(4, 0), (5, 1)])
def test_what_lasts_less_than_the_shortest_duration_is_none(samples, n):
    assert interactions_of(*met(9, *[1.0] * samples, 9)).height == n


def test_an_interruption_of_three_samples_is_bridged_and_one_of_four_is_not():
    near = [1.0] * 6
    assert spans(interactions_of(*met(9, *near, 9, None, 9, *near, 9))) == [(0.5, 15.5)]
    assert spans(interactions_of(*met(9, *near, 9, None, None, 9, *near, 9))) == [(0.5, 6.5), (10.5, 16.5)]


def test_between_near_samples_an_interruption_is_bridged_by_its_seconds():
    near, away = [1.0] * 30, [9.0] * 14
    assert interactions_of(*met(*near, *away, *near, step=0.2)).height == 1
    assert interactions_of(*met(*near, *away, 9.0, 9.0, *near, step=0.2)).height == 2


def test_while_the_camera_is_off_nothing_goes_on():
    trajectories, tracks, people = met(*[1.0] * 20)
    late = pl.col("sample") >= 10
    broken = trajectories.with_columns(pts_s=pl.when(late).then(pl.col("pts_s") + 600).otherwise("pts_s"))
    assert spans(interactions_of(broken, tracks, people)) == [(0.0, 9.5), (609.5, 619.5)]


def test_two_who_walk_side_by_side_do_not_begin_and_one_who_follows_after_talking_goes_on():
    path = [(1.0 * i, 0.0) for i in range(12)]
    beside = [(x, 1.0) for x, _ in path]
    assert interactions_of(*scene(walk(1, path), walk(2, beside), roles=ROLES)).is_empty()
    stood = [(0.0, 0.0)] * 4
    led = scene(walk(1, stood + path), walk(2, [(0.0, 1.0)] * 4 + beside), roles=ROLES)
    assert spans(interactions_of(*led)) == [(0.0, 15.5)]


def test_a_box_that_trembles_between_near_samples_does_not_walk():
    rng = np.random.default_rng(0)
    places = [(0.0 + dx, 0.0 + dy) for dx, dy in rng.normal(0, 0.04, (150, 2))]
    others = [(1.2 + dx, 0.0 + dy) for dx, dy in rng.normal(0, 0.04, (150, 2))]
    found = interactions_of(*scene(walk(1, places, step=0.04), walk(2, others, step=0.04), roles=ROLES))
    assert found["begin_s"].to_list() == pytest.approx([0.0], abs=0.1)


def test_without_a_floor_distance_is_in_body_heights():
    found = interactions_of(*met(*[1.5] * 8, metric=False))
    assert found["basis"].to_list() == ["body heights"]
    assert found["closest"][0] == pytest.approx(150 / 170)
    assert interactions_of(*met(*[1.6] * 8, metric=False)).is_empty()


def test_without_a_floor_people_of_unequal_height_stand_at_unequal_depth():
    assert interactions_of(*met(*[0.9] * 8, metric=False, height=110.0)).is_empty()
    assert interactions_of(*met(*[0.9] * 8, metric=True, height=110.0)).height == 1


def test_people_back_to_back_do_not_speak_and_people_face_to_face_do():
    facing, away = (0.0, math.pi), (math.pi, 0.0)
    assert interactions_of(*met(*[1.2] * 8, heading=facing))["oriented"].to_list() == [True]
    assert interactions_of(*met(*[1.2] * 8, heading=away)).is_empty()
    assert interactions_of(*met(*[1.2] * 8))["oriented"].to_list() == [None]


def test_where_one_heading_is_unknown_distance_alone_decides_and_the_row_says_so():
    assert interactions_of(*met(*[1.2] * 8, heading=(math.pi, None)))["oriented"].to_list() == [False]


def test_headings_are_turned_onto_the_floor_where_it_is_known():
    # a picture that is mirrored: in it they turn their backs on each other, on the floor they face each other
    def mirrored(pixels):
        return np.column_stack([-pixels[:, 0], pixels[:, 1] - 500]) / PX

    trajectories, tracks, people = met(*[1.2] * 8, heading=(math.pi, 0.0))
    seen = trajectories.with_columns(foot_x=-pl.col("foot_x"))
    assert interactions_of(seen, tracks, people, to_metres=mirrored)["oriented"].to_list() == [True]
    plain = interactions_of(trajectories, tracks, people, to_metres=lambda px: mirrored(px) * [-1, 1])
    assert plain.is_empty()


def test_a_seller_may_serve_two_customers_and_a_customer_be_served_by_two_sellers():
    n = 10
    found = interactions_of(
        *scene(
            walk(1, [(0.0, 0.0)] * n),
            walk(2, [(1.0, 0.0)] * n),
            walk(3, [(0.0, 1.0)] * n),
            walk(4, [(1.0, 1.0)] * n),
            roles={1: "seller", 2: "customer", 3: "customer", 4: "seller"},
            seller_ids={1: "anna"},
        )
    )
    pairs = found.select("interaction", "seller_person", "customer_person", "seller_id").rows()
    assert pairs == [(1, 1, 2, "anna"), (2, 1, 3, "anna"), (3, 4, 2, None), (4, 4, 3, None)]


@pytest.mark.parametrize("role", ["unknown", "fixture", "seller"])
def test_only_sellers_with_customers_interact(role):
    assert interactions_of(*met(*[1.0] * 10, roles={1: "seller", 2: role})).is_empty()


def test_a_customer_whose_track_breaks_is_served_once():
    seller = walk(1, [AT_TILL] * 12)
    parts = walk(2, [(1.0, 0.0)] * 5), walk(3, [(1.0, 0.0)] * 6, first=6)
    persons = {1: 1, 2: 2, 3: 2}
    assert interactions_of(*scene(seller, *parts, roles=ROLES, persons=persons)).height == 1


def test_of_a_person_with_two_boxes_on_a_sample_one_counts():
    seller = walk(1, [AT_TILL] * 8)
    twice = walk(2, [(1.0, 0.0)] * 8), walk(3, [(9.0, 0.0)] * 8, height=100.0)
    found = interactions_of(*scene(seller, *twice, roles=ROLES, persons={1: 1, 2: 2, 3: 2}))
    assert found.select("samples", "closest").rows() == [(8, 1.0)]


COUNTER = ((-50.0, 400.0), (50.0, 400.0), (50.0, 600.0), (-50.0, 600.0))
"""The staff's part of the picture, round the place at the till."""


def around_seller(*customers, n=12):
    """A seller who stands at the till, and customers who stand at distances from there; numbered from 2."""
    walks = [walk(1, [AT_TILL] * n), *(walk(number, [(x, 0.0)] * n) for number, x in enumerate(customers, 2))]
    return scene(*walks, roles={1: "seller"} | {number: "customer" for number, _ in enumerate(customers, 2)})


def served(found, kind=CONSULTATION):
    return found.filter(pl.col("kind") == kind)["customer_person"].to_list()


def test_whoever_looks_at_goods_beside_two_who_talk_is_no_part_of_it():
    assert served(interactions_of(*around_seller(0.8, 1.4))) == [2]
    assert served(interactions_of(*around_seller(1.3, 1.4))) == [2, 3]
    # alone with the seller, the same distance is a talk
    assert served(interactions_of(*around_seller(1.4))) == [2]


def test_whoever_stands_across_the_counter_may_be_paying():
    found = interactions_of(*around_seller(2.2), staff_zone=COUNTER)
    assert served(found, PAYMENT) == [2]
    assert served(found) == []
    assert interactions_of(*around_seller(2.8), staff_zone=COUNTER).is_empty()


def test_only_behind_a_counter_does_a_seller_take_payments_across_it():
    assert interactions_of(*around_seller(2.2)).is_empty()
    elsewhere = tuple((x + 300, y) for x, y in COUNTER)
    assert interactions_of(*around_seller(2.2), staff_zone=elsewhere).is_empty()


def test_a_row_says_whether_the_seller_stood_behind_the_counter():
    elsewhere = tuple((x + 300, y) for x, y in COUNTER)
    said = [interactions_of(*around_seller(1.2), staff_zone=zone)["at_counter"].to_list() for zone in (COUNTER, elsewhere, ())]
    assert said == [[True], [False], [None]]


def test_a_talk_ends_where_its_seller_goes_behind_the_counter_and_another_begins():
    seller = [(3.0, 0.0)] * 15 + [(3.0 - 0.5 * i, 0.0) for i in range(6)] + [AT_TILL] * 15
    customer = [(x + 1.0, 0.0) for x, _ in seller]
    both = scene(walk(1, seller), walk(2, customer), roles=ROLES)
    found = interactions_of(*both, staff_zone=COUNTER)
    assert found.select("customer_person", "at_counter").rows() == [(2, False), (2, True)]
    first, second = found.select("begin_s", "end_s").rows()
    assert first[1] == pytest.approx(second[0], abs=1.0)
    assert interactions_of(*both).height == 1


@pytest.mark.parametrize("step", [0.04, 1.0])
def test_a_foot_that_trembles_at_the_counters_edge_cuts_no_talk(step):
    n = round(30 / step)
    # a second outside, two behind, whatever the rate
    seller = [(0.4 + 0.2 * (int(i * step) % 3 == 0), 0.0) for i in range(n)]
    both = scene(walk(1, seller, step=step), walk(2, [(1.5, 0.0)] * n, step=step), roles=ROLES)
    assert interactions_of(*both, staff_zone=COUNTER)["at_counter"].to_list() == [True]


def test_a_time_of_no_length_about_the_counter_is_refused():
    with pytest.raises(SettingsError, match="counter_s"):
        InteractionRule(counter_s=0.0)


def test_whoever_stands_behind_the_counter_is_no_customer():
    assert interactions_of(*around_seller(0.4), staff_zone=COUNTER).is_empty()
    assert served(interactions_of(*around_seller(0.4))) == [2]


def test_the_next_in_the_queue_does_not_pay_yet():
    assert served(interactions_of(*around_seller(1.9, 2.5), staff_zone=COUNTER), PAYMENT) == [2]


def test_whoever_walks_past_the_counter_does_not_pay():
    n = 12
    passing = walk(2, [(-1.2 + 0.8 * i, 1.8) for i in range(n)])
    assert interactions_of(*scene(walk(1, [AT_TILL] * n), passing, roles=ROLES), staff_zone=COUNTER).is_empty()


@pytest.mark.parametrize("step", [0.2, 0.5, 1.0, 1.2, 2.0])
def test_on_average_durations_are_right_at_any_step(step):
    lasts, found = 40.0, []
    for begin in np.linspace(20, 22, 9):
        times = np.arange(0, 100, step)
        distances = [1.0 if begin <= time < begin + lasts else 9.0 for time in times]
        found += interactions_of(*met(*distances, step=step))["duration_s"].to_list()
    assert len(found) == 9
    assert np.mean(found) == pytest.approx(lasts, abs=0.3)


def test_of_samples_half_a_minute_apart_one_alone_is_no_interaction():
    assert interactions_of(*met(9, 1, 9, 9, step=30.0)).is_empty()
    assert interactions_of(*met(9, 1, 1, 9, step=30.0))["duration_s"].to_list() == [60.0]


def test_an_empty_video_has_no_interactions():
    empty = Trajectories.empty(), Tracks.empty(), People.empty()
    assert interactions_of(*empty).equals(Interactions.empty())
    assert encounters_of(*empty).is_empty()
    assert sensitivity(*empty).is_empty()


def test_one_sample_alone_is_read_without_complaint():
    assert interactions_of(*met(1.0)).is_empty()


def test_encounters_are_times_near_each_other_however_short():
    found = encounters_of(*met(9, 1.9, 9, 9, 9, 9, 9, 1.0, 1.0, 9))
    assert found.schema == ENCOUNTERS_SCHEMA
    assert found.rows() == [(VIDEO, 1, 2, 0.5, 1.5), (VIDEO, 1, 2, 6.5, 8.5)]


def test_sensitivity_counts_what_is_left_for_each_shortest_duration():
    far = [9.0] * 5
    found = sensitivity(*met(9, *[1.0] * 3, *far, *[1.0] * 10, *far, *[1.0] * 30, *far))
    assert found["min_duration_s"].to_list() == [float(s) for s in range(2, 61)]
    counts = dict(found.select("min_duration_s", "interactions").rows())
    assert [counts[s] for s in (2, 3, 4, 10, 11, 30, 31, 60)] == [3, 3, 2, 2, 1, 1, 0, 0]
    assert set(found["customers_served"]) == {0, 1}


def test_a_rule_that_ends_before_it_begins_is_refused():
    with pytest.raises(SettingsError, match="end nearer"):
        InteractionRule(start_m=3.0)


distances = st.lists(st.one_of(st.none(), st.floats(0.3, 4.0)), min_size=1, max_size=40)


@settings(deadline=None, max_examples=12)
@given(distances, st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(given_distances, seed):
    trajectories, tracks, people = met(*given_distances, 1.0)
    found = interactions_of(trajectories, tracks, people)
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (trajectories, tracks, people)]
    assert interactions_of(*shuffled).equals(found)


@settings(deadline=None, max_examples=12)
@given(distances, distances)
def test_halves_of_a_video_between_which_nobody_is_near_add_up(first, second):
    apart = [9.0] * 6
    whole = met(*first, *apart, *second, 9.0)
    cut = pl.col("sample") < len(first) + 3
    n = 0
    for half in (whole[0].filter(cut), whole[0].filter(~cut)):
        tracks = tracks_of(half, {1: 1, 2: 2})
        n += interactions_of(half, tracks, people_of(tracks, ROLES)).height
    assert interactions_of(*whole).height == n


@settings(deadline=None, max_examples=12)
@given(distances)
def test_longer_is_rarer(given_distances):
    found = sensitivity(*met(*given_distances, 1.0))["interactions"].to_list()
    assert found == sorted(found, reverse=True)
