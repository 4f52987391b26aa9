"""How well people are found: the average precision of detections, as COCO defines it.

pycocotools is COCO's own implementation and comes with TrackEval; ultralytics' would bring torch, and interpolates otherwise.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from vitrina.sellers.box_matching import without_ignored

_PERSON = 1
_ANY_AREA = [[0, 1e15]]


@dataclass(frozen=True)
class DetectionQuality:
    """How well people were found.

    Attributes
    ----------
    map50, map50_95
        Average precision at an overlap of .5, and the mean over .5, .55, …, .95; ``None`` where nobody was there.
    boxes, detections
        True ones, and those that were said.

    References
    ----------
    T.-Y. Lin et al. (2014), Microsoft COCO: Common Objects in Context, ECCV, 740-755: precision is interpolated at 101 recalls.
    """

    map50: float | None
    map50_95: float | None
    boxes: int
    detections: int


def detection_quality(truth: pl.DataFrame, detected: pl.DataFrame) -> DetectionQuality:
    """Judge detections by all their confidences.

    Parameters
    ----------
    truth
        ``frame`` and corners of every person; ``ignored`` may be missing.
    detected
        ``frame``, corners and ``confidence``: all of them, down to the lowest confidence that the detector gives. What stands
        below a threshold cannot be judged once it is gone.
    """
    truth, detected = without_ignored(truth, detected)
    if not truth.height or not detected.height:
        nothing = 0.0 if truth.height else None
        return DetectionQuality(nothing, nothing, truth.height, detected.height)
    precision = _precision(truth, detected)
    return DetectionQuality(float(precision[0].mean()), float(precision.mean()), truth.height, detected.height)


def _precision(truth: pl.DataFrame, detected: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Interpolated precision; shape (overlaps, recalls)."""
    # here, because the graph is loaded without it; it has no types
    from pycocotools.coco import COCO  # type: ignore[import-untyped]  # noqa: PLC0415  # as said above
    from pycocotools.cocoeval import COCOeval  # type: ignore[import-untyped]  # noqa: PLC0415  # as said above

    # both tell standard output about every step
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = _dataset(truth, detected)
        known.createIndex()
        # by corners, for of equal confidences the first is judged first
        ordered = detected.sort("frame", "x1", "y1", "x2", "y2")
        judged = COCOeval(known, known.loadRes(_results(ordered)), "bbox")
        judged.params.areaRng = _ANY_AREA
        judged.params.areaRngLbl = ["all"]
        judged.params.maxDets = [detected.height]
        judged.evaluate()
        judged.accumulate()
    precision: np.ndarray[Any, np.dtype[np.float64]] = judged.eval["precision"][:, :, 0, 0, 0]
    return precision


def _dataset(truth: pl.DataFrame, detected: pl.DataFrame) -> dict[str, Any]:
    frames = sorted({*truth["frame"].to_list(), *detected["frame"].to_list()})
    rows = truth.sort("frame", "x1", "y1", "x2", "y2").select("frame", "x1", "y1", "x2", "y2").iter_rows()
    return {
        "info": {},
        "images": [{"id": frame} for frame in frames],
        "categories": [{"id": _PERSON, "name": "person"}],
        "annotations": [
            {
                # from 1: a match is stored as the identifier of what was matched, and 0 is none
                "id": number,
                "image_id": frame,
                "category_id": _PERSON,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
            }
            for number, (frame, x1, y1, x2, y2) in enumerate(rows, start=1)
        ],
    }


def _results(detected: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {"image_id": frame, "category_id": _PERSON, "bbox": [x1, y1, x2 - x1, y2 - y1], "score": confidence}
        for frame, x1, y1, x2, y2, confidence in detected.select("frame", "x1", "y1", "x2", "y2", "confidence").iter_rows()
    ]
