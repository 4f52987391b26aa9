"""What is on a video file, found without decoding more than its first frame; and why it cannot be read where it cannot."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitrina.errors import VitrinaError
from vitrina.sellers.frame_choice import Clock, ClockJump, Entry, from_first_keyframe

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

FORMATS = "mov,mp4,matroska,webm,mpegts,mpeg,avi,flv,asf,h264,hevc,mjpeg"
"""Containers that are opened. Playlists, patterns of pictures and the like name other files, and nobody's upload may do that."""

MOST_TRIED = 2_000
"""Packets that are tried for a first frame."""

USUAL_INTERVAL_S = 0.04
"""How long a single frame takes that says nothing about it."""

COPY_AGAIN = "Copy it from the recorder again, or export it there as MP4 (H.264)."


class UnreadableVideoError(VitrinaError):
    """A file that no frame can be had from; `problem` is the reason, without the file's name."""


KINDS = {
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x89PNG": "a PNG picture",
    b"PK\x03\x04": "a ZIP archive",
    b"%PDF": "a PDF",
    b"#EXTM3U": "a playlist",
    b"ID3": "sound (MP3)",
}
"""First bytes of files that are given a video's name by mistake."""


@dataclass(frozen=True)
class VideoFacts:
    """What is on a video.

    Attributes
    ----------
    codec
        Of the picture, as FFmpeg names it.
    width, height
        Of the upright picture, in pixels.
    rotation
        By how much the stored picture is turned clockwise to be upright: 0, 90, 180 or 270.
    fps
        Frames per second, on average.
    duration_s
        From the first frame to the end of the last.
    frames
        Frames that the file has.
    keyframe_gap_median_s
        Usual time between two key frames.
    keyframe_gap_max_s
        Longest time without one, that up to the end included.
    ends_early
        Why there is less on the file than it promises, or None.
    jumps
        Places where the file's clock goes back.
    """

    codec: str
    width: int
    height: int
    rotation: int
    fps: float
    duration_s: float
    frames: int
    keyframe_gap_median_s: float
    keyframe_gap_max_s: float
    ends_early: str | None = None
    jumps: tuple[ClockJump, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with a file that can still be read, as sentences."""
        return (*((self.ends_early,) if self.ends_early else ()), *jump_notes(self.jumps))


def probe(path: Path) -> VideoFacts:
    """Facts about a video, from its index where it has one, else from all its packets; only the first frame is decoded.

    Raises
    ------
    UnreadableVideoError
        No frame can be had from the file.
    """
    with opened(path) as container:
        stream = picture_stream(container)
        codec, rotation, width, height = _first_frame(container, stream)
    if rotation in {90, 270}:
        width, height = height, width
    with opened(path) as container:
        stream = picture_stream(container)
        times = _times_of_index(container, stream, path.stat().st_size) or _times_of_packets(container, stream)
    return VideoFacts(codec, width, height, rotation, *times.figures(), times.ends_early, times.jumps)


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The file, opened as what it is, whatever its name ends in; nothing but the file itself is ever opened.

    Raises
    ------
    UnreadableVideoError
        It is not a video, or a broken one.
    """
    import av  # noqa: PLC0415  # heavy

    if not path.is_file():
        raise UnreadableVideoError("There is no such file.", "Deliver it again, or remove its name from the list.")
    if path.stat().st_size == 0:
        raise UnreadableVideoError("The file is empty (0 bytes).", COPY_AGAIN)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    with ExitStack() as stack:
        # FFmpeg finds no protocol in an absolute name; names that are not Unicode it cannot be told
        name = str(path.absolute())
        is_unicode = name.encode(errors="replace").decode() == name
        target: Any = name if is_unicode else stack.enter_context(path.open("rb"))
        try:
            container = stack.enter_context(av.open(target, options=options, metadata_errors="replace"))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise UnreadableVideoError(_what_is_wrong(path), COPY_AGAIN) from error
        yield container


def picture_stream(container: InputContainer) -> VideoStream:
    """The stream that is looked at; other streams are not read.

    Raises
    ------
    UnreadableVideoError
        There is none.
    """
    from av.stream import Discard, Disposition  # noqa: PLC0415  # heavy

    found: VideoStream | None = None
    for stream in container.streams:
        is_picture = stream.type == "video" and not stream.disposition & Disposition.attached_pic
        if is_picture and found is None:
            found = container.streams.video[[video.index for video in container.streams.video].index(stream.index)]
        else:
            stream.discard = Discard.all
    if found is None:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise UnreadableVideoError(f"The file has no picture, only {kinds}.", "Record the camera's picture, not the sound alone.")
    return found


def packets(container: InputContainer, stream: VideoStream) -> Iterator[Any]:
    """Packets of a stream, without the empty one that ends it."""
    return (packet for packet in container.demux(stream) if packet.size)


@dataclass(frozen=True)
class _Times:
    """Times of a file's frames, in seconds from the first.

    Attributes
    ----------
    frames
        How many there are.
    last_s
        When the last begins.
    only_s
        How long the frame takes where there is only one.
    keyframes
        When those begin that decoding can start with.
    ends_early, jumps
        As in `VideoFacts`.
    """

    frames: int
    last_s: float
    only_s: float
    keyframes: list[float]
    ends_early: str | None = None
    jumps: tuple[ClockJump, ...] = ()

    def figures(self) -> tuple[float, float, int, float, float]:
        """Frames per second, duration, frames, and the two figures of key frames."""
        interval = self.last_s / (self.frames - 1) if self.last_s > 0 else self.only_s
        duration = self.last_s + interval
        gaps = [after - before for before, after in pairwise(self.keyframes)]
        tail = duration - self.keyframes[-1]
        return self.frames / duration, duration, self.frames, statistics.median(gaps or [tail]), max([*gaps, tail])


def _first_frame(container: InputContainer, stream: VideoStream) -> tuple[str, int, int, int]:
    """Codec, clockwise rotation, and the stored picture's width and height; proof that a frame can be decoded."""
    import av  # noqa: PLC0415  # heavy

    context = stream.codec_context
    if context is None:
        raise UnreadableVideoError("The picture's codec is not known.", COPY_AGAIN)
    tried = 0
    try:
        for packet in islice(packets(container, stream), MOST_TRIED):
            tried += 1
            frame = _decoded(packet)
            if frame is not None:
                return context.name, round(-frame.rotation / 90) % 4 * 90, frame.width, frame.height
        for frame in stream.decode(None):
            return context.name, round(-frame.rotation / 90) % 4 * 90, frame.width, frame.height
    except av.error.FFmpegError as error:
        raise UnreadableVideoError(f"The file cannot be read ({error.strerror}).", COPY_AGAIN) from error
    if not tried:
        raise UnreadableVideoError("The file has no frames.", "Check whether the camera was on; else export it again.")
    raise UnreadableVideoError(f"Not one frame can be decoded (codec {context.name}).", COPY_AGAIN)


def _decoded(packet: Any) -> Any:
    """The first frame that a packet gives, if it gives one."""
    import av  # noqa: PLC0415  # heavy

    try:
        return next(iter(packet.decode()), None)
    except av.error.InvalidDataError:
        return None  # one broken packet does not make a broken file


def _times_of_index(container: InputContainer, stream: VideoStream, size: int) -> _Times | None:
    """From the index of an MP4 file, which has all frames; None where there is no such index.

    The index has decoding times. From key frame to key frame these differ like presentation times.
    """
    index = stream.index_entries
    if "mp4" not in container.format.name or not 0 < len(index) == stream.frames or stream.time_base is None:
        return None
    present = [(e.timestamp, e.is_keyframe) for e in index if e.pos + e.size <= size and not e.is_discard]
    keys = [time for time, is_key in present if is_key]
    if not keys:
        return None
    first = keys[0]
    base = stream.time_base
    frames = sum(time >= first for time, _ in present)
    missing = sum(e.pos + e.size > size for e in index)
    ends_early = f"The file is cut off: {missing} of {len(index)} frames lie behind its end." if missing else None
    last_s = float((max(time for time, _ in present) - first) * base)
    only_s = float((stream.duration or 0) * base) or USUAL_INTERVAL_S
    return _Times(frames, last_s, only_s, [float((key - first) * base) for key in keys], ends_early)


def _times_of_packets(container: InputContainer, stream: VideoStream) -> _Times:
    """From all packets of the file."""
    import av  # noqa: PLC0415  # heavy

    clock = clock_of(stream)
    keys: list[int] = []
    first, last, frames = 0, 0, 0
    ends_early: str | None = None

    def entries() -> Iterator[Entry]:
        nonlocal ends_early
        try:
            yield from filter(None, map(clock.entry, packets(container, stream)))
        except av.error.FFmpegError as error:
            ends_early = f"The file breaks off ({error.strerror})."

    for entry in from_first_keyframe(entries()):
        if not entry.is_shown:
            continue
        first, last = (min(first, entry.pts), max(last, entry.pts)) if frames else (entry.pts, entry.pts)
        frames += 1
        if entry.is_keyframe:
            keys.append(entry.pts)
    if not frames:
        raise UnreadableVideoError("The file has no key frame with a time to begin at: it is a bare stream or broken.", COPY_AGAIN)
    last_s = float((last - first) * clock.time_base)
    promised = (container.duration or 0) / 1_000_000
    # what the header says of MPEG-TS is an estimate, and of a jumping clock nonsense
    is_estimate = bool(clock.jumps) or "mpeg" in container.format.name
    if ends_early is None and not is_estimate and promised > last_s + max(2.0, promised / 100):
        ends_early = f"The file is cut off: it ends after {last_s:.0f} s of {promised:.0f} s."
    seconds = [float((key - first) * clock.time_base) for key in keys or [first]]
    return _Times(frames, last_s, float(clock.interval * clock.time_base), seconds, ends_early, tuple(clock.jumps))


def clock_of(stream: VideoStream) -> Clock:
    """A clock in a stream's time base."""
    base = stream.time_base or Fraction(1, 1_000)
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    return Clock(base, max(1, round(1 / (rate * base))))


def jump_notes(jumps: Sequence[ClockJump]) -> list[str]:
    """A sentence on where a clock jumps back."""
    if not jumps:
        return []
    first = jumps[0]
    return [f"The clock in the file jumps back {len(jumps)} time(s), first by {first.back_s:.1f} s after {first.pts_s:.1f} s."]


def _what_is_wrong(path: Path) -> str:
    """Why a file could not be opened, as far as its first bytes tell."""
    with path.open("rb") as file:
        head = file.read(16)
        if head[4:8] == b"ftyp":
            boxes = _boxes(path)
            if "moov" not in boxes:
                return "The file has no index: recording or copying was broken off before its end."
            return "The file's index is broken."
    for magic, kind in KINDS.items():
        if head.startswith(magic):
            return f"The file is no video but {kind}, whatever its name says."
    return "The file is no video, or broken from the start."


def _boxes(path: Path) -> set[str]:
    """Names of an MP4 file's outermost boxes."""
    names: set[str] = set()
    size = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at + 8 <= size and len(names) < 64:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            names.add(head[4:8].decode("latin-1"))
            if length < 8:
                break
            at += length
    return names
