"""Times that a model may know, and times that it is judged on: always a cut in time, never a random split of rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from vitrina.marketplace.log import EventLog, NothingToLearnError

TRAINING_WINDOWS = 9
"""Windows that the re-ranker learns from. They overlap by half: with nine of them, and not five neighbours, lists on the Online
Retail log were right for .302 instead of .297 of places."""

FOLDS = 3
LEAST_HORIZONS = 6
"""The shortest log: something to know, two windows to train the re-ranker on, validation, and test."""


@dataclass(frozen=True, order=True)
class Window:
    """From the beginning of one day to the beginning of another; a model that is judged on it knows only what was before.

    Attributes
    ----------
    start, end
        First day, and the day after the last.
    """

    start: dt.date
    end: dt.date

    def moved(self, days: int) -> Window:
        """The window some days later, or earlier."""
        return Window(self.start + dt.timedelta(days=days), self.end + dt.timedelta(days=days))


@dataclass(frozen=True)
class Plan:
    """Which times are used for what.

    Attributes
    ----------
    horizon
        Length of a window, in days.
    test, validation
        The last window, which nothing is tuned on, and the one before it, which thresholds come from.
    before_validation, before_test, final
        Windows that the re-ranker learns from: those over before the validation window, before the test window, and
        before the end of the log; oldest first.
    folds
        Rolling windows that hyper-parameters are chosen on; all of them over before the validation window.
    """

    horizon: int
    test: Window
    validation: Window
    before_validation: tuple[Window, ...]
    before_test: tuple[Window, ...]
    final: tuple[Window, ...]
    folds: tuple[Window, ...]


def plan(log: EventLog, horizon: int) -> Plan:
    """Divide a log's time.

    A log that is shorter than six horizons gets a shorter one: a sixth of its length.

    Parameters
    ----------
    log
        The log.
    horizon
        Days ahead that recommendations are judged on.

    Raises
    ------
    NothingToLearnError
        The log is shorter than six days.
    """
    span = (log.end - log.first_day).days
    if span < LEAST_HORIZONS:
        raise NothingToLearnError(
            f"The log spans {span} day(s): too few to judge recommendations on a time that the model has not seen.",
            f"Deliver at least {LEAST_HORIZONS} days; half a year is better.",
        )
    days = min(horizon, span // LEAST_HORIZONS)
    test = Window(log.end - dt.timedelta(days=days), log.end)
    validation = test.moved(-days)
    # the first horizon is history only
    earliest = log.first_day + dt.timedelta(days=days)
    return Plan(
        days,
        test,
        validation,
        before_validation=_overlapping(validation.start, days, earliest),
        before_test=_overlapping(test.start, days, earliest),
        final=_overlapping(log.end, days, earliest),
        folds=_windows_until(validation.start, days, earliest, step=days, most=FOLDS),
    )


def _overlapping(end: dt.date, days: int, earliest: dt.date) -> tuple[Window, ...]:
    return _windows_until(end, days, earliest, step=max(days // 2, 1), most=TRAINING_WINDOWS)


def _windows_until(end: dt.date, days: int, earliest: dt.date, *, step: int, most: int) -> tuple[Window, ...]:
    """Windows that end by a day, each some days before the next, oldest first."""
    found: list[Window] = []
    window = Window(end - dt.timedelta(days=days), end)
    while window.start >= earliest and len(found) < most:
        found.append(window)
        window = window.moved(-step)
    return tuple(reversed(found))
