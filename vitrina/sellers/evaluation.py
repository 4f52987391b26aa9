"""From a video's file to its metrics, step by step: what each asset of a video computes, and what a replay computes again."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from vitrina.sellers.cameras import Camera
from vitrina.sellers.detecting import Models, all_rows, detections
from vitrina.sellers.footage import Footage, Sample, sampled
from vitrina.sellers.footage_quality import Measures, QualityMeter, coverage, footage_samples
from vitrina.sellers.interactions import CONSULTATION, PAYMENT, encounters_of, interactions_of
from vitrina.sellers.metrics import Footage as Filmed
from vitrina.sellers.metrics import seller_video_metrics
from vitrina.sellers.motion import ChangeTest
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.people import alike, people_of
from vitrina.sellers.phantoms import without_phantoms
from vitrina.sellers.polygons import inside
from vitrina.sellers.receipts import consulted, with_receipts
from vitrina.sellers.resuming import resumed
from vitrina.sellers.roles import roles_of
from vitrina.sellers.roster import learnt, matched, with_sellers
from vitrina.sellers.shifts import shifts_in
from vitrina.sellers.tables import Interactions, People, SellerAppearances, Tracks, Trajectories
from vitrina.sellers.tracking import tracked
from vitrina.sellers.trajectories import tracks_summary, trajectories
from vitrina.sellers.video_facts import VideoFacts


@dataclass(frozen=True)
class Video:
    """A video that can be read.

    Attributes
    ----------
    key, store_id
        Its partition, and the store.
    started_at, duration_s
        As in `VideoFiles`.
    size
        Width and height of the upright picture, in pixels.
    camera
        What is known of its camera.
    """

    key: str
    store_id: str
    started_at: dt.datetime
    duration_s: float
    size: tuple[int, int]
    camera: Camera

    @property
    def ended_at(self) -> dt.datetime:
        """True time of its end."""
        return self.started_at + dt.timedelta(seconds=self.duration_s)

    @property
    def day(self) -> dt.date:
        """The day on which it begins, by the camera's zone."""
        return self.started_at.astimezone(ZoneInfo(self.camera.time_zone)).date()


@dataclass(frozen=True)
class Looked:
    """What one pass over a video's frames found.

    Attributes
    ----------
    detections, samples
        Rows of tables `Detections` and `FootageSamples`.
    skipped
        Samples on which nothing had moved.
    notes
        What is wrong with the file, and how it was read.
    took_s
        Seconds that it took.
    """

    detections: pl.DataFrame
    samples: pl.DataFrame
    skipped: int
    notes: tuple[str, ...]
    took_s: float


def look_at(  # noqa: PLR0913  # where the pictures come from, and how they are looked at
    path: Path,
    facts: VideoFacts,
    video: Video,
    models: Models,
    *,
    parameters: Parameters,
    step_s: float,
    longest_px: int | None = None,
    skip_still: bool = True,
    threads: int = 0,
    exact: bool = False,
) -> Looked:
    """Decode a video once: whether anything can be seen, and who is there.

    Parameters
    ----------
    path, facts
        The file, and what `probe` says of it.
    video
        The video.
    models
        What frames are looked at with.
    parameters
        Limits of footage's quality.
    step_s, longest_px, exact, threads
        As of `vitrina.sellers.footage.sampled`.
    skip_still
        Whether frames on which nothing has moved are passed over.
    """
    began = time.perf_counter()
    footage = sampled(path, step_s, facts=facts, longest_px=longest_px, exact=exact, threads=threads)
    meter = QualityMeter(parameters.quality)
    measures: list[Measures] = []
    still = ChangeTest() if skip_still else None
    parts = list(detections(_measured(footage, meter, measures), video.key, models, still=still))
    skipped = sum(len(part.skipped) for part in parts)
    found = _in_full_pixels(all_rows(parts), footage.plan.scale)
    samples = footage_samples(video.key, video.started_at, measures, parameters.quality)
    notes = (*facts.notes, footage.plan.why, *footage.notes())
    return Looked(found, samples, skipped, notes, time.perf_counter() - began)


def follow(found: pl.DataFrame, samples: pl.DataFrame, video: Video, parameters: Parameters) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `Tracks` and `Trajectories` of a video, from its detections and samples.

    What lies in parts of the picture that are to be left out is not followed, and times are those of the camera's clock as it is
    known now: both may have been told after people were detected. Nor is what a detector reads into pictures that show nothing.
    """
    found, samples = without_phantoms(_kept(found, video.camera), samples, parameters.phantoms), timed(samples, video)
    tracks = tracked(found, samples, settings=parameters.tracker, size=video.size)
    summary = tracks_summary(found, tracks)
    places = trajectories(found, tracks, samples=samples, floor=video.camera.plane)
    persons = people_of(summary, resumed=resumed(places, parameters.people), settings=parameters.people)
    whole = summary.join(persons, on=["video", "track"], how="left").select(list(Tracks.polars_schema()))
    return Tracks.check(whole), Trajectories.check(places)


def name_people(  # noqa: PLR0913  # who is there, and what is known of the sellers
    tracks: pl.DataFrame,
    places: pl.DataFrame,
    video: Video,
    *,
    shifts: pl.DataFrame,
    prototypes: pl.DataFrame,
    parameters: Parameters,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `People` and `SellerAppearances` of a video.

    Parameters
    ----------
    tracks, places
        Tables `Tracks` and `Trajectories` of the video.
    video
        The video.
    shifts
        Columns of `vitrina.sellers.shifts.SHIFTS_SCHEMA`.
    prototypes
        What other videos have shown of the store's sellers, columns of `vitrina.sellers.roster.PROTOTYPES_SCHEMA`.
    parameters
        What is decided how.
    """
    roster = parameters.roles.roster
    on_shift = shifts_in(
        shifts, store_id=video.store_id, begin=video.started_at, end=video.ended_at, slack_s=roster.early_or_late_s
    )
    people = roles_of(
        tracks,
        places,
        day=video.day,
        staff_zone=video.camera.staff_zone or None,
        shifts=on_shift,
        prototypes=prototypes,
        settings=parameters.roles,
    )
    matches = matched(people, tracks, on_shift, prototypes, day=video.day, settings=roster)
    shown = learnt(prototypes.clear(), matches, tracks, day=video.day, settings=roster)
    appearances = shown.select(
        pl.lit(video.key).alias("video"), "seller_id", pl.lit(video.store_id).alias("store_id"), "day", "appearance"
    )
    return People.check(with_sellers(people, matches)), SellerAppearances.check(appearances.cast(SellerAppearances.polars_schema()))  # type: ignore[arg-type]  # polars takes a schema


def serve(  # noqa: PLR0913  # who was where, and what was bought
    tracks: pl.DataFrame,
    places: pl.DataFrame,
    people: pl.DataFrame,
    *,
    video: Video,
    receipts: pl.DataFrame,
    parameters: Parameters,
) -> pl.DataFrame:
    """Table `Interactions` of a video, with the receipts that followed.

    Parameters
    ----------
    tracks, places, people
        Tables `Tracks`, `Trajectories` and `People` of the video.
    video
        The video.
    receipts
        Columns of `vitrina.sellers.receipts.RECEIPTS_SCHEMA`.
    parameters
        What is decided how.
    """
    plane = video.camera.plane
    found = interactions_of(
        places,
        tracks,
        people,
        rule=parameters.interaction,
        to_metres=None if plane is None else plane.metres,
        staff_zone=video.camera.staff_zone,
    )
    likeness = alike(tracks, parameters.people)
    joined = with_receipts(found, receipts, _as_files([video]), alike=likeness, rule=parameters.receipts)
    return Interactions.check(pl.concat(joined).sort("interaction"))


def count(  # noqa: PLR0913  # a table each
    tracks: pl.DataFrame,
    places: pl.DataFrame,
    people: pl.DataFrame,
    interactions: pl.DataFrame,
    *,
    video: Video,
    receipts: pl.DataFrame,
    seen: float,
    parameters: Parameters,
) -> pl.DataFrame:
    """Table `SellerVideoMetrics` of a video.

    Parameters
    ----------
    tracks, places, people, interactions
        Tables `Tracks`, `Trajectories`, `People` and `Interactions` of the video.
    video
        The video.
    receipts
        As of `serve`; empty where none were delivered.
    seen
        Share of its opening hours that could be seen, as of `coverage_of`.
    parameters
        What is decided how.
    """
    consultations = interactions.filter(pl.col("kind") == CONSULTATION)
    # whether receipts of the day were delivered is what the join says of interactions; without any, the receipts say it themselves
    delivered = receipts.filter(pl.col("store_id") == video.store_id)
    days = delivered["at"].dt.convert_time_zone(video.camera.time_zone).dt.date() if delivered.height else None
    known = days is not None and video.day in set(days.to_list())
    return seller_video_metrics(
        Filmed(video.key, video.started_at, video.duration_s, seen, video.camera.open_s(video.started_at, video.ended_at)),
        tracks,
        people,
        consultations,
        encounters=encounters_of(places, tracks, people, rule=parameters.interaction),
        purchases=consulted(consultations, receipts, _as_files([video])) if known else None,
        payments=interactions.filter(pl.col("kind") == PAYMENT),
        rule=parameters.metrics,
    )


def coverage_of(samples: pl.DataFrame, found: pl.DataFrame, video: Video, step_s: float, parameters: Parameters) -> float:
    """Share of the opening hours within a video that could be seen, 0 to 1."""
    people = without_phantoms(found, samples, parameters.phantoms)
    return coverage(timed(samples, video), video.camera.open_spans(video.started_at, video.ended_at), step_s, detections=people)


def timed(samples: pl.DataFrame, video: Video) -> pl.DataFrame:
    """Samples with the true times that the camera's clock gives as it is known now."""
    begin = pl.lit(video.started_at).dt.cast_time_unit("us")
    return samples.with_columns(at=begin + pl.duration(microseconds=(pl.col("pts_s") * 1e6).round().cast(pl.Int64)))


def _as_files(videos: Sequence[Video]) -> pl.DataFrame:
    """What joining receipts needs to know of videos."""
    rows = [(each.key, each.store_id, each.camera.time_zone, "readable", each.started_at, each.duration_s) for each in videos]
    schema = {
        "video": pl.String(),
        "store_id": pl.String(),
        "time_zone": pl.String(),
        "state": pl.String(),
        "started_at": pl.Datetime("us", "UTC"),
        "duration_s": pl.Float64(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _measured(footage: Footage, meter: QualityMeter, measures: list[Measures]) -> Iterator[Sample]:
    for sample in footage:
        measures.append(meter.measure(sample.number, sample.pts_s, sample.image))
        yield sample


def _in_full_pixels(found: pl.DataFrame, scale: tuple[float, float]) -> pl.DataFrame:
    across, down = scale
    return found.with_columns(pl.col("x1", "x2") * across, pl.col("y1", "y2") * down)


def _kept(found: pl.DataFrame, camera: Camera) -> pl.DataFrame:
    """Detections but for those whose middle lies in a part of the picture that is to be left out."""
    middles = found.select((pl.col("x1") + pl.col("x2")) / 2, (pl.col("y1") + pl.col("y2")) / 2).to_numpy()
    kept = pl.Series([True] * found.height, dtype=pl.Boolean)
    for polygon in camera.ignored:
        kept &= pl.Series(~inside(polygon, middles))
    return found.filter(kept)
