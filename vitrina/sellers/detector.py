"""Persons on pictures: what every detector promises, and the one that ultralytics makes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.sellers.weights import prepare_ultralytics
from vitrina.sellers.yolo import IMAGE_SIZE, Image, Yolo

FloatArray: TypeAlias = npt.NDArray[np.float32]

CONFIDENCE = 0.25
OVERLAP = 0.7
LEAST_SIDE = 2.0


@dataclass(frozen=True, eq=False)
class Boxes:
    """Persons on one picture, the surest first.

    Attributes
    ----------
    xyxy
        Left, upper, right and lower edges in pixels, shape (n, 4).
    confidence
        How sure the detector is, 0 to 1, shape (n,).
    """

    xyxy: FloatArray
    confidence: FloatArray

    @classmethod
    def none(cls) -> Boxes:
        """Nobody."""
        return cls(np.zeros((0, 4), dtype=np.float32), np.zeros(0, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.confidence)

    def within(self, height: int, width: int) -> Boxes:
        """What lies within a picture: boxes are cut off at its edges, those of which under two pixels are left are dropped.

        The order depends on nothing but the boxes. Values that are no numbers are dropped, too.

        Parameters
        ----------
        height, width
            Of the picture, in pixels.
        """
        edges = np.array([width, height, width, height], dtype=np.float32)
        cut = np.clip(self.xyxy.reshape(-1, 4), 0, edges)
        # a comparison with what is no number is false
        kept = (cut[:, 2] - cut[:, 0] >= LEAST_SIDE) & (cut[:, 3] - cut[:, 1] >= LEAST_SIDE) & (self.confidence > 0)
        boxes, confidence = cut[kept], self.confidence[kept]
        order = np.lexsort((*boxes.T[::-1], -confidence))
        return Boxes(boxes[order], np.minimum(confidence[order], np.float32(1)))


class Detector(Protocol):
    """Finds persons; a picture's boxes do not depend on the pictures beside it."""

    @property
    def name(self) -> str:
        """What was used: detections of equal names may be compared."""

    def detect(self, images: Sequence[Image]) -> list[Boxes]:
        """Persons on each picture.

        Parameters
        ----------
        images
            Any number of them, none included; blue, green and red, shape (height, width, 3).
        """


class UltralyticsDetector:
    """A YOLO of ultralytics.

    Parameters
    ----------
    weights
        Folder of an OpenVINO export, or a file of torch's, which runs on a GPU where there is one.
    confidence
        Least confidence of a person.
    overlap
        Intersection over union above which the less sure of two boxes is dropped.
    threads
        Threads of the processor.
    image_size
        Longer side that pictures are brought to; an export has its own.
    picture
        As of `vitrina.sellers.yolo.Yolo`.

    Raises
    ------
    WeightsError
        The weights cannot be used.
    """

    def __init__(  # noqa: PLR0913  # all that a prediction depends on
        self,
        weights: Path,
        *,
        confidence: float = CONFIDENCE,
        overlap: float = OVERLAP,
        threads: int = 1,
        image_size: int = IMAGE_SIZE,
        picture: tuple[int, int] | None = None,
    ) -> None:
        self._yolo = Yolo(
            weights, "detect", confidence=confidence, overlap=overlap, threads=threads, image_size=image_size, picture=picture
        )
        self._weights, self._confidence = weights.name, confidence

    @property
    def name(self) -> str:
        """As `Detector` promises."""
        height, width = self._yolo.image_size
        return f"ultralytics:{self._weights}:{width}x{height}:{self._confidence:g}"

    def at(self, confidence: float) -> UltralyticsDetector:
        """The same network with another least confidence of a person; it is not loaded again."""
        other = copy.copy(self)
        other._confidence = confidence  # noqa: SLF001  # its own class
        return other

    def detect(self, images: Sequence[Image]) -> list[Boxes]:
        """Persons on each picture; as `Detector` promises."""
        found = []
        for image, result in zip(images, self._yolo.predict(images, self._confidence), strict=True):
            boxes = Boxes(
                np.asarray(result.boxes.xyxy.cpu().numpy(), dtype=np.float32),
                np.asarray(result.boxes.conf.cpu().numpy(), dtype=np.float32),
            )
            found.append(boxes.within(*image.shape[:2]))
        return found


__all__ = ["Boxes", "Detector", "FloatArray", "Image", "UltralyticsDetector", "prepare_ultralytics"]
