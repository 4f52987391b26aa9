"""Which quarters can be computed, and which a delivery has made stale. Dates in, dates out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

LAST_WEEK = dt.timedelta(days=6)


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


def complete_quarters(sale_dates: Collection[dt.date], since: dt.date) -> tuple[dt.date, ...]:
    """Quarters whose three months all have sales and whose last week, or any later day, has been delivered.

    A feed that states sums by month dates them on the first: its last month counts as delivered whole.

    Parameters
    ----------
    sale_dates
        Distinct dates of sales in the whole network.
    since
        First day of the first quarter to consider.
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
        if quarter >= since
        and all(add_months(quarter, offset) in months for offset in range(3))
        and known_until >= add_months(quarter, 3) - dt.timedelta(days=1)
    )


def incomplete_quarters(sale_dates: Collection[dt.date], since: dt.date) -> tuple[dt.date, ...]:
    """Quarters that have sales but cannot be computed yet, or lie before `since`."""
    complete = set(complete_quarters(sale_dates, since))
    return tuple(sorted({quarter_of(day) for day in sale_dates} - complete))


def affected_quarters(first: dt.date, last: dt.date, complete: Collection[dt.date], window_quarters: int) -> tuple[dt.date, ...]:
    """Complete quarters whose features change when sales between two dates change.

    The quarter before `first` is among them, for new sales may have completed it; growth looks back four quarters.

    Parameters
    ----------
    first, last
        Earliest and latest date of the changed sales.
    complete
        Quarters that can be computed.
    window_quarters
        Quarters that features look back on, the quarter itself included.
    """
    reach = max(window_quarters - 1, 4)
    start, end = add_months(quarter_of(first), -3), add_months(quarter_of(last), 3 * reach)
    return tuple(sorted(quarter for quarter in complete if start <= quarter <= end))


def stale_quarters(
    changes: Iterable[tuple[dt.date, dt.date] | None], sale_dates: Collection[dt.date], *, since: dt.date, window_quarters: int
) -> tuple[dt.date, ...]:
    """Quarters to compute anew after some deliveries.

    Parameters
    ----------
    changes
        Per delivery the earliest and latest date it touched; ``None`` for master data, which touches every quarter.
    sale_dates
        Distinct dates of sales in the whole network, after the deliveries.
    since
        First day of the first quarter to consider.
    window_quarters
        Quarters that features look back on.
    """
    complete = complete_quarters(sale_dates, since)
    stale: set[dt.date] = set()
    for change in changes:
        stale.update(complete if change is None else affected_quarters(*change, complete, window_quarters))
    return tuple(sorted(stale))
