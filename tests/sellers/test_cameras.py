import json
import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import DeliveryError
from vitrina.sellers.cameras import Camera, described
from vitrina.sellers.polygons import inside

FLOOR = [[[100, 100], [0, 0]], [[300, 110], [4, 0]], [[320, 300], [4, 3]], [[80, 290], [0, 3]]]
SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
ROW = {
    "store_id": "north",
    "camera_id": "till-1",
    "time_zone": "Europe/Moscow",
    "offset_s": "-12.5",
    "opening": "9:00–21:00",
    "floor": json.dumps(FLOOR),
    "staff_zone": "[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]",
    "ignored": "[[[20, 20], [30, 20], [25, 40]]]",
    "overlaps": "hall",
}


def camera(**values):
    return Camera.of({"store_id": "north", "camera_id": "till-1", **values})


def test_a_full_row_is_read():
    assert Camera.of(ROW) == Camera(
        store_id="north",
        camera_id="till-1",
        time_zone="Europe/Moscow",
        offset_s=-12.5,
        opening="09:00-21:00",
        floor=tuple((tuple(map(float, pixel)), tuple(map(float, metres))) for pixel, metres in FLOOR),
        staff_zone=SQUARE,
        ignored=(((20.0, 20.0), (30.0, 20.0), (25.0, 40.0)),),
        overlaps="hall",
    )


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_all_but_the_name_may_be_left_out(nothing):
    bare = Camera("north", "till-1")
    assert Camera.of({"store_id": "north", "camera_id": "till-1"}) == bare
    assert Camera.of({column: ROW[column] if column in {"store_id", "camera_id"} else nothing for column in ROW}) == bare
    assert bare.plane is None
    assert bare.open_minutes is None
    assert Camera.of({"store_id": "north", "camera_id": "till-1"}, time_zone="Asia/Tomsk").time_zone == "Asia/Tomsk"


def test_numbers_that_a_workbook_turned_into_numbers_are_read_as_they_were_meant():
    read = Camera.of({"store_id": 17, "camera_id": 3, "offset_s": 90})
    assert (read.store_id, read.camera_id, read.offset_s) == ("17", "3", 90.0)


def test_the_floor_of_a_camera_is_in_metres():
    assert Camera.of(ROW).plane.metres([(100, 100), (320, 300)]) == pytest.approx(np.array([(0, 0), (4, 3)]), abs=1e-6)


@pytest.mark.parametrize(
    ("opening", "minutes"),
    [
        ("09:00-21:00", (540, 1260)),
        ("00:00-24:00", (0, 1440)),
        (" 8:30 - 20:15 ", (510, 1215)),
        ("22:00-06:00", (1320, 1800)),
        ("18:00-00:00", (1080, 1440)),
    ],
)
def test_opening_hours_may_go_over_midnight(opening, minutes):
    assert camera(opening=opening).open_minutes == minutes


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("store_id", None),
        ("store_id", "../north"),
        ("store_id", ".."),
        ("camera_id", ""),
        ("camera_id", "till 1"),
        ("camera_id", "касса"),
        ("camera_id", "a" * 65),
        ("camera_id", "till\n1"),
        ("overlaps", "hall|1"),
        ("time_zone", "Europe/Nowhere"),
        ("time_zone", "Europe"),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", "MSK\0"),
        ("offset_s", "an hour"),
        ("offset_s", "nan"),
        ("offset_s", "inf"),
        ("offset_s", "1e300"),
        ("opening", "9-21"),
        ("opening", "09:00-25:00"),
        ("opening", "09:60-21:00"),
        ("opening", "24:00-06:00"),
        ("opening", "09:00-09:00"),
        ("opening", "09:00-24:30"),
        ("opening", ["09:00", "21:00"]),
        ("floor", "no json"),
        ("floor", "{}"),
        ("floor", "7"),
        ("floor", json.dumps(FLOOR[:3])),
        ("floor", json.dumps([*FLOOR[:3], FLOOR[0]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290]]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290], [0, 3], [1, 1]]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290], [0, "3"]]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290], [0, True]]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290], [0, None]]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290], [0, float("nan")]]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290], [0, 10**400]]])),
        ("floor", json.dumps([*FLOOR[:3], [[80, 290], [0, float("-inf")]]])),
        ("floor", json.dumps(FLOOR * 30)),
        ("floor", "[" * 10_000),
        ("floor", "[1" + "0" * 5_000 + "]"),
        ("floor", "[" + "0," * 20_000 + "0]"),
        ("staff_zone", "[[0, 0], [10, 0]]"),
        ("staff_zone", "[[0, 0], [10, 0], [0, 0]]"),
        ("staff_zone", "[[0, 0], [10, 0], [20, 0]]"),
        ("staff_zone", "[[0, 0], [10, 10], [10, 0], [0, 10]]"),
        ("staff_zone", "[[0, 0], [10, 0], [10, 10], [5, 0], [0, 10]]"),
        ("staff_zone", "[[0, 0], [10, 0], [10, 10], [10, 0]]"),
        ("staff_zone", "[0, 0, 10, 0, 10, 10]"),
        ("staff_zone", '["ab", "cd", "ef"]'),
        ("ignored", "[[0, 0], [10, 0], [10, 10]]"),
        ("ignored", "[[[0, 0], [10, 0], [10, 10]], []]"),
        ("ignored", "[null]"),
        ("ignored", "'; drop table cameras"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_its_place(column, value):
    row = {"store_id": "north", "camera_id": "till-1", "source_file": "cameras.csv", "source_row": 4, column: value}
    with pytest.raises(DeliveryError, match=rf"cameras\.csv row 4: {column} is .* What to do: Give ") as refused:
        Camera.of(row)
    assert len(str(refused.value)) < 700


def test_an_exception_says_what_is_wrong_with_the_floor():
    with pytest.raises(DeliveryError, match=re.escape("too many lie on one line")):
        camera(floor=json.dumps([[[x, 100], [x / 100, 0]] for x in (100, 200, 300, 400)]))


def read_or_refused(row, column):
    problem = column
    try:
        Camera.of(row)
    except DeliveryError as refused:
        problem = refused.problem
    assert column in problem


@given(st.sampled_from(sorted(ROW)), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text())))
def test_whatever_stands_in_a_cell_is_read_or_refused(column, value):
    read_or_refused({**ROW, column: value}, column)


@given(
    st.sampled_from(["floor", "staff_zone", "ignored"]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=2),
    ),
)
def test_whatever_json_stands_in_a_cell_is_read_or_refused(column, value):
    read_or_refused({**ROW, column: json.dumps(value)}, column)


def delivered(*rows):
    return pl.DataFrame([{**ROW, **row} for row in rows])


def test_a_camera_is_found_among_others_whose_rows_are_wrong():
    rows = delivered({"camera_id": "door", "floor": "no json"}, {"camera_id": " till-1 "})
    assert described(rows, "north", "till-1").opening == "09:00-21:00"
    with pytest.raises(DeliveryError, match="floor is 'no json'"):
        described(rows, "north", "door")


def test_a_camera_that_nobody_described_has_nothing_but_its_name():
    rows = delivered({"camera_id": "door"})
    assert described(rows, "south", "door", time_zone="Asia/Omsk") == Camera("south", "door", time_zone="Asia/Omsk")
    assert described(pl.DataFrame(), "north", "door") == Camera("north", "door")
    assert described(rows.clear(), "north", "door") == Camera("north", "door")


def test_a_camera_that_was_described_twice_is_refused():
    with pytest.raises(DeliveryError, match="'till-1' of store 'north' is described 2 times"):
        described(delivered({}, {"opening": "10:00-20:00"}), "north", "till-1")


def test_points_within_a_polygon_are_told_also_where_it_is_not_convex():
    arrow = ((0.0, 0.0), (10.0, 0.0), (5.0, 5.0), (10.0, 10.0), (0.0, 10.0))
    points = [(2, 5), (8, 5), (8, 1), (-1, 5), (5, 11), (4, 5), (6, 5)]
    assert inside(arrow, points).tolist() == [True, False, True, False, False, True, False]
    assert inside((), points).tolist() == [False] * 7
    assert inside(arrow, np.zeros((0, 2))).tolist() == []


@given(st.integers(0, 3), st.booleans())
def test_where_a_polygon_begins_and_which_way_it_goes_says_nothing(first, backwards):
    turned = SQUARE[first:] + SQUARE[:first]
    points = np.random.default_rng(3).uniform(-5, 15, size=(200, 2))
    expected = (points > 0).all(axis=1) & (points < 10).all(axis=1)
    assert inside(turned[::-1] if backwards else turned, points).tolist() == expected.tolist()
