"""What videos come to together: deliveries, days, purchases, and how far the numbers are from what people counted."""

import datetime as dt

import dagster as dg
import polars as pl

from assets.sellers.product import POOLED, PRODUCT, keys_of, outs, stored
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.sellers import day_tables as d
from vitrina.sellers import tables as t
from vitrina.sellers.manual_counts import RawManualCounts
from vitrina.sellers.networks import in_force
from vitrina.sellers.raw_tables import RawCameras, RawTillReceipts
from vitrina.sellers.video_ledger import VideoLedger


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=keys_of(t.VideoFiles), **table_arguments(d.VideoDeliveries), **POOLED
)
def video_deliveries(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> pl.DataFrame:
    """What became of every file among the videos, as the ledger of videos has it."""
    settings = warehouse.settings
    found = VideoLedger(settings.videos).deliveries(dt.timedelta(days=settings.sellers_retention_days))
    context.add_output_metadata(
        {f"files_{state}": count for state, count in found["state"].value_counts().sort("state").iter_rows()}
    )
    return found


@dg.multi_asset(
    name="days_of_stores",
    outs=outs(d.DayVideos, d.Purchases, d.SellerDayMetrics),
    # read from the warehouse whole: a day has videos of many partitions
    deps=keys_of(t.VideoFiles, t.FootageSamples, t.Interactions, t.SellerVideoMetrics, RawCameras, RawTillReceipts),
    **POOLED,
)
def days_of_stores(
    warehouse: WarehouseResource,
) -> tuple[dg.Output[pl.DataFrame], dg.Output[pl.DataFrame], dg.Output[pl.DataFrame]]:
    """Every store's days: of cameras that see the same floor one counts at a time, and a receipt belongs to one consultation."""
    from vitrina.sellers.day_evaluation import days_of, material  # noqa: PLC0415  # loading the definitions need not pay for it

    settings = warehouse.settings
    with warehouse.of(PRODUCT).read() as connection:
        known = material(connection, time_zone=settings.sellers_time_zone)
    found = days_of(known, in_force(settings))
    refused = found.metrics.filter(pl.col("refused").is_not_null()).height
    return (
        dg.Output(found.videos, output_name="day_videos", metadata={"counted": int(found.videos["counts"].sum())}),
        dg.Output(found.purchases, output_name="purchases"),
        dg.Output(
            found.metrics,
            output_name="seller_day_metrics",
            metadata={"days": found.metrics.select("store_id", "day").n_unique(), "numbers_refused": refused},
        ),
    )


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    deps=keys_of(RawManualCounts, t.VideoFiles, t.SellerVideoMetrics), **table_arguments(d.MetricDeviations), **POOLED
)
def metric_deviations(warehouse: WarehouseResource) -> pl.DataFrame:
    """The four base metrics against what people counted on the same videos, each with its interval and a verdict."""
    from vitrina.sellers.delivered import latest  # noqa: PLC0415  # as above
    from vitrina.sellers.deviations import as_rows, deviations  # noqa: PLC0415  # as above
    from vitrina.sellers.manual_counts import (  # noqa: PLC0415  # loading the definitions need not pay for it
        MANUAL_COUNTS,
        beside,
        counted,
        measured_of_videos,
    )

    files, metrics = stored(warehouse, t.VideoFiles, t.SellerVideoMetrics)
    with warehouse.of(PRODUCT).read() as connection:
        raw = latest(connection, MANUAL_COUNTS)
    if raw.is_empty():
        return d.MetricDeviations.empty()
    return as_rows(deviations(beside(counted(raw), measured_of_videos(metrics, files))))
