"""Where bodies face: joints set by hand, poses that belong to boxes, and people who walk along a real corridor."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sellers.corridor import ENTRY, frames, labels, pose_weights
from vitrina.sellers.heading import BREADTH, PoseHeading, heading_of, matches, overlaps_of

TORSO = 100.0
NOSE, EARS, SHOULDERS, HIPS = 0, [3, 4], [5, 6], [11, 12]


def joints(towards, ahead=0.0, nose=None):
    """A body that shows so much of its breadth, with a nose so many pixels to the right of the ears."""
    body = np.zeros((17, 3), dtype=np.float32)
    body[:, 2] = 0.9
    half = BREADTH * TORSO / 2 * towards
    body[SHOULDERS, :2] = [[half, 0], [-half, 0]]
    body[HIPS, :2] = [[0.7 * half, TORSO], [-0.7 * half, TORSO]]
    body[EARS, :2] = [[half / 3, -40], [-half / 3, -40]]
    body[NOSE] = [ahead, -38, (0.9 if towards > 0 else 0.2) if nose is None else nose]
    return body


@pytest.mark.parametrize(
    ("towards", "ahead", "degrees"),
    [(1, 0, 90), (-1, 0, -90), (1.3, 0, 90), (0.5, 20, 30), (0.5, -20, 150), (-0.5, 20, -30), (0, 20, 0), (0.8, 0, 90)],
)
def test_shoulders_tell_front_or_back_and_the_nose_tells_the_side(towards, ahead, degrees):
    assert math.degrees(heading_of(joints(towards, ahead, nose=0.45))) == pytest.approx(degrees, abs=0.01)


def test_somebody_seen_from_the_side_without_a_nose_ahead_of_the_ears_may_face_either_way():
    assert math.isnan(heading_of(joints(0.2, ahead=1)))


@pytest.mark.parametrize(("towards", "nose"), [(0.9, 0.1), (-0.9, 0.9)])
def test_shoulders_and_face_that_contradict_each_other_say_nothing(towards, nose):
    assert math.isnan(heading_of(joints(towards, nose=nose)))


@pytest.mark.parametrize("joint", [*SHOULDERS, *HIPS])
def test_without_the_torso_nothing_is_said(joint):
    unseen = joints(1)
    unseen[joint, 2] = 0.3
    assert math.isnan(heading_of(unseen))


def test_joints_that_are_no_numbers_or_all_in_one_place_say_nothing():
    assert math.isnan(heading_of(np.full((17, 3), np.nan, dtype=np.float32)))
    assert math.isnan(heading_of(np.ones((17, 3), dtype=np.float32)))


@given(st.floats(-1.2, 1.2), st.floats(-30, 30), st.floats(0, 1))
def test_a_mirrored_body_faces_the_other_side(towards, ahead, nose):
    body = joints(towards, ahead, nose)
    mirrored = body.copy()
    for left, right in (EARS, SHOULDERS, HIPS):
        mirrored[[left, right]] = mirrored[[right, left]]
    mirrored[:, 0] *= -1
    first, second = heading_of(body), heading_of(mirrored)
    assert math.isnan(first) == math.isnan(second)
    if not math.isnan(first):
        assert math.cos(first) == pytest.approx(-math.cos(second), abs=1e-3)
        assert math.sin(first) == pytest.approx(math.sin(second), abs=1e-3)


@given(st.floats(-1.2, 1.2), st.floats(-30, 30), st.floats(0.1, 20))
def test_how_large_somebody_is_changes_nothing(towards, ahead, scale):
    body = joints(towards, ahead)
    larger = body.copy()
    larger[:, :2] *= scale
    # where the nose is as far ahead as it has to be, the last digit decides
    if abs(abs(ahead) / TORSO - 0.05) > 1e-4 and abs(abs(towards) - 0.5) > 1e-4:
        assert heading_of(larger) == pytest.approx(heading_of(body), abs=1e-3, nan_ok=True)


def test_overlaps_are_intersections_over_unions():
    boxes = np.float32([[0, 0, 10, 10], [0, 0, 0, 0]])
    others = np.float32([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    np.testing.assert_allclose(overlaps_of(boxes, others), [[1, 1 / 3, 0], [0, 0, 0]], rtol=1e-6)


def test_a_pose_belongs_to_one_box_and_to_none_that_it_hardly_covers():
    boxes = np.float32([[0, 0, 10, 30], [3, 0, 13, 30], [100, 0, 110, 30]])
    poses = np.float32([[3, 0, 13, 30], [108, 0, 118, 30]])
    assert matches(boxes, poses) == [(1, 0)]
    assert matches(boxes, poses[:0]) == []
    assert matches(boxes[:0], poses) == []


# --- people of a real corridor, who face where they walk

FLATTENED = 0.25
"""How much shorter a way along that corridor looks than one across."""


def walks():
    """Frame, box and direction of whoever walked from the labelled frame before to the one after."""
    feet = labels().with_columns(((pl.col("x1") + pl.col("x2")) / 2).alias("x"), pl.col("y2").alias("y")).sort("person", "frame")
    moves = feet.with_columns(
        *(((pl.col(axis).shift(-1) - pl.col(axis).shift(1)) / 2).over("person").alias(f"d{axis}") for axis in "xy"),
        (pl.col("frame").shift(-1) - pl.col("frame").shift(1)).over("person").alias("between"),
    )
    return moves.filter((pl.col("between") == 50) & ((pl.col("dx") ** 2 + pl.col("dy") ** 2) > 16))


@pytest.mark.real_data
def test_people_in_the_corridor_face_where_they_walk():
    poses = PoseHeading(pose_weights())
    pictures = frames(ENTRY)
    errors = []
    rows = walks()
    for frame, x1, y1, x2, y2, dx, dy in rows.select("frame", "x1", "y1", "x2", "y2", "dx", "dy").iter_rows():
        faced = poses.headings(pictures[frame], np.float32([[x1, y1, x2, y2], [0, 0, 5, 5]]))
        assert faced.shape == (2,)
        assert math.isnan(faced[1])
        if not math.isnan(faced[0]):
            between = float(faced[0]) - math.atan2(dy / FLATTENED, dx)
            errors.append(abs(math.degrees(math.remainder(between, math.tau))))
    assert len(errors) >= 0.8 * rows.height
    assert np.median(errors) < 25
    assert np.mean(np.array(errors) < 60) > 0.75


@pytest.mark.real_data
def test_nobody_faces_nowhere():
    poses = PoseHeading(pose_weights())
    assert poses.headings(frames(ENTRY)[0], np.zeros((0, 4), np.float32)).shape == (0,)
    assert np.isnan(poses.headings(np.zeros((50, 50, 3), np.uint8), np.float32([[0, 0, 50, 50]]))).all()
