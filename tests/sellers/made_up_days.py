"""Days of a shop as tracking leaves them, with the truth: who comes and goes, broken tracks, look-alikes, somebody who sits, a poster.

Appearances are made so that pairs of detections are as far apart as OSNet's: .213 for one person, .534 for different ones with
5 % below .398. A third of one person's noise is a track's own, and does not go away in its mean.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from vitrina.sellers.people import people_of
from vitrina.sellers.roster import PROTOTYPES_SCHEMA
from vitrina.sellers.shifts import SHIFTS_SCHEMA, Shift
from vitrina.sellers.tables import Tracks, Trajectories

STEP_S = 5.0
HOUR = 3600.0
DAY = dt.date(2026, 10, 14)
START = dt.datetime(2026, 10, 14, 6, tzinfo=dt.UTC)
VIDEO = "north|till|20261014T060000Z|0123abcd"
STORE = "north"
ZONE = ((0, 300), (500, 300), (500, 420), (0, 420))
FLOOR = ((60, 480, 1860, 1000), (60, 320, 450, 400))
HEIGHT = 160.0
_DIMENSIONS = 16
_ALIKE, _DIFFERENT = 0.787, 0.592


@dataclass
class MadeUpDay:
    """Somebody after the other comes in; `tracks` and `trajectories` are what is left of them, once everybody has come."""

    seed: int = 0
    hours: float = 12.0
    names: list[str] = field(default_factory=list)  # of each track, in order
    sellers: set[str] = field(default_factory=set)
    shifts: list[tuple[str, float, float]] = field(default_factory=list)
    looks: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.common = self._direction()
        self.track_rows, self.sample_rows = [], []

    def seller(self, name, *stays, zone_share=0.5, shift=None, alike=None, lost_every_s=1500.0):
        """Somebody on shift, there for stays of (first, last) seconds."""
        self.sellers.add(name)
        self.shifts.append((name, *(shift or (stays[0][0], stays[-1][1]))))
        if alike is not None:
            self.looks[name] = _unit(self.look(alike) + 0.25 * self._direction())
        for begin, end in stays:
            self._stay(name, begin, end, zone_share=zone_share, lost_every_s=lost_every_s)
        return self

    def customers(self, n, first_s=600.0, last_s=None, minutes=6.0):
        """So many people who come once, at any time, and stay for some minutes."""
        end = self.hours * HOUR - 600 if last_s is None else last_s
        for number in range(n):
            came = float(self.rng.uniform(first_s, end - 120))
            stay = min(float(self.rng.gamma(3, minutes / 3)) * 60, end - came)
            self._stay(f"customer {self.seed}/{number}", came, came + stay, zone_share=0.01, lost_every_s=240.0)
        return self

    def sitter(self, begin, end, name="sitter"):
        """A customer who sits in one place."""
        self._stay(name, begin, end, zone_share=0.0, lost_every_s=1800.0, anchor=(900.0, 700.0), jitter=6.0)
        return self

    def poster(self, name="poster"):
        """A picture of a person, seen all day; whoever passes in front of it cuts its box now and then."""
        self._stay(name, 0, self.hours * HOUR, zone_share=0.0, lost_every_s=4000.0, anchor=(1500.0, 600.0), jitter=1.0, cut=0.05)
        return self

    @cached_property
    def tracks(self):
        return pl.DataFrame(self.track_rows, schema=Tracks.polars_schema(), orient="row")

    @cached_property
    def trajectories(self):
        frames = [pl.DataFrame(rows) for rows in self.sample_rows]
        schema = Trajectories.polars_schema()
        if not frames:
            return pl.DataFrame(schema=schema)
        rows = pl.concat(frames).with_columns(
            video=pl.lit(VIDEO),
            at=pl.lit(START) + pl.duration(microseconds=(pl.col("pts_s") * 1e6).cast(pl.Int64)),
            floor_x=pl.lit(None, pl.Float64),
            floor_y=pl.lit(None, pl.Float64),
            heading=pl.lit(None, pl.Float64),
        )
        return rows.select(list(schema)).cast(schema)

    @cached_property
    def joined(self):
        """Tracks with the persons that they are joined to."""
        return with_people(self.tracks)

    @property
    def on_shift(self):
        return tuple(Shift(name, begin, end) for name, begin, end in sorted(self.shifts))

    @property
    def roster(self):
        rows = [
            (STORE, name, START + dt.timedelta(seconds=begin), START + dt.timedelta(seconds=end))
            for name, begin, end in self.shifts
        ]
        return pl.DataFrame(rows, schema=SHIFTS_SCHEMA, orient="row")

    def look(self, name):
        if name not in self.looks:
            own = self._direction()
            self.looks[name] = _unit(np.sqrt(_DIFFERENT) * self.common + np.sqrt(1 - _DIFFERENT) * own)
        return self.looks[name]

    def prototypes(self, *names, day=DAY):
        rows = [(name, day, self.look(name).tolist()) for name in names]
        return pl.DataFrame(rows, schema=PROTOTYPES_SCHEMA, orient="row")

    def _direction(self):
        return _unit(self.rng.normal(size=_DIMENSIONS))

    def _seen(self, name, samples):
        """The mean of noisy detections of a track, at unit length."""
        noise = (1 - _ALIKE) / _ALIKE / _DIMENSIONS
        spread = np.sqrt(noise * (1 / 3 + 2 / 3 / samples))
        return _unit(self.look(name) + spread * self.rng.normal(size=_DIMENSIONS))

    def _stay(self, name, begin, end, *, zone_share, lost_every_s, anchor=None, jitter=8.0, cut=0.0):
        """Somebody is there, and tracking loses them now and then, for up to a minute; shreds of one to three samples remain."""
        at = np.ceil(begin / STEP_S) * STEP_S
        while at <= end:
            length = STEP_S * self.rng.integers(0, 3) if self.rng.random() < 0.2 else self.rng.exponential(lost_every_s)
            last = min(at + np.floor(length / STEP_S) * STEP_S, np.floor(end / STEP_S) * STEP_S)
            times = np.arange(at, last + STEP_S / 2, STEP_S)
            self._track(name, times, zone_share=zone_share, anchor=anchor, jitter=jitter, cut=cut)
            at = last + STEP_S * self.rng.integers(1, 12)

    def _track(self, name, times, *, zone_share, anchor=None, jitter=8.0, cut=0.0):
        n = len(times)
        blocks = (times // 90).astype(int) - int(times[0] // 90)
        zone = self.rng.random(blocks[-1] + 1) < zone_share
        corners = np.where(zone[:, None], FLOOR[1], FLOOR[0])
        anchors = self.rng.uniform(corners[:, :2], corners[:, 2:])
        if anchor is not None:
            anchors[:] = anchor
        feet = anchors[blocks] + self.rng.normal(scale=jitter, size=(n, 2))
        height = np.where(self.rng.random(n) < cut, HEIGHT / 2, HEIGHT)
        track = len(self.names) + 1
        self.names.append(name)
        self.sample_rows.append(
            {
                "track": np.full(n, track),
                "sample": (times / STEP_S).astype(int),
                "pts_s": times,
                "x1": feet[:, 0] - HEIGHT / 5,
                "y1": feet[:, 1] - HEIGHT,
                "x2": feet[:, 0] + HEIGHT / 5,
                "y2": feet[:, 1] - HEIGHT + height,
                "foot_x": feet[:, 0],
                "foot_y": feet[:, 1] - HEIGHT + height,
            }
        )
        moved = float(np.ptp(feet, axis=0).max())
        look = self._seen(name, n).tolist()
        self.track_rows.append((VIDEO, track, 1, float(times[0]), float(times[-1]), n, 0.8, HEIGHT, moved, look))


def _unit(vector):
    return vector / np.linalg.norm(vector)


def with_people(tracks):
    return tracks.drop("person").join(people_of(tracks), on=("video", "track")).select(list(Tracks.polars_schema()))


def usual_day(seed=0, hours=12.0):
    """Anna opens and closes the shop, with three pauses; sixty customers."""
    end = hours * HOUR
    stays = ((0, 0.3 * end), (0.33 * end, 0.6 * end), (0.66 * end, 0.8 * end), (0.82 * end, end))
    return MadeUpDay(seed, hours).seller("anna", *stays, shift=(0, end)).customers(60)


def day_of_two(seed=0, alike=None):
    """Anna in the morning, Boris in the evening, both at midday."""
    return (
        MadeUpDay(seed)
        .seller("anna", (0, 3 * HOUR), (3.2 * HOUR, 7 * HOUR))
        .seller("boris", (5 * HOUR, 8.5 * HOUR), (8.7 * HOUR, 12 * HOUR), alike=alike)
        .customers(60)
    )


def day_with_everything(seed=0):
    """Two sellers, customers, one who sits for an hour, and a poster."""
    return day_of_two(seed).sitter(4 * HOUR, 5 * HOUR).poster()


def day_without_sellers(seed=0):
    """Nobody came to work; a customer sits for an hour, and a poster hangs."""
    return MadeUpDay(seed).customers(50).sitter(4 * HOUR, 5 * HOUR).poster()


def sellers_tracks(tracks, people, column="role"):
    """Numbers of the tracks of whoever is said to sell."""
    return set(tracks.join(people.filter(pl.col(column) == "seller"), on="person")["track"].to_list())


def seller_minutes(day, said):
    """Precision and recall of the time of sellers, in what is said of tracks; None where there is nothing to divide by."""
    time = dict(day.tracks.select("track", pl.col("last_s") - pl.col("first_s") + STEP_S).iter_rows())
    true = {track for track, name in enumerate(day.names, start=1) if name in day.sellers}
    right = sum(time[track] for track in said & true)
    told, there = sum(time[track] for track in said), sum(time[track] for track in true)
    return (right / told if told else None), (right / there if there else None)
