"""What stands still in the made-up shop, seen once by every ray of the lens: colours and depth of the empty floor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from simulation.shop_figure import Painted, body, paint
from simulation.shop_floor import Block, Floor, Lens
from simulation.shop_people import Posture, Stance, draw_look

LARGE = 800
"""Pictures wider than this get one ray per pixel instead of two each way: a scene takes a second or two, not ten."""

FIXTURES = {"poster": -1, "mannequin": -2}
"""Numbers of what looks like a person and is none."""


@dataclass(frozen=True)
class Scene:
    """The empty shop.

    Attributes
    ----------
    colours
        Blue, green and red as floats; 1 is white.
    depth
        Along the lens's axis, in metres.
    is_floor
        Where shadows fall.
    light
        Light that falls on people: rows are places along the room's width, columns along its depth, a metre each.
    exposure
        What people's colours are multiplied by, as those of the scene were.
    fixtures
        Boxes of what looks like a person and is none, by name.
    """

    colours: np.ndarray
    depth: np.ndarray
    is_floor: np.ndarray
    light: np.ndarray
    exposure: float
    tint: tuple[float, float, float]
    fixtures: dict[str, tuple[float, float, float, float]]


@dataclass(frozen=True)
class _Rays:
    points: np.ndarray
    hit: np.ndarray
    normal: np.ndarray
    surface: np.ndarray


def make_scene(floor: Floor, lens: Lens, seed: int) -> Scene:
    """Look at an empty shop.

    Parameters
    ----------
    floor, lens
        What stands there, and who looks at it.
    seed
        Draws colours, goods, lamps and how bright the picture is.
    """
    rng = np.random.default_rng([seed, 21])
    finer = 1 if lens.width > LARGE else 2
    rays = _cast(floor, lens.sized(lens.width * finer, lens.height * finer))
    colours = _surfaces(rng, floor, rays)
    lamps = _lamps(rng, floor)
    # light changes slowly: one ray per pixel is enough for it
    points, normal, surface = rays.points[::finer, ::finer], rays.normal[::finer, ::finer], rays.surface[::finer, ::finer]
    light = _light(lamps, points, normal) * _corners(floor, surface, points)
    small = cv2.resize(colours, (lens.width, lens.height), interpolation=cv2.INTER_AREA) * light[..., None]
    depth = np.ascontiguousarray(rays.hit[::finer, ::finer])
    tint = tuple(np.clip(np.array([1.0, 0.98, 0.95]) + rng.normal(0, 0.03, 3), 0.88, 1.08).tolist())
    exposure = rng.uniform(122, 154) / 255 / float(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).mean())
    small = small * (exposure * np.array(tint, np.float32)[::-1]).astype(np.float32)
    grid = np.stack(np.meshgrid(np.arange(math.ceil(floor.width) + 2), np.arange(math.ceil(floor.depth) + 2), indexing="ij"), -1)
    waist = np.concatenate([grid, np.ones((*grid.shape[:2], 1))], axis=-1).astype(np.float32)
    on_people = _light(lamps, waist, np.full(waist.shape[:2], 2))
    scene = Scene(small, depth, surface == 2, on_people, exposure, tint, {})
    return _with_fixtures(scene, floor, lens, rng)


def _cast(floor: Floor, big: Lens) -> _Rays:
    """The first thing on every ray, and which way its surface faces; surfaces are 0 to 2 for the room's, then four per block."""
    u = (np.arange(big.width, dtype=np.float32)[None, :] + 0.5 - big.width / 2) / np.float32(big.focal)
    v = (np.arange(big.height, dtype=np.float32)[:, None] + 0.5 - big.height / 2) / np.float32(big.focal)
    right, down, forward = big.axes.astype(np.float32)
    directions = [forward[axis] + u * right[axis] + v * down[axis] for axis in range(3)]
    inverse = [1 / np.where(np.abs(along) < 1e-6, np.float32(1e-6), along) for along in directions]
    origin = [np.float32(part) for part in big.position]

    def planes(low: tuple[float, float, float], high: tuple[float, float, float]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        pairs = [
            ((np.float32(one) - start) * over, (np.float32(other) - start) * over)
            for one, other, start, over in zip(low, high, origin, inverse, strict=True)
        ]
        return [np.minimum(*pair) for pair in pairs], [np.maximum(*pair) for pair in pairs]

    far = planes((0, 0, 0), (floor.width, floor.depth, floor.height))[1]
    hit = np.minimum(np.minimum(far[0], far[1]), far[2])
    normal = np.where(far[2] == hit, 2, np.where(far[1] == hit, 1, 0)).astype(np.int16)
    surface = np.where((normal == 2) & (directions[2] > 0), 3, normal).astype(np.int16)
    for number, block in enumerate(floor.blocks, start=1):
        near, away = planes((block.x1, block.y1, block.base), (block.x2, block.y2, block.height))
        entry = np.maximum(np.maximum(near[0], near[1]), near[2])
        struck = (entry < np.minimum(np.minimum(away[0], away[1]), away[2])) & (entry > 0) & (entry < hit)
        axis = np.where(near[2] == entry, 2, np.where(near[1] == entry, 1, 0)).astype(np.int16)
        np.copyto(hit, entry, where=struck)
        np.copyto(normal, axis, where=struck)
        np.copyto(surface, 4 * number + axis, where=struck, casting="same_kind")
    points = np.stack([start + along * hit for start, along in zip(origin, directions, strict=True)], axis=-1)
    return _Rays(points, hit, normal, surface)


def _surfaces(rng: np.random.Generator, floor: Floor, rays: _Rays) -> np.ndarray:
    """Colours before light falls on them."""
    points = rays.points
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    wall = np.array([0.78, 0.8, 0.81]) + rng.normal(0, 0.025, 3)
    ground = np.array([[0.62, 0.62, 0.6], [0.5, 0.54, 0.6], [0.42, 0.5, 0.6], [0.7, 0.72, 0.74]][int(rng.integers(4))])
    colours = np.empty((*x.shape, 3), np.float32)
    colours[:] = wall
    tile = rng.uniform(0.45, 0.7)
    i, j = np.floor(x / tile), np.floor(y / tile)
    joint = ((x / tile - i) < 0.03) | ((y / tile - j) < 0.03)
    stone = (1 + 0.06 * (_hash(i, j, 1) - 0.5) + 0.05 * (_hash(np.floor(x / 0.07), np.floor(y / 0.07), 2) - 0.5)) * np.where(
        joint, 0.82, 1
    )
    is_floor = rays.surface == 2
    colours[is_floor] = (ground * stone[..., None])[is_floor]
    colours[rays.surface == 3] = (0.85, 0.85, 0.85)
    skirting = (rays.surface < 2) & (z < 0.12)
    colours[skirting] *= 0.6
    door = (rays.surface == 1) & (y > floor.depth / 2) & (np.abs(x - floor.door[0][0]) < 0.8) & (z < 2.25)
    colours[door] = (0.95, 0.9, 0.86)
    back = (rays.surface == 0) & (x > floor.width / 2) & (np.abs(y - floor.staff_door[0][1]) < 0.5) & (z < 2.1)
    colours[back] = (0.28, 0.36, 0.42)
    vivid, grey = rng.uniform(0.12, 0.85, (24, 3)), rng.uniform(0.2, 0.85, (24, 1))
    palette = (0.45 * vivid + 0.55 * grey).astype(np.float32)
    for place, block in enumerate(floor.blocks, start=1):
        for axis in range(3):
            mask = rays.surface == 4 * place + axis
            if mask.any():
                along = (y if axis == 0 else x)[mask]
                colours[mask] = _furniture(block, axis, along, z[mask], palette)
    return colours


def _furniture(block: Block, axis: int, along: np.ndarray, z: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Boards with goods for shelves; a plain front with a lit edge for a counter."""
    base = {"counter": (0.5, 0.58, 0.66), "bench": (0.24, 0.34, 0.48), "pillar": (0.74, 0.76, 0.78)}.get(
        block.kind, (0.7, 0.72, 0.74)
    )
    colours = np.empty((along.size, 3), np.float32)
    colours[:] = base
    if block.kind == "counter" and axis < 2:
        colours *= np.where((along % 1.1) < 0.03, 0.7, 1.0)[:, None] * np.where(z > block.height - 0.06, 1.25, 0.85)[:, None]
    if block.kind != "shelf" or axis == 2:
        return colours
    rows = 0.36
    place = int(100 * block.x1 + 10 * block.y1) % 97
    row, height = np.floor(z / rows), (z % rows) / rows
    kind = _hash(np.floor(along / 0.7), row, place)
    wide = 0.09 + 0.13 * kind
    item = np.floor(along / wide)
    within = (along / wide) - item
    chosen = (_hash(np.floor(item / 3), row, place + 7) * 24).astype(int) % 24
    tall = 0.55 + 0.35 * _hash(np.floor(along / 0.7), row, place + 3)
    goods = palette[chosen] * (0.75 + 0.35 * _hash(item, row, place + 5))[:, None]
    goods *= np.where(np.abs(within - 0.5) < 0.25, 1.15, 0.95)[:, None] * np.where(np.abs(within - 0.5) > 0.46, 0.45, 1)[:, None]
    goods *= np.where(np.abs(height - 0.35) < 0.1, 1.25, 1)[:, None]
    shown = np.where((height < 0.08)[:, None], np.float32(0.78), np.where((height > tall)[:, None], np.float32(0.16), goods))
    return np.asarray(shown, np.float32)


def _hash(i: np.ndarray, j: np.ndarray, salt: int) -> np.ndarray:
    """A number from 0 to 1 that differs from cell to cell."""
    mixed = (
        (i.astype(np.uint32) * np.uint32(73_856_093)) ^ (j.astype(np.uint32) * np.uint32(19_349_663)) ^ np.uint32(salt * 8_349_279)
    )
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(1_274_126_177)
    return ((mixed ^ (mixed >> np.uint32(16))) & np.uint32(0xFFFF)).astype(np.float32) / np.float32(65_535)


def _lamps(rng: np.random.Generator, floor: Floor) -> np.ndarray:
    """Places and strengths of lamps at the ceiling, n x 4; one of them is weak."""
    places = [(x, y) for x in np.arange(2.0, floor.width, 3.2) for y in np.arange(1.8, floor.depth, 2.9)]
    strength = rng.uniform(0.75, 1.2, len(places))
    strength[int(rng.integers(len(places)))] *= 0.25
    return np.column_stack([np.array(places), np.full(len(places), floor.height - 0.05), strength]).astype(np.float32)


def _light(lamps: np.ndarray, points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Light on surfaces: from above it is strong, on upright ones weaker, and the whole room adds some."""
    total = np.full(points.shape[:-1], 0.32, np.float32)
    for x, y, z, strength in lamps.tolist():
        dx, dy, dz = points[..., 0] - x, points[..., 1] - y, points[..., 2] - z
        square = dx * dx + dy * dy + dz * dz + 0.6
        steep = np.where(normal == 2, np.abs(dz), np.where(normal == 0, np.abs(dx), np.abs(dy)) * 0.8 + 0.25) / np.sqrt(square)
        total += np.float32(1.5 * strength) * steep / square
    return total


def _corners(floor: Floor, surface: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Shade where the floor meets furniture and walls."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    shade = np.ones(x.shape, np.float32)
    on_floor = surface == 2
    for block in floor.blocks:
        dx, dy = np.maximum(np.maximum(block.x1 - x, x - block.x2), 0), np.maximum(np.maximum(block.y1 - y, y - block.y2), 0)
        shade = np.where(on_floor, shade * (1 - 0.38 * np.exp(-np.hypot(dx, dy) / (0.22 * block.height + 0.05))), shade)
    wall = np.minimum(np.minimum(x, floor.width - x), np.minimum(y, floor.depth - y))
    shade = np.where(on_floor, shade * (1 - 0.25 * np.exp(-wall / 0.35)), shade)
    return np.where(surface < 2, shade * (1 - 0.2 * np.exp(-z / 0.4)), shade)


def _with_fixtures(scene: Scene, floor: Floor, lens: Lens, rng: np.random.Generator) -> Scene:
    """Hang the poster and stand up the mannequin, where there are any."""
    if floor.poster:
        scene.fixtures["poster"] = _hang_poster(scene, floor, lens, rng)
    if floor.mannequin is not None:
        x, y = floor.mannequin
        stance = Stance(x, y, -2.2, Posture.STAND, 0.0)
        painted = paint(body(draw_look(rng), stance, 0.0), stance, lens, lit(scene, x, y))
        if painted is not None:
            place(scene.colours, scene.depth, painted)
            scene.fixtures["mannequin"] = painted.box
    return scene


def _hang_poster(scene: Scene, floor: Floor, lens: Lens, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """A life-size photograph on the far wall, beside the shelf."""
    canvas_lens = Lens((0, -6.0, 0.95), (0, 0, 0.95), 9.4, 200, 400)
    canvas = np.empty((400, 200, 3), np.float32)
    canvas[:] = rng.uniform(0.35, 0.75, 3)
    stance = Stance(0, 0, -math.pi / 2 + 0.3, Posture.TALK, 0.0)
    painted = paint(body(draw_look(rng), stance, 1.0), stance, canvas_lens, (0.8, 0.8, 0.8))
    assert painted is not None  # noqa: S101  # the canvas's lens looks straight at it
    place(canvas, np.full((400, 200), np.inf, np.float32), painted)
    left, low, wide, tall = floor.width - 2.75, 0.25, 1.15, 2.3
    corners = np.array(
        [
            [left, floor.depth, low + tall],
            [left + wide, floor.depth, low + tall],
            [left + wide, floor.depth, low],
            [left, floor.depth, low],
        ]
    )
    pixels, depth = lens.project(corners)
    onto = cv2.getPerspectiveTransform(np.array([[0, 0], [200, 0], [200, 400], [0, 400]], np.float32), pixels.astype(np.float32))
    size = (lens.width, lens.height)
    warped = cv2.warpPerspective(canvas * scene.exposure, onto, size, flags=cv2.INTER_AREA)
    shown = cv2.warpPerspective(np.ones((400, 200), np.float32), onto, size) * (scene.depth > depth.min() - 0.1)
    scene.colours[:] = scene.colours * (1 - shown[..., None]) + warped * shown[..., None]
    x1, y1, x2, y2 = painted.box
    outline = cv2.perspectiveTransform(np.array([[[x1, y1], [x2, y1], [x2, y2], [x1, y2]]], np.float32), onto)[0]
    return (*map(float, outline.min(axis=0)), *map(float, outline.max(axis=0)))  # type: ignore[return-value]  # four of them


def lit(scene: Scene, x: float, y: float) -> tuple[float, float, float]:
    """What the colours of somebody at a place are multiplied by."""
    rows, columns = scene.light.shape
    strength = float(scene.light[min(max(round(x), 0), rows - 1), min(max(round(y), 0), columns - 1)]) * scene.exposure
    red, green, blue = (strength * part for part in scene.tint)
    return red, green, blue


def place(colours: np.ndarray, depth: np.ndarray, painted: Painted) -> np.ndarray:
    """Put a painted body into a picture where nothing is before it; returns where it shows, as a mask over its patch."""
    area = np.s_[painted.top : painted.top + painted.cover.shape[0], painted.left : painted.left + painted.cover.shape[1]]
    before = painted.depth < depth[area]
    cover = np.where(before, painted.cover, 0)[..., None]
    colours[area] += cover * (painted.colours - colours[area])
    shows = before & (painted.cover > 0.5)
    np.copyto(depth[area], painted.depth, where=shows)
    return shows
