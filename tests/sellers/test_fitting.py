import shutil

import numpy as np
import pytest

from simulation.shop import DayKind, ShopExtent, simulate_day
from simulation.shop_judgement import WEIGHTS
from simulation.shop_picture import Renderer
from simulation.shop_training import NAME
from vitrina.sellers.box_matching import overlaps_of
from vitrina.sellers.detector import UltralyticsDetector
from vitrina.sellers.fitting import fitted, fitted_size
from vitrina.sellers.weights import export_facts, find_weights

WIDE = (16, 7)
TAUGHT = find_weights(NAME, WEIGHTS)


def hall(moment: float) -> np.ndarray:
    """The made-up shop, more than twice as wide as high."""
    day = simulate_day(ShopExtent(open_s=900, width=640, height=360, fps=5, arrivals_per_hour=120), 5, DayKind.BUSY)
    return np.ascontiguousarray(Renderer(day).frame(day.opening_s + moment).image[80:])


@pytest.mark.parametrize(
    ("export", "picture", "wanted"),
    [
        ((640, 640), (1920, 1080), (384, 640)),
        ((640, 640), (1080, 1920), (640, 384)),
        ((640, 640), (100, 100), (640, 640)),
        ((640, 640), (640, 640), (640, 640)),
        ((640, 640), (10_000, 1), (32, 640)),
        ((288, 512), (640, 480), (288, 416)),
        ((640, 640), (4, 3), (512, 640)),
        # an export that is no multiple of the largest stride keeps its own side
        ((360, 640), (16, 9), (360, 640)),
    ],
)
def test_no_more_is_computed_than_the_picture_needs(export, picture, wanted):
    assert fitted_size(export, picture) == wanted


def test_an_export_of_another_shape_finds_the_same_people(tmp_path):
    height, width = export_facts(TAUGHT).image_size
    made = fitted(TAUGHT, WIDE, tmp_path)
    assert made.name == TAUGHT.name
    assert export_facts(made).image_size == (width // 2, width)
    assert height > width // 2
    pictures = [hall(moment) for moment in range(60, 600, 90)]
    plain, less = UltralyticsDetector(TAUGHT, confidence=0.4), UltralyticsDetector(TAUGHT, confidence=0.4, picture=WIDE)
    assert plain.name != less.name
    people = 0
    for one, other in zip(plain.detect(pictures), less.detect(pictures), strict=True):
        people += len(one)
        assert len(one) == len(other)
        if len(one):
            assert overlaps_of(one.xyxy.astype(float), other.xyxy.astype(float)).max(axis=1).min() > 0.8
    assert people >= 10


def test_an_export_that_fits_stays_as_it_is(tmp_path):
    assert fitted(TAUGHT, (16, 9), tmp_path) == TAUGHT
    assert not list(tmp_path.iterdir())


def test_a_network_of_another_kind_stays_as_it_is(tmp_path):
    other = tmp_path / "other_openvino_model"
    shutil.copytree(TAUGHT, other)
    described = other / "metadata.yaml"
    # its grid is not that of the size which it tells
    height, width = export_facts(other).image_size
    text = described.read_text(encoding="utf-8").replace(f"- {height}\n- {width}", f"- {height}\n- {2 * width}")
    described.write_text(text, encoding="utf-8")
    assert export_facts(other).image_size == (height, 2 * width)
    (tmp_path / "made").mkdir()
    assert fitted(other, (1, 1), tmp_path / "made") == other
