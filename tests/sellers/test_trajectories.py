import datetime as dt

import numpy as np
import polars as pl
import pytest

from vitrina.sellers.floor import Floor
from vitrina.sellers.tables import Detections, FootageSamples, Tracks, Trajectories
from vitrina.sellers.trackers import TRACKERS
from vitrina.sellers.tracking import tracked
from vitrina.sellers.trajectories import tracks_summary, trajectories

VIDEO = "north|till-1|20261014T090000Z|0123abcd"
START = dt.datetime(2026, 10, 14, 9, tzinfo=dt.UTC)
# a hundred pixels are a metre, from (100, 100) on
FLOOR = Floor.of([((100, 100), (0, 0)), ((300, 100), (2, 0)), ((300, 300), (2, 2)), ((100, 300), (0, 2))])


def detections_of(rows):
    """Detections of (sample, detection, x1, y1, x2, y2, confidence, heading, appearance)."""
    frame = pl.DataFrame(
        [(VIDEO, sample, number, float(sample), *rest) for sample, number, *rest in rows],
        schema=Detections.polars_schema(),
        orient="row",
    )
    return Detections.validate(frame)


def samples_of(n):
    frame = pl.DataFrame(
        {
            "video": VIDEO,
            "sample": range(n),
            "pts_s": [float(sample) for sample in range(n)],
            "at": [START + dt.timedelta(seconds=sample) for sample in range(n)],
            "brightness": 100.0,
            "sharpness": 500.0,
            "change": 1.0,
            "state": "ok",
        }
    )
    return frame.with_columns(pl.col("at").cast(pl.Datetime("us", "UTC"))).cast(FootageSamples.polars_schema())


def tracks_of(*rows):
    return pl.DataFrame(rows, schema={"sample": pl.Int64, "detection": pl.Int64, "track": pl.Int64}, orient="row")


WALK = detections_of(
    [
        (0, 0, 90.0, 50.0, 110.0, 100.0, 0.5, None, [1.0, 0.0]),
        (1, 0, 500.0, 10.0, 520.0, 60.0, 0.9, 1.5, [0.0, 1.0]),
        (1, 1, 190.0, 100.0, 210.0, 160.0, 0.7, 0.5, [0.0, 1.0]),
        (2, 0, 290.0, 80.0, 310.0, 150.0, 0.9, -0.5, [1.0, 0.0]),
        (3, 0, 0.0, 0.0, 5.0, 5.0, 0.2, None, [1.0, 0.0]),
    ]
)
HELD = tracks_of((0, 0, 1), (1, 0, 2), (1, 1, 1), (2, 0, 1))


def test_feet_are_the_middle_of_the_lower_edge_and_stand_in_metres_on_the_floor():
    rows = trajectories(WALK, HELD, samples_of(4), FLOOR)
    Trajectories.validate(rows)
    assert rows["video"].unique().to_list() == [VIDEO]
    assert rows.select("track", "sample", "foot_x", "foot_y").rows() == [
        (1, 0, 100.0, 100.0),
        (1, 1, 200.0, 160.0),
        (1, 2, 300.0, 150.0),
        (2, 1, 510.0, 60.0),
    ]
    found = rows.select("floor_x", "floor_y").to_numpy()
    assert found == pytest.approx(np.array([(0, 0), (1, 0.6), (2, 0.5), (4.1, -0.4)]), abs=1e-6)
    assert rows["at"].to_list() == [START + dt.timedelta(seconds=s) for s in (0, 1, 2, 1)]
    assert rows["heading"].to_list() == [None, 0.5, -0.5, 1.5]


def test_without_a_floor_there_are_no_metres():
    rows = trajectories(WALK, HELD, samples_of(4), None)
    Trajectories.validate(rows)
    assert rows["floor_x"].null_count() == rows["floor_y"].null_count() == 4


def test_feet_above_the_horizon_have_no_metres_and_keep_their_row():
    near = [((100.0, 400.0), (0.0, 0.0)), ((500.0, 400.0), (4.0, 0.0)), ((400.0, 200.0), (4.0, 6.0)), ((200.0, 200.0), (0.0, 6.0))]
    rows = trajectories(WALK, tracks_of((1, 0, 1), (3, 0, 1)), samples_of(4), Floor.of(near))
    assert rows.select("sample", "floor_x", "floor_y").rows()[1] == (3, None, None)


def test_a_track_is_summed_up():
    summary = tracks_summary(WALK, HELD)
    assert summary.columns == [name for name in Tracks.polars_schema() if name != "person"]
    Tracks.validate(summary.with_columns(person=pl.lit(1, pl.Int64)).select(*Tracks.polars_schema()))
    first, second = summary.rows(named=True)
    assert (first["first_s"], first["last_s"], first["samples"]) == (0.0, 2.0, 3)
    assert first["confidence"] == pytest.approx(0.7)
    assert first["height_px"] == 60.0
    assert first["moved_px"] == 200.0
    assert first["appearance"] == pytest.approx(np.array([2, 1]) / np.sqrt(5))
    assert (second["samples"], second["moved_px"], second["appearance"]) == (1, 0.0, [0.0, 1.0])


def test_how_far_somebody_moved_is_the_greater_side_of_where_the_feet_were():
    upwards = detections_of([(s, 0, 100.0, 0.0, 120.0, 80.0 + 50 * s, 0.9, None, [1.0, 0.0]) for s in range(4)])
    assert tracks_summary(upwards, tracks_of(*((s, 0, 1) for s in range(4))))["moved_px"].to_list() == [150.0]


def test_appearances_that_cancel_out_still_leave_one_of_unit_length():
    opposite = detections_of([(s, 0, 1.0, 1.0, 20.0, 80.0, 0.9, None, [1.0 - 2 * s, 0.0]) for s in (0, 1)])
    assert tracks_summary(opposite, tracks_of((0, 0, 1), (1, 0, 1)))["appearance"].to_list() == [[1.0, 0.0]]


def test_where_nobody_has_a_track_both_tables_are_empty_and_typed():
    empty = tracks_of()
    assert trajectories(WALK, empty, samples_of(4), FLOOR).schema == Trajectories.polars_schema()
    assert tracks_summary(WALK, empty).schema == {k: v for k, v in Tracks.polars_schema().items() if k != "person"}
    assert trajectories(WALK.clear(), empty, samples_of(0), None).is_empty()


def test_from_detections_to_tables_every_detection_with_a_track_has_one_row():
    rows = [
        (s, p, 100.0 + 90 * p + 4 * s, 50.0, 130.0 + 90 * p + 4 * s, 130.0, 0.9, None, np.eye(4)[p].tolist())
        for s in range(9)
        for p in range(4)
    ]
    detections, samples = detections_of(rows), samples_of(9)
    tracks = tracked(detections, samples, settings=TRACKERS["strongsort"], size=(640, 480))
    told = trajectories(detections, tracks, samples, FLOOR)
    summary = tracks_summary(detections, tracks)
    Trajectories.validate(told)
    assert told.height == 36
    assert summary["samples"].to_list() == [9] * 4
    assert summary["moved_px"].to_list() == [32.0] * 4
    by_another_order = tracks_summary(detections.reverse(), tracks.reverse())
    assert by_another_order.equals(summary)
