"""Films of 1080 lines, and frames of an hour that is still for the most part.

A segment is painted five times a second and gets a sensor's noise on each of its 25 frames, so that it takes as many bits as a
camera's; longer films repeat its packets, which costs the decoder as much as any others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from simulation.shop import ShopDay, ShopExtent, simulate_day
from simulation.shop_picture import Frame, Renderer

FPS = 25
PAINTED = 5
SIZE = (1920, 1080)
BIT_RATE = 3_000_000
SEGMENT_S = 120.0
NOISE = 4
"""Standard deviation of the sensor's noise, of 255."""

NOISE_SHIFT = 64

BUSY = ShopExtent(open_s=1_800, width=SIZE[0], height=SIZE[1], fps=FPS, arrivals_per_hour=260)
SPELL_S = 40
"""For so long the usual floor is empty, then people come, then it is empty again."""

SKIPPED_SIZE = (640, 360)
SKIPPED_S = 1_200
"""Size and length of what is looked at with and without passing over still frames; beside it stands what is true of each."""


def film(folder: Path, name: str, gop_s: str, repeats: str) -> dict[str, Any]:
    """Write a film of a busy or a usual floor below an inbox."""
    segment = folder / f"{name}-{gop_s}.mp4"
    images = _busy() if name == "busy" else _usual()
    _encode(segment, images, round(float(gop_s) * FPS))
    whole = folder / f"inbox-{name}-{gop_s}" / "sellers" / "videos" / "shop-1" / "hall" / "20261014T060000Z.mp4"
    whole.parent.mkdir(parents=True, exist_ok=True)
    _repeat(segment, whole, int(repeats))
    size, length = whole.stat().st_size, SEGMENT_S * int(repeats)
    return {"seconds": length, "mbit_per_s": size * 8 / length / 1e6}


def _busy() -> Iterator[np.ndarray]:
    """Three to six people in every sample."""
    day = simulate_day(BUSY, 71)
    begin = _busiest(day, 3, 6)
    yield from _painted(day, begin, begin + SEGMENT_S)


def _usual() -> Iterator[np.ndarray]:
    """People in a third of the samples, and an empty floor in the others."""
    day = simulate_day(BUSY, 71)
    empty = replace(day, people=())
    begin = _busiest(day, 2, 6)
    for part in (empty, day, empty):
        yield from _painted(part, begin, begin + SPELL_S)


def spells() -> Iterator[Frame]:
    """A frame a second of a floor that is empty for two thirds of the time, with a sensor's noise."""
    day = simulate_day(BUSY, 71)
    with_people, without = (Renderer(of, *SKIPPED_SIZE) for of in (day, replace(day, people=())))
    noise = _Noise(SKIPPED_SIZE)
    for number in range(SKIPPED_S):
        renderer = with_people if number // SPELL_S % 3 == 1 else without
        frame = renderer.frame(day.opening_s + number)
        yield replace(frame, image=noise.on(frame.image))


def _busiest(day: ShopDay, least: int, most: int) -> float:
    """The beginning of the stretch in which most seconds have so many people."""
    seconds = np.arange(0, int(day.length_s))
    wanted = np.array([least <= len(day.present(float(second))) <= most for second in seconds])
    shares = np.convolve(wanted, np.ones(int(SEGMENT_S)), mode="valid")
    return float(seconds[int(shares.argmax())])


def _painted(day: ShopDay, begin: float, end: float) -> Iterator[np.ndarray]:
    renderer, noise = Renderer(day, *SIZE, jpeg=None), _Noise(SIZE)
    for number in range(round((end - begin) * PAINTED)):
        image = renderer.frame(begin + number / PAINTED).image
        for _ in range(FPS // PAINTED):
            yield noise.on(image)


class _Noise:
    """A sensor's: parts of one larger picture of it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._rng = np.random.default_rng(3)
        drawn = self._rng.normal(0, NOISE, (size[1] + NOISE_SHIFT, size[0] + NOISE_SHIFT, 1))
        self._tile = np.clip(drawn, -127, 127).astype(np.int8).repeat(3, axis=2)

    def on(self, image: np.ndarray) -> np.ndarray:
        """A picture with it."""
        height, width = image.shape[:2]
        down, across = self._rng.integers(0, NOISE_SHIFT, 2)
        noise = self._tile[down : down + height, across : across + width]
        noisy: np.ndarray = np.clip(image.astype(np.int16) + noise, 0, 255).astype(np.uint8)
        return noisy


def _encode(path: Path, images: Iterator[np.ndarray], gop: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size = gop
        stream.time_base = Fraction(1, FPS)
        stream.bit_rate = BIT_RATE
        stream.options = {"preset": "veryfast", "sc_threshold": "0", "maxrate": str(BIT_RATE), "bufsize": str(2 * BIT_RATE)}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _repeat(segment: Path, whole: Path, repeats: int) -> None:
    """The packets of a segment, again and again."""
    with av.open(str(whole), "w") as target:
        stream = None
        for time_round in range(repeats):
            with av.open(str(segment)) as source:
                own = source.streams.video[0]
                stream = stream or target.add_stream_from_template(own)
                shift = round(time_round * SEGMENT_S / (own.time_base or Fraction(1, FPS)))
                for packet in source.demux(own):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    target.mux(packet)
