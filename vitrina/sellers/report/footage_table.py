"""What each camera filmed on the day, and how much of it could be seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from vitrina.sellers.report.contents import DayReport
from vitrina.sellers.report.numbers import REFUSED
from vitrina.workbooks.cells import Styled
from vitrina.workbooks.sheets import Column

GAP = dt.timedelta(minutes=1)
"""Shortest time between two videos of a camera that is worth a word."""

MOST_GAPS = 3
WELL_SEEN = 0.8


def footage_columns(report: DayReport, widths: Sequence[float]) -> tuple[Column, ...]:
    """Headings, in the widths of the sheet."""
    translate = report.translate
    camera, filmed, hours, seen, notes = widths
    return (
        Column(translate("Camera"), camera),
        Column(translate("Filmed"), filmed, centred=True),
        Column(translate("Hours of video"), hours, centred=True),
        Column(translate("Could be seen"), seen, "0%", centred=True),
        Column(translate("Remarks"), notes, wrap=True),
    )


def footage_rows(report: DayReport) -> Iterator[tuple[object, ...]]:
    """A row per camera."""
    wording = report.wording
    for videos in report.told.videos.partition_by("camera_id", maintain_order=True):
        seen = seen_share(videos)
        filmed_s = float((videos["ended_at"] - videos["started_at"]).dt.total_seconds().sum())
        begin, end = min(videos["started_at"]), max(videos["ended_at"])
        yield (
            Styled(videos.item(0, "camera_id"), "bold"),
            f"{wording.clock(begin)} – {wording.clock(end)}",
            Styled(filmed_s / 86_400, number_format=wording.time_format),
            Styled(seen, fill="" if seen is not None and seen >= WELL_SEEN else REFUSED),
            " ".join(_remarks(report, videos)),
        )


def seen_share(videos: pl.DataFrame) -> float | None:
    """Share of the videos' time that could be seen; ``None`` of videos without any."""
    took = (videos["ended_at"] - videos["started_at"]).dt.total_microseconds()
    whole = float(took.sum())
    return float((took * videos["coverage"]).sum()) / whole if whole else None


def gaps(videos: pl.DataFrame) -> list[tuple[dt.datetime, dt.datetime]]:
    """Times between the videos of one camera, which are in the order of their beginnings."""
    found: list[tuple[dt.datetime, dt.datetime]] = []
    until: dt.datetime | None = None
    for begin, end in videos.select("started_at", "ended_at").iter_rows():
        if until is not None and begin - until >= GAP:
            found.append((until, begin))
        until = end if until is None else max(until, end)
    return found


def _remarks(report: DayReport, videos: pl.DataFrame) -> Iterator[str]:
    translate, wording = report.translate, report.wording
    left_out = videos.height - int(videos["counts"].sum())
    if left_out == videos.height:
        yield translate("Not counted: another camera shows the same floor.")
    elif left_out:
        yield translate("Videos not counted, because another camera shows the same floor at the time: {count}.").format(
            count=left_out
        )
    missing = gaps(videos)
    if missing:
        shown = ", ".join(f"{wording.clock(begin)} – {wording.clock(end)}" for begin, end in missing[:MOST_GAPS])
        more = f", … ({len(missing)})" if len(missing) > MOST_GAPS else ""
        yield translate("Not filmed: {times}.").format(times=shown + more)
