"""Detections that follow one another held for one person: a tracker over stored detections, without any pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits

from vitrina.errors import InvalidTableError
from vitrina.sellers.trackers import TrackerSettings, tracker_of

Floats: TypeAlias = npt.NDArray[np.float32]

TRACKED = {"sample": pl.Int64(), "detection": pl.Int64(), "track": pl.Int64()}
BOX = ("x1", "y1", "x2", "y2")
LEAST_SIDE_PX = 1.0
"""A box below a pixel is no person, and boxmot, which counts in 32 bits, would take its edges for one and stop."""


def tracked(detections: pl.DataFrame, samples: pl.DataFrame, *, settings: TrackerSettings, size: tuple[int, int]) -> pl.DataFrame:
    """Which track each detection of a video belongs to.

    Tracks are numbered from 1 by their first detections. Detections that no track takes are missing; `untracked` tells them.

    Parameters
    ----------
    detections
        Of one video: sample, detection, x1, y1, x2, y2, confidence, appearance; in any order.
    samples
        All frames that were looked at, also those on which nobody was found: sample, pts_s. Where time does not go on between two
        of them, or stops for longer than ``settings.max_gap_s``, tracking begins anew.
    settings
        Of the tracker.
    size
        Width and height of the picture in pixels.

    Returns
    -------
    polars.DataFrame
        sample, detection, track: one row per detection that has a track, by sample and detection.

    Raises
    ------
    InvalidTableError
        Where a detection stands on a sample that is not among `samples`, or its appearance cannot be compared.
    """
    frames = samples.select("sample", "pts_s").sort("sample")
    found = _trackable(detections, frames, settings)
    if not found.height:
        return pl.DataFrame(schema=TRACKED)
    times = frames["pts_s"].to_numpy()
    numbers = found["sample"].to_numpy()
    starts = np.searchsorted(numbers, frames["sample"].to_numpy(), side="left").tolist()
    stops = np.searchsorted(numbers, frames["sample"].to_numpy(), side="right").tolist()
    boxes = found.select(BOX).to_numpy(order="c").astype(np.float32)
    confidences = found["confidence"].to_numpy().astype(np.float32)
    looks = appearances(found) if settings.method == "strongsort" else None
    tracks = np.zeros(found.height, dtype=np.int64)
    step_s = float(np.median(np.diff(times))) if len(times) > 1 else settings.max_age_s
    # pixels are never looked at: the frame says how large the picture is, and its memory is never touched
    kernel = _Kernel(settings, step_s, np.zeros((size[1], size[0], 3), dtype=np.uint8))
    allotted = 0
    # a filter's matrices are of four rows and columns: threads that wait for one another take most of the time
    with threadpool_limits(1):
        for first, last in _sequences(times, settings.max_gap_s):
            kernel.begin()
            given: dict[int, int] = {}
            for frame in range(first, last):
                start, stop = starts[frame], stops[frame]
                rows = slice(start, stop)
                ids = kernel.follow(times[frame], boxes[rows], confidences[rows], None if looks is None else looks[rows])
                for row in np.flatnonzero(ids >= 0).tolist():
                    if ids[row] not in given:
                        allotted += 1
                        given[ids[row]] = allotted
                    tracks[start + row] = given[ids[row]]
    return found.select("sample", "detection", pl.Series("track", tracks)).cast(dict(TRACKED)).filter(pl.col("track") > 0)  # type: ignore[arg-type]  # polars wants the broader type of a schema


def untracked(detections: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """Detections that no track took: too small, below the least confidence, or never confirmed.

    Parameters
    ----------
    detections
        Of a video.
    tracks
        As of `tracked`.
    """
    return detections.join(tracks, on=["sample", "detection"], how="anti", maintain_order="left")


def appearances(detections: pl.DataFrame) -> Floats:
    """What the people of detections look like, shape (n, d).

    Raises
    ------
    InvalidTableError
        Where vectors are missing, of several lengths, of length 0 or not finite: no distance could be said.
    """
    column = detections["appearance"]
    lengths = column.list.len().fill_null(0)
    if detections.is_empty():
        return np.zeros((0, 1), dtype=np.float32)
    d = int(lengths[0])
    if d == 0 or lengths.n_unique() > 1:
        _refuse(detections, (lengths != max(d, 1)).to_numpy(), "has no appearance, or one of another length than the first")
    vectors: Floats = column.explode().cast(pl.Float32).to_numpy().reshape(-1, d)
    # a day's vectors are half a gigabyte: their squares are never all there at once
    lengths_of_vectors = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    usable = np.isfinite(lengths_of_vectors) & (lengths_of_vectors > 0)
    if not usable.all():
        _refuse(detections, ~usable, "has an appearance that is not finite or of length 0")
    return vectors


class _Kernel:
    """A tracker of boxmot that is given boxes and appearances, and never asked to look at a picture."""

    def __init__(self, settings: TrackerSettings, step_s: float, frame: npt.NDArray[np.uint8]) -> None:
        self._tracker = tracker_of(settings, max(1, round(settings.max_age_s / step_s)))
        self._frame = frame

    def begin(self) -> None:
        """Forget everybody."""
        self._tracker.reset()

    def follow(self, time_s: float, boxes: Floats, confidences: Floats, looks: Floats | None) -> npt.NDArray[np.int64]:
        """The tracker's own number of each box's track, -1 where it takes none; shape (n,)."""
        import torch  # noqa: PLC0415  # takes seconds to load
        from boxmot.structures import Boxes, Detections  # type: ignore[import-untyped]  # noqa: PLC0415  # untyped; as above

        # appearances stand in the rows of their boxes: nothing has to be found again by coordinates
        found = self._tracker.update(
            Detections(
                geometry=Boxes(torch.tensor(boxes)),
                scores=torch.tensor(confidences),
                class_ids=torch.zeros(len(boxes), dtype=torch.int64),
                sample_id="sample",
                embeddings=None if looks is None else torch.tensor(looks),
            ),
            self._frame,
            timestamp_s=time_s,
        )
        ids = np.full(len(boxes), -1, dtype=np.int64)
        rows = found.detection_indices.numpy()
        ids[rows[rows >= 0]] = found.track_ids.numpy()[rows >= 0]
        return ids


def _trackable(detections: pl.DataFrame, frames: pl.DataFrame, settings: TrackerSettings) -> pl.DataFrame:
    """Detections that a tracker can be given, by sample and detection."""
    strange = detections.join(frames, on="sample", how="anti")
    if strange.height:
        raise InvalidTableError(
            f"{strange.height} detections stand on samples that were never taken, the first on sample {strange['sample'][0]}.",
            "Detect on the video once more: detections and samples come from one pass.",
        )
    large = pl.all_horizontal(
        pl.col(far) - pl.col(near) >= LEAST_SIDE_PX for near, far in (("x1", "x2"), ("y1", "y2"))
    ) & pl.all_horizontal(pl.col(edge).is_finite() for edge in BOX)
    sure = pl.col("confidence").is_between(settings.min_confidence, 1)
    return detections.filter(large & sure).sort("sample", "detection")


def _sequences(times: npt.NDArray[np.float64], max_gap_s: float) -> Iterator[tuple[int, int]]:
    """Samples that follow one another: the first, and the one after the last."""
    steps = np.diff(times)
    breaks = (np.flatnonzero((steps > max_gap_s) | ~(steps > 0)) + 1).tolist()
    yield from zip([0, *breaks], [*breaks, len(times)], strict=True)


def _refuse(detections: pl.DataFrame, wrong: npt.NDArray[np.bool_], problem: str) -> NoReturn:
    row = int(np.argmax(wrong))
    raise InvalidTableError(
        f"Detection {detections['detection'][row]} of sample {detections['sample'][row]} {problem}.",
        "Detect on the video once more, with one way to tell appearances.",
    )
