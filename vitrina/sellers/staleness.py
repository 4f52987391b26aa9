"""Which videos are to be computed anew after a delivery: those of the days that shifts and receipts are of, from what is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from vitrina.inbox.entries import Entry
from vitrina.inbox.staleness import WHOLE, Staleness
from vitrina.sellers.contracts import CAMERAS, SHIFTS, TILL_RECEIPTS
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse

AROUND = dt.timedelta(days=1)
"""A film of one day may show the hours of the next one, by some clock."""


def staleness(entries: Sequence[Entry], _warehouse: Warehouse, settings: Settings, today: dt.date) -> Staleness:
    """Videos whose cameras, shifts or receipts were delivered, and all days together.

    Videos whose partitions are retired are not computed again by themselves.
    """
    oldest = today - partitions_last(settings)
    # a partition that is retired in the course of the day is not asked for
    videos = [record for record in VideoLedger(settings.videos).evaluated() if record.recorded_at.date() > oldest]
    stale = {
        record.video
        for record in videos
        for entry in entries
        if entry.contract == CAMERAS.name
        or (entry.contract in {SHIFTS.name, TILL_RECEIPTS.name} and _concerns(entry, record.started_at.date()))
    }
    return Staleness((*sorted(stale), WHOLE) if entries else (), (*sorted(record.video for record in videos), WHOLE))


def partitions_last(settings: Settings) -> dt.timedelta:
    """How long after its video became known a partition is retired, where the file is gone."""
    return dt.timedelta(days=max(settings.sellers_retention_days, settings.sellers_partition_days))


def _concerns(entry: Entry, day: dt.date) -> bool:
    first, last = entry.changed_from or entry.first_date, entry.changed_to or entry.last_date
    return first is not None and last is not None and first - AROUND <= day <= last + AROUND
