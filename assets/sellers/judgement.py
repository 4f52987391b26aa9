"""How good a video's numbers are where people drew boxes on its frames: detection, tracking and counting at every stride."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from assets.sellers.product import LOOKING, PRODUCT, delivered_beside, inputs, keys_of, outs, video_of
from resources.partitions import VIDEOS
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.sellers import day_tables as d
from vitrina.sellers import tables as t
from vitrina.sellers.evaluation import Video
from vitrina.sellers.manual_counts import RawManualCounts
from vitrina.sellers.networks import in_force, networks
from vitrina.sellers.raw_tables import RawAnnotations, RawShifts, RawTillReceipts, RawTrueRoles
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.sellers.video_names import NamePattern

if TYPE_CHECKING:
    from vitrina.sellers.judging import Judged


@dg.multi_asset(
    name="stride_quality",
    ins=inputs(t.VideoFiles),
    outs=outs(d.StrideQuality, d.RoleConfusion, kinds=("openvino", "boxmot", "duckdb")),
    deps=keys_of(RawAnnotations, RawTrueRoles, RawManualCounts, RawShifts, RawTillReceipts),
    partitions_def=VIDEOS,
    pool=LOOKING,
)
def stride_quality(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, video_files: pl.DataFrame
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Looks at every annotated frame, and judges what would have been found, followed and counted at strides of 1 to 30 frames."""
    from vitrina.sellers.judging_pictures import stride_curves  # noqa: PLC0415  # loading the definitions need not pay for it

    video = video_of(warehouse, video_files)
    found, told = (
        (None, {"judged": "The video cannot be read."}) if video is None else _judged(context, warehouse, video, video_files)
    )
    quality, confusion = (
        (d.StrideQuality.empty(), d.RoleConfusion.empty()) if found is None else (found.stride_quality, found.confusion)
    )
    pictures = {locale: stride_curves(quality, locale) for locale in warehouse.settings.locales}
    curves = {f"curves_{locale}": picture("curves", png) for locale, png in pictures.items() if png is not None}
    yield dg.Output(quality, output_name="stride_quality", metadata={**told, **curves})
    yield dg.Output(confusion, output_name="role_confusion", metadata={"seconds": float(confusion["seconds"].sum())})


def _judged(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, video: Video, video_files: pl.DataFrame
) -> "tuple[Judged | None, dict[str, Any]]":
    """The judgement with what is told of it; None where nobody annotated a frame that the video has."""
    from vitrina.sellers import judging  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.sellers.sources import file_of  # noqa: PLC0415  # as above
    from vitrina.sellers.video_facts import probe  # noqa: PLC0415  # as above

    settings, fps = warehouse.settings, float(video_files["fps"][0])
    record = VideoLedger(settings.videos).find(context.partition_key)
    with warehouse.of(PRODUCT).read() as connection:
        truth = judging.truth_of(connection, video, record.path, NamePattern(settings.sellers_videos))
    known = delivered_beside(warehouse, video)
    frames = judging.wanted_frames(truth, video, fps)
    if not frames:
        beyond = len(judging.annotated_frames(truth.annotations))
        why = f"All {beyond} annotated frames lie beyond the video." if beyond else "Nobody has annotated this video."
        return None, {"judged": why, "frames_judged": 0, "frames_not_looked_at": beyond}
    with file_of(record, settings) as path:
        looked = judging.look_at_frames(
            path,
            probe(path),
            video,
            networks(settings, picture=video.size),
            frames,
            parameters=in_force(settings),
            step_s=settings.sellers_step_s,
            longest_px=settings.sellers_longest_px,
            threads=settings.sellers_threads,
        )
    found = judging.judged(
        video,
        looked.detections,
        looked.samples,
        truth=truth,
        delivered=known,
        parameters=in_force(settings),
        fps=fps,
        step_s=settings.sellers_step_s,
    )
    return found, {
        "judged": f"{found.frames} of {looked.samples.height} frames that were looked at are annotated.",
        "frames_judged": found.frames,
        "frames_not_looked_at": found.unseen,
        "stride_of_confusion": found.stride or 0,
        "took_s": looked.took_s,
        "notes": dg.MetadataValue.text(" ".join(looked.notes)),
    }
