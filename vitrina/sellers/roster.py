"""Which seller of the shifts each person with the role of a seller is; nobody is named by a guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers.people import PEOPLE, Floats, PeopleSettings, appearances_of, mean_length, unit_rows
from vitrina.sellers.punctuality import unpunctual
from vitrina.sellers.shifts import Shift
from vitrina.sellers.spans import union

PROTOTYPES_SCHEMA = {"seller_id": pl.String(), "day": pl.Date(), "appearance": pl.List(pl.Float32())}
MATCHES_SCHEMA = {
    "person": pl.Int64(),
    "seller_id": pl.String(),
    "distance": pl.Float64(),
    "margin": pl.Float64(),
    "sure": pl.Boolean(),
}
_FORBIDDEN = 1e6


@dataclass(frozen=True)
class RosterSettings:
    """When a match is made, and when it is sure.

    Attributes
    ----------
    looks
        How alike two detections of one person look.
    early_or_late_s
        By how much somebody may come before a shift, or go after it.
    least_overlap
        Share of a person's time in the picture that must fall into the seller's shift.
    stranger
        What it costs to leave a person unmatched. A match costs between 0 and 1 by appearance, 1 where the seller's appearance is not
        known, the share of the person's time outside the shift, and what coming and going cost.
    punctual_share, unpunctual
        Share of a shift by which people are usually early or late; and the cost of somebody who comes and goes at other times.
    least_margin
        By how much all matches together must be cheaper than the best ones without this one.
    sure_margin, sure_confidence, sure_present_s
        What a match and a person need for the seller's appearance to be learnt from them.
    kept_days
        How long the appearance of a seller is kept.
    """

    looks: PeopleSettings = PEOPLE
    early_or_late_s: float = 1800.0
    least_overlap: float = 0.5
    stranger: float = 1.6
    punctual_share: float = 0.025
    unpunctual: float = 0.6
    least_margin: float = 0.25
    sure_margin: float = 0.5
    sure_confidence: float = 0.9
    sure_present_s: float = 300.0
    kept_days: int = 30


ROSTER = RosterSettings()


def distances_to_sellers(
    means: Floats, prototypes: pl.DataFrame, sellers: Sequence[str], day: dt.date, settings: PeopleSettings = PEOPLE
) -> tuple[Floats, Floats]:
    """How far persons look from what is known of sellers.

    Parameters
    ----------
    means
        As of `vitrina.sellers.people.appearances_of`, shape (persons, d).
    prototypes
        Columns of `PROTOTYPES_SCHEMA`.
    sellers
        The sellers in question.
    day
        The day of the video.
    settings
        Says how alike two detections of one person are.

    Returns
    -------
    tuple of arrays of shape (persons, sellers)
        Distances to the appearance on the day itself, and the least of those to appearances on other days; NaN where none is known.
    """
    today = np.full((len(means), len(sellers)), np.nan)
    otherwise = today.copy()
    for column, seller in enumerate(sellers):
        # those of a net with other vectors say nothing
        known = prototypes.filter((pl.col("seller_id") == seller) & (pl.col("appearance").list.len() == means.shape[1]))
        for found, rows in (
            (today, known.filter(pl.col("day") == day)),
            (otherwise, known.filter(pl.col("day") != day)),
        ):
            if rows.height and len(means):
                looks = unit_rows(rows["appearance"]) * mean_length(np.inf, settings)
                found[:, column] = (1 - means @ looks.T).min(axis=1)
    return today, otherwise


def matched(  # noqa: PLR0913  # who is there, who may be, and what is known of them
    people: pl.DataFrame,
    tracks: pl.DataFrame,
    shifts: Sequence[Shift] | None,
    prototypes: pl.DataFrame,
    *,
    day: dt.date,
    settings: RosterSettings = ROSTER,
) -> pl.DataFrame:
    """Matches of sellers in the picture with those on shift, by the Hungarian method.

    A match stands only if the cheapest assignment without it is dearer by a margin: two sellers of one shift whose appearance nobody
    knows stay unknown, and so do two that look alike; the last one left of two is matched because the other one is, and whoever comes
    and goes as a shift begins and ends, while others do as theirs, because of that. Only persons
    that are in the picture together compete: others may be one seller whom tracking has lost.

    Parameters
    ----------
    people
        Rows of table `People` of one video.
    tracks
        Rows of table `Tracks` of the same video.
    shifts
        As of `vitrina.sellers.shifts.shifts_in`.
    prototypes
        Columns of `PROTOTYPES_SCHEMA`.
    day
        The day of the video, by the store's clock.
    settings
        When a match is made.

    Returns
    -------
    polars.DataFrame
        Columns of `MATCHES_SCHEMA`, one row per matched person; ``distance`` is null where the seller's appearance is not known.
    """
    sellers = sorted({shift.seller_id for shift in shifts or ()})
    persons = sorted(people.filter(pl.col("role") == "seller")["person"].to_list())
    if not sellers or not persons:
        return pl.DataFrame(schema=MATCHES_SCHEMA)
    numbers, means = appearances_of(tracks.filter(pl.col("person").is_in(persons)), settings.looks)
    spans = {number: _spans(tracks, number) for number in numbers}
    slack = settings.early_or_late_s
    outside = 1 - np.array([[_overlap(spans[number], shifts or (), seller, slack) for seller in sellers] for number in numbers])
    today, otherwise = distances_to_sellers(means, prototypes, sellers, day, settings.looks)
    distance = _told(today, otherwise, settings.looks)
    together = np.array([[_together(spans[one], spans[other]) for other in numbers] for one in numbers])
    late = _lateness(spans, numbers, tracks, shifts or (), sellers, settings)
    # tracks of two who look alike may have changed places: nobody knows whose coming it was
    late[((1 - means @ means.T <= settings.looks.cut) & together & ~np.eye(len(numbers), dtype=bool)).any(axis=1)] = 0
    costs = _likeness(distance, settings.looks) + outside + settings.unpunctual * late
    # whoever looks different today is somebody else; whoever looked different on another day may have changed clothes
    costs[(today > settings.looks.cut) | (outside > 1 - settings.least_overlap)] = _FORBIDDEN
    found = _assigned(costs, together, settings)
    said = people.select("person", "confidence", "present_s").rows_by_key("person", unique=True)
    rows = []
    for row, (column, margin) in sorted(found.items()):
        confidence, present_s = said[numbers[row]]
        known = None if np.isnan(distance[row, column]) else float(distance[row, column])
        sure = margin >= settings.sure_margin and confidence >= settings.sure_confidence and present_s >= settings.sure_present_s
        rows.append((numbers[row], sellers[column], known, margin, sure))
    return pl.DataFrame(rows, schema=MATCHES_SCHEMA, orient="row")


def with_sellers(people: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    """People with the sellers that they were matched with; those with the role of a seller and no match are unknown sellers."""
    names = matches.select("person", "seller_id")
    return people.drop("seller_id").join(names, on="person", how="left", maintain_order="left").select(people.columns)


def learnt(
    prototypes: pl.DataFrame, matches: pl.DataFrame, tracks: pl.DataFrame, *, day: dt.date, settings: RosterSettings = ROSTER
) -> pl.DataFrame:
    """Appearances of sellers with what sure matches have shown; one row per seller and day.

    Parameters
    ----------
    prototypes
        What is known, columns of `PROTOTYPES_SCHEMA`.
    matches
        As of `matched`.
    tracks
        Rows of table `Tracks` of the same video.
    day
        The day of the video, by the store's clock.
    settings
        Says how long appearances are kept.

    Returns
    -------
    polars.DataFrame
        By seller and day; what is too old is gone. Of a seller who was known on the day, both appearances count the same.
    """
    sure = matches.filter("sure").select("person", "seller_id")
    shown = tracks.join(sure, on="person").with_columns(pl.col("appearance").cast(pl.List(pl.Float32)))
    rows = []
    for seller in shown["seller_id"].unique().sort():
        of_seller = shown.filter(pl.col("seller_id") == seller).with_columns(person=pl.lit(1))
        unit = appearances_of(of_seller)[1][0]
        known = prototypes.filter(
            (pl.col("seller_id") == seller) & (pl.col("day") == day) & (pl.col("appearance").list.len() == len(unit))
        )
        if known.height:
            unit = unit / np.linalg.norm(unit) + unit_rows(known["appearance"]).mean(axis=0)
        rows.append((seller, day, (unit / np.linalg.norm(unit)).tolist()))
    new = pl.DataFrame(rows, schema=PROTOTYPES_SCHEMA, orient="row")
    kept = prototypes.filter(pl.col("day") > day - dt.timedelta(days=settings.kept_days)).join(
        new, on=("seller_id", "day"), how="anti"
    )
    return pl.concat([kept.select(list(PROTOTYPES_SCHEMA)).cast(PROTOTYPES_SCHEMA), new]).sort("seller_id", "day")  # type: ignore[arg-type]  # polars takes a schema


def _spans(tracks: pl.DataFrame, person: int) -> Floats:
    rows = tracks.filter(pl.col("person") == person)
    return np.column_stack([rows["first_s"].to_numpy(), rows["last_s"].to_numpy()])


def _overlap(spans: Floats, shifts: Sequence[Shift], seller: str, slack: float) -> float:
    """Share of somebody's time that falls into a seller's shifts; moments count a little, so that there is always time."""
    on_shift = union((shift.begin_s - slack, shift.end_s + slack) for shift in shifts if shift.seller_id == seller)
    within = 0.0
    for begin, end in on_shift:
        starts, ends = np.maximum(spans[:, 0], begin), np.minimum(spans[:, 1], end)
        within += float(np.where(ends >= starts, ends - starts + 1e-3, 0).sum())
    return min(within / float((spans[:, 1] - spans[:, 0] + 1e-3).sum()), 1.0)


def _lateness(  # noqa: PLR0913, PLR0917  # who was there, and who may have been
    spans: Mapping[int, Floats],
    numbers: Sequence[int],
    tracks: pl.DataFrame,
    shifts: Sequence[Shift],
    sellers: Sequence[str],
    settings: RosterSettings,
) -> Floats:
    """How badly persons' coming and going fit shifts, 0 to 1; shape (persons, sellers)."""
    times = np.array([(spans[number][:, 0].min(), spans[number][:, 1].max()) for number in numbers])
    within = tracks.select(pl.col("first_s").min(), pl.col("last_s").max()).row(0)
    return unpunctual(times, shifts, sellers, within, settings.punctual_share)


def _told(today: Floats, otherwise: Floats, looks: PeopleSettings) -> Floats:
    """The distance that counts: today's; else another day's, where it is near enough to say anything."""
    usual = np.where(otherwise <= looks.cut, otherwise, np.nan)
    return np.where(np.isnan(today), usual, today)


def _likeness(distance: Floats, looks: PeopleSettings) -> Floats:
    """Cost of distances: 0 for one person's usual one, 1 at the cut and where nothing is known."""
    cost = np.clip((distance - looks.same_distance) / (looks.cut - looks.same_distance), 0, 1)
    return np.where(np.isnan(distance), 1.0, cost)


def _assigned(costs: Floats, together: npt.NDArray[np.bool_], settings: RosterSettings) -> dict[int, tuple[int, float]]:
    """Row → its column and the margin, the surest row first; each narrows what is left for those who are there at the same time."""
    costs = costs.copy()
    found: dict[int, tuple[int, float]] = {}
    while left := [row for row in range(len(costs)) if row not in found]:
        # whoever is never there with somebody does not compete with them, and may even be the same person
        tried = {
            row: _cheapest(costs[[row, *(other for other in left if other != row and together[row, other])]], settings)
            for row in left
        }
        row = max(left, key=lambda row: tried[row][1])
        column, margin = tried[row]
        if column is None or margin < settings.least_margin:
            break
        found[row] = (column, margin)
        costs[together[row], column] = _FORBIDDEN
    return found


def _cheapest(costs: Floats, settings: RosterSettings) -> tuple[int | None, float]:
    """Column of the first row in the cheapest assignment of all rows, and by how much the cheapest one without it is dearer."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # the graph is loaded without waiting for scipy

    n, sellers = costs.shape
    # each row has a column of its own that means nobody
    padded = np.hstack([costs, np.full((n, n), _FORBIDDEN)])
    padded[np.arange(n), sellers + np.arange(n)] = settings.stranger
    rows, columns = linear_sum_assignment(padded)
    if (column := int(columns[0])) >= sellers:
        return None, -np.inf
    without = padded.copy()
    without[0, column] = _FORBIDDEN
    return column, float(without[linear_sum_assignment(without)].sum() - padded[rows, columns].sum())


def _together(spans: Floats, others: Floats) -> bool:
    return bool(((spans[:, None, 0] <= others[:, 1]) & (others[:, 0] <= spans[:, None, 1])).any())
