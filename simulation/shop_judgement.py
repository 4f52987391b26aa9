"""How good the made-up shop's own weights are, on shops that they were never taught on.

``python -m simulation.shop_judgement [--weights FOLDER]`` prints the tables that stand beside the weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from simulation.shop import DayKind, ShopDay, ShopExtent, simulate_day
from simulation.shop_picture import Renderer
from simulation.shop_reid_training import FIRST_JUDGED as FIRST_JUDGED_LOOKS
from simulation.shop_reid_training import NAME as APPEARANCE_NAME
from simulation.shop_reid_training import is_staff, people_on
from simulation.shop_training import FIRST_JUDGED, HELD_OUT, NAME
from vitrina.sellers.appearance import Appearance, ClothesColours, OnnxAppearance
from vitrina.sellers.box_matching import on_frames, without_ignored
from vitrina.sellers.detection_quality import detection_quality
from vitrina.sellers.detector import CONFIDENCE, Detector, UltralyticsDetector
from vitrina.sellers.mot import CORNERS
from vitrina.sellers.weights import find_weights

WEIGHTS = Path(__file__).parent / "weights"
"""Where the weights lie that come with the simulation."""

FOUND = 0.3
"""Whoever is seen as much as this has to be found; whoever is seen less may be."""

HEIGHTS = (0.0, 0.14, 0.18, 0.25, 0.4, 1.0)
"""Limits of classes of height, as shares of the picture's."""

_EXTENT = ShopExtent(open_s=900, width=640, height=360, fps=5, arrivals_per_hour=70, pace=0.6)


@dataclass(frozen=True)
class Found:
    """How well people are found.

    Attributes
    ----------
    boxes
        People who had to be found.
    map50
        Average precision at an overlap of .5; None where nobody had to be found.
    recall, precision
        At the detector's usual least confidence; None where there was nothing to find, or nothing was said.
    false_per_frame
        Boxes per frame with nobody in them.
    by_height
        Recall and boxes of each class of `HEIGHTS`; None for the recall of none.
    """

    boxes: int
    map50: float | None
    recall: float | None
    precision: float | None
    false_per_frame: float
    by_height: tuple[tuple[float | None, int], ...]


@dataclass(frozen=True)
class Apart:
    """Cosine distances of crops of one person and of two.

    Attributes
    ----------
    same, different
        5th, 50th and 95th percentile.
    staff
        The same percentiles of two sellers of one shop, in one uniform.
    threshold
        Distance at which as large a share of one person's pairs lies above as of two people's below.
    error
        That share.
    """

    same: tuple[float, float, float]
    different: tuple[float, float, float]
    staff: tuple[float, float, float]
    threshold: float
    error: float


def judge_detector(detector: Detector, kind: DayKind, *, shops: int = 8, frames: int = 12) -> Found:
    """How well people of unseen shops are found on days of a kind; where pictures are spoiled, on these alone.

    Parameters
    ----------
    detector
        One that gives boxes down to a low confidence: average precision wants them.
    kind
        Of the days.
    shops, frames
        How many shops, and frames of each.
    """
    truth: list[tuple[object, ...]] = []
    said: list[tuple[object, ...]] = []
    for number in range(shops):
        day = simulate_day(_EXTENT, FIRST_JUDGED + number, kind)
        renderer = Renderer(day)
        rng = np.random.default_rng([day.seed, 61])
        for place, moment in enumerate(rng.uniform(*_judged_time(day), frames).tolist()):
            frame = renderer.frame(moment)
            at = number * frames + place + 1
            truth += [(at, *seen.box, seen.visible < FOUND) for seen in frame.seen if seen.visible > 0]
            (found,) = detector.detect([frame.image])
            said += [(at, *box, sure) for box, sure in zip(found.xyxy.tolist(), found.confidence.tolist(), strict=True)]
    corners = {"frame": pl.Int64, **dict.fromkeys(CORNERS, pl.Float64)}
    return _found(
        pl.DataFrame(truth, schema={**corners, "ignored": pl.Boolean}, orient="row"),
        pl.DataFrame(said, schema={**corners, "confidence": pl.Float64}, orient="row"),
        shops * frames,
    )


def _judged_time(day: ShopDay) -> tuple[float, float]:
    part = next((part for part in day.spoiled if part.state != "off"), None)
    if part is not None:
        return part.begin_s, part.end_s
    # before the camera was off, where it ever was
    return day.opening_s, day.spoiled[0].begin_s if day.spoiled else day.closing_s


def _found(truth: pl.DataFrame, said: pl.DataFrame, frames: int) -> Found:
    wanted, sure = without_ignored(truth, said.filter(pl.col("confidence") >= CONFIDENCE))
    hits = np.zeros(wanted.height, dtype=bool)
    right = 0
    for frame in on_frames(wanted, sure):
        theirs, ours = frame.matched()
        hits[theirs] = True
        right += len(ours)
    shares = ((wanted["y2"] - wanted["y1"]) / _EXTENT.height).to_numpy()
    classes = np.digitize(shares, HEIGHTS[1:-1])
    by_height = tuple(
        (float(hits[classes == number].mean()) if (classes == number).any() else None, int((classes == number).sum()))
        for number in range(len(HEIGHTS) - 1)
    )
    return Found(
        wanted.height,
        detection_quality(truth, said).map50,
        float(hits.mean()) if wanted.height else None,
        right / sure.height if sure.height else None,
        (sure.height - right) / frames,
        by_height,
    )


def judge_appearance(appearance: Appearance, *, shops: int = 10, frames: int = 25) -> Apart:
    """How far apart crops of one person and of two people of one shop lie, on two days of unseen shops; sellers wear uniforms.

    Parameters
    ----------
    appearance
        What turns crops into vectors.
    shops, frames
        How many shops, and frames of each of their days.
    """
    same, different, staff = [], [], []
    for number in range(shops):
        shop = FIRST_JUDGED_LOOKS + 2 * number
        names: list[str] = []
        vectors = []
        for day in (0, 1):
            for name, image, box in people_on(shop + day, shop, DayKind.USUAL, frames):
                names.append(name)
                vectors.append(appearance.vectors(image, box[None])[0])
        stacked, who = np.stack(vectors), np.array(names)
        rows, columns = np.triu_indices(len(who), 1)
        distances = 1 - (stacked @ stacked.T)[rows, columns]
        alike = who[rows] == who[columns]
        seller = np.array([is_staff(name) for name in names])
        same.append(distances[alike])
        different.append(distances[~alike])
        staff.append(distances[~alike & seller[rows] & seller[columns]])
    one, two = np.concatenate(same), np.concatenate(different)
    threshold, error = _equal_error(one, two)
    return Apart(_percentiles(one), _percentiles(two), _percentiles(np.concatenate(staff)), threshold, error)


def _percentiles(distances: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(distances, (0.05, 0.5, 0.95)).tolist()
    return low, middle, high


def _equal_error(same: np.ndarray, different: np.ndarray) -> tuple[float, float]:
    """The cut at which both errors are alike, and what they are then."""
    cuts = np.linspace(0, 2, 2_001)
    missed = 1 - np.searchsorted(np.sort(same), cuts, side="right") / len(same)
    confused = np.searchsorted(np.sort(different), cuts, side="right") / len(different)
    place = int(np.abs(missed - confused).argmin())
    return float(cuts[place]), float((missed[place] + confused[place]) / 2)


def detector_table(detector: Detector, kinds: Sequence[DayKind], *, shops: int) -> str:
    """A row of Markdown per kind of day."""
    classes = [f"{low:.0%}–{high:.0%}" for low, high in pairwise(HEIGHTS)]
    names = ["day", "taught", "boxes", "mAP50", "recall", "precision", "false per frame", *(f"recall {each}" for each in classes)]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for kind in kinds:
        found = judge_detector(detector, kind, shops=shops)
        heights = [f"{_said(recall)} ({boxes})" for recall, boxes in found.by_height]
        measures = [_said(found.map50), _said(found.recall), _said(found.precision), f"{found.false_per_frame:.2f}", *heights]
        taught = "no" if kind in HELD_OUT else "yes"
        lines.append(f"| {kind.value} | {taught} | {found.boxes} | " + " | ".join(measures) + " |")
    return "\n".join(lines)


def _said(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def appearance_table(appearances: Sequence[Appearance], *, shops: int) -> str:
    """A row of Markdown per way to tell appearances."""
    names = ["appearance", "one person 5/50/95 %", "two people 5/50/95 %", "two sellers 5/50/95 %", "threshold", "equal error"]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for each in appearances:
        apart = judge_appearance(each, shops=shops)
        spread = [" / ".join(f"{value:.3f}" for value in row) for row in (apart.same, apart.different, apart.staff)]
        lines.append(f"| {each.name} | " + " | ".join([*spread, f"{apart.threshold:.3f}", f"{apart.error:.3f}"]) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Judge the made-up shop's own weights on unseen shops.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the weights")
    parser.add_argument("--shops", type=int, default=8, help="unseen shops per kind of day")
    given = parser.parse_args(arguments)
    detector = UltralyticsDetector(find_weights(NAME, given.weights), confidence=0.01)
    print(detector_table(detector, list(DayKind), shops=given.shops))  # noqa: T201  # what a command says
    network = OnnxAppearance(given.weights / f"{APPEARANCE_NAME}.xml")
    print(appearance_table([network, ClothesColours()], shops=given.shops))  # noqa: T201  # as above


if __name__ == "__main__":
    main()
