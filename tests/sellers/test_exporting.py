"""Exports calibrated on the user's own frames."""

import importlib.util

import cv2
import numpy as np
import pytest

from vitrina.sellers.detector import UltralyticsDetector, prepare_ultralytics
from vitrina.sellers.exporting import MOST_FRAMES, calibrated_export, frames_of
from vitrina.sellers.weights import WeightsError, export_facts

HAS_NNCF = importlib.util.find_spec("nncf") is not None


@pytest.fixture
def frames(tmp_path):
    folder = tmp_path / "frames"
    (folder / "till").mkdir(parents=True)
    for number in range(4):
        image = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "till" / f"{number}.png"), image)
    return folder


def test_frames_are_found_in_folders_within_and_thinned_out_evenly(tmp_path):
    for number in range(3 * MOST_FRAMES):
        (tmp_path / f"{number:04d}.JPG").touch()
    (tmp_path / "notes.txt").touch()
    found = frames_of(tmp_path)
    assert len(set(found)) == MOST_FRAMES
    assert (found[0].name, found[-1].name) == ("0000.JPG", "0899.JPG")


def test_without_weights_or_frames_it_is_said_which_are_missing(tmp_path, frames):
    with pytest.raises(WeightsError, match=r"no weights at .*absent\.pt"):
        calibrated_export(tmp_path / "absent.pt", frames, tmp_path)
    (tmp_path / "net.pt").touch()
    (tmp_path / "none").mkdir()
    with pytest.raises(WeightsError, match=r"no pictures in .*none"):
        calibrated_export(tmp_path / "net.pt", tmp_path / "none", tmp_path)


@pytest.mark.skipif(HAS_NNCF, reason="NNCF is installed")
def test_without_nncf_it_is_said_what_to_install(tmp_path, frames):
    (tmp_path / "net.pt").touch()
    with pytest.raises(WeightsError, match="pip install nncf"):
        calibrated_export(tmp_path / "net.pt", frames, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


@pytest.mark.slow
@pytest.mark.skipif(not HAS_NNCF, reason="NNCF is not installed")
def test_an_export_is_calibrated_on_frames_without_labels_and_replaces_the_one_before(tmp_path, frames):
    prepare_ultralytics()
    from ultralytics import YOLO  # noqa: PLC0415  # ultralytics is prepared before

    network = YOLO("yolov8n.yaml", task="detect")
    network.model.names = {number: "person" if number == 0 else f"thing {number}" for number in range(80)}
    network.save(tmp_path / "shop.pt")
    weights = tmp_path / "weights"
    (weights / "shop_int8_openvino_model").mkdir(parents=True)
    export = calibrated_export(tmp_path / "shop.pt", frames, weights, image_size=64)
    assert export == weights / "shop_int8_openvino_model"
    assert export_facts(export).image_size == (64, 64)
    assert [path.name for path in weights.iterdir()] == [export.name]
    UltralyticsDetector(export).detect([np.zeros((64, 64, 3), np.uint8)])
