"""Tracks that are joined to persons."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from tests.sellers.made_up_days import VIDEO, MadeUpDay, day_of_two, day_with_everything, usual_day
from vitrina.sellers.people import RESUMED_SCHEMA, PeopleSettings, alike, appearances_of, mean_length, people_of, unit_rows
from vitrina.sellers.tables import Tracks

PLAIN = PeopleSettings(same_distance=0.0, cut=0.3, gap_distance=0.0, short_samples=1)


def track(number, first, last, look, *, samples=20, video=VIDEO):
    return (video, number, 1, float(first), float(last), samples, 0.8, 160.0, 10.0, list(look))


def tracks(*rows):
    return pl.DataFrame(rows, schema=Tracks.polars_schema(), orient="row")


def persons(*rows, settings=PLAIN):
    return people_of(tracks(*rows), settings=settings)["person"].to_list()


def at(degrees):
    return np.cos(np.radians(degrees)), np.sin(np.radians(degrees))


def pairs(day, found):
    """Precision and recall of pairs of samples that are of one person."""
    names = np.unique(np.array(day.names), return_inverse=True)[1]
    weights = np.multiply.outer(*[day.tracks["samples"].to_numpy()] * 2)
    said = np.equal.outer(*[found["person"].to_numpy()] * 2)
    true = np.equal.outer(names, names)
    right = (weights * (said & true)).sum()
    return right / (weights * said).sum(), right / (weights * true).sum()


def test_somebody_who_returns_is_the_same_person():
    assert persons(track(1, 0, 9, at(0)), track(2, 20, 29, at(90)), track(3, 40, 49, at(5))) == [1, 2, 1]


def test_nobody_is_in_two_places_at_once_however_alike_they_look():
    assert persons(track(1, 0, 10, at(0)), track(2, 10, 20, at(0))) == [1, 2]
    # the third one looks like both, and belongs to whom it looks like most; it does not join them
    assert persons(track(1, 0, 10, at(0)), track(2, 5, 15, at(4)), track(3, 30, 40, at(3))) == [1, 2, 2]


RESUMING = replace(PLAIN, lost_cut=2.0, short_samples=4)


def resumed_persons(*rows, pairs, settings=RESUMING):
    resumed = pl.DataFrame([(VIDEO, *pair) for pair in pairs], schema=RESUMED_SCHEMA, orient="row")
    return people_of(tracks(*rows), resumed=resumed, settings=settings)["person"].to_list()


def test_who_is_found_where_somebody_was_lost_may_look_a_little_different():
    # 1 - cos 60° = .5: beyond the cut of .3, within twice of it; 1 - cos 70° = .66 is not
    lost, near, other = track(1, 0, 9, at(0)), track(2, 20, 29, at(60)), track(2, 20, 29, at(70))
    assert resumed_persons(lost, near, pairs=[]) == [1, 2]
    assert resumed_persons(lost, near, pairs=[(1, 2)]) == [1, 1]
    assert resumed_persons(lost, other, pairs=[(1, 2)]) == [1, 2]


def test_the_likest_goes_on_and_the_other_stays_somebody():
    rows = track(1, 0, 9, at(0)), track(2, 20, 29, at(60)), track(3, 25, 35, at(-50))
    assert resumed_persons(*rows, pairs=[(1, 2), (1, 3)]) == [1, 2, 1]


def test_a_second_box_of_somebody_keeps_nobody_from_going_on():
    # the third track is a box of a moment, while the first one is there; it looks like the second, and is its person at first
    rows = track(1, 0, 9, at(0)), track(2, 20, 29, at(60)), track(3, 5, 5, at(60), samples=1)
    assert resumed_persons(*rows, pairs=[]) == [1, 2, 2]
    # never in two places at once: the box is somebody of their own
    assert resumed_persons(*rows, pairs=[(1, 2)]) == [1, 1, 2]
    assert resumed_persons(*rows, pairs=[(1, 2), (3, 2)]) == [1, 1, 2]


def test_persons_who_may_be_one_are_alike_and_never_met():
    rows = tracks(track(1, 0, 9, at(0)), track(2, 5, 14, at(20)), track(3, 20, 29, at(50)), track(4, 30, 39, at(90)))
    told = rows.with_columns(person=pl.col("track"))
    # 1 - cos 30° = .13, 1 - cos 40° = .23, 1 - cos 50° = .36; the first two met
    found = alike(told, replace(PLAIN, lost_cut=1.0))
    assert found.select("person", "other").rows() == [(2, 3), (3, 2), (3, 4), (4, 3)]
    assert found["distance"].to_list() == pytest.approx([0.134, 0.134, 0.234, 0.234], abs=1e-3)
    assert (1, 3) in alike(told, replace(PLAIN, lost_cut=1.3)).select("person", "other").rows()
    assert alike(told.with_columns(pl.lit([], pl.List(pl.Float32)).alias("appearance")), PLAIN).is_empty()


def test_a_chain_of_look_alikes_does_not_grow_together():
    # neighbours are 1 - cos 40° = .23 apart, the ends .94
    found = persons(*[track(number, 20 * number, 20 * number + 9, at(40 * number)) for number in range(1, 4)])
    assert len(set(found)) == 2


def test_a_short_track_joins_a_person_and_never_joins_two():
    apart = [track(1, 0, 9, at(0)), track(3, 40, 49, at(60))]
    between = [track(number, 20 + number / 10, 20 + number / 10, at(25), samples=2) for number in (4,)]
    joined = PeopleSettings(same_distance=0.0, cut=0.3, gap_distance=0.0, short_samples=4)
    assert persons(*apart, *between, settings=joined) == [1, 2, 1]
    # as long ones, 60° in two halves are no bridge either, but shreds at the same time are still two people
    twice = [*between, track(5, 20.4, 20.4, at(24), samples=2)]
    assert len({*persons(*apart, *twice, settings=joined)[2:]}) == 2


def test_shreds_that_belong_to_nobody_are_joined_among_themselves():
    shreds = [track(number, 10 * number, 10 * number, at(90 + number), samples=2) for number in (2, 3)]
    assert persons(track(1, 0, 9, at(0)), *shreds, settings=PeopleSettings()) == [1, 2, 2]


def test_the_longer_somebody_was_away_the_more_alike_they_must_look():
    away = PeopleSettings(same_distance=0.0, cut=0.3, gap_s=3600, gap_distance=0.1, short_samples=1)
    near, far = track(2, 100, 190, at(40)), track(2, 8000, 8090, at(40))
    assert persons(track(1, 0, 90, at(0)), near, settings=away) == [1, 1]
    assert persons(track(1, 0, 90, at(0)), far, settings=away) == [1, 2]
    # with somebody in between who is surely the same, they were never away for long
    between = [track(3, 2000 * number, 2000 * number + 90, at(0)) for number in (1, 2, 3)]
    steps = [(*row[:1], number, *row[2:]) for number, row in enumerate(between, start=3)]
    assert persons(track(1, 0, 90, at(0)), far, *steps, settings=away) == [1, 1, 1, 1, 1]


def test_without_overlaps_it_is_the_average_linkage_of_scipy():
    looks = unit_rows(pl.Series(np.random.default_rng(3).normal(size=(60, 5)).tolist()))
    rows = [track(number, 10 * number, 10 * number + 5, look) for number, look in enumerate(looks, start=1)]
    for cut in np.arange(0.1, 1.0, 0.1):
        found = persons(*rows, settings=replace(PLAIN, cut=float(cut)))
        expected = fcluster(linkage(pdist(looks, "cosine"), "average"), cut, "distance")
        assert np.array_equal(np.equal.outer(found, found), np.equal.outer(expected, expected))
    assert 1 < len(set(found)) < 60


def test_the_mean_of_detections_is_as_long_as_expected():
    rng = np.random.default_rng(0)
    noise = np.sqrt(0.213 / 0.787 / 256)
    person = np.eye(256)[0]
    for samples in (1, 4, 100):
        seen = person + noise * rng.normal(size=(200, samples, 256))
        means = (seen / np.linalg.norm(seen, axis=2, keepdims=True)).mean(axis=1)
        assert np.linalg.norm(means, axis=1).mean() == pytest.approx(mean_length(samples), abs=0.01)


def test_the_appearance_of_a_person_is_the_mean_of_all_detections():
    numbers, means = appearances_of(tracks(track(1, 0, 9, at(0), samples=30), track(2, 20, 29, at(90), samples=10)))
    assert numbers == [1]
    assert means[0] / np.linalg.norm(means[0]) == pytest.approx(np.array([3, 1]) / np.sqrt(10))
    assert np.linalg.norm(means[0]) == pytest.approx(mean_length(40))


@pytest.mark.parametrize("make", [usual_day, day_of_two, day_with_everything])
def test_a_days_tracks_are_joined_as_they_belong(make):
    found = [pairs(day, people_of(day.tracks)) for day in (make(seed) for seed in (21, 22, 23))]
    precision, recall = np.mean(found, axis=0)
    assert precision >= 0.95
    assert recall >= 0.9


def test_the_cut_for_detections_would_join_too_many_means():
    """Without the length that means have lost, and without minding gaps, the same cut makes one person of several."""
    day = usual_day(21)
    n_true = len(set(day.names))
    plain = people_of(day.tracks, settings=PeopleSettings(same_distance=0.0, gap_distance=0.0))["person"].n_unique()
    ours = people_of(day.tracks)["person"].n_unique()
    assert plain < 0.5 * n_true
    assert 0.85 * n_true <= ours <= 1.15 * n_true


def test_nobody_overlaps_with_themselves_on_any_day():
    joined = day_with_everything(24).joined.sort("person", "first_s")
    again = joined.with_columns(before=pl.col("last_s").cum_max().shift(1).over("person"))
    assert again.filter(pl.col("first_s") <= pl.col("before")).is_empty()


def test_two_alike_in_one_uniform_are_told_apart_while_both_are_there():
    day = MadeUpDay(5).seller("anna", (0, 20000)).seller("boris", (0, 20000), alike="anna")
    found = people_of(day.tracks).with_columns(name=pl.Series(day.names), samples=day.tracks["samples"])
    assert found["person"].n_unique() >= 2
    assert pairs(day, found)[0] >= 0.8


@settings(deadline=None, max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random):
    rows = usual_day(25, hours=3).tracks
    places = list(range(rows.height))
    random.shuffle(places)
    assert people_of(rows[places]).equals(people_of(rows))


def test_videos_are_taken_one_by_one():
    found = people_of(tracks(track(1, 0, 9, at(0)), track(1, 20, 29, at(0), video="b"), track(2, 40, 49, at(80), video="b")))
    assert found.rows() == [("b", 1, 1), ("b", 2, 2), (VIDEO, 1, 1)]


def test_no_tracks_are_no_people_and_tracks_without_appearance_are_each_somebody():
    assert people_of(tracks()).is_empty()
    assert persons(track(1, 0, 9, []), track(2, 20, 29, []), track(3, 40, 49, at(0))) == [1, 2, 3]
