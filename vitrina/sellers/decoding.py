"""Decoders side by side: where packets are left out before a group of pictures, it can be decoded without those before it.

Threads within one decoder wait for each other at the end of each group that is not decoded to its end, which with one frame in
twenty-five wanted is every group: of two cores, they use one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.sellers.frame_choice import Choice, Entry

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

Image: TypeAlias = npt.NDArray[np.uint8]

MOST_WAITING = 256
"""Wanted frames that a decoder may owe; threads and reordering hold back some dozens."""

MOST_WANTED = 16
MOST_PACKETS = 256
"""Wanted frames and packets that a decoder gets at a time, which bounds what is held of a film."""

SKIPS_UNREFERENCED = frozenset({"h264", "hevc", "mpeg4", "mpeg2video"})
"""Codecs whose decoder leaves out frames that no other leans on, when told so packet by packet."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A wanted frame.

    Attributes
    ----------
    pts_s
        Seconds from the video's first frame.
    image
        Upright, blue-green-red, shape (height, width, 3).
    is_keyframe
        Whether it was stored as a key frame.
    """

    pts_s: float
    image: Image
    is_keyframe: bool


@dataclass
class Decoded:
    """What packets came to.

    Attributes
    ----------
    pictures
        Wanted frames, in the order in which they are shown.
    damaged
        Packets that could not be decoded.
    lost
        Wanted frames that were not given for damage.
    """

    pictures: list[Picture] = field(default_factory=list)
    damaged: int = 0
    lost: int = 0


@dataclass(frozen=True)
class Part:
    """Packets for one decoder.

    Attributes
    ----------
    stretch
        Number of the stretch without gaps that they belong to: one decoder has to take all of it.
    choices
        The packets, and which frames of them are wanted.
    ends
        Whether the stretch ends with them.
    """

    stretch: int
    choices: Sequence[Choice]
    ends: bool


class Decoder:
    """A decoder, and the wanted frames that it owes.

    Parameters
    ----------
    context
        FFmpeg's decoder; nobody else uses it meanwhile.
    image
        The picture of a frame.
    as_needed
        Whether frames on which nothing leans are left out where they are not wanted.
    """

    def __init__(self, context: VideoCodecContext, image: Callable[[VideoFrame], Image], *, as_needed: bool) -> None:
        self._context, self._image = context, image
        self._as_needed = as_needed
        self._owed: dict[int, float] = {}

    def take(self, part: Part) -> Decoded:
        """Decode packets, and what is still held when their stretch ends."""
        found = Decoded()
        for entry, pts_s in part.choices:
            if pts_s is not None:
                self._owed[entry.pts] = pts_s
            self._keep(frames_from(self._context, entry, leave_out=pts_s is None if self._as_needed else None), found)
            # bounded even where the decoder gives nothing more
            for pts in list(self._owed)[:-MOST_WAITING]:
                del self._owed[pts]
                found.lost += 1
        if part.ends:
            self._keep(frames_from(self._context, None), found)
            # it begins anew, as after a seek, and conceals no gap
            self._context.flush_buffers()
            found.lost += len(self._owed)
            self._owed.clear()
        return found

    def _keep(self, frames: list[VideoFrame] | None, found: Decoded) -> None:
        found.damaged += frames is None
        for frame in frames or ():
            if frame.pts is not None and not frame.is_corrupt and (time := self._owed.pop(frame.pts, None)) is not None:
                found.pictures.append(Picture(time, self._image(frame), bool(frame.key_frame)))


def frames_from(context: VideoCodecContext, entry: Entry | None, *, leave_out: bool | None = None) -> list[VideoFrame] | None:
    """What a decoder gives when it gets a packet; None where the packet is damaged.

    Parameters
    ----------
    context
        The decoder.
    entry
        The packet with its repaired times; None for all that the decoder still holds.
    leave_out
        Whether the packet's frame is left out if no other leans on it; None leaves the decoder as it is.
    """
    import av  # noqa: PLC0415  # heavy

    if entry is not None:
        if leave_out is not None and context.name in SKIPS_UNREFERENCED:
            context.skip_frame = "NONREF" if leave_out else "DEFAULT"
        entry.packet.pts, entry.packet.dts = entry.pts, entry.dts
    try:
        return context.decode(None if entry is None else entry.packet)
    except av.error.FFmpegError:
        return None


def parts_of(choices: Iterable[Choice]) -> Iterator[Part]:
    """Packets in parts of bounded length, each of one stretch."""
    held: list[Choice] = []
    stretch = wanted = 0
    for choice in choices:
        follows_gap = choice[0].follows_gap
        if held and (follows_gap or wanted >= MOST_WANTED or len(held) >= MOST_PACKETS):
            yield Part(stretch, held, ends=follows_gap)
            stretch += follows_gap
            held, wanted = [], 0
        held.append(choice)
        wanted += choice[1] is not None
    if held:
        yield Part(stretch, held, ends=True)


def decoded(parts: Iterable[Part], decoders: Sequence[Decoder]) -> Generator[Decoded]:
    """Parts, decoded ahead of whoever takes them, in their order; stretches go to decoders in turn.

    Parameters
    ----------
    parts
        As of `parts_of`. They are taken where this runs, so that the file has one reader.
    decoders
        Each gets a thread of its own.
    """
    ahead: deque[Future[Decoded]] = deque()
    with ExitStack() as stack:
        pools = [ThreadPoolExecutor(1, thread_name_prefix="decoder") for _ in decoders]
        for pool in pools:
            stack.callback(pool.shutdown, cancel_futures=True)
        for part in parts:
            turn = part.stretch % len(decoders)
            ahead.append(pools[turn].submit(decoders[turn].take, part))
            if len(ahead) > 2 * len(decoders):
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
