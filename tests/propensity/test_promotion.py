"""Promotion of a challenger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.propensity.measures import Measured, gini_difference
from vitrina.propensity.promotion import champion_after, pooled

FAMILIES = ("logistic", "boosted")


def difference(low, high):
    return Measured("gini_difference", None if low is None else (low + high) / 2, low, high, 1_000, 50)


@pytest.mark.parametrize("champion", FAMILIES)
@pytest.mark.parametrize(
    ("low", "high", "better"),
    [
        (0.001, 0.1, "boosted"),
        (-0.2, -0.1, "logistic"),
        (0.0, 0.1, None),
        (-0.01, 0.2, None),
        (-0.1, 0.0, None),
        (None, None, None),
    ],
)
def test_whoever_makes_the_scores_stays_unless_the_whole_interval_speaks_for_the_other(champion, low, high, better):
    assert champion_after(champion, difference(low, high)) == (better or champion)


def test_a_clearly_better_model_makes_the_scores_and_an_equal_one_does_not():
    rng = np.random.default_rng(0)
    opened = rng.random(3_000) < 0.1
    weak, equal, better = (rng.normal(strength * opened, 1) for strength in (0.5, 0.5, 1.5))
    assert champion_after("logistic", gini_difference(better, weak, opened, seed=0)) == "boosted"
    assert champion_after("boosted", gini_difference(weak, better, opened, seed=0)) == "logistic"
    for champion in FAMILIES:
        assert champion_after(champion, gini_difference(equal, weak, opened, seed=0)) == champion


def test_with_too_few_openings_the_champion_stays():
    opened = np.arange(500) >= 480
    assert champion_after("logistic", gini_difference(np.arange(500.0), -np.arange(500.0), opened, seed=0)) == "logistic"


def test_a_month_counts_as_much_as_it_is_known():
    found = pooled([difference(0.01, 0.03), difference(-0.30, 0.10)])
    assert found.value == pytest.approx((0.02 / 0.01**2 - 0.10 / 0.2**2) / (1 / 0.01**2 + 1 / 0.2**2))
    assert (found.n, found.positives) == (2_000, 100)
    assert champion_after("logistic", found) == "boosted"


def test_one_month_against_five_does_not_turn_them_round():
    found = pooled([*[difference(0.02, 0.04)] * 5, difference(-0.03, -0.01)])
    assert found.value == pytest.approx((5 * 0.03 - 0.02) / 6)
    assert found.low == pytest.approx(found.value - 0.01 / np.sqrt(6))


@given(st.lists(st.tuples(st.floats(-1, 0.9), st.floats(0.001, 0.1)), min_size=1, max_size=8))
def test_the_whole_lies_among_its_months_and_is_known_no_worse_than_any(rows):
    months = [difference(low, low + width) for low, width in rows]
    found = pooled(months)
    assert min(each.value for each in months) - 1e-9 <= found.value <= max(each.value for each in months) + 1e-9
    assert found.high - found.low <= min(each.high - each.low for each in months) + 1e-9


def test_months_that_cannot_be_measured_take_no_part():
    one = difference(0.01, 0.03)
    found = pooled([difference(None, None), one])
    assert (found.value, found.low, found.high) == pytest.approx((one.value, one.low, one.high))
    for nothing in ([], [difference(None, None)]):
        assert pooled(nothing).value is None
    same = pooled([Measured("gini_difference", 0.0, 0.0, 0.0, 10, 5)])
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
