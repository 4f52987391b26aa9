"""Where people are between the moments at which somebody looked: for blurring, where one box too many does no harm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Floats: TypeAlias = npt.NDArray[np.float64]
Moment: TypeAlias = tuple[float, npt.NDArray[np.floating]]
"""A time in seconds, and the boxes that were found then, shape (n, 4)."""

PART_S = 30.0
"""Ways are looked up by parts of so many seconds."""


@dataclass(frozen=True)
class HoldSettings:
    """For how long somebody who is not found is taken to be near where they were.

    Attributes
    ----------
    hold_s
        Time for which a box stands before it was first found and after it was last found.
    lone_hold_s
        The same for what was found on one frame alone, which is mostly nobody; in tracks, it is somebody.
    bridged_s
        Longest time between two findings that are taken for one person on their way; the way is straight.
    direct_s
        Time between two findings up to which the way alone counts; beyond, both ends are held, too, for it may be two people.
    reach_heights, speed_heights_s
        How far two findings of one person may lie apart, in heights of their boxes, and by how much more per second between.
    growth_heights_s
        By how much a held box grows per second, in its heights, to all sides: a person who walks makes about .8 a second.
    """

    hold_s: float = 2.0
    lone_hold_s: float = 0.6
    bridged_s: float = 3.0
    direct_s: float = 0.5
    reach_heights: float = 0.4
    speed_heights_s: float = 1.0
    growth_heights_s: float = 0.2


HOLD = HoldSettings()


@dataclass(frozen=True, eq=False)
class Way:
    """Findings that are taken for one person.

    Attributes
    ----------
    times
        Ascending, shape (n,), in seconds.
    boxes
        Left, upper, right and lower edges, shape (n, 4).
    is_track
        Whether it is a track of the whole video.
    """

    times: Floats
    boxes: Floats
    is_track: bool = False

    def at(self, time_s: float, hold: HoldSettings) -> list[tuple[Floats, float]]:
        """Boxes in which the person may be, and by how many pixels they may be elsewhere."""
        after = int(np.searchsorted(self.times, time_s, side="left"))
        if after < len(self.times) and self.times[after] == time_s:
            return [(self.boxes[after], 0.0)]
        ends = [place for place in (after - 1, after) if 0 <= place < len(self.times)]
        gap = self.times[after] - self.times[after - 1] if len(ends) == 2 else np.inf
        found = []
        if gap <= hold.bridged_s:
            share = (time_s - self.times[after - 1]) / gap
            found.append(((1 - share) * self.boxes[after - 1] + share * self.boxes[after], 0.0))
        if gap > hold.direct_s:
            hold_s = hold.hold_s if self.is_track or len(self.times) > 1 else hold.lone_hold_s
            for place in ends:
                away = abs(time_s - self.times[place])
                if away <= hold_s:
                    height = self.boxes[place, 3] - self.boxes[place, 1]
                    found.append((self.boxes[place], float(hold.growth_heights_s * away * height)))
        return found


def ways_of(moments: Sequence[Moment], hold: HoldSettings = HOLD) -> list[Way]:
    """Findings joined by nearness alone: who it is does not matter here.

    Parameters
    ----------
    moments
        Ascending by time, those without boxes included or not.
    hold
        How near is near.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # the graph is loaded without it

    times: list[list[float]] = []
    boxes: list[list[Floats]] = []
    for time_s, given in moments:
        found = np.asarray(given, dtype=np.float64).reshape(-1, 4)
        alive = [place for place, known in enumerate(times) if time_s - known[-1] <= hold.bridged_s]
        taken: dict[int, int] = {}
        if alive and len(found):
            last = np.array([boxes[place][-1] for place in alive])
            since = time_s - np.array([times[place][-1] for place in alive])
            away = _away(last, found) / (hold.reach_heights + hold.speed_heights_s * since[:, None])
            rows, columns = linear_sum_assignment(np.minimum(away, 1e3))
            taken = {int(column): alive[row] for row, column in zip(rows, columns, strict=True) if away[row, column] <= 1}
        for row, box in enumerate(found):
            if row in taken:
                times[taken[row]].append(time_s)
                boxes[taken[row]].append(box)
            else:
                times.append([time_s])
                boxes.append([box])
    return [Way(np.array(known), np.array(corners)) for known, corners in zip(times, boxes, strict=True)]


def ways_of_tracks(trajectories: pl.DataFrame, scale: tuple[float, float] = (1.0, 1.0)) -> list[Way]:
    """A way per track.

    Parameters
    ----------
    trajectories
        Rows of table `Trajectories` of one video.
    scale
        Pixels of the rows' boxes per pixel wanted, across and down.
    """
    shrink = np.array([*scale, *scale])
    return [
        Way(rows["pts_s"].to_numpy(), rows.select("x1", "y1", "x2", "y2").to_numpy() / shrink, is_track=True)
        for _, rows in trajectories.sort("track", "pts_s").group_by("track", maintain_order=True)
    ]


class Whereabouts:
    """Where anybody may be at any time.

    Parameters
    ----------
    ways
        Of everybody, in any order.
    hold
        For how long somebody who is not found is taken to be near.
    """

    def __init__(self, ways: Iterable[Way], hold: HoldSettings = HOLD) -> None:
        self._hold = hold
        self._ways: dict[int, list[Way]] = {}
        # a day has thousands of ways, and each moment a few
        for way in ways:
            for part in range(_part(way.times[0] - hold.hold_s), _part(way.times[-1] + hold.hold_s) + 1):
                self._ways.setdefault(part, []).append(way)

    def at(self, time_s: float) -> tuple[Floats, Floats]:
        """Boxes in which anybody may be, shape (n, 4), and by how many pixels each may be elsewhere, shape (n,)."""
        found = [place for way in self._ways.get(_part(time_s), ()) for place in way.at(time_s, self._hold)]
        return np.array([box for box, _ in found]).reshape(-1, 4), np.array([grown for _, grown in found], dtype=np.float64)


def _part(time_s: float) -> int:
    return int(time_s // PART_S)


def _away(boxes: Floats, others: Floats) -> Floats:
    """Distances of the boxes' upper middles, where heads are, in heights of the higher box; shape (n, m)."""
    heads, other_heads = (np.column_stack([(of[:, 0] + of[:, 2]) / 2, of[:, 1]]) for of in (boxes, others))
    heights, other_heights = (of[:, 3] - of[:, 1] for of in (boxes, others))
    distances = np.linalg.norm(heads[:, None] - other_heads[None], axis=2)
    return np.asarray(distances / np.maximum(np.maximum(heights[:, None], other_heights[None]), 1.0), dtype=np.float64)
