"""Parts of a picture, given by their corners."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.sellers.floor import Point

Polygon: TypeAlias = tuple[Point, ...]


def inside(polygon: Polygon, points: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which points lie within a polygon, shape (n,); none within an empty one.

    Parameters
    ----------
    polygon
        Corners in order.
    points
        Shape (n, 2).
    """
    places = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    within = np.zeros(len(places), dtype=np.bool_)
    for (x1, y1), (x2, y2) in _edges(polygon):
        if y1 == y2:
            continue
        # an edge counts where a ray to the right crosses it; half open, so that a corner counts once
        crossed = (y1 > places[:, 1]) != (y2 > places[:, 1])
        within ^= crossed & (places[:, 0] < x1 + (places[:, 1] - y1) * (x2 - x1) / (y2 - y1))
    return within


def crosses_itself(corners: Polygon) -> bool:
    """Whether edges meet elsewhere than at the corner that they share.

    Parameters
    ----------
    corners
        Three or more, in order.
    """
    edges = list(_edges(corners))
    for (first, (start, end)), (second, (other_start, other_end)) in combinations(enumerate(edges), 2):
        if second == first + 1 or (first == 0 and second == len(edges) - 1):
            shared, near, far = (end, start, other_end) if second == first + 1 else (start, end, other_start)
            # neighbours must not fold back onto one another
            ahead = (near[0] - shared[0]) * (far[0] - shared[0]) + (near[1] - shared[1]) * (far[1] - shared[1])
            if _turn(near, shared, far) == 0 and ahead > 0:
                return True
        elif _meet(start, end, other_start, other_end):
            return True
    return False


def _edges(polygon: Polygon) -> Iterator[tuple[Point, Point]]:
    return zip(polygon, polygon[1:] + polygon[:1], strict=True)


def _meet(start: Point, end: Point, other_start: Point, other_end: Point) -> bool:
    """Whether two segments have a point in common."""
    sides = (
        _turn(start, end, other_start) * _turn(start, end, other_end),
        _turn(other_start, other_end, start) * _turn(other_start, other_end, end),
    )
    boxes = all(
        max(min(start[axis], end[axis]), min(other_start[axis], other_end[axis]))
        <= min(max(start[axis], end[axis]), max(other_start[axis], other_end[axis]))
        for axis in (0, 1)
    )
    return boxes and max(sides) <= 0


def _turn(first: Point, second: Point, third: Point) -> float:
    """Positive where three points turn one way, negative the other way, 0 on a line."""
    return (second[0] - first[0]) * (third[1] - first[1]) - (second[1] - first[1]) * (third[0] - first[0])
