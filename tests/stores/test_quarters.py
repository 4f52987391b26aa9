import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from vitrina.inbox.staleness import stretches
from vitrina.stores.network import incomplete_quarters
from vitrina.stores.quarters import (
    add_months,
    affected_quarters,
    complete_quarters,
    following_quarter,
    may_be_complete,
    quarter_of,
    stale_quarters,
)

SINCE = dt.date(2020, 1, 1)


def months(year: int, *numbers: int) -> list[dt.date]:
    return [dt.date(year, month, 1) for month in numbers]


def complete(dates: list[dt.date]) -> tuple[dt.date, ...]:
    return complete_quarters(dates, SINCE, dt.date(2026, 1, 1))


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=offset) for offset in range((last - first).days + 1)]


def test_a_quarter_needs_all_three_months():
    assert complete(months(2022, 1, 2, 3, 4, 5)) == (dt.date(2022, 1, 1),)
    assert complete(months(2022, 1, 3, 4, 5, 6)) == (dt.date(2022, 4, 1),)


def test_a_monthly_feed_is_delivered_whole_with_its_first_day():
    assert complete(months(2022, 7, 8, 9)) == (dt.date(2022, 7, 1),)


def test_a_daily_feed_must_reach_the_last_week_of_the_quarter():
    assert complete(days(dt.date(2022, 7, 1), dt.date(2022, 9, 20))) == ()
    assert complete(days(dt.date(2022, 7, 1), dt.date(2022, 9, 24))) == (dt.date(2022, 7, 1),)


def test_a_later_sale_closes_a_quarter_that_stopped_early():
    dates = [*days(dt.date(2022, 7, 1), dt.date(2022, 9, 10)), dt.date(2022, 10, 2)]
    assert complete(dates) == (dt.date(2022, 7, 1),)


def test_quarters_before_the_first_one_do_not_count():
    assert complete(months(2019, 10, 11, 12)) == ()


def test_no_sales_make_no_quarter():
    assert complete([]) == ()
    assert stale_quarters([None], [], []) == ()


def test_changed_sales_reach_as_far_as_growth_looks_back():
    every = tuple(dt.date(year, month, 1) for year in (2021, 2022, 2023) for month in (1, 4, 7, 10))
    changed = affected_quarters(dt.date(2022, 2, 1), dt.date(2022, 2, 28), every)
    assert changed == (*(dt.date(2022, month, 1) for month in (1, 4, 7, 10)), dt.date(2023, 1, 1))


def test_master_data_make_every_complete_quarter_stale():
    quarters = complete(months(2022, 1, 2, 3, 4, 5, 6, 7))
    assert stale_quarters([None], quarters, quarters) == (dt.date(2022, 1, 1), dt.date(2022, 4, 1))


def test_a_quarter_that_was_completed_by_whatever_came_later_is_stale_until_it_is_computed():
    dates = [*days(dt.date(2024, 1, 1), dt.date(2024, 3, 10)), *days(dt.date(2024, 7, 1), dt.date(2024, 9, 30))]
    quarters = complete(dates)
    assert quarters == (dt.date(2024, 1, 1), dt.date(2024, 7, 1))
    july = (dt.date(2024, 7, 1), dt.date(2024, 9, 30))
    assert stale_quarters([july], quarters, []) == quarters
    assert stale_quarters([], quarters, [dt.date(2024, 7, 1)]) == (dt.date(2024, 1, 1),)
    assert stale_quarters([], quarters, quarters) == ()


def test_a_quarter_that_is_not_over_is_not_complete():
    dates = months(2026, 10, 11, 12)
    assert complete_quarters(dates, SINCE, dt.date(2026, 12, 5)) == ()
    assert complete_quarters(dates, SINCE, dt.date(2027, 1, 1)) == (dt.date(2026, 10, 1),)


def test_a_feed_that_stopped_early_may_not_be_complete():
    quarter = dt.date(2026, 7, 1)
    assert not may_be_complete(quarter, dt.date(2026, 9, 3))
    assert may_be_complete(quarter, dt.date(2026, 9, 1)), "a feed by month"
    assert may_be_complete(quarter, dt.date(2026, 9, 25))
    assert may_be_complete(quarter, dt.date(2026, 11, 2))


def test_neighbouring_quarters_are_computed_together_and_what_lies_between_stretches_is_left_alone():
    keys = ["2022-01-01", "2022-10-01", "2023-01-01"]
    assert stretches(keys, following_quarter) == [("2022-01-01", "2022-01-01"), ("2022-10-01", "2023-01-01")]
    assert stretches([], following_quarter) == []


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)), st.integers(-60, 60))
def test_months_added_and_taken_away_again_change_nothing(day, count):
    month = day.replace(day=1)
    assert add_months(add_months(month, count), -count) == month
    assert quarter_of(day) <= day < add_months(quarter_of(day), 3)


def test_incomplete_quarters_are_told_with_their_months_and_a_hole_in_the_middle_too():
    dates = [*months(2021, 1, 2, 3), *months(2021, 7, 8, 9, 10, 11)]
    quarters = complete(dates)
    assert incomplete_quarters(dates, quarters, dt.date(2018, 1, 1)) == {dt.date(2021, 4, 1): 0, dt.date(2021, 10, 1): 2}
    assert incomplete_quarters(dates, quarters, dt.date(2021, 7, 1)) == {dt.date(2021, 10, 1): 2}
    assert incomplete_quarters([], (), dt.date(2018, 1, 1)) == {}
