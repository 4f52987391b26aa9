"""A row of `VideoFiles`: what the ledger knows of a file, what is on it, and what its camera's clock makes of its start."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from vitrina.sellers.cameras import Camera
from vitrina.sellers.sources import VideoGoneError, file_of
from vitrina.sellers.tables import VideoFiles
from vitrina.sellers.video_facts import UnreadableVideoError, VideoFacts, probe
from vitrina.sellers.video_ledger import VideoRecord
from vitrina.sellers.video_listing import modified_at
from vitrina.sellers.video_names import NamePattern, read_name
from vitrina.sellers.video_times import Clock
from vitrina.settings import Settings


def probed(record: VideoRecord, camera: Camera, settings: Settings, before: pl.DataFrame) -> pl.DataFrame:
    """The video's row of `VideoFiles`.

    Of a file that is gone, what was found while it was there stands, with the times of the camera's clock as it is known now.

    Parameters
    ----------
    record
        The file.
    camera
        Its camera, whose clock says when the film began.
    settings
        For the inbox and the pattern of names.
    before
        The row as it is stored, which may be none.

    Raises
    ------
    VideoGoneError
        The file is no longer there, and nobody has looked at it while it was.
    """
    clock = Clock(camera.time_zone, camera.offset_s)
    is_described = camera != Camera(record.store_id, record.camera_id, time_zone=settings.sellers_time_zone)
    clocks = {(record.store_id, record.camera_id): clock} if is_described else {}
    name = read_name(record.path, NamePattern(settings.sellers_videos), clocks, clock)
    notes = [*([record.reason] if record.reason else []), *map(str, name.notes)]
    row: dict[str, Any] = {
        "video": record.video,
        "store_id": record.store_id,
        "camera_id": record.camera_id,
        "path": record.path,
        "fingerprint": record.fingerprint,
        "size": record.size,
        "version": record.version,
        "modified_at": modified_at(record.found) or dt.datetime.fromtimestamp(0, dt.UTC),
        "state": "readable",
        "reason": " ".join(notes) or None,
        "started_at": name.start.at,
        "time_zone": camera.time_zone,
        "offset_s": camera.offset_s,
    }
    try:
        facts = known_facts(record, settings)
        row |= _facts(facts) | {"reason": " ".join([*notes, *facts.notes]) or None}
    except VideoGoneError:
        if before.is_empty():
            raise
        clocked = ("started_at", "time_zone", "offset_s")
        row = before.row(0, named=True) | {name: row[name] for name in clocked}
    except UnreadableVideoError as error:
        row |= {"state": "unreadable", "reason": f"{error.problem} {error.remedy}"}
    return VideoFiles.check(pl.DataFrame([row], schema=VideoFiles.polars_schema()))


def known_facts(record: VideoRecord, settings: Settings) -> VideoFacts:
    """What is on a video's file.

    Raises
    ------
    VideoGoneError, UnreadableVideoError
        It is gone, or no frame can be had from it.
    """
    with file_of(record, settings) as path:
        return probe(path)


def _facts(facts: VideoFacts) -> dict[str, Any]:
    names = (
        "codec",
        "width",
        "height",
        "rotation",
        "fps",
        "duration_s",
        "frames",
        "keyframe_gap_median_s",
        "keyframe_gap_max_s",
    )
    return {name: getattr(facts, name) for name in names}
