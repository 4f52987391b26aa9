"""How good a video's numbers would be at every stride, by boxes that people drew on its frames.

All frames are looked at once. A run at a stride gets those that it would have sampled, and from there goes the way of any other
video: tracks, persons, roles, interactions, metrics. Frame n of an annotation is the one at (n − 1) / fps seconds.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import polars as pl
from duckdb import DuckDBPyConnection

from vitrina.sellers import confusion as seconds_of
from vitrina.sellers.contracts import ANNOTATIONS, TRUE_ROLES
from vitrina.sellers.day_tables import RoleConfusion, StrideQuality
from vitrina.sellers.delivered import Delivered, latest
from vitrina.sellers.detecting import Models, all_rows, detections
from vitrina.sellers.detection_quality import detection_quality
from vitrina.sellers.deviations import Way, deviations
from vitrina.sellers.evaluation import Looked, Video, count, coverage_of, follow, name_people, serve
from vitrina.sellers.evidence.excerpts import Excerpt
from vitrina.sellers.footage import Sample
from vitrina.sellers.footage_quality import Measures, QualityMeter, footage_samples
from vitrina.sellers.judgement import FIRST_FRAME, STRIDES, share_of_events_seen, tracking_quality
from vitrina.sellers.manual_counts import MANUAL_COUNTS, MEASURED, TOLERANCE_S, beside, counted
from vitrina.sellers.metrics import ALL
from vitrina.sellers.mot import CORNERS, of_trajectories
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.polygons import inside
from vitrina.sellers.video_facts import VideoFacts
from vitrina.sellers.video_names import NamePattern

DETECTION = ("map", "ap50", "precision", "recall")
TRACKING = ("hota", "deta", "assa", "mota", "idf1")
SWITCHES, PEOPLE_SEEN, EVENTS_SEEN = "switches", "share_of_people_seen", "share_of_events_seen"
DEVIATION = "deviation_"
"""Beginning of the measures that say how far a base metric is from what people counted."""

MOST_FRAMES = 45_000
"""Half an hour at 25 frames a second: about as many as twelve hours have at a step of a second, in time and in memory."""

GONE_S = 3.0
"""Whoever is not on annotated frames for longer has been in the picture twice."""

_FIXTURE = "fixture"


@dataclass(frozen=True)
class Judged:
    """What a video's annotation says of its evaluation.

    Attributes
    ----------
    stride_quality, confusion
        Rows of tables `StrideQuality` and `RoleConfusion`.
    stride
        The stride of the confusion: the one whose step is nearest to the usual.
    frames, unseen
        Annotated frames that were judged, and those that were not looked at, as they lie beyond the video.
    """

    stride_quality: pl.DataFrame
    confusion: pl.DataFrame
    stride: int | None = None
    frames: int = 0
    unseen: int = 0


@dataclass(frozen=True)
class TrueOfVideo:
    """What people say of a video.

    Attributes
    ----------
    annotations, true_roles
        Rows of `RawAnnotations` and `RawTrueRoles`, of the video, the latest by natural key; either may be empty.
    counts
        Rows of `RawManualCounts`, the latest by natural key; those of other cameras and times are left out.
    """

    annotations: pl.DataFrame
    true_roles: pl.DataFrame
    counts: pl.DataFrame


def truth_of(connection: DuckDBPyConnection, video: Video, path: str, pattern: NamePattern) -> TrueOfVideo:
    """What was delivered of a video.

    Parameters
    ----------
    connection
        The product's tables.
    video
        The video.
    path
        Its file within the inbox, whose name says its start as annotations do.
    pattern
        How videos are named.
    """
    named = pattern.expression.fullmatch(path)
    place = {"store": video.store_id, "camera": video.camera.camera_id}
    of_video = {**place, "start": named["start"] if named else ""}
    whose = "store_id = $store AND camera_id = $camera"
    annotations, roles = (latest(connection, of, f"{whose} AND start = $start", **of_video) for of in (ANNOTATIONS, TRUE_ROLES))
    return TrueOfVideo(annotations, roles, latest(connection, MANUAL_COUNTS, whose, **place))


def annotated_frames(annotations: pl.DataFrame) -> list[int]:
    """Numbers of the frames that somebody annotated, those without anybody included.

    Nobody says of a frame that nobody is on it. Where annotated frames keep a regular distance, all at this distance from the first
    to the last count; elsewhere those with a box alone.

    Parameters
    ----------
    annotations
        Rows of `RawAnnotations`, of one video.
    """
    frames = annotations["frame"].unique().sort().to_list()
    step = _step(frames)
    regular = all((later - earlier) % step == 0 for earlier, later in pairwise(frames))
    return list(range(frames[0], frames[-1] + 1, step)) if frames and regular else frames


def wanted_frames(truth: TrueOfVideo, video: Video, fps: float) -> range:
    """Numbers of the frames to look at: from the first annotated one to the last, or all where people counted on the video.

    Parameters
    ----------
    truth
        As of `truth_of`.
    video
        The video.
    fps
        Its frames per second.

    Returns
    -------
    range
        Within the video, and no more than `MOST_FRAMES`.
    """
    frames = annotated_frames(truth.annotations)
    end = round(video.duration_s * fps) + FIRST_FRAME
    if not frames or frames[0] >= end:
        return range(0)
    if not _of(video, truth.counts).is_empty() and end - FIRST_FRAME <= MOST_FRAMES:
        return range(FIRST_FRAME, end)
    return range(frames[0], min(frames[-1] + 1, end, frames[0] + MOST_FRAMES))


def look_at_frames(  # noqa: PLR0913  # which frames of what, and how they are looked at
    path: Path,
    facts: VideoFacts,
    video: Video,
    models: Models,
    frames: range,
    *,
    parameters: Parameters,
    step_s: float,
    longest_px: int,
    threads: int = 0,
) -> Looked:
    """Look at every frame of a stretch.

    Whether anything can be seen is measured at the usual step, and holds until the next measurement: from one frame to the next,
    encoders repeat what stands still, and a fine picture would seem frozen.

    Parameters
    ----------
    path, facts, video, models, parameters, longest_px, threads
        As of `vitrina.sellers.evaluation.look_at`.
    frames
        As of `wanted_frames`; at least one.
    step_s
        Usual time between two samples.
    """
    began = time.perf_counter()
    # edges between frames, and twice the rate: no frame is left out where clocks are not exact
    begin_s, end_s = (frames.start - 1.25) / facts.fps, (frames.stop - 1.75) / facts.fps
    footage = Excerpt(path, facts, begin_s, end_s, fps=2 * facts.fps, longest_px=longest_px, threads=threads)
    every = max(1, round(step_s * facts.fps))
    meter, measures, times = QualityMeter(parameters.quality), list[Measures](), list[tuple[int, float]]()

    def measured() -> Iterator[Sample]:
        for sample in footage:
            times.append((sample.number, sample.pts_s))
            if sample.number % every == 0:
                measures.append(meter.measure(sample.number, sample.pts_s, sample.image))
            yield sample

    found = all_rows(list(detections(measured(), video.key, models)))
    across, down = footage.plan.scale
    known = footage_samples(video.key, video.started_at, measures, parameters.quality)
    numbers = pl.DataFrame(times, schema={"sample": pl.Int64, "pts_s": pl.Float64}, orient="row")
    samples = numbers.join_asof(known.drop("pts_s"), on="sample").select(known.columns)
    return Looked(
        found.with_columns(pl.col("x1", "x2") * across, pl.col("y1", "y2") * down),
        samples,
        0,
        (*facts.notes, *footage.notes()),
        time.perf_counter() - began,
    )


def judged(  # noqa: PLR0913  # what was seen, what is true, and what is known beside
    video: Video,
    found_at_all_frames: pl.DataFrame,
    samples: pl.DataFrame,
    *,
    truth: TrueOfVideo,
    delivered: Delivered,
    parameters: Parameters,
    fps: float,
    step_s: float,
    strides: Sequence[int] = STRIDES,
) -> Judged:
    """Judge a video at several strides.

    Boxes that lie in parts of the picture that are to be left out, and those of posters and the like, need not be found. What is
    counted is put beside manual counts of the same time alone: those of a whole video say nothing of a stretch. Roles are those that
    the stretch shows: in a minute, nobody has come and gone often enough to be known for a seller as on a whole day.

    Parameters
    ----------
    video
        The video.
    found_at_all_frames, samples
        Tables `Detections` and `FootageSamples`, of every frame of a stretch; as of `look_at_frames`.
    truth
        What is true of it.
    delivered
        What is known beside it.
    parameters
        What is decided how.
    fps
        Frames per second.
    step_s
        Usual time between two samples.
    strides
        Every which frame is looked at.

    Raises
    ------
    JudgementError
        There are too many identities to compare.
    """
    wanted = annotated_frames(truth.annotations)
    seen = _numbered(samples, fps)
    frames = sorted(set(wanted) & set(seen["frame"].to_list()))
    if not frames:
        return Judged(StrideQuality.empty(), RoleConfusion.empty(), unseen=len(wanted))
    stretch = _Stretch(
        video,
        found_at_all_frames,
        samples,
        seen,
        fps,
        frames,
        _boxes(truth, frames, video),
        delivered,
        parameters,
    )
    usual = min(strides, key=lambda stride: (abs(stride / fps - step_s), stride))
    rows: list[tuple[str, int, str, float | None, int]] = []
    confusion = RoleConfusion.empty()
    for stride in strides:
        run = _Run(stretch, stride)
        told = {**run.detection(), **run.tracking(), **run.seen(), **run.deviations(_of(video, truth.counts))}
        rows += [(video.key, stride, measure, value, n) for measure, (value, n) in told.items()]
        confusion = run.confusion() if stride == usual else confusion
    quality = StrideQuality.check(pl.DataFrame(rows, schema=StrideQuality.polars_schema(), orient="row"))
    return Judged(quality, confusion, usual, len(frames), len(wanted) - len(frames))


@dataclass(frozen=True)
class _Stretch:
    """Every frame of a stretch, and what is true of those that were annotated."""

    video: Video
    found: pl.DataFrame
    samples: pl.DataFrame
    seen: pl.DataFrame  # sample, pts_s, frame
    fps: float
    frames: list[int]
    truth: pl.DataFrame
    delivered: Delivered
    parameters: Parameters

    def as_video(self) -> Video:
        """The stretch as a video of its own, which nobody expects to show more than it does."""
        first, last = (float(edge) for edge in self.seen.select(pl.col("pts_s").min(), last=pl.col("pts_s").max()).row(0))
        begin = self.video.started_at + dt.timedelta(seconds=first)
        return replace(self.video, started_at=begin, duration_s=last - first + 1 / self.fps)


class _Run:
    """A stretch as it is evaluated when every so many frames are looked at; frames are numbered by the samples, from 1."""

    def __init__(self, stretch: _Stretch, stride: int) -> None:
        self.of, self.stride, self.step_s, self.video = stretch, stride, stride / stretch.fps, stretch.as_video()
        # the first annotated frame is looked at, whatever the stride
        looked = stretch.seen.filter(pl.col("frame") % stride == stretch.frames[0] % stride)
        self.numbers = looked.with_columns(
            number=(pl.col("frame") - pl.col("frame").min()) // stride, at_s=pl.col("pts_s") - stretch.seen["pts_s"].min()
        )
        self.samples, self.found = self._thinned(stretch.samples), self._thinned(stretch.found)
        annotated = self.numbers.filter(pl.col("frame").is_in(stretch.frames))
        self.judged = annotated.select("frame", (pl.col("number") + FIRST_FRAME).alias("sampled"))
        boxes = stretch.truth.join(self.judged, on="frame").sort("frame", "identity")
        self.truth = boxes.with_columns(pl.col("sampled").alias("frame")).drop("sampled")
        known, parameters = stretch.delivered, stretch.parameters
        self.tracks, self.places = follow(self.found, self.samples, self.video, parameters)
        self.people, _ = name_people(
            self.tracks, self.places, self.video, shifts=known.shifts, prototypes=known.prototypes, parameters=parameters
        )

    def _thinned(self, rows: pl.DataFrame) -> pl.DataFrame:
        kept = rows.drop("pts_s").join(self.numbers.select("sample", "number", pts_s="at_s"), on="sample")
        return kept.with_columns(pl.col("number").alias("sample")).select(rows.columns).sort("sample", maintain_order=True)

    def _on_judged(self, boxes: pl.DataFrame) -> pl.DataFrame:
        """Boxes on annotated frames, without those in parts of the picture that are to be left out."""
        kept = boxes.join(self.judged, left_on="frame", right_on="sampled", how="semi")
        return kept.filter(~_left_out(kept, self.video))

    @cached_property
    def _wanted(self) -> pl.DataFrame:
        """People who have to be found."""
        return self.truth.with_columns(pl.col("ignored") | pl.col("role").eq_missing(_FIXTURE))

    def detection(self) -> dict[str, tuple[float | None, int]]:
        said = self._on_judged(self.found.select((pl.col("sample") + FIRST_FRAME).alias("frame"), *CORNERS, "confidence"))
        quality = detection_quality(self._wanted, said)
        return {"map": (quality.map50_95, quality.boxes), "ap50": (quality.map50, quality.boxes)}

    def tracking(self) -> dict[str, tuple[float | None, int]]:
        quality = tracking_quality(self._wanted, self._on_judged(of_trajectories(self.places, self.tracks)))
        boxes, said = quality.matches + quality.misses, quality.matches + quality.false_positives
        return {
            "precision": (quality.precision, said),
            "recall": (quality.recall, boxes),
            **{name: (getattr(quality, name), boxes) for name in TRACKING},
            SWITCHES: (float(quality.switches) if boxes else None, boxes),
        }

    def seen(self) -> dict[str, tuple[float | None, int]]:
        """Who is on a frame that is looked at; and of times in the picture, how many are to be expected to be looked at at all."""
        people, looked_at = (
            rows.filter(~pl.col("ignored"), pl.col("role").ne_missing(_FIXTURE)) for rows in (self.of.truth, self.truth)
        )
        everybody, looked = (rows["identity"].n_unique() for rows in (people, looked_at))
        step = _step(self.of.frames)
        lengths = _lengths_s(people, step, self.of.fps)
        # where the two distances do not fit, most frames that are looked at are not annotated
        is_known = everybody > 0 and 0 in (self.stride % step, step % self.stride)
        return {
            PEOPLE_SEEN: (looked / everybody if is_known else None, everybody),
            EVENTS_SEEN: (share_of_events_seen(lengths, self.step_s) if lengths else None, len(lengths)),
        }

    def deviations(self, counts: pl.DataFrame) -> dict[str, tuple[float | None, int]]:
        """Relative deviations of the base metrics that somebody counted."""
        if counts.is_empty():
            return {}
        receipts, parameters = self.of.delivered.receipts, self.of.parameters
        met = serve(self.tracks, self.places, self.people, video=self.video, receipts=receipts, parameters=parameters)
        metrics = count(
            self.tracks,
            self.places,
            self.people,
            met,
            video=self.video,
            receipts=receipts,
            seen=coverage_of(self.samples, self.found, self.video, self.step_s, parameters),
            parameters=parameters,
        )
        measured = metrics.filter(pl.col("seller_id") == ALL).with_columns(
            store_id=pl.lit(self.video.store_id),
            camera_id=pl.lit(self.video.camera.camera_id),
            begin=pl.lit(self.video.started_at, pl.Datetime("us", "UTC")),
            end=pl.lit(self.video.ended_at, pl.Datetime("us", "UTC")),
        )
        pairs = beside(counted(counts), measured.select(*MEASURED))
        return {
            f"{DEVIATION}{each.metric}": (each.value, each.events)
            for each in deviations(pairs)
            if each.way is Way.TOTAL_BY_EVENTS and each.metric in set(pairs["metric"])
        }

    def confusion(self) -> pl.DataFrame:
        """Rows of `RoleConfusion`: people against nothing, and roles, where any is known, against one another."""
        samples = self.samples.join(self.judged, left_on=pl.col("sample") + FIRST_FRAME, right_on="sampled", how="semi")
        clock = seconds_of.clock(samples)
        said = self._on_judged(seconds_of.with_labels(self.places, self.tracks, self.people))
        real = self.truth.filter(pl.col("role").ne_missing(_FIXTURE))
        sides = {"person": (seconds_of.as_people(real), seconds_of.as_people(said.filter(pl.col("label") != _FIXTURE)))}
        if self.truth["role"].is_not_null().any():
            labelled = self.truth.with_columns(pl.col("role").alias("label"), pl.col("ignored") | pl.col("role").is_null())
            sides["role"] = (labelled, said)
        parts = [RoleConfusion.empty()]
        for matrix, (truth, told) in sides.items():
            cells = (
                seconds_of.confusion_by_seconds(truth, told, step_s=clock).group_by("truth", "said").agg(pl.col("seconds").sum())
            )
            parts.append(
                cells.select(pl.lit(self.video.key).alias("video"), pl.lit(matrix).alias("matrix"), "truth", "said", "seconds")
            )
        return RoleConfusion.check(pl.concat(parts).sort("matrix", "truth", "said"))


def _numbered(samples: pl.DataFrame, fps: float) -> pl.DataFrame:
    """``sample``, ``pts_s`` and ``frame`` of every frame that was looked at; of two with one number, the first."""
    frame = (pl.col("pts_s") * fps).round().cast(pl.Int64) + FIRST_FRAME
    return samples.sort("sample").select("sample", "pts_s", frame.alias("frame")).unique("frame", keep="first", maintain_order=True)


def _boxes(truth: TrueOfVideo, frames: list[int], video: Video) -> pl.DataFrame:
    """Boxes on the frames that are judged: ``frame``, ``identity``, corners, ``ignored`` and ``role``, null where nobody told it."""
    roles = truth.true_roles.select("identity", "role").unique("identity", keep="last", maintain_order=True)
    boxes = truth.annotations.select("frame", "identity", *CORNERS, "ignored").filter(pl.col("frame").is_in(frames))
    return boxes.with_columns(pl.col("ignored") | _left_out(boxes, video)).join(roles, on="identity", how="left")


def _left_out(boxes: pl.DataFrame, video: Video) -> pl.Series:
    """Which boxes have their middle in a part of the picture that is to be left out."""
    middles = boxes.select((pl.col("x1") + pl.col("x2")) / 2, (pl.col("y1") + pl.col("y2")) / 2).to_numpy()
    found = pl.Series([False], dtype=pl.Boolean).new_from_index(0, boxes.height)
    for polygon in video.camera.ignored:
        found |= pl.Series(inside(polygon, middles))
    return found


def _lengths_s(people: pl.DataFrame, step: int, fps: float) -> list[float]:
    """How long each time was that somebody was in the picture; a frame stands for the time until the next one."""
    ordered = people.sort("identity", "frame")
    apart = pl.col("frame").diff().over("identity")
    visit = (apart > max(GONE_S * fps, step)).fill_null(value=False).cum_sum().over("identity")
    spans = (
        ordered.with_columns(visit=visit).group_by("identity", "visit").agg(last=pl.col("frame").max(), first=pl.col("frame").min())
    )
    return ((spans["last"] - spans["first"] + step) / fps).to_list()


def _step(frames: Sequence[int]) -> int:
    """The usual distance of neighbouring frames: one that occurs, in the middle of all."""
    apart = sorted(later - earlier for earlier, later in pairwise(frames))
    return apart[(len(apart) - 1) // 2] if apart else 1


def _of(video: Video, counts: pl.DataFrame) -> pl.DataFrame:
    """Manual counts of a camera within the time of its video."""
    slack = dt.timedelta(seconds=TOLERANCE_S)
    return counts.filter(
        (pl.col("store_id") == video.store_id)
        & (pl.col("camera_id") == video.camera.camera_id)
        & (pl.col("begin") >= video.started_at - slack)
        & (pl.col("end") <= video.ended_at + slack)
    )
