"""How each person of a video was there."""

import numpy as np
import polars as pl
import pytest

from tests.sellers.made_up_days import HOUR, STEP_S, ZONE, MadeUpDay, usual_day
from vitrina.sellers.presence import PRESENCE_SCHEMA, presence_of
from vitrina.sellers.tables import Tracks, Trajectories


def presence(day, name, zone=ZONE):
    """A person's row, of tracks that are joined without an error."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(day.names), start=1)}
    joined = day.tracks.with_columns(pl.Series("person", [numbers[name] for name in day.names], pl.Int64))
    return presence_of(joined, day.trajectories, staff_zone=zone).row(by_predicate=pl.col("person") == numbers[name], named=True)


def test_time_in_the_picture_is_the_sum_over_returns():
    day = MadeUpDay(46).seller("anna", (0, HOUR), (3 * HOUR, 4 * HOUR), lost_every_s=1e9).customers(5)
    found = presence(day, "anna")
    assert found["present_s"] == pytest.approx(2 * HOUR, abs=120)
    assert found["last_s"] - found["first_s"] == pytest.approx(4 * HOUR, abs=120)
    assert found["pauses"] == 1


def test_a_single_sample_is_one_step_of_time():
    day = MadeUpDay(45).seller("anna", (0, HOUR))
    day._track("shred", np.array([900.0]), zone_share=1.0)
    assert presence(day, "shred")["present_s"] == STEP_S


def test_the_share_in_the_staff_zone_is_of_samples_and_null_without_a_zone():
    day = MadeUpDay(46).seller("anna", (0, 6 * HOUR), zone_share=0.3).seller("boris", (0, 6 * HOUR), zone_share=1.0)
    assert presence(day, "anna")["staff_zone_share"] == pytest.approx(0.3, abs=0.1)
    assert presence(day, "boris")["staff_zone_share"] > 0.95
    assert presence(day, "boris", zone=None)["staff_zone_share"] is None
    assert presence(day, "boris", zone=ZONE[:2])["staff_zone_share"] is None


def test_a_poster_is_a_fixture_and_nobodys_company():
    day, without = usual_day(43).poster(), usual_day(43)
    assert presence(day, "poster")["fixture"]
    assert presence(day, "poster")["alone_s"] == 0
    assert presence(day, "anna")["alone_s"] == presence(without, "anna")["alone_s"] > HOUR


@pytest.mark.parametrize("name", ["anna", "sitter"])
def test_people_are_no_fixtures(name):
    assert not presence(usual_day(44).sitter(HOUR, 2 * HOUR), name)["fixture"]


def test_who_stands_still_at_the_till_has_walked_there_and_is_no_fixture():
    day = MadeUpDay(45, hours=0.5)
    walk = np.array([[300.0 + 40 * step, 900.0] for step in range(8)])
    feet = np.vstack([walk, np.repeat(walk[-1:], 300, axis=0)])
    for name, place in (("anna", feet), ("mannequin", feet[8:])):
        day._track(name, np.arange(len(place)) * STEP_S, zone_share=0.0, anchor=(600.0, 900.0), jitter=0.5)
        rows = day.sample_rows[-1]
        shift = place[:, 0] - 600.0
        day.sample_rows[-1] = {**rows, **{column: rows[column] + shift for column in ("x1", "x2", "foot_x")}}
    assert [presence(day, name)["fixture"] for name in ("anna", "mannequin")] == [False, True]


def test_company_is_counted_by_hand():
    """Anna is there from 0 to 1000, a visitor from 200 to 300 and another one from 600 to 700."""
    day = MadeUpDay(1)
    day._track("anna", np.arange(0, 1001, STEP_S), zone_share=0.0)
    day._track("one", np.arange(200, 301, STEP_S), zone_share=0.0)
    day._track("two", np.arange(600, 701, STEP_S), zone_share=0.0)
    anna, one = presence(day, "anna"), presence(day, "one")
    assert anna["alone_s"] == 1005 - 2 * 105
    assert (anna["alone_share"], one["alone_s"], one["alone_share"]) == (1.0, 0.0, 0.0)
    assert (anna["visitors"], one["visitors"]) == (2, 1)
    assert (anna["came_first"], anna["left_last"]) == (True, True)
    # whoever comes and goes is the first visitor, and not there before the first one
    assert (one["came_first"], one["left_last"]) == (False, False)
    assert anna["spread"] == 1.0
    assert one["spread"] == pytest.approx(4 / 24)


def test_nobody_was_nowhere():
    found = presence_of(Tracks.empty(), Trajectories.empty())
    assert found.schema == pl.Schema(PRESENCE_SCHEMA)
    assert found.is_empty()
