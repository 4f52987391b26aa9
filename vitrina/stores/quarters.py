"""Which quarters can be computed, and which a delivery has made stale. Dates in, dates out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

LAST_WEEK = dt.timedelta(days=6)
LOOK_BACK = 4
"""Quarters before its own on which a quarter's features rest."""


def quarter_of(day: dt.date) -> dt.date:
    """First day of the quarter that holds `day`.

    >>> quarter_of(dt.date(2022, 8, 15))
    datetime.date(2022, 7, 1)
    """
    return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def add_months(month: dt.date, months: int) -> dt.date:
    """First day of the month that lies `months` after that of `month`.

    >>> add_months(dt.date(2022, 11, 1), 3)
    datetime.date(2023, 2, 1)
    """
    index = month.year * 12 + month.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def following_quarter(key: str) -> str:
    """The partition key after another.

    >>> following_quarter("2022-10-01")
    '2023-01-01'
    """
    return add_months(dt.date.fromisoformat(key), 3).isoformat()


def consecutive(quarters: Sequence[dt.date]) -> list[dt.date]:
    """The last of some quarters, in order, back to the first gap.

    >>> consecutive([dt.date(2022, 1, 1), dt.date(2022, 7, 1), dt.date(2022, 10, 1)])
    [datetime.date(2022, 7, 1), datetime.date(2022, 10, 1)]
    """
    found = list(quarters[-1:])
    for quarter in reversed(quarters[:-1]):
        if add_months(quarter, 3) != found[0]:
            break
        found.insert(0, quarter)
    return found


def complete_quarters(sale_dates: Collection[dt.date], since: dt.date, today: dt.date) -> tuple[dt.date, ...]:
    """Quarters that are over, whose three months all have sales, and whose last week or any later day has been delivered.

    A feed that states sums by month dates them on the first: its last month counts as delivered whole.

    Parameters
    ----------
    sale_dates
        Distinct dates of sales in the whole network.
    since
        First day of the first quarter to consider.
    today
        The current day.
    """
    if not sale_dates:
        return ()
    months = {day.replace(day=1) for day in sale_dates}
    last = max(sale_dates)
    by_month = all(day.day == 1 for day in sale_dates)
    known_until = add_months(last, 1) - dt.timedelta(days=1) if by_month else last + LAST_WEEK
    candidates = sorted({quarter_of(month) for month in months})
    return tuple(
        quarter
        for quarter in candidates
        if since <= quarter
        and add_months(quarter, 3) <= today
        and all(add_months(quarter, offset) in months for offset in range(3))
        and known_until >= add_months(quarter, 3) - dt.timedelta(days=1)
    )


def may_be_complete(quarter: dt.date, last_sale: dt.date) -> bool:
    """Whether a feed whose latest sale is known may have delivered the whole quarter: up to its last week, or by month."""
    after = add_months(quarter, 3)
    return last_sale >= after - dt.timedelta(days=1) - LAST_WEEK or last_sale == add_months(quarter, 2)


def affected_quarters(first: dt.date, last: dt.date, complete: Collection[dt.date]) -> tuple[dt.date, ...]:
    """Complete quarters whose features change when sales between two dates change.

    Growth compares with the quarter a year before, which is farther than any window reaches.

    Parameters
    ----------
    first, last
        Earliest and latest date of the changed sales.
    complete
        Quarters that can be computed.
    """
    start, end = quarter_of(first), add_months(quarter_of(last), 3 * LOOK_BACK)
    return tuple(sorted(quarter for quarter in complete if start <= quarter <= end))


def stale_quarters(
    changes: Iterable[tuple[dt.date, dt.date] | None],
    complete: Collection[dt.date],
    computed: Collection[dt.date],
) -> tuple[dt.date, ...]:
    """Quarters to compute anew after some deliveries.

    Parameters
    ----------
    changes
        Per delivery the earliest and latest date it touched; ``None`` for master data, which touches every quarter.
    complete
        Quarters that can be computed.
    computed
        Quarters that have been computed; a complete one that has not is stale, whatever completed it.
    """
    stale = set(complete) - set(computed)
    for change in changes:
        stale.update(complete if change is None else affected_quarters(*change, complete))
    return tuple(sorted(stale))
