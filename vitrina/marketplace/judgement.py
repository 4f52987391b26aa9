"""Everything that is said about quality: two windows, every model, everybody and by segment, with the customer's targets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from vitrina.marketplace.judgement_tables import CustomerTargets, RecommenderQuality
from vitrina.marketplace.judging import WindowOnTrial
from vitrina.marketplace.log import Floats
from vitrina.marketplace.measure_names import (
    AUC_UNIFORM,
    HIT_RATE,
    LIFT,
    LOST_UNIFORM,
    POPULARITY,
    PRECISION,
    PRECISION_UNIFORM,
    RERANKER,
)
from vitrina.marketplace.suitability import Measured, means_with_intervals
from vitrina.marketplace.windows import Window

TARGETS: tuple[tuple[str, str, float, bool], ...] = (
    ("area under the ROC curve, suitable or not, one uniform counterexample per purchase", AUC_UNIFORM, 0.85, True),
    (
        "precision, suitable or not, one uniform counterexample per purchase, threshold of the window before",
        PRECISION_UNIFORM,
        0.70,
        True,
    ),
    (
        "lost offers, suitable or not, one uniform counterexample per purchase, threshold of the window before",
        LOST_UNIFORM,
        0.20,
        False,
    ),
)
"""What the customer asks for: target in words, measure, bar, and whether more is better."""

HOT_FROM = 20
"""Different items bought, from which a user is called hot."""


@dataclass(frozen=True)
class Row:
    """A measure of a model in a window, for a segment."""

    scorer: str
    measured: Measured
    segment_kind: str = "all"
    segment: str = "all"


def quality_rows(
    trial: WindowOnTrial, *, name: str, thresholds: dict[str, tuple[float, float]], diversity: float, as_of: dt.date
) -> pl.DataFrame:
    """All measures of one window (table `RecommenderQuality`).

    Parameters
    ----------
    trial
        The window.
    name
        ``"validation"`` or ``"test"``.
    thresholds
        Per model, the thresholds for uniform and for popularity-matched counterexamples, from the window before.
    diversity
        How varied the re-ranker's lists are made.
    as_of
        Day after the last event of the log.
    """
    return rows_frame(_rows(trial, thresholds, diversity), name=name, window=trial.window, as_of=as_of)


def rows_frame(rows: Iterable[Row], *, name: str, window: Window, as_of: dt.date) -> pl.DataFrame:
    """Rows of `RecommenderQuality` for a window."""
    frame = pl.DataFrame(
        [
            {
                "as_of": as_of,
                "window": name,
                "scorer": row.scorer,
                "segment_kind": row.segment_kind,
                "segment": row.segment,
                "window_from": window.start,
                "window_until": window.end,
                **asdict(row.measured),
            }
            for row in rows
        ],
        schema=RecommenderQuality.polars_schema(),
    )
    return RecommenderQuality.check(frame)


def thresholds_of(trial: WindowOnTrial) -> dict[str, tuple[float, float]]:
    """Per model, the thresholds that a window suggests to the next one."""
    found = {}
    for name in (*trial.models, RERANKER):
        uniform, matched = trial.verdicts(name)
        found[name] = uniform.threshold(), matched.threshold()
    return found


def customer_targets(quality: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """What the customer asked for beside what the re-ranker reached in the test window (table `CustomerTargets`)."""
    reached = dict(
        quality.filter(
            (pl.col("as_of") == as_of)
            & (pl.col("window") == "test")
            & (pl.col("scorer") == RERANKER)
            & (pl.col("segment_kind") == "all")
        )
        .select("measure", "value")
        .iter_rows()
    )
    rows = []
    for target, measure, bar, at_least in TARGETS:
        value = reached.get(measure)
        holds = value is not None and (value >= bar if at_least else value <= bar)
        rows.append({"as_of": as_of, "target": target, "bar": bar, "at_least": at_least, "value": value, "holds": holds})
    return CustomerTargets.check(pl.DataFrame(rows, schema=CustomerTargets.polars_schema()))


def _rows(trial: WindowOnTrial, thresholds: dict[str, tuple[float, float]], diversity: float) -> Iterator[Row]:
    precision: dict[str, Floats] = {}
    for name in (*trial.models, RERANKER):
        uniform, matched = trial.verdicts(name)
        at_uniform, at_matched = thresholds.get(name, (float("nan"), float("nan")))
        yield from (Row(name, measured) for measured in uniform.measures(at_uniform) + matched.measures(at_matched))
        lists = trial.lists(name, diversity)
        names, values = trial.judged(lists).rows()
        yield from (Row(name, measured) for measured in means_with_intervals(names, values))
        n = len(trial.users)
        yield from (Row(name, Measured(measure, value, None, None, n)) for measure, value in _defined(trial.character(lists)))
        precision[name] = values[:, names.index(PRECISION)] if n else np.zeros(0)
        yield from (Row(name, measured, kind, segment) for kind, segment, measured in _segments(trial, names, values))
    for name, values in precision.items():
        if name != POPULARITY:
            # the same draws for both: the interval is that of a paired difference
            yield from (Row(name, measured) for measured in means_with_intervals([LIFT], (values - precision[POPULARITY])[:, None]))
    recall = trial.candidate_recall()
    yield from (Row(RERANKER, measured) for measured in means_with_intervals(["candidate_recall"], recall[:, None]))


def _defined(values: dict[str, float]) -> list[tuple[str, float]]:
    return [(name, value) for name, value in values.items() if np.isfinite(value)]


def _segments(trial: WindowOnTrial, names: Sequence[str], values: Floats) -> Iterator[tuple[str, str, Measured]]:
    """Precision and hit rate at ten by what is known of users."""
    chosen = [names.index(PRECISION), names.index(HIT_RATE)]
    for kind, labels in _labels(trial).items():
        for label in sorted(set(labels)):
            mine = np.array([other == label for other in labels])
            for measured in means_with_intervals([names[at] for at in chosen], values[mine][:, chosen]):
                yield kind, label, measured


def _labels(trial: WindowOnTrial) -> dict[str, list[str]]:
    """Per kind of segment, each user's label: how much they have bought, at which prices, and where."""
    history = trial.known.history
    users = history.users[trial.users]
    distinct = users["distinct"].to_numpy()
    known = [
        "without a purchase" if n == 0 else f"{HOT_FROM} items and more" if n >= HOT_FROM else f"1 to {HOT_FROM - 1} items"
        for n in distinct
    ]
    prices = users["log_price"]
    edges = [prices.quantile(share, "linear") for share in (1 / 3, 2 / 3)]
    levels = ["unknown" if price is None else _level(price, edges) for price in prices.to_list()]
    platforms = history.log.events.group_by("user").agg(pl.col("platform").cast(pl.String).mode().sort().first())
    by_user = dict(platforms.iter_rows())
    return {
        "purchases before": known,
        "price level": levels,
        "platform": [by_user.get(int(user)) or "unknown" for user in trial.users],
    }


def _level(price: float, edges: Sequence[float | None]) -> str:
    low, high = edges
    if low is None or high is None or low <= price <= high:
        return "middle"
    return "low" if price < low else "high"
