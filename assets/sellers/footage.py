"""What is on a video's file, whether anything can be seen on it, and who is there: one pass over its frames."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.sellers.product import BY_VIDEO, LOOKING, PRODUCT, inputs, keys_of, outs, video_of
from resources.inbox_assets import inbox_assets
from resources.partitions import VIDEOS
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.sellers import tables as t
from vitrina.sellers.contracts import CONTRACTS
from vitrina.sellers.networks import in_force
from vitrina.sellers.preparing import prepare
from vitrina.sellers.raw_tables import RawCameras, SellersDeliveries, SellersRefusedRows
from vitrina.sellers.staleness import staleness
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.warehouse import load

sellers_inbox = inbox_assets(
    PRODUCT, CONTRACTS, refused_table=SellersRefusedRows, deliveries_table=SellersDeliveries, consequences=staleness
)


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=keys_of(RawCameras), **table_arguments(t.VideoFiles, kinds=("ffmpeg", "duckdb")), **BY_VIDEO
)
def video_files(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> pl.DataFrame:
    """What is on the file, without decoding it; why it cannot be read, where it cannot."""
    from vitrina.sellers.delivered import camera_of  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.sellers.probing import probed  # noqa: PLC0415  # as above

    settings = warehouse.settings
    ledger = VideoLedger(settings.videos)
    record = ledger.find(context.partition_key)
    prepare(warehouse.of(PRODUCT))
    with warehouse.of(PRODUCT).read() as connection:
        camera = camera_of(connection, record.store_id, record.camera_id, time_zone=settings.sellers_time_zone)
        before = load(connection, t.VideoFiles, {"video": [record.video]})
    found = probed(record, camera, settings, before)
    if found["state"][0] == "unreadable":
        ledger.conclude(record.video, readable=False, reason=found["reason"][0])
    context.add_output_metadata({"path": record.path, "state": found["state"][0], "reason": found["reason"][0] or "none"})
    return found


@dg.multi_asset(
    name="people_on_frames",
    ins=inputs(t.VideoFiles),
    outs=outs(t.FootageSamples, t.Detections, kinds=("openvino", "ultralytics", "duckdb")),
    partitions_def=VIDEOS,
    pool=LOOKING,
)
def people_on_frames(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, video_files: pl.DataFrame
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Decodes a video once, at the wanted step: whether anything can be seen on its frames, and who is on them."""
    from vitrina.sellers.looking import looked  # noqa: PLC0415  # loading the definitions need not pay for it

    settings = warehouse.settings
    video = video_of(warehouse, video_files)
    if video is None:
        yield dg.Output(t.FootageSamples.empty(), output_name="footage_samples")
        yield dg.Output(t.Detections.empty(), output_name="detections")
        return
    record = VideoLedger(settings.videos).find(context.partition_key)
    found, models = looked(record, video, settings, in_force(settings))
    states = dict(found.samples["state"].value_counts().sort("state").iter_rows())
    yield dg.Output(
        found.samples,
        output_name="footage_samples",
        metadata={"samples": found.samples.height, **{f"samples_{state}": count for state, count in states.items()}},
    )
    yield dg.Output(
        found.detections,
        output_name="detections",
        metadata={
            "skipped_samples": found.skipped,
            "took_s": found.took_s,
            "times_real_time": video.duration_s / max(found.took_s, 1e-9),
            "models": ", ".join(models),
            "notes": dg.MetadataValue.text(" ".join(found.notes)),
        },
    )
