"""Sellers and customers sample by sample: how far apart they stand, how fast they are, and whether they face each other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers.hidden import may_be_two, met_before, with_hidden
from vitrina.sellers.interaction_rule import InteractionRule
from vitrina.sellers.polygons import Polygon, inside

Floats: TypeAlias = npt.NDArray[np.float64]
ToMetres: TypeAlias = Callable[[Floats], Floats]

PAIR = ("video", "seller_person", "customer_person")


def judged_pairs(  # noqa: PLR0913, PLR0917  # as of `vitrina.sellers.interactions.interactions_of`
    trajectories: pl.DataFrame,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    rule: InteractionRule,
    to_metres: ToMetres | None = None,
    staff_zone: Polygon = (),
) -> pl.DataFrame:
    """Each seller with each customer on every sample on which both were seen, or one was and the other was hidden.

    Returns
    -------
    polars.DataFrame
        By `PAIR` and sample: ``pts_s``, ``distance`` in metres or body heights as ``in_metres`` says, and whether the two are
        ``near``, ``both_still``, ``oriented`` (both headings are known), ``at_till``, ``behind_counter`` (the seller;
        ``behind_counter_2`` the customer; null where nobody told the staff's zone), whether an interaction may begin (``starts``), and whether it goes on (``holds``).
    """
    return met_before(_judged(_pairs(_samples(trajectories, tracks, people, rule, to_metres, staff_zone)), rule), PAIR)


def _samples(  # noqa: PLR0913, PLR0917  # as of `judged_pairs`
    trajectories: pl.DataFrame,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    rule: InteractionRule,
    to_metres: ToMetres | None,
    staff_zone: Polygon,
) -> pl.DataFrame:
    """One row per person and sample, of sellers and customers: place, scale, speed, and the middle of the o-space.

    ``x`` and ``y`` are in metres or in pixels, ``height`` in the same unit's body height: 1 for metres. Of a person whose two
    tracks meet on a sample, the taller box counts.
    """
    roles = people.filter(pl.col("role").is_in(["seller", "customer"])).select("video", "person", "role")
    rows = (
        trajectories.with_columns(pl.col("floor_x", "floor_y").fill_nan(None))
        .join(tracks.select("video", "track", "person"), on=["video", "track"])
        .join(roles, on=["video", "person"])
        .with_columns(
            in_metres=pl.col("floor_x").is_not_null().any().over("video"),
            height=pl.col("y2") - pl.col("y1"),
        )
        .filter(~pl.col("in_metres") | pl.col("floor_x").is_not_null() & pl.col("floor_y").is_not_null())
        .sort("video", "person", "sample", "height", "track", descending=[False, False, False, True, False])
        .unique(["video", "person", "sample"], keep="first", maintain_order=True)
        .with_columns(
            x=pl.when("in_metres").then("floor_x").otherwise("foot_x"),
            y=pl.when("in_metres").then("floor_y").otherwise("foot_y"),
        )
        .sort("video", "track", "sample")
    )
    seen = rows.with_columns(
        speed=pl.Series(_speeds(rows, rule.speed_over_s), dtype=pl.Float64), **_o_spaces(rows, rule, to_metres)
    )
    found = with_hidden(seen, rule).with_columns(
        # whoever is presumed to have stood has not walked
        speed=pl.when("is_seen").then("speed").otherwise(0.0),
        facing_in_metres=pl.col("facing_in_metres").fill_null(pl.col("in_metres")),
    )
    return found.with_columns(behind_counter=_within(staff_zone, found))


def _within(zone: Polygon, rows: pl.DataFrame) -> pl.Series:
    """Which feet are in a part of the picture; null where it is not known."""
    if not zone:
        return pl.Series([None], dtype=pl.Boolean).new_from_index(0, rows.height)
    return pl.Series(inside(zone, rows.select("foot_x", "foot_y").to_numpy()))


def _speeds(rows: pl.DataFrame, over_s: float) -> Floats:
    """Speed about each row, in metres or body heights a second; NaN for a track's only sample.

    Parameters
    ----------
    rows
        By video, track and sample.
    over_s
        From the last sample at least half of this before to the first at least half after; at a track's ends, what there is.
    """
    speeds = np.full(rows.height, np.nan)
    places = rows.select("pts_s", "x", "y", "height").to_numpy()
    scale = np.where(rows["in_metres"].to_numpy(), 1.0, places[:, 3])
    starts = np.flatnonzero(rows.select(pl.struct("video", "track").rle_id().diff().fill_null(1)).to_series().to_numpy())
    for start, end in pairwise([*starts, rows.height]):
        times = places[start:end, 0]
        # a tolerance: times are sums of fractions
        before = np.maximum(np.searchsorted(times, times - over_s / 2 + 1e-6, side="right") - 1, 0)
        after = np.minimum(np.searchsorted(times, times + over_s / 2 - 1e-6), end - start - 1)
        apart = times[after] - times[before]
        moved = np.hypot(*(places[start:end, 1:3][after] - places[start:end, 1:3][before]).T) / scale[start:end]
        speeds[start:end] = np.where(apart > 0, moved / np.where(apart > 0, apart, 1.0), np.nan)
    return speeds


def _o_spaces(rows: pl.DataFrame, rule: InteractionRule, to_metres: ToMetres | None) -> dict[str, pl.Series]:
    """``ahead_x``, ``ahead_y``: the point ahead of each person, in metres or in pixels as ``facing_in_metres`` says; else null."""
    foot = rows.select(pl.col("foot_x", "foot_y").cast(pl.Float64)).to_numpy()
    heading = rows["heading"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    height = rows["height"].to_numpy()
    towards = np.column_stack([np.cos(heading), np.sin(heading)])
    if to_metres is not None and rows["in_metres"].any():
        floor = rows.select(pl.col("floor_x", "floor_y").cast(pl.Float64)).to_numpy()
        # a short way, so that what is far off, perhaps above the horizon, plays no part
        step = to_metres(foot + towards * height[:, None] / 20) - to_metres(foot)
        length = np.hypot(*step.T)
        ahead = floor + rule.ahead_m * step / np.where(length > 0, length, np.nan)[:, None]
        in_metres = rows["in_metres"]
    else:
        ahead = foot + rule.ahead_heights * height[:, None] * towards
        in_metres = pl.Series([False]).new_from_index(0, rows.height)
    return {
        "ahead_x": pl.Series(ahead[:, 0], dtype=pl.Float64).fill_nan(None),
        "ahead_y": pl.Series(ahead[:, 1], dtype=pl.Float64).fill_nan(None),
        "facing_in_metres": in_metres,
    }


def _pairs(samples: pl.DataFrame) -> pl.DataFrame:
    """One row per seller, customer and sample on which one was seen, and the other too or is presumed."""
    kept = [
        "video",
        "sample",
        "person",
        "pts_s",
        "in_metres",
        "facing_in_metres",
        "height",
        "x",
        "y",
        "speed",
        "ahead_x",
        "ahead_y",
        "behind_counter",
        "is_seen",
        "first",
        "last",
        "lost",
        "found",
    ]
    sellers = samples.filter(pl.col("role") == "seller").select(kept).rename({"person": "seller_person"})
    customers = samples.filter(pl.col("role") == "customer").select(kept).rename({"person": "customer_person"})
    pairs = sellers.join(customers.drop("pts_s", "in_metres", "facing_in_metres"), on=["video", "sample"], suffix="_2")
    return pairs.filter(may_be_two()).sort(*PAIR, "sample")


def _judged(pairs: pl.DataFrame, rule: InteractionRule) -> pl.DataFrame:
    """Whether an interaction may begin on each row (``starts``), and whether it goes on if there is one (``holds``)."""
    metric = pl.col("in_metres")
    mean_height = (pl.col("height") + pl.col("height_2")) / 2
    distance = _distance("x", "y") / pl.when(metric).then(1.0).otherwise(mean_height)
    apart = _distance("ahead_x", "ahead_y") / pl.when("facing_in_metres").then(1.0).otherwise(mean_height)
    facing = pl.when("facing_in_metres").then(rule.facing_m).otherwise(rule.facing_heights)
    # a ratio, so that neither of the two is the first
    similar = pl.max_horizontal("height", "height_2") <= rule.height_ratio * pl.min_horizontal("height", "height_2")
    speeds = (pl.col("speed").fill_nan(0.0), pl.col("speed_2").fill_nan(0.0))
    slow = pl.when(metric).then(rule.still_m_s).otherwise(rule.still_heights_s)
    across = pl.col("distance") <= pl.when(metric).then(rule.till_m).otherwise(rule.till_heights)
    return (
        pairs.with_columns(distance=distance, apart=apart, similar=metric | similar)
        .with_columns(
            near=pl.col("similar") & (pl.col("distance") <= pl.when(metric).then(rule.end_m).otherwise(rule.end_heights)),
            begins=pl.col("similar") & (pl.col("distance") <= pl.when(metric).then(rule.start_m).otherwise(rule.start_heights)),
            still=pl.min_horizontal(*speeds) < slow,
            both_still=pl.max_horizontal(*speeds) < slow,
            oriented=pl.col("apart").is_not_null(),
        )
        .with_columns(
            holds=pl.col("near") & (pl.col("apart") <= facing * rule.facing_end).fill_null(value=True),
            starts=pl.col("begins") & pl.col("still") & (pl.col("apart") <= facing).fill_null(value=True),
            at_till=pl.col("similar") & across & pl.col("both_still"),
        )
    )


def _distance(x: str, y: str) -> pl.Expr:
    return ((pl.col(x) - pl.col(f"{x}_2")).pow(2) + (pl.col(y) - pl.col(f"{y}_2")).pow(2)).sqrt()
