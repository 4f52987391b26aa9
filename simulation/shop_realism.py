"""How hard the made-up shop is beside real cameras: sizes of people, crowding, light, and how well a plain tracker does.

``python -m simulation.shop_realism`` prints both sides. The real ones are two films of a mall's corridor (CAVIAR, EC funded, 2004)
at one frame in 25, as YOLOv8n sees them; `REAL_CLIPS` holds what was measured on them. Only the first has known identities.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import polars as pl

from simulation.retailer import Size
from simulation.shop import DayKind, ShopDay, ShopExtent, simulate_day
from simulation.shop_picture import Renderer
from simulation.shop_truth import moments
from vitrina.sellers.box_matching import overlaps_of
from vitrina.sellers.judgement import tracking_quality_of_videos
from vitrina.sellers.mot import CORNERS

WINDOW = 16
"""Samples of a window: as many as the first clip has."""

LEAST_VISIBLE = 0.25
"""Whoever is seen less is not among the simulated boxes: a detector would not find them."""

SURE = 0.9
"""Confidence of boxes that are true."""

_SCHEMA = {"frame": pl.Int64, "identity": pl.Int64, **dict.fromkeys((*CORNERS, "confidence"), pl.Float64)}


@dataclass(frozen=True)
class Footage:
    """Samples a second apart.

    Attributes
    ----------
    boxes
        ``frame`` from 0, ``identity`` (null where nobody knows), corners in pixels, ``confidence``.
    frames
        How many samples there are, those without people included.
    width, height
        Of the picture, in pixels.
    brightness, contrast, sharpness
        Of each picture: mean and standard deviation of grey, 0 to 255, and variance of its Laplacian.
    """

    boxes: pl.DataFrame
    frames: int
    width: int
    height: int
    brightness: tuple[float, ...]
    contrast: tuple[float, ...]
    sharpness: tuple[float, ...]


@dataclass(frozen=True)
class ShopRealism:
    """What makes footage easy or hard.

    Attributes
    ----------
    people
        Boxes per frame.
    small, median, large
        Heights of boxes as shares of the picture's: 5th, 50th and 95th percentile.
    touching
        Share of boxes that overlap another.
    brightness, contrast, sharpness
        Medians over frames; see `Footage`.
    idf1, kept
        What ByteTrack makes of true boxes at a confidence of .9, with boxmot's defaults: IDF1 over all of the footage, and share of
        boxes that it keeps. IDF1 is None without identities.
    window_idf1, window_kept
        The same over windows of 16 s, each tracked on its own: as long as the first real clip.
    """

    people: float
    small: float
    median: float
    large: float
    touching: float
    brightness: float
    contrast: float
    sharpness: float
    idf1: float | None
    kept: float
    window_idf1: float | None
    window_kept: float


CORRIDOR, ASSISTANT = "07_shopping_center_entry_corridor_cctv.mp4", "09_shopping_center_assistant_cctv.mp4"
IDENTITIES = "EnterExitCrossingPaths1cor.identity_stride25.csv"
STRIDE = 25
FIRST = 500_000
"""Seed of the first measured day."""

REAL_CLIPS: dict[str, ShopRealism] = {
    "corridor": ShopRealism(4.19, 0.118, 0.211, 0.437, 0.388, 139, 46.0, 1_612, 0.874, 0.776, 0.874, 0.776),
    "assistant": ShopRealism(2.12, 0.117, 0.241, 0.473, 0.232, 140, 44.8, 1_584, None, 0.718, None, 0.732),
}
"""Measured on both films. With the detector's own confidences ByteTrack keeps 39 of the first one's 67 boxes, and its IDF1 is .717."""


def simulated(day: ShopDay, begin_s: float, end_s: float) -> Footage:
    """A time of a day as true boxes, without what lies in spoiled pictures."""
    # where people are and who hides whom is the same in half the pixels, and four times as soon known
    quick, whole = Renderer(day, day.lens.width // 2, day.lens.height // 2, jpeg=None), Renderer(day)
    rows: list[tuple[float | int, ...]] = []
    greys: list[np.ndarray] = []
    frames = list(moments(begin_s, end_s, 1.0))
    for sample, moment in enumerate(frames):
        frame = quick.frame(moment)
        if frame.state != "ok":
            continue
        if sample % STRIDE == 0:
            greys.append(cv2.cvtColor(whole.frame(moment).image, cv2.COLOR_BGR2GRAY))
        seen = [each for each in frame.seen if each.visible >= LEAST_VISIBLE]
        rows += [(sample, each.person.number, *(2 * edge for edge in each.box), SURE) for each in seen]
    return _footage(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), len(frames), greys)


def filmed(clip: Path, detector: Path, identities: Path | None = None) -> Footage:
    """A film at one frame in 25, as a detector sees it or, where identities are known, as people labelled it.

    Parameters
    ----------
    clip
        The film.
    detector
        Weights.
    identities
        File of ``frame``, ``person``, and corners, of the frames that are taken.
    """
    import av  # noqa: PLC0415  # heavy

    from vitrina.sellers.detector import UltralyticsDetector  # noqa: PLC0415  # heavy

    with av.open(str(clip)) as video:
        decoded = enumerate(video.decode(video=0))
        frames = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for number, frame in decoded if number % STRIDE == 0]
    if identities is not None:
        labelled = pl.read_csv(identities).with_columns(
            pl.col("frame") // STRIDE, pl.col("person").rank("dense").alias("identity"), pl.lit(SURE).alias("confidence")
        )
        boxes = labelled.select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
    else:
        found = UltralyticsDetector(detector).detect(frames)
        rows = [
            (number, None, *corners, confidence)
            for number, each in enumerate(found)
            for corners, confidence in zip(each.xyxy.tolist(), each.confidence.tolist(), strict=True)
        ]
        boxes = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(pl.lit(SURE).alias("confidence"))
    return _footage(boxes, len(frames), [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames])


def _footage(boxes: pl.DataFrame, frames: int, greys: Sequence[np.ndarray]) -> Footage:
    height, width = greys[0].shape
    return Footage(
        boxes,
        frames,
        width,
        height,
        tuple(float(grey.mean()) for grey in greys),
        tuple(float(grey.std()) for grey in greys),
        tuple(float(cv2.Laplacian(grey, cv2.CV_64F).var()) for grey in greys),
    )


def measure(footages: Sequence[Footage]) -> ShopRealism:
    """Measure footage, all of it together.

    Parameters
    ----------
    footages
        One or more, of one kind.
    """
    heights = np.concatenate([((of.boxes["y2"] - of.boxes["y1"]) / of.height).to_numpy() for of in footages])
    small, median, large = np.quantile(heights, (0.05, 0.5, 0.95)).tolist()
    windows = [part for of in footages for part in _windows(of)]
    idf1, kept = _byte_track(footages)
    window_idf1, window_kept = _byte_track(windows)
    return ShopRealism(
        people=len(heights) / sum(of.frames for of in footages),
        small=small,
        median=median,
        large=large,
        touching=float(np.mean(np.concatenate([_touching(of.boxes) for of in footages]))),
        brightness=float(np.median([each for of in footages for each in of.brightness])),
        contrast=float(np.median([each for of in footages for each in of.contrast])),
        sharpness=float(np.median([each for of in footages for each in of.sharpness])),
        idf1=idf1,
        kept=kept,
        window_idf1=window_idf1,
        window_kept=window_kept,
    )


def _touching(boxes: pl.DataFrame) -> np.ndarray:
    found = [np.zeros(0, dtype=bool)]
    for frame in boxes.partition_by("frame"):
        corners = frame.select(CORNERS).to_numpy()
        overlaps = overlaps_of(corners, corners)
        np.fill_diagonal(overlaps, 0)
        found.append(overlaps.max(axis=1) > 0)
    return np.concatenate(found)


def _windows(footage: Footage) -> Iterable[Footage]:
    for begin in range(0, max(1, footage.frames - WINDOW + 1), WINDOW):
        inside = footage.boxes.filter(pl.col("frame").is_between(begin, begin + WINDOW - 1))
        if inside.height:
            boxes = inside.with_columns(pl.col("frame") - begin)
            yield Footage(boxes, min(WINDOW, footage.frames), footage.width, footage.height, (), (), ())


def _byte_track(footages: Sequence[Footage]) -> tuple[float | None, float]:
    """IDF1 of boxmot's ByteTrack as it comes, and the share of boxes that it keeps; no footage knows another's people."""
    from boxmot import ByteTrack  # type: ignore[import-untyped]  # noqa: PLC0415  # untyped; takes seconds to load

    logging.getLogger("boxmot").setLevel(logging.WARNING)
    pairs, kept = [], 0
    for of in footages:
        tracker, empty = ByteTrack(), np.zeros((of.height, of.width, 3), np.uint8)
        boxes = {int(part["frame"][0]): part for part in of.boxes.partition_by("frame")}
        rows: list[tuple[float | int, ...]] = []
        for frame in range(of.frames):
            given = boxes[frame].select(*CORNERS, "confidence", pl.lit(0.0).alias("class")).to_numpy() if frame in boxes else None
            told = tracker.update(np.zeros((0, 6), np.float32) if given is None else given.astype(np.float32), empty)
            rows += [(frame, int(row[4]), *row[:4], SURE) for row in np.asarray(told).tolist()]
        kept += len(rows)
        said = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        pairs.append((of.boxes.with_columns(pl.col("frame") + 1), said.with_columns(pl.col("frame") + 1)))
    share = kept / sum(of.boxes.height for of in footages)
    if any(of.boxes["identity"].has_nulls() for of in footages):
        return None, share
    return tracking_quality_of_videos(pairs).idf1, share


def days_of(kind: DayKind, count: int = 3, size: Size | ShopExtent = Size.DEMO) -> list[Footage]:
    """Whole days of a kind, each of a shop of its own."""
    days = [simulate_day(size, FIRST + number, kind) for number in range(count)]
    return [simulated(day, day.opening_s, day.closing_s) for day in days]


def table(measured: dict[str, ShopRealism]) -> str:
    """A row of Markdown per footage."""
    names = [field.name for field in fields(ShopRealism)]
    lines = ["| footage | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, row in measured.items():
        values = [getattr(row, each) for each in names]
        lines.append(
            f"| {name} | "
            + " | ".join("–" if each is None else f"{each:.0f}" if each >= 100 else f"{each:.3g}" for each in values)
            + " |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table: days by kind and, where VITRINA_REAL_DATA and VITRINA_REAL_MODELS say where they lie, the real clips."""
    parser = argparse.ArgumentParser(description="Compare the made-up shop with real cameras.")
    parser.add_argument("--days", type=int, default=3, help="whole days of each kind")
    given = parser.parse_args(arguments)
    measured = dict(REAL_CLIPS)
    data, models = os.environ.get("VITRINA_REAL_DATA"), os.environ.get("VITRINA_REAL_MODELS")
    if data and models:
        measured = measured_clips(Path(data), Path(models))
    kinds = [kind for kind in DayKind if kind is not DayKind.EMPTY]
    print(table(measured | {kind.value: measure(days_of(kind, given.days)) for kind in kinds}))  # noqa: T201  # what a command says


def measured_clips(data: Path, models: Path) -> dict[str, ShopRealism]:
    """Both real clips, by the names that `REAL_CLIPS` has."""
    folder, detector = data / "sellers", models / "yolov8n_int8_openvino_model"
    return {
        "corridor": measure([filmed(folder / CORRIDOR, detector, folder / IDENTITIES)]),
        "assistant": measure([filmed(folder / ASSISTANT, detector)]),
    }


if __name__ == "__main__":
    main()
