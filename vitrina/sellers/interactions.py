"""When a seller and a customer stood together long enough to speak: a rule of distance, facing, standing and time.

Every pair of a seller and a customer is judged on its own, so that a seller may serve several customers, and a customer may be
served by several sellers. Nothing here knows how far apart samples are: gaps, speeds and durations are measured in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from vitrina.sellers.interaction_pairs import PAIR, ToMetres, judged_pairs
from vitrina.sellers.interaction_rule import DEFAULT_RULE, InteractionRule
from vitrina.sellers.polygons import Polygon
from vitrina.sellers.tables import Interactions

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
    pairs, steps = judged_pairs(trajectories, tracks, people, rule, to_metres, staff_zone), _steps(trajectories)
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
    pairs = judged_pairs(trajectories, tracks, people, rule)
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


def _runs(held: pl.DataFrame, steps: pl.DataFrame, rule: InteractionRule) -> pl.DataFrame:
    """One row per run of samples of a pair between which no interruption is too long, from its first ``starts`` on.

    That is a state machine without a state: once begun, an interaction goes on to the end of its run.
    """
    # a tolerance: times are sums of fractions
    bridged = pl.max_horizontal((rule.bridged_samples + 1) * pl.col("step_s"), pl.lit(rule.bridged_s)) + 1e-6
    went = (pl.col("mostly_behind") != pl.col("mostly_behind").shift(1).over(PAIR)).fill_null(value=False)
    broken = (pl.col("pts_s").diff().over(PAIR) > bridged).fill_null(value=False) | went
    return (
        _with_counter(held, rule)
        .join(steps, on="video", maintain_order="left")
        .with_columns(run=broken.cum_sum().over(PAIR))
        .filter(pl.col("starts").cum_max().over(*PAIR, "run"))
        .group_by(*PAIR, "run")
        .agg(
            begin_s=pl.max_horizontal(pl.col("pts_s").min() - pl.col("step_s").first() / 2, 0.0),
            end_s=pl.col("pts_s").max() + pl.col("step_s").first() / 2,
            closest=pl.col("distance").min(),
            distance=pl.col("distance").median(),
            stood=pl.col("both_still").any(),
            at_counter=pl.col("behind_counter").mean() >= 0.5,  # most of the time
            by_staff=(pl.col("behind_counter_2").mean() >= 0.5).fill_null(value=False),
            in_metres=pl.col("in_metres").first(),
            oriented=pl.col("oriented").any(),
            samples=pl.len().cast(pl.Int64),
        )
        .with_columns(duration_s=pl.col("end_s") - pl.col("begin_s"))
        .sort("video", "begin_s", "end_s", "seller_person", "customer_person")
    )


def _with_counter(held: pl.DataFrame, rule: InteractionRule) -> pl.DataFrame:
    """Rows by `PAIR` and sample, with ``mostly_behind``: whether the seller is behind the counter for most of a time about each."""
    ordered = held.with_columns(at_us=(pl.col("pts_s") * 1e6).round().cast(pl.Int64)).sort(*PAIR, "at_us")
    width = round(rule.counter_s * 1e6)
    about = ordered.rolling("at_us", period=f"{width}i", offset=f"{-width // 2}i", closed="both", group_by=list(PAIR)).agg(
        share=pl.col("behind_counter").mean()
    )
    return ordered.join(about, on=[*PAIR, "at_us"], how="left", maintain_order="left").with_columns(
        mostly_behind=pl.col("share") >= 0.5
    )


def _lasting(runs: pl.DataFrame, rule: InteractionRule) -> pl.DataFrame:
    """Runs that last long enough, of two who stood together at some time: who passes somebody who stands speaks to nobody.

    Whoever stands behind the counter is no customer there, but another box of somebody who works.
    """
    long_enough = (pl.col("duration_s") >= rule.min_duration_s) & (pl.col("samples") >= rule.min_samples)
    return runs.filter(long_enough & pl.col("stood") & ~pl.col("by_staff"))


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
