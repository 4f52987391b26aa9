"""What people look like, as vectors: the nearer two of them, the likelier the same person."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vitrina.sellers.detector import FloatArray
from vitrina.sellers.weights import ONNX, WeightsError
from vitrina.sellers.yolo import Image

OPENVINO = ".xml"
CROP_HEIGHT, CROP_WIDTH = 256, 128
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
SCALE, SHIFT = (1 / (255 * DEVIATION))[:, None, None], (MEAN / DEVIATION)[:, None, None]
"""Of ImageNet's pictures, in red, green and blue; networks of persons are taught on pictures brought to them."""

TORSO = (0.2, 0.15, 0.8, 0.55)
"""Left, upper, right and lower edges of the torso as shares of a box: below the head, above the hands, without what is beside it."""

HUES, SATURATIONS, VALUES = 12, 4, 8
GREY = 40
"""Saturation, of 255, below which a hue is chance."""


class Appearance(Protocol):
    """Turns persons into vectors; the same crop gives the same vector, whoever stands beside it."""

    @property
    def name(self) -> str:
        """What was used: vectors of equal names may be compared, others may not."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def vectors(self, image: Image, boxes: FloatArray) -> FloatArray:
        """Vectors of the persons on a picture.

        Parameters
        ----------
        image
            Blue, green and red, shape (height, width, 3).
        boxes
            Left, upper, right and lower edges in pixels, shape (n, 4); parts outside of the picture are not looked at.

        Returns
        -------
        numpy.ndarray
            Shape (n, dimensions); each row has length 1.
        """


def crop(image: Image, box: FloatArray, part: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Image:
    """What a box shows of a picture: one pixel at least.

    Parameters
    ----------
    image
        Shape (height, width, 3).
    box
        Left, upper, right and lower edges in pixels, shape (4,).
    part
        Edges of the wanted part, as shares of the box.
    """
    height, width = image.shape[:2]
    left, upper, right, lower = (float(edge) for edge in box)
    x1 = min(max(round(left + part[0] * (right - left)), 0), width - 1)
    y1 = min(max(round(upper + part[1] * (lower - upper)), 0), height - 1)
    x2 = min(max(round(left + part[2] * (right - left)), x1 + 1), width)
    y2 = min(max(round(upper + part[3] * (lower - upper)), y1 + 1), height)
    return image[y1:y2, x1:x2]


class OnnxAppearance:
    """A network of persons as a file of ONNX or OpenVINO, on OpenVINO: OSNet, or one of ours.

    It takes crops of 256 x 128 pixels, of which it may take any number, and gives a vector each.

    Parameters
    ----------
    weights
        The file: ``*.onnx``, or ``*.xml`` beside a ``*.bin`` of the same name.
    threads
        Threads of the processor.

    Raises
    ------
    WeightsError
        The file is no such network.

    References
    ----------
    K. Zhou et al. (2019), Omni-Scale Feature Learning for Person Re-Identification.
    """

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        import openvino as ov  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; takes a second to load

        if weights.suffix not in (ONNX, OPENVINO) or not weights.is_file():
            raise WeightsError(
                f"{weights} is no file *{ONNX} or *{OPENVINO}.",
                f"Put the network there, or name another file *{ONNX} or *{OPENVINO}.",
            )
        core = ov.Core()
        try:
            network = core.read_model(weights)
            # one crop at a time: shapes that vary are compiled anew, and a batch is no faster on a thread
            network.reshape([1, 3, CROP_HEIGHT, CROP_WIDTH])
            shape = network.output(0).partial_shape
        except RuntimeError as error:
            raise WeightsError(f"{weights} cannot be loaded: {error}", "Copy it again, or name another file.") from error
        if len(network.outputs) != 1 or shape.is_dynamic or len(shape) != 2 or shape[0].get_length() != 1:
            raise WeightsError(f"{weights} gives {shape}, not a vector per crop.", "Name a network of persons' appearances.")
        self.dimensions: int = shape[1].get_length()
        self.name = f"{'onnx' if weights.suffix == ONNX else 'openvino'}:{weights.stem}"
        compiled = core.compile_model(
            network,
            "CPU",
            {
                # a crop on each thread: so small a network gains little from a second one
                "NUM_STREAMS": threads,
                "INFERENCE_NUM_THREADS": threads,
                "ENABLE_CPU_PINNING": False,
                # vectors of two machines are compared, of which one may know a shorter type
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
        self._requests: list[Any] = [compiled.create_infer_request() for _ in range(threads)]

    def vectors(self, image: Image, boxes: FloatArray) -> FloatArray:
        """Vectors of the persons on a picture; as `Appearance` promises."""
        found = np.zeros((len(boxes), self.dimensions), dtype=np.float32)
        waiting: deque[tuple[int, Any]] = deque()
        for row, box in enumerate(boxes):
            if len(waiting) == len(self._requests):
                self._take(found, *waiting.popleft())
            request = self._requests[row % len(self._requests)]
            request.start_async([self._input(crop(image, box))])
            waiting.append((row, request))
        for row, request in waiting:
            self._take(found, row, request)
        return _unit(found)

    @staticmethod
    def _take(found: FloatArray, row: int, request: Any) -> None:
        request.wait()
        found[row] = request.get_output_tensor().data[0]

    @staticmethod
    def _input(person: Image) -> FloatArray:
        import cv2  # noqa: PLC0415  # heavy

        sized = cv2.resize(person, (CROP_WIDTH, CROP_HEIGHT), interpolation=cv2.INTER_LINEAR)
        # red, green and blue; in one pass, for this took as long as half a small network
        normal = np.multiply(sized.transpose(2, 0, 1)[::-1], SCALE, dtype=np.float32, order="C")
        normal -= SHIFT
        return normal[None]


class ClothesColours:
    """Colours of the torso, for which no weights are needed.

    Hues by saturation, and brightness of what has no hue. Rows are square roots of shares, so that their product is the
    Bhattacharyya coefficient of two persons' colours.
    """

    name = "clothes-colours-1"
    dimensions = HUES * SATURATIONS + VALUES

    def vectors(self, image: Image, boxes: FloatArray) -> FloatArray:
        """Vectors of the persons on a picture; as `Appearance` promises."""
        found = np.zeros((len(boxes), self.dimensions), dtype=np.float32)
        for row, box in enumerate(boxes):
            found[row] = self._shares(crop(image, box, TORSO))
        return _unit(np.sqrt(found))

    @staticmethod
    def _shares(torso: Image) -> FloatArray:
        import cv2  # noqa: PLC0415  # heavy

        hue, saturation, value = (plane.ravel().astype(np.int64) for plane in cv2.split(cv2.cvtColor(torso, cv2.COLOR_BGR2HSV)))
        coloured = saturation >= GREY
        # OpenCV's hues end at 179
        chroma = np.minimum((saturation[coloured] - GREY) * SATURATIONS // (256 - GREY), SATURATIONS - 1)
        colours = np.bincount(hue[coloured] * HUES // 180 * SATURATIONS + chroma, minlength=HUES * SATURATIONS)
        greys = np.bincount(value[~coloured] * VALUES // 256, minlength=VALUES)
        shares: FloatArray = (np.concatenate([colours, greys]) / torso.shape[0] / torso.shape[1]).astype(np.float32)
        return shares


def _unit(vectors: FloatArray) -> FloatArray:
    """Rows scaled to length 1; a row of zeros, which no person has, becomes one that is as far from all."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    even = 1 / np.sqrt(vectors.shape[1])
    return np.where(lengths > 0, vectors / np.where(lengths > 0, lengths, 1), even).astype(np.float32)
