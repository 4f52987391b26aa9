"""Somebody of the made-up shop as a body of capsules, and such a body painted into a picture with depth and shade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulation.shop_floor import Lens
from simulation.shop_people import Colour, Look, Posture, Stance

STRIDE = 0.85
"""Length of a step over the body's height."""

NEAREST = 0.4
"""Whoever is closer to the lens than this, in metres, is not painted."""

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Part:
    """A capsule between two points with two radii, in the body's own metres: ahead, to the left, up."""

    begin: Vector
    end: Vector
    radius: float
    end_radius: float
    colour: Colour
    second: Colour | None = None
    pattern: str = "plain"


@dataclass(frozen=True)
class _Motion:
    """Angles of a posture, in radians from hanging straight down, forward positive: left and right."""

    thighs: tuple[float, float]
    knees: tuple[float, float]
    arms: tuple[float, float]
    elbows: tuple[float, float]
    lean: float = 0.0
    lowered: float = 0.0


def _motion(stance: Stance, height: float, moment: float) -> _Motion:
    sway = 0.04 * math.sin(0.9 * moment + height * 40)
    if stance.posture is Posture.WALK:
        phase = math.pi * stance.walked / (STRIDE * height / 2)
        swing = math.sin(phase)
        bend = 0.35 + 0.35 * math.cos(phase)
        return _Motion((0.45 * swing, -0.45 * swing), (bend, 0.7 - bend), (-0.5 * swing, 0.5 * swing), (0.35, 0.35), 0.05)
    if stance.posture is Posture.SIT:
        return _Motion((1.5, 1.48), (1.5, 1.45), (0.5 + sway, 0.45), (1.0, 1.1), 0.05, 0.24 * height)
    if stance.posture is Posture.LOOK:
        reach = 0.8 + 0.5 * math.sin(0.37 * moment + height * 30)
        low = 0.12 * max(0.0, math.sin(0.21 * moment + height * 50))
        return _Motion((0.05, -0.05), (0.05, 0.05), (0.25 + sway, max(0.2, reach)), (0.6, 0.7), 0.08 + 2 * low, 0.2 * low)
    if stance.posture is Posture.TALK:
        beat = 0.5 + 0.35 * math.sin(2.1 * moment + height * 20)
        return _Motion((0.04, -0.04), (0.04, 0.04), (0.1 + sway, beat), (0.4, 1.2), 0.03 + sway)
    if stance.posture is Posture.WORK:
        return _Motion((0.03, -0.03), (0.03, 0.03), (0.7 + sway, 0.6 + 0.2 * math.sin(1.7 * moment)), (0.9, 0.9), 0.15)
    return _Motion((0.03, -0.03), (0.03, 0.03), (0.06 + sway, 0.05 - sway), (0.2, 0.2), 0.0)


def body(look: Look, stance: Stance, moment: float) -> list[Part]:
    """The parts of somebody's body in a stance; the moment moves what is never quite still."""
    size, motion = look.height, _motion(stance, look.height, moment)
    wide = size * look.girth
    hip_z = 0.52 * size - motion.lowered
    lean, ahead = math.cos(motion.lean), math.sin(motion.lean)

    def torso(side: float, up: float, forward: float = 0.0) -> Vector:
        return ahead * up * size + forward, side * size, hip_z + lean * up * size

    parts = [*_legs(look, motion, hip_z)]
    for side in (-0.05, 0.0, 0.05):
        thick = 0.071 if side else 0.078
        low, high = torso(side, 0.0), torso(1.45 * side, 0.265)
        parts.append(Part(low, high, thick * wide, 0.062 * wide, look.top, look.second, look.pattern))
    if look.apron is not None:
        front = 0.035 * wide
        parts.append(Part(torso(0, -0.16, front), torso(0, 0.2, front), 0.075 * wide, 0.055 * wide, look.apron))
    parts += _head(look, torso)
    for side, arm, elbow in ((1, motion.arms[0], motion.elbows[0]), (-1, motion.arms[1], motion.elbows[1])):
        parts += _arm(look, torso(side * 0.105 * math.sqrt(look.girth), 0.28), side, arm, elbow)
    return parts + _bag(look, torso)


def _legs(look: Look, motion: _Motion, hip_z: float) -> list[Part]:
    size, wide, parts = look.height, look.height * look.girth, []
    bare = look.skin if look.legs != "trousers" else look.trousers
    for side, thigh, knee in ((1, motion.thighs[0], motion.knees[0]), (-1, motion.thighs[1], motion.knees[1])):
        hip = (0.0, side * 0.052 * size, hip_z)
        joint = (hip[0] + 0.24 * size * math.sin(thigh), hip[1], hip[2] - 0.24 * size * math.cos(thigh))
        shin = thigh - knee
        foot = (joint[0] + 0.24 * size * math.sin(shin), hip[1], max(0.03, joint[2] - 0.24 * size * math.cos(shin)))
        parts.append(Part(hip, joint, 0.055 * wide, 0.04 * wide, look.trousers))
        parts.append(Part(joint, foot, 0.038 * wide, 0.026 * wide, bare))
        parts.append(Part(foot, (foot[0] + 0.08 * size, foot[1], foot[2]), 0.028 * size, 0.022 * size, look.shoes))
    if look.legs == "skirt":
        knees = sum(part.end[0] for part in parts[::3]) / 2
        low = sum(part.end[2] for part in parts[::3]) / 2
        parts.append(Part((0, 0, hip_z), (knees, 0, low - 0.02), 0.075 * wide, 0.1 * wide, look.trousers))
    return parts


def _head(look: Look, torso: object) -> list[Part]:
    assert callable(torso)  # noqa: S101  # narrows the closure's type
    size = look.height
    neck, head = torso(0, 0.3), torso(0, 0.405, 0.012 * size)
    crown = (head[0] - 0.012 * size, head[1], head[2] + 0.018 * size)
    parts = [
        Part(neck, torso(0, 0.36), 0.032 * size, 0.03 * size, look.skin),
        Part(
            (head[0], head[1], head[2] - 0.02 * size),
            (head[0], head[1], head[2] + 0.02 * size),
            0.044 * size,
            0.05 * size,
            look.skin,
        ),
    ]
    if look.hair_style == "bald":
        return parts
    colour = look.second if look.hair_style == "cap" else look.hair
    parts.append(Part(crown, crown, 0.056 * size, 0.056 * size, colour))
    if look.hair_style == "long":
        parts.append(Part(crown, (head[0] - 0.035 * size, head[1], head[2] - 0.1 * size), 0.05 * size, 0.045 * size, colour))
    return parts


def _arm(look: Look, shoulder: Vector, side: int, arm: float, elbow: float) -> list[Part]:
    size, wide = look.height, look.height * look.girth
    upper, lower = 0.165 * size, 0.14 * size
    out = 0.035 * size * side
    joint = (shoulder[0] + upper * math.sin(arm), shoulder[1] + out, shoulder[2] - upper * math.cos(arm))
    bent = arm + elbow
    hand = (joint[0] + lower * math.sin(bent), joint[1] - 0.3 * out, joint[2] - lower * math.cos(bent))
    sleeve = look.top if look.long_sleeves else look.skin
    return [
        Part(shoulder, joint, 0.038 * wide, 0.03 * wide, look.top),
        Part(joint, hand, 0.029 * wide, 0.023 * wide, sleeve),
        Part(hand, (hand[0] + 0.02 * size, hand[1], hand[2] - 0.03 * size), 0.024 * size, 0.022 * size, look.skin),
    ]


def _bag(look: Look, torso: object) -> list[Part]:
    assert callable(torso)  # noqa: S101  # narrows the closure's type
    size = look.height
    if look.bag == "backpack":
        return [Part(torso(0, 0.08, -0.09 * size), torso(0, 0.23, -0.09 * size), 0.075 * size, 0.065 * size, look.bag_colour)]
    if look.bag == "shoulder":
        return [Part(torso(0.13, -0.02), torso(0.13, 0.03), 0.06 * size, 0.05 * size, look.bag_colour)]
    if look.bag == "hand":
        return [Part(torso(-0.16, -0.17), torso(-0.16, -0.11), 0.07 * size, 0.05 * size, look.bag_colour)]
    return []


@dataclass(frozen=True)
class Painted:
    """Where a body is in the picture: its box, and its pixels, as a patch with colours, cover and depth; the box may lie outside."""

    box: tuple[float, float, float, float]
    left: int
    top: int
    colours: np.ndarray
    cover: np.ndarray
    depth: np.ndarray


def paint(parts: Sequence[Part], stance: Stance, lens: Lens, light: Colour) -> Painted | None:
    """Paint a body as the lens sees it; None if it is behind the lens, too close to it or outside the picture.

    Every capsule is shaded as what it is, a rounded body lit from above and from the front. Light multiplies its colours.
    """
    ends = np.array([part.begin for part in parts] + [part.end for part in parts])
    cosine, sine = math.cos(stance.heading), math.sin(stance.heading)
    room = np.column_stack(
        [stance.x + cosine * ends[:, 0] - sine * ends[:, 1], stance.y + sine * ends[:, 0] + cosine * ends[:, 1], ends[:, 2]]
    )
    pixels, depth = lens.project(room)
    if depth.min() < NEAREST:
        return None
    radii = np.array([part.radius for part in parts] + [part.end_radius for part in parts])
    sizes = np.maximum(radii * lens.focal / depth, 0.6)
    low, high = (pixels - sizes[:, None]).min(axis=0), (pixels + sizes[:, None]).max(axis=0)
    left, top = max(0, math.floor(low[0]) - 1), max(0, math.floor(low[1]) - 1)
    right, bottom = min(lens.width, math.ceil(high[0]) + 1), min(lens.height, math.ceil(high[1]) + 1)
    if right <= left or bottom <= top:
        return None
    shape = (bottom - top, right - left)
    painted = Painted(
        (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        left,
        top,
        np.zeros((*shape, 3), np.float32),
        np.zeros(shape, np.float32),
        np.full(shape, np.inf, np.float32),
    )
    count = len(parts)
    ends = np.column_stack([pixels - np.array([left, top]), sizes, depth])
    for place, part in enumerate(parts):
        _paint_part(painted, part, ends[[place, place + count]], light)
    return painted


def _paint_part(painted: Painted, part: Part, ends: np.ndarray, light: Colour) -> None:
    """Paint a capsule over what is behind it; its ends are rows of x and y in the patch, radius in pixels, and depth."""
    (ax, ay, ra, near), (bx, by, rb, far_end) = ends.tolist()
    height, width = painted.cover.shape
    x1, x2 = max(0, math.floor(min(ax - ra, bx - rb))), min(width, math.ceil(max(ax + ra, bx + rb)) + 1)
    y1, y2 = max(0, math.floor(min(ay - ra, by - rb))), min(height, math.ceil(max(ay + ra, by + rb)) + 1)
    if x2 <= x1 or y2 <= y1:
        return
    px = np.arange(x1, x2, dtype=np.float32)[None, :] + np.float32(0.5 - ax)
    py = np.arange(y1, y2, dtype=np.float32)[:, None] + np.float32(0.5 - ay)
    vx, vy = bx - ax, by - ay
    length = vx * vx + vy * vy
    share = (
        _between_0_and_1((px * vx + py * vy) / max(length, 1e-6))
        if length > 1e-6
        else np.zeros(np.broadcast_shapes(px.shape, py.shape), np.float32)
    )
    radius = ra + share * (rb - ra)
    dx, dy = (px - share * vx) / radius, (py - share * vy) / radius
    far = dx * dx + dy * dy
    cover = _between_0_and_1((1 - np.sqrt(far)) * radius + 0.5)
    front = np.sqrt(np.maximum(1 - far, 0))
    thickness = part.radius
    depth = near + share * (far_end - near) - front * thickness
    area = np.s_[y1:y2, x1:x2]
    closer = (cover > 0) & ((depth < painted.depth[area]) | ((painted.cover[area] < 0.5) & (cover > painted.cover[area])))
    shade = 0.5 + 0.34 * front - 0.26 * dy + 0.1 * dx
    colour = _coloured(part, share, dx, light)
    np.copyto(painted.colours[area], shade[..., None] * colour, where=closer[..., None])
    np.copyto(painted.depth[area], depth, where=closer)
    np.maximum(painted.cover[area], cover, out=painted.cover[area])


def _between_0_and_1(values: np.ndarray) -> np.ndarray:
    """As `numpy.clip`, which takes longer than all else that is computed of so small a patch."""
    np.maximum(values, 0, out=values)
    np.minimum(values, 1, out=values)
    return values


def _coloured(part: Part, share: np.ndarray, across: np.ndarray, light: Colour) -> np.ndarray:
    """Blue, green and red of a part's pixels, or one triple where all are alike."""
    lit = np.array(light, np.float32)[::-1]
    plain = np.array(part.colour, np.float32)[::-1] * lit
    if part.pattern == "plain" or part.second is None:
        return plain
    other = np.array(part.second, np.float32)[::-1] * lit
    if part.pattern == "halves":
        chosen = share < 0.5
    elif part.pattern == "stripes":
        chosen = np.sin(share * 28) > 0.2
    else:
        chosen = (np.sin(share * 22) > 0) ^ (np.sin(across * 5) > 0)
    return np.where(chosen[..., None], other, plain)
