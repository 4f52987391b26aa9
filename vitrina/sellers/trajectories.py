"""Where the people of a video were: a row per track and sample, and what each track comes to."""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.sellers.floor import Floor
from vitrina.sellers.tables import Tracks, Trajectories
from vitrina.sellers.tracking import Floats, appearances


def trajectories(detections: pl.DataFrame, tracks: pl.DataFrame, samples: pl.DataFrame, floor: Floor | None) -> pl.DataFrame:
    """Rows of `Trajectories`: where feet were, in the picture and on the floor.

    Nothing is smoothed and nothing is filled in: at a step of a second two neighbours of a sample are two seconds of somebody's
    way, and their mean would be a place where nobody stood.

    Parameters
    ----------
    detections
        Rows of `Detections` of one video.
    tracks
        As of `tracked`.
    samples
        Rows of `FootageSamples` of the video: sample, at.
    floor
        The camera's floor; without it there are no metres.
    """
    rows = (
        tracks.join(detections, on=["sample", "detection"], how="inner")
        .join(samples.select("sample", "at"), on="sample", how="inner")
        .sort("track", "sample")
        .with_columns(foot_x=(pl.col("x1") + pl.col("x2")) / 2, foot_y=pl.col("y2"))
    )
    places = np.full((rows.height, 2), np.nan) if floor is None else floor.metres(rows.select("foot_x", "foot_y").to_numpy())
    metres = [pl.Series(f"floor_{axis}", places[:, column], nan_to_null=True) for column, axis in enumerate("xy")]
    schema = Trajectories.polars_schema()
    return rows.with_columns(metres).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def tracks_summary(detections: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """Rows of `Tracks` but for `person`, by track.

    Parameters
    ----------
    detections
        Rows of `Detections` of one video.
    tracks
        As of `tracked`.
    """
    schema = {name: dtype for name, dtype in Tracks.polars_schema().items() if name != "person"}
    rows = detections.join(tracks, on=["sample", "detection"], how="inner").sort("track", "sample")
    if not rows.height:
        return pl.DataFrame(schema=schema)
    foot_x, foot_y = (pl.col("x1") + pl.col("x2")) / 2, pl.col("y2")
    summary = rows.group_by("video", "track", maintain_order=True).agg(
        first_s=pl.col("pts_s").min(),
        last_s=pl.col("pts_s").max(),
        samples=pl.len(),
        confidence=pl.col("confidence").mean(),
        height_px=(pl.col("y2") - pl.col("y1")).median(),
        moved_px=pl.max_horizontal(foot_x.max() - foot_x.min(), foot_y.max() - foot_y.min()),
    )
    means = _mean_looks(appearances(rows), summary["samples"].to_numpy())
    summary = summary.with_columns(pl.Series("appearance", means, dtype=pl.Array(pl.Float32, means.shape[1])).arr.to_list())
    return summary.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _mean_looks(looks: Floats, counts: np.ndarray) -> Floats:
    """Means of consecutive vectors, of unit length; shape (tracks, d)."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    sums = np.add.reduceat(looks, starts, axis=0, dtype=np.float64)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # vectors that cancel out have no mean direction: the first one stands for the track
    cancelled = lengths[:, 0] <= 1e-6
    sums[cancelled] = looks[starts[cancelled]]
    unit: Floats = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
    return unit
