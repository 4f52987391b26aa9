"""Frames of a video at a wanted distance in time, decoded as little as that allows.

Frames go by presentation time, never by number: rates vary within a file. What is not needed is not decoded: key frames alone
suffice where they are close enough; else, of each group of pictures, only what leads up to a wanted frame.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.errors import SettingsError
from vitrina.sellers.decoding import Decoder, Image, decoded, parts_of
from vitrina.sellers.frame_choice import Choice, Clock, ClockJump, Entry, from_first_keyframe, marked, needed
from vitrina.sellers.video_facts import (
    UnreadableVideoError,
    VideoFacts,
    clock_of,
    jump_notes,
    opened,
    packets,
    picture_stream,
    probe,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["Footage", "Plan", "Sample", "UnreadableVideoError", "VideoFacts", "plan", "probe", "sampled"]

Boxes: TypeAlias = npt.NDArray[np.float32]
Decoding: TypeAlias = Literal["keyframes", "as needed"]

MOST_DECODERS = 4
"""Decoders of one file at a time; each holds some tens of pictures."""

SHORT_S = 1.0
"""A file that ends earlier than it promises by more has ended early."""

SMOOTHED_FROM_S = 4.0
"""Where key frames are further apart, what the decoder's filter would smooth adds up from frame to frame."""

KEYFRAME_TOLERANCE = 0.1
"""Key frames alone are taken up to gaps this share longer than the wanted step."""


@dataclass(frozen=True)
class Plan:
    """How a video is going to be read.

    Attributes
    ----------
    decoding
        ``keyframes``: nothing but these, when the longest gap between them is no more than the step and a tenth.
        ``as needed``: in each group of pictures what leads up to wanted frames, without what nothing leans on.
    step_s
        Wanted distance of samples.
    widest_s
        No two samples are further apart than this, as long as the camera ran.
    width, height
        Of the samples' pictures, upright, in pixels.
    scale
        Pixels of the full upright picture per pixel of a sample, across and down.
    smoothed
        Whether edges between blocks are smoothed between key frames too. It takes a sixth of the time, and where pictures are
        scaled down afterwards, nobody sees it.
    why
        Why it is decoded that way, as a sentence.
    """

    decoding: Decoding
    step_s: float
    widest_s: float
    width: int
    height: int
    scale: tuple[float, float]
    smoothed: bool
    why: str


@dataclass(frozen=True, eq=False)
class Sample:
    """A frame of a video.

    Attributes
    ----------
    number
        From 0, without gaps.
    pts_s
        Seconds from the video's first frame; strictly increasing.
    image
        Upright, blue-green-red, shape (height, width, 3).
    is_keyframe
        Whether it was stored as a key frame.
    scale
        As in `Plan`.
    """

    number: int
    pts_s: float
    image: Image
    is_keyframe: bool
    scale: tuple[float, float]

    def in_full_pixels(self, boxes: Boxes) -> Boxes:
        """Boxes of this picture as boxes of the full upright picture.

        Parameters
        ----------
        boxes
            Columns x1, y1, x2, y2; shape (n, 4).
        """
        return (boxes * np.array([*self.scale, *self.scale], dtype=np.float32)).astype(np.float32)


class Footage:
    """Samples of a video, to be iterated over; each time it is read anew.

    How the reading went is known when it has ended, and is empty before.

    Parameters
    ----------
    path
        The file.
    facts
        As of `probe`.
    plan
        As of `plan`.
    threads
        Threads that decode; 0 for as many as there are cores.

    Attributes
    ----------
    ended_early
        Why the file gave less than it promises, or None.
    read_s
        Time of the last frame that was read, sampled or not, from the first.
    damaged
        Packets that could not be decoded.
    lost
        Wanted frames that were not given for damage; several key frames in a row that cannot be recognised count as one.
    jumps
        Places where the file's clock goes back; samples go on as if it had not.
    """

    def __init__(self, path: Path, facts: VideoFacts, plan: Plan, threads: int = 0) -> None:
        self.path, self.facts, self.plan, self.threads = path, facts, plan, threads
        self._begin()

    def _begin(self) -> None:
        self.ended_early: str | None = None
        self.read_s = 0.0
        self.damaged = 0
        self.lost = 0
        self.jumps: tuple[ClockJump, ...] = ()

    def __iter__(self) -> Iterator[Sample]:
        self._begin()
        with ExitStack() as stack:
            container = stack.enter_context(opened(self.path))
            stream = picture_stream(container)
            clock = clock_of(stream)
            parts = parts_of(self._choices(container, stream, clock))
            found = stack.enter_context(closing(decoded(parts, self._decoders(stream, stack))))
            number, latest = 0, -1.0
            for part in found:
                self.damaged += part.damaged
                self.lost += part.lost
                for picture in part.pictures:
                    if picture.pts_s <= latest:
                        self.lost += 1
                        continue
                    latest = picture.pts_s
                    yield Sample(number, picture.pts_s, picture.image, picture.is_keyframe, self.plan.scale)
                    number += 1
            self.jumps = tuple(clock.jumps)

    def notes(self) -> tuple[str, ...]:
        """What went wrong in the last reading, as sentences."""
        found = [early] if (early := self.ended_early) else []
        if self.damaged or self.lost:
            found.append(f"{self.damaged} packet(s) are damaged, {self.lost} wanted frame(s) could not be had.")
        return (*found, *jump_notes(self.jumps))

    def _decoders(self, stream: VideoStream, stack: ExitStack) -> list[Decoder]:
        """One with all threads, or several with some, each on an opening of the file of its own, which only says what is in it."""
        threads = self.threads or os.cpu_count() or 1
        beside = min(threads, MOST_DECODERS) if self.plan.decoding == "as needed" else 1
        streams = [stream, *(picture_stream(stack.enter_context(opened(self.path))) for _ in range(beside - 1))]
        for each in streams:
            each.thread_type = "AUTO"
            each.codec_context.thread_count = threads // beside
            if not self.plan.smoothed:
                each.codec_context.options = {"skip_loop_filter": "nokey"}
        return [Decoder(each.codec_context, self._image, as_needed=self.plan.decoding == "as needed") for each in streams]

    def _choices(self, container: InputContainer, stream: VideoStream, clock: Clock) -> Iterator[Choice]:
        """Packets to be decoded, with the times of those that are wanted."""
        entries = from_first_keyframe(self._entries(container, stream, clock))
        if self.plan.decoding == "as needed":
            return needed(marked(entries, self.plan.step_s, clock.time_base))
        from av.stream import Discard  # noqa: PLC0415  # heavy

        if not stream.codec_context.has_b_frames:
            # an MP4 file's other frames are not even read; with B-frames FFmpeg would give key frames the others' times
            stream.discard = Discard.nonkey
        stream.codec_context.skip_frame = "NONKEY"
        keys = self._keyframes(entries, clock)
        return (choice for choice in marked(keys, self.plan.step_s, clock.time_base) if choice[1] is not None)

    def _keyframes(self, entries: Iterator[Entry], clock: Clock) -> Iterator[Entry]:
        """Key frames; where one is damaged past recognition, it shows in the gap."""
        latest: int | None = None
        for entry in entries:
            if not entry.is_keyframe:
                continue
            if latest is not None and float((entry.pts - latest) * clock.time_base) > 1.5 * self.facts.keyframe_gap_max_s:
                self.lost += 1
            latest = entry.pts
            yield entry

    def _entries(self, container: InputContainer, stream: VideoStream, clock: Clock) -> Iterator[Entry]:
        """All packets, their times repaired, up to where the file ends or breaks off."""
        import av  # noqa: PLC0415  # heavy

        first: int | None = None
        try:
            for packet in packets(container, stream):
                entry = clock.entry(packet)
                if entry is None:
                    self.damaged += 1
                    continue
                first = entry.pts if first is None else first
                self.read_s = max(self.read_s, float((entry.pts - first) * clock.time_base))
                yield entry
        except av.error.FFmpegError as error:
            self.ended_early = f"The file breaks off after {self.read_s:.1f} s ({error.strerror})."
        unseen = self.facts.keyframe_gap_max_s if self.plan.decoding == "keyframes" else 0.0
        short = self.facts.duration_s - self.read_s - unseen
        if self.ended_early is None and short > max(SHORT_S, 3 / self.facts.fps):
            self.ended_early = f"The file ends after {self.read_s:.1f} s of {self.facts.duration_s:.1f} s."
        self.ended_early = self.ended_early or self.facts.ends_early

    def _image(self, frame: VideoFrame) -> Image:
        """The upright picture, scaled as planned."""
        turned = self.facts.rotation in {90, 270}
        width, height = (self.plan.height, self.plan.width) if turned else (self.plan.width, self.plan.height)
        is_scaled = (width, height) != (frame.width, frame.height)
        kind = "AREA" if is_scaled else "FAST_BILINEAR"
        array = frame.to_ndarray(format="bgr24", width=width, height=height, interpolation=kind)
        image: Image = np.asarray(array, dtype=np.uint8)
        # numpy turns the other way
        return np.ascontiguousarray(np.rot90(image, -self.facts.rotation // 90)) if self.facts.rotation else image


def plan(facts: VideoFacts, step_s: float, *, longest_px: int | None = None, exact: bool = False) -> Plan:
    """How to read a video.

    Parameters
    ----------
    facts
        As of `probe`.
    step_s
        Wanted distance of samples, in seconds.
    longest_px
        Longest side that samples may have; larger pictures are scaled down, smaller ones left.
    exact
        Whether the first frame after each multiple of the step is wanted, even where a key frame comes soon after.

    Raises
    ------
    SettingsError
        `step_s` or `longest_px` is not positive.
    """
    if not step_s > 0 or (longest_px is not None and longest_px < 1):
        raise SettingsError(f"Frames every {step_s} s of at most {longest_px} px cannot be had.", "Give numbers above 0.")
    shrink = min(1.0, (longest_px or np.inf) / max(facts.width, facts.height))
    width, height = (max(1, round(side * shrink)) for side in (facts.width, facts.height))
    gap, interval = facts.keyframe_gap_max_s, 1 / facts.fps
    smoothed = exact or shrink == 1 or gap > SMOOTHED_FROM_S
    decoding: Decoding = "as needed"
    if gap <= step_s * (1 + KEYFRAME_TOLERANCE) and not exact:
        decoding = "keyframes"
        why = f"Key frames are at most {gap:.3g} s apart: they suffice for a step of {step_s:g} s."
    else:
        reason = "exact times are wanted" if exact else f"key frames are up to {gap:.3g} s apart"
        why, gap = f"Frames between key frames are decoded: {reason}, at a step of {step_s:g} s.", interval
    return Plan(decoding, step_s, step_s + gap, width, height, (facts.width / width, facts.height / height), smoothed, why)


def sampled(  # noqa: PLR0913  # all but the first two are rarely given
    path: Path,
    step_s: float,
    *,
    facts: VideoFacts | None = None,
    longest_px: int | None = None,
    exact: bool = False,
    threads: int = 0,
) -> Footage:
    """Samples of a video: the first frame at or after each multiple of a step, or the first key frame where these suffice.

    Parameters
    ----------
    path
        The file.
    step_s, longest_px, exact
        As for `plan`.
    facts
        As of `probe`, which is asked where none are given.
    threads
        As of `Footage`.

    Raises
    ------
    UnreadableVideoError
        No frame can be had from the file.

    Examples
    --------
    >>> footage = sampled(path, 1.0)  # doctest: +SKIP
    >>> for sample in footage:  # doctest: +SKIP
    ...     boxes = detect(sample.image)
    >>> footage.ended_early  # doctest: +SKIP
    """
    known = facts or probe(path)
    return Footage(path, known, plan(known, step_s, longest_px=longest_px, exact=exact), threads)
