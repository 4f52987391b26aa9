"""Whether what was measured may go out: pure functions from tables to verdicts."""

from __future__ import annotations

from functools import partial

import polars as pl

from vitrina.marketplace.measure_names import LATEST_FEATURE, LIFT, RERANKER
from vitrina.marketplace.suitability import means_with_intervals
from vitrina.verdict import Verdict

MOST_RISE = 0.05
WHAT_TO_DO = "The recommendations published before stay. See `event_quality` for what changed in the log, and `mart_recommendation_quality` for earlier judgements."

_verdict = partial(Verdict, what_to_do=WHAT_TO_DO)


def beats_popularity(quality: pl.DataFrame) -> Verdict:
    """Whether the lower end of the interval of the lift over popularity lies above 0, in the latest judgement."""
    rows = _latest(quality).filter((pl.col("measure") == LIFT) & (pl.col("scorer") == RERANKER))
    if rows.is_empty() or rows["low"][0] is None:
        return _verdict(passed=False, said="There are too few users in the test window to tell whether the lists beat popularity.")
    low, value, n = rows.select("low", "value", "n").row(0)
    return _verdict(
        low > 0,
        f"Precision at 10 is {value:+.3f} against the most popular items, at least {low:+.3f}, on {n} users.",
        {"lift": value, "lower_end": low, "threshold": 0.0, "users": n},
    )


def clean_cut(quality: pl.DataFrame) -> Verdict:
    """Whether every feature of the test window is older than the window."""
    rows = _latest(quality).filter(pl.col("measure") == LATEST_FEATURE)
    if rows.is_empty() or rows["value"][0] is None:
        return _verdict(passed=False, said="The time of the latest feature is not known.")
    days = float(rows["value"][0])
    return _verdict(
        days > 0,
        f"The latest event that features rest on is {days:.4f} days before the test window.",
        {"days_before": days, "threshold": 0.0},
    )


def price_stays_sane(frame: pl.DataFrame) -> Verdict:
    """Whether one dear purchase raises the share of dear items in the top ten by at most 0.05 on average."""
    if frame.is_empty():
        return _verdict(passed=True, said="Nobody could be tried: too few users, or no price.", figures={"users": 0})
    rise = means_with_intervals(["rise"], (frame["share_after"] - frame["share_before"]).to_numpy()[:, None])[0]
    value = rise.value if rise.value is not None else float("nan")
    return _verdict(
        value <= MOST_RISE,
        f"The share of dear items in the top ten changes by {value:+.3f} on average, after one dear purchase of {rise.n} users.",
        {"mean_rise": value, "threshold": MOST_RISE, "users": rise.n, "upper_end": rise.high if rise.high is not None else value},
    )


def targets_reached(targets: pl.DataFrame) -> Verdict:
    """Whether the latest judgement reaches all targets of the customer."""
    if targets.is_empty():
        return _verdict(passed=False, said="Nothing was judged.")
    latest = targets.filter(pl.col("as_of") == targets["as_of"].max())
    missed = latest.filter(~pl.col("holds"))
    told = [
        f"{target}: {_shown(value)} (asked for {'at least' if at_least else 'at most'} {bar:g})"
        for target, bar, at_least, value in latest.select("target", "bar", "at_least", "value").iter_rows()
    ]
    said = f"{missed.height} of {latest.height} targets were missed. " if missed.height else "All targets were reached. "
    return _verdict(missed.is_empty(), said + "; ".join(told) + ".", {"missed": missed.height, "targets": latest.height})


def _shown(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3f}"


def _latest(quality: pl.DataFrame) -> pl.DataFrame:
    return quality.filter((pl.col("as_of") == quality["as_of"].max()) & (pl.col("window") == "test")) if quality.height else quality
