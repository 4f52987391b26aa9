"""From frames to rows: batches, skipped frames, bounded memory, and real networks on a real corridor."""

import weakref

import numpy as np
import pytest

from tests.sellers.corridor import ENTRY, appearance_weights, boxes_on, detector_weights, frames, pose_weights
from tests.sellers.made_up_pictures import BrightPeople, MadeUpSample, picture, samples_of
from vitrina.sellers.appearance import ClothesColours, OnnxAppearance
from vitrina.sellers.detecting import LONGEST_BATCH, Models, all_rows, detections
from vitrina.sellers.detector import Boxes, UltralyticsDetector
from vitrina.sellers.heading import PoseHeading
from vitrina.sellers.motion import ChangeTest
from vitrina.sellers.tables import Detections

VIDEO = "north|till|20261014T090000Z|0a1b2c3d"
RED, BLUE = (20, 20, 220), (220, 30, 20)
ANNA, BORIS = (30, 40, 70, 160, RED), (150, 60, 200, 200, BLUE)


def models():
    return Models(BrightPeople(), ClothesColours())


def rows_of(samples, **how):
    return all_rows(detections(samples, VIDEO, models(), **how))


def test_rows_hold_what_the_pictures_show():
    rows = Detections.check(rows_of(samples_of(picture(ANNA, BORIS), picture(), picture(BORIS), step_s=0.96)))
    assert rows.select("sample", "detection", "pts_s", "x1", "y1", "x2", "y2").rows() == [
        (0, 0, 0.0, 150.0, 60.0, 200.0, 200.0),
        (0, 1, 0.0, 30.0, 40.0, 70.0, 160.0),
        (2, 0, 1.92, 150.0, 60.0, 200.0, 200.0),
    ]
    assert rows["video"].unique().to_list() == [VIDEO]
    assert rows["heading"].null_count() == 3
    boris, anna, boris_later = (np.array(vector) for vector in rows["appearance"])
    assert boris @ boris_later == pytest.approx(1)
    assert boris @ anna == pytest.approx(0)


def test_a_video_without_samples_or_people_gives_no_rows():
    assert list(detections([], VIDEO, models())) == []
    assert Detections.check(rows_of([])).is_empty()
    assert Detections.check(rows_of(samples_of(picture(), picture()))).is_empty()


@pytest.mark.parametrize("still", [None, ChangeTest()])
def test_how_frames_are_batched_changes_nothing(still):
    pictures = [picture(ANNA), picture(ANNA), picture(ANNA, BORIS), picture(ANNA, BORIS), picture(), picture(), picture(BORIS)]
    expected = rows_of(samples_of(*pictures), batch=1, still=still)
    assert expected.height == 7
    for batch in (2, 3, 8):
        assert rows_of(samples_of(*pictures), batch=batch, still=still).equals(expected)


def test_batches_name_their_samples_in_order():
    parts = list(detections(samples_of(*[picture(ANNA)] * 5), VIDEO, models(), batch=2))
    assert [part.samples for part in parts] == [(0, 1), (2, 3), (4,)]
    assert [part.rows["sample"].to_list() for part in parts] == [[0, 1], [2, 3], [4]]
    assert not any(part.skipped for part in parts)


@pytest.mark.parametrize("still", [None, ChangeTest(longest_s=1e9)])
def test_no_more_pictures_are_held_than_a_batch_has(still):
    pictures: list[weakref.ref[np.ndarray]] = []
    held = []

    def samples():
        for number in range(16):
            image = picture((number * 9, 20, number * 9 + 30, 120, RED))
            held.append(sum(seen() is not None for seen in pictures))
            pictures.append(weakref.ref(image))
            yield MadeUpSample(number, float(number), image)

    assert rows_of(samples(), batch=4, still=still).height == 16
    # the sample before is still held by whoever asks for the next one
    assert 3 <= max(held) <= 4


def test_a_long_stretch_without_movement_is_handed_on_in_parts():
    samples = [MadeUpSample(number, float(number), STILL) for number in range(2 * LONGEST_BATCH + 1)]
    parts = list(detections(samples, VIDEO, models(), still=ChangeTest(longest_s=1e9)))
    assert [len(part.samples) for part in parts] == [LONGEST_BATCH, LONGEST_BATCH, 1]
    assert all_rows(parts).height == len(samples)


STILL = picture(ANNA)


def test_frames_on_which_nothing_moved_are_named_and_have_the_people_of_the_frame_before():
    seeing = models()
    pictures = [picture(noise=9, seed=1), picture(noise=9, seed=2), picture(ANNA, seed=3), picture(ANNA, noise=9, seed=4)]
    parts = list(detections(samples_of(*pictures), VIDEO, seeing, still=ChangeTest()))
    assert [part.skipped for part in parts] == [(1, 3)]
    assert seeing.detector.looked == [2]
    rows = Detections.check(all_rows(parts))
    assert rows["sample"].to_list() == [2, 3]
    assert rows["pts_s"].to_list() == [2.0, 3.0]
    assert rows.drop("sample", "pts_s")[0].equals(rows.drop("sample", "pts_s")[1])


def test_slow_movement_adds_up_until_it_is_looked_at():
    creeping = samples_of(*[picture((30 + number, 40, 70 + number, 160, RED)) for number in range(12)])
    rows = rows_of(creeping, still=ChangeTest())
    true = np.arange(12) + 30
    assert np.abs(rows["x1"].to_numpy() - true).max() <= 3


def test_after_the_longest_time_a_still_picture_is_looked_at_again():
    parts = list(detections(samples_of(*[STILL] * 10), VIDEO, models(), still=ChangeTest(longest_s=3)))
    assert [number for part in parts for number in part.samples if number not in part.skipped] == [0, 4, 8]


class EdgesOfAnything:
    """Boxes that no table would take."""

    name = "edges"

    def detect(self, images):
        edges = np.float32([[-9, -9, 50, 50], [300, 200, 999, 999], [10, 10, 10, 40], [np.nan, 0, 9, 9]])
        return [Boxes(edges, np.float32([0.5, 1.5, 0.9, 0.9])) for _ in images]


def test_boxes_are_cut_off_at_the_picture_and_what_is_no_box_is_dropped():
    rows = Detections.check(all_rows(detections(samples_of(picture()), VIDEO, Models(EdgesOfAnything(), ClothesColours()))))
    assert rows.select("x1", "y1", "x2", "y2", "confidence").rows() == [(300, 200, 320, 240, 1), (0, 0, 50, 50, 0.5)]


# --- real networks


@pytest.mark.real_data
def test_a_real_corridor_becomes_rows_with_headings_and_appearances_and_the_same_again():
    seeing = Models(UltralyticsDetector(detector_weights()), OnnxAppearance(appearance_weights()), PoseHeading(pose_weights()))
    samples = samples_of(*list(frames(ENTRY).values())[::3])
    rows = Detections.check(all_rows(detections(samples, VIDEO, seeing)))
    assert rows.height == sum(len(boxes_on(frame)) for frame in list(frames(ENTRY))[::3])
    assert rows["appearance"].list.len().unique().to_list() == [512]
    assert 0 < rows["heading"].is_not_null().mean() < 1
    assert rows["heading"].is_not_nan().all()
    assert all_rows(detections(samples, VIDEO, seeing, batch=3)).equals(rows)
