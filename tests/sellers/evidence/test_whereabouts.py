import numpy as np
import polars as pl

from tests.sellers.rows_of_people import walk
from vitrina.sellers.evidence.whereabouts import HOLD, Whereabouts, ways_of, ways_of_tracks


def box(x, y=100, height=100):
    return [x, y, x + 40, y + height]


def moments(*found, step=0.2):
    return [(number * step, np.array(boxes, float).reshape(-1, 4)) for number, boxes in enumerate(found)]


def test_between_two_looks_somebody_walks_straight_on():
    boxes, grown = Whereabouts(ways_of(moments([box(0)], [box(20)]))).at(0.1)
    assert boxes.tolist() == [box(10)]
    assert grown.tolist() == [0]


def test_who_is_missed_for_a_while_stays_covered_all_the_time():
    found = [[box(10 * number)] if number < 5 or number > 12 else [] for number in range(20)]
    whereabouts = Whereabouts(ways_of(moments(*found)))
    for time_s in np.arange(0, 3.9, 0.1):
        boxes, grown = whereabouts.at(time_s)
        true = np.array(box(50 * time_s))
        spared = boxes + grown[:, None] * np.array([-1, -1, 1, 1])
        assert ((spared[:, 0] <= true[0] + 1e-9) & (spared[:, 2] >= true[2] - 1e-9)).any(), time_s


def test_whoever_is_found_late_was_covered_before_and_stays_covered_after():
    whereabouts = Whereabouts(ways_of(moments(*[[]] * 20, [box(0)], [box(0)], *[[]] * 20)))
    for time_s, is_held in ((4.0 - HOLD.hold_s + 0.01, True), (4.2 + HOLD.hold_s - 0.01, True), (0.5, False), (8.0, False)):
        boxes, grown = whereabouts.at(time_s)
        assert (len(boxes) > 0) == is_held
        assert (grown > 0).all()


def test_what_was_found_once_is_held_for_a_shorter_time_but_not_where_it_is_a_track():
    once = moments(*[[]] * 20, [box(0)])
    assert len(Whereabouts(ways_of(once)).at(4 + HOLD.lone_hold_s + 0.1)[0]) == 0
    track = walk(1, [(1, 1)], first=4)
    assert len(Whereabouts(ways_of_tracks(track)).at(4 + HOLD.lone_hold_s + 0.1)[0]) == 1


def test_two_people_who_pass_each_other_are_both_covered():
    found = [[box(10 * number), box(200 - 10 * number)] for number in range(21)]
    whereabouts = Whereabouts(ways_of(moments(*found)))
    for time_s in (0.1, 1.1, 2.1, 3.5):
        lefts = whereabouts.at(time_s)[0][:, 0]
        for true in (50 * time_s, 200 - 50 * time_s):
            assert np.abs(lefts - true).min() < 11


def test_somebody_far_away_is_somebody_else():
    assert len(ways_of(moments([box(0)], [box(300)]))) == 2
    assert len(ways_of(moments([box(0)], [box(30)]))) == 1


def test_nobody_is_nowhere():
    boxes, grown = Whereabouts(ways_of(moments([], []))).at(0.1)
    assert boxes.shape == (0, 4)
    assert grown.shape == (0,)


def test_tracks_are_brought_to_the_pictures_pixels():
    rows = pl.concat([walk(1, [(1, 1), (2, 1)]), walk(2, [(5, 5)])])
    ways = ways_of_tracks(rows, (2.0, 4.0))
    assert len(ways) == 2
    first = rows.row(0, named=True)
    assert ways[0].boxes[0].tolist() == [first["x1"] / 2, first["y1"] / 4, first["x2"] / 2, first["y2"] / 4]
