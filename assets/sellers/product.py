"""What the assets of sellers share: the video of a run, and how assets by video are declared."""

from typing import Any

import dagster as dg
import polars as pl

from resources.partitions import VIDEOS
from resources.table_assets import table_key, table_out
from resources.warehouse import WarehouseResource
from vitrina.sellers.delivered import Delivered, camera_of, delivered_for
from vitrina.sellers.evaluation import Video
from vitrina.sellers.networks import in_force
from vitrina.tables import Table
from vitrina.warehouse import load

PRODUCT = "sellers"
POOLED: dict[str, Any] = {"pool": PRODUCT}
LOOKING = "sellers_videos"
"""The pool of runs that look at pictures: as many at a time as its limit says, one by default."""
BY_VIDEO: dict[str, Any] = {"partitions_def": VIDEOS, **POOLED}


def keys_of(*tables: type[Table]) -> list[dg.AssetKey]:
    """Keys of tables."""
    return [table_key(table) for table in tables]


def outs(*tables: type[Table], kinds: tuple[str, ...] = ("polars", "duckdb")) -> dict[str, dg.AssetOut]:
    """Tables that one step makes."""
    return {table.table_name(): table_out(table, kinds=kinds) for table in tables}


def inputs(*tables: type[Table]) -> dict[str, dg.AssetIn]:
    """Tables of the product that an asset reads: of the same video, where both are made by video."""
    return {table.table_name(): dg.AssetIn(key=table_key(table)) for table in tables}


def stored(warehouse: WarehouseResource, *tables: type[Table]) -> tuple[pl.DataFrame, ...]:
    """Tables as they were last written; one that never was is empty."""
    with warehouse.of(PRODUCT).read() as connection:
        return tuple(load(connection, table) for table in tables)


def video_of(warehouse: WarehouseResource, video_files: pl.DataFrame) -> Video | None:
    """The video that a slice of `VideoFiles` describes, or None where it cannot be read."""
    readable = video_files.filter(pl.col("state") == "readable")
    if readable.is_empty():
        return None
    row = readable.row(0, named=True)
    with warehouse.of(PRODUCT).read() as connection:
        camera = camera_of(connection, row["store_id"], row["camera_id"], time_zone=row["time_zone"])
    return Video(row["video"], row["store_id"], row["started_at"], row["duration_s"], (row["width"], row["height"]), camera)


def delivered_beside(warehouse: WarehouseResource, video: Video) -> Delivered:
    """Shifts, receipts and looks of sellers that are known beside a video."""
    kept_days = in_force(warehouse.settings).roles.roster.kept_days
    with warehouse.of(PRODUCT).read() as connection:
        return delivered_for(
            connection,
            video.camera,
            video=video.key,
            begin=video.started_at,
            end=video.ended_at,
            day=video.day,
            kept_days=kept_days,
        )
