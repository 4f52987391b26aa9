"""Which videos to evaluate, which partitions to add and which to forget: pure comparisons of what is seen with what is known.

One look is `list_videos`, `read_names`, `settle`, `identify` for each complete file, `with_fingerprints` and `plan_uploads`.
A look that failed is None and changes nothing; and a file that is gone deletes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vitrina.inbox.difference import Difference, FoundFile, Listing, difference
from vitrina.inbox.messages import Message, RefusedFileError, message, shown
from vitrina.sellers.overlaps import Span, overlaps
from vitrina.sellers.upload_records import Duplicate, KnownVideo, Plan, Refused, Seen, SeenVideo, Upload
from vitrina.sellers.video_listing import modified_at
from vitrina.sellers.video_names import NamePattern, VideoKey, read_name
from vitrina.sellers.video_times import Clock

FIRST_PLAUSIBLE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Some programs date a file 1980 for as long as they copy it: it is not old."""


def read_names(listing: Listing, pattern: NamePattern, clocks: Mapping[tuple[str, str], Clock] | None, default: Clock) -> Seen:
    """Read the names of listed files; see `read_name`. What cannot be used is refused with a reason."""
    videos, refused = [], []
    for file in sorted(listing.files, key=lambda file: file.path):
        try:
            videos.append(SeenVideo(file, read_name(file.path, pattern, clocks, default)))
        except RefusedFileError as error:
            refused.append(Refused(shown(file.path), error.what, error.to_do))
    refused += [
        Refused(
            path,
            message("{path} is a link that leaves the inbox, leads to a folder, or cannot be read.", path=path),
            message("Put the video itself there."),
        )
        for path in sorted(listing.outside)
    ]
    refused += [
        Refused(path, message("{path} cannot be listed as a file.", path=path), message("Name it with plain characters."))
        for path in sorted(listing.unexpected)
    ]
    return Seen(tuple(videos), tuple(refused))


def settle(
    seen: Seen | None,
    known: Collection[KnownVideo],
    pending: Mapping[str, Sequence[Any]],
    *,
    now: dt.datetime,
    settle_s: float,
) -> Difference:
    """Which files that are not known are complete: two looks in a row found them the same, or they are old enough.

    Parameters
    ----------
    seen
        The look; None where it failed, which changes nothing.
    known
        Everything that is known.
    pending
        The cursor that the look before left.
    now
        The current time.
    settle_s
        A file that was last written so many seconds ago is complete at the first look.
    """
    if seen is None:
        return difference(None, frozenset(), pending)
    listing = Listing(tuple(sorted((video.file for video in seen.videos), key=lambda file: file.path)))
    outcome = difference(listing, {one.stamp for one in _newest(known).values()}, pending)
    old = {file.path for file in listing.files if file.path in outcome.pending and _is_old(file, now, settle_s)}
    complete = {file.path for file in outcome.complete} | old
    return Difference(
        complete=tuple(file for file in listing.files if file.path in complete),
        still_growing=tuple(path for path in outcome.still_growing if path not in old),
        pending=outcome.pending,
    )


def with_fingerprints(seen: Seen, fingerprints: Mapping[str, str | None]) -> Seen:
    """The same look, with the fingerprints of some paths; others were not read."""
    videos = tuple(replace(video, fingerprint=fingerprints.get(video.file.path)) for video in seen.videos)
    return replace(seen, videos=videos)


def plan_uploads(  # noqa: PLR0913  # what is seen and known, and when
    seen: Seen | None,
    known: Collection[KnownVideo],
    in_flight: Collection[str],
    present: Collection[str],
    *,
    now: dt.datetime,
    retention: dt.timedelta | None,
) -> Plan:
    """Decide what to do after one look; the order of what is given changes nothing.

    A name with new content is a new version, and so is one that has its earlier content again. Content that stands for
    itself under another name makes a duplicate; when the name it stands under gets other content, the duplicate is
    evaluated. Empty files are nobody's duplicates. A file that another file's run may make a duplicate waits for that run.

    Parameters
    ----------
    seen
        The look, with the fingerprints of complete files; None where it failed: then nothing is done at all.
    known
        Every version that is known.
    in_flight
        Keys of partitions whose runs are queued or under way.
    present
        Keys of the partitions that exist.
    now
        The current time.
    retention
        Partitions are forgotten so long after their video became known, once its file is gone; None for never. After a look
        that found no video at all none are: it may be an outage that looks like an empty folder.
    """
    if seen is None:
        return Plan()
    sorting = _Sorting(known, in_flight)
    for video in sorted(seen.videos, key=lambda video: (video.name.start.at, video.file.path)):
        sorting.place(video)
    running = {upload.key for upload in sorting.run}
    due = _due(seen, known, now, retention) - running
    lasting = {one.key for one in known if not one.is_duplicate} - due
    told = _overlapping(sorting)
    return Plan(
        add=tuple(sorted((lasting | running) - set(present))),
        run=tuple(replace(upload, notes=(*_notes(upload, now), *told.get(upload.video.file.path, ()))) for upload in sorting.run),
        forget=tuple(sorted(due & set(present) - set(in_flight))),
        duplicates=tuple(sorting.duplicates),
        refused=(*seen.refused, *sorting.refused),
        unchanged=tuple(sorting.unchanged),
        waiting=tuple(sorting.waiting),
    )


class _Sorting:
    """Sorts videos one by one into what becomes of them; `place` them by start and path."""

    def __init__(self, known: Collection[KnownVideo], in_flight: Collection[str]) -> None:
        self.newest = _newest(known)
        self.keys = {(one.path, one.fingerprint): one.key for one in sorted(known, key=lambda one: one.version)}
        self.standing: dict[str, dict[str, str]] = defaultdict(dict)
        """Fingerprint → path → key of what stands for itself."""
        self.holder: dict[str, str] = {}
        """Key → path of what stands for itself."""
        for one in sorted(self.newest.values(), key=lambda one: (one.recorded_at, one.path)):
            if not one.is_duplicate:
                self._stands(one.path, one.fingerprint, one.key)
        self.in_flight = frozenset(part for key in in_flight for part in key.rsplit("|", 1))
        """Places and contents of what is under way."""
        self.run: list[Upload] = []
        self.duplicates: list[Duplicate] = []
        self.refused: list[Refused] = []
        self.unchanged: list[SeenVideo] = []
        self.waiting: list[str] = []

    def place(self, seen: SeenVideo) -> None:
        path, latest = seen.file.path, self.newest.get(seen.file.path)
        is_as_known = latest is not None and latest.stamp == seen.file.stamp
        fingerprint = latest.fingerprint if latest is not None and is_as_known else seen.fingerprint
        if fingerprint is None:
            return
        video = replace(seen, fingerprint=fingerprint)
        # a clock that was corrected since then does not change the key
        key = self.keys.get((path, fingerprint)) or str(VideoKey.of(video.name, fingerprint))
        original = self._original(video, key)
        if latest is not None and latest.fingerprint == fingerprint:
            version = latest.version
            if original is not None or not latest.is_duplicate:
                self.unchanged += [] if is_as_known else [video]
                return
        else:
            version = 1 if latest is None else latest.version + 1
        if not self.in_flight.isdisjoint(key.rsplit("|", 1)):
            self.waiting.append(path)
        elif original is not None:
            self.duplicates.append(Duplicate(key, video, version, original))
        elif self.holder.get(key, path) != path:
            self.refused.append(_taken(path, self.holder[key]))
        else:
            self.run.append(Upload(key, video, version))
            self._stands(path, fingerprint, key)

    def _stands(self, path: str, fingerprint: str, key: str) -> None:
        self.standing[fingerprint][path] = key
        self.holder.setdefault(key, path)

    def _original(self, video: SeenVideo, key: str) -> str | None:
        """The path that stands for the same content; all empty files have the same, which says nothing."""
        others = self.standing.get(video.fingerprint or "", {})
        alike = (path for path, other in others.items() if path != video.file.path and (video.file.size or other == key))
        return next(alike, None)


def _newest(known: Iterable[KnownVideo]) -> dict[str, KnownVideo]:
    return {one.path: one for one in sorted(known, key=lambda one: one.version)}


def _is_old(file: FoundFile, now: dt.datetime, settle_s: float) -> bool:
    at = modified_at(file)
    return at is not None and at >= FIRST_PLAUSIBLE and (now - at).total_seconds() >= settle_s


def _due(seen: Seen, known: Collection[KnownVideo], now: dt.datetime, retention: dt.timedelta | None) -> set[str]:
    """Keys of which every video became known long ago and is gone."""
    if retention is None or not seen.videos:
        return set()
    there = {video.file.path for video in seen.videos} | {refused.path for refused in seen.refused}
    lasting = {one.key for one in known if one.recorded_at + retention > now or not there.isdisjoint({one.path, shown(one.path)})}
    return {one.key for one in known} - lasting


def _overlapping(sorting: _Sorting) -> dict[str, list[Message]]:
    """What to say of new videos by path: which other video of the camera shows the same time."""
    new = {upload.video.file.path: upload for upload in sorting.run}
    cameras = {(upload.video.name.store_id, upload.video.name.camera_id) for upload in sorting.run}
    spans = [Span(path, VideoKey.parse(upload.key)) for path, upload in new.items()]
    for path, one in sorting.newest.items():
        if path not in new and not one.is_duplicate and tuple(one.key.split("|")[:2]) in cameras:
            spans.append(Span(path, VideoKey.parse(one.key), one.duration_s or 0.0))
    told: dict[str, list[Message]] = defaultdict(list)
    for earlier, later in overlaps(spans):
        for path, other in ((earlier.path, later.path), (later.path, earlier.path)):
            if path in new:
                told[path].append(
                    message("{path} and {other} show the same time of one camera.", path=shown(path), other=shown(other))
                )
    return told


def _notes(upload: Upload, now: dt.datetime) -> tuple[Message, ...]:
    start, path = upload.video.name.start.at, shown(upload.video.file.path)
    notes = list(upload.video.name.notes)
    if start > now:
        notes.append(message("{path} begins in the future: the camera's clock is ahead.", path=path))
    if upload.version > 1:
        notes.append(message("{path} has new content: this is version {version}.", path=path, version=upload.version))
    return tuple(notes)


def _taken(path: str, holder: str) -> Refused:
    path, holder = shown(path), shown(holder)
    return Refused(
        path,
        message("{path} has the same camera, start and beginning of the fingerprint as {other}.", path=path, other=holder),
        message("Deliver one of the two under another start time."),
    )
