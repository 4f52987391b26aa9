"""Tracks that begin where another one ended: whoever was hidden for a while comes to light at the same place."""

from __future__ import annotations

import polars as pl

from vitrina.sellers.people import RESUMED_SCHEMA, PeopleSettings


def resumed(trajectories: pl.DataFrame, settings: PeopleSettings) -> pl.DataFrame:
    """Which tracks may go on as which others, by time and place alone.

    Places are upper edges of boxes, in body heights: of whoever is hidden in part, the head is seen longest.

    Parameters
    ----------
    trajectories
        Table `Trajectories`, of any number of videos.
    settings
        How soon, and how near.

    Returns
    -------
    polars.DataFrame
        Columns of `vitrina.sellers.people.RESUMED_SCHEMA`.
    """
    ordered = trajectories.sort("video", "track", "sample").with_columns(
        x=(pl.col("x1") + pl.col("x2")) / 2, height=pl.col("y2") - pl.col("y1")
    )
    whole = ordered.group_by("video", "track", maintain_order=True).agg(
        tallest=pl.col("height").max(),
        begin_s=pl.col("pts_s").first(),
        end_s=pl.col("pts_s").last(),
        begin_x=pl.col("x").first(),
        begin_y=pl.col("y1").first(),
        end_x=pl.col("x").last(),
        end_y=pl.col("y1").last(),
    )
    apart = ((pl.col("end_x") - pl.col("begin_x_2")).pow(2) + (pl.col("end_y") - pl.col("begin_y_2")).pow(2)).sqrt()
    height = pl.min_horizontal("tallest", "tallest_2")
    later = whole.rename({name: f"{name}_2" for name in whole.columns})
    return (
        whole.lazy()
        .join_where(
            later.lazy(),
            pl.col("video") == pl.col("video_2"),
            pl.col("begin_s_2") > pl.col("end_s"),
            pl.col("begin_s_2") <= pl.col("end_s") + settings.resumed_s,
        )
        .filter(apart <= settings.resumed_heights * height)
        .select("video", "track", later="track_2")
        .sort("video", "track", "later")
        .collect()
        .cast(RESUMED_SCHEMA)  # type: ignore[arg-type]  # polars takes a schema
    )
