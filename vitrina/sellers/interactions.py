"""When a seller and a customer stood together long enough to speak: a rule of distance, facing, standing and time.

Every pair of a seller and a customer is judged on its own, so that a seller may serve several customers, and a customer may be
served by several sellers. Nothing here knows how far apart samples are: gaps, speeds and durations are measured in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import SettingsError
from vitrina.sellers.polygons import Polygon, inside
from vitrina.sellers.tables import Interactions

Floats: TypeAlias = npt.NDArray[np.float64]
ToMetres: TypeAlias = Callable[[Floats], Floats]

METRES, BODY_HEIGHTS = "metres", "body heights"
CONSULTATION, PAYMENT = "consultation", "payment"
SENSITIVITY_SCHEMA = {
    "video": pl.String(),
    "min_duration_s": pl.Float64(),
    "interactions": pl.Int64(),
    "customers_served": pl.Int64(),
}
ENCOUNTERS_SCHEMA = {
    "video": pl.String(),
    "seller_person": pl.Int64(),
    "customer_person": pl.Int64(),
    "begin_s": pl.Float64(),
    "end_s": pl.Float64(),
}
_PAIR = ("video", "seller_person", "customer_person")


@dataclass(frozen=True)
class InteractionRule:
    """What counts as an interaction. Lengths are in metres where the floor was measured, and else in body heights.

    Attributes
    ----------
    start_m, start_heights
        Distance up to which an interaction begins: arm's length and a half, Hall's personal and near social distance.
    end_m, end_heights
        Distance beyond which it has ended. Greater, so that a step aside does not cut it in two; the rules of the CAVIAR set
        begin at 25 px and end at 34.
    height_ratio
        Without metres: how much taller the taller box may be. People of unequal height stand at unequal depth, however near
        their feet seem.
    still_m_s, still_heights_s
        One of the two is slower than this when it begins: who passes by, both walking, speaks to nobody. A known speed alone
        tells: somebody seen once may be standing.
    speed_over_s
        Time over which speeds are measured at least: between near samples, a box's tremble would seem to be a walk.
    ahead_m, ahead_heights
        How far ahead of each the o-space is, the floor that people who talk keep free between them.
    facing_m, facing_heights
        How far apart the two o-spaces may be when it begins. Judged on samples on which both headings are known.
    facing_end
        How many times that they may be apart before it has ended.
    min_duration_s
        Shortest interaction; no published number defines a consultation, see `sensitivity`.
    min_samples
        Samples that it takes: one shows a meeting, but no stay, however far apart samples are.
    bridged_samples, bridged_s
        An interruption is bridged when it lasts no more samples, or no more seconds, than this.
    nearer
        How many times as far as another customer of the same seller somebody may be who is served at the same time: whoever
        looks at goods beside two who talk is no part of it.
    till_m, till_heights
        Distance up to which somebody pays over a counter, where the staff's part of the picture is known; from `start_m` on.
    nearer_at_till
        The same as `nearer` of who pays: the next one waits not much farther away.

    References
    ----------
    A. Artikis et al. (2015), An Event Calculus for Event Recognition, IEEE TKDE 27: begin and end on CAVIAR. F. Setti et al.
    (2015), F-Formation Detection, PLOS ONE 10: o-spaces. E. T. Hall (1966), The Hidden Dimension: distances.
    """

    start_m: float = 1.5
    end_m: float = 2.0
    start_heights: float = 0.9
    end_heights: float = 1.2
    height_ratio: float = 1.35
    still_m_s: float = 0.5
    still_heights_s: float = 0.3
    speed_over_s: float = 1.0
    ahead_m: float = 0.5
    ahead_heights: float = 0.3
    facing_m: float = 1.0
    facing_heights: float = 0.6
    facing_end: float = 1.35
    min_duration_s: float = 5.0
    min_samples: int = 2
    bridged_samples: int = 3
    bridged_s: float = 3.0
    nearer: float = 1.2
    till_m: float = 2.7
    till_heights: float = 1.6
    nearer_at_till: float = 1.1

    def __post_init__(self) -> None:
        if self.end_m < self.start_m or self.end_heights < self.start_heights or self.facing_end < 1:
            raise SettingsError(
                f"An interaction would end nearer than it begins: {self}.",
                "Set the distances of its end no lower than its start's.",
            )


DEFAULT_RULE = InteractionRule()


def interactions_of(  # noqa: PLR0913  # tables, and what is known of the camera
    trajectories: pl.DataFrame,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    *,
    rule: InteractionRule = DEFAULT_RULE,
    to_metres: ToMetres | None = None,
    staff_zone: Polygon = (),
) -> pl.DataFrame:
    """Interactions of sellers with customers, without receipts.

    A sample stands for the time half-way to its neighbours, so that an interaction begins half a step before its first sample
    and ends half a step after its last: on average its duration is right at any step.

    Parameters
    ----------
    trajectories, tracks, people
        Tables `Trajectories`, `Tracks` and `People` of one video, or of several of one camera. Metres are used for a video
        in which any place on the floor is known.
    rule
        What counts.
    to_metres
        From pixels to metres on the floor, both of shape (n, 2): turns headings, which are those in the picture, into those on
        the floor. Without it, who faces whom is judged in the picture and in body heights.
    staff_zone
        Corners of the staff's part of the picture, in pixels, which is behind a counter; empty where nobody told.

    Returns
    -------
    polars.DataFrame
        Table `Interactions`, ``receipt_id`` and ``successful`` null. Those of kind `PAYMENT` are times at which somebody stood as
        far from a seller who works behind a counter as one who pays: whether they paid, receipts tell. The order of the given rows
        changes nothing.
    """
    samples = _samples(trajectories, tracks, people, rule, to_metres, staff_zone)
    pairs, steps = _judged(_pairs(samples), rule), _steps(trajectories)
    talks = _lasting(_runs(pairs.filter("holds"), steps, rule), rule)
    over_counter = pairs.filter(pl.col("at_till") & pl.col("behind_counter"))
    across = _lasting(_runs(over_counter.with_columns(starts=True), steps, rule), rule)
    farther = pl.col("distance") > pl.when("in_metres").then(rule.start_m).otherwise(rule.start_heights)
    payments = _without_bystanders(across.filter(farther), across, rule.nearer_at_till)
    found = pl.concat(
        [
            _without_bystanders(talks, talks, rule.nearer).with_columns(kind=pl.lit(CONSULTATION)),
            payments.with_columns(kind=pl.lit(PAYMENT)),
        ]
    )
    return Interactions.check(_rows(found, people, trajectories))


def encounters_of(
    trajectories: pl.DataFrame, tracks: pl.DataFrame, people: pl.DataFrame, *, rule: InteractionRule = DEFAULT_RULE
) -> pl.DataFrame:
    """Times at which a seller and a customer were near each other, however short, moving or turned away.

    Returns
    -------
    polars.DataFrame
        Columns of `ENCOUNTERS_SCHEMA`.
    """
    pairs = _judged(_pairs(_samples(trajectories, tracks, people, rule)), rule)
    near = pairs.filter(pl.col("near")).with_columns(starts=True)
    return _runs(near, _steps(trajectories), rule).select(*ENCOUNTERS_SCHEMA)


def sensitivity(  # noqa: PLR0913  # a table each
    trajectories: pl.DataFrame,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    *,
    rule: InteractionRule = DEFAULT_RULE,
    to_metres: ToMetres | None = None,
    durations_s: Iterable[float] = range(2, 61),
) -> pl.DataFrame:
    """How many interactions there are for each shortest duration that one may choose.

    Returns
    -------
    polars.DataFrame
        Columns of `SENSITIVITY_SCHEMA`; one row per video and duration, with 0 where nothing lasts as long.
    """
    least = sorted({float(duration) for duration in durations_s})
    if not least:
        return pl.DataFrame(schema=SENSITIVITY_SCHEMA)
    loosest = replace(rule, min_duration_s=least[0])
    found = interactions_of(trajectories, tracks, people, rule=loosest, to_metres=to_metres).filter(pl.col("kind") == CONSULTATION)
    videos = pl.concat([frame.select("video") for frame in (trajectories, people)]).unique()
    asked = videos.join(pl.DataFrame({"min_duration_s": least}), how="cross")
    counted = asked.join(found.select("video", "customer_person", "duration_s"), on="video", how="left").with_columns(
        long_enough=(pl.col("duration_s") >= pl.col("min_duration_s")).fill_null(value=False)
    )
    return (
        counted.group_by("video", "min_duration_s")
        .agg(
            interactions=pl.col("long_enough").sum().cast(pl.Int64),
            customers_served=pl.col("customer_person").filter("long_enough").n_unique().cast(pl.Int64),
        )
        .sort("video", "min_duration_s")
        .select(*SENSITIVITY_SCHEMA)
    )


def _steps(trajectories: pl.DataFrame) -> pl.DataFrame:
    """The usual time between two samples of each video: ``video``, ``step_s``.

    Samples on which nobody was seen are missing here, hence the division; where the camera was off, time passes between
    neighbours, hence the median.
    """
    moments = trajectories.select("video", "sample", "pts_s").unique(["video", "sample"]).sort("video", "sample")
    apart = (pl.col("pts_s").diff() / pl.col("sample").diff()).over("video")
    return moments.with_columns(apart=apart).group_by("video").agg(step_s=pl.col("apart").median().fill_null(0.0))


def _samples(  # noqa: PLR0913, PLR0917  # as of `interactions_of`
    trajectories: pl.DataFrame,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    rule: InteractionRule,
    to_metres: ToMetres | None = None,
    staff_zone: Polygon = (),
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
    spaces = _o_spaces(rows, rule, to_metres)
    return rows.with_columns(
        speed=pl.Series(_speeds(rows, rule.speed_over_s), dtype=pl.Float64), behind_counter=_within(staff_zone, rows), **spaces
    )


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
    """One row per seller, customer and sample on which both were seen."""
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
    ]
    sellers = samples.filter(pl.col("role") == "seller").select(*kept, "behind_counter").rename({"person": "seller_person"})
    customers = samples.filter(pl.col("role") == "customer").select(kept).rename({"person": "customer_person"})
    return sellers.join(customers.drop("pts_s", "in_metres", "facing_in_metres"), on=["video", "sample"], suffix="_2").sort(
        *_PAIR, "sample"
    )


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


def _runs(held: pl.DataFrame, steps: pl.DataFrame, rule: InteractionRule) -> pl.DataFrame:
    """One row per run of samples of a pair between which no interruption is too long, from its first ``starts`` on.

    That is a state machine without a state: once begun, an interaction goes on to the end of its run.
    """
    # a tolerance: times are sums of fractions
    bridged = pl.max_horizontal((rule.bridged_samples + 1) * pl.col("step_s"), pl.lit(rule.bridged_s)) + 1e-6
    broken = (pl.col("pts_s").diff().over(_PAIR) > bridged).fill_null(value=False)
    return (
        held.join(steps, on="video")
        .sort(*_PAIR, "sample")
        .with_columns(run=broken.cum_sum().over(_PAIR))
        .filter(pl.col("starts").cum_max().over(*_PAIR, "run"))
        .group_by(*_PAIR, "run")
        .agg(
            begin_s=pl.max_horizontal(pl.col("pts_s").min() - pl.col("step_s").first() / 2, 0.0),
            end_s=pl.col("pts_s").max() + pl.col("step_s").first() / 2,
            closest=pl.col("distance").min(),
            distance=pl.col("distance").median(),
            stood=pl.col("both_still").any(),
            at_counter=pl.col("behind_counter").mean() >= 0.5,  # most of the time
            in_metres=pl.col("in_metres").first(),
            oriented=pl.col("oriented").any(),
            samples=pl.len().cast(pl.Int64),
        )
        .with_columns(duration_s=pl.col("end_s") - pl.col("begin_s"))
        .sort("video", "begin_s", "end_s", "seller_person", "customer_person")
    )


def _lasting(runs: pl.DataFrame, rule: InteractionRule) -> pl.DataFrame:
    """Runs that last long enough, of two who stood together at some time: who passes somebody who stands speaks to nobody."""
    long_enough = (pl.col("duration_s") >= rule.min_duration_s) & (pl.col("samples") >= rule.min_samples)
    return runs.filter(long_enough & pl.col("stood"))


def _without_bystanders(runs: pl.DataFrame, among: pl.DataFrame, nearer: float) -> pl.DataFrame:
    """Runs but for those during most of which the seller was with another customer, who is so many times nearer."""
    numbered = runs.with_row_index("run_number")
    others = among.select(
        "video",
        "seller_person",
        *(pl.col(name).alias(f"{name}_2") for name in ("customer_person", "begin_s", "end_s", "distance")),
    )
    common = pl.min_horizontal("end_s", "end_s_2") - pl.max_horizontal("begin_s", "begin_s_2")
    beside = (
        numbered.join(others, on=["video", "seller_person"])
        .filter((pl.col("customer_person") != pl.col("customer_person_2")) & (pl.col("distance") > nearer * pl.col("distance_2")))
        .group_by("run_number")
        .agg(busy_s=common.clip(lower_bound=0.0).sum())
    )
    return (
        numbered.join(beside, on="run_number", how="left", maintain_order="left")
        .filter(pl.col("busy_s").fill_null(0.0) <= pl.col("duration_s") / 2)
        .drop("run_number", "busy_s")
    )


def _rows(found: pl.DataFrame, people: pl.DataFrame, trajectories: pl.DataFrame) -> pl.DataFrame:
    """Runs as rows of `Interactions`."""
    sellers = people.select("video", pl.col("person").alias("seller_person"), "seller_id")
    # the moment at which the first frame was taken, and whether headings were looked for
    starts = trajectories.group_by("video").agg(
        started_at=(pl.col("at") - pl.duration(microseconds=(pl.col("pts_s") * 1e6).round().cast(pl.Int64))).min(),
        headings=pl.col("heading").is_not_null().any(),
    )
    return (
        found.join(sellers, on=["video", "seller_person"])
        .join(starts, on="video")
        .sort("video", "begin_s", "end_s", "seller_person", "customer_person")
        .with_columns(
            interaction=pl.int_range(1, pl.len() + 1).over("video"),
            basis=pl.when("in_metres").then(pl.lit(METRES)).otherwise(pl.lit(BODY_HEIGHTS)),
            oriented=pl.when("headings").then("oriented"),
            receipt_id=pl.lit(None, pl.String),
            successful=pl.lit(None, pl.Boolean),
            **{
                name: pl.col("started_at") + pl.duration(microseconds=(pl.col(seconds) * 1e6).round().cast(pl.Int64))
                for name, seconds in (("begin_at", "begin_s"), ("end_at", "end_s"))
            },
        )
        .select(pl.col(name).cast(dtype) for name, dtype in Interactions.polars_schema().items())
    )
