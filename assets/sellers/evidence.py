"""What shows that a number is true: seconds in the video while it exists, clips with blurred faces, and pictures of ways."""

import datetime as dt

import dagster as dg
import polars as pl

from assets.sellers.product import LOOKING, PRODUCT, inputs, keys_of, video_of
from resources.inbox import InboxResource
from resources.partitions import VIDEOS
from resources.table_assets import table_arguments
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.inbox.staleness import WHOLE
from vitrina.sellers import day_tables as d
from vitrina.sellers import tables as t
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.warehouse import load

SHOWN = ("heat map", "timeline", "trajectory")
LARGEST_PICTURE = 200_000


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    ins=inputs(t.VideoFiles, t.FootageSamples, t.Tracks, t.Trajectories, t.People, t.Interactions),
    # the video counts as evaluated only once its numbers are stored; of detections, all but the vectors is read
    deps=keys_of(t.Detections, t.SellerVideoMetrics),
    **table_arguments(d.EvidenceFiles, kinds=("altair", "ffmpeg", "duckdb")),
    partitions_def=VIDEOS,
    pool=LOOKING,
)
def evidence_files(  # noqa: PLR0913, PLR0917  # one parameter per input, and Dagster passes them by name
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    inbox: InboxResource,
    video_files: pl.DataFrame,
    footage_samples: pl.DataFrame,
    tracks: pl.DataFrame,
    trajectories: pl.DataFrame,
    people: pl.DataFrame,
    interactions: pl.DataFrame,
) -> pl.DataFrame:
    """Clips of the longest consultations with faces blurred, where they walked, where time is spent, the day as a line, and all boxes."""
    from vitrina.sellers.evidence.boxes import detected  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.sellers.evidence.making import Told  # noqa: PLC0415  # as above
    from vitrina.sellers.evidence.requesting import made_for  # noqa: PLC0415  # as above

    settings, now = warehouse.settings, dt.datetime.now(dt.UTC)
    video = video_of(warehouse, video_files)
    found = d.EvidenceFiles.empty()
    if video is not None:
        ledger = VideoLedger(settings.videos)
        ledger.conclude(video.key, readable=True, duration_s=video.duration_s)
        with warehouse.of(PRODUCT).read() as connection:
            earlier, boxes = load(connection, d.EvidenceFiles, {"video": [video.key]}), detected(connection, video.key)
        told = Told(tracks, trajectories, people, interactions, footage_samples, boxes, earlier)
        found = made_for(ledger.find(video.key), video, told, settings)
    inbox.ledger.clear_stale(PRODUCT, [context.partition_key], marked_before=now)
    inbox.ledger.mark_stale(PRODUCT, [WHOLE], now)
    for kind in SHOWN:
        files = found.filter((pl.col("kind") == kind) & (pl.col("size") <= LARGEST_PICTURE)).sort("locale", "interaction")
        if files.height:
            context.add_output_metadata({kind.replace(" ", "_"): picture(kind, (settings.data / files["path"][0]).read_bytes())})
    return found
