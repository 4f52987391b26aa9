"""The made-up shop's own weights: how they are taught, and how good the ones are that come with it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from simulation.shop import DayKind
from simulation.shop_judgement import WEIGHTS, Apart, Found, judge_appearance, judge_detector
from simulation.shop_reid_training import ReidLesson, draw_crops, export, teach
from simulation.shop_training import HEIGHT, HELD_OUT, NAME, STRIP, TAUGHT, WIDTH, main, shop_frames, stacked, write_frames
from vitrina.sellers.appearance import ClothesColours, OnnxAppearance
from vitrina.sellers.detector import UltralyticsDetector
from vitrina.sellers.weights import find_weights


@pytest.fixture(scope="module")
def detector() -> UltralyticsDetector:
    return UltralyticsDetector(find_weights(NAME, WEIGHTS), confidence=0.01)


def test_kinds_of_days_that_are_judged_as_new_are_never_taught() -> None:
    assert not set(HELD_OUT) & set(TAUGHT)
    assert set(HELD_OUT) | set(TAUGHT) == set(DayKind)


def test_labels_lie_on_the_people_of_both_frames() -> None:
    frames = [(np.full((HEIGHT, WIDTH, 3), 10 * number, np.uint8), np.array([[100.0, 100, 140, 200]])) for number in (1, 2)]
    image, labels = stacked(frames, np.random.default_rng(1))
    assert image.shape == (2 * STRIP, WIDTH, 3)
    assert [int(image[row, 0, 0]) for row in (0, -1)] == [10, 20]
    assert labels[:, [0, 2, 3]] == pytest.approx(np.array([[120, 40, 100], [120, 40, 100]]) / WIDTH)
    # up to forty rows are cut off above
    assert 110 <= labels[0, 1] * WIDTH <= 150
    assert 110 + STRIP <= labels[1, 1] * WIDTH <= 150 + STRIP


def test_people_that_a_cut_leaves_hardly_anything_of_have_no_label() -> None:
    frames = [(np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.array([[100.0, 355, 140, 360], [50, 40, 51, 200]]))] * 2
    assert not len(stacked(frames, np.random.default_rng(1))[1])


def test_the_same_seed_draws_the_same_frames() -> None:
    once, again = (list(shop_frames(5, DayKind.BUSY, 2)) for _ in range(2))
    for (image, labels), (other, others) in zip(once, again, strict=True):
        assert np.array_equal(image, other)
        assert np.array_equal(labels, others)
        assert image.shape == (HEIGHT, WIDTH, 3)


def test_frames_are_written_with_a_line_for_everybody(tmp_path: Path) -> None:
    write_frames(tmp_path, 5, 2, [DayKind.BUSY, DayKind.EMPTY])
    images, labels = (sorted((tmp_path / name).iterdir()) for name in ("images", "labels"))
    assert [path.stem for path in images] == [path.stem for path in labels]
    rows = [[float(value) for value in line.split()] for path in labels for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows
    assert all(row[0] == 0 and all(0 <= value <= 1 for value in row[1:]) for row in rows)
    assert cv2.imread(str(images[0])).shape == (2 * STRIP, WIDTH, 3)


@pytest.mark.slow
def test_a_tiny_lesson_makes_weights_that_a_detector_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--shops", "2", "--epochs", "1", "--image-size", "64", "--export-size", "64", "96", "--threads", "1"]
    main(["--out", str(tmp_path / "weights"), "--work", str(tmp_path / "work"), *sizes])
    made = Path(json.loads(capsys.readouterr().out.splitlines()[-1])["export"])
    assert made == find_weights(NAME, tmp_path / "weights")
    network = UltralyticsDetector(made)
    assert ":96x64:" in network.name
    network.detect([np.zeros((HEIGHT, WIDTH, 3), np.uint8)])


def test_a_tiny_lesson_of_appearances_makes_a_network_that_tells_crops_apart_or_not(tmp_path: Path) -> None:
    crops = draw_crops(5, 2, 6)
    made = teach(crops, ReidLesson(steps=3, dimensions=8, threads=1))
    appearance = OnnxAppearance(export(made, tmp_path))
    assert (appearance.dimensions, appearance.name) == (8, "openvino:shop_appearance")
    image = np.random.default_rng(1).integers(0, 255, (100, 80, 3), dtype=np.uint8)
    boxes = np.array([[0, 0, 40, 90], [30, 5, 70, 95]], np.float32)
    vectors = appearance.vectors(image, boxes)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert vectors[0] @ vectors[1] < 0.9999


def test_a_taught_network_gives_the_same_after_its_export(tmp_path: Path) -> None:
    import torch  # noqa: PLC0415  # takes seconds to load

    made = teach(draw_crops(5, 1, 6), ReidLesson(steps=2, dimensions=8, threads=1))
    appearance = OnnxAppearance(export(made, tmp_path))
    image = np.random.default_rng(1).integers(0, 255, (256, 128, 3), dtype=np.uint8)
    given = torch.from_numpy(appearance._input(image))
    with torch.inference_mode():
        wanted = torch.nn.functional.normalize(made(torch.nn.functional.avg_pool2d(given, 2)))[0].numpy()
    assert appearance.vectors(image, np.array([[0, 0, 128, 256]], np.float32))[0] == pytest.approx(wanted, abs=0.02)


@pytest.mark.slow
def test_people_of_unseen_shops_are_found(detector: UltralyticsDetector) -> None:
    found: Found = judge_detector(detector, DayKind.USUAL, shops=4)
    assert found.boxes > 80
    assert found.recall is not None
    assert found.precision is not None
    assert found.recall >= 0.93
    assert found.precision >= 0.75


@pytest.mark.slow
def test_people_are_told_apart_better_by_the_network_than_by_their_clothes_colours() -> None:
    network: Apart = judge_appearance(OnnxAppearance(WEIGHTS / "shop_appearance.xml"), shops=3)
    colours = judge_appearance(ClothesColours(), shops=3)
    assert network.error < colours.error
