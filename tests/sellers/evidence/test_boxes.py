"""The file of boxes: whom each is held for, and nothing of what anybody looks like."""

import datetime as dt
from io import BytesIO

import duckdb
import polars as pl

from vitrina.sellers.evidence.boxes import BOXES, DETECTED, as_parquet, boxes, detected
from vitrina.sellers.tables import Detections

START = dt.datetime(2026, 10, 14, 6, tzinfo=dt.UTC)
VIDEO = "north|till|20261014T060000Z|0123abcd"


def corners(left):
    return {"x1": left, "y1": 10.0, "x2": left + 20, "y2": 90.0}


def made():
    """Two boxes on the first sample, one of which is followed, and one on the second of the same track."""
    found = [(0, 0, 100.0), (0, 1, 300.0), (1, 0, 110.0)]
    detections = pl.DataFrame(
        [{"sample": s, "detection": d, "pts_s": s * 1.5, **corners(x), "confidence": 0.8, "heading": None} for s, d, x in found],
        schema=DETECTED,
    )
    places = pl.DataFrame(
        [{"sample": s, "track": 7, **corners(x), "floor_x": 1.0 + s, "floor_y": 2.0} for s, x in ((0, 100.0), (1, 110.0))]
    )
    tracks = pl.DataFrame({"track": [7], "person": [3]})
    people = pl.DataFrame({"person": [3], "role": ["customer"]})
    return detections, places, tracks, people


def test_each_box_has_its_time_and_whom_it_is_held_for_and_one_that_nobody_followed_has_nobody():
    found = boxes(*made(), START)
    assert dict(found.schema) == BOXES
    assert found.select("sample", "detection", "track", "person", "role", "floor_x").rows() == [
        (0, 0, 7, 3, "customer", 1.0),
        (0, 1, None, None, None, None),
        (1, 0, 7, 3, "customer", 2.0),
    ]
    assert found["at"].to_list() == [START, START, START + dt.timedelta(seconds=1.5)]


def test_boxes_in_the_very_same_place_are_not_multiplied():
    detections, places, tracks, people = made()
    twice = pl.concat([places, places.with_columns(track=pl.lit(8, pl.Int64))])
    assert boxes(detections, twice, tracks, people, START).height == detections.height


def test_equal_boxes_make_equal_files_that_give_them_back():
    detections, *others = made()
    first, second = (as_parquet(boxes(rows, *others, START)) for rows in (detections, detections.reverse()))
    assert first == second
    assert pl.read_parquet(BytesIO(first)).equals(boxes(detections, *others, START))


def test_a_video_without_anybody_has_an_empty_file():
    detections, places, tracks, people = (frame.clear() for frame in made())
    assert pl.read_parquet(BytesIO(as_parquet(boxes(detections, places, tracks, people, START)))).is_empty()


def test_of_stored_detections_everything_is_taken_but_the_looks():
    row = {
        "video": VIDEO,
        "sample": 0,
        "detection": 0,
        "pts_s": 0.0,
        **corners(1.0),
        "confidence": 0.5,
        "heading": None,
        "appearance": [1.0],
    }
    rows = pl.DataFrame([row, row | {"video": "another"}], schema=Detections.polars_schema())
    with duckdb.connect() as connection:
        connection.register("detections", rows)
        found = detected(connection, VIDEO)
    assert dict(found.schema) == DETECTED
    assert found.height == 1
    assert set(Detections.polars_schema()) - set(found.columns) == {"video", "appearance"}
