"""Shifts of a video."""

import datetime as dt

import polars as pl

from tests.sellers.made_up_days import HOUR, START, STORE, usual_day
from vitrina.sellers.shifts import SHIFTS_SCHEMA, Shift, shifts_in


def test_shifts_are_told_in_seconds_of_the_video():
    day = usual_day()
    found = shifts_in(
        day.roster, store_id=STORE, begin=START + dt.timedelta(hours=1), end=START + dt.timedelta(hours=2), slack_s=1_800
    )
    assert found == (Shift("anna", -HOUR, 11 * HOUR),)


def test_a_shift_without_a_seller_or_with_its_end_before_its_beginning_says_nothing():
    hour = dt.timedelta(hours=1)
    rows = [(STORE, None, START, START + hour), (STORE, "anna", START + hour, START), ("south", "boris", START, START + hour)]
    shifts = pl.DataFrame(rows, schema=SHIFTS_SCHEMA, orient="row")
    assert shifts_in(shifts, store_id=STORE, begin=START, end=START + hour, slack_s=1_800) is None


def test_nobody_on_shift_is_not_the_same_as_no_shifts():
    hour = dt.timedelta(hours=1)
    shifts = pl.DataFrame([(STORE, "anna", START, START + 4 * hour)], schema=SHIFTS_SCHEMA, orient="row")
    assert shifts_in(shifts, store_id=STORE, begin=START + 8 * hour, end=START + 9 * hour, slack_s=1_800) == ()
    assert shifts_in(shifts, store_id=STORE, begin=START + 80 * hour, end=START + 81 * hour, slack_s=1_800) is None
    assert shifts_in(shifts.clear(), store_id=STORE, begin=START, end=START + hour, slack_s=1_800) is None
