"""What users did with the recommendations that they were shown, beside users who saw none and beside the time before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from vitrina.marketplace.pilot_tables import RecommendationUptake
from vitrina.marketplace.resampling import UNKNOWN, drawn_totals, interval, or_none, ratio

HOLDOUT = "recommended against hold-out"
BEFORE = "recommended against the period before"

FOLLOWED = "share of users who viewed, put into the basket or bought a shown item within {hours} hours of the list"
CONVERSION = "conversion: share of users who bought something"
BASKET = "average basket: revenue per purchase moment, minor currency units"
RETENTION = "retention: share of users active again 7 to 14 days after their first list"
RELATIVE_LIFT = ", relative lift"

BACK_AFTER, BACK_UNTIL = dt.timedelta(days=7), dt.timedelta(days=14)

_PAIR = ("yes", "of")
"""Per user: what a measure counts, and what it is divided by; a measure is the quotient of their sums."""

_Row = tuple[str, str, float | None, float | None, float | None, float | None, float | None, int, int]
"""Compared, measure, value, other, difference, low, high, users, other users."""

_Measures = dict[str, pl.DataFrame]
"""Measure → ``user_hash``, ``yes``, ``of``; a user whom it says nothing of is missing."""


@dataclass(frozen=True)
class _Period:
    """From the first moment to the one after the last."""

    start: dt.datetime
    end: dt.datetime

    @property
    def before(self) -> _Period:
        """As much time just before it."""
        return _Period(self.start - (self.end - self.start), self.start)

    def holds(self, moment: str) -> pl.Expr:
        return (pl.col(moment) >= self.start) & (pl.col(moment) < self.end)


@dataclass(frozen=True)
class _Experiment:
    """When lists were shown, how long one may be followed, and what time the log covers."""

    shown: _Period
    window: dt.timedelta
    log: _Period

    @property
    def log_has_the_time_before(self) -> bool:
        """Whether it begins early enough; some hours without visits may stand at its beginning."""
        return self.log.start < self.shown.before.start + dt.timedelta(days=1)


def uptake(shown: pl.DataFrame, events: pl.DataFrame, *, window_h: int = 24, seed: int) -> pl.DataFrame:
    """Compare users who were shown recommendations with the hold-out, and with themselves before.

    Measures
        *Followed*: within `window_h` hours **after** a list was shown, the user viewed, put into the basket or bought an item
        of it. In the hold-out the list is the one that would have been shown: what users do with such items anyway.
        *Conversion*: a purchase in the period, which runs from the first day on which lists were shown to the last.
        *Average basket*: what a user bought within one minute is one basket; refunds are not taken off, lines without a price
        and purchases without a time are left out. *Retention*: any event from 7 days to just before 14 days after the user's
        first list, among users whose 14 days are over in the log. Each once more as the relative lift: value over other,
        beside 1, so that the difference 0.15 is 15 % more.

    The hold-out
        Both groups are users for whom a list was made, so the difference is what seeing it does, if chance chose the groups.
        Users who were found in both are left out.

    The period before
        As many days just before the first list. It is not an experiment: seasons and trends count as uptake. Somebody is shown
        a list because of a visit, so only users with an event in both periods take part: else everybody would have become
        more active. Where the log reaches back another such period, only users who were known before both take part, so that
        both are whole for everybody. Without events over the whole period before there is nothing to compare with.

        *Followed* has the level of chance there: a user's first lists are laid upon the days with events of the period before,
        one a day and after its first event, as many as both have. Lists that know those events make it a high level, goods
        that were not sold yet a low one. *Retention* starts there with the first event, for users whose 14 days end before
        the first list.

    Parameters
    ----------
    shown
        One row per list and item: ``user_hash``, ``shown_at`` (UTC), ``bucket``, ``version``, ``item_id``, ``place``.
    events
        Rows of `stg_events`: ``user_hash``, ``item_id``, ``kind``, ``event_time`` (UTC), ``price_minor``, ``quantity``; where
        ``time_known`` is false, an event counts for its day but not as following a list.
    window_h
        Hours within which a list is followed.
    seed
        Of the bootstrap over users; for the period before, users are drawn with both of their periods.

    Returns
    -------
    polars.DataFrame
        `RecommendationUptake`; empty where nothing was shown.
    """
    if shown.is_empty():
        return RecommendationUptake.empty()
    days = shown.get_column("shown_at").dt.date().sort()
    first, until = days[0], days[-1] + dt.timedelta(days=1)
    experiment = _Experiment(_Period(_midnight(first), _midnight(until)), dt.timedelta(hours=window_h), _extent(events))
    known = shown.filter(pl.col("bucket").n_unique().over("user_hash") == 1)
    done = _prepared(events, known)
    recommended, holdout = (known.filter(pl.col("bucket") == bucket) for bucket in ("recommended", "holdout"))
    rng = np.random.default_rng(seed)
    rows = [
        *_against_holdout(rng, _measures(recommended, done, experiment), _measures(holdout, done, experiment)),
        *_against_before(rng, recommended, done, experiment),
    ]
    return pl.DataFrame(
        [(compared, measure.replace("{hours}", str(window_h)), first, until, *figures) for compared, measure, *figures in rows],
        schema=RecommendationUptake.polars_schema(),
        orient="row",
    )


def _extent(events: pl.DataFrame) -> _Period:
    """From the first event to the last; of an empty log, no time at all."""
    moments = events.get_column("event_time")
    if moments.is_empty():
        return _Period(dt.datetime.max.replace(tzinfo=dt.UTC), dt.datetime.min.replace(tzinfo=dt.UTC))
    return _Period(*moments.sort().gather([0, -1]))


def _prepared(events: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """What the users of the experiment did, refunds left out."""
    if "time_known" not in events.columns:
        events = events.with_columns(time_known=True)
    return events.filter(pl.col("kind") != "refund").join(shown, on="user_hash", how="semi")


def _measures(lists: pl.DataFrame, events: pl.DataFrame, experiment: _Experiment) -> _Measures:
    """All measures of the users of some lists."""
    users = _users_of(lists)
    first = lists.group_by("user_hash").agg(pl.col("shown_at").min().alias("first"))
    retained = first.filter(pl.col("first") + BACK_UNTIL <= experiment.log.end)
    return {
        FOLLOWED: _followed(lists, events, experiment.window),
        CONVERSION: _conversion(users, events, experiment.shown),
        BASKET: _basket(users, events, experiment.shown),
        RETENTION: _retention(retained, events),
    }


def _followed(lists: pl.DataFrame, events: pl.DataFrame, window: dt.timedelta) -> pl.DataFrame:
    met = lists.select("user_hash", "item_id", "shown_at").join(
        events.filter("time_known").select("user_hash", "item_id", "event_time"), on=["user_hash", "item_id"]
    )
    after = pl.col("event_time") - pl.col("shown_at")
    return _yes_of(_users_of(lists), met.filter(after > dt.timedelta(), after <= window))


def _conversion(users: pl.DataFrame, events: pl.DataFrame, period: _Period) -> pl.DataFrame:
    return _yes_of(users, events.filter(pl.col("kind") == "purchase", period.holds("event_time")))


def _basket(users: pl.DataFrame, events: pl.DataFrame, period: _Period) -> pl.DataFrame:
    bought = events.filter(pl.col("kind") == "purchase", period.holds("event_time"), "time_known", pl.col("price_minor") > 0)
    of_users = bought.join(users, on="user_hash", how="semi").group_by("user_hash")
    return of_users.agg(
        (pl.col("price_minor") * pl.col("quantity")).sum().cast(pl.Float64).alias("yes"),
        pl.col("event_time").dt.truncate("1m").n_unique().cast(pl.Float64).alias("of"),
    )


def _retention(first: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    later = first.join(events.select("user_hash", "event_time"), on="user_hash")
    after = pl.col("event_time") - pl.col("first")
    return _yes_of(first.select("user_hash"), later.filter(after >= BACK_AFTER, after < BACK_UNTIL))


def _yes_of(users: pl.DataFrame, those: pl.DataFrame) -> pl.DataFrame:
    """One for each user, and one for those who are among `those`."""
    yes = pl.col("user_hash").is_in(those.get_column("user_hash").unique().implode())
    return users.select("user_hash", yes.cast(pl.Float64).alias("yes"), pl.lit(1.0).alias("of"))


def _against_holdout(rng: np.random.Generator, recommended: _Measures, holdout: _Measures) -> Iterator[_Row]:
    for measure, users in recommended.items():
        ours, theirs = _sums_of(users), _sums_of(holdout[measure])
        drawn = np.concatenate([drawn_totals(rng, ours), drawn_totals(rng, theirs)], axis=1)
        totals = np.concatenate([ours.sum(axis=0), theirs.sum(axis=0)])
        yield from _rows(HOLDOUT, measure, totals, drawn, (len(ours), len(theirs)))


def _against_before(rng: np.random.Generator, lists: pl.DataFrame, events: pl.DataFrame, experiment: _Experiment) -> Iterator[_Row]:
    now, before = _both_periods(lists, events, experiment)
    for measure, users in now.items():
        # who bought in one period only has a basket there, and counts with it
        how: Literal["full", "inner"] = "full" if measure == BASKET else "inner"
        both = users.join(before[measure], on="user_hash", suffix="_before", how=how, coalesce=True).sort("user_hash")
        sums = both.select(pl.col(*_PAIR, "yes_before", "of_before").fill_null(0.0)).to_numpy()
        yield from _rows(BEFORE, measure, sums.sum(axis=0), drawn_totals(rng, sums), (len(sums), len(sums)))


def _both_periods(lists: pl.DataFrame, events: pl.DataFrame, experiment: _Experiment) -> tuple[_Measures, _Measures]:
    """The measures of users with events in both periods, in the one and in the other."""
    shown, before = experiment.shown, experiment.shown.before
    earlier = events.filter(before.holds("event_time"), experiment.log_has_the_time_before)
    active = earlier.join(events.filter(shown.holds("event_time")), on="user_hash", how="semi")
    if experiment.log.start <= before.before.start:
        # who came during the period before had less time in it
        active = active.join(events.filter(pl.col("event_time") < before.start), on="user_hash", how="semi")
    lists = lists.join(active, on="user_hash", how="semi")
    users = _users_of(lists)
    earlier = earlier.join(users, on="user_hash", how="semi")
    first = earlier.group_by("user_hash").agg(pl.col("event_time").min().alias("first"))
    alike, laid_back = _laid_back(lists, earlier)
    now = _measures(lists, events, experiment) | {FOLLOWED: _followed(alike, events, experiment.window)}
    then = {
        FOLLOWED: _followed(laid_back, earlier, experiment.window),
        CONVERSION: _conversion(users, earlier, before),
        BASKET: _basket(users, earlier, before),
        RETENTION: _retention(first.filter(pl.col("first") + BACK_UNTIL <= shown.start), earlier),
    }
    return now, then


def _laid_back(lists: pl.DataFrame, earlier: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each user's first lists, and the same lists as if shown on the user's days of the period before."""
    moments = lists.select("user_hash", "shown_at").unique().sort("user_hash", "shown_at")
    moments = moments.with_columns(pl.int_range(pl.len()).over("user_hash").alias("number"))
    day = pl.col("event_time").dt.date().alias("day")
    days = (
        earlier.filter("time_known")
        .group_by("user_hash", day)
        .agg(pl.col("event_time").min().alias("then"))
        .sort("user_hash", "day")
    )
    days = days.with_columns(pl.int_range(pl.len()).over("user_hash").alias("number"))
    matched = lists.join(moments.join(days, on=["user_hash", "number"]), on=["user_hash", "shown_at"])
    return matched, matched.with_columns(pl.col("then").alias("shown_at"))


def _users_of(lists: pl.DataFrame) -> pl.DataFrame:
    return lists.select("user_hash").unique().sort("user_hash")


def _rows(compared: str, measure: str, totals: np.ndarray, drawn: np.ndarray, users: tuple[int, int]) -> Iterator[_Row]:
    """The difference and the relative lift; `totals` and each row of `drawn` hold ``yes``, ``of`` of the one and the other."""
    value, other = ratio(totals[[0, 2]], totals[[1, 3]])
    values, others = ratio(drawn[:, 0], drawn[:, 1]), ratio(drawn[:, 2], drawn[:, 3])
    difference, lift = value - other, float(ratio(value, other))
    between = interval(values - others, min(users)) if np.isfinite(difference) else UNKNOWN
    yield compared, measure, or_none(value), or_none(other), or_none(difference), *between, *users
    between = interval(ratio(values, others) - 1, min(users)) if np.isfinite(lift) else UNKNOWN
    one = 1.0 if np.isfinite(lift) else None
    yield compared, measure + RELATIVE_LIFT, or_none(lift), one, or_none(lift - 1), *between, *users


def _sums_of(users: pl.DataFrame) -> np.ndarray:
    return np.asarray(users.sort("user_hash").select(_PAIR).to_numpy())


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
