"""A video file written frame by frame, of which nobody ever sees a part."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vitrina.errors import VitrinaError
from vitrina.sellers.yolo import Image

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

TICKS_A_SECOND = 1_000
QUALITY = {"crf": "27", "preset": "veryfast", "g": "50"}
"""Of x264: about a megabyte for half a minute of 640 x 360."""


class EvidenceError(VitrinaError):
    """A clip or a picture cannot be made."""


class Recording:
    """Takes frames in their order; made by `recording`."""

    def __init__(self, container: OutputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self._latest = -1
        self.frames = 0

    def add(self, image: Image, time_s: float) -> None:
        """Write the next frame.

        Parameters
        ----------
        image
            Blue, green and red; a column or row beyond the recording's size is left out.
        time_s
            When it is shown, from the recording's begin; frames of the same millisecond come one after another.
        """
        import av  # noqa: PLC0415  # heavy

        width, height = self._stream.width, self._stream.height
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="bgr24")
        self._latest = max(self._latest + 1, round(time_s * TICKS_A_SECOND))
        frame.pts, frame.time_base = self._latest, Fraction(1, TICKS_A_SECOND)
        self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def finish(self) -> None:
        """Write what the encoder still holds, and the index."""
        self._container.mux(self._stream.encode())
        self._container.close()


@contextmanager
def recording(target: Path, size: tuple[int, int], fps: float) -> Iterator[Recording]:
    """A new MP4 (H.264), which every browser plays; it takes its name when it is finished, and not at all if anything fails.

    Parameters
    ----------
    target
        The file; its folder is created, and an old one of the name replaced.
    size
        Width and height in pixels; odd ones lose a column or row, for colours are stored for two by two pixels.
    fps
        Usual frames a second.

    Raises
    ------
    EvidenceError
        It cannot be written.
    """
    import av  # noqa: PLC0415  # heavy

    width, height = (side // 2 * 2 for side in size)
    if min(width, height) < 2:
        raise EvidenceError(f"A video of {size[0]} x {size[1]} pixels cannot be written.", "Take a larger picture.")
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(temporary.absolute()), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options=QUALITY)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = Fraction(1, TICKS_A_SECOND)
            # the same frames make the same file
            stream.codec_context.thread_count = 1
            made = Recording(container, stream)
            yield made
            made.finish()
        _hold_fast(temporary)
        temporary.replace(target)
    except (OSError, av.error.FFmpegError) as error:
        raise EvidenceError(
            f"{target} cannot be written: {getattr(error, 'strerror', None) or error}.",
            f"Make room in {target.parent}, or allow writing there, and make it again.",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _hold_fast(path: Path) -> None:
    """To the disk: a rename that survives a power cut must not name a file that does not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
