"""Who is on shift while a video is taken."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

SHIFTS_SCHEMA = {
    "store_id": pl.String(),
    "seller_id": pl.String(),
    "begin": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class Shift:
    """When a seller is on shift, in seconds from the video's first frame."""

    seller_id: str
    begin_s: float
    end_s: float


def shifts_in(
    shifts: pl.DataFrame, *, store_id: str, begin: dt.datetime, end: dt.datetime, slack_s: float
) -> tuple[Shift, ...] | None:
    """Who may be in the picture between two moments; None where the shifts say nothing of the store on these days.

    Parameters
    ----------
    shifts
        Columns of `SHIFTS_SCHEMA`. Rows without a seller, or that end before they begin, say nothing.
    store_id
        The store.
    begin, end
        First and last moment of the video, in UTC.
    slack_s
        By how many seconds people may come before a shift, or go after it.

    Returns
    -------
    tuple of Shift or None
        By seller and begin. Empty where shifts are known for the day before, the day itself or the day after, but nobody is on shift.
    """
    told = shifts.filter((pl.col("store_id") == store_id) & pl.col("seller_id").is_not_null() & (pl.col("end") > pl.col("begin")))
    day = dt.timedelta(days=1)
    if told.filter((pl.col("end") > begin - day) & (pl.col("begin") < end + day)).is_empty():
        return None
    slack = dt.timedelta(seconds=slack_s)
    rows = told.filter((pl.col("end") + slack > begin) & (pl.col("begin") - slack < end)).sort("seller_id", "begin")
    return tuple(
        Shift(seller, (first - begin).total_seconds(), (last - begin).total_seconds())
        for seller, first, last in rows.select("seller_id", "begin", "end").iter_rows()
    )
