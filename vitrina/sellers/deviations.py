"""How far base metrics are from what people counted, and whether that is shown to be within a bound.

The deviation is told in three ways. *Of each video*: the mean of absolute deviations, in which errors do not cancel. *Of the total*,
over videos: what a month's report is off by, with the videos as the sample. *Of the total*, over events: the same as if the
events were all that is left to chance, for one video too; so few events show nothing, however well they agree.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.sellers.box_matching import Floats
from vitrina.sellers.day_tables import MetricDeviations
from vitrina.sellers.manual_counts import BASE_METRICS, COUNTS
from vitrina.sellers.metrics import INTERACTION_RATIO

BOUND = 0.1
"""What the customer asks for: ±10 %."""

Z = 1.959963984540054
"""Normal quantile of a 95 % interval."""


class Verdict(StrEnum):
    """Whether a deviation is within the bound."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown"
    REFUTED = "refuted"


class Way(StrEnum):
    """How a deviation is told, and what its interval is over."""

    EACH_VIDEO = "of each video"
    TOTAL_BY_VIDEOS = "of the total, over videos"
    TOTAL_BY_EVENTS = "of the total, over events"


@dataclass(frozen=True)
class Deviation:
    """The deviation of one metric, told in one way.

    Attributes
    ----------
    metric, way
        Which, and how it is told.
    value, low, high
        Relative deviation and its 95 % interval: absolute of each video, with a sign of the total. ``None`` where unknown.
    videos, events
        What it rests on.
    events_needed
        Events from which chance alone stays within the bound.
    verdict, why
        Whether the bound is kept, and why that cannot be said.
    """

    metric: str
    way: Way
    value: float | None
    low: float | None
    high: float | None
    videos: int
    events: int
    events_needed: int | None
    verdict: Verdict
    why: str | None


class _Interval(NamedTuple):
    value: float | None
    low: float | None = None
    high: float | None = None
    why: str | None = None


def events_needed(bound: float = BOUND, *, share: float | None = None) -> int:
    """Events until the 95 % interval of their number, or of a share among them, is no wider than ± ``bound`` of it.

    Parameters
    ----------
    bound
        Relative, above 0.
    share
        The share, above 0 and at most 1; without one, the number of events itself is meant, which is taken as Poisson's.

    Examples
    --------
    >>> events_needed(0.1), events_needed(0.1, share=0.3)
    (385, 897)
    """
    if share is not None and not 0 < share <= 1:
        raise VitrinaError(f"A share of {share:g} cannot be judged relatively.", "Give a share above 0 and at most 1.")
    of_one = 1.0 if share is None else (1 - share) / share
    # rounded first: binary fractions must not cost an event
    return math.ceil(round((Z / bound) ** 2 * of_one, 6))


def videos_needed(mean: float, standard_deviation: float, bound: float = BOUND) -> int | None:
    """Videos until a mean deviation like this is shown to be below the bound, by Student's t; ``None`` where no number does.

    Parameters
    ----------
    mean, standard_deviation
        Of the deviations of single videos.
    bound
        The bound.
    """
    if mean >= bound:
        return None
    n = 2
    while mean + _t(n - 1) * standard_deviation / math.sqrt(n) >= bound:
        n += 1
    return n


def deviations(pairs: pl.DataFrame, *, bound: float = BOUND) -> tuple[Deviation, ...]:
    """The deviation of each base metric, in each way.

    Parameters
    ----------
    pairs
        What `vitrina.sellers.manual_counts.beside` gives; rows with a reason are left out.
    bound
        Relative.

    Returns
    -------
    tuple of Deviation
        By metric as in `BASE_METRICS` and by way, those of metrics that nobody counted too.
    """
    usable = pairs.filter(pl.col("reason").is_null())
    return tuple(found for metric in BASE_METRICS for found in _of_metric(metric, usable.filter(pl.col("metric") == metric), bound))


def _of_metric(metric: str, pairs: pl.DataFrame, bound: float) -> list[Deviation]:
    counted, measured = (pairs[name].to_numpy().astype(np.float64) for name in ("counted", "measured"))
    # numbers add up as they are; quotients by how many events each rests on
    weights = np.ones(len(counted)) if metric in COUNTS else pairs["n"].fill_null(0).to_numpy().astype(np.float64)
    events = round(float(counted.sum())) if metric in COUNTS else int(weights.sum())
    needed = _needed(metric, counted, weights, bound)
    intervals = {
        Way.EACH_VIDEO: _of_each_video(counted, measured),
        Way.TOTAL_BY_VIDEOS: _of_total(counted * weights, measured * weights),
        Way.TOTAL_BY_EVENTS: _over_events(metric, counted, measured, weights, events),
    }
    return [
        Deviation(metric, way, *found[:3], len(counted), events, needed, *_verdict(found, events, needed, bound))
        for way, found in intervals.items()
    ]


def _needed(metric: str, counted: Floats, weights: Floats, bound: float) -> int | None:
    if metric != INTERACTION_RATIO:
        return events_needed(bound)
    share = float(np.sum(counted * weights) / weights.sum()) if weights.sum() else 0.0
    # never fewer than for a number: a share near 1 would be judged by a handful of customers
    return max(events_needed(bound), events_needed(bound, share=share)) if 0 < share <= 1 else None


def _of_each_video(counted: Floats, measured: Floats) -> _Interval:
    if counted.size == 0:
        return _Interval(None, why="nothing was counted and measured")
    if np.any((counted == 0) & (measured != 0)):
        return _Interval(None, why="a video has none by hand and some measured: relative to nothing, no deviation is known")
    found = np.where(counted == measured, 0.0, np.abs(measured - counted) / np.where(counted == 0, 1.0, counted))
    mean = float(found.mean())
    if len(found) < 2:
        return _Interval(mean, why="one video tells nothing of how videos differ")
    half = _t(len(found) - 1) * float(found.std(ddof=1)) / math.sqrt(len(found))
    return _Interval(mean, max(0.0, mean - half), mean + half)


def _of_total(counted: Floats, measured: Floats) -> _Interval:
    """A ratio estimator: W. G. Cochran (1977), Sampling Techniques, chapter 6."""
    total, n = float(counted.sum()), len(counted)
    if not total:
        return _Interval(None, why="nothing was counted and measured")
    value = float(measured.sum()) / total - 1
    if n < 2:
        return _Interval(value, why="one video tells nothing of how videos differ")
    residuals = measured - (1 + value) * counted
    half = _t(n - 1) * math.sqrt(n / (n - 1) * float(residuals @ residuals)) / total
    return _Interval(value, value - half, value + half)


def _over_events(metric: str, counted: Floats, measured: Floats, weights: Floats, events: int) -> _Interval:
    """Both sides saw the same events, so this is wider than need be: it is what agreement on so few events is worth at most."""
    total = float(np.sum(counted * weights))
    if not total or not events:
        return _Interval(None, why="nothing was counted and measured")
    value = float(np.sum(measured * weights)) / total - 1
    if metric in COUNTS:
        half = Z / math.sqrt(events)
    elif metric == INTERACTION_RATIO and (share := total / events) <= 1:
        half = Z * math.sqrt((1 - share) / (share * events))
    else:
        return _Interval(value, why="how much single purchases differ is not delivered")
    return _Interval(value, value - half, value + half)


def _verdict(found: _Interval, events: int, needed: int | None, bound: float) -> tuple[Verdict, str | None]:
    if found.low is None or found.high is None:
        return Verdict.NOT_SHOWN, found.why
    if found.low > bound or found.high < -bound:
        return Verdict.REFUTED, None
    if not -bound < found.low <= found.high < bound:
        return Verdict.NOT_SHOWN, f"the interval reaches beyond {bound:.0%}"
    if needed is None or events < needed:
        return Verdict.NOT_SHOWN, f"it rests on {events} events; {'more' if needed is None else needed} are needed"
    return Verdict.SHOWN, None


def _t(degrees: int) -> float:
    from scipy.stats import t  # noqa: PLC0415  # the graph is loaded without it

    return float(t.ppf(0.975, degrees))


def as_rows(found: tuple[Deviation, ...]) -> pl.DataFrame:
    """Deviations as rows of table `MetricDeviations`."""
    rows = [asdict(each) | {"way": each.way.value, "verdict": each.verdict.value} for each in found]
    return MetricDeviations.check(pl.DataFrame(rows, schema=MetricDeviations.polars_schema()))
