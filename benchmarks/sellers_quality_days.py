"""Made-up days before a camera, looked at with real networks, and what comes of them beside what is true.

A day is rendered straight into the pipeline, frame by frame, as a film of it would be sampled: the same networks, tables and functions
that assets call, without the film.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from simulation import shop_truth
from simulation.shop import TIME_ZONE, DayKind, ShopDay, ShopExtent, simulate_day
from simulation.shop_judgement import FOUND, WEIGHTS
from simulation.shop_metrics import consultations, true_metrics
from simulation.shop_picture import Frame, Renderer
from simulation.shop_reid_training import NAME as APPEARANCE
from simulation.shop_training import NAME as DETECTOR
from vitrina.sellers.appearance import OnnxAppearance
from vitrina.sellers.box_matching import on_frames
from vitrina.sellers.cameras import Camera
from vitrina.sellers.confusion import with_labels
from vitrina.sellers.detecting import Models, all_rows, detections
from vitrina.sellers.detector import UltralyticsDetector
from vitrina.sellers.evaluation import Video, count, coverage_of, follow, name_people, serve
from vitrina.sellers.footage_quality import Measures, QualityMeter, footage_samples
from vitrina.sellers.interaction_rule import InteractionRule
from vitrina.sellers.interactions import CONSULTATION
from vitrina.sellers.looks import looks_of, with_looks
from vitrina.sellers.manual_counts import BASE_METRICS, PAIRED
from vitrina.sellers.metrics import ALL
from vitrina.sellers.mot import CORNERS, of_trajectories
from vitrina.sellers.motion import ChangeTest
from vitrina.sellers.networks import limits_of
from vitrina.sellers.parameters import Parameters, parameters
from vitrina.sellers.receipts import RECEIPTS_SCHEMA
from vitrina.sellers.roster import PROTOTYPES_SCHEMA
from vitrina.sellers.shifts import SHIFTS_SCHEMA
from vitrina.sellers.tables import ROLES
from vitrina.sellers.weights import find_weights
from vitrina.sellers.yolo import Image

STORE, CAMERA = "made-up", "hall"
STEP_S = 1.0
MINUTE_S = 60
LEAST_S = 10
"""Whoever is in a minute for less does not count in it."""

EXTENT = ShopExtent(open_s=7_200, width=640, height=360, fps=5, arrivals_per_hour=110, pace=0.5)
PARAMETERS = {"interaction.bridged_s": 20.0}
"""For people who hide each other; all others are those in force for the shop's own networks. Chosen on days of 50 minutes with seeds from
5,201 to 5,213, as were the networks' own limits."""


@dataclass(frozen=True)
class Sampled:
    """A rendered frame, as the pipeline takes it."""

    number: int
    pts_s: float
    image: Image


@dataclass(frozen=True)
class Watched:
    """What one pass over a day found, and who was truly there: columns of `shop_truth.BOXES`."""

    detections: pl.DataFrame
    samples: pl.DataFrame
    truth: pl.DataFrame


@dataclass(frozen=True)
class Evaluated:
    """Tables of a day's video."""

    tracks: pl.DataFrame
    places: pl.DataFrame
    people: pl.DataFrame
    interactions: pl.DataFrame
    metrics: pl.DataFrame


@dataclass(frozen=True)
class Minutes:
    """Seller-minutes: those that were said, those that are true, and how many of each are right."""

    said: int
    said_right: int
    true: int
    true_right: int

    def __add__(self, other: Minutes) -> Minutes:
        """Of two days together."""
        return Minutes(
            self.said + other.said, self.said_right + other.said_right, self.true + other.true, self.true_right + other.true_right
        )

    @property
    def precision(self) -> float:
        """Share of the said ones that are right; 1 where none were said."""
        return self.said_right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """Share of the true ones that were found; 1 where there are none."""
        return self.true_right / self.true if self.true else 1.0


@dataclass(frozen=True)
class Judged:
    """A day beside its truth.

    Attributes
    ----------
    truth, said
        Boxes with identities, of the truth and of persons.
    minutes
        Seller-minutes by roles; by names (``seller_id``); by the baseline (``baseline_role``).
    pairs
        Base metrics as `vitrina.sellers.deviations.deviations` takes them.
    talks, talks_in_sight, talks_said
        Consultations: all that are true; those that somebody who watches the film could count; and those that were measured.
    took_s
        Seconds that it took.
    """

    kind: DayKind
    seed: int
    truth: pl.DataFrame
    said: pl.DataFrame
    minutes: dict[str, Minutes]
    pairs: pl.DataFrame
    talks: int
    talks_in_sight: int
    talks_said: int
    took_s: float


def made_day(kind: DayKind, seed: int, extent: ShopExtent = EXTENT) -> ShopDay:
    """A day of a shop of its own."""
    return simulate_day(extent, seed, kind)


@cache
def models() -> Models:
    """The networks that come with the simulation, on one thread."""
    weights = find_weights(DETECTOR, WEIGHTS)
    limits = limits_of(weights)
    detector = UltralyticsDetector(weights, confidence=limits["confidence"], overlap=limits["overlap"])
    return Models(detector, OnnxAppearance(WEIGHTS / f"{APPEARANCE}.xml"))


def judged_day(kind: DayKind, seed: int, extent: ShopExtent = EXTENT) -> Judged:
    """Render, look, evaluate and judge a day."""
    looks = looks_of(WEIGHTS / f"{APPEARANCE}.xml")
    began, day, chosen = time.perf_counter(), made_day(kind, seed, extent), parameters(PARAMETERS, with_looks(Parameters(), looks))
    watched = watch(day, models(), chosen)
    return judge(day, watched, evaluate(day, watched, chosen), time.perf_counter() - began)


def watch(day: ShopDay, looked_with: Models, chosen: Parameters) -> Watched:
    """Look at a day once, as `vitrina.sellers.evaluation.look_at` does at a film."""
    renderer, video = Renderer(day), video_of(day)
    meter, measures = QualityMeter(chosen.quality), list[Measures]()
    frames: list[tuple[float, Frame]] = []

    def sampled() -> Iterator[Sampled]:
        for number, moment in enumerate(shop_truth.moments(0.0, day.length_s, STEP_S)):
            frame = renderer.frame(moment)
            # pictures are not kept: a day of them would not fit into memory
            frames.append((moment, Frame(np.zeros(0, np.uint8), frame.seen, frame.state)))
            measures.append(meter.measure(number, moment, frame.image))
            yield Sampled(number, moment, frame.image)

    found = all_rows(list(detections(sampled(), video.key, looked_with, still=ChangeTest())))
    samples = footage_samples(video.key, video.started_at, measures, chosen.quality)
    return Watched(found, samples, shop_truth.boxes_of(frames))


def evaluate(day: ShopDay, watched: Watched, chosen: Parameters) -> Evaluated:
    """From detections to metrics, with the roster and the receipts of the day."""
    video, receipts = video_of(day), receipts_of(day)
    tracks, places = follow(watched.detections, watched.samples, video, chosen)
    nothing = pl.DataFrame(schema=PROTOTYPES_SCHEMA)
    people, _ = name_people(tracks, places, video, shifts=shifts_of(day), prototypes=nothing, parameters=chosen)
    interactions = serve(tracks, places, people, video=video, receipts=receipts, parameters=chosen)
    seen = coverage_of(watched.samples, watched.detections, video, STEP_S, chosen)
    metrics = count(tracks, places, people, interactions, video=video, receipts=receipts, seen=seen, parameters=chosen)
    return Evaluated(tracks, places, people, interactions, metrics)


def judge(day: ShopDay, watched: Watched, found: Evaluated, took_s: float = 0.0) -> Judged:
    """Put a day beside its truth."""
    truth = true_boxes(watched.truth)
    labels = {
        label: with_labels(found.places, found.tracks, found.people, label=label)
        for label in ("role", "seller_id", "baseline_role")
    }
    minutes = {
        label: seller_minutes(truth, said, by_name=label == "seller_id", persons=_persons(found)) for label, said in labels.items()
    }
    return Judged(
        day.kind,
        day.seed,
        truth.select("frame", "identity", *CORNERS, "ignored"),
        of_trajectories(found.places, found.tracks),
        minutes,
        _pairs(day, found.metrics),
        consultations(day).height,
        in_sight(day, watched.truth).height,
        found.interactions.filter(pl.col("kind") == CONSULTATION).height,
        took_s,
    )


def in_sight(day: ShopDay, truth: pl.DataFrame) -> pl.DataFrame:
    """Consultations of which enough can be seen: neither of the two is hidden, by furniture or by others.

    Parameters
    ----------
    day
        What happens.
    truth
        Columns of `shop_truth.BOXES`, a row per person and second.
    """
    seen = truth.filter(pl.col("visible") >= FOUND).select("sample", "person")
    talks = consultations(day).with_row_index("talk")
    moments = talks.join_where(
        seen.select(pl.col("sample") * STEP_S, seller="person"),
        pl.col("sample") >= pl.col("begin_s"),
        pl.col("sample") < pl.col("end_s"),
        pl.col("seller") == pl.col("seller_person"),
    ).join(seen.select(pl.col("sample") * STEP_S, customer_person="person"), on=["sample", "customer_person"], how="semi")
    long_enough = moments.group_by("talk").len().filter(pl.col("len") * STEP_S >= InteractionRule().min_duration_s)
    return talks.join(long_enough, on="talk", how="semi").drop("talk")


def video_of(day: ShopDay) -> Video:
    """The day as a video of a camera that somebody has described."""
    known = shop_truth.camera(Renderer(day, jpeg=None))
    camera = Camera(STORE, CAMERA, time_zone=TIME_ZONE, floor=known.floor, staff_zone=known.staff_zone)
    return Video(f"{day.kind}-{day.seed}", STORE, day.started_at, day.length_s, (day.lens.width, day.lens.height), camera)


def shifts_of(day: ShopDay) -> pl.DataFrame:
    """The roster; columns of `SHIFTS_SCHEMA`."""
    rows = shop_truth.roster(day).select(pl.lit(STORE).alias("store_id"), "seller_id", begin="begin_at", end="end_at")
    return rows.select(pl.col(name).cast(dtype) for name, dtype in SHIFTS_SCHEMA.items())


def receipts_of(day: ShopDay) -> pl.DataFrame:
    """Receipts; columns of `RECEIPTS_SCHEMA`. A day without any purchase has one of no amount: the till was there."""
    rows = shop_truth.receipts(day).select("receipt_id", "at", "amount")
    opened = pl.DataFrame(
        [("opened", day.at(day.opening_s), 0)],
        schema={"receipt_id": pl.String, "at": pl.Datetime("us", "UTC"), "amount": pl.Int64},
        orient="row",
    )
    rows = pl.concat([rows.cast(opened.schema), opened]).with_columns(
        pl.lit(STORE).alias("store_id"), pl.lit("1").alias("register")
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in RECEIPTS_SCHEMA.items())


def true_boxes(truth: pl.DataFrame) -> pl.DataFrame:
    """Who is seen on which frame; whoever is seen little, or in a picture that shows nothing, counts neither way."""
    return truth.filter(pl.col("visible") > 0).select(
        (pl.col("sample") + 1).alias("frame"),
        pl.col("person").alias("identity"),
        *CORNERS,
        ((pl.col("visible") < FOUND) | (pl.col("state") != "ok")).alias("ignored"),
        pl.coalesce("seller_id", pl.lit("")).alias("seller_id"),
    )


def seller_minutes(truth: pl.DataFrame, said: pl.DataFrame, *, by_name: bool, persons: pl.DataFrame) -> Minutes:
    """Minutes of sellers that are right.

    A true one is right if for half of the seconds in which the seller is seen somebody is said to be a seller there, or to be this
    seller; a said one, if for half of its seconds a seller is there, or this one.

    Parameters
    ----------
    truth
        As of `true_boxes`.
    said
        As of `vitrina.sellers.confusion.with_labels`.
    by_name
        Whether labels are names of sellers.
    persons
        ``frame``, corners and ``person``: whose the said boxes are.
    """
    said = said.join(persons, on=["frame", *CORNERS], how="left", maintain_order="left")
    sellers, said_sellers, names = truth["seller_id"].to_numpy(), said["label"].to_numpy(), truth["identity"].to_numpy()
    ignored = truth["ignored"].to_numpy()
    # whoever has no name is labelled with the role
    is_said = ~np.isin(said_sellers.astype(str), list(ROLES)) if by_name else said_sellers == "seller"
    numbers = said["person"].fill_null(-1).to_numpy()
    true_rows: list[tuple[int, int, bool]] = []
    said_rows: list[tuple[int, int, bool]] = []
    for frame in on_frames(truth, said):
        minute = int((frame.frame - 1) * STEP_S) // MINUTE_S
        mine, theirs = (rows.tolist() for rows in frame.matched())
        other_of, true_of = dict(zip(mine, theirs, strict=True)), dict(zip(theirs, mine, strict=True))
        for row in frame.truth.tolist():
            if sellers[row] and not ignored[row]:
                other = other_of.get(row)
                right = other is not None and bool(is_said[other]) and (not by_name or said_sellers[other] == sellers[row])
                true_rows.append((minute, int(names[row]), right))
        for row in frame.said.tolist():
            true = true_of.get(row)
            # a box on somebody who hides counts neither way, but for a seller
            if is_said[row] and (true is None or not ignored[true] or sellers[true]):
                right = true is not None and bool(sellers[true]) and (not by_name or said_sellers[row] == sellers[true])
                said_rows.append((minute, int(numbers[row]), right))
    (said_all, said_right), (true_all, true_right) = (_minutes(rows) for rows in (said_rows, true_rows))
    return Minutes(said_all, said_right, true_all, true_right)


def _minutes(rows: list[tuple[int, int, bool]]) -> tuple[int, int]:
    frame = pl.DataFrame(rows, schema={"minute": pl.Int64, "who": pl.Int64, "right": pl.Boolean}, orient="row")
    minutes = frame.group_by("minute", "who").agg(pl.len() * STEP_S, pl.col("right").mean()).filter(pl.col("len") >= LEAST_S)
    return minutes.height, int((minutes["right"] >= 0.5).sum())


def _persons(found: Evaluated) -> pl.DataFrame:
    whose = found.tracks.select("track", "person")
    return (
        found.places.join(whose, on="track")
        .select((pl.col("sample") + 1).alias("frame"), *CORNERS, "person")
        .unique(["frame", *CORNERS], keep="first", maintain_order=True)
    )


def _pairs(day: ShopDay, metrics: pl.DataFrame) -> pl.DataFrame:
    """True and measured base metrics of a day; a metric that one side does not know cannot be compared."""
    true = {metric: (value, n) for metric, value, n in true_metrics(day).iter_rows()}
    said = dict(metrics.filter(pl.col("seller_id") == ALL).select("metric", "value").iter_rows())
    rows = []
    for metric in BASE_METRICS:
        (value, n), measured = true[metric], said[metric]
        reason = "nothing to compare" if value is None or measured is None else None
        times = (day.started_at, day.at(day.length_s))
        rows.append((STORE, CAMERA, *times, metric, value, 1, 0.0, measured, n, reason))
    # said of each column: a day without anything to compare has other types than one with all of it
    types = {"counted": pl.Float64(), "spread": pl.Float64(), "measured": pl.Float64(), "n": pl.Int64(), "reason": pl.String()}
    return pl.DataFrame(rows, schema=list(PAIRED), schema_overrides=types, orient="row")
