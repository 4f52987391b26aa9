"""One look at the videos of the inbox, from the listing to what is to be done, and what of it the ledger is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vitrina.inbox.difference import FoundFile, Pending
from vitrina.inbox.messages import message, shown
from vitrina.sellers.staleness import partitions_last
from vitrina.sellers.tables import SELLERS
from vitrina.sellers.upload_records import Plan, Refused
from vitrina.sellers.uploads import plan_uploads, read_names, settle, with_fingerprints
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.sellers.video_listing import identify, list_videos
from vitrina.sellers.video_names import NamePattern
from vitrina.sellers.video_times import Clock
from vitrina.settings import Settings

MOST_IDENTIFIED = 50
"""Files that one look reads a few blocks of: a look has a minute at most."""


@dataclass(frozen=True)
class Arrivals:
    """What one look came to.

    Attributes
    ----------
    plan
        What is to be done; None where the inbox could not be listed.
    pending
        For the next look.
    growing
        Files that may not be complete.
    left
        How many complete files were left to the next look.
    """

    plan: Plan | None
    pending: Pending
    growing: tuple[str, ...] = ()
    left: int = 0


def look(  # noqa: PLR0913  # what is known and under way
    settings: Settings,
    ledger: VideoLedger,
    *,
    pending: Mapping[str, Sequence[Any]],
    in_flight: Collection[str],
    present: Collection[str],
    now: dt.datetime,
) -> Arrivals:
    """Look at the videos once, and tell the ledger what is new, known under another name, or cannot be used.

    Parameters
    ----------
    settings
        For the inbox, the pattern of names, and the times.
    ledger
        What is known.
    pending
        What the look before left.
    in_flight
        Keys of partitions whose runs are queued or under way.
    present
        Keys of the partitions that exist.
    now
        The time, aware.
    """
    root, pattern = settings.inbox_folder / SELLERS, NamePattern(settings.sellers_videos)
    listing = list_videos(root, pattern)
    if listing is None:
        return Arrivals(None, {path: list(seen) for path, seen in pending.items()})
    # cameras' own clocks stand in the warehouse, which no sensor waits for: the run corrects the start, the key stays
    seen = read_names(listing, pattern, None, Clock(settings.sellers_time_zone))
    known = ledger.known()
    outcome = settle(seen, known, pending, now=now, settle_s=settings.sellers_settle_s)
    # those that wait for their run are known by their content; those that could not be read come last
    fingerprints: dict[str, str | None] = ledger.announced(outcome.complete)
    unread = [found for found in outcome.complete if found.path not in fingerprints]
    failed_before = ledger.refused_paths()
    unread.sort(key=lambda found: shown(found.path) in failed_before)
    unreadable = []
    for found in unread[:MOST_IDENTIFIED]:
        try:
            fingerprints[found.path] = identify(root, found)
        except OSError as error:
            # what cannot be read now may be read by another look
            unreadable.append(_unreadable(found, error))
    seen = replace(seen, refused=(*seen.refused, *unreadable))
    retention = partitions_last(settings)
    plan = plan_uploads(with_fingerprints(seen, fingerprints), known, in_flight, present, now=now, retention=retention)
    ledger.announce(plan.run, now)
    ledger.duplicates(plan.duplicates, now)
    left = unread[MOST_IDENTIFIED:]
    ledger.refused(plan.refused, now, untried={shown(found.path) for found in left})
    ledger.restamp(plan.unchanged)
    return Arrivals(plan, outcome.pending, outcome.still_growing, sum(shown(found.path) not in failed_before for found in left))


def _unreadable(found: FoundFile, error: OSError) -> Refused:
    path, reason = shown(found.path), error.strerror or type(error).__name__
    return Refused(
        path,
        message("{path} cannot be read: {reason}.", path=path, reason=reason),
        message("See to it that it can be read, or remove it. It is tried again."),
    )
