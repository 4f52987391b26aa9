import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from vitrina.stores.quarters import (
    add_months,
    affected_quarters,
    complete_quarters,
    incomplete_quarters,
    quarter_of,
    stale_quarters,
)

SINCE = dt.date(2020, 1, 1)


def months(year: int, *numbers: int) -> list[dt.date]:
    return [dt.date(year, month, 1) for month in numbers]


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=offset) for offset in range((last - first).days + 1)]


def test_a_quarter_needs_all_three_months():
    assert complete_quarters(months(2022, 1, 2, 3, 4, 5), SINCE) == (dt.date(2022, 1, 1),)
    assert complete_quarters(months(2022, 1, 3, 4, 5, 6), SINCE) == (dt.date(2022, 4, 1),)


def test_a_monthly_feed_is_delivered_whole_with_its_first_day():
    assert complete_quarters(months(2022, 7, 8, 9), SINCE) == (dt.date(2022, 7, 1),)


def test_a_daily_feed_must_reach_the_last_week_of_the_quarter():
    assert complete_quarters(days(dt.date(2022, 7, 1), dt.date(2022, 9, 20)), SINCE) == ()
    assert complete_quarters(days(dt.date(2022, 7, 1), dt.date(2022, 9, 24)), SINCE) == (dt.date(2022, 7, 1),)


def test_a_later_sale_closes_a_quarter_that_stopped_early():
    dates = [*days(dt.date(2022, 7, 1), dt.date(2022, 9, 10)), dt.date(2022, 10, 2)]
    assert complete_quarters(dates, SINCE) == (dt.date(2022, 7, 1),)
    assert incomplete_quarters(dates, SINCE) == (dt.date(2022, 10, 1),)


def test_quarters_before_the_first_one_do_not_count():
    assert complete_quarters(months(2019, 10, 11, 12), SINCE) == ()


def test_no_sales_make_no_quarter():
    assert complete_quarters([], SINCE) == ()
    assert stale_quarters([None], [], since=SINCE, window_quarters=4) == ()


def test_changed_sales_reach_as_far_as_growth_looks_back():
    complete = tuple(dt.date(year, month, 1) for year in (2021, 2022, 2023) for month in (1, 4, 7, 10))
    changed = affected_quarters(dt.date(2022, 2, 1), dt.date(2022, 2, 28), complete, 4)
    assert changed == (dt.date(2021, 10, 1), *(dt.date(2022, month, 1) for month in (1, 4, 7, 10)), dt.date(2023, 1, 1))


def test_master_data_make_every_complete_quarter_stale():
    dates = months(2022, 1, 2, 3, 4, 5, 6, 7)
    assert stale_quarters([None], dates, since=SINCE, window_quarters=4) == (dt.date(2022, 1, 1), dt.date(2022, 4, 1))


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)), st.integers(-60, 60))
def test_months_added_and_taken_away_again_change_nothing(day, count):
    month = day.replace(day=1)
    assert add_months(add_months(month, count), -count) == month
    assert quarter_of(day) <= day < add_months(quarter_of(day), 3)
