"""The made-up shop beside real cameras."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from simulation.shop import DayKind, ShopExtent
from simulation.shop_realism import REAL_CLIPS, SURE, Footage, ShopRealism, days_of, measure, measured_clips, table

SHORT = ShopExtent(open_s=300, width=640, height=360, fps=5, arrivals_per_hour=50)
"""Short days of five shops: shops differ more than the hours of one."""


def footage(rows: list[tuple[int, int, float, float, float, float]], frames: int) -> Footage:
    names = ("frame", "identity", "x1", "y1", "x2", "y2")
    boxes = pl.DataFrame(rows, schema=dict(zip(names, [pl.Int64] * 2 + [pl.Float64] * 4, strict=True)), orient="row")
    return Footage(boxes.with_columns(confidence=pl.lit(SURE)), frames, 200, 100, (100.0, 120.0), (40.0,), (900.0,))


@pytest.fixture(scope="module")
def usual() -> ShopRealism:
    return measure(days_of(DayKind.USUAL, 5, SHORT))


def test_measures_of_hand_made_footage_are_known() -> None:
    still = [(frame, 1, 10.0, 20.0, 30.0, 70.0) for frame in range(20)]
    beside = [(frame, 2, 25.0, 30.0, 40.0, 60.0) for frame in range(10)]
    measured = measure([footage(still + beside, 20)])
    assert measured.people == 1.5
    assert (measured.small, measured.median, measured.large) == (0.3, 0.5, 0.5)
    assert measured.touching == pytest.approx(20 / 30)
    assert (measured.brightness, measured.contrast, measured.sharpness) == (110, 40, 900)
    assert measured.idf1 == pytest.approx(1)
    assert measured.kept == pytest.approx(1)
    # the last four samples make no whole window
    assert measured.window_kept == pytest.approx(1)


def test_who_jumps_is_lost_by_a_plain_tracker() -> None:
    jumping = [(frame, 1, 40.0 * (frame % 4), 20.0, 40.0 * (frame % 4) + 20, 70.0) for frame in range(16)]
    measured = measure([footage(jumping, 16)])
    assert measured.kept < 0.5
    assert measured.idf1 is not None
    assert measured.idf1 < 0.5


def test_without_identities_nobody_says_how_well_they_are_kept() -> None:
    unknown = footage([(frame, 1, 10.0, 20.0, 30.0, 70.0) for frame in range(16)], 16)
    nameless = dataclasses.replace(unknown, boxes=unknown.boxes.with_columns(pl.lit(None, pl.Int64).alias("identity")))
    measured = measure([nameless])
    assert measured.idf1 is None
    assert measured.kept == pytest.approx(1)
    assert "–" in table({"nameless": measured})


def test_people_are_as_large_as_on_real_cameras(usual: ShopRealism) -> None:
    """Far people as small; many are far, for sellers stand at the other end, and nobody comes as near as in a corridor."""
    corridor = REAL_CLIPS["corridor"]
    assert usual.small == pytest.approx(corridor.small, abs=0.03)
    assert 0.14 < usual.median < 0.25
    assert 0.28 < usual.large < 0.5


def test_the_shop_is_as_full_and_as_crowded_as_real_places(usual: ShopRealism) -> None:
    corridor, assistant = REAL_CLIPS["corridor"], REAL_CLIPS["assistant"]
    assert 0.7 * assistant.people < usual.people < 1.2 * corridor.people
    assert assistant.touching - 0.1 < usual.touching < corridor.touching + 0.1


def test_pictures_are_as_bright_as_those_of_real_cameras(usual: ShopRealism) -> None:
    corridor = REAL_CLIPS["corridor"]
    assert usual.brightness == pytest.approx(corridor.brightness, abs=20)
    assert usual.contrast == pytest.approx(corridor.contrast, abs=12)
    assert corridor.sharpness / 3 < usual.sharpness < corridor.sharpness * 1.5


def test_a_plain_tracker_does_about_as_well_as_on_the_corridor_and_whole_days_are_harder(usual: ShopRealism) -> None:
    corridor = REAL_CLIPS["corridor"]
    assert usual.window_idf1 == pytest.approx(corridor.window_idf1, abs=0.1)
    assert usual.idf1 is not None
    assert usual.idf1 < 0.717


@pytest.mark.real_data
def test_the_pinned_figures_are_those_of_the_real_clips(real_data: Path) -> None:
    if not (models := os.environ.get("VITRINA_REAL_MODELS")):
        pytest.skip("VITRINA_REAL_MODELS names no folder of weights")
    measured = measured_clips(real_data, Path(models))
    assert measured.keys() == REAL_CLIPS.keys()
    for name, pinned in REAL_CLIPS.items():
        for field in dataclasses.fields(ShopRealism):
            value, wanted = (getattr(each, field.name) for each in (measured[name], pinned))
            assert (value is None) == (wanted is None)
            # people labelled the corridor; the other film's boxes are an 8-bit network's, and every processor rounds those otherwise:
            # .232 of them touch on one that adds up in 32 bits, .282 on one that adds up in 16
            tolerance = 0.05 if name == "corridor" else 0.25
            assert value is None or np.isclose(value, wanted, rtol=tolerance), (name, field.name, value)
