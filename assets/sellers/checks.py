"""What stands between footage and the people who rely on its numbers: each check says what to do where it does not hold."""

import dagster as dg
import polars as pl

from assets.sellers.product import PRODUCT, stored
from resources.table_assets import schema_check
from resources.warehouse import WarehouseResource
from vitrina.sellers import day_tables as d
from vitrina.sellers import tables as t
from vitrina.sellers.raw_tables import RawAnnotations
from vitrina.verdict import Verdict

TOO_LARGE_TO_READ_WHOLE = (*t.VIDEO_TABLES, d.EvidenceFiles, d.StrideQuality, d.RoleConfusion, RawAnnotations)
"""Slices of single videos are checked before they are written: reading months of them once more would find nothing."""


@dg.asset_check(
    asset=[PRODUCT, "video_deliveries"],
    name="every_video_is_evaluated",
    description="Every file among the videos was evaluated, or is a copy of one that was; otherwise this is told and stops nothing.",
)
def every_video_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns of files that give no numbers."""
    (deliveries,) = stored(warehouse, d.VideoDeliveries)
    left = deliveries.filter(pl.col("state").is_in(["waiting", "unreadable", "refused"]))
    examples = [
        f"{path}: {state}, {reason or 'no reason was told'}"
        for path, state, reason in left.select("path", "state", "reason").head(10).iter_rows()
    ]
    return _result(
        Verdict(
            left.is_empty(),
            f"{left.height} file(s) give no numbers." if left.height else "Every video is evaluated.",
            {"files": deliveries.height, "without_numbers": left.height, "threshold": 0, "examples": "; ".join(examples)},
            "Copy broken files from the recorder again; name videos as VITRINA_SELLERS_VIDEOS says; look at the runs of waiting ones.",
        ),
        warns=True,
    )


@dg.asset_check(
    asset=[PRODUCT, "seller_day_metrics"],
    name="days_are_covered",
    description="On every day enough of the opening hours could be seen for numbers to be told; otherwise it says which days.",
)
def coverage_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns of days without numbers for lack of footage."""
    from vitrina.sellers.metrics import DEFAULT_RULE  # noqa: PLC0415  # loading the definitions need not pay for it

    (metrics,) = stored(warehouse, d.SellerDayMetrics)
    days = metrics.group_by("store_id", "day").agg(pl.col("coverage").max()).sort("store_id", "day")
    poor = days.filter(pl.col("coverage") < DEFAULT_RULE.least_coverage)
    examples = [f"{store} {day}: {seen:.0%}" for store, day, seen in poor.tail(10).iter_rows()]
    return _result(
        Verdict(
            poor.is_empty(),
            f"{poor.height} of {days.height} day(s) were seen too little." if poor.height else "Every day was seen enough.",
            {
                "days": days.height,
                "too_little_seen": poor.height,
                "threshold": DEFAULT_RULE.least_coverage,
                "examples": "; ".join(examples),
            },
            "Look at mart_footage_quality: cameras that were off, dark, frozen or covered. Correct opening hours in cameras.*.",
        ),
        warns=True,
    )


@dg.asset_check(
    asset=[PRODUCT, "metric_deviations"],
    name="agrees_with_manual_counts",
    description="No base metric is farther than ten per cent from what people counted, as far as chance can tell.",
)
def deviation_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns where a deviation above ten per cent is shown; that it is not shown to be below is told as well."""
    (deviations,) = stored(warehouse, d.MetricDeviations)
    refuted = deviations.filter(pl.col("verdict") == "refuted")
    open_ones = deviations.filter(pl.col("verdict") == "not shown").height
    examples = [f"{metric}, {way}: {value:+.1%}" for metric, way, value in refuted.select("metric", "way", "value").iter_rows()]
    said = (
        f"{refuted['metric'].n_unique()} metric(s) are more than ten per cent off."
        if refuted.height
        else "No deviation is refuted."
    )
    return _result(
        Verdict(
            refuted.is_empty(),
            said,
            {"refuted": refuted.height, "not_shown": open_ones, "threshold": 0, "examples": "; ".join(examples)},
            "Look at the camera's floor points and staff zone, and replay the days with other parameters before you rely on the numbers.",
        ),
        warns=True,
    )


@dg.asset_check(
    asset=[PRODUCT, "footage_drift"],
    name="cameras_are_as_usual",
    description="On the latest day of each camera nothing is far from the same weekday before; otherwise it says what.",
)
def drift_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns of cameras that were turned, dimmed or lost focus, and of days that are not like others."""
    from vitrina.sellers.drift import DRIFT  # noqa: PLC0415  # loading the definitions need not pay for it

    (drift,) = stored(warehouse, d.FootageDrift)
    latest = drift.filter(pl.col("day") == pl.col("day").max().over("store_id", "camera_id"))
    far = latest.filter("drifted").sort(pl.col("z").abs(), descending=True)
    examples = [
        f"{store} {camera} {day}: {measure} {value:.3g}, usually {usual:.3g}"
        for store, camera, day, measure, value, usual in far.select("store_id", "camera_id", "day", "measure", "value", "usual")
        .head(10)
        .iter_rows()
    ]
    return _result(
        Verdict(
            far.is_empty(),
            f"{far.height} measure(s) are not as usual." if far.height else "Every camera is as usual.",
            {"measures": latest.height, "drifted": far.height, "threshold": DRIFT.farthest, "examples": "; ".join(examples)},
            "Look at the camera: turned, dirty, out of focus, another light. Numbers of such days compare badly with others.",
        ),
        warns=True,
    )


@dg.asset_check(
    asset=[PRODUCT, "deleted_files"],
    name="nothing_is_kept_too_long",
    description="Every video, clip and picture of people whose time is over was deleted; otherwise it says which are still there.",
)
def retention_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Fails where pictures of people are kept too long."""
    (deleted,) = stored(warehouse, d.DeletedFiles)
    latest = deleted.filter(pl.col("deleted_at") == pl.col("deleted_at").max().over("path"))
    left = latest.filter(pl.col("failure").is_not_null())
    examples = [f"{path}: {failure}" for path, failure in left.select("path", "failure").head(10).iter_rows()]
    return _result(
        Verdict(
            left.is_empty(),
            f"{left.height} file(s) are still there." if left.height else "Nothing is kept too long.",
            {"deleted": latest.height - left.height, "still_there": left.height, "threshold": 0, "examples": "; ".join(examples)},
            "Delete them yourself, or let Vitrina write to the folder; where somebody else deletes, set VITRINA_SELLERS_DELETE_VIDEOS.",
        ),
        warns=True,
    )


def _result(found: Verdict, *, warns: bool = False) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(passed=found.passed, severity=severity, description=found.said, metadata=found.metadata())


CHECKS = [
    *(schema_check(table) for table in d.TABLES if table not in TOO_LARGE_TO_READ_WHOLE),
    every_video_check,
    coverage_check,
    deviation_check,
    drift_check,
    retention_check,
]
