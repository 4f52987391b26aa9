"""A short video of an interaction, for whoever doubts a number: every head in it is blurred, found or not on each single frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from vitrina.errors import SettingsError
from vitrina.sellers.detector import Detector
from vitrina.sellers.evidence.blurring import blurred
from vitrina.sellers.evidence.excerpts import Excerpt
from vitrina.sellers.evidence.recording import EvidenceError, recording
from vitrina.sellers.evidence.whereabouts import HOLD, HoldSettings, Moment, Whereabouts, ways_of, ways_of_tracks
from vitrina.sellers.footage import Sample
from vitrina.sellers.video_facts import VideoFacts, probe

CONFIDENCE = 0.1
"""Of the detector that is used for blurring: a box too many blurs a coat rack, a box too few shows a face."""


class VideoExpiredError(EvidenceError):
    """The video that something is to be made of is no longer there."""


@dataclass(frozen=True)
class ClipSettings:
    """How clips are made.

    Attributes
    ----------
    around_s
        Time shown before the interaction and after it.
    longest_s
        Longest clip; of a longer interaction the beginning is shown.
    fps
        Most frames a second.
    longest_px
        Longest side of the picture.
    look_every
        Of so many frames of the clip one is looked at for people; between them they are taken to move straight on.
    batch
        Frames that the detector gets at a time.
    hold
        For how long somebody who is not found stays blurred.
    """

    around_s: float = 3.0
    longest_s: float = 120.0
    fps: float = 10.0
    longest_px: int = 640
    look_every: int = 2
    batch: int = 8
    hold: HoldSettings = HOLD

    def __post_init__(self) -> None:
        if min(self.longest_s, self.fps, self.longest_px, self.look_every, self.batch) <= 0 or self.around_s < 0:
            raise SettingsError(f"No clip can be made so: {self}.", "Give numbers above 0.")


@dataclass(frozen=True)
class Clip:
    """A clip that was written.

    Attributes
    ----------
    path
        The file.
    begin_s, end_s
        Times of its first and last frame, in seconds from the video's first.
    frames
        Frames of the clip.
    looked
        Frames that were looked at for people.
    is_shortened
        Whether the interaction went on.
    """

    path: Path
    begin_s: float
    end_s: float
    frames: int
    looked: int
    is_shortened: bool


CLIPS = ClipSettings()


def write_clip(  # noqa: PLR0913  # where from, what of it, who is to be blurred, where to
    source: Path,
    span: tuple[float, float],
    target: Path,
    *,
    detector: Detector,
    trajectories: pl.DataFrame | None = None,
    facts: VideoFacts | None = None,
    settings: ClipSettings = CLIPS,
) -> Clip:
    """Write a clip of an interaction as MP4, with all heads blurred.

    The stretch is read twice: first people are looked for, so that who is found late is already blurred before. People are where
    the detector finds them, where the way between two findings leads, for some time where they were last or will be next, and where
    tracks of the whole video have them. No more than a batch of small frames is held at a time.

    Parameters
    ----------
    source
        The video.
    span
        Begin and end of the interaction, in seconds from the video's first frame.
    target
        The clip; an old one of the name is replaced when the new one is complete.
    detector
        Finds people, with a least confidence of about `CONFIDENCE`.
    trajectories
        Rows of table `Trajectories` of the video.
    facts
        As of `vitrina.sellers.footage.probe`, which is asked where none are given.
    settings
        How it is made.

    Raises
    ------
    VideoExpiredError
        The video is no longer there.
    EvidenceError
        The video has no frames at that time, or the clip cannot be written.
    UnreadableVideoError
        No frame can be had from the video.
    """
    if not source.is_file():
        raise VideoExpiredError(
            f"The video {source} is no longer there: it was deleted when its time was over, or moved.",
            "Put it back under this name and make the clip again; times and numbers of the interaction are kept without it.",
        )
    begin_s = max(0.0, span[0] - settings.around_s)
    wanted_s = span[1] + settings.around_s
    end_s = min(wanted_s, begin_s + settings.longest_s)
    excerpt = Excerpt(source, facts or probe(source), begin_s, end_s, fps=settings.fps, longest_px=settings.longest_px)
    looked = list(_looked(excerpt, detector, settings))
    if not looked:
        raise EvidenceError(
            f"{source} has no frame from {begin_s:.1f} s to {end_s:.1f} s.",
            "Look whether the interaction is of this version of the video; where the file is cut off, there is nothing to show.",
        )
    ways = ways_of(looked, settings.hold)
    if trajectories is not None:
        margin = settings.hold.hold_s
        near = trajectories.filter(pl.col("pts_s").is_between(begin_s - margin, end_s + margin))
        ways += ways_of_tracks(near, excerpt.plan.scale)
    first_s, last_s, frames = _written(excerpt, Whereabouts(ways, settings.hold), target, settings)
    return Clip(target, first_s, last_s, frames, len(looked), is_shortened=end_s < wanted_s)


def _looked(excerpt: Excerpt, detector: Detector, settings: ClipSettings) -> Iterator[Moment]:
    """Times of the frames that were looked at, with the people on them."""
    asked = (sample for sample in excerpt if sample.number % settings.look_every == 0)
    for batch in _batches(asked, settings.batch):
        found = detector.detect([sample.image for sample in batch])
        yield from ((sample.pts_s, boxes.xyxy) for sample, boxes in zip(batch, found, strict=True))


def _written(excerpt: Excerpt, whereabouts: Whereabouts, target: Path, settings: ClipSettings) -> tuple[float, float, int]:
    first_s = last_s = 0.0
    with recording(target, (excerpt.plan.width, excerpt.plan.height), settings.fps) as clip:
        for sample in excerpt:
            if not clip.frames:
                first_s = sample.pts_s
            clip.add(blurred(sample.image, *whereabouts.at(sample.pts_s)), sample.pts_s - first_s)
            last_s = sample.pts_s
        frames = clip.frames
    return first_s, last_s, frames


def _batches(samples: Iterator[Sample], size: int) -> Iterator[list[Sample]]:
    while batch := list(islice(samples, size)):
        yield batch
