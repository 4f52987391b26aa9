"""What a video comes to: per seller and in all, each number with its interval, its coverage, or the reason why there is none.

A value is what was seen, never scaled up to the time that was not. Its interval is about the whole time: it is widened by what
may have happened unseen, and below a limit of coverage there is no value at all.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from vitrina.errors import SettingsError
from vitrina.sellers import intervals
from vitrina.sellers.intervals import Interval
from vitrina.sellers.spans import EVER, Spans, intersection, length, union, without
from vitrina.sellers.tables import SellerVideoMetrics

Found: TypeAlias = Interval | str
"""A number, or why there is none."""

ALL = ""
"""In the place of a seller: all of the video together."""

CUSTOMERS_PRESENT, CUSTOMERS_SERVED, INTERACTION_RATIO = "customers_present", "customers_served", "interaction_ratio"
INTERACTIONS, SUCCESSFUL, UNSUCCESSFUL = "interactions", "successful_interactions", "unsuccessful_interactions"
WITH_CONSULTATION, WITHOUT_CONSULTATION, DIFFERENCE, PURCHASE_RATIO = (
    "average_purchase_with_consultation",
    "average_purchase_without_consultation",
    "average_purchase_difference",
    "average_purchase_ratio",
)
PRESENT_S, IDLE_S, WAITING_UNSERVED = "present_s", "idle_s", "waiting_unserved"

COUNT, SHARE, MEAN, RATIO, TIME = "customers or events", "share", "minor units of currency", "ratio", "s"

NO_RECEIPTS = "No receipts of this store and day were delivered."
_OF_THE_SHOP = "A purchase without consultation belongs to no seller."


@dataclass(frozen=True)
class Metric:
    """A metric's name and what it says.

    Attributes
    ----------
    meaning
        For people.
    unit
        Of its value; it also says what kind of interval it has.
    refused_per_seller
        Why there is none for a single seller; ``None`` where there is one.
    """

    name: str
    meaning: str
    unit: str
    refused_per_seller: str | None = None


METRICS = (
    Metric(
        CUSTOMERS_PRESENT,
        "Customers in the picture long enough to be served, or served; a seller's: together with the seller.",
        COUNT,
    ),
    Metric(CUSTOMERS_SERVED, "Customers with at least one interaction.", COUNT),
    Metric(INTERACTION_RATIO, "Customers served as a share of customers present.", SHARE),
    Metric(INTERACTIONS, "Interactions of a seller with a customer.", COUNT),
    Metric(SUCCESSFUL, "Interactions that a receipt followed.", COUNT),
    Metric(UNSUCCESSFUL, "Interactions that no receipt followed.", COUNT),
    Metric(WITH_CONSULTATION, "Mean amount of purchases that an interaction preceded.", MEAN),
    Metric(WITHOUT_CONSULTATION, "Mean amount of purchases that no interaction preceded.", MEAN, _OF_THE_SHOP),
    Metric(DIFFERENCE, "Mean amount with consultation less the mean amount without.", MEAN, _OF_THE_SHOP),
    Metric(PURCHASE_RATIO, "Mean amount with consultation by the mean amount without.", RATIO, _OF_THE_SHOP),
    Metric(PRESENT_S, "Time in which the seller, or any seller, was in the picture.", TIME),
    Metric(
        IDLE_S,
        "Time in which the seller, or any seller, was in the picture and served nobody; for all: in which nobody was served.",
        TIME,
    ),
    Metric(
        WAITING_UNSERVED,
        "Customers who waited too long before they were served, if ever, with no seller free and none near.",
        COUNT,
        "Whoever waits, waits for any seller.",
    ),
)
OF_PURCHASES = tuple(metric.name for metric in METRICS if metric.unit in {MEAN, RATIO})
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True)
class MetricRule:
    """What the metrics count.

    Attributes
    ----------
    present_at_least_s
        Time in the picture from which on a customer could have been served: who is there for less passes by, or is a piece of
        somebody who was lost.
    waiting_s
        Time unserved, with no seller free and none near, beyond which a customer has waited too long.
    least_coverage
        Share of the time that must have been seen for numbers to be told.
    seed
        Of the intervals that are drawn.
    """

    present_at_least_s: float = 20.0
    waiting_s: float = 120.0
    least_coverage: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.least_coverage <= 1:
            raise SettingsError(
                f"Numbers would be told from a coverage of {self.least_coverage} on.", "Give a share above 0 and up to 1."
            )


DEFAULT_RULE = MetricRule()


@dataclass(frozen=True)
class Footage:
    """A video as time.

    Attributes
    ----------
    video
        Its key.
    started_at, duration_s
        As in `VideoFiles`.
    coverage
        Share of its opening hours that could be seen, 0 to 1.
    open_s
        For how much of it the shop was open; None for all.
    """

    video: str
    started_at: dt.datetime
    duration_s: float
    coverage: float
    open_s: float | None = None

    @property
    def asked_s(self) -> float:
        """Time that numbers are of."""
        return self.duration_s if self.open_s is None else self.open_s

    @property
    def unseen_s(self) -> float:
        """Time of that which could not be seen."""
        return (1 - self.coverage) * self.asked_s


def seller_video_metrics(  # noqa: PLR0913  # a table each
    footage: Footage,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    interactions: pl.DataFrame,
    *,
    encounters: pl.DataFrame,
    purchases: pl.DataFrame | None,
    payments: pl.DataFrame | None = None,
    rule: MetricRule = DEFAULT_RULE,
) -> pl.DataFrame:
    """Every metric of one video, for each seller on the roster who is in it and for all together.

    Parameters
    ----------
    footage
        The video; rows of other videos in the tables are left out.
    tracks, people, interactions
        Tables `Tracks`, `People` and `Interactions`, the last being the consultations that `with_receipts` returns.
    encounters
        What `encounters_of` returns: who is near a seller does not wait.
    purchases
        What `consulted` returns, or ``None`` where no receipts of the store and day were delivered.
    payments
        What `with_receipts` returns beside the consultations: the seller is not idle, and the customer not unserved.
    rule
        What is counted.

    Returns
    -------
    polars.DataFrame
        Table `SellerVideoMetrics`. The order of the given rows changes nothing.
    """
    scene = _Scene.of(footage.video, tracks, people, interactions, encounters, payments)
    amounts = None if purchases is None else _purchases(footage, purchases, interactions)
    sellers = {ALL: frozenset(scene.sellers)} | {name: scene.persons_of(name) for name in sorted(set(scene.names.values()))}
    rows = []
    for seller_id, persons in sellers.items():
        meanwhile = EVER if seller_id == ALL else scene.present(persons)
        found = _people_and_times(scene, persons, meanwhile, footage.unseen_s, rule)
        found |= _successes(scene, persons, purchases) | _averages(amounts, seller_id, rule.seed)
        found |= {WAITING_UNSERVED: intervals.count(sum(scene.waited_s(person) > rule.waiting_s for person in scene.customers))}
        for metric in METRICS:
            number = told(metric, seller_id, found[metric.name], footage.coverage, rule.least_coverage)
            rows.append({"video": footage.video, "seller_id": seller_id, "metric": metric.name, **number})
    return SellerVideoMetrics.check(pl.DataFrame(rows, schema=SellerVideoMetrics.polars_schema()))


def told(metric: Metric, seller_id: str, found: Found, coverage: float, least_coverage: float) -> dict[str, Any]:
    """A number as columns ``value``, ``low``, ``high``, ``n``, ``coverage`` and ``refused``: widened by what was not seen, or refused."""
    n = 0 if isinstance(found, str) else found.n
    refused = {"value": None, "low": None, "high": None, "n": n, "coverage": coverage}
    if seller_id != ALL and metric.refused_per_seller:
        return refused | {"refused": metric.refused_per_seller}
    if coverage < least_coverage:
        return refused | {"refused": f"{coverage:.0%} of the time could be seen; numbers are told from {least_coverage:.0%} on."}
    if isinstance(found, str):
        return refused | {"refused": found}
    if found.value is None:
        return refused | {"refused": "There was nothing to count."}
    widened = _WIDENED[metric.unit](found, coverage)
    return widened._asdict() | {"coverage": coverage, "refused": None}


_WIDENED: Mapping[str, Callable[[Interval, float], Interval]] = {
    COUNT: intervals.unseen_count,
    SHARE: intervals.unseen_share,
    MEAN: intervals.unseen_mean,
    RATIO: intervals.unseen_mean,
    # times have been widened by seconds, which a share knows nothing of
    TIME: lambda known, _: known,
}


@dataclass(frozen=True)
class _Interaction:
    seller: int
    customer: int
    begin_s: float
    end_s: float
    successful: bool | None


@dataclass(frozen=True)
class _Scene:
    """Who was in a video when, and with whom."""

    sellers: Mapping[int, Spans]
    customers: Mapping[int, Spans]
    names: Mapping[int, str]
    interactions: tuple[_Interaction, ...]
    payments: tuple[_Interaction, ...]
    near: Mapping[int, Spans]
    free: Spans

    @classmethod
    def of(  # noqa: PLR0913, PLR0917  # as `seller_video_metrics`
        cls,
        video: str,
        tracks: pl.DataFrame,
        people: pl.DataFrame,
        interactions: pl.DataFrame,
        encounters: pl.DataFrame,
        payments: pl.DataFrame | None,
    ) -> _Scene:
        tracks, people, encounters = (frame.filter(pl.col("video") == video) for frame in (tracks, people, encounters))
        spans = _spans_by(tracks, "person", "first_s", "last_s")
        roles = dict(people.select("person", "role").iter_rows())
        sellers, customers = ({p: spans.get(p, ()) for p in sorted(roles) if roles[p] == role} for role in ("seller", "customer"))
        named = people.filter((pl.col("role") == "seller") & pl.col("seller_id").is_not_null() & (pl.col("seller_id") != ALL))
        found, paid = _rows(interactions, video), () if payments is None else _rows(payments, video)
        busy = {p: union((i.begin_s, i.end_s) for i in (*found, *paid) if i.seller == p) for p in sellers}
        return cls(
            sellers,
            customers,
            dict(named.select("person", "seller_id").iter_rows()),
            found,
            paid,
            _spans_by(encounters, "customer_person", "begin_s", "end_s"),
            union(span for p, seen in sellers.items() for span in without(seen, busy[p])),
        )

    def persons_of(self, seller_id: str) -> frozenset[int]:
        """Persons who are the seller: one, unless tracks of theirs could not be put together."""
        return frozenset(person for person, name in self.names.items() if name == seller_id)

    def present(self, persons: Collection[int]) -> Spans:
        """When any of some sellers was there."""
        return union(span for person in persons for span in self.sellers[person])

    def waited_s(self, customer: int) -> float:
        """How long a customer was there unserved, with no seller free and none near, before the first interaction."""
        served = min((i.begin_s for i in (*self.interactions, *self.payments) if i.customer == customer), default=math.inf)
        unserved = intersection(self.customers[customer], ((-math.inf, served),))
        return length(without(without(unserved, self.free), self.near.get(customer, ())))


def _rows(interactions: pl.DataFrame, video: str) -> tuple[_Interaction, ...]:
    rows = interactions.filter(pl.col("video") == video).sort("interaction")
    return tuple(
        _Interaction(*row) for row in rows.select("seller_person", "customer_person", "begin_s", "end_s", "successful").iter_rows()
    )


def _spans_by(frame: pl.DataFrame, by: str, begin: str, end: str) -> dict[int, Spans]:
    spans: dict[int, list[tuple[float, float]]] = {}
    for key, first, last in frame.select(by, begin, end).iter_rows():
        spans.setdefault(key, []).append((first, last))
    return {key: union(found) for key, found in spans.items()}


def _people_and_times(
    scene: _Scene, persons: Collection[int], meanwhile: Spans, unseen_s: float, rule: MetricRule
) -> dict[str, Found]:
    """Interactions and times of some sellers, and the customers who were there in the meanwhile."""
    theirs = [i for i in scene.interactions if i.seller in persons]
    present = scene.present(persons)
    served = {i.customer for i in theirs}
    stays = {c: length(intersection(seen, meanwhile)) for c, seen in scene.customers.items()}
    there = served | {c for c, seconds in stays.items() if seconds >= rule.present_at_least_s}
    busy = union((i.begin_s, i.end_s) for i in (*theirs, *(i for i in scene.payments if i.seller in persons)))
    return {
        CUSTOMERS_PRESENT: intervals.count(len(there)),
        CUSTOMERS_SERVED: intervals.count(len(served)),
        INTERACTION_RATIO: intervals.share(len(served), len(there)) if there else "No customer was there.",
        INTERACTIONS: intervals.count(len(theirs)),
        PRESENT_S: intervals.unseen_time(length(present), len(persons), unseen_s),
        IDLE_S: intervals.unseen_time(length(without(present, busy)), len(persons), unseen_s),
    }


def _successes(scene: _Scene, persons: Collection[int], purchases: pl.DataFrame | None) -> dict[str, Found]:
    ends = [i.successful for i in scene.interactions if i.seller in persons]
    if purchases is None or (ends and all(end is None for end in ends)):
        return dict.fromkeys((SUCCESSFUL, UNSUCCESSFUL), NO_RECEIPTS)
    if None in ends:
        return dict.fromkeys((SUCCESSFUL, UNSUCCESSFUL), "Receipts of a part of the time were not delivered.")
    return {SUCCESSFUL: intervals.count(ends.count(True)), UNSUCCESSFUL: intervals.count(ends.count(False))}


def _purchases(footage: Footage, purchases: pl.DataFrame, interactions: pl.DataFrame) -> pl.DataFrame:
    """Purchases of a video's time, with ``cluster``: those of one customer are no independent witnesses."""
    ended_at = footage.started_at + dt.timedelta(seconds=footage.duration_s)
    own = pl.col("video") == footage.video
    seen = pl.col("at").is_between(footage.started_at, ended_at)
    return clustered(purchases.filter(pl.when("consulted").then(own).otherwise(seen)), interactions)


def clustered(purchases: pl.DataFrame, interactions: pl.DataFrame) -> pl.DataFrame:
    """Purchases with ``cluster``, the customer where an interaction tells, and else the receipt."""
    customers = interactions.select("video", "interaction", "customer_person")
    return purchases.join(customers, on=["video", "interaction"], how="left").with_columns(
        cluster=pl.when("consulted")
        .then(pl.concat_str("video", pl.col("customer_person").cast(pl.String), separator="#"))
        .otherwise(pl.concat_str("store_id", "receipt_id", separator="#"))
    )


def averages(purchases: pl.DataFrame, *, seed: int) -> dict[str, Found]:
    """Mean purchases with and without consultation and their difference, with intervals drawn by ``cluster``."""
    known = purchases.filter(pl.col("consulted").is_not_null())
    sides = {
        name: known.filter(pl.col("consulted") == side) for name, side in ((WITH_CONSULTATION, True), (WITHOUT_CONSULTATION, False))
    }
    words = {WITH_CONSULTATION: "with", WITHOUT_CONSULTATION: "without"}
    found: dict[str, Found] = {
        name: intervals.mean(side["amount"], side["cluster"].to_numpy(), seed=seed)
        if side.height
        else f"No purchase {words[name]} consultation was seen."
        for name, side in sides.items()
    }
    missing = next((why for why in found.values() if isinstance(why, str)), None)
    if missing is not None:
        return found | {DIFFERENCE: missing, PURCHASE_RATIO: missing}
    amount, first, clusters = (known[name].to_numpy() for name in ("amount", "consulted", "cluster"))
    return found | {
        DIFFERENCE: intervals.difference(amount, first, clusters, seed=seed),
        PURCHASE_RATIO: intervals.ratio_of_means(amount, first, clusters, seed=seed),
    }


def _averages(amounts: pl.DataFrame | None, seller_id: str, seed: int) -> dict[str, Found]:
    if amounts is None:
        return dict.fromkeys(OF_PURCHASES, NO_RECEIPTS)
    return averages(amounts if seller_id == ALL else amounts.filter(pl.col("seller_id") == seller_id), seed=seed)
