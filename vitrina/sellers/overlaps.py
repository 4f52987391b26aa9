"""Videos of one camera that show the same time: what happens there would count twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from vitrina.sellers.video_names import VideoKey

SLACK_S = 2.0
"""Recorders begin a file a moment before the one before ends, and keys know whole seconds."""


@dataclass(frozen=True)
class Span:
    """The time that a video shows.

    Attributes
    ----------
    path
        The file.
    key
        Its camera and start.
    duration_s
        Its length; 0 where it is not known yet: only its start can then lie within another.
    """

    path: str
    key: VideoKey
    duration_s: float = 0.0

    @property
    def camera(self) -> tuple[str, str]:
        """Store and camera."""
        return self.key.store_id, self.key.camera_id

    @property
    def end(self) -> dt.datetime:
        """Where it ends."""
        return self.key.started_at + dt.timedelta(seconds=self.duration_s)


def overlaps(spans: Iterable[Span]) -> Iterator[tuple[Span, Span]]:
    """Pairs of videos of one camera that overlap by more than a moment, or begin together.

    Each video is compared with the one just before it and with the earlier one that reaches farthest, so every video that
    overlaps another is in some pair, but not every pair is told.

    Parameters
    ----------
    spans
        Videos of any cameras, in any order.
    """
    ordered = sorted(spans, key=lambda span: (span.camera, span.key.started_at, span.path, span.duration_s))
    for _, of_camera in groupby(ordered, key=lambda span: span.camera):
        farthest: Span | None = None
        before: Span | None = None
        for span in of_camera:
            # the one just before may begin together with it, though none reaches into either
            yield from ((other, span) for other in _distinct(farthest, before) if _overlap(other, span))
            before = span
            if farthest is None or span.end > farthest.end:
                farthest = span


def _distinct(*spans: Span | None) -> list[Span]:
    return list(dict.fromkeys(span for span in spans if span is not None))


def _overlap(earlier: Span, later: Span) -> bool:
    if earlier.key.started_at == later.key.started_at:
        return True
    return (earlier.end - later.key.started_at).total_seconds() > SLACK_S
