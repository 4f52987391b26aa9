"""Who is who in a video: tracks of somebody who leaves the picture and returns are joined into one person.

Average linkage, for two reasons. A cannot-link survives every step of it, for an infinite distance stays infinite in a mean, so that
no person is ever in two places at once; and a chain of look-alikes does not grow together as it does under single linkage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

PEOPLE_SCHEMA = {"video": pl.String(), "track": pl.Int64(), "person": pl.Int64()}
RESUMED_SCHEMA = {"video": pl.String(), "track": pl.Int64(), "later": pl.Int64()}
ALIKE_SCHEMA = {"video": pl.String(), "person": pl.Int64(), "other": pl.Int64(), "distance": pl.Float64()}


@dataclass(frozen=True)
class PeopleSettings:
    """How alike two detections must look to be of one person; the defaults are OSNet's.

    Attributes
    ----------
    same_distance
        Median cosine distance of two detections of one person. Of different people it is .534.
    cut
        Mean distance of detections up to which tracks are one person: 95 % of one person's pairs are below .362, 95 % of different
        people's above .398.
    short_samples
        Tracks with fewer samples join a person, or one another, but never decide that two longer ones are one person.
    lost_cut
        How many times the cut two persons may differ who are one for another reason: the one was lost, and the other has no past.
    resumed_s, resumed_heights
        How soon, and how near, in body heights, somebody is found again who was hidden; `lost_cut` applies to them too.
    """

    same_distance: float = 0.213
    cut: float = 0.37
    gap_s: float = 7200.0
    gap_distance: float = 0.06
    short_samples: int = 4
    lost_cut: float = 1.3
    resumed_s: float = 120.0
    resumed_heights: float = 0.9


PEOPLE = PeopleSettings()


@dataclass(frozen=True)
class _Tracks:
    """Columns of the tracks of one video, in order of time."""

    first: Floats
    last: Floats
    samples: Ints
    means: Floats  # shape (tracks, d): as long as means of unit vectors are

    def at(self, rows: Ints) -> _Tracks:
        return _Tracks(self.first[rows], self.last[rows], self.samples[rows], self.means[rows])

    def gaps(self, other: _Tracks) -> Floats:
        """Time between tracks, shape (tracks, others); 0 where they overlap."""
        return np.maximum(np.maximum(self.first[:, None] - other.last, other.first - self.last[:, None]), 0)

    def overlaps(self, other: _Tracks) -> npt.NDArray[np.bool_]:
        """Which tracks are in the picture at the same time; shape (tracks, others)."""
        met: npt.NDArray[np.bool_] = (self.first[:, None] <= other.last) & (other.first <= self.last[:, None])
        return met


def people_of(tracks: pl.DataFrame, *, resumed: pl.DataFrame | None = None, settings: PeopleSettings = PEOPLE) -> pl.DataFrame:
    """Which person each track belongs to.

    Parameters
    ----------
    tracks
        Rows of table `Tracks`, of any number of videos; column ``person`` is not read, and may be missing.
    resumed
        As of `vitrina.sellers.resuming.resumed`: who is found where somebody was lost may look a little different all the same.
    settings
        How alike tracks of one person look.

    Returns
    -------
    polars.DataFrame
        ``video``, ``track`` and ``person``; persons are numbered from 1 within a video, by their first samples. The order of the
        rows given changes nothing.
    """
    parts = []
    for video in tracks["video"].unique().sort():
        rows = tracks.filter(pl.col("video") == video).sort("first_s", "track")
        columns = _columns(rows, settings)
        labels = _labels(columns, settings)
        if resumed is not None:
            labels = _rejoined(columns, labels, _places(rows, resumed.filter(pl.col("video") == video)), settings)
        persons = _first_come(labels)
        parts.append(rows.select("video", pl.col("track").cast(pl.Int64), pl.Series("person", persons, pl.Int64)))
    return pl.concat(parts).sort("video", "track") if parts else pl.DataFrame(schema=PEOPLE_SCHEMA)


def alike(tracks: pl.DataFrame, settings: PeopleSettings = PEOPLE) -> pl.DataFrame:
    """Persons who were told apart and may be one all the same: never there at the same time, and not too different.

    Parameters
    ----------
    tracks
        Rows of table `Tracks` of one video, with their persons.
    settings
        Says how different.

    Returns
    -------
    polars.DataFrame
        Columns of `ALIKE_SCHEMA`, with each pair both ways round; ``distance`` is the mean cosine distance of their detections.
    """
    persons, means = appearances_of(tracks, settings)
    if not means.shape[1]:
        return pl.DataFrame(schema=ALIKE_SCHEMA)
    distances = 1 - means @ means.T
    ordered = tracks.sort("person", "track")
    first, last, samples = (ordered[name].to_numpy() for name in ("first_s", "last_s", "samples"))
    spans = _Tracks(first, last, samples, np.zeros((tracks.height, 0)))
    members = (ordered["person"].to_numpy() == np.array(persons)[:, None]).astype(np.float32)
    met = members @ spans.overlaps(spans).astype(np.float32) @ members.T > 0
    rows, columns = np.nonzero((distances <= settings.cut * settings.lost_cut) & ~met)
    named = np.array(persons, dtype=np.int64)
    return pl.DataFrame(
        {"person": named[rows], "other": named[columns], "distance": distances[rows, columns]},
        schema={name: ALIKE_SCHEMA[name] for name in ("person", "other", "distance")},
    ).select(pl.lit(tracks["video"][0]).alias("video"), "person", "other", "distance")


def mean_length(samples: Any, settings: PeopleSettings = PEOPLE) -> Any:
    """Length of the mean of unit vectors of one person, as it is to be expected.

    A track's appearance is a mean, put back to unit length, and noise is lost on the way: means look more alike than the detections
    that they are of, those of different people too. On a corridor's 67 boxes, halves of one person's track were at most .12 apart,
    and tracks of different people as little as .32, where a cut at .37 joins them. With its expected length back, the product of two
    means is the mean product of their detections, so that limits found for pairs of detections hold.

    Parameters
    ----------
    samples
        Detections in the mean; a number, or numbers of any shape.
    settings
        Says how alike two detections of one person are.

    References
    ----------
    K. V. Mardia, P. E. Jupp (2000), Directional Statistics, section 9.2: the mean resultant length.
    """
    alike = 1 - settings.same_distance
    return np.sqrt(alike + (1 - alike) / np.maximum(samples, 1))


def unit_rows(appearances: pl.Series) -> Floats:
    """Appearances as rows of unit length, zeros where there is none; shape (rows, d)."""
    lists = appearances.to_list()
    width = max((len(vector) for vector in lists if vector), default=0)
    rows = np.zeros((len(lists), width))
    for row, vector in zip(rows, lists, strict=True):
        if vector and len(vector) == width:
            row[:] = vector
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.where(lengths > 0, lengths, 1)
    return unit


def appearances_of(tracks: pl.DataFrame, settings: PeopleSettings = PEOPLE) -> tuple[list[int], Floats]:
    """Persons of one video, ascending, and the mean of each one's detections, as long as it is expected to be; shape (persons, d).

    Parameters
    ----------
    tracks
        Rows of table `Tracks` of one video.
    settings
        Says how alike two detections of one person are.
    """
    rows = tracks.sort("person", "track")
    persons, places = np.unique(rows["person"].to_numpy(), return_inverse=True)
    samples = rows["samples"].to_numpy()
    unit = unit_rows(rows["appearance"])
    sums = np.zeros((len(persons), unit.shape[1]))
    np.add.at(sums, places, unit * samples[:, None])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    expected = mean_length(np.bincount(places, weights=samples, minlength=len(persons)), settings)[:, None]
    return [int(person) for person in persons], sums / np.where(lengths > 0, lengths, 1) * expected


def _columns(rows: pl.DataFrame, settings: PeopleSettings) -> _Tracks:
    samples = rows["samples"].to_numpy()
    means = unit_rows(rows["appearance"]) * mean_length(samples, settings)[:, None]
    return _Tracks(rows["first_s"].to_numpy(), rows["last_s"].to_numpy(), samples, means)


def _labels(tracks: _Tracks, settings: PeopleSettings) -> Ints:
    """A number per track: long tracks among themselves first, then short ones to them, and what is left among itself."""
    long = np.flatnonzero(tracks.samples >= settings.short_samples)
    short = np.flatnonzero(tracks.samples < settings.short_samples)
    labels = np.full(len(tracks.samples), -1, dtype=np.int64)
    labels[long] = _linked(tracks.at(long), settings)
    labels[short] = _attached(tracks.at(short), tracks.at(long), labels[long], settings)
    left = np.flatnonzero(labels < 0)
    labels[left] = len(tracks.samples) + _linked(tracks.at(left), settings)
    return labels


def _penalty(gaps: npt.NDArray[Any], settings: PeopleSettings) -> Any:
    return settings.gap_distance * np.minimum(gaps / settings.gap_s, 1)


def _linked(tracks: _Tracks, settings: PeopleSettings) -> Ints:
    """Average linkage over all detections, as long as the nearest two clusters are within the cut; a number per track."""
    n = len(tracks.samples)
    labels = np.arange(n, dtype=np.int64)
    if n < 2:
        return labels
    distance = (1 - tracks.means @ tracks.means.T).astype(np.float32)
    distance[tracks.overlaps(tracks)] = np.inf  # a track overlaps itself
    gaps = tracks.gaps(tracks).astype(np.float32)
    weights = tracks.samples.astype(np.float32)
    total = distance + _penalty(gaps, settings)
    nearest, least = total.argmin(axis=1), total.min(axis=1)
    while True:
        first = int(least.argmin())
        if not least[first] <= settings.cut:
            return labels
        kept, gone = sorted((first, int(nearest[first])))
        distance[kept] = (weights[kept] * distance[kept] + weights[gone] * distance[gone]) / (weights[kept] + weights[gone])
        distance[kept, kept] = distance[gone] = np.inf
        gaps[kept] = np.minimum(gaps[kept], gaps[gone])
        weights[kept] += weights[gone]
        labels[labels == gone] = kept
        for row in (kept, gone):
            distance[:, row], gaps[:, row] = distance[row], gaps[row]
            total[row] = distance[row] + _penalty(gaps[row], settings)
            total[:, row] = total[row]
        # who was nearest to one of the two looks around again; to others the two may have come nearer, for the gap is shorter
        stale = np.append(np.flatnonzero((nearest == kept) | (nearest == gone)), kept)
        nearest[stale], least[stale] = total[stale].argmin(axis=1), total[stale].min(axis=1)
        nearer = total[:, kept] < least
        nearest[nearer], least[nearer] = kept, total[nearer, kept]
        least[gone] = np.inf


def _attached(short: _Tracks, long: _Tracks, labels: Ints, settings: PeopleSettings) -> Ints:
    """The person of each short track, of those that long tracks are of, the likest first; -1 where there is none."""
    chosen = np.full(len(short.samples), -1, dtype=np.int64)
    persons = np.unique(labels)
    if not short.samples.size or not persons.size:
        return chosen
    members = (labels == persons[:, None]).astype(np.float64)
    weights = members * long.samples
    means = weights @ long.means / weights.sum(axis=1, keepdims=True)
    gaps = np.column_stack([short.gaps(long.at(np.flatnonzero(labels == person))).min(axis=1) for person in persons])
    distance = 1 - short.means @ means.T + _penalty(gaps, settings)
    distance[short.overlaps(long).astype(np.float64) @ members.T > 0] = np.inf
    together = short.overlaps(short)
    for row in np.argsort(distance.min(axis=1), kind="stable"):
        for person in np.argsort(distance[row], kind="stable"):
            if not distance[row, person] <= settings.cut:
                break
            if not (together[row] & (chosen == persons[person])).any():
                chosen[row] = persons[person]
                break
    return chosen


def _places(rows: pl.DataFrame, resumed: pl.DataFrame) -> Ints:
    """Rows of tracks, and of those that go on as them; shape (pairs, 2)."""
    numbers = rows["track"].to_numpy()
    order = np.argsort(numbers)
    wanted = resumed.select("track", "later").to_numpy()
    found: Ints = order[np.searchsorted(numbers, wanted, sorter=order)]
    return found


def _rejoined(tracks: _Tracks, labels: Ints, resumed: Ints, settings: PeopleSettings) -> Ints:
    """Labels, those persons joined of whom a track goes on as one of the other; the likest first.

    Short tracks have no say in it either: where one is at the same time as the other person, it is a second box of somebody, and gets
    a number of its own.
    """
    labels = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    overlaps = tracks.overlaps(tracks) & ~np.eye(len(labels), dtype=bool)
    long = tracks.samples >= settings.short_samples
    sums, weights = np.zeros((labels.max(initial=-1) + 1, tracks.means.shape[1])), np.bincount(labels, weights=tracks.samples)
    np.add.at(sums, labels, tracks.means * tracks.samples[:, None])
    pairs = resumed

    def apart(of: Ints) -> Floats:
        one, other = labels[of].T
        scale = np.maximum(weights[one], 1) * np.maximum(weights[other], 1)
        return np.where(one == other, np.inf, 1 - (sums[one] * sums[other]).sum(axis=1) / scale)

    distance = apart(pairs)
    while len(pairs):
        best = int(distance.argmin())
        if not distance[best] <= settings.cut * settings.lost_cut:
            break
        theirs = [np.flatnonzero(labels == label) for label in sorted(labels[pairs[best]].tolist())]
        decisive = [rows[long[rows]] if long[rows].any() else rows for rows in theirs]
        if overlaps[np.ix_(*decisive)].any():
            # two who were there at the same time stay two, whoever else is joined with either
            pairs, distance = np.delete(pairs, best, axis=0), np.delete(distance, best)
            continue
        kept, gone = (int(labels[rows[0]]) for rows in theirs)
        joined = np.concatenate(theirs)
        labels[joined] = kept
        sums[kept], weights[kept] = sums[kept] + sums[gone], weights[kept] + weights[gone]
        twice = joined[~long[joined] & overlaps[np.ix_(joined, joined)].any(axis=1)]
        sums[kept] -= (tracks.means[twice] * tracks.samples[twice, None]).sum(axis=0)
        weights[kept] -= tracks.samples[twice].sum()
        labels[twice] = len(labels) + labels.max() + np.arange(len(twice))
        left = ~np.isin(pairs, twice).any(axis=1)
        pairs, distance = pairs[left], distance[left]
        # of all other pairs nothing has changed
        theirs_too = (labels[pairs] == kept).any(axis=1)
        distance[theirs_too] = apart(pairs[theirs_too])
    return labels


def _first_come(labels: Ints) -> Ints:
    """Labels numbered from 1, by where they first stand."""
    _, first, places = np.unique(labels, return_index=True, return_inverse=True)
    numbers: Ints = np.argsort(np.argsort(first))[places] + 1
    return numbers
