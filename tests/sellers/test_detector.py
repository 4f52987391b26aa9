"""Persons on pictures: boxes as they are promised, and YOLO's weights of both kinds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sellers.corridor import ENTRY, boxes_on, detector_weights, frames, pose_weights
from vitrina.sellers.detector import Boxes, UltralyticsDetector, prepare_ultralytics
from vitrina.sellers.heading import overlaps_of
from vitrina.sellers.weights import WeightsError

BOX = st.tuples(*[st.integers(-50, 400)] * 4, st.integers(0, 10))


def boxes(*rows):
    given_rows = np.array(rows, dtype=np.float32).reshape(-1, 5)
    return Boxes(given_rows[:, :4], given_rows[:, 4])


def test_boxes_are_cut_off_at_the_edges_of_the_picture():
    cut = boxes((-5, -5, 10, 20, 0.5), (90, 40, 120, 70, 0.9)).within(50, 100)
    np.testing.assert_array_equal(cut.xyxy, [[90, 40, 100, 50], [0, 0, 10, 20]])
    np.testing.assert_array_equal(cut.confidence, np.float32([0.9, 0.5]))


@pytest.mark.parametrize(
    "box",
    [
        (10, 10, 11, 30, 0.9),
        (30, 10, 10, 30, 0.9),
        (100, 10, 130, 30, 0.9),
        (10, 10, 30, 30, 0),
        (np.nan, 10, 30, 30, 0.9),
        (10, 10, 30, np.nan, 0.9),
        (10, 10, 30, 30, np.nan),
    ],
)
def test_what_is_no_box_is_dropped(box):
    assert len(boxes(box).within(50, 100)) == 0


def test_nobody_stays_nobody():
    assert Boxes.none().within(50, 100).xyxy.shape == (0, 4)


@given(st.lists(BOX, max_size=8), st.randoms())
def test_the_order_of_detections_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    first, second = boxes(*[(*row[:4], row[4] / 10) for row in rows]), boxes(*[(*row[:4], row[4] / 10) for row in shuffled])
    np.testing.assert_array_equal(first.within(300, 300).xyxy, second.within(300, 300).xyxy)
    np.testing.assert_array_equal(first.within(300, 300).confidence, second.within(300, 300).confidence)
    assert (first.within(300, 300).xyxy[:, 2:] > first.within(300, 300).xyxy[:, :2]).all()


# --- weights of torch, as a user's own training leaves them


@pytest.fixture(scope="module")
def untaught():
    """A network that has seen nothing yet; the same at each call."""
    prepare_ultralytics()
    import torch  # noqa: PLC0415  # ultralytics is prepared before
    from ultralytics import YOLO  # noqa: PLC0415  # see above

    torch.manual_seed(0)
    network = YOLO("yolov8n.yaml", task="detect")
    network.model.names = {number: "person" if number == 0 else f"thing {number}" for number in range(80)}
    return network


@pytest.fixture(scope="module")
def untaught_file(untaught, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "untaught.pt"
    untaught.save(path)
    return path


def test_weights_of_torch_are_used_where_there_is_no_export(untaught_file):
    images = np.random.default_rng(1).integers(0, 256, (2, 120, 160, 3), dtype=np.uint8)
    detector = UltralyticsDetector(untaught_file, image_size=64, confidence=1e-7, threads=1)
    together = detector.detect([*images, images[0][:60]])
    assert detector.name == "ultralytics:untaught.pt:64x64:1e-07"
    assert sum(map(len, together)) > 0
    for image, found in zip([*images, images[0][:60]], together, strict=True):
        alone = detector.detect([image])[0]
        np.testing.assert_array_equal(found.xyxy, alone.xyxy)
        assert found.xyxy.dtype == found.confidence.dtype == np.float32
        assert (found.xyxy >= 0).all()
        assert (found.xyxy <= np.array([image.shape[1], image.shape[0]] * 2)).all()
    assert detector.detect([]) == []


def test_weights_that_know_no_persons_are_refused(untaught, tmp_path):
    names = untaught.model.names
    try:
        untaught.model.names = dict.fromkeys(names, "cat")
        untaught.save(tmp_path / "cats.pt")
    finally:
        untaught.model.names = names
    with pytest.raises(WeightsError, match=r"knows cat.* but no 'person'"):
        UltralyticsDetector(tmp_path / "cats.pt", image_size=64)


def test_a_file_that_holds_no_weights_is_refused(tmp_path):
    (tmp_path / "broken.pt").write_bytes(b"\x80 no network")
    with pytest.raises(WeightsError, match=r"broken\.pt cannot be loaded"):
        UltralyticsDetector(tmp_path / "broken.pt")


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "net.tflite").touch()
    for path in (tmp_path / "net.tflite", tmp_path / "absent.pt"):
        with pytest.raises(WeightsError, match="no folder of an OpenVINO export and no file"):
            UltralyticsDetector(path)


# --- real weights on a real corridor


@pytest.fixture(scope="module")
def yolov8n():
    return UltralyticsDetector(detector_weights())


@pytest.mark.real_data
def test_everybody_in_the_corridor_is_found(yolov8n):
    pictures = frames(ENTRY)
    found = yolov8n.detect(list(pictures.values()))
    labelled = [overlaps_of(boxes_on(frame), on.xyxy).max(axis=1) for frame, on in zip(pictures, found, strict=True)]
    assert np.concatenate(labelled).min() > 0.5
    assert sum(map(len, found)) == len(np.concatenate(labelled)) == 67


@pytest.mark.real_data
def test_an_export_gives_the_same_for_a_picture_alone_as_among_others_of_other_sizes(yolov8n):
    first, second = list(frames(ENTRY).values())[:2]
    wide = np.concatenate([second, second], axis=1)
    together = yolov8n.detect([first, wide, first])
    np.testing.assert_array_equal(together[0].xyxy, yolov8n.detect([first])[0].xyxy)
    np.testing.assert_array_equal(together[0].xyxy, together[2].xyxy)
    assert yolov8n.detect([np.zeros((40, 30, 3), np.uint8)])[0].xyxy.shape == (0, 4)


@pytest.mark.real_data
@pytest.mark.parametrize("threads", [1, 2])
def test_an_export_takes_no_more_threads_than_it_may(threads):
    detector = UltralyticsDetector(detector_weights(), threads=threads)
    network = detector._yolo._model.predictor.model.backend.ov_compiled_model
    assert network.get_property("INFERENCE_NUM_THREADS") == threads
    assert not network.get_property("ENABLE_CPU_PINNING")


@pytest.mark.real_data
def test_an_export_for_another_task_is_refused():
    with pytest.raises(WeightsError, match="made for the task 'pose', not 'detect'"):
        UltralyticsDetector(pose_weights())
