"""How good past scores have been: every scored month is judged once its horizon is over, by models that knew nothing of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from vitrina.propensity.deciles import decile_rows
from vitrina.propensity.measures import CALIBRATION_ERROR, GINI, KS, Measured, gini_difference, measured
from vitrina.propensity.resampling import Bools, Floats
from vitrina.propensity.tables import PropensityBacktest, PropensityDeciles

RANDOM = "random"
SCORERS = ("scores", "logistic", "boosted", "one_column", RANDOM)
UNCALIBRATED = ("scores_uncalibrated", "logistic_uncalibrated", "boosted_uncalibrated")
GAINED = {"payments": "without_payments", "texts": "without_texts", "calendar_columns": "without_calendar"}
"""Modality → what logistic regression says without it."""

ALL = "all"


def backtest_rows(predictions: pl.DataFrame, labels: pl.DataFrame, segments: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Judge every month whose openings are known.

    Parameters
    ----------
    predictions
        Rows of `ModelPredictions`.
    labels
        ``client_id``, ``month``, ``opened``; months whose horizon is over.
    segments
        ``client_id``, ``month``, and one column per way of dividing clients.
    seed
        For the bootstrap, and for the random order that a sceptic would compare with.

    Returns
    -------
    polars.DataFrame
        Rows of `PropensityBacktest`.
    """
    joined = predictions.join(labels, on=("month", "client_id")).sort("month", "client_id")
    rows = [row for (month,), part in _by(joined, "month") for row in _month_rows(month, part, segments, seed)]
    return PropensityBacktest.check(pl.DataFrame(rows, schema=PropensityBacktest.polars_schema()))


def deciles_of_months(predictions: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """What was promised and what came, by month and tenth of the clients (rows of `PropensityDeciles`)."""
    joined = predictions.join(labels, on=("month", "client_id")).sort("month", "client_id")
    parts = [
        decile_rows(part["scores"].to_numpy(), part["opened"].to_numpy()).with_columns(month=pl.lit(month))
        for (month,), part in _by(joined, "month")
    ]
    schema = PropensityDeciles.polars_schema()
    made = pl.concat(parts).select(schema.keys()).cast(pl.Schema(schema)) if parts else PropensityDeciles.empty()
    return PropensityDeciles.check(made)


def _month_rows(month: dt.date, part: pl.DataFrame, segments: pl.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    opened = part["opened"].to_numpy()
    drawn = np.random.default_rng(seed).random(part.height)
    said = {scorer: drawn if scorer == RANDOM else _scores(part, scorer) for scorer in (*SCORERS, *UNCALIBRATED)}
    for scorer, scores in said.items():
        if scores is not None:
            told = {RANDOM: {GINI, KS}}.get(scorer, {CALIBRATION_ERROR} if scorer in UNCALIBRATED else None)
            rows = measured(scores, scores, opened, seed=seed)
            yield from (_row(month, scorer, found.measure, found) for found in rows if told is None or found.measure in told)
    yield from _gained(month, part, opened, seed)
    yield from _by_segment(month, part, segments, seed)


def _gained(month: dt.date, part: pl.DataFrame, opened: Bools, seed: int) -> Iterator[dict[str, Any]]:
    """What each modality adds to the gini of logistic regression."""
    whole = _scores(part, "logistic")
    for modality, column in GAINED.items():
        without = _scores(part, column)
        if without is not None and whole is not None:
            yield _row(month, "logistic", f"gini_gained_by_{modality}", gini_difference(whole, without, opened, seed=seed))


def _by_segment(month: dt.date, part: pl.DataFrame, segments: pl.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    divided = part.select("month", "client_id", "scores", "opened").join(segments, on=("month", "client_id"), how="left")
    for kind in segments.drop("month", "client_id").columns:
        if divided[kind].null_count() == divided.height:
            continue
        for (segment,), rows in _by(divided.with_columns(pl.col(kind).fill_null("not known")).sort(kind), kind):
            scores = rows["scores"].to_numpy()
            for found in measured(scores, scores, rows["opened"].to_numpy(), seed=seed):
                if found.measure == GINI:
                    yield _row(month, "scores", GINI, found, kind=kind, segment=str(segment))


def _scores(part: pl.DataFrame, column: str) -> Floats | None:
    return None if part[column].null_count() else part[column].to_numpy()


def _row(  # noqa: PLR0913  # a row of the table
    month: dt.date, scorer: str, measure: str, found: Measured, *, kind: str = ALL, segment: str = ALL
) -> dict[str, Any]:
    return {
        "month": month,
        "scorer": scorer,
        "measure": measure,
        "segment_kind": kind,
        "segment": segment,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "clients": found.n,
        "openings": found.positives,
    }


def _by(frame: pl.DataFrame, column: str) -> Iterator[tuple[tuple[Any, ...], pl.DataFrame]]:
    yield from frame.group_by(column, maintain_order=True)
