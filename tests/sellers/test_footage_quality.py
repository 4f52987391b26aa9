import datetime as dt

import cv2
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sellers.made_up_videos import black, still, write_video
from vitrina.sellers.footage import sampled
from vitrina.sellers.footage_quality import (
    COUNT_WITH_PEOPLE,
    Measures,
    QualityLimits,
    QualityMeter,
    coverage,
    footage_samples,
    luma_of,
    sharpness,
    states,
    usable,
)
from vitrina.sellers.tables import FOOTAGE_STATES, Detections, FootageSamples

START = dt.datetime(2026, 10, 14, 9, tzinfo=dt.UTC)


def shop(width=960, height=540, seed=0):
    """Shelves with goods, a floor, and a sensor's noise."""
    rng = np.random.default_rng(seed)
    small = np.full((90, 160), 140, dtype=np.uint8)
    for top in range(0, 60, 12):
        for left in range(0, 160, 6):
            small[top : top + 10, left : left + 5] = np.random.default_rng(top * 1_000 + left).integers(30, 220)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return noisy(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), 2, rng)


def noisy(image, sigma, rng):
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(sigma)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def wall(seed=0, sigma=3.0):
    """A lit wall: a gradient from side to side, and a sensor's noise."""
    gradient = np.broadcast_to(np.linspace(120, 180, 960)[None, :, None], (540, 960, 3))
    return noisy(gradient, sigma, np.random.default_rng(seed))


def cloth(seed=0):
    """A weave out of focus, as near as a cloth over the lens is."""
    weave = np.random.default_rng(5).normal(110, 12, (540, 960))
    return noisy(np.repeat(cv2.GaussianBlur(weave, (0, 0), 2)[..., None], 3, axis=2), 2, np.random.default_rng(seed))


def states_of(images, limits=None):
    meter = QualityMeter(limits)
    return states([meter.measure(place, float(place), image) for place, image in enumerate(images)], limits)


def measures(changes, **other):
    known = {"brightness": 120.0, "sharpness": 1_000.0, "plainness": 0.1} | other
    return [Measures(place, float(place), change=change, **known) for place, change in enumerate(changes)]


def rows(states_and_seconds, video="v"):
    return pl.DataFrame(
        [
            (video, place, s, START + dt.timedelta(seconds=s), 100.0, 100.0, 1.0, state)
            for place, (state, s) in enumerate(states_and_seconds)
        ],
        schema=FootageSamples.polars_schema(),
        orient="row",
    )


def detections(*samples, video="v"):
    vector = [1.0]
    found = [(video, sample, 0, float(sample), 0.0, 0.0, 1.0, 1.0, 0.9, None, vector) for sample in samples]
    return pl.DataFrame(found, schema=Detections.polars_schema(), orient="row")


def span(begin, end):
    return START + dt.timedelta(seconds=begin), START + dt.timedelta(seconds=end)


def test_a_shop_is_ok_and_what_is_done_to_it_is_told():
    rng = np.random.default_rng(1)
    picture = shop()
    done = {
        "ok": picture,
        "dark": (picture * 0.1).astype(np.uint8),
        "blurred": cv2.GaussianBlur(picture, (0, 0), 12),
        "noisy": rng.integers(0, 256, picture.shape, dtype=np.uint8),
        "occluded": wall(),
    }
    assert {wanted: states_of([image])[0] for wanted, image in done.items()} == {wanted: wanted for wanted in done}


@pytest.mark.parametrize("sigma", [0.0, 3.0, 8.0])
def test_a_wall_is_occlusion_with_and_without_noise(sigma):
    assert states_of([wall(sigma=sigma)]) == ["occluded"]


def test_a_cloth_before_the_lens_is_occlusion():
    assert states_of([cloth()]) == ["occluded"]


def test_a_wall_that_is_blurred_or_stands_still_is_a_wall():
    assert set(states_of([wall()] * 30)) == {"occluded"}


def test_a_hand_computed_laplacian():
    # a single bright pixel: -4 v there, v beside it four times
    luma = np.zeros((10, 10), dtype=np.uint8)
    luma[5, 5] = 100
    assert sharpness(luma) == pytest.approx((16 + 4) * 100**2 / 100)


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080)])
def test_sharpness_means_the_same_at_any_resolution(size):
    reference = sharpness(luma_of(shop()))
    assert sharpness(luma_of(shop(*size))) == pytest.approx(reference, rel=0.25)


def test_a_picture_that_does_not_change_at_all_is_frozen_but_for_its_first():
    assert states(measures([0, 3, 0, 0, 0, 0, 3]), QualityLimits(frozen_samples=4)) == ["ok", "ok", *["frozen"] * 4, "ok"]


def test_a_short_rest_is_not_frozen():
    assert set(states(measures([0, 3, 0, 0, 0, 3]), QualityLimits(frozen_samples=4))) == {"ok"}


def test_the_first_sample_is_not_the_beginning_of_a_rest():
    assert set(states(measures([0, 0, 0, 0, 3]), QualityLimits(frozen_samples=4))) == {"ok"}


def test_an_empty_shop_with_a_live_sensor_is_not_frozen():
    assert set(states_of([shop(seed=seed) for seed in range(12)])) == {"ok"}
    assert states_of([shop()] * 12) == ["ok", *["frozen"] * 11]


def test_a_frozen_and_a_black_video_are_told_from_their_files(tmp_path):
    def seen(picture):
        meter = QualityMeter()
        path = write_video(tmp_path / "a.mp4", 60, gop=10, fps=5, picture=picture)
        return states([meter.measure(s.number, s.pts_s, s.image) for s in sampled(path, 0.2)])

    assert seen(still).count("frozen") >= 45
    assert set(seen(black)) == {"dark"}
    assert set(seen(lambda number, width, height: shop(width, height, number))) == {"ok"}


def test_change_is_the_mean_difference_to_the_sample_before():
    meter = QualityMeter()
    gray = np.full((360, 640, 3), 100, dtype=np.uint8)
    found = [meter.measure(place, 0.0, gray + step).change for place, step in enumerate((0, 7, 7, 3))]
    assert found == [0.0, 7.0, 0.0, 4.0]


def test_a_picture_of_another_size_starts_anew():
    meter = QualityMeter()
    meter.measure(0, 0.0, shop(320, 180))
    assert meter.measure(1, 1.0, shop(300, 200)).change == 0.0


def test_tiny_pictures_are_measured_too():
    assert QualityMeter().measure(0, 0.0, np.zeros((1, 1, 3), dtype=np.uint8)).plainness == 1.0


def test_rows_fit_the_table():
    found = footage_samples("v", START, measures([0, 3, 2]))
    FootageSamples.check(found)
    assert found["at"].to_list() == [START + dt.timedelta(seconds=second) for second in range(3)]
    FootageSamples.check(footage_samples("v", START, []))
    assert set(found["state"]) <= set(FOOTAGE_STATES)


def test_people_who_were_found_make_a_blurred_sample_count_but_never_a_frozen_one():
    samples = rows([(state, place) for place, state in enumerate(FOOTAGE_STATES)])
    assert usable(samples).to_list() == [state == "ok" for state in FOOTAGE_STATES]
    with_people = usable(samples, detections(*range(len(FOOTAGE_STATES)))).to_list()
    assert with_people == [state == "ok" or state in COUNT_WITH_PEOPLE for state in FOOTAGE_STATES]
    assert usable(samples, detections(0, video="another")).to_list() == usable(samples).to_list()


def test_a_day_of_good_samples_is_covered_whole():
    assert coverage(rows([("ok", second) for second in range(100)]), [span(0, 100)], 1.0) == 1.0


def test_hand_computed_coverage():
    # seen up to 31, from 59 on; half of the second span lies in the gap
    samples = rows([("ok", s) for s in range(31)] + [("dark", s) for s in range(31, 60)] + [("ok", s) for s in range(60, 101)])
    assert coverage(samples, [span(0, 100)], 1.0) == pytest.approx(0.72)
    assert coverage(samples, [span(0, 10), span(49, 69)], 1.0) == pytest.approx(20 / 30)
    assert coverage(samples, [span(0, 100)], 1.0, detections=detections(*range(31, 60))) == 1.0


def test_spans_that_overlap_count_once_and_empty_ones_not_at_all():
    samples = rows([("ok", s) for s in range(51)])
    assert coverage(samples, [span(0, 60), span(40, 102)], 1.0) == pytest.approx(0.5)
    assert coverage(samples, [], 1.0) == coverage(samples, [span(5, 5)], 1.0) == 0.0


def test_no_samples_cover_nothing():
    assert coverage(FootageSamples.empty(), [span(0, 10)], 1.0) == 0.0


MOMENTS = st.lists(st.integers(0, 60), max_size=20)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted), max_size=5)


@settings(deadline=None)  # the first call loads what polars needs
@given(MOMENTS, SPANS, st.integers(1, 5))
def test_coverage_is_that_of_counting_moment_by_moment(moments, spans, step):
    # in halves of a second, at their middles
    middles = np.arange(0.25, 60, 0.5)
    asked = np.array([any(begin <= at < end for begin, end in spans) for at in middles])
    seen = np.array([any(abs(at - moment) <= step for moment in moments) for at in middles])
    expected = (asked & seen).sum() / asked.sum() if asked.any() else 0.0
    found = coverage(rows([("ok", moment) for moment in moments]), [span(*ends) for ends in spans], step)
    assert found == pytest.approx(expected)


@pytest.mark.real_data
def test_real_shops_are_ok_throughout(real_data):
    for path in sorted((real_data / "sellers").glob("*.mp4")):
        assert set(states_of([sample.image for sample in sampled(path, 1.0)])) == {"ok"}
