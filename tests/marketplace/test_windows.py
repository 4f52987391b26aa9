"""Times that a model may know, and times that it is judged on."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.marketplace.small_shop import day, log
from vitrina.marketplace.log import NothingToLearnError
from vitrina.marketplace.windows import FOLDS, TRAINING_WINDOWS, Window, plan


def days_of(days):
    """A log that has an event on its first and on its last day."""
    return log(("a", "1", "purchase", 0), ("b", "1", "view", days - 0.5))


def window(start, end):
    return Window(day(start), day(end))


def windows(*starts, days):
    return tuple(window(start, start + days) for start in starts)


def test_a_log_of_ten_horizons_is_divided_from_its_end():
    made = plan(days_of(100), 10)
    assert made.horizon == 10
    assert (made.validation, made.test) == (window(80, 90), window(90, 100))
    assert made.before_validation == windows(30, 35, 40, 45, 50, 55, 60, 65, 70, days=10)
    assert made.before_test == windows(40, 45, 50, 55, 60, 65, 70, 75, 80, days=10)
    assert made.final == windows(50, 55, 60, 65, 70, 75, 80, 85, 90, days=10)
    assert made.folds == windows(50, 60, 70, days=10)


def test_a_log_shorter_than_six_horizons_gets_a_shorter_one():
    made = plan(days_of(45), 10)
    assert made.horizon == 7
    assert made.test == window(38, 45)
    # the first seven days are history only
    assert made.before_validation == windows(9, 12, 15, 18, 21, 24, days=7)
    assert made.folds == windows(10, 17, 24, days=7)


def test_a_log_of_six_days_is_enough_and_one_of_five_is_refused_with_what_to_do():
    made = plan(days_of(6), 30)
    assert (made.horizon, made.test, made.validation) == (1, window(5, 6), window(4, 5))
    assert made.before_validation == made.folds == windows(1, 2, 3, days=1)
    with pytest.raises(NothingToLearnError, match=r"spans 5 day\(s\)") as refused:
        plan(days_of(5), 30)
    assert "at least 6 days" in refused.value.remedy


@settings(max_examples=200, deadline=None)
@given(days=st.integers(6, 400), horizon=st.integers(1, 60))
def test_nothing_is_learnt_from_a_time_that_is_judged_and_something_is_known_before_every_window(days, horizon):
    made = plan(days_of(days), horizon)
    assert made.test.end == day(days)
    assert made.validation.end == made.test.start
    for learnt, judged in ((made.before_validation, made.validation), (made.before_test, made.test), (made.folds, made.validation)):
        assert len(learnt) >= 2
        assert learnt[-1].end == judged.start
    for several in (made.before_validation, made.before_test, made.final, made.folds):
        assert list(several) == sorted(set(several))
        assert all(one.end == one.moved(made.horizon).start for one in several)
        assert several[0].start >= day(made.horizon)
        assert len(several) <= TRAINING_WINDOWS
    assert all(later.start == earlier.end for earlier, later in pairwise(made.folds))
    assert len(made.folds) <= FOLDS
    assert made.final[-1] == made.test
