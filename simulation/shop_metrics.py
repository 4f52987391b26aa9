"""What the metrics of a made-up shop's film truly are, and who truly sells: what the pipeline would say if it saw everybody.

The definitions are those of `vitrina.sellers.metrics` and `vitrina.sellers.receipts`, of what the camera's picture holds: no counter
could count what happens beyond its edge, or while it is dark, turned away or off. Whoever is hidden by furniture counts all the same.

* A customer is a person: whoever comes again within the time is counted once. They are present if they were in the picture for
  `MetricRule.present_at_least_s` in all, or were served.
* A consultation is a talk at a shelf. A payment is none, and serves nobody.
* A talk counts where both are in the picture for `InteractionRule.min_duration_s` of it. Talks of the simulation last six seconds at
  least, so that none is left out for being short, but for those that an end of the time, or a dark hour, cuts short.
* It was successful if the customer bought later in the same stay, be it after the end of the time: tills know that too.
* A purchase counts when its receipt was printed within the time. It was consulted if it made such a talk successful.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from simulation import shop_truth
from simulation.shop import ShopDay
from simulation.shop_floor import Lens
from simulation.shop_people import Person, Role
from vitrina.sellers.interaction_rule import InteractionRule
from vitrina.sellers.interactions import CONSULTATION
from vitrina.sellers.metrics import (
    INTERACTION_RATIO,
    PURCHASE_RATIO,
    SUCCESSFUL,
    UNSUCCESSFUL,
    WITH_CONSULTATION,
    WITHOUT_CONSULTATION,
    MetricRule,
)

METRICS = {"metric": pl.String(), "value": pl.Float64(), "n": pl.Int64()}
"""Columns of `true_metrics`."""

ROLES = {"at_s": pl.Float64(), "person": pl.Int64(), "role": pl.String(), "seller_id": pl.String()}
"""Columns of `true_roles`."""

STEP_S = 0.25
"""How finely time in the picture is measured."""

INSIDE = 0.3
"""Share of a body that the picture's edge leaves of somebody who is in it."""

_HEIGHT, _HALF_WIDTH = 1.7, 0.25


def true_metrics(day: ShopDay, begin_s: float = 0.0, end_s: float | None = None) -> pl.DataFrame:
    """The base metrics of a day, or of a time of it.

    Parameters
    ----------
    day
        What happens.
    begin_s, end_s
        In seconds of the day's film; by default all of it.

    Returns
    -------
    polars.DataFrame
        Columns of `METRICS`, one row each for the interaction ratio, successful and unsuccessful consultations, the average purchase
        with and without consultation (kopecks), and their ratio. ``n`` is what a value rests on: customers, events or receipts. A
        value is null where there is nothing to divide by.
    """
    end = day.length_s if end_s is None else end_s
    talks = consultations(day, begin_s, end)
    served = set(talks["customer_person"])
    customers = [person for person in day.people if person.role is Role.CUSTOMER]
    seen = {
        person.number for person in customers if len(shown(day, person, begin_s, end)) * STEP_S >= MetricRule().present_at_least_s
    }
    successful = int(talks["successful"].sum())
    bought = shop_truth.receipts(day).filter(pl.col("at_s").is_between(begin_s, end))
    consulted = pl.col("receipt_id").is_in(talks["receipt_id"].drop_nulls().implode())
    sides = [bought.filter(side)["amount"] for side in (consulted, ~consulted)]
    means = [float(side.sum()) / len(side) if len(side) else None for side in sides]
    known = None not in means
    rows = [
        (INTERACTION_RATIO, len(served) / len(seen | served) if seen | served else None, len(seen | served)),
        (SUCCESSFUL, successful, successful),
        (UNSUCCESSFUL, talks.height - successful, talks.height - successful),
        (WITH_CONSULTATION, means[0], len(sides[0])),
        (WITHOUT_CONSULTATION, means[1], len(sides[1])),
        (PURCHASE_RATIO, means[0] / means[1] if means[0] is not None and means[1] is not None else None, bought.height * known),
    ]
    return pl.DataFrame(rows, schema=METRICS, orient="row", strict=False)


def consultations(day: ShopDay, begin_s: float = 0.0, end_s: float | None = None) -> pl.DataFrame:
    """Talks of which enough is in the picture within a time; columns of `shop_truth.interactions`."""
    end = day.length_s if end_s is None else end_s
    talks = shop_truth.interactions(day).filter(pl.col("kind") == CONSULTATION)
    people = {person.number: person for person in day.people}
    together = []
    for seller, customer, first, last in talks.select("seller_person", "customer_person", "begin_s", "end_s").iter_rows():
        both = (shown(day, people[number], max(first, begin_s), min(last, end)) for number in (seller, customer))
        together.append(len(set.intersection(*(set(moments.tolist()) for moments in both))) * STEP_S)
    return talks.filter(pl.Series(together, dtype=pl.Float64) >= InteractionRule().min_duration_s)


def shown(day: ShopDay, person: Person, begin_s: float, end_s: float) -> np.ndarray:
    """Moments within a time at which somebody is in a picture that shows something, as numbers of steps of `STEP_S`; shape (n,)."""
    found = [np.zeros(0, np.int64)]
    for stay in person.stays:
        first, last = max(stay.begin_s, begin_s), min(stay.end_s, end_s)
        steps = np.arange(np.ceil(first / STEP_S), np.ceil(last / STEP_S)).astype(np.int64)
        places = np.array(stay.places)
        x, y = (np.interp(steps * STEP_S, stay.times, places[:, axis]) for axis in (0, 1))
        within = _inside(day.lens, np.column_stack([x, y])) >= INSIDE
        for part in day.spoiled:
            within &= (steps * STEP_S < part.begin_s) | (steps * STEP_S >= part.end_s)
        found.append(steps[within])
    return np.concatenate(found)


def _inside(lens: Lens, places: np.ndarray) -> np.ndarray:
    """Share of upright bodies at places of the floor, shape (n, 2), that lies within the picture; shape (n,)."""
    (feet, depth), (heads, _) = (lens.project(np.column_stack([places, np.full(len(places), z)])) for z in (0.0, _HEIGHT))
    half = _HALF_WIDTH * lens.focal / depth
    x = (feet[:, 0] + heads[:, 0]) / 2
    wide = np.clip(x + half, 0, lens.width) - np.clip(x - half, 0, lens.width)
    tall = np.clip(feet[:, 1], 0, lens.height) - np.clip(heads[:, 1], 0, lens.height)
    return np.asarray(wide * tall / (2 * half * np.maximum(feet[:, 1] - heads[:, 1], 1.0)))


def true_roles(day: ShopDay, begin_s: float = 0.0, end_s: float | None = None, *, step_s: float = 1.0) -> pl.DataFrame:
    """Who is there every second, in the picture or not, and who they are.

    Parameters
    ----------
    day, begin_s, end_s
        As of `true_metrics`.
    step_s
        From one moment to the next.

    Returns
    -------
    polars.DataFrame
        Columns of `ROLES`, by moment and person; ``at_s`` counts from `begin_s`.
    """
    end = day.length_s if end_s is None else end_s
    return pl.DataFrame(_roles(day, begin_s, end, step_s), schema=ROLES, orient="row")


def _roles(day: ShopDay, begin_s: float, end_s: float, step_s: float) -> Iterator[tuple[float, int, str, str | None]]:
    for moment in shop_truth.moments(begin_s, end_s, step_s):
        for person, _ in day.present(moment):
            yield moment - begin_s, person.number, person.role.value, person.seller_id
