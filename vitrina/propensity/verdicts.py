"""Whether scores may go out: pure functions from tables to verdicts."""

from __future__ import annotations

import datetime as dt

import polars as pl

from vitrina.propensity.drift import DRIFTED
from vitrina.propensity.leak import late_features
from vitrina.verdict import Verdict

STAY = "The scores published before stay. "
SHOWN = 8


def nothing_from_the_future(catalogue: pl.DataFrame) -> Verdict:
    """Whether no feature rests on a fact that is later than the snapshot; payments and texts must be earlier."""
    late = late_features(catalogue)
    return Verdict(
        late.is_empty(),
        f"{late.height} features rest on later facts: {_some(late, 'feature')}."
        if late.height
        else "Every feature is older than its snapshot.",
        {"features": catalogue.height, "late_features": late.height, "threshold": 0},
        STAY + "Look at the dates of the files that the named features come from.",
    )


def nothing_gives_the_answer_away(suspicions: pl.DataFrame) -> Verdict:
    """Whether no column alone is suspiciously good."""
    return Verdict(
        suspicions.is_empty(),
        "; ".join(
            f"{feature}: {why}"
            for feature, why in suspicions.select("feature", "why").unique().sort("feature").head(SHOWN).iter_rows()
        )
        or "No column is suspiciously good.",
        {"suspicious_columns": suspicions["feature"].n_unique(), "threshold": 0},
        STAY + "Ask where the column comes from. If it is made after the fact, leave it out with a row `column,,no,reason` in "
        "propensity/columns.csv; if it is honest, confirm it there with `use` yes.",
    )


def labels_are_mature(models: pl.DataFrame, labels: pl.DataFrame, delivered_until: dt.date | None, horizon: int) -> Verdict:
    """Whether every model learnt only from months whose horizon was over when its month began, and whose openings are delivered.

    The rehearsal must stand to its month in the same way.
    """

    def is_over(learnt: str, asked: str) -> pl.Expr:
        return pl.col(learnt).dt.offset_by(f"{horizon}mo") <= pl.col(asked)

    early = models.filter(~(is_over("calibrated_on", "month") & is_over("rehearsed_until", "calibrated_on")))
    open_windows = labels.height if delivered_until is None else labels.filter(pl.col("window_until") > delivered_until).height
    return Verdict(
        early.is_empty() and not open_windows,
        f"{early.height} models learnt from months that were not over; {open_windows} labels are not known yet."
        if early.height or open_windows
        else "Every model learnt from months that were over.",
        {"models": models.height, "too_early": early.height, "labels_not_known": open_windows, "threshold": 0},
        STAY + "Materialize the months anew.",
    )


def ranks_better_than_chance(backtest: pl.DataFrame) -> Verdict:
    """Whether the newest judged month's gini lies above 0, and not below earlier months by more than its interval."""
    known = backtest.filter(
        (pl.col("scorer") == "scores")
        & (pl.col("measure") == "gini")
        & (pl.col("segment_kind") == "all")
        & pl.col("value").is_not_null()
    ).sort("month")
    if known.is_empty():
        return Verdict(passed=True, said="No month can be judged yet: its openings are not known, or fewer than thirty.")
    month, value, low, high = known.select("month", "value", "low", "high").row(-1)
    before = known[:-1]["value"]
    usual = float(before.median()) if before.len() else value  # type: ignore[arg-type]  # a median of numbers
    passed = low > 0 and high >= usual
    return Verdict(
        passed,
        f"{month:%Y-%m}: gini {value:.3f} [{low:.3f}, {high:.3f}], usually {usual:.3f}.",
        {"gini": value, "low": low, "high": high, "usual": usual, "months": known.height},
        STAY + "See `propensity_drift` for what has moved, and `propensity_backtest` for the months before.",
    )


def calibration_helps(backtest: pl.DataFrame) -> Verdict:
    """Whether the scores are no further from what came than before calibration, in the newest judged month."""
    rows = backtest.filter(
        (pl.col("measure") == "calibration_error") & (pl.col("segment_kind") == "all") & pl.col("value").is_not_null()
    )
    pairs = rows.filter(pl.col("scorer") == "scores").join(
        rows.filter(pl.col("scorer") == "scores_uncalibrated").select("month", uncalibrated="value"), on="month"
    )
    if pairs.is_empty():
        return Verdict(passed=True, said="No month can be judged yet.")
    month, low, value, uncalibrated = pairs.sort("month").select("month", "low", "value", "uncalibrated").row(-1)
    return Verdict(
        low <= uncalibrated,
        f"{month:%Y-%m}: promised and came differ by {value:.4f} on average, {uncalibrated:.4f} before calibration.",
        {"calibration_error": value, "uncalibrated": uncalibrated},
        STAY + "The month of calibration was unlike the one that was scored: see `propensity_drift`.",
    )


def nothing_has_drifted(drift: pl.DataFrame) -> Verdict:
    """Whether score and features of the newest month are spread as in the months that the model learnt from."""
    if drift.is_empty():
        return Verdict(passed=True, said="No month has been scored yet.")
    newest = drift.filter(pl.col("month") == drift["month"].max())
    moved = newest.filter("has_drifted").sort("psi", descending=True)
    proposed = moved.filter(pl.col("proposal").is_not_null())
    score = newest.filter(pl.col("feature") == "score")["psi"].item()
    said = f"{moved.height} have moved: {_some(moved, 'feature')}. " if moved.height else "Nothing has moved. "
    said += f"Proposed to be left out: {_some(proposed, 'feature')}." if proposed.height else ""
    return Verdict(
        moved.is_empty(),
        said.strip(),
        {"score_psi": score, "moved": moved.height, "threshold": DRIFTED, "month": f"{newest['month'][0]:%Y-%m}"},
        "To leave a column out, deliver propensity/columns.csv with a row `column,,no,why`; all months are then computed anew.",
    )


def _some(frame: pl.DataFrame, name: str) -> str:
    names = frame[name].unique(maintain_order=True).to_list()
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
