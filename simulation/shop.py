"""A made-up shop under a camera: its floor, its people and what they do on one day; pictures of it stand in `shop_picture`.

A day is of a kind that makes some part of the work hard. All kinds share the behaviour of `shop_behaviour`, so that what is
measured on one kind compares with what is measured on another.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from simulation.retailer import LAST_DAY, Size
from simulation.shop_behaviour import Manners, Purchase, Served, Shop, Steps, arrivals, customer, run, seller, sitter
from simulation.shop_floor import Floor, Lens, Routes, make_floor, make_lens
from simulation.shop_people import Look, Person, Role, Stance, Walker, draw_look, in_uniform

TIME_ZONE = "Europe/Moscow"
OPENS_AT = dt.time(6, tzinfo=dt.UTC)
"""Nine in the morning in Moscow."""

SELLERS = ("S01", "S02", "S03", "S04")


class DayKind(StrEnum):
    """What is special about a day."""

    USUAL = "usual"
    BUSY = "busy"
    OWN_CLOTHES = "own_clothes"
    ALIKE = "alike"
    OCCLUSION = "occlusion"
    SITTER = "sitter"
    POSTER = "poster"
    MANNEQUIN = "mannequin"
    ABSENT_SELLER = "absent_seller"
    UNATTENDED = "unattended"
    LIGHTS_OFF = "lights_off"
    GAP = "gap"
    BLUR = "blur"
    WALL = "wall"
    FROZEN = "frozen"
    EMPTY = "empty"


_SPOILED = {DayKind.LIGHTS_OFF: "dark", DayKind.GAP: "off", DayKind.BLUR: "blurred", DayKind.WALL: "wall", DayKind.FROZEN: "frozen"}
_SPOILED_SHARE = (0.45, 0.62)
"""The part of the day's film in which the picture is spoiled, on days that have one."""


@dataclass(frozen=True)
class ShopExtent:
    """How much is filmed: opening hours in seconds, size and rate of the picture, how many customers come, and how fast they are.

    What people do lasts `pace` times as long as it usually does, so that something is done in a few minutes too.
    """

    open_s: float
    width: int
    height: int
    fps: int
    arrivals_per_hour: float
    pace: float = 1.0


SHOP_EXTENTS = {
    Size.TINY: ShopExtent(open_s=240, width=480, height=270, fps=5, arrivals_per_hour=420, pace=0.4),
    Size.DEMO: ShopExtent(open_s=3_600, width=640, height=360, fps=5, arrivals_per_hour=40),
    Size.LARGE: ShopExtent(open_s=43_200, width=1_280, height=720, fps=25, arrivals_per_hour=24),
}


@dataclass(frozen=True)
class Shift:
    """A line of the roster, in seconds of the film; whether the seller came at all is true, but not delivered."""

    seller_id: str
    begin_s: float
    end_s: float
    came: bool = True


@dataclass(frozen=True)
class Spoiled:
    """A time of the film in which nothing or little can be seen: ``dark``, ``off``, ``blurred``, ``wall`` or ``frozen``."""

    state: str
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class ShopDay:
    """All that happens on a day before one camera; seconds count from the film's first frame.

    Attributes
    ----------
    started_at
        When the film begins, in UTC.
    length_s
        Until it ends.
    opening_s, closing_s
        When the shop is open.
    people
        Everybody, sellers first.
    shifts
        The roster.
    served
        Talks at shelves and payments at tills.
    purchases
        Receipts.
    spoiled
        Times in which the picture is of no use.
    """

    kind: DayKind
    seed: int
    extent: ShopExtent
    started_at: dt.datetime
    length_s: float
    opening_s: float
    closing_s: float
    floor: Floor
    lens: Lens
    people: tuple[Person, ...]
    shifts: tuple[Shift, ...]
    served: tuple[Served, ...]
    purchases: tuple[Purchase, ...]
    spoiled: tuple[Spoiled, ...] = field(default=())

    def present(self, moment: float) -> list[tuple[Person, Stance]]:
        """Who is there at a moment, and where."""
        found = ((person, person.at(moment)) for person in self.people)
        return [(person, stance) for person, stance in found if stance is not None]

    def state(self, moment: float) -> str:
        """``ok``, or how the picture is spoiled."""
        return next((part.state for part in self.spoiled if part.begin_s <= moment < part.end_s), "ok")

    def at(self, moment: float) -> dt.datetime:
        """The moment in UTC."""
        return self.started_at + dt.timedelta(seconds=moment)


def simulate_day(  # noqa: PLR0913  # four of them have defaults and are given by name
    size: Size | str | ShopExtent,
    seed: int,
    kind: DayKind = DayKind.USUAL,
    *,
    day: dt.date = LAST_DAY,
    shop: int | None = None,
    manners: Manners | None = None,
) -> ShopDay:
    """Let people come and go for a day.

    Parameters
    ----------
    size
        How much is filmed.
    seed
        The same values make the same day, to the last pixel.
    kind
        What is special about it.
    day
        The date.
    shop
        Draws the floor, the camera, the uniform and the sellers; by default the seed. Days of one shop share it.
    manners
        How people behave; by default the size's number of customers, and everything else as `Manners` says.
    """
    extent = size if isinstance(size, ShopExtent) else SHOP_EXTENTS[Size(size)]
    home = np.random.default_rng([seed if shop is None else shop, 11])
    floor = make_floor(home, tall=kind is DayKind.OCCLUSION, poster=kind is DayKind.POSTER, mannequin=kind is DayKind.MANNEQUIN)
    lens = make_lens(home, floor, extent.width, extent.height)
    looks = [draw_look(home) for _ in SELLERS]
    uniform = int(home.integers(1_000))
    rng = np.random.default_rng([seed, 12])
    lead = float(math.ceil(min(600.0, 0.06 * extent.open_s)))  # whole seconds, as the names of films count
    opening, closing = lead, lead + extent.open_s
    length = closing + lead
    shifts = _roster(rng, kind, extent.open_s, opening, closing)
    routes = Routes(floor)
    customs = manners or Manners(arrivals_per_hour=extent.arrivals_per_hour).paced(extent.pace)
    if kind is DayKind.BUSY:
        customs = replace(customs, arrivals_per_hour=2 * customs.arrivals_per_hour)
    world = Shop(floor, routes, customs, closing - min(120.0, 0.15 * extent.open_s))
    walkers: list[tuple[Role, Look, str | None, Walker]] = []
    agents: list[Steps] = []

    def joins(role: Role, look: Look, seller_id: str | None = None) -> tuple[np.random.Generator, int, Walker]:
        own = np.random.default_rng([seed, 13, len(walkers)])
        walker = Walker(routes, float(own.uniform(0.85, 1.35)))
        walkers.append((role, look, seller_id, walker))
        return own, len(walkers), walker

    for shift in shifts:
        look = _dressed(kind, looks, SELLERS.index(shift.seller_id), uniform)
        own, number, walker = joins(Role.SELLER, look, shift.seller_id)
        if shift.came:
            agents.append(seller(world, own, number, walker, (shift.begin_s, shift.end_s, extent.open_s > 1_800)))
    per_hour = 0.0 if kind is DayKind.EMPTY else customs.arrivals_per_hour
    for moment in arrivals(rng, opening, world.closing_s, per_hour, _busy) if per_hour else []:
        own, number, walker = joins(Role.CUSTOMER, draw_look(rng))
        agents.append(customer(world, own, number, walker, moment))
    if kind is DayKind.SITTER:
        _, number, walker = joins(Role.CUSTOMER, draw_look(rng))
        begin = opening + 0.08 * extent.open_s
        agents.append(sitter(world, number, walker, (begin, begin + min(3_600.0, 0.7 * extent.open_s))))
    run(agents)
    people = tuple(
        Person(number, role, look, walker.stays, seller_id)
        for number, (role, look, seller_id, walker) in enumerate(walkers, start=1)
    )
    end = max([length, *(stay.end_s + 1 for person in people for stay in person.stays)])
    return ShopDay(
        kind=kind,
        seed=seed,
        extent=extent,
        started_at=dt.datetime.combine(day, OPENS_AT) - dt.timedelta(seconds=lead),
        length_s=float(math.ceil(end)),
        opening_s=opening,
        closing_s=closing,
        floor=floor,
        lens=lens,
        people=people,
        shifts=tuple(shifts),
        served=tuple(sorted(world.served, key=lambda each: (each.begin_s, each.seller))),
        purchases=tuple(sorted(world.purchases, key=lambda each: (each.at_s, each.customer))),
        spoiled=_spoiled(kind, length),
    )


def _roster(rng: np.random.Generator, kind: DayKind, open_s: float, opening: float, closing: float) -> list[Shift]:
    """Two sellers all day, of whom one starts a little later; a third in the afternoon of long or busy days."""
    early, late = opening * 0.35, closing + opening * 0.3
    shifts = [Shift(SELLERS[0], early, late), Shift(SELLERS[1], early + rng.uniform(0.2, 1.2) * opening, late)]
    if kind is DayKind.BUSY or open_s > 20_000:
        shifts.append(Shift(SELLERS[2], opening + 0.4 * open_s, late))
    if kind is DayKind.EMPTY:
        return []
    if kind is DayKind.ABSENT_SELLER:
        return [shifts[0], replace(shifts[1], came=False)]
    if kind is DayKind.UNATTENDED:
        return [replace(shifts[0], came=False)]
    return shifts


def _dressed(kind: DayKind, looks: list[Look], place: int, uniform: int) -> Look:
    """The uniform over everybody's own body; own clothes, or one body twice, on the days that are about that."""
    if kind is DayKind.OWN_CLOTHES:
        return looks[place]
    look = replace(looks[0], height=looks[0].height + 0.01 * place) if kind is DayKind.ALIKE else looks[place]
    return in_uniform(look, uniform)


def _busy(share: float) -> float:
    """More people at noon and after work than in the morning."""
    return 0.45 + 0.25 * math.exp(-(((share - 0.35) / 0.12) ** 2)) + 0.5 * math.exp(-(((share - 0.75) / 0.15) ** 2))


def _spoiled(kind: DayKind, length: float) -> tuple[Spoiled, ...]:
    if kind not in _SPOILED:
        return ()
    begin, end = (round(share * length) for share in _SPOILED_SHARE)
    return (Spoiled(_SPOILED[kind], float(begin), float(end)),)
