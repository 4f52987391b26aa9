"""Every box that was found around somebody on a video, and whom it is held for, as one file: numbers, and nothing of what anybody looks like.

A day has a hundred thousand boxes and more: too many to be copied into every published version, so that versions name the file.
"""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CORNERS = ("x1", "y1", "x2", "y2")
DETECTED = {
    "sample": pl.Int64(),
    "detection": pl.Int64(),
    "pts_s": pl.Float64(),
    **dict.fromkeys(CORNERS, pl.Float64()),
    "confidence": pl.Float64(),
    "heading": pl.Float64(),
}
"""Columns of `Detections` but for the vectors of what people look like, which are never published."""
BOXES = {
    **DETECTED,
    "at": pl.Datetime("us", "UTC"),
    "track": pl.Int64(),
    "person": pl.Int64(),
    "role": pl.String(),
    "floor_x": pl.Float64(),
    "floor_y": pl.Float64(),
}
"""Columns of the file, by sample and detection; track, person and role are null where nobody followed the box. Nobody is named."""

ROWS_AT_ONCE = 20_000
"""Rows of a group of the file: whoever asks for some minutes of a day reads as many."""


def detected(connection: DuckDBPyConnection, video: str) -> pl.DataFrame:
    """Columns `DETECTED` of a video's detections.

    Parameters
    ----------
    connection
        The product's tables.
    video
        The video's key.
    """
    columns = ", ".join(DETECTED)
    found = connection.execute(f"SELECT {columns} FROM detections WHERE video = ?", [video]).pl()  # noqa: S608  # our own names
    return found.cast(dict(DETECTED))  # type: ignore[arg-type]  # polars wants the broader type of a schema


def boxes(
    detections: pl.DataFrame, trajectories: pl.DataFrame, tracks: pl.DataFrame, people: pl.DataFrame, started_at: dt.datetime
) -> pl.DataFrame:
    """Columns `BOXES` of a video.

    Parameters
    ----------
    detections
        As of `detected`.
    trajectories, tracks, people
        Tables `Trajectories`, `Tracks` and `People` of the same video.
    started_at
        True time of its first frame.
    """
    # a trajectory holds its detections' corners as they are, and not their numbers
    followed = (
        trajectories.select("sample", *CORNERS, "track", "floor_x", "floor_y")
        .unique(["sample", *CORNERS], keep="first", maintain_order=True)
        .join(tracks.select("track", "person"), on="track", how="left")
        .join(people.select("person", "role"), on="person", how="left")
    )
    at = pl.lit(started_at) + pl.duration(microseconds=(pl.col("pts_s") * 1e6).round().cast(pl.Int64))
    rows = detections.join(followed, on=["sample", *CORNERS], how="left").sort("sample", "detection").with_columns(at=at)
    return rows.select(pl.col(name).cast(dtype) for name, dtype in BOXES.items())


def as_parquet(found: pl.DataFrame) -> bytes:
    """The file's content; equal rows give equal bytes."""
    with BytesIO() as file:
        found.write_parquet(file, compression="zstd", row_group_size=ROWS_AT_ONCE)
        return file.getvalue()
