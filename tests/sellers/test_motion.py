"""Whether anything moved: noise and clocks do not count, people do."""

import numpy as np
import pytest

from tests.sellers.corridor import ASSISTANT, detector_weights, frames
from tests.sellers.made_up_pictures import FLOOR, HEIGHT, WIDTH, picture, samples_of
from vitrina.sellers.detecting import _with_skips
from vitrina.sellers.detector import UltralyticsDetector
from vitrina.sellers.heading import overlaps_of
from vitrina.sellers.motion import ChangeTest

TEST = ChangeTest()
SHIRT = (FLOOR + 40,) * 3


def moved(before, now):
    return TEST.moved(TEST.sketch(before), TEST.sketch(now))


def test_noise_of_the_camera_is_no_movement():
    assert not moved(picture(noise=12, seed=1), picture(noise=12, seed=2))


@pytest.mark.parametrize(("height", "width"), [(240, 320), (288, 384), (1080, 1920), (640, 360)])
def test_whoever_enters_is_movement_at_any_resolution_even_far_away_and_in_grey(height, width):
    tall = round(0.07 * height)
    far = (width // 2, height // 3, width // 2 + max(tall // 3, 2), height // 3 + tall, SHIRT)
    assert moved(picture(noise=5, seed=1, height=height, width=width), picture(far, noise=5, seed=2, height=height, width=width))


def test_a_clock_in_the_picture_is_no_movement():
    clock = [picture((left, 2, left + 5, 10, (250,) * 3)) for left in (10, 17)]
    assert not moved(*clock)


def test_a_light_that_goes_on_or_off_is_movement():
    assert moved(picture(), np.full((HEIGHT, WIDTH, 3), 5, np.uint8))


def test_pictures_of_other_shapes_are_always_looked_at():
    assert moved(picture(), picture(width=200))


@pytest.mark.real_data
def test_skipping_in_a_real_corridor_costs_no_recall():
    detector = UltralyticsDetector(detector_weights())
    looked, skipped = None, []
    for sample, skip in _with_skips(samples_of(*frames(ASSISTANT).values()), TEST):
        if skip:
            skipped.append((looked, sample))
        else:
            looked = sample
    assert len(skipped) >= 5
    for before, sample in skipped:
        people, expected = detector.detect([sample.image, before.image])
        assert len(people) == 0 or overlaps_of(people.xyxy, expected.xyxy).max(axis=1).min() > 0.5
