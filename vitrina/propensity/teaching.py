"""What the models of a month may learn: months that were over, by what was known of them on the day of its snapshot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.propensity.periods import months_to_learn_from

FEWEST_OPENINGS = 30
"""Openings below which nothing is learnt."""

FeaturesOf = Callable[[Sequence[dt.date]], pl.DataFrame]
"""Features of some months, as one frame; a column that a month does not have is null there."""


@dataclass(frozen=True)
class Lessons:
    """Months that the models of a month may learn from, oldest first.

    Attributes
    ----------
    closed
        Months whose horizon was over on the day of the snapshot that is scored. The newest is the one to calibrate on.
    earlier
        Months among them whose horizon was over on the day of the newest one's snapshot.
    """

    closed: tuple[dt.date, ...]
    earlier: tuple[dt.date, ...]

    def newest(self, most: int) -> Lessons:
        """The same with at most so many months to learn from."""
        return Lessons(self.closed[-most:], self.earlier[-most:])


@dataclass(frozen=True)
class Taught:
    """What the models of a month learn from, and how they are put to the test before.

    The model that scores learns from all months that are closed. How much its log-odds are worth, and which family ranks
    better, is known from a rehearsal: a model of the earlier months is asked about the held-out month as the real one is asked
    about the month to be scored. A client comes every month, and what it does counts for all months whose horizon it falls
    in: had the rehearsal learnt from a month whose horizon reaches into that of the held-out one, it would know the answers.

    Attributes
    ----------
    learning
        Features of the closed months.
    learnt
        Their labels.
    months
        As of `lessons`.
    """

    learning: pl.DataFrame
    learnt: pl.DataFrame
    months: Lessons

    def of_columns(self, columns: Sequence[str]) -> Taught:
        """The same without columns that a month to be scored, or the month of calibration, does not have."""
        held_out = self.held_out
        empty = {name for name in held_out.columns if held_out[name].null_count() == held_out.height}
        return self.without([name for name in self.learning.columns if name not in columns or name in empty])

    def without(self, columns: Sequence[str]) -> Taught:
        """The same without some columns."""
        return Taught(self.learning.drop(columns), self.learnt, self.months)

    @property
    def earlier(self) -> pl.DataFrame:
        """Features of the months that the rehearsal learns from."""
        return self.learning.filter(pl.col("month").is_in(list(self.months.earlier)))

    @property
    def held_out(self) -> pl.DataFrame:
        """Features of the newest closed month."""
        return self.learning.filter(pl.col("month") == self.months.closed[-1])

    @property
    def opened(self) -> np.ndarray:
        """Whether each client of the held-out month opened the account, in the order of `held_out`."""
        return in_order(self.held_out, self.learnt)


class TooEarlyError(Exception):
    """A month has too little behind it to be scored: no error of anybody's."""


def lessons(labels: pl.DataFrame, cut: dt.date) -> Lessons:
    """Months to learn from, and those of the rehearsal.

    Parameters
    ----------
    labels
        ``month``, ``snapshot_date``, ``window_until``.
    cut
        Day of the snapshot that is scored.
    """
    closed = months_to_learn_from(labels, cut)
    return Lessons(tuple(closed), tuple(months_to_learn_from(labels, snapshot_of(labels, closed[-1])) if closed else ()))


def snapshot_of(labels: pl.DataFrame, month: dt.date) -> dt.date:
    """Day of a month's snapshot, the earliest where its files name several."""
    day: dt.date = labels.filter(pl.col("month") == month).select(pl.col("snapshot_date").min()).item()
    return day


def taught_by(months: Lessons, labels: pl.DataFrame, features_of: FeaturesOf) -> Taught:
    """What a model may learn, from months whose openings are known.

    Parameters
    ----------
    months
        As of `lessons`.
    labels
        ``client_id``, ``month``, ``opened``.
    features_of
        Features by month.

    Raises
    ------
    TooEarlyError
        There is no month to calibrate on or none before it to rehearse with, or fewer than thirty openings in either.
    """
    if not months.closed:
        raise TooEarlyError("No month's horizon was over on the day of the snapshot.")
    held_out = months.closed[-1]
    if not months.earlier:
        raise TooEarlyError(f"No month's horizon was over on the day of the snapshot of {held_out:%Y-%m}, to be calibrated on.")
    for part, name in ((list(months.earlier), "to learn from"), ([held_out], "to calibrate on")):
        openings = int(labels.filter(pl.col("month").is_in(part))["opened"].sum())
        if openings < FEWEST_OPENINGS:
            raise TooEarlyError(f"{openings} openings {name}; {FEWEST_OPENINGS} are needed.")
    learnt = labels.filter(pl.col("month").is_in(list(months.closed)))
    features = features_of(months.closed).join(learnt.select("month", "client_id"), on=("month", "client_id"), how="semi")
    return Taught(features.sort("month", "client_id"), learnt, months)


def in_order(features: pl.DataFrame, labels: pl.DataFrame) -> np.ndarray:
    """Labels of the rows of a features frame, in their order, shape (rows,)."""
    joined = features.select("month", "client_id").join(labels, on=("month", "client_id"), how="left", maintain_order="left")
    return joined["opened"].to_numpy()
