"""What a store's day comes to: the numbers of its videos put together, without counting anybody twice.

Counts and times are added up, shares are made anew from the sums, and means from the purchases. Of cameras that see the same
floor one counts at a time; where nobody said whether two cameras see the same floor, there is no number for the store.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from vitrina.errors import VitrinaError
from vitrina.sellers import intervals
from vitrina.sellers.metrics import (
    ALL,
    COUNT,
    CUSTOMERS_PRESENT,
    CUSTOMERS_SERVED,
    DEFAULT_RULE,
    INTERACTION_RATIO,
    METRICS,
    NO_RECEIPTS,
    OF_PURCHASES,
    SUCCESSFUL,
    UNSUCCESSFUL,
    Footage,
    Found,
    Metric,
    MetricRule,
    averages,
    clustered,
    told,
)

DAYS_SCHEMA = {
    "store_id": pl.String(),
    "day": pl.Date(),
    "seller_id": pl.String(),
    "metric": pl.String(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "n": pl.Int64(),
    "coverage": pl.Float64(),
    "refused": pl.String(),
}

BOUNDARY_S = 5.0
"""By how much two videos may overlap and still follow one another: cameras begin the next file before they close the last."""


@dataclass(frozen=True)
class Filmed:
    """A video of a store's day.

    Attributes
    ----------
    footage
        Its time and coverage.
    store_id, camera_id
        Whose and which.
    day
        The store's local day on which it begins.
    """

    footage: Footage
    store_id: str
    camera_id: str
    day: dt.date

    @property
    def seen_s(self) -> float:
        """Time that could be seen."""
        return self.footage.asked_s - self.footage.unseen_s

    def meets(self, other: Filmed) -> bool:
        """Whether two videos show the same time, their ends aside."""
        begin = max(self.footage.started_at, other.footage.started_at)
        return (min(_ended_at(self), _ended_at(other)) - begin).total_seconds() > BOUNDARY_S


def filmed(videos: pl.DataFrame, coverage: Mapping[str, float], open_s: Mapping[str, float] | None = None) -> list[Filmed]:
    """The readable videos.

    Parameters
    ----------
    videos
        Table `VideoFiles`.
    coverage
        Of each readable video, the share of its opening hours that could be seen.
    open_s
        For how much of a video the shop was open; all of those that are not named.

    Raises
    ------
    VitrinaError
        A readable video has no coverage.
    """
    found = []
    for row in videos.filter(pl.col("state") == "readable").sort("video").iter_rows(named=True):
        if row["video"] not in coverage:
            raise VitrinaError(
                f"Nobody said how much of video {row['video']!r} could be seen.", "Judge its footage first; see `footage_samples`."
            )
        opened = (open_s or {}).get(row["video"])
        footage = Footage(row["video"], row["started_at"], row["duration_s"] or 0.0, coverage[row["video"]], opened)
        day = row["started_at"].astimezone(ZoneInfo(row["time_zone"])).date()
        found.append(Filmed(footage, row["store_id"], row["camera_id"], day))
    return found


def counted(films: Iterable[Filmed], groups: Mapping[tuple[str, str], str]) -> tuple[Filmed, ...]:
    """Videos that count: of any time, one per floor.

    Of the cameras of a group the one that saw most comes first; another counts while that one does not run. Of two files of
    one camera over the same time the better one counts. Receipts are best joined to the interactions of these videos alone:
    a conversation that two cameras saw would otherwise take two.

    Parameters
    ----------
    films
        Of any stores and days.
    groups
        Store and camera → the name of its group of cameras that see the same floor; cameras without a group stand alone.
    """
    kept: list[Filmed] = []
    for floor in _by_floor(films, groups):
        seen: dict[str, float] = {}
        for film in floor:
            seen[film.camera_id] = seen.get(film.camera_id, 0.0) + film.seen_s
        chosen = _Chosen()
        ranks = {film: (-seen[film.camera_id], film.camera_id, -film.seen_s, film.footage.video) for film in floor}
        for film in sorted(floor, key=ranks.__getitem__):
            chosen.take(film)
        kept += chosen.films
    return tuple(sorted(kept, key=lambda film: film.footage.video))


class _Chosen:
    """Videos of a floor of which no two show the same time, by start."""

    def __init__(self) -> None:
        self.films: list[Filmed] = []
        self._starts: list[dt.datetime] = []

    def take(self, film: Filmed) -> None:
        """Take a video unless one that was taken shows its time, too."""
        place = bisect_left(self._starts, film.footage.started_at)
        if not any(film.meets(other) for other in self._near(film, place)):
            self.films.insert(place, film)
            self._starts.insert(place, film.footage.started_at)

    def _near(self, film: Filmed, place: int) -> Iterator[Filmed]:
        """Those that may show its time: all that begin in it, and of those before as many as reach into it."""
        for other in islice(self.films, place, None):
            if other.footage.started_at >= _ended_at(film):
                break
            yield other
        for before in range(place - 1, -1, -1):
            yield self.films[before]
            # those before that one end when it begins, a few seconds aside; a shorter one may lie within another
            if self.films[before].footage.duration_s > BOUNDARY_S:
                break


def per_day(  # noqa: PLR0913  # a table each
    videos: pl.DataFrame,
    coverage: Mapping[str, float],
    metrics: pl.DataFrame,
    interactions: pl.DataFrame,
    purchases: pl.DataFrame | None,
    *,
    groups: Mapping[tuple[str, str], str],
    open_s: Mapping[str, float] | None = None,
    opened_s: Mapping[tuple[str, dt.date], float] | None = None,
    rule: MetricRule = DEFAULT_RULE,
) -> pl.DataFrame:
    """Every metric of each store and local day, for each seller and for all together.

    Parameters
    ----------
    videos, coverage
        As of `filmed`.
    metrics
        Table `SellerVideoMetrics` of these videos.
    interactions
        Table `Interactions` of these videos.
    purchases
        What `consulted` returns for them, or ``None`` where no receipts were delivered.
    groups
        As of `counted`.
    open_s
        As of `filmed`.
    opened_s
        How long each store was open on each day: time without any video was not seen either. Without it, the videos are
        taken for the whole day.
    rule
        As for the videos.

    Returns
    -------
    polars.DataFrame
        Columns of `DAYS_SCHEMA`. A customer who crosses from one camera's floor to another's, or the end of a file, counts
        on each. The order of the given rows changes nothing.
    """
    days: dict[tuple[str, dt.date], list[Filmed]] = {}
    for film in filmed(videos, coverage, open_s):
        days.setdefault((film.store_id, film.day), []).append(film)
    amounts = None if purchases is None else _with_days(clustered(purchases, interactions), videos)
    once = metrics if purchases is None else _held_once(metrics, interactions, purchases)
    rows: list[dict[str, Any]] = []
    for (store, day), films in sorted(days.items()):
        sold = None if amounts is None else amounts.filter((pl.col("store_id") == store) & (pl.col("day") == day))
        opened = (opened_s or {}).get((store, day), 0.0)
        summed = _Day(films, groups=groups, metrics=once, sold=sold, opened_s=opened, rule=rule)
        rows += [{"store_id": store, "day": day, **row} for row in summed.rows()]
    return pl.DataFrame(rows, schema=DAYS_SCHEMA)


class _Day:
    """A store's day, ready to be summed up."""

    def __init__(  # noqa: PLR0913  # as `per_day`
        self,
        films: list[Filmed],
        *,
        groups: Mapping[tuple[str, str], str],
        metrics: pl.DataFrame,
        sold: pl.DataFrame | None,
        opened_s: float,
        rule: MetricRule,
    ) -> None:
        self._rule, self._sold = rule, sold
        # what was filmed while the shop was closed says nothing of its day
        films = [film for film in films if film.footage.asked_s] or films
        self._twice = _undeclared(films, groups)
        kept = counted(films, groups)
        self._concurrent = any(a.meets(b) for i, a in enumerate(kept) for b in kept[:i])
        # what a video refused for want of coverage was not seen
        told_of = {film.footage.video: film for film in kept if film.footage.coverage >= rule.least_coverage}
        floors = len(_by_floor(kept, groups))
        whole = max(sum(film.footage.asked_s for film in kept), opened_s * floors)
        seen = sum(film.seen_s for film in told_of.values())
        self._coverage, self._unseen_s = min(seen / whole, 1.0) if whole else 0.0, max(whole - seen, 0.0)
        self._rows = metrics.filter(pl.col("video").is_in(list(told_of))).sort("video")
        self._sellers = sorted({ALL} | set(metrics.filter(pl.col("video").is_in([f.footage.video for f in kept]))["seller_id"]))

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row per seller and metric."""
        for seller_id in self._sellers:
            of_seller = self._rows.filter(pl.col("seller_id") == seller_id)
            means = self._averages(seller_id)
            for metric in METRICS:
                found = self._twice or self._found(metric, seller_id, of_seller, means)
                number = told(metric, seller_id, found, self._coverage, self._rule.least_coverage)
                yield {"seller_id": seller_id, "metric": metric.name, **number}

    def _found(self, metric: Metric, seller_id: str, rows: pl.DataFrame, means: Mapping[str, Found]) -> Found:
        if metric.name in OF_PURCHASES:
            return means[metric.name]
        if metric.name == INTERACTION_RATIO:
            return intervals.share(int(_total(rows, CUSTOMERS_SERVED)), int(_total(rows, CUSTOMERS_PRESENT)))
        own = rows.filter(pl.col("metric") == metric.name)
        refusals = own["refused"].drop_nulls().sort()
        if len(refusals):
            return str(refusals[0])
        if metric.unit == COUNT:
            return intervals.count(int(own["value"].sum()))
        if self._concurrent and seller_id == ALL:
            return "Several floors were filmed at once; the times of their sellers do not add up to a time of day."
        return intervals.unseen_time(float(own["value"].sum()), int(own["n"].sum()), self._unseen_s)

    def _averages(self, seller_id: str) -> Mapping[str, Found]:
        if self._sold is None or self._sold.is_empty():
            return dict.fromkeys(OF_PURCHASES, NO_RECEIPTS)
        sold = self._sold if seller_id == ALL else self._sold.filter(pl.col("seller_id") == seller_id)
        return averages(sold, seed=self._rule.seed)


def _held_once(metrics: pl.DataFrame, interactions: pl.DataFrame, purchases: pl.DataFrame) -> pl.DataFrame:
    """Metrics of videos, those interactions counted as unsuccessful whose receipt is held for one of another video.

    Videos are evaluated one by one: two cameras, or two files in a row, may each hold the same receipt for a talk of theirs.
    """
    lost = interactions.filter(pl.col("receipt_id").is_not_null()).join(purchases, on=["video", "interaction"], how="anti")
    counts = pl.concat([lost.select("video", pl.lit(ALL).alias("seller_id")), lost.select("video", "seller_id").drop_nulls()])
    moved = counts.group_by("video", "seller_id").len("moved")
    sign = pl.when(pl.col("metric") == SUCCESSFUL).then(-1).when(pl.col("metric") == UNSUCCESSFUL).then(1).otherwise(0)
    return (
        metrics.join(moved, on=["video", "seller_id"], how="left", maintain_order="left")
        .with_columns(value=pl.col("value") + sign * pl.col("moved").fill_null(0).cast(pl.Float64))
        .drop("moved")
    )


def _undeclared(films: list[Filmed], groups: Mapping[tuple[str, str], str]) -> str | None:
    """Why nobody knows whether people were counted twice, or ``None`` where they were not."""
    for i, film in enumerate(films):
        for other in films[:i]:
            names = sorted({film.camera_id, other.camera_id})
            silent = [name for name in names if (film.store_id, name) not in groups]
            if len(names) > 1 and silent and film.meets(other):
                return (
                    f"Cameras {names[0]} and {names[1]} ran at once, and nobody said whether they see the same floor: "
                    f"declare `overlaps` for {' and '.join(silent)}."
                )
    return None


def _by_floor(films: Iterable[Filmed], groups: Mapping[tuple[str, str], str]) -> list[list[Filmed]]:
    floors: dict[tuple[str, bool, str], list[Filmed]] = {}
    for film in films:
        group = groups.get((film.store_id, film.camera_id))
        floors.setdefault((film.store_id, group is None, group or film.camera_id), []).append(film)
    return [floors[name] for name in sorted(floors)]


def _ended_at(film: Filmed) -> dt.datetime:
    return film.footage.started_at + dt.timedelta(seconds=film.footage.duration_s)


def _total(rows: pl.DataFrame, metric: str) -> float:
    return float(rows.filter(pl.col("metric") == metric)["value"].sum())


def _with_days(purchases: pl.DataFrame, videos: pl.DataFrame) -> pl.DataFrame:
    """Purchases with ``day``, the store's local one."""
    zones = {store: ZoneInfo(zone) for store, zone in videos.sort("video").select("store_id", "time_zone").iter_rows()}
    known = purchases.filter(pl.col("store_id").is_in(list(zones)))
    days = [at.astimezone(zones[store]).date() for at, store in known.select("at", "store_id").iter_rows()]
    return known.with_columns(day=pl.Series(days, dtype=pl.Date))
