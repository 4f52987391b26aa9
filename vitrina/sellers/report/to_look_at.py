"""What a manager should look at, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from babel.numbers import format_decimal

from vitrina.sellers.drift import CONFIDENCE, COVERAGE, SHORT_TRACKS, UNKNOWN_SELLERS
from vitrina.sellers.metrics import WAITING_UNSERVED
from vitrina.sellers.report.by_hour import hour_name
from vitrina.sellers.report.contents import DayReport
from vitrina.sellers.report.footage_table import WELL_SEEN, seen_share
from vitrina.sellers.report.wording import measure_advice

SHARES = (CONFIDENCE, SHORT_TRACKS, UNKNOWN_SELLERS, COVERAGE)
"""Measures that are told as per cent."""


def to_look_at(report: DayReport) -> Iterator[str]:
    """Sentences about customers, sellers and cameras; none where nothing stands out."""
    yield from _about_hours(report)
    yield from _about_sellers(report)
    yield from _about_cameras(report)
    yield from _about_drift(report)


def _about_hours(report: DayReport) -> Iterator[str]:
    translate, wording = report.translate, report.wording
    told = report.told.hours.filter(pl.col("coverage") >= report.least_coverage)
    waited = report.told.number(WAITING_UNSERVED).value
    if waited:
        yield translate("Customers who waited too long while no seller was free: {count}.").format(count=wording.whole(waited))
        worst = _largest(told, "unserved")
        if worst:
            yield translate("Most customers waited too long from {hour}.").format(hour=hour_name(worst["hour"]))
    busiest = _largest(told, "customers")
    if busiest:
        yield translate("Busiest hour: {hour}, with {customers} customers and {interactions} interactions.").format(
            hour=hour_name(busiest["hour"]),
            customers=wording.whole(busiest["customers"]),
            interactions=wording.whole(busiest["interactions"] or 0),
        )


def _largest(hours: pl.DataFrame, column: str) -> dict[str, Any] | None:
    """The hour with the most, the first of equal ones; none where there is nothing."""
    found = hours.filter(pl.col(column) > 0).sort(column, "hour", descending=[True, False])
    return found.row(0, named=True) if found.height else None


def _about_sellers(report: DayReport) -> Iterator[str]:
    unnamed = report.told.unnamed
    if unnamed:
        yield report.translate(
            "Interactions of a seller whom nobody on the roster could be matched to: {count}. Look whether the shifts of the day are right."
        ).format(count=unnamed)
    if report.told.interactions.height and not report.told.sellers:
        yield report.translate("No seller could be named; were the shifts of this day delivered?")


def _about_cameras(report: DayReport) -> Iterator[str]:
    for videos in report.told.videos.partition_by("camera_id", maintain_order=True):
        seen = seen_share(videos)
        if seen is not None and seen < WELL_SEEN and videos["counts"].any():
            yield report.translate(
                "Camera {camera}: only {coverage} of its opening hours could be seen. Look at its picture: dark, blurred, frozen or covered?"
            ).format(camera=videos.item(0, "camera_id"), coverage=report.wording.percent(seen))


def _about_drift(report: DayReport) -> Iterator[str]:
    translate, advice = report.translate, measure_advice(report.translate)
    text = translate("Camera {camera}: {measure} {value}, usually {usual} (median of {days} days). {advice}")
    for row in report.told.drift.filter("drifted").iter_rows(named=True):
        value, usual = (_measured(report, row["measure"], row[name]) for name in ("value", "usual"))
        what = translate("Look at this camera's picture.")
        yield text.format(
            camera=row["camera_id"],
            measure=report.wording.measure(row["measure"]),
            value=value,
            usual=usual,
            days=row["days"],
            advice=advice.get(row["measure"], what),
        )


def _measured(report: DayReport, measure: str, value: float | None) -> str:
    if value is None:
        return report.translate("unknown")
    if measure in SHARES:
        return report.wording.percent(value)
    return str(format_decimal(value, format="#,##0.0" if abs(value) < 100 else "#,##0", locale=report.wording.locale))
