"""From sampled frames to rows of table `Detections`: from here on nobody needs the video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import polars as pl

from vitrina.sellers.appearance import Appearance
from vitrina.sellers.detector import Boxes, Detector, FloatArray
from vitrina.sellers.heading import Heading
from vitrina.sellers.motion import ChangeTest, Sketch
from vitrina.sellers.tables import Detections
from vitrina.sellers.yolo import Image

BATCH = 8
LONGEST_BATCH = 256


class Sampled(Protocol):
    """A sampled frame."""

    @property
    def number(self) -> int:
        """Number within the video, from 0."""

    @property
    def pts_s(self) -> float:
        """Presentation time, from the video's first frame, in seconds."""

    @property
    def image(self) -> Image:
        """Blue, green and red, shape (height, width, 3)."""


@dataclass(frozen=True)
class Models:
    """What frames are looked at with.

    Attributes
    ----------
    detector
        Finds people.
    appearance
        Says what they look like.
    heading
        Says where they face; None if nothing does.
    """

    detector: Detector
    appearance: Appearance
    heading: Heading | None = None


@dataclass(frozen=True)
class Detected:
    """What a batch of samples came to.

    Attributes
    ----------
    rows
        Of table `Detections`, by sample and detection; none where nobody was seen.
    samples
        Numbers of the samples, in order.
    skipped
        Numbers of those among them on which nothing had moved, and which have the rows of the sample before.
    """

    rows: pl.DataFrame
    samples: tuple[int, ...]
    skipped: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Seen:
    """People on one frame, with all that is stored of them."""

    boxes: Boxes
    headings: FloatArray
    vectors: FloatArray


@dataclass
class _Batch:
    """Samples that wait: those to look at with their pictures, those to skip without."""

    samples: list[tuple[int, float]] = field(default_factory=list)
    images: list[Image | None] = field(default_factory=list)

    def add(self, sample: Sampled, image: Image | None) -> None:
        self.samples.append((sample.number, sample.pts_s))
        self.images.append(image)

    def is_full(self, batch: int) -> bool:
        return sum(image is not None for image in self.images) >= batch or len(self.images) >= LONGEST_BATCH


def detections(
    samples: Iterable[Sampled], video: str, models: Models, *, batch: int = BATCH, still: ChangeTest | None = None
) -> Iterator[Detected]:
    """Look at the samples of one video.

    No more than `batch` pictures are held at a time. What is found on a frame does not depend on how frames are batched.

    Parameters
    ----------
    samples
        In order of time; they are taken one by one.
    video
        The video's key.
    models
        What they are looked at with.
    batch
        Frames that the detector gets at a time.
    still
        Says which samples need not be looked at, since nothing moved; None to look at all.

    Yields
    ------
    Detected
        Of one batch after another; nothing if there are no samples.
    """
    last: _Seen | None = None
    waiting = _Batch()
    for sample, skip in _with_skips(samples, still):
        waiting.add(sample, None if skip else sample.image)
        if waiting.is_full(batch):
            detected, last = _detected(waiting, video, models, last)
            yield detected
            waiting = _Batch()
    if waiting.samples:
        yield _detected(waiting, video, models, last)[0]


def all_rows(detected: Iterable[Detected]) -> pl.DataFrame:
    """The rows of all batches in one frame of table `Detections`, which may be empty."""
    return pl.concat([Detections.empty(), *(part.rows for part in detected)])


def _with_skips(samples: Iterable[Sampled], still: ChangeTest | None) -> Iterator[tuple[Sampled, bool]]:
    looked: tuple[float, Sketch] | None = None
    for sample in samples:
        if still is None:
            yield sample, False
            continue
        sketch = still.sketch(sample.image)
        skip = looked is not None and sample.pts_s - looked[0] <= still.longest_s and not still.moved(looked[1], sketch)
        if not skip:
            looked = (sample.pts_s, sketch)
        yield sample, skip


def _detected(waiting: _Batch, video: str, models: Models, last: _Seen | None) -> tuple[Detected, _Seen | None]:
    images = [image for image in waiting.images if image is not None]
    seen = (_seen(image, boxes, models) for image, boxes in zip(images, models.detector.detect(images), strict=True))
    frames, skipped = [], []
    for (number, pts_s), image in zip(waiting.samples, waiting.images, strict=True):
        if image is None:
            skipped.append(number)
        else:
            last = next(seen)
        if last is not None and len(last.boxes):
            frames.append(_rows(video, number, pts_s, last))
    rows = pl.concat([Detections.empty(), *frames])
    return Detected(rows, tuple(number for number, _ in waiting.samples), tuple(skipped)), last


def _seen(image: Image, boxes: Boxes, models: Models) -> _Seen:
    boxes = boxes.within(*image.shape[:2])
    unsure = np.full(len(boxes), np.nan, dtype=np.float32)
    headings = models.heading.headings(image, boxes.xyxy) if models.heading and len(boxes) else unsure
    return _Seen(boxes, headings, models.appearance.vectors(image, boxes.xyxy))


def _rows(video: str, number: int, pts_s: float, seen: _Seen) -> pl.DataFrame:
    n = len(seen.boxes)
    x1, y1, x2, y2 = seen.boxes.xyxy.T
    return pl.DataFrame(
        {
            "video": [video] * n,
            "sample": [number] * n,
            "detection": range(n),
            "pts_s": [pts_s] * n,
            "x1": x1,
            "y1": y1,
            "x2": x2,
            "y2": y2,
            "confidence": seen.boxes.confidence,
            "heading": pl.Series(seen.headings, dtype=pl.Float64).fill_nan(None),
            "appearance": list(seen.vectors),
        },
        schema=Detections.polars_schema(),
    )
