"""Films of the made-up shop, as a recorder would leave them: H.264 in MP4, one file for each time that the camera ran."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from simulation.shop import ShopDay
from simulation.shop_picture import Renderer

FOLDER = "videos"


@dataclass(frozen=True)
class Film:
    """How a film is written.

    Attributes
    ----------
    fps
        Frames per second.
    width, height
        Of the picture; by default the day's.
    gop_s
        Time from one key frame to the next.
    step_s
        Time between two moments that are painted; the frames between repeat the one before, which costs next to nothing. By
        default every frame is painted.
    bit_rate
        Bits per second; by default quality is held instead.
    quality
        The constant rate factor: the lower, the better, 18 to 35.
    preset
        Of x264, e.g. ``veryfast``.
    """

    fps: int
    width: int | None = None
    height: int | None = None
    gop_s: float = 2.0
    step_s: float | None = None
    bit_rate: int | None = None
    quality: int = 26
    preset: str = "veryfast"


@dataclass(frozen=True)
class Part:
    """A file of a day: from when to when, in seconds of the day's film."""

    path: Path
    begin_s: float
    end_s: float


def file_name(started_at: dt.datetime) -> str:
    """The name of a file that begins at a moment, e.g. ``20260930T055000Z.mp4``."""
    return f"{started_at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}.mp4"


def parts(day: ShopDay, begin_s: float = 0.0, end_s: float | None = None) -> list[tuple[float, float]]:
    """Times that the camera ran within a time of the day; it is off where the picture's state is ``off``."""
    end = day.length_s if end_s is None else end_s
    found, begin = [], begin_s
    for gap in sorted((part.begin_s, part.end_s) for part in day.spoiled if part.state == "off"):
        if begin < min(gap[0], end):
            found.append((begin, min(gap[0], end)))
        begin = max(begin, gap[1])
    return [*found, (begin, end)] if begin < end else found


def write_videos(  # noqa: PLR0913  # what is filmed, how, and where it goes are three things
    inbox: Path, day: ShopDay, film: Film, *, store: str, camera: str, begin_s: float = 0.0, end_s: float | None = None
) -> list[Part]:
    """Write a day's films to ``videos/<store>/<camera>/<start>.mp4`` within an inbox, all of it or a time of it."""
    folder = inbox / FOLDER / store / camera
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(day, film.width, film.height, jpeg=None)
    written = []
    for begin, end in parts(day, begin_s, end_s):
        path = folder / file_name(day.at(begin))
        write_video(path, renderer, film, begin, end)
        written.append(Part(path, begin, end))
    return written


def write_video(path: Path, renderer: Renderer, film: Film, begin_s: float, end_s: float) -> None:
    """Write one film; the first frame is that of the beginning, the last one lies before the end."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=film.fps)
        stream.width, stream.height, stream.pix_fmt = renderer.lens.width, renderer.lens.height, "yuv420p"
        stream.codec_context.gop_size = max(1, round(film.gop_s * film.fps))
        stream.time_base = Fraction(1, film.fps)
        # key frames where the distance says, and nowhere else: the same film in the same bytes on any number of cores
        stream.options = {"preset": film.preset, "sc_threshold": "0", "threads": "1"}
        if film.bit_rate is None:
            stream.options["crf"] = str(film.quality)
        else:
            stream.bit_rate = film.bit_rate
        for number, image in enumerate(_images(renderer, film, begin_s, end_s)):
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, film.fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _images(renderer: Renderer, film: Film, begin_s: float, end_s: float) -> Iterator[np.ndarray]:
    last, frame = -1, renderer.frame(begin_s)
    for number in range(round((end_s - begin_s) * film.fps)):
        past = number / film.fps
        step = number if film.step_s is None else int(past / film.step_s + 1e-9)
        if step != last:
            last, frame = step, renderer.frame(begin_s + (past if film.step_s is None else step * film.step_s))
        yield frame.image
