"""Which box is which: what was said about each frame beside what is true of it.

Boxes are rows of frames with the columns ``frame``, ``x1``, ``y1``, ``x2`` and ``y2``. Truth may have ``ignored``: such a box
need not be found, and nobody is blamed for finding it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers.mot import CORNERS

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

SAME = 0.5
"""Least overlap of two boxes that are held for one, as MOTA, IDF1 and mAP@.5 have it."""

_LEAST = 1e-15
"""What rounding may take from an overlap that is just enough."""


@dataclass(frozen=True)
class OnFrame:
    """One frame.

    Attributes
    ----------
    frame
        Its number.
    truth, said
        Rows of the two frames that lie on it.
    overlaps
        Intersection over union; shape (truth, said).
    """

    frame: int
    truth: Rows
    said: Rows
    overlaps: Floats

    def matched(self, at: float = SAME) -> tuple[Rows, Rows]:
        """Rows of truth and of what was said that belong together, one to one, so that overlaps add up to the most."""
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # the graph is loaded without it

        overlaps = np.where(self.overlaps >= at - _LEAST, self.overlaps, 0)
        rows, columns = linear_sum_assignment(-overlaps)
        enough = overlaps[rows, columns] > 0
        return self.truth[rows[enough]], self.said[columns[enough]]


def overlaps_of(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union of all pairs.

    Parameters
    ----------
    boxes, others
        Corners x1, y1, x2, y2 with x1 < x2 and y1 < y2; shapes (n, 4) and (m, 4).

    Returns
    -------
    numpy.ndarray
        Shape (n, m).
    """
    sides = np.minimum(boxes[:, None, 2:], others[None, :, 2:]) - np.maximum(boxes[:, None, :2], others[None, :, :2])
    shared = np.prod(np.clip(sides, 0, None), axis=2)
    areas, other_areas = (np.prod(of[:, 2:] - of[:, :2], axis=1) for of in (boxes, others))
    return np.asarray(shared / (areas[:, None] + other_areas[None, :] - shared), dtype=np.float64)


def on_frames(truth: pl.DataFrame, said: pl.DataFrame) -> Iterator[OnFrame]:
    """Every frame that has a box, by number.

    Within a frame rows stand by their corners: where two matchings are equally good, neither the order of rows nor the names of
    identities decides between them.
    """
    orders = [_order(boxes) for boxes in (truth, said)]
    numbers = [boxes["frame"].to_numpy()[order] for boxes, order in zip((truth, said), orders, strict=True)]
    corners = [
        boxes.select(CORNERS).to_numpy().astype(np.float64)[order] for boxes, order in zip((truth, said), orders, strict=True)
    ]
    frames = np.union1d(*numbers)
    bounds = [(np.searchsorted(of, frames, "left"), np.searchsorted(of, frames, "right")) for of in numbers]
    for place, frame in enumerate(frames.tolist()):
        mine, theirs = (slice(int(first[place]), int(last[place])) for first, last in bounds)
        yield OnFrame(int(frame), orders[0][mine], orders[1][theirs], overlaps_of(corners[0][mine], corners[1][theirs]))


def _order(boxes: pl.DataFrame) -> Rows:
    return boxes.select("frame", *CORNERS).with_row_index("row").sort("frame", *CORNERS, "row")["row"].to_numpy().astype(np.int64)


def without_ignored(truth: pl.DataFrame, said: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both without what counts neither way: ignored boxes of the truth, and what was said about these and no others."""
    if "ignored" not in truth.columns or not truth["ignored"].any():
        return truth, said
    ignored = truth["ignored"].to_numpy()
    spared = np.ones(said.height, dtype=bool)
    for frame in on_frames(truth, said):
        theirs, ours = frame.matched()
        spared[ours[ignored[theirs]]] = False
    return truth.filter(~pl.col("ignored")), said.filter(pl.Series(spared))
