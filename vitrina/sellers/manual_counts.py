"""What people counted on the same footage, and how far the base metrics are from it.

Whoever judges the product delivers a file of manual counts: for a camera, a time and a metric, the value that a person found.
Here it is declared, put beside what was measured, and asked one question: is the deviation within ±10 %? That is *shown* when the
upper end of its 95 % interval is below, *refuted* when all of the interval is above, and otherwise *not shown*, whatever its mean.
"""

from __future__ import annotations

import polars as pl

from vitrina.inbox.contract import Contract, Field, Kind
from vitrina.inbox.tables import MOMENT, Delivered
from vitrina.sellers.metrics import (
    ALL,
    INTERACTION_RATIO,
    PURCHASE_RATIO,
    SUCCESSFUL,
    UNSUCCESSFUL,
    WITH_CONSULTATION,
    WITHOUT_CONSULTATION,
)
from vitrina.sellers.tables import NAME_LENGTH, SELLERS
from vitrina.tables import column

BASE_METRICS = (INTERACTION_RATIO, SUCCESSFUL, UNSUCCESSFUL, PURCHASE_RATIO)
COUNTS = frozenset({SUCCESSFUL, UNSUCCESSFUL})
"""Metrics that are numbers of events; the others are quotients."""

PURCHASES = (WITH_CONSULTATION, WITHOUT_CONSULTATION)
"""What the ratio of average purchases is made of; people may count these instead of it."""

COUNTED = (*BASE_METRICS, *PURCHASES)
TOLERANCE_S = 60.0
"""People write down minutes, and a video begins when the camera pleases."""

PERIOD = ("store_id", "camera_id", "begin", "end")
MEASURED = (*PERIOD, "metric", "value", "n", "refused")
PAIRED = (*PERIOD, "metric", "counted", "counters", "spread", "measured", "n", "reason")


class RawManualCounts(Delivered, product=SELLERS):
    """One row per camera, time, metric and counter: what a person found who watched the footage."""

    store_id: str = column("The store, as the video's folder names it.", max_length=NAME_LENGTH)
    camera_id: str = column("The camera, as the video's folder names it.", max_length=NAME_LENGTH)
    begin: MOMENT = column("When the counting begins.")
    end: MOMENT = column("When it ends.")
    metric: str = column("What was counted.", isin=COUNTED)
    value: float = column("What it comes to.", ge=0)
    counted_by: str = column("Who counted, by initials or a number.", personal=True, max_length=NAME_LENGTH)


def _name(source: str, meaning: str, example: str) -> Field:
    return Field(source, Kind.TEXT, meaning, example, required=True, may_be_empty=False, max_length=NAME_LENGTH)


def _moment(source: str, meaning: str, example: str) -> Field:
    # a day of grace, because the camera may stand in another time zone
    return Field(source, Kind.MOMENT, meaning, example, required=True, may_be_empty=False, days_ahead=1)


MANUAL_COUNTS = Contract(
    name="manual_counts",
    product=SELLERS,
    pattern="manual_counts.*|manual_counts/*",
    table=RawManualCounts,
    fields=(
        _name("store_id", "The store, as the video's folder names it.", "lenina-5"),
        _name("camera_id", "The camera, as the video's folder names it.", "hall-1"),
        _moment("begin", "When the counting begins, as the video does, with its offset from UTC.", "2026-10-14T09:00:00+03:00"),
        _moment("end", "When it ends, as the video does.", "2026-10-14T21:00:00+03:00"),
        Field(
            "metric",
            Kind.TEXT,
            "What was counted: interaction_ratio (customers served / customers present), successful_interactions and "
            "unsuccessful_interactions (with a receipt after them, and without), average_purchase_ratio (average purchase with "
            "consultation / without), or the two averages by themselves, average_purchase_with_consultation and average_purchase_without_consultation.",
            SUCCESSFUL,
            required=True,
            may_be_empty=False,
            lowercase=True,
            one_of=COUNTED,
        ),
        Field(
            "value",
            Kind.NUMBER,
            "What it comes to: events, a share or ratio as a number such as 0.42, or an average purchase in any one currency.",
            "17",
            required=True,
            may_be_empty=False,
            low=0,
        ),
        _name("counted_by", "Who counted, by initials or a number. Two people who count the same show how sure the truth is.", "A"),
    ),
    natural_key=(*PERIOD, "metric", "counted_by"),
    unique_in_file=True,
    date_field="begin",
)


def counted(raw: pl.DataFrame) -> pl.DataFrame:
    """What people found, one row per camera, time and metric.

    Where several counted the same, their mean is the truth, and how far they are apart says how much of a deviation may be theirs.
    The ratio of average purchases is made of the two averages of one counter, where the ratio itself was not counted.

    Parameters
    ----------
    raw
        Rows of `RawManualCounts`, the latest by natural key.

    Returns
    -------
    polars.DataFrame
        `PERIOD`, ``metric`` (one of `BASE_METRICS`), ``counted``, ``counters`` and ``spread``, the largest difference relative to
        the mean (null of a single counter).
    """
    by = [*PERIOD, "counted_by"]
    given = raw.select(*by, "metric", "value")
    averages = [given.filter(pl.col("metric") == name).select(*by, pl.col("value").alias(name)) for name in PURCHASES]
    ratios = (
        averages[0]
        .join(averages[1].filter(pl.col(WITHOUT_CONSULTATION) > 0), on=by, how="inner")
        .select(
            *by, pl.lit(PURCHASE_RATIO).alias("metric"), (pl.col(WITH_CONSULTATION) / pl.col(WITHOUT_CONSULTATION)).alias("value")
        )
        .join(given.filter(pl.col("metric") == PURCHASE_RATIO), on=by, how="anti")
    )
    spread = (pl.col("value").max() - pl.col("value").min()) / pl.col("value").mean()
    return (
        pl.concat([given.filter(pl.col("metric").is_in(BASE_METRICS)), ratios])
        .group_by(*PERIOD, "metric")
        .agg(
            pl.col("value").mean().alias("counted"),
            pl.len().cast(pl.Int64).alias("counters"),
            pl.when(pl.len() > 1, pl.col("value").mean() > 0).then(spread).alias("spread"),
        )
        .sort(*PERIOD, "metric")
    )


def measured_of_videos(metrics: pl.DataFrame, videos: pl.DataFrame) -> pl.DataFrame:
    """What was measured on whole videos, in the form that is put beside counts.

    Parameters
    ----------
    metrics
        Rows of `SellerVideoMetrics`; those of single sellers are left out, for people count all of a video.
    videos
        Rows of `VideoFiles`.

    Returns
    -------
    polars.DataFrame
        Columns of `MEASURED`.
    """
    times = videos.filter(pl.col("duration_s").is_not_null()).select(
        "video",
        "store_id",
        "camera_id",
        pl.col("started_at").alias("begin"),
        (pl.col("started_at") + pl.duration(microseconds=(pl.col("duration_s") * 1e6).round().cast(pl.Int64))).alias("end"),
    )
    whole = metrics.filter((pl.col("seller_id") == ALL) & pl.col("metric").is_in(BASE_METRICS))
    return whole.join(times, on="video", how="inner").select(*MEASURED).sort(*PERIOD, "metric")


def beside(counts: pl.DataFrame, measured: pl.DataFrame, *, tolerance_s: float = TOLERANCE_S) -> pl.DataFrame:
    """Counts and measurements of the same camera, time and metric.

    Parameters
    ----------
    counts
        What `counted` gives.
    measured
        Columns of `MEASURED`.
    tolerance_s
        By how much beginning and end may differ each, in seconds; the nearest counts.

    Returns
    -------
    polars.DataFrame
        Columns of `PAIRED`, one row per count, none left out: ``reason`` says why one cannot be compared, and is null where it can.
    """
    rows = counts.with_row_index("count")
    seconds = pl.duration(microseconds=round(tolerance_s * 1e6))
    found = (
        rows.join(measured, on=("store_id", "camera_id", "metric"), how="inner", suffix="_measured")
        .with_columns(*((pl.col(side) - pl.col(f"{side}_measured")).abs().alias(f"off_{side}") for side in ("begin", "end")))
        .filter((pl.col("off_begin") <= seconds) & (pl.col("off_end") <= seconds))
        .sort("count", pl.col("off_begin") + pl.col("off_end"), "begin_measured", "end_measured")
        .unique("count", keep="first", maintain_order=True)
        .select("count", pl.col("value").alias("measured"), "n", "refused", pl.lit(value=True).alias("found"))
    )
    refused = pl.format("no value: {}", pl.col("refused").fill_null("nothing says why"))
    reason = (
        pl.when(pl.col("metric") == INTERACTION_RATIO, pl.col("counted") > 1)
        .then(pl.lit("more customers were counted as served than as present; is the ratio a percentage?"))
        .when(pl.col("found").is_null())
        .then(pl.lit("nothing was measured for this camera and time"))
        .when(pl.col("measured").is_null())
        .then(refused)
    )
    return rows.join(found, on="count", how="left").with_columns(reason.alias("reason")).sort("count").select(*PAIRED)
