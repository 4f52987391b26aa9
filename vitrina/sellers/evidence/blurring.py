"""Faces made unrecognisable: where a head can be, hardly a dozen numbers of the picture are left.

Where heads are is told from boxes of persons, not by looking for faces: faces of few pixels, from the side or behind a hand are found
by no detector of faces, and each of them may be known to somebody.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.sellers.yolo import Image

Boxes: TypeAlias = npt.NDArray[np.floating]
Regions: TypeAlias = npt.NDArray[np.int64]

CELLS = 4
"""Cells across the longer side of a head's region: with its margins, a face covers two or three. Pixelated faces of 14 cells and more
can be told from one another by a net (R. McPherson et al. 2016, Defeating Image Obfuscation with Deep Learning)."""

LEAST_CELL_PX = 6.0
"""Far away, a head is a single cell."""

HEAD_HEIGHTS = 0.3
"""Of a standing person's box: the head takes an eighth, a bent one or one under a raised arm lies lower."""

HEAD_WIDTHS = 0.8
"""Of a box's width: who sits, or stands behind a counter, has a lower box that is as wide, and a head as large."""

CROPPED = 1.4
"""Boxes less high than so many widths may show hardly more than a head: all of them is blurred."""

CUT_HEIGHTS = 0.6
"""Of a box that the picture's edge cuts off at a side or below: how much of the person it shows, nobody knows."""

MARGIN_ABOVE = 0.4
"""Of the head's height: detectors cut off hats, and hair that is as dark as the wall."""

MARGIN_ASIDE = 0.15
"""Of the box's width, on both sides."""

LEAST_MARGIN_PX = 2.0
EDGE_PX = 2.0


def blurred(image: Image, boxes: Boxes, grown: npt.ArrayLike = 0.0) -> Image:
    """The picture with the heads of all persons made unrecognisable; all else is left as it is, pixel by pixel.

    It cannot be undone: each region is averaged to at most `CELLS` by `CELLS` cells, which are then drawn without edges.

    Parameters
    ----------
    image
        Blue, green and red, shape (height, width, 3); it is not changed.
    boxes
        Of persons: left, upper, right and lower edges, shape (n, 4); they may reach beyond the picture.
    grown
        As of `head_regions`.

    Returns
    -------
    numpy.ndarray
        Another picture of the same shape.
    """
    import cv2  # noqa: PLC0415  # heavy

    height, width = image.shape[:2]
    done = image.copy()
    for left, upper, right, lower in head_regions(boxes, height, width, grown):
        region = done[upper:lower, left:right]
        rows, columns = region.shape[:2]
        cell = max(max(rows, columns) / CELLS, LEAST_CELL_PX)
        cells = max(1, min(columns, round(columns / cell))), max(1, min(rows, round(rows / cell)))
        mosaic = cv2.resize(_averages(region, cells), (columns, rows), interpolation=cv2.INTER_NEAREST)
        spread = cell / 2
        # from the mosaic alone: what lies around a head is not drawn into it, and the head not out of it
        done[upper:lower, left:right] = cv2.GaussianBlur(mosaic, (0, 0), spread, borderType=cv2.BORDER_REPLICATE)
    return done


def head_regions(boxes: Boxes, height: int, width: int, grown: npt.ArrayLike = 0.0) -> Regions:
    """Where the heads of persons can be, with a generous margin.

    Parameters
    ----------
    boxes
        Of persons: left, upper, right and lower edges, shape (n, 4).
    height, width
        Of the picture, in pixels.
    grown
        By how many pixels more each head may be elsewhere, in all directions; a number, or one per box.

    Returns
    -------
    numpy.ndarray
        Left, upper, right and lower edges in whole pixels within the picture, from the first to one after the last; shape (m, 4),
        ascending, without those of boxes outside the picture and of such whose edges are no numbers.
    """
    given = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    more = np.broadcast_to(np.asarray(grown, dtype=np.float64), len(given))
    more, given = more[np.isfinite(given).all(axis=1)], given[np.isfinite(given).all(axis=1)]
    left, upper, right, lower = given.T
    across, down = np.maximum(right - left, 0), np.maximum(lower - upper, 0)
    is_cut = (left <= EDGE_PX) | (right >= width - EDGE_PX) | (lower >= height - EDGE_PX)
    head = np.maximum(HEAD_HEIGHTS * down, HEAD_WIDTHS * across)
    head = np.where(is_cut, np.maximum(head, CUT_HEIGHTS * down), head)
    head = np.where(down < CROPPED * across, down, np.minimum(head, down))
    # of a head that is no higher than the person is wide: the rest of a cropped box is no head
    above = np.maximum(MARGIN_ABOVE * np.minimum(head, np.maximum(across, HEAD_HEIGHTS * down)), LEAST_MARGIN_PX) + more
    aside = np.maximum(MARGIN_ASIDE * across, LEAST_MARGIN_PX) + more
    below = LEAST_MARGIN_PX + more
    corners = np.column_stack(
        [np.floor(left - aside), np.floor(upper - above), np.ceil(right + aside), np.ceil(upper + head + below)]
    )
    within = np.clip(corners, 0, [width, height, width, height]).astype(np.int64)
    seen = (within[:, 2] > within[:, 0]) & (within[:, 3] > within[:, 1])
    # in an order of their own: what overlaps is blurred alike in whichever order boxes come
    return np.unique(within[seen], axis=0)


def _averages(region: Image, cells: tuple[int, int]) -> Image:
    import cv2  # noqa: PLC0415  # heavy

    return np.asarray(cv2.resize(region, cells, interpolation=cv2.INTER_AREA), dtype=np.uint8)
