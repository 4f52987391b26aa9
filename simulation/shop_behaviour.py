"""What people do in the made-up shop: customers come, look, ask and buy; sellers wait, walk to them, sell and take breaks.

Everybody is a generator that yields the moment at which they want to be asked again; `run` asks them in order of time. So nobody
knows the future, and what one does depends on what the others have done.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from simulation.shop_floor import Floor, Point, Routes, Spot
from simulation.shop_people import Posture, Walker

Steps = Iterator[float]
APART = 2.3
"""Nobody begins to look at goods closer than this to somebody else, in metres: two who stand closer belong together."""

POLL_S = 1.0
"""How often somebody who waits looks round."""


@dataclass(frozen=True)
class Manners:
    """How people behave; durations are medians in seconds, of log-normal distributions."""

    arrivals_per_hour: float = 24.0
    wants_help: float = 0.55
    buys_when_helped: float = 0.55
    buys_alone: float = 0.2
    returns: float = 0.1
    looks: float = 2.2
    look_s: float = 28.0
    talk_s: float = 70.0
    patience_s: float = 110.0
    pay_s: float = 32.0
    away_s: float = 400.0
    tidies_per_hour: float = 5.0
    basket: float = 1_900.0

    def paced(self, pace: float) -> Manners:
        """The same, with everything lasting so many times as long."""
        lasting = ("look_s", "talk_s", "patience_s", "pay_s", "away_s")
        return replace(self, **{name: pace * getattr(self, name) for name in lasting})


@dataclass(eq=False)
class Request:
    """Somebody waits for a seller, at a shelf or at a till."""

    customer: int
    place: Point
    beside: Point
    asked_s: float
    till: int | None = None
    seller: int | None = None
    begin_s: float | None = None
    end_s: float | None = None
    given_up: bool = False

    @property
    def is_at_till(self) -> bool:
        """Whether somebody wants to pay."""
        return self.till is not None


@dataclass(frozen=True)
class Served:
    """A seller talked with a customer at a shelf, or took their money at a till."""

    seller: int
    customer: int
    begin_s: float
    end_s: float
    at_till: bool


@dataclass(frozen=True)
class Purchase:
    """A receipt: kopecks, and whether the customer had talked with a seller before, in the same stay."""

    at_s: float
    seller: int
    customer: int
    amount: int
    consulted: bool


@dataclass(eq=False)
class Shop:
    """What everybody shares: the floor, who has taken which place, and who waits."""

    floor: Floor
    routes: Routes
    manners: Manners
    closing_s: float
    waiting: list[Request] = field(default_factory=list)
    taken: dict[int, Point] = field(default_factory=dict)
    tills: dict[int, int] = field(default_factory=dict)
    served: list[Served] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)

    def free_spot(self, rng: np.random.Generator, own: int) -> Spot | None:
        """A place before a shelf that nobody else is near; None where there is none."""
        others = [place for person, place in self.taken.items() if person != own]
        free = [spot for spot in self.floor.spots if all(math.dist(spot.place, other) > APART for other in others)]
        return free[int(rng.integers(len(free)))] if free else None


def run(people: Sequence[Steps]) -> None:
    """Let everybody act in order of time until all are finished."""
    agenda: list[tuple[float, int, Steps]] = []
    for number, person in enumerate(people):
        for moment in person:
            agenda.append((moment, number, person))
            break
    heapq.heapify(agenda)
    while agenda:
        _, number, person = heapq.heappop(agenda)
        for moment in person:
            heapq.heappush(agenda, (moment, number, person))
            break


def customer(shop: Shop, rng: np.random.Generator, number: int, walker: Walker, arrival_s: float) -> Steps:
    """Come, look around, perhaps ask and buy, leave; perhaps come again."""
    yield arrival_s
    while True:
        now = walker.enter(arrival_s, shop.floor.door)
        yield now
        helped = False
        looks = int(rng.poisson(shop.manners.looks)) + 1
        for look in range(looks):
            if now > shop.closing_s:
                break
            spot = shop.free_spot(rng, number)
            if spot is None:
                break
            shop.taken[number] = spot.place
            now = walker.walk(spot.place)
            now = walker.stay(now + _lasting(rng, shop.manners.look_s), spot.heading, Posture.LOOK)
            yield now
            if not helped and rng.random() < shop.manners.wants_help / looks * (1 + look / looks):
                request = Request(number, spot.place, spot.beside, now)
                yield from _waits(shop, rng, walker, request, spot.heading)
                helped, now = request.end_s is not None, walker.now
        if now <= shop.closing_s and rng.random() < (shop.manners.buys_when_helped if helped else shop.manners.buys_alone):
            yield from _buys(shop, rng, number, walker, helped)
        shop.taken.pop(number, None)
        gone = walker.leave(shop.floor.door)
        yield gone
        arrival_s = gone + _lasting(rng, shop.manners.away_s)
        if rng.random() >= shop.manners.returns or arrival_s > shop.closing_s - 60:
            return
        yield arrival_s


def sitter(shop: Shop, number: int, walker: Walker, stay: tuple[float, float]) -> Steps:
    """Come, sit on the bench from one moment to another, leave."""
    yield stay[0]
    place, heading = shop.floor.seat
    shop.taken[number] = place
    walker.enter(stay[0], shop.floor.door)
    walker.walk(place)
    yield walker.stay(stay[1], heading, Posture.SIT)
    shop.taken.pop(number, None)
    walker.leave(shop.floor.door)


def seller(shop: Shop, rng: np.random.Generator, number: int, walker: Walker, shift: tuple[float, float, bool]) -> Steps:
    """Stand behind the counter, serve whoever waits, tidy, take breaks in the back room.

    The shift is when it begins and ends, and whether there are breaks.
    """
    begin_s, end_s, with_breaks = shift
    yield begin_s
    now = walker.enter(begin_s, shop.floor.door)
    pause_s = begin_s + rng.uniform(0.3, 0.7) * (end_s - begin_s) if with_breaks else math.inf
    home = shop.floor.tills[number % len(shop.floor.tills)][0]
    while now < end_s or _mine(shop):
        request = _next(shop, walker)
        if request is not None:
            yield from _serves(shop, rng, number, walker, request)
        elif now > pause_s:
            gone = walker.leave(shop.floor.staff_door)
            shop.taken.pop(number, None)
            yield gone
            back = gone + min(rng.uniform(240, 900), 0.12 * (end_s - begin_s))
            yield back
            walker.enter(back, shop.floor.staff_door)
            pause_s = math.inf
        elif rng.random() < shop.manners.tidies_per_hour / 3600 * POLL_S:
            yield from _tidies(shop, rng, number, walker)
        else:
            shop.taken.pop(number, None)
            now = walker.walk(home)
            posture = Posture.WORK if int(now / 23) % 3 == 0 else Posture.STAND
            yield walker.stay(now + POLL_S, math.pi, posture)
        now = walker.now
    walker.leave(shop.floor.door)


def _mine(shop: Shop) -> bool:
    """Whether somebody waits who has asked for a seller before the end of a shift."""
    return any(request.seller is None and not request.given_up for request in shop.waiting)


def _waits(shop: Shop, rng: np.random.Generator, walker: Walker, request: Request, heading: float) -> Steps:
    """Wait for a seller until patience ends; then talk as long as it takes."""
    shop.waiting.append(request)
    limit = request.asked_s + _lasting(rng, shop.manners.patience_s)
    towards = math.atan2(request.beside[1] - request.place[1], request.beside[0] - request.place[0])
    while request.end_s is None:
        now = walker.stay(walker.now + POLL_S, heading, Posture.STAND)
        yield now
        if request.seller is None and (now > limit or now > shop.closing_s + 60):
            request.given_up = True
            shop.waiting.remove(request)
            return
    yield walker.stay(request.end_s, towards, Posture.STAND if request.is_at_till else Posture.TALK)


def _buys(shop: Shop, rng: np.random.Generator, number: int, walker: Walker, consulted: bool) -> Steps:  # noqa: FBT001  # a fact, not a switch
    free = [till for till in range(len(shop.floor.tills)) if till not in shop.tills]
    if not free:
        return
    till = free[int(rng.integers(len(free)))]
    shop.tills[till] = number
    behind, before = shop.floor.tills[till]
    shop.taken[number] = before
    yield walker.walk(before)
    request = Request(number, before, behind, walker.now, till)
    yield from _waits(shop, rng, walker, request, 0.0)
    del shop.tills[till]
    if request.end_s is not None and request.seller is not None:
        amount = round(100 * shop.manners.basket * float(rng.lognormal(0.25 if consulted else 0.0, 0.6)))
        shop.purchases.append(Purchase(request.end_s - 1.0, request.seller, number, amount, consulted))


def _next(shop: Shop, walker: Walker) -> Request | None:
    """Whoever waits at a till first, then who has waited longest; unless another seller who is free is closer, chance decides."""
    open_requests = [request for request in shop.waiting if request.seller is None]
    return min(
        open_requests, key=lambda each: (not each.is_at_till, each.asked_s, math.dist(each.place, walker.here)), default=None
    )


def _serves(shop: Shop, rng: np.random.Generator, number: int, walker: Walker, request: Request) -> Steps:
    request.seller = number
    shop.waiting.remove(request)
    shop.taken[number] = request.beside
    request.begin_s = walker.walk(request.beside)
    yield request.begin_s
    at_till = request.is_at_till
    end_s = request.begin_s + max(6.0, _lasting(rng, shop.manners.pay_s if at_till else shop.manners.talk_s))
    heading = math.atan2(request.place[1] - request.beside[1], request.place[0] - request.beside[0])
    request.end_s = walker.stay(end_s, heading, Posture.WORK if at_till else Posture.TALK)
    shop.served.append(Served(number, request.customer, request.begin_s, end_s, at_till))
    yield end_s


def _tidies(shop: Shop, rng: np.random.Generator, number: int, walker: Walker) -> Steps:
    spot = shop.free_spot(rng, number)
    if spot is None:
        return
    shop.taken[number] = spot.place
    end_s = walker.walk(spot.place) + _lasting(rng, 35.0)
    while walker.now < end_s and not shop.waiting:
        yield walker.stay(walker.now + POLL_S, spot.heading, Posture.LOOK)


def _lasting(rng: np.random.Generator, median: float) -> float:
    return float(median * rng.lognormal(0, 0.5))


def arrivals(
    rng: np.random.Generator, begin_s: float, end_s: float, per_hour: float, curve: Callable[[float], float]
) -> list[float]:
    """Moments of a Poisson process; the curve says how busy each share of the time is, at most 1."""
    now = begin_s
    moments: list[float] = []
    while True:
        now += float(rng.exponential(3600 / per_hour))
        if now >= end_s:
            return moments
        if rng.random() < curve((now - begin_s) / (end_s - begin_s)):
            moments.append(now)
