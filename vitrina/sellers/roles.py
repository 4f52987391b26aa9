"""Who sells and who buys: points for what can be seen of each person, added up, and said in words.

Points are natural logarithms of odds, so that what is added up is a probability; they are judgements, not fitted, and stand in
`RoleSettings`. Without evidence nobody is a seller.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers.people import Floats, appearances_of
from vitrina.sellers.polygons import Polygon
from vitrina.sellers.presence import PRESENCE, PresenceSettings, presence_of
from vitrina.sellers.roster import PROTOTYPES_SCHEMA, ROSTER, RosterSettings, distances_to_sellers
from vitrina.sellers.shifts import Shift
from vitrina.sellers.tables import People

Point: TypeAlias = tuple[float, str]


@dataclass(frozen=True)
class RoleSettings:
    """What each piece of evidence is worth, in natural logarithms of odds, and how much is enough.

    Attributes
    ----------
    prior
        Of anybody: most people in a shop are customers.
    staff_zone, outside_staff_zone, staff_zone_full
        In the staff zone for at least the share `staff_zone_full`; never in it; in between, in between. Without a zone, neither.
    spread, spread_none, spread_full
        Seen in the share `spread_full` of all parts of the day; in `spread_none`, no points. Half of them are given only so far as
        others came and went meanwhile: without visitors, who stays long may as well be one.
    came_first, left_last, alone
        There before the first visitor; until after the last; all of the time that only one person was there.
    pauses, pauses_full
        Came back from so many pauses.
    prototype, prototype_other_day
        Looks like a seller of the shift as much as one person's detections look alike: as on the same day, as on another one.
    colleague, sure
        Looks like somebody of the same video who is a seller with at least the probability `sure`, seen long enough to be learnt from:
        a uniform, or another part of the same seller's day.
    shift, shift_overlap
        Came and went as a seller's shift begins and ends: of the time from the earlier coming to the later going, at least such a share
        is common to both. Only shifts that begin or end within the video say anything, and the more, the more visitors there are.
    one_place, one_place_heights
        Stayed within so many body heights, and hardly ever in the staff zone: somebody who sits.
    visitors_full
        Visitors from which on a day's pattern tells in full.
    alone_full_s
        Time with exactly one person from which on it tells in full.
    seller, customer
        Probability from which on somebody is a seller, and below which a customer; in between, unknown.
    seller_on_roster
        Probability that suffices where the roster says that one more seller is there.
    roster_slack
        Share of somebody's time at which there may be more sellers than the roster says.
    least_samples
        Samples without which a role is unknown.
    """

    prior: float = -2.0
    staff_zone: float = 3.5
    outside_staff_zone: float = -1.5
    staff_zone_full: float = 0.6
    spread: float = 3.0
    spread_none: float = 0.15
    spread_full: float = 0.5
    came_first: float = 0.5
    left_last: float = 0.5
    alone: float = 1.0
    pauses: float = 0.6
    pauses_full: int = 3
    prototype: float = 4.0
    colleague: float = 3.0
    prototype_other_day: float = 2.5
    shift: float = 2.0
    shift_overlap: float = 0.75
    one_place: float = -3.0
    one_place_heights: float = 0.8
    visitors_full: int = 10
    alone_full_s: float = 300.0
    sure: float = 0.9
    seller: float = 0.7
    customer: float = 0.3
    seller_on_roster: float = 0.5
    roster_slack: float = 0.25
    least_samples: int = 3
    roster: RosterSettings = ROSTER
    presence: PresenceSettings = PRESENCE


ROLES = RoleSettings()


def roles_of(  # noqa: PLR0913  # what was seen, and what is known of the shop
    tracks: pl.DataFrame,
    trajectories: pl.DataFrame,
    *,
    day: dt.date,
    staff_zone: Polygon | None = None,
    shifts: Sequence[Shift] | None = None,
    prototypes: pl.DataFrame | None = None,
    settings: RoleSettings = ROLES,
) -> pl.DataFrame:
    """Who each person of a video is, and why.

    Parameters
    ----------
    tracks
        Rows of table `Tracks` of one video, with their persons.
    trajectories
        Rows of table `Trajectories` of the same video.
    day
        Its day, by the store's clock.
    staff_zone
        Corners of the staff's part of the floor, in pixels.
    shifts
        As of `vitrina.sellers.shifts.shifts_in`: at no time are there more sellers than are on shift. None where nothing is known,
        empty where nobody is on shift. The roster makes nobody a seller whose evidence does not reach `seller_on_roster`.
    prototypes
        What sellers look like, columns of `PROTOTYPES_SCHEMA`; where shifts are known, only of those on shift.
    settings
        What evidence is worth.

    Returns
    -------
    polars.DataFrame
        Rows of table `People`, by person; ``seller_id`` is null until `vitrina.sellers.roster.with_sellers`.
    """
    if tracks.is_empty():
        return People.empty()
    seen = presence_of(tracks, trajectories, staff_zone=staff_zone, settings=settings.presence)
    known = pl.DataFrame(schema=PROTOTYPES_SCHEMA) if prototypes is None else prototypes
    looks = _looks(tracks, known, shifts, day, settings)
    moments = np.unique(trajectories["pts_s"].to_numpy())
    points = {
        row["person"]: [*_points(row, settings), looks[row["person"]], _like_a_shift(row, moments, shifts or (), settings)]
        for row in seen.iter_rows(named=True)
    }
    colleagues = _colleagues(tracks, seen, {person: _probability(found) for person, found in points.items()}, settings)
    points = {person: [*found, colleagues.get(person, (0.0, ""))] for person, found in points.items()}
    probabilities = {person: _probability(found) for person, found in points.items()}
    judged = [row for row in seen.iter_rows(named=True) if not row["fixture"] and row["samples"] >= settings.least_samples]
    roles, said = _roles({row["person"]: probabilities[row["person"]] for row in judged}, tracks, moments, shifts, settings)
    rows = []
    for row in seen.iter_rows(named=True):
        person, p = row["person"], probabilities[row["person"]]
        if row["fixture"]:
            role, confidence, evidence = "fixture", *_fixture(row, settings)
        else:
            role = roles.get(person, "unknown")
            confidence = {"seller": p, "customer": 1 - p}.get(role, 1 - abs(2 * p - 1))
            evidence = _words(points[person], p, said.get(person, "" if person in roles else "seen too briefly to say"))
        rows.append((person, role, confidence, evidence))
    named = pl.DataFrame(rows, schema=["person", "role", "confidence", "evidence"], orient="row")
    return (
        seen.join(named, on="person")
        .join(baseline_roles(seen, shifts), on="person")
        .with_columns(pl.lit(tracks["video"][0]).alias("video"), pl.lit(None, pl.String).alias("seller_id"))
        .select(list(People.polars_schema()))
        .cast(People.polars_schema())  # type: ignore[arg-type]  # polars takes a schema
        .sort("person")
    )


def baseline_roles(present: pl.DataFrame, shifts: Sequence[Shift] | None) -> pl.DataFrame:
    """The plain rule: whoever is in the picture longest sells, re-entries added up; as many as the roster names, or one.

    It takes posters for what they look like, as whoever counts seconds would.

    Parameters
    ----------
    present
        ``person`` and ``present_s``.
    shifts
        As of `roles_of`.
    """
    sellers = 1 if shifts is None else len({shift.seller_id for shift in shifts})
    longest = present.sort(pl.col("present_s"), pl.col("person"), descending=[True, False])["person"].head(sellers)
    return present.select(
        "person",
        baseline_role=pl.when(pl.col("person").is_in(longest.implode())).then(pl.lit("seller")).otherwise(pl.lit("customer")),
    )


def _looks(
    tracks: pl.DataFrame, prototypes: pl.DataFrame, shifts: Sequence[Shift] | None, day: dt.date, settings: RoleSettings
) -> Mapping[int, Point]:
    """Points of each person for looking like a known seller, and the words."""
    persons, means = appearances_of(tracks, settings.roster.looks)
    on_shift = None if shifts is None else {shift.seller_id for shift in shifts}
    sellers = [seller for seller in prototypes["seller_id"].unique().sort() if on_shift is None or seller in on_shift]
    found: dict[int, Point] = dict.fromkeys(persons, (0.0, ""))
    today, otherwise = distances_to_sellers(means, prototypes, sellers, day, settings.roster.looks)
    same, cut = settings.roster.looks.same_distance, settings.roster.looks.cut
    for distances, weight, words in (
        (otherwise, settings.prototype_other_day, "as on another day"),
        (today, settings.prototype, "as today"),
    ):
        for row, person in enumerate(persons):
            if not np.isnan(distances[row]).all():
                column = int(np.nanargmin(distances[row]))
                closeness = min(max((cut - float(distances[row, column])) / (cut - same), 0.0), 1.0)
                if (value := weight * closeness) > found[person][0]:
                    found[person] = (value, f"looks like seller {sellers[column]} {words}")
    return found


def _probability(points: Sequence[Point]) -> float:
    return 1 / (1 + math.exp(-sum(value for value, _ in points)))


def _colleagues(
    tracks: pl.DataFrame, seen: pl.DataFrame, probabilities: Mapping[int, float], settings: RoleSettings
) -> dict[int, Point]:
    """Points of each person for looking like somebody else of the video who is surely a seller, and the words."""
    looks = settings.roster.looks
    persons, means = appearances_of(tracks, looks)
    long = seen.filter(~pl.col("fixture") & (pl.col("present_s") >= settings.roster.sure_present_s))["person"].to_list()
    sure = [row for row, person in enumerate(persons) if person in long and probabilities[person] >= settings.sure]
    found: dict[int, Point] = {}
    if not sure or not means.shape[1]:
        return found
    distances = 1 - means @ means[sure].T
    distances[sure, range(len(sure))] = np.inf
    for person, distance in zip(persons, distances.min(axis=1).tolist(), strict=True):
        closeness = min(max((looks.cut - distance) / (looks.cut - looks.same_distance), 0.0), 1.0)
        if closeness > 0:
            found[person] = (settings.colleague * closeness, "looks like another seller of this video")
    return found


def _points(row: Mapping[str, Any], settings: RoleSettings) -> list[Point]:
    """Everything that speaks for or against a seller."""
    full = min(row["visitors"] / settings.visitors_full, 1.0)
    found: list[Point] = [(settings.prior, "most people are customers")]
    zone = row["staff_zone_share"]
    if zone is not None:
        share = min(zone / settings.staff_zone_full, 1.0)
        # a few samples may lie in the zone by chance
        trust = row["samples"] / (row["samples"] + 5)
        value = settings.outside_staff_zone + share * (settings.staff_zone - settings.outside_staff_zone)
        found.append((value * trust, f"in the staff zone {zone:.0%} of the time"))
    ramp = (row["spread"] - settings.spread_none) / (settings.spread_full - settings.spread_none)
    spread = settings.spread * min(max(ramp, 0.0), 1.0) * (1 + full) / 2
    found.append((spread, f"seen in {row['spread']:.0%} of the day's parts, while {row['visitors']} others came and went"))
    found += [
        (settings.came_first * full * row["came_first"], "there before the first visitor"),
        (settings.left_last * full * row["left_last"], "there until after the last visitor"),
        (
            settings.alone * full * row["alone_share"] * min(row["alone_s"] / settings.alone_full_s, 1.0),
            f"alone in the picture for {row['alone_s'] / 60:.0f} minutes",
        ),
        (
            settings.pauses * min(row["pauses"] / settings.pauses_full, 1.0) * full * (spread > 0),
            f"came back {row['pauses']} times",
        ),
    ]
    sits = row["range_heights"] is not None and row["range_heights"] <= settings.one_place_heights
    if sits and (zone is None or zone < settings.staff_zone_full / 2) and spread > 0:
        # no more than the long stay itself is worth: it is no proof of a customer either
        found.append((max(settings.one_place, -spread), "stays in one place"))
    return found


def _like_a_shift(row: Mapping[str, Any], moments: Floats, shifts: Sequence[Shift], settings: RoleSettings) -> Point:
    """Points for coming and going as somebody on shift would."""
    begin, end = float(moments[0]), float(moments[-1])
    full = min(row["visitors"] / settings.visitors_full, 1.0)
    # who stays all through a part of a shift has neither come nor gone
    edge = 0.05 * (end - begin)
    best = (0.0, "")
    for shift in shifts:
        if shift.begin_s > begin + edge or shift.end_s < end - edge:
            first, last = max(shift.begin_s, begin), min(shift.end_s, end)
            common = min(row["last_s"], last) - max(row["first_s"], first)
            if common >= settings.shift_overlap * (max(row["last_s"], last) - min(row["first_s"], first)) > 0:
                best = max(best, (settings.shift * full, f"came and went as on the shift of seller {shift.seller_id}"))
    return best


def _roles(
    probabilities: Mapping[int, float],
    tracks: pl.DataFrame,
    moments: Floats,
    shifts: Sequence[Shift] | None,
    settings: RoleSettings,
) -> tuple[dict[int, str], dict[int, str]]:
    """The role of each person, and words where the roster has had its say."""
    free = _on_shift(moments, shifts, settings.roster.early_or_late_s)
    roles: dict[int, str] = {}
    said: dict[int, str] = {}
    for person in sorted(probabilities, key=lambda person: (-probabilities[person], person)):
        p = probabilities[person]
        likely = p >= settings.seller
        if likely or (shifts is not None and p >= settings.seller_on_roster):
            there = _there(moments, tracks, person)
            fits = bool((free[there] < 1).mean() <= settings.roster_slack)
            roles[person] = "seller" if fits else "unknown"
            if fits:
                free[there] -= 1
            if fits != likely:
                said[person] = (
                    "the roster has one more seller at that time" if fits else "the roster has no more sellers at that time"
                )
        else:
            roles[person] = "customer" if p < settings.customer else "unknown"
    return roles, said


def _on_shift(moments: Floats, shifts: Sequence[Shift] | None, slack: float) -> Floats:
    """How many sellers may be in the picture at each moment."""
    if shifts is None:
        return np.full(len(moments), np.inf)
    there = {seller: np.zeros(len(moments), dtype=bool) for seller in {shift.seller_id for shift in shifts}}
    for shift in shifts:
        there[shift.seller_id] |= (moments >= shift.begin_s - slack) & (moments <= shift.end_s + slack)
    return sum(there.values(), start=np.zeros(len(moments)))


def _there(moments: Floats, tracks: pl.DataFrame, person: int) -> npt.NDArray[np.bool_]:
    there = np.zeros(len(moments), dtype=bool)
    for first, last in tracks.filter(pl.col("person") == person).select("first_s", "last_s").iter_rows():
        there |= (moments >= first) & (moments <= last)
    return there


def _fixture(row: Mapping[str, Any], settings: RoleSettings) -> tuple[float, str]:
    moved = row["range_heights"]
    confidence = 1 - 0.5 * moved / settings.presence.fixture_heights
    return confidence, f"no person: within {moved:.2f} body heights for {row['present_s'] / 60:.0f} minutes"


def _words(points: Sequence[Point], p: float, said: str) -> str:
    """What speaks for a seller and against, the weightiest first."""
    told = [(value, words) for value, words in points if abs(value) >= 0.05]
    parts = [f"{words} ({value:+.1f})" for value, words in sorted(told, key=lambda point: (-abs(point[0]), point[1]))]
    return f"{'; '.join(parts)}: {p:.0%} a seller" + (f", but {said}" if said else "")
