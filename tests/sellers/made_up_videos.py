"""Tiny videos of many kinds. Each frame shows its number in black and white blocks, so that a test can say which one it got."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType

Image: TypeAlias = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 192, 128
BITS_ACROSS, BITS_DOWN = 6, 2
TICKS = 60_000
HOSTILE_NAMES = (
    "-i.mp4",
    "concat:a|b.mp4",
    "http:x.mp4",
    "frame%03d.mp4",
    "a b;rm -rf ~$(id)`id`.mp4",
    "'\"\\.mp4",
    "видео в зале №1.mp4",
    "new\nline.mp4",
    "\x1b[31m.mp4",
    "undecodable\udcff.mp4",
    "*?[x].mp4",
    "x" * 240 + ".mp4",
)


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """A gray picture with the lowest twelve bits of a number, from the upper left, and a marker in the upper left corner."""
    image = np.full((height, width, 3), 128, dtype=np.uint8)
    for bit in range(BITS_ACROSS * BITS_DOWN):
        down, across = divmod(bit, BITS_ACROSS)
        image[_block(down, across, width, height)] = 235 if number >> bit & 1 else 20
    image[: height // 8, : width // 8] = (0, 0, 220)
    return image


def number_on(image: Image) -> int:
    """The number that `numbered` wrote, from a picture of any size."""
    height, width = image.shape[:2]
    bits = [divmod(bit, BITS_ACROSS) for bit in range(BITS_ACROSS * BITS_DOWN)]
    return sum(int(image[_block(*place, width, height)].mean() > 128) << bit for bit, place in enumerate(bits))


def _block(down: int, across: int, width: int, height: int) -> tuple[slice, slice]:
    """The middle of a bit's block; the blocks fill the lower three quarters."""
    side_x, side_y = width / BITS_ACROSS, height * 0.75 / BITS_DOWN
    top, left = height * 0.25 + down * side_y, across * side_x
    return slice(int(top + side_y * 0.1), int(top + side_y * 0.9)), slice(int(left + side_x * 0.1), int(left + side_x * 0.9))


def black(_number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    return np.zeros((height, width, 3), dtype=np.uint8)


def still(_number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    return numbered(5, width, height)


def write_video(
    path: Path,
    frames: int = 50,
    *,
    fps: float = 25,
    times: Sequence[float] | None = None,
    gop: int = 25,
    keyframes: Collection[int] | None = None,
    b_frames: int = 0,
    options: dict[str, str] | None = None,
    rotation: int = 0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    picture: Callable[..., Image] = numbered,
    codec: str = "libx264",
    muxer: str | None = None,
    mux_options: dict[str, str] | None = None,
) -> Path:
    """A video of numbered pictures.

    Parameters
    ----------
    path
        Its ending decides about the container, unless `muxer` does.
    frames, fps, times
        How many frames there are, and when: regularly, or at the given seconds.
    gop, keyframes
        Frames from key frame to key frame, or the numbers of those that are to be key frames.
    b_frames
        Frames in a row that lean on later ones.
    options
        Further options of the encoder.
    rotation
        By how much the player is asked to turn the picture clockwise.
    size
        Width and height of the stored picture.
    picture
        From number, width and height to a picture.
    codec, muxer, mux_options
        As FFmpeg names them.
    """
    moments = [number / fps for number in range(frames)] if times is None else list(times)
    defaults = {"g": str(10_000 if keyframes is not None else gop), "bf": str(b_frames)}
    if codec == "libx264":
        # no decision of the encoder's own about key frames
        defaults |= {"crf": "18", "preset": "veryfast", "sc_threshold": "0", "keyint_min": defaults["g"], "forced-idr": "1"}
    with av.open(str(path.absolute()), "w", format=muxer, container_options=mux_options or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001), options=defaults | (options or {}))
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.codec_context.thread_count = 1
        if rotation:
            stream.set_display_rotation(-rotation)  # FFmpeg's turn the other way
        for number, moment in enumerate(moments):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="bgr24")
            frame.pts, frame.time_base = round(moment * TICKS), Fraction(1, TICKS)
            if keyframes is not None and number in keyframes:
                frame.pict_type = PictureType.I
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_audio(path: Path, seconds: float = 1.0) -> Path:
    """A file with sound alone."""
    rate = 16_000
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        tone = (np.sin(np.arange(round(rate * seconds)) / 20) * 8_000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def without_frames(path: Path) -> Path:
    """What a recorder exports of a time in which the camera was off: a sound container with an empty picture track."""
    with av.open(str(path), "w", container_options={"movflags": "empty_moov+frag_keyframe"}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.start_encoding()
    return path


def cut(path: Path, share: float, to: Path) -> Path:
    """The beginning of a file."""
    content = path.read_bytes()
    to.write_bytes(content[: int(len(content) * share)])
    return to


def with_damage(path: Path, begin: float, end: float, to: Path) -> Path:
    """A file whose content is random between two shares of its length."""
    content = bytearray(path.read_bytes())
    first, last = int(len(content) * begin), int(len(content) * end)
    content[first:last] = np.random.default_rng(0).bytes(last - first)
    to.write_bytes(content)
    return to


def joined(paths: Sequence[Path], to: Path) -> Path:
    """MPEG-TS files one after another: the clock starts anew with each."""
    to.write_bytes(b"".join(path.read_bytes() for path in paths))
    return to


FASTSTART = {"movflags": "faststart"}
"""Of the muxer: the index comes first, so that a file that is cut off can still be read."""
