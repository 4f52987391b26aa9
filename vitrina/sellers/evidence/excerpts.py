"""The frames of a stretch of a video, without decoding what lies before it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from vitrina.errors import SettingsError
from vitrina.sellers.decoding import frames_from
from vitrina.sellers.footage import Footage, Sample, plan
from vitrina.sellers.frame_choice import MOST_REORDERED, ROUNDING_S, from_first_keyframe
from vitrina.sellers.video_facts import VideoFacts, clock_of, opened, packets, picture_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

LEADS_S = (0.0, 10.0, 60.0)
"""How much earlier than wanted is looked for a key frame: in files without an index, a seek may end behind its aim."""

UNDECODED_S = 1.0
"""Before the stretch, frames that nothing leans on are left out up to here."""


class Excerpt(Footage):
    """Frames of a stretch of a video, with the times that they have in the whole of it; each time it is read anew.

    Parameters
    ----------
    path
        The file.
    facts
        As of `vitrina.sellers.footage.probe`.
    begin_s, end_s
        The stretch, in seconds from the video's first frame, both ends included.
    fps
        Most frames a second.
    longest_px
        Longest side of the pictures; sides are even.
    threads
        Threads of the decoder; 0 for as many as there are cores.

    Raises
    ------
    SettingsError
        The stretch ends before it begins, or a number is not positive.
    """

    def __init__(  # noqa: PLR0913  # a file, a stretch and what its pictures are to be like
        self, path: Path, facts: VideoFacts, begin_s: float, end_s: float, *, fps: float, longest_px: int, threads: int = 0
    ) -> None:
        if not (fps > 0 and end_s >= begin_s):
            raise SettingsError(
                f"Frames from {begin_s} s to {end_s} s, {fps} a second, cannot be had.", "Give an end after the begin."
            )
        planned = plan(facts, 1 / fps, longest_px=longest_px, exact=True)
        width, height = (max(2, side // 2 * 2) for side in (planned.width, planned.height))
        scale = facts.width / width, facts.height / height
        super().__init__(path, facts, replace(planned, width=width, height=height, scale=scale), threads)
        self.begin_s, self.end_s = max(0.0, begin_s), end_s

    def __iter__(self) -> Iterator[Sample]:
        self._begin()
        if self.facts.jumps:
            # times in the file do not say where it is: only from its first frame can they be counted
            yield from self._from_the_start()
            return
        with opened(self.path) as container:
            stream = picture_stream(container)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self.threads
            multiple, number = 0, 0
            with closing(self._stretch(container, stream)) as frames:
                for frame, pts_s in frames:
                    since = pts_s - self.begin_s + ROUNDING_S
                    if since < multiple * self.plan.step_s:
                        continue
                    multiple = int(since / self.plan.step_s) + 1
                    yield Sample(number, pts_s, self._image(frame), bool(frame.key_frame), self.plan.scale)
                    number += 1

    def _from_the_start(self) -> Iterator[Sample]:
        number = 0
        for sample in Footage(self.path, self.facts, self.plan, self.threads):
            if sample.pts_s > self.end_s + ROUNDING_S:
                return
            if sample.pts_s >= self.begin_s - ROUNDING_S:
                yield replace(sample, number=number)
                number += 1

    def _stretch(self, container: InputContainer, stream: VideoStream) -> Generator[tuple[VideoFrame, float]]:
        """All frames of the stretch and their times."""
        zero = self._zero(container, stream)
        base = clock_of(stream).time_base
        for lead_s in (*LEADS_S, self.begin_s):
            start_s = max(0.0, self.begin_s - lead_s)
            container.seek(int(zero + start_s / float(base)), stream=stream, backward=True)
            frames = self._all_from_here(container, stream, zero)
            first = next(frames, None)
            if start_s == 0 or (first is not None and first[1] <= self.begin_s + self.plan.step_s):
                break
        for frame, pts_s in frames if first is None else chain([first], frames):
            if pts_s > self.end_s + ROUNDING_S:
                return
            if pts_s >= self.begin_s - ROUNDING_S:
                yield frame, pts_s

    @staticmethod
    def _zero(container: InputContainer, stream: VideoStream) -> int:
        """Time of the video's first frame, in ticks."""
        clock = clock_of(stream)
        entries = from_first_keyframe(filter(None, map(clock.entry, packets(container, stream))))
        return min(entry.pts for entry in islice((entry for entry in entries if entry.is_shown), MOST_REORDERED))

    def _all_from_here(self, container: InputContainer, stream: VideoStream, zero: int) -> Generator[tuple[VideoFrame, float]]:
        import av  # noqa: PLC0415  # heavy

        clock = clock_of(stream)
        near = zero + (self.begin_s - UNDECODED_S) / float(clock.time_base)
        entries = filter(None, map(clock.entry, packets(container, stream)))
        try:
            for entry in chain(entries, (None,)):
                frames = frames_from(stream.codec_context, entry, leave_out=entry is not None and entry.pts < near)
                self.damaged += frames is None
                for frame in frames or ():
                    if frame.pts is not None and not frame.is_corrupt:
                        yield frame, float((frame.pts - zero) * clock.time_base)
        except av.error.FFmpegError as error:
            self.ended_early = f"The file breaks off ({error.strerror})."
