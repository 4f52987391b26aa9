"""Months as the first of their days."""

from __future__ import annotations

import datetime as dt


def month_of(day: dt.date) -> dt.date:
    """First day of the month that holds a day.

    >>> month_of(dt.date(2022, 8, 15))
    datetime.date(2022, 8, 1)
    """
    return day.replace(day=1)


def add_months(month: dt.date, months: int) -> dt.date:
    """First day of the month that lies `months` after that of `month`.

    >>> add_months(dt.date(2022, 11, 1), 3)
    datetime.date(2023, 2, 1)
    """
    index = month.year * 12 + month.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)
