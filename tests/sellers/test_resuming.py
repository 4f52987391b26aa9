"""Tracks that go on as others."""

import polars as pl
import pytest

from tests.sellers.rows_of_people import HEIGHT_PX, PX, VIDEO, walk
from vitrina.sellers.people import PeopleSettings
from vitrina.sellers.resuming import resumed

RULE = PeopleSettings()
NEAR = RULE.resumed_heights * HEIGHT_PX / PX


def found(*walks):
    return resumed(pl.concat(walks), RULE).select("track", "later").rows()


@pytest.mark.parametrize(
    ("apart", "gap", "goes_on"),
    [
        (0.0, 1, True),
        (0.9 * NEAR, 30, True),
        (1.1 * NEAR, 30, False),
        (0.0, int(RULE.resumed_s), True),
        (0.0, int(RULE.resumed_s) + 1, False),
    ],
)
def test_who_is_found_soon_and_near_may_be_who_was_lost(apart, gap, goes_on):
    lost, later = walk(1, [(3.0, 0.0)] * 5), walk(2, [(3.0 + apart, 0.0)] * 5, first=4 + gap)
    assert found(lost, later) == ([(1, 2)] if goes_on else [])


def test_who_is_there_at_the_same_time_is_somebody_else():
    assert found(walk(1, [(3.0, 0.0)] * 5), walk(2, [(3.0, 0.0)] * 5, first=4)) == []


def test_what_counts_is_where_one_ends_and_the_other_begins():
    assert found(walk(1, [(0.0, 0.0), (9.0, 0.0)]), walk(2, [(9.0, 0.0), (0.0, 0.0)], first=5)) == [(1, 2)]


def test_of_whoever_is_hidden_from_below_the_head_tells_the_place():
    # the box of the later one ends at the waist: its feet seem to be a metre higher up
    waist = walk(2, [(3.0, 0.0)] * 5, first=20).with_columns(y2=pl.col("y2") - 100, foot_y=pl.col("foot_y") - 100)
    tall = walk(1, [(3.0, 0.0)] * 5)
    assert found(tall, waist) == [(1, 2)]


def test_videos_are_apart():
    later = walk(2, [(3.0, 0.0)] * 5, first=20, video=VIDEO + "x")
    assert found(walk(1, [(3.0, 0.0)] * 5), later) == []
