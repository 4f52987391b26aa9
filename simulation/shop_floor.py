"""A made-up shop's floor: walls, furniture, where people stand and how they get there, and the camera that looks at it.

The floor is in metres: x along the wall below the camera, y away from it, z up; the camera hangs over the corner near the origin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

Point = tuple[float, float]
CELL = 0.2
"""Side of a square of the grid that routes are found on, in metres."""

CLEARANCE = 0.27
"""How far from furniture somebody's middle stays, in metres."""

AISLE = 0.5
"""How far from a shelf people stand who look at it, in metres."""


@dataclass(frozen=True)
class Block:
    """A piece of furniture: a box that stands along the walls' directions, in metres."""

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float
    height: float
    base: float = 0.0

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Whether a point of the floor lies in it, or closer than the margin."""
        return self.x1 - margin < x < self.x2 + margin and self.y1 - margin < y < self.y2 + margin


@dataclass(frozen=True)
class Spot:
    """Where somebody stands who looks at goods, the way they face, and where a seller would join them."""

    place: Point
    heading: float
    beside: Point


@dataclass(frozen=True)
class Floor:
    """Everything that does not move.

    Attributes
    ----------
    width, depth, height
        Of the room, in metres.
    blocks
        Furniture.
    spots
        Places before shelves.
    tills
        Pairs of places: the seller's behind the counter, and the customer's before it.
    seat
        Place and heading of somebody who sits on the bench.
    door, staff_door
        Places just outside and just inside.
    staff_zone
        Corners of the part of the floor behind the counter.
    """

    width: float
    depth: float
    height: float
    blocks: tuple[Block, ...]
    spots: tuple[Spot, ...]
    tills: tuple[tuple[Point, Point], ...]
    seat: tuple[Point, float]
    door: tuple[Point, Point]
    staff_door: tuple[Point, Point]
    staff_zone: tuple[Point, ...]
    poster: bool = False
    mannequin: Point | None = None


def make_floor(rng: np.random.Generator, *, tall: bool = False, poster: bool = False, mannequin: bool = False) -> Floor:
    """Draw a shop.

    Parameters
    ----------
    rng
        Where chance comes from: sizes differ by some decimetres.
    tall
        Whether shelves are as high as people, so that they hide who is behind them.
    poster, mannequin
        Whether a life-size picture of a person hangs on the wall, and whether a mannequin stands on the floor.
    """
    width, depth = 11.6 + rng.uniform(0, 0.8), 8.7 + rng.uniform(0, 0.6)
    high, shift = (1.75 if tall else rng.uniform(1.1, 1.35)), rng.uniform(-0.2, 0.2)
    counter = Block("counter", width - 2.9, 3.0, width - 1.8, 7.0, 1.02)
    first = Block("shelf", 3.1 + shift, 3.0, 6.4 + shift, 3.7, high)
    second = Block("shelf", 3.1 + shift, 5.7, 6.4 + shift, 6.4, high)
    walls = (Block("shelf", 3.7, depth - 0.45, width - 3.4, depth, 2.1), Block("shelf", 0.0, 4.2, 0.45, 7.2, 2.0))
    bench = Block("bench", 6.6, 1.0, 8.0, 1.45, 0.44)
    pillar = Block("pillar", 7.4, 4.6, 7.75, 4.95, 3.4)
    island = Block("shelf", 7.2, 2.3, 8.0, 3.0, 1.6)
    blocks = (counter, first, second, *walls, bench, island) + ((pillar,) if tall else ())
    tills = tuple(((width - 1.3, y), (width - 3.4, y)) for y in (3.7, 5.0, 6.3))
    zone = ((width - 1.85, 2.8), (width, 2.8), (width, depth), (width - 1.85, depth))
    middle = depth - 0.9
    return Floor(
        width,
        depth,
        3.4,
        blocks,
        tuple(_spots(blocks, width, depth)),
        tills,
        ((7.3, 1.42), math.pi / 2),
        ((2.2, depth + 0.9), (2.2, depth - 0.6)),
        ((width + 0.8, middle), (width - 0.7, middle)),
        zone,
        poster,
        (7.6, depth - 1.7) if mannequin else None,
    )


def _spots(blocks: Sequence[Block], width: float, depth: float) -> list[Spot]:
    """Every metre or so along the sides of shelves that can be reached, with room for a second person beside."""
    spots = []
    for shelf in (block for block in blocks if block.kind == "shelf"):
        along_x = shelf.x2 - shelf.x1 >= shelf.y2 - shelf.y1
        low, high = (shelf.x1, shelf.x2) if along_x else (shelf.y1, shelf.y2)
        for place in np.arange(low + 0.5, high - 0.3, 1.05):
            for side in (-1, 1):
                x = float(place) if along_x else (shelf.x1 - AISLE if side < 0 else shelf.x2 + AISLE)
                y = (shelf.y1 - AISLE if side < 0 else shelf.y2 + AISLE) if along_x else float(place)
                away = (0.0, 0.3 * side) if along_x else (0.3 * side, 0.0)
                for step in (0.95, -0.95):
                    beside = (x + (step if along_x else 0) + away[0], y + (0 if along_x else step) + away[1])
                    if _free(blocks, width, depth, (x, y)) and _free(blocks, width, depth, beside):
                        heading = (math.pi / 2 if along_x else 0.0) + (0 if side < 0 else math.pi)
                        spots.append(Spot((x, y), heading, beside))
                        break
    return spots


def _free(blocks: Sequence[Block], width: float, depth: float, place: Point) -> bool:
    x, y = place
    inside = CLEARANCE < x < width - CLEARANCE and CLEARANCE < y < depth - CLEARANCE
    return inside and not any(block.holds(x, y, CLEARANCE) for block in blocks)


class Routes:
    """Shortest ways over a floor, around the furniture; each beginning is searched once."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._nx, self._ny = int(floor.width / CELL), int(floor.depth / CELL)
        self._predecessors: dict[int, np.ndarray] = {}
        mannequin = floor.mannequin
        blocks = floor.blocks + (() if mannequin is None else (Block("mannequin", *mannequin, *mannequin, 1.8),))
        self._blocks = blocks
        self._open = np.array(
            [[_free(blocks, floor.width, floor.depth, self._centre(i, j)) for j in range(self._ny)] for i in range(self._nx)]
        )
        self._graph = self._edges()

    def between(self, begin: Point, end: Point) -> list[Point]:
        """Corners of the way, both ends included."""
        if self._clear(begin, end):
            return [begin, end]
        first, last = self._nearest(begin), self._nearest(end)
        if first not in self._predecessors:
            self._predecessors[first] = dijkstra(self._graph, indices=first, return_predecessors=True)[1]
        cells = [last]
        while cells[-1] != first and cells[-1] >= 0:
            cells.append(int(self._predecessors[first][cells[-1]]))
        points = [begin, *(self._centre(*divmod(cell, self._ny)) for cell in reversed(cells) if cell >= 0), end]
        way, here = [begin], 0
        while here < len(points) - 1:
            here = next((place for place in range(len(points) - 1, here + 1, -1) if self._clear(way[-1], points[place])), here + 1)
            way.append(points[here])
        return way

    def _centre(self, i: int, j: int) -> Point:
        return (i + 0.5) * CELL, (j + 0.5) * CELL

    def _nearest(self, place: Point) -> int:
        i, j = np.nonzero(self._open)
        far = (i * CELL + CELL / 2 - place[0]) ** 2 + (j * CELL + CELL / 2 - place[1]) ** 2
        best = int(far.argmin())
        return int(i[best] * self._ny + j[best])

    def _clear(self, begin: Point, end: Point) -> bool:
        """Whether the straight way touches no furniture: it leaves each box's slabs before it has entered them all."""
        margin = CLEARANCE - 0.02
        for block in self._blocks:
            entry, leaving = 0.0, 1.0
            sides = ((block.x1 - margin, block.x2 + margin), (block.y1 - margin, block.y2 + margin))
            for start, stop, (low, high) in zip(begin, end, sides, strict=True):
                along = stop - start if abs(stop - start) > 1e-9 else 1e-9
                one, other = (low - start) / along, (high - start) / along
                entry, leaving = max(entry, min(one, other)), min(leaving, max(one, other))
            if entry < leaving:
                return False
        return True

    def _edges(self) -> coo_array:
        rows, columns, lengths = [], [], []
        number = np.arange(self._nx * self._ny).reshape(self._nx, self._ny)
        for di, dj in ((0, 1), (1, 0), (1, 1), (1, -1)):
            near = np.s_[: self._nx - di, max(0, -dj) : self._ny - max(0, dj)]
            far = np.s_[di:, max(0, dj) : self._ny + min(0, dj)]
            both = self._open[near] & self._open[far]
            rows.append(number[near][both])
            columns.append(number[far][both])
            lengths.append(np.full(int(both.sum()), CELL * math.hypot(di, dj)))
        row, column, length = np.concatenate(rows), np.concatenate(columns), np.concatenate(lengths)
        size = number.size
        return coo_array(
            (np.tile(length, 2), (np.concatenate([row, column]), np.concatenate([column, row]))), shape=(size, size)
        ).tocsr()


@dataclass(frozen=True)
class Lens:
    """A pinhole camera without distortion.

    Attributes
    ----------
    position
        In metres.
    target
        The point that is in the middle of the picture.
    field
        Horizontal field of view, in degrees.
    width, height
        Of the picture, in pixels.
    mirrored
        Whether left and right are exchanged: the same shop built the other way round.
    """

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    field: float
    width: int
    height: int
    mirrored: bool = False

    def sized(self, width: int, height: int) -> Lens:
        """The same camera with another number of pixels."""
        return replace(self, width=width, height=height)

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / math.tan(math.radians(self.field) / 2)

    @cached_property
    def axes(self) -> np.ndarray:
        """Rows: right, down and forward in the room; right is left where mirrored."""
        forward = np.subtract(self.target, self.position)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, (0, 0, 1.0))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        return np.stack([-right if self.mirrored else right, down, forward])

    @property
    def matrix(self) -> np.ndarray:
        """The 3 x 4 matrix from the room (metres, homogeneous) to the picture (pixels, homogeneous)."""
        inner = np.array([[self.focal, 0, self.width / 2], [0, self.focal, self.height / 2], [0, 0, 1]])
        return np.asarray(inner @ np.column_stack([self.axes, -self.axes @ np.array(self.position)]))

    @property
    def homography(self) -> np.ndarray:
        """The 3 x 3 matrix from the floor (metres) to the picture (pixels)."""
        matrix = self.matrix
        return np.asarray(matrix[:, [0, 1, 3]] / matrix[2, 3])

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points of the room, n x 3, to pixels, n x 2, and depth along the axis in metres, n; what is behind gets depth 0.05."""
        relative = (points - np.array(self.position)) @ self.axes.T
        depth = np.maximum(relative[:, 2], 0.05)
        pixels = relative[:, :2] / depth[:, None] * self.focal + np.array([self.width / 2, self.height / 2])
        return pixels, depth


def make_lens(rng: np.random.Generator, floor: Floor, width: int, height: int) -> Lens:
    """Hang a camera over the corner, so that the counter, the door and the shelves are in the picture."""
    position = (rng.uniform(0.25, 0.6), rng.uniform(0.25, 0.6), rng.uniform(2.85, 3.25))
    target = (floor.width * rng.uniform(0.54, 0.58), floor.depth * rng.uniform(0.55, 0.59), rng.uniform(0.15, 0.45))
    return Lens(position, target, rng.uniform(70, 90), width, height, bool(rng.random() < 0.5))
