"""Rows of people on a shop's floor, for tests that need some; places in metres become pixels at 100 a metre."""

import datetime as dt
import math

import polars as pl

from vitrina.sellers.tables import Interactions, People, Tracks, Trajectories, VideoFiles

VIDEO = "shop-1|till|20261014T090000Z|0a1b2c3d"
START = dt.datetime(2026, 10, 14, 9, tzinfo=dt.UTC)
PX = 100.0
HEIGHT_PX = 170.0


def walk(track, places, *, step=1.0, first=0, video=VIDEO, heading=None, height=HEIGHT_PX, metric=True, start=START):
    """A track's trajectory: a place per sample, ``None`` where the person was not seen."""
    rows = []
    for number, place in enumerate(places, first):
        if place is None:
            continue
        x, y = place
        foot_x, foot_y = x * PX, y * PX + 500
        rows.append({
            "video": video,
            "track": track,
            "sample": number,
            "pts_s": number * step,
            "at": start + dt.timedelta(seconds=number * step),
            "x1": foot_x - 30,
            "y1": foot_y - height,
            "x2": foot_x + 30,
            "y2": foot_y,
            "foot_x": foot_x,
            "foot_y": foot_y,
            "floor_x": x if metric else None,
            "floor_y": y if metric else None,
            "heading": heading,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=Trajectories.polars_schema())


def tracks_of(trajectories, persons):
    """Tracks of trajectories; ``persons`` maps a track to its person."""
    seen = trajectories.group_by("video", "track").agg(
        first_s=pl.col("pts_s").min(), last_s=pl.col("pts_s").max(), samples=pl.len().cast(pl.Int64)
    )
    rows = seen.with_columns(
        person=pl.col("track").replace_strict(persons, return_dtype=pl.Int64),
        confidence=pl.lit(0.9),
        height_px=pl.lit(HEIGHT_PX),
        moved_px=pl.lit(50.0),
        appearance=pl.lit([1.0], dtype=pl.List(pl.Float32)),
    )
    return Tracks.check(rows.select(*Tracks.polars_schema()).sort("video", "track"))


def people_of(tracks, roles, seller_ids=None):
    """People of tracks; ``roles`` maps a person to a role, ``seller_ids`` to a name on the roster."""
    named = seller_ids or {}
    rows = (
        tracks.group_by("video", "person")
        .agg(
            tracks=pl.len().cast(pl.Int64),
            first_s=pl.col("first_s").min(),
            last_s=pl.col("last_s").max(),
            present_s=(pl.col("last_s") - pl.col("first_s")).sum(),
        )
        .with_columns(
            role=pl.col("person").replace_strict(roles, return_dtype=pl.String),
            seller_id=pl.col("person").replace_strict(named, default=None, return_dtype=pl.String),
            confidence=pl.lit(0.9),
            baseline_role=pl.lit("unknown"),
            staff_zone_share=pl.lit(None, pl.Float64),
            evidence=pl.lit("made up"),
        )
    )
    return People.check(rows.select(*People.polars_schema()).sort("video", "person"))


def scene(*walks, roles, persons=None, seller_ids=None):
    """Trajectories, tracks and people of tracks; by default each track is a person."""
    trajectories = pl.concat(walks)
    found = tracks_of(trajectories, persons or {track: track for track in trajectories["track"].unique()})
    return trajectories, found, people_of(found, roles, seller_ids)


def interaction(number, begin_s, end_s, *, video=VIDEO, seller=1, customer=2, start=START, **values):
    row = dict.fromkeys(Interactions.polars_schema()) | {
        "kind": "consultation",
        "video": video,
        "interaction": number,
        "seller_person": seller,
        "customer_person": customer,
        "begin_s": float(begin_s),
        "end_s": float(end_s),
        "begin_at": start + dt.timedelta(seconds=begin_s),
        "end_at": start + dt.timedelta(seconds=end_s),
        "duration_s": float(end_s - begin_s),
        "closest": 1.0,
        "basis": "metres",
        "samples": 5,
    }
    return row | values


def interactions(*rows):
    return Interactions.check(pl.DataFrame(list(rows), schema=Interactions.polars_schema()))


def video_file(video=VIDEO, *, start=START, duration_s=3600.0, **values):
    store, camera = video.split("|")[:2]
    row = dict.fromkeys(VideoFiles.polars_schema()) | {
        "video": video,
        "store_id": store,
        "camera_id": camera,
        "path": f"videos/{store}/{camera}/a.mp4",
        "fingerprint": "0" * 32,
        "size": 1,
        "version": 1,
        "modified_at": start,
        "state": "readable",
        "duration_s": duration_s,
        "started_at": start,
        "time_zone": "Europe/Moscow",
        "offset_s": 0.0,
    }
    return row | values


def video_files(*rows):
    return VideoFiles.check(pl.DataFrame(list(rows), schema=VideoFiles.polars_schema()))


def circle(step_radians, n, radius, middle=(0.0, 0.0)):
    """Places round a middle, one per sample."""
    return [(middle[0] + radius * math.cos(i * step_radians), middle[1] + radius * math.sin(i * step_radians)) for i in range(n)]
