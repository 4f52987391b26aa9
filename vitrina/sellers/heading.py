"""Where people's bodies face, from the joints that a pose network sees."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol

import numpy as np

from vitrina.sellers.detector import CONFIDENCE, OVERLAP, FloatArray
from vitrina.sellers.yolo import IMAGE_SIZE, Image, Yolo

NOSE, LEFT_EAR, RIGHT_EAR, LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 0, 3, 4, 5, 6, 11, 12
JOINTS = 17
"""Joints of COCO's persons; left is the person's own left."""

SEEN = 0.5
"""Confidence from which a joint is believed."""

BREADTH = 0.68
"""Shoulders that are seen from the front or behind, as a share of the distance from shoulders to hips: in a corridor where that
was .28 of a box's height, shoulders of people who walked straight away measured .19."""

TURNED = 0.5
"""Share of the full breadth below which somebody is seen rather from the side: 60° from the front."""

FACE_FRONT, FACE_BACK = 0.4, 0.5
"""Confidence of a nose that a front has at least, and a back at most: measured .74 to .99 and .08 to .35."""

LOOK = 0.05
"""How far a nose is ahead of the ears, as a share of the distance from shoulders to hips, before it tells a side."""

LEAST_OVERLAP = 0.5
"""Intersection over union from which a pose belongs to a box."""


class Heading(Protocol):
    """Says where people's bodies face."""

    @property
    def name(self) -> str:
        """What was used."""

    def headings(self, image: Image, boxes: FloatArray) -> FloatArray:
        """Where the people in boxes face.

        Parameters
        ----------
        image
            Blue, green and red, shape (height, width, 3).
        boxes
            Left, upper, right and lower edges in pixels, shape (n, 4).

        Returns
        -------
        numpy.ndarray
            As of `heading_of`, shape (n,); not a number where it cannot be said.
        """


class PoseHeading:
    """Headings by a YOLO for poses, which looks at the whole picture once, however many people there are.

    Parameters
    ----------
    weights
        Folder of an OpenVINO export, or a file of torch's.
    threads
        Threads of the processor.
    image_size
        Longer side that pictures are brought to; an export has its own.

    Raises
    ------
    WeightsError
        The weights cannot be used.
    """

    def __init__(self, weights: Path, *, threads: int = 1, image_size: int = IMAGE_SIZE) -> None:
        self._yolo = Yolo(weights, "pose", confidence=CONFIDENCE, overlap=OVERLAP, threads=threads, image_size=image_size)
        height, width = self._yolo.image_size
        self.name = f"ultralytics:{weights.name}:{width}x{height}"

    def headings(self, image: Image, boxes: FloatArray) -> FloatArray:
        """Where the people in boxes face; as `Heading` promises."""
        found = np.full(len(boxes), np.nan, dtype=np.float32)
        if not len(boxes):
            return found
        result = self._yolo.predict([image])[0]
        joints = result.keypoints.data.cpu().numpy().reshape(-1, JOINTS, 3)
        for row, pose in matches(boxes, result.boxes.xyxy.cpu().numpy()):
            found[row] = heading_of(joints[pose])
        return found


def heading_of(joints: FloatArray) -> float:
    """Where a body faces, in radians from -π to π; not a number where it cannot be said.

    As a map of the floor would show it that lies below the picture: 0 is towards the picture's right, π/2 towards the camera,
    -π/2 away from it, π towards the left. The picture itself shows directions on the floor flattened, by how much depends on how
    steeply the camera looks down.

    The shoulder that is the person's left is on the right of the picture if the person faces the camera. How broad the shoulders
    look, against the torso's length, tells how far the person has turned; the nose beside the ears tells to which side.

    Parameters
    ----------
    joints
        COCO's seventeen as x, y and confidence, shape (17, 3).
    """
    if not (np.isfinite(joints).all() and joints[[LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP], 2].min() >= SEEN):
        return math.nan
    torso = float(np.linalg.norm(joints[[LEFT_SHOULDER, RIGHT_SHOULDER], :2].mean(0) - joints[[LEFT_HIP, RIGHT_HIP], :2].mean(0)))
    if torso <= 0:
        return math.nan
    towards = float(joints[LEFT_SHOULDER, 0] - joints[RIGHT_SHOULDER, 0]) / (BREADTH * torso)
    towards = min(max(towards, -1.0), 1.0)
    nose = float(joints[NOSE, 2])
    if (towards >= TURNED and nose < FACE_FRONT) or (towards <= -TURNED and nose > FACE_BACK):
        return math.nan
    side = _side(joints, torso)
    if abs(towards) < TURNED and not side:
        return math.nan
    return math.atan2(towards, side * math.sqrt(1 - towards**2))


def matches(boxes: FloatArray, others: FloatArray) -> list[tuple[int, int]]:
    """Pairs of boxes that show the same: one to one, with the greatest sum of overlaps.

    Parameters
    ----------
    boxes, others
        Edges, shapes (n, 4) and (m, 4).

    Returns
    -------
    list of tuple
        Rows of both, where intersection over union is one half at least; ascending.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # heavy

    overlaps = overlaps_of(boxes, others)
    rows, columns = linear_sum_assignment(np.where(overlaps >= LEAST_OVERLAP, overlaps, 0), maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if overlaps[row, column] >= LEAST_OVERLAP]


def overlaps_of(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Intersection over union of all pairs, shape (n, m).

    Parameters
    ----------
    boxes, others
        Edges, shapes (n, 4) and (m, 4).
    """
    upper = np.maximum(boxes[:, None, :2], others[None, :, :2])
    lower = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.clip(lower - upper, 0, None).prod(2)
    either = (boxes[:, 2:] - boxes[:, :2]).prod(1)[:, None] + (others[:, 2:] - others[:, :2]).prod(1)[None] - common
    return np.where(either > 0, common / np.where(either > 0, either, 1), 0).astype(np.float32)


def _side(joints: FloatArray, torso: float) -> int:
    """1 where the nose points to the picture's right, -1 to the left, 0 where that cannot be seen."""
    ahead = float(joints[NOSE, 0] - joints[[LEFT_EAR, RIGHT_EAR], 0].mean()) / torso
    return 0 if abs(ahead) < LOOK else int(math.copysign(1, ahead))
