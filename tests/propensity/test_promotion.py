"""Promotion of a challenger."""

import numpy as np
import pytest

from vitrina.propensity.measures import Measured, gini_difference
from vitrina.propensity.promotion import challenger_of, is_promoted


@pytest.mark.parametrize(
    ("low", "high", "promoted"),
    [(0.001, 0.1, True), (0.0, 0.1, False), (-0.01, 0.2, False), (-0.2, -0.1, False), (None, None, False)],
)
def test_a_challenger_is_promoted_where_the_whole_interval_lies_above_zero(low, high, promoted):
    value = None if low is None else (low + high) / 2
    assert is_promoted(Measured("gini_difference", value, low, high, 1_000, 50)) is promoted


def test_a_clearly_better_challenger_is_promoted_and_an_equal_one_is_not():
    rng = np.random.default_rng(0)
    opened = rng.random(3_000) < 0.1
    champion, equal, better = (rng.normal(strength * opened, 1) for strength in (0.5, 0.5, 1.5))
    assert is_promoted(gini_difference(better, champion, opened, seed=0))
    assert not is_promoted(gini_difference(champion, better, opened, seed=0))
    assert not is_promoted(gini_difference(equal, champion, opened, seed=0))


def test_with_too_few_openings_the_champion_stays():
    opened = np.arange(500) >= 480
    assert not is_promoted(gini_difference(np.arange(500.0), -np.arange(500.0), opened, seed=0))


def test_the_challenger_is_whoever_does_not_make_the_scores():
    assert challenger_of("logistic") == "boosted"
    assert challenger_of("boosted") == "logistic"
