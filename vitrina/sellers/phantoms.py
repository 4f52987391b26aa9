"""Detections of nobody: on pictures that show nothing a detector still says something, and says the same of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers.box_matching import overlaps_of
from vitrina.sellers.footage_quality import COUNT_WITH_PEOPLE
from vitrina.sellers.mot import CORNERS


@dataclass(frozen=True)
class PhantomSettings:
    """What is a detection of nobody.

    Attributes
    ----------
    same
        Overlap from which on two boxes are at one place.
    share
        Share of the other samples about it on which a phantom's place is taken too.
    samples
        How many samples in a row are judged together: a minute or so, in which a person moves.
    least_samples
        In so few nothing can be said, and detections are believed.
    """

    same: float = 0.7
    share: float = 0.5
    samples: int = 60
    least_samples: int = 10


PHANTOMS = PhantomSettings()


def without_phantoms(detections: pl.DataFrame, samples: pl.DataFrame, settings: PhantomSettings = PHANTOMS) -> pl.DataFrame:
    """Detections that may be people.

    On a frozen or covered picture there are none. On a dark, blurred or noisy one people may still be found, and move; what stays at
    one place is what a detector reads into the dark, for all samples of it look alike. Whoever truly stands there as still is left
    out too: better to have seen less than to count nobody.

    Parameters
    ----------
    detections
        Table `Detections` of one video.
    samples
        Table `FootageSamples` of the same video.
    settings
        What stays at one place.

    Returns
    -------
    polars.DataFrame
        Rows of `detections`, in their order.
    """
    states = samples.select("sample", "state")
    named = detections.join(states, on="sample", how="left", maintain_order="left")["state"]
    kept = (named == "ok").fill_null(value=True).to_numpy().copy()
    numbers = detections["sample"].to_numpy()
    boxes = detections.select(CORNERS).to_numpy()
    for part in _stretches(states, settings):
        rows = np.flatnonzero(np.isin(numbers, part))
        kept[rows] = len(part) < settings.least_samples or ~_stay(boxes[rows], numbers[rows], len(part), settings)
    return detections.filter(pl.Series(kept, dtype=pl.Boolean))


def _stretches(states: pl.DataFrame, settings: PhantomSettings) -> Iterator[npt.NDArray[np.int64]]:
    """Samples that follow one another and show little, cut into parts of about a length."""
    ordered = states.sort("sample").with_columns(doubtful=pl.col("state").is_in(COUNT_WITH_PEOPLE))
    runs = ordered.with_columns(run=pl.col("doubtful").rle_id()).filter("doubtful")
    for _, run in runs.group_by("run", maintain_order=True):
        yield from np.array_split(run["sample"].to_numpy(), max(1, round(run.height / settings.samples)))


def _stay(
    boxes: npt.NDArray[np.float64], numbers: npt.NDArray[np.int64], samples: int, settings: PhantomSettings
) -> npt.NDArray[np.bool_]:
    """Whether the place of each box is taken on enough of the other samples, too; shape (boxes,)."""
    same = overlaps_of(boxes, boxes) >= settings.same
    on = numbers[:, None] == np.unique(numbers)
    others = (same.astype(np.float32) @ on.astype(np.float32) > 0).sum(axis=1) - 1
    return np.asarray(others >= settings.share * (samples - 1))
