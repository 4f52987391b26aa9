"""The Excel report of a store's day: what a manager reads over coffee, and the evidence for whoever doubts it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from vitrina.sellers.metrics import DEFAULT_RULE
from vitrina.sellers.report.contents import Day, DayReport
from vitrina.sellers.report.wording import words


def day_report(  # noqa: PLR0913  # a table each, and how they are to be told
    day: dt.date,
    store_id: str,
    locale: str,
    *,
    metrics: pl.DataFrame,
    videos: pl.DataFrame,
    hours: pl.DataFrame,
    interactions: pl.DataFrame,
    purchases: pl.DataFrame,
    drift: pl.DataFrame,
    pictures: Mapping[str, bytes],
    currency: str,
    made_at: dt.datetime,
    evidence: pl.DataFrame | None = None,
    time_zone: str | None = None,
    least_coverage: float = DEFAULT_RULE.least_coverage,
) -> bytes:
    """The workbook's bytes; equal arguments give equal bytes, whatever the order of rows.

    Parameters
    ----------
    day, store_id
        Rows of other days and stores are left out.
    locale
        ``"en"`` or ``"ru"``.
    metrics
        Rows of table `SellerDayMetrics`. Without rows, every number is told to be unknown.
    videos
        Rows of table `DayVideos`.
    hours
        Columns ``hour``, 0 to 23 by the store's clock; ``customers``, seen in that hour; ``interactions``, begun in it;
        ``unserved``, customers who waited too long in it, and may be null throughout where nobody measured it; ``coverage``, the
        share of the hour that could be seen.
    interactions
        Rows of table `Interactions`; those of videos that do not count on this day are left out.
    purchases
        Rows of table `Purchases`.
    drift
        Rows of table `FootageDrift`.
    pictures
        Name → PNG, each a sheet in this order. ``"timeline"`` and ``"heat map"``, also with more words behind them such as a
        camera's name, are named in the reader's language.
    currency
        Code of the currency of all amounts.
    made_at
        When, with a time zone.
    evidence
        Rows of table `EvidenceFiles`: clips stand beside their interactions.
    time_zone
        Of the store's clock; by default that of the videos.
    least_coverage
        Share of an hour that must have been seen for its numbers to be told, as in `vitrina.sellers.metrics.MetricRule`.

    Raises
    ------
    VitrinaError
        The moment has no time zone, nobody says which clock the store has, or a picture is no PNG.
    SettingsError
        There are no words for the locale.
    """
    from openpyxl import Workbook  # noqa: PLC0415  # half a second that loading the definitions need not pay

    from vitrina.sellers.report import sheets  # noqa: PLC0415  # openpyxl: only a report needs it
    from vitrina.workbooks.archive import to_bytes  # noqa: PLC0415  # as above

    told = Day.of(
        day,
        store_id,
        metrics=metrics,
        videos=videos,
        hours=hours,
        interactions=interactions,
        purchases=purchases,
        drift=drift,
        evidence=evidence,
    )
    report = DayReport(told, words(locale, currency, told.zone(time_zone)), dict(pictures), made_at, least_coverage)
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.creator = "Vitrina"
    workbook.properties.title = report.title
    for add_sheets in sheets.IN_ORDER:
        add_sheets(workbook, report)
    return to_bytes(workbook, made_at)


__all__ = ["day_report"]
