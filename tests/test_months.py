"""Months as the first of their days."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.months import add_months, month_of

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
STEPS = st.integers(-600, 600)


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (dt.date(2022, 8, 1), dt.date(2022, 8, 1)),
        (dt.date(2022, 8, 31), dt.date(2022, 8, 1)),
        (dt.date(2024, 2, 29), dt.date(2024, 2, 1)),
    ],
)
def test_a_day_belongs_to_the_month_that_it_lies_in(day, month):
    assert month_of(day) == month


@pytest.mark.parametrize(
    ("month", "steps", "found"),
    [
        (dt.date(2022, 11, 1), 1, dt.date(2022, 12, 1)),
        (dt.date(2022, 12, 1), 1, dt.date(2023, 1, 1)),
        (dt.date(2022, 1, 1), -1, dt.date(2021, 12, 1)),
        (dt.date(2022, 3, 1), 0, dt.date(2022, 3, 1)),
        (dt.date(2022, 3, 1), 24, dt.date(2024, 3, 1)),
        (dt.date(2022, 3, 31), -1, dt.date(2022, 2, 1)),
    ],
)
def test_months_are_counted_across_the_turn_of_the_year(month, steps, found):
    assert add_months(month, steps) == found


@given(DAYS, STEPS)
def test_going_forth_and_back_leads_to_the_month_itself(day, steps):
    assert add_months(add_months(day, steps), -steps) == month_of(day)


@given(DAYS, STEPS, STEPS)
def test_two_steps_are_one_step_of_both(day, one, other):
    assert add_months(add_months(day, one), other) == add_months(day, one + other)


@given(DAYS)
def test_the_month_after_begins_the_day_after_the_last_of_this_one(day):
    last = add_months(day, 1) - dt.timedelta(days=1)
    assert month_of(last) == month_of(day)
