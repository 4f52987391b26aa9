"""All evidence of one video: clips while its file is there, pictures that show nobody's face, and every box around somebody."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vitrina.files import write_atomically
from vitrina.sellers.day_tables import EvidenceFiles
from vitrina.sellers.detector import Detector
from vitrina.sellers.evaluation import Video
from vitrina.sellers.evidence.boxes import as_parquet, boxes
from vitrina.sellers.evidence.clips import write_clip
from vitrina.sellers.evidence.day_timelines import day_timeline
from vitrina.sellers.evidence.heat_maps import floor_heat_map
from vitrina.sellers.evidence.interaction_ways import interaction_ways
from vitrina.sellers.evidence.names import file_stem, interaction_stem
from vitrina.sellers.evidence.recording import EvidenceError
from vitrina.sellers.evidence.wording import words
from vitrina.sellers.interactions import CONSULTATION
from vitrina.settings import Settings

FOLDER = Path("sellers") / EvidenceFiles.table_name()
WHOLE_VIDEO = 0


@dataclass(frozen=True)
class Told:
    """The tables of a video that evidence is made of."""

    tracks: pl.DataFrame
    trajectories: pl.DataFrame
    people: pl.DataFrame
    interactions: pl.DataFrame
    samples: pl.DataFrame
    detections: pl.DataFrame
    """As of `vitrina.sellers.evidence.boxes.detected`."""
    evidence: pl.DataFrame
    """Rows of `EvidenceFiles` that an earlier run has left."""


@dataclass(frozen=True)
class Source:
    """A video's file, and what finds people whose heads are to be blurred."""

    path: Path
    detector: Detector


def evidence_of(video: Video, told: Told, settings: Settings, *, source: Source | None, expires_at: dt.datetime) -> pl.DataFrame:
    """Make a video's evidence anew, in the place of what there was.

    Parameters
    ----------
    video
        The video.
    told
        What is known of it.
    settings
        For the folder, the languages, and how many clips are wanted.
    source
        Its file; None where it is gone or no clip is wanted: clips stay what they were.
    expires_at
        When clips are deleted.

    Returns
    -------
    polars.DataFrame
        Rows of `EvidenceFiles`; paths are relative to the folder of artifacts' parent, the data folder.
    """
    folder = settings.artifacts / FOLDER / file_stem(video.key)
    if source is not None:
        shutil.rmtree(folder, ignore_errors=True)
    made = [_boxes(video, told, folder), *_pictures(video, told, folder, settings)]
    if source is not None:
        made += _clips(video, told, source, folder, settings.sellers_clips)
    elif folder.exists():
        made += _clips_there(told, folder, settings)
    rows = [
        {
            "video": video.key,
            "interaction": WHOLE_VIDEO,
            "locale": "",
            "begin_s": None,
            "end_s": None,
            "expires_at": expires_at if row["kind"] == "clip" else None,
            **row,
            "path": str(row["path"].relative_to(settings.data)),
            "size": row["path"].stat().st_size,
        }
        for row in made
    ]
    return EvidenceFiles.check(pl.DataFrame(rows, schema=EvidenceFiles.polars_schema(), orient="row"))


def longest(interactions: pl.DataFrame, count: int) -> pl.DataFrame:
    """The longest consultations, in order of their numbers."""
    consultations = interactions.filter(pl.col("kind") == CONSULTATION)
    return consultations.sort("duration_s", "interaction", descending=[True, False]).head(count).sort("interaction")


def _boxes(video: Video, told: Told, folder: Path) -> dict[str, Any]:
    found = boxes(told.detections, told.trajectories, told.tracks, told.people, video.started_at)
    return _kept(folder / "boxes.parquet", as_parquet(found), "boxes", locale="")


def _pictures(video: Video, told: Told, folder: Path, settings: Settings) -> Iterator[dict[str, Any]]:
    step_s = settings.sellers_step_s
    starts = pl.DataFrame({"video": [video.key], "started_at": [video.started_at]})
    blind = _blind(told.samples, video, step_s)
    for locale in settings.locales:
        translate = words(locale)
        with suppress(EvidenceError):
            png = floor_heat_map(told.trajectories, told.tracks, told.people, step_s=step_s, translate=translate)
            yield _kept(folder / f"heat-map.{locale}.png", png, "heat map", locale)
        with suppress(EvidenceError):
            png = day_timeline(
                starts,
                told.tracks,
                told.people,
                told.interactions,
                time_zone=video.camera.time_zone,
                uncovered=blind,
                translate=translate,
            )
            yield _kept(folder / f"timeline.{locale}.png", png, "timeline", locale)
        for row in longest(told.interactions, settings.sellers_clips).iter_rows(named=True):
            with suppress(EvidenceError):
                png = interaction_ways(row, told.trajectories, told.tracks, translate=translate)
                name = f"{interaction_stem(video.key, row['interaction'])}.{locale}.png"
                yield _kept(folder / name, png, "trajectory", locale) | _of(row)


def _clips(video: Video, told: Told, source: Source, folder: Path, count: int) -> Iterator[dict[str, Any]]:
    for row in longest(told.interactions, count).iter_rows(named=True):
        target = folder / f"{interaction_stem(video.key, row['interaction'])}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(EvidenceError):
            clip = write_clip(
                source.path, (row["begin_s"], row["end_s"]), target, detector=source.detector, trajectories=told.trajectories
            )
            yield {"kind": "clip", "path": clip.path} | _of(row) | {"begin_s": clip.begin_s, "end_s": clip.end_s}


def _clips_there(told: Told, folder: Path, settings: Settings) -> Iterator[dict[str, Any]]:
    """Clips that an earlier run cut, each of the interaction that it shows now; one that shows none any more is deleted."""
    kept = [
        {"kind": "clip", "path": settings.data / row["path"]} | _of(row)
        for row in still_shown(told.evidence, told.interactions).iter_rows(named=True)
    ]
    paths = {row["path"] for row in kept}
    for file in folder.rglob("*.mp4"):
        if file not in paths:
            file.unlink(missing_ok=True)
    yield from (row for row in kept if row["path"].is_file())


def still_shown(evidence: pl.DataFrame, interactions: pl.DataFrame) -> pl.DataFrame:
    """Stored clips with the interactions that they show: numbers change where a video is computed again.

    Parameters
    ----------
    evidence
        Rows of `EvidenceFiles` of a video.
    interactions
        Rows of table `Interactions` of the same video, as they are now.

    Returns
    -------
    polars.DataFrame
        ``path``, ``begin_s`` and ``end_s`` of the clip, and ``interaction``; one clip of an interaction, and one interaction of a clip.
    """
    clips = evidence.filter(pl.col("kind") == "clip").select("path", "begin_s", "end_s")
    consultations = interactions.filter(pl.col("kind") == CONSULTATION)
    met = clips.join_where(
        consultations.select("interaction", began_s="begin_s", ended_s="end_s"),
        pl.col("began_s") < pl.col("end_s"),
        pl.col("ended_s") > pl.col("begin_s"),
    ).with_columns(common=pl.min_horizontal("ended_s", "end_s") - pl.max_horizontal("began_s", "begin_s"))
    # a clip of a long interaction shows its beginning
    shorter = pl.min_horizontal(pl.col("end_s") - pl.col("begin_s"), pl.col("ended_s") - pl.col("began_s"))
    best = met.filter(2 * pl.col("common") >= shorter).sort("common", "interaction", "path", descending=[True, False, False])
    return (
        best.unique("path", keep="first", maintain_order=True)
        .unique("interaction", keep="first", maintain_order=True)
        .select("path", "begin_s", "end_s", "interaction")
        .sort("interaction")
    )


def _of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("interaction", "begin_s", "end_s")}


def _kept(path: Path, content: bytes, kind: str, locale: str) -> dict[str, Any]:
    write_atomically(path, content)
    return {"kind": kind, "path": path, "locale": locale}


def _blind(samples: pl.DataFrame, video: Video, step_s: float) -> list[tuple[dt.datetime, dt.datetime]]:
    """Stretches of the video on which nothing could be seen."""
    half = dt.timedelta(seconds=step_s / 2)
    stretches: list[tuple[dt.datetime, dt.datetime]] = []
    for pts_s in samples.filter(pl.col("state") != "ok")["pts_s"].sort():
        at = video.started_at + dt.timedelta(seconds=pts_s)
        if stretches and at - stretches[-1][1] <= 2 * half:
            stretches[-1] = (stretches[-1][0], at + half)
        else:
            stretches.append((at - half, at + half))
    return stretches
