"""The people of the made-up shop: what they look like, and where each of them is at any moment."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from simulation.shop_floor import Point, Routes

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 1."""

TURN_S = 0.5
"""Time that somebody takes to turn round."""


class Posture(StrEnum):
    """What somebody does with their body."""

    WALK = "walk"
    STAND = "stand"
    LOOK = "look"
    TALK = "talk"
    WORK = "work"
    SIT = "sit"


class Role(StrEnum):
    """Why somebody is in the shop."""

    SELLER = "seller"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Look:
    """What somebody looks like; lengths in metres.

    Attributes
    ----------
    height
        From head to foot.
    girth
        What the body's thickness is multiplied by.
    hair_style
        ``short``, ``long``, ``bald`` or ``cap``.
    pattern
        Of the top: ``plain``, ``stripes``, ``halves`` or ``check``, in `top` and `second`.
    legs
        ``trousers``, ``shorts`` or ``skirt``.
    bag
        ``none``, ``shoulder``, ``backpack`` or ``hand``.
    apron
        Colour of an apron, None without one.
    """

    height: float
    girth: float
    skin: Colour
    hair: Colour
    hair_style: str
    top: Colour
    second: Colour
    pattern: str
    long_sleeves: bool
    trousers: Colour
    legs: str
    shoes: Colour
    bag: str
    bag_colour: Colour
    apron: Colour | None = None


_SKINS: tuple[Colour, ...] = ((0.93, 0.76, 0.65), (0.88, 0.69, 0.56), (0.8, 0.6, 0.46), (0.58, 0.4, 0.29), (0.38, 0.26, 0.19))
_HAIRS: tuple[Colour, ...] = ((0.1, 0.08, 0.07), (0.24, 0.16, 0.1), (0.42, 0.28, 0.16), (0.72, 0.58, 0.36), (0.62, 0.6, 0.58))
_TOPS: tuple[Colour, ...] = (
    (0.1, 0.1, 0.12), (0.22, 0.24, 0.28), (0.9, 0.9, 0.88), (0.62, 0.64, 0.66), (0.68, 0.12, 0.14), (0.12, 0.2, 0.45),
    (0.3, 0.48, 0.7), (0.16, 0.36, 0.22), (0.5, 0.52, 0.3), (0.78, 0.66, 0.46), (0.45, 0.28, 0.2), (0.86, 0.62, 0.66),
    (0.88, 0.72, 0.2), (0.45, 0.25, 0.5), (0.2, 0.55, 0.55), (0.85, 0.42, 0.16),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = (
    (0.1, 0.1, 0.12), (0.16, 0.2, 0.32), (0.24, 0.32, 0.48), (0.38, 0.38, 0.4), (0.62, 0.54, 0.42), (0.3, 0.26, 0.2), (0.8, 0.78, 0.72),
)  # fmt: skip
_UNIFORMS: tuple[Colour, ...] = ((0.75, 0.12, 0.14), (0.1, 0.42, 0.24), (0.12, 0.28, 0.62), (0.9, 0.5, 0.1), (0.12, 0.12, 0.14))


def draw_look(rng: np.random.Generator) -> Look:
    """Draw what a grown-up in their own clothes looks like."""
    legs = str(rng.choice(["trousers", "shorts", "skirt"], p=[0.78, 0.08, 0.14]))
    return Look(
        height=float(np.clip(rng.normal(1.71, 0.09), 1.5, 1.95)),
        girth=float(np.clip(rng.lognormal(0, 0.12), 0.8, 1.4)),
        skin=_SKINS[int(rng.choice(5, p=[0.35, 0.3, 0.2, 0.1, 0.05]))],
        hair=_shaded(rng, _HAIRS),
        hair_style=str(rng.choice(["short", "long", "bald", "cap"], p=[0.5, 0.35, 0.07, 0.08])),
        top=_shaded(rng, _TOPS),
        second=_shaded(rng, _TOPS),
        pattern=str(rng.choice(["plain", "stripes", "halves", "check"], p=[0.62, 0.14, 0.12, 0.12])),
        long_sleeves=bool(rng.random() < 0.65),
        trousers=_shaded(rng, _TROUSERS),
        legs=legs,
        shoes=_shaded(rng, _TROUSERS),
        bag=str(rng.choice(["none", "shoulder", "backpack", "hand"], p=[0.45, 0.25, 0.12, 0.18])),
        bag_colour=_shaded(rng, _TOPS),
    )


def in_uniform(look: Look, uniform: int) -> Look:
    """The same body in what the shop's staff wear, without a bag."""
    colour = _UNIFORMS[uniform % len(_UNIFORMS)]
    dark = (0.12, 0.12, 0.15)
    return replace(
        look,
        top=colour if uniform % 2 else (0.88, 0.88, 0.86),
        pattern="plain",
        long_sleeves=bool(uniform % 3),
        trousers=dark,
        legs="trousers",
        shoes=dark,
        bag="none",
        apron=None if uniform % 2 else colour,
    )


def _shaded(rng: np.random.Generator, colours: Sequence[Colour]) -> Colour:
    base = np.array(colours[int(rng.integers(len(colours)))])
    red, green, blue = np.clip(base * rng.uniform(0.8, 1.2) + rng.normal(0, 0.025, 3), 0.03, 0.97).tolist()
    return red, green, blue


@dataclass(frozen=True)
class Stance:
    """Where somebody is at a moment, and how; the heading is an angle on the floor, anticlockwise from x; `walked` in metres."""

    x: float
    y: float
    heading: float
    posture: Posture
    walked: float


@dataclass(frozen=True)
class Stay:
    """One time that somebody is there: moments and places, and what is done from each to the next."""

    times: tuple[float, ...]
    places: tuple[Point, ...]
    headings: tuple[float, ...]
    postures: tuple[Posture, ...]

    @property
    def begin_s(self) -> float:
        """When it begins."""
        return self.times[0]

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.times[-1]

    @cached_property
    def _walked(self) -> np.ndarray:
        steps = [math.dist(one, other) for one, other in zip(self.places, self.places[1:], strict=False)]
        return np.concatenate([[0.0], np.cumsum(steps)])

    def at(self, moment: float) -> Stance:
        """Where somebody is at a moment of the stay."""
        place = min(max(bisect_right(self.times, moment) - 1, 0), len(self.times) - 2)
        begin, end = self.times[place], self.times[place + 1]
        share = (moment - begin) / (end - begin) if end > begin else 1.0
        (x1, y1), (x2, y2) = self.places[place], self.places[place + 1]
        heading = self.headings[place]
        if place and moment - begin < TURN_S:
            turn = (heading - self.headings[place - 1] + math.pi) % (2 * math.pi) - math.pi
            heading -= turn * (1 - (moment - begin) / TURN_S)
        walked = float(self._walked[place] + share * (self._walked[place + 1] - self._walked[place]))
        return Stance(x1 + share * (x2 - x1), y1 + share * (y2 - y1), heading, self.postures[place], walked)


@dataclass(frozen=True)
class Person:
    """Somebody, with every time that they are there; a number from 1, the same over re-entries."""

    number: int
    role: Role
    look: Look
    stays: tuple[Stay, ...]
    seller_id: str | None = None

    def at(self, moment: float) -> Stance | None:
        """Where they are at a moment; None where they are not there."""
        for stay in self.stays:
            if stay.begin_s <= moment < stay.end_s:
                return stay.at(moment)
        return None


class Walker:
    """Writes down where somebody goes, moment by moment."""

    def __init__(self, routes: Routes, speed: float) -> None:
        self._routes, self._speed = routes, speed
        self._stays: list[Stay] = []
        self._times: list[float] = []
        self._places: list[Point] = []
        self._headings: list[float] = []
        self._postures: list[Posture] = []

    @property
    def here(self) -> Point:
        """The last place that was reached."""
        return self._places[-1]

    @property
    def now(self) -> float:
        """The last moment that is written down."""
        return self._times[-1]

    @property
    def stays(self) -> tuple[Stay, ...]:
        """Finished stays."""
        return tuple(self._stays)

    @property
    def is_there(self) -> bool:
        """Whether a stay has begun and not ended."""
        return bool(self._times)

    def enter(self, moment: float, door: tuple[Point, Point]) -> float:
        """Come in through a door; returns when."""
        self._times, self._places, self._headings, self._postures = [moment], [door[0]], [], []
        return self._step(door[1])

    def walk(self, target: Point) -> float:
        """Go to a place around the furniture; returns the moment of arrival."""
        if math.dist(self.here, target) > 0.05:
            for corner in self._routes.between(self.here, target)[1:]:
                self._step(corner)
        return self._times[-1]

    def stay(self, until: float, heading: float, posture: Posture) -> float:
        """Remain in place until a moment."""
        if until <= self._times[-1]:
            return self._times[-1]
        if self._postures and self._postures[-1] is posture and math.isclose(self._headings[-1], heading):
            self._times[-1] = until
        else:
            self._add(until, self.here, heading, posture)
        return until

    def leave(self, door: tuple[Point, Point]) -> float:
        """Go out through a door; returns when the person is gone."""
        self.walk(door[1])
        gone = self._step(door[0])
        self._stays.append(Stay(tuple(self._times), tuple(self._places), tuple(self._headings), tuple(self._postures)))
        self._times = []
        return gone

    def _step(self, target: Point) -> float:
        (x1, y1), (x2, y2) = self.here, target
        arrival = self._times[-1] + max(math.dist(self.here, target) / self._speed, 0.05)
        self._add(arrival, target, math.atan2(y2 - y1, x2 - x1), Posture.WALK)
        return arrival

    def _add(self, moment: float, place: Point, heading: float, posture: Posture) -> None:
        self._times.append(moment)
        self._places.append(place)
        self._headings.append(heading)
        self._postures.append(posture)
