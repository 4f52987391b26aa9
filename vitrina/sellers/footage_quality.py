"""Whether anything can be seen on footage: too dark, blurred, noisy, frozen, covered, or fit for use; and how much of the time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers.decoding import Image
from vitrina.sellers.tables import FootageSamples

Luma: TypeAlias = npt.NDArray[np.uint8]
Span: TypeAlias = tuple[dt.datetime, dt.datetime]

LUMA_WIDTH = 640
"""Pictures are measured at this width, about that which the detector sees: noise that vanishes there does no harm."""

CELL_PX = 32
"""Side of the cells that are looked at for detail."""

COUNT_WITH_PEOPLE = ("dark", "blurred", "noisy")
"""States in which people who were found are evidence that something can be seen; on a frozen picture they are none."""


@dataclass(frozen=True)
class QualityLimits:
    """What is too dark, too blurred and so on.

    Attributes
    ----------
    dark
        Mean luma below which nothing can be seen, of 255.
    blurred, noisy
        Variance of the Laplacian that a usable picture lies between. Measured: lens out of focus 6, a shop 2,980, noise 12,080.
    unchanged
        Mean difference of luma up to which a picture is the one before. A live sensor's noise alone gives more.
    frozen_samples
        Samples in a row without change that make a frozen picture. Encoders repeat what stands still, but not for long.
    plain
        Spread of luma within a cell, noise smoothed away, below which there is no detail in it.
    occluded
        Share of such cells from which on a wall or a cloth is before the camera.
    """

    dark: float = 20.0
    blurred: float = 20.0
    noisy: float = 6_000.0
    unchanged: float = 0.01
    frozen_samples: int = 10
    plain: float = 2.5
    occluded: float = 0.9


@dataclass(frozen=True)
class Measures:
    """What was measured on a sample.

    Attributes
    ----------
    sample, pts_s
        Of the sample.
    brightness
        Mean luma, 0 to 255.
    sharpness
        Variance of luma's Laplacian.
    change
        Mean absolute difference of luma to the sample before; 0 for the first.
    plainness
        Share of cells without detail.
    """

    sample: int
    pts_s: float
    brightness: float
    sharpness: float
    change: float
    plainness: float


class QualityMeter:
    """Measures samples in their order; it keeps the luma of the last one alone."""

    def __init__(self, limits: QualityLimits | None = None) -> None:
        self._limits = limits or QualityLimits()
        self._before: Luma | None = None

    def measure(self, sample: int, pts_s: float, image: Image) -> Measures:
        """Measures of a sample, against the one that was measured last.

        Parameters
        ----------
        sample, pts_s
            Its number and time.
        image
            Blue-green-red, shape (height, width, 3).
        """
        luma = luma_of(image)
        before, self._before = self._before, luma
        return Measures(
            sample,
            pts_s,
            float(luma.mean()),
            sharpness(luma),
            change(before, luma),
            plainness(luma, self._limits.plain),
        )


def luma_of(image: Image) -> Luma:
    """Luma at the width of measurement; narrower pictures keep their own.

    Parameters
    ----------
    image
        Blue-green-red, shape (height, width, 3).
    """
    import cv2  # noqa: PLC0415  # heavy

    height, width = image.shape[:2]
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if width <= LUMA_WIDTH:
        return np.asarray(gray, dtype=np.uint8)
    size = LUMA_WIDTH, max(1, round(height * LUMA_WIDTH / width))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def sharpness(luma: Luma) -> float:
    """Variance of the Laplacian: near 0 without focus, huge with noise.

    References
    ----------
    J. L. Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy: a comparative study.
    """
    import cv2  # noqa: PLC0415  # heavy

    return float(cv2.Laplacian(luma, cv2.CV_32F).var())


def change(before: Luma | None, luma: Luma) -> float:
    """Mean absolute difference; 0 without a picture before, or with one of another size."""
    import cv2  # noqa: PLC0415  # heavy

    if before is None or before.shape != luma.shape:
        return 0.0
    return float(cv2.absdiff(before, luma).mean())


def plainness(luma: Luma, limit: float) -> float:
    """Share of cells whose luma hardly varies once noise and fine weave are smoothed away.

    Parameters
    ----------
    luma
        As of `luma_of`.
    limit
        Standard deviation up to which a cell is plain.
    """
    import cv2  # noqa: PLC0415  # heavy

    smooth = cv2.blur(luma, (5, 5)).astype(np.float32)
    side = max(1, min(CELL_PX, *luma.shape))
    down, across = (length // side for length in luma.shape)
    cells = smooth[: down * side, : across * side].reshape(down, side, across, side)
    return float((cells.std(axis=(1, 3)) <= limit).mean())


def states(measures: Sequence[Measures], limits: QualityLimits | None = None) -> list[str]:
    """What can be seen on each sample of a video: one of `FOOTAGE_STATES`.

    A dark picture is dark whatever else it is, a covered one covered; all samples of a frozen stretch are frozen but the first,
    which was live.

    Parameters
    ----------
    measures
        Of all samples, in order.
    limits
        Their defaults where none are given.
    """
    known = limits or QualityLimits()
    frozen = _frozen(measures, known)
    return [_state(measured, known, is_frozen=place in frozen) for place, measured in enumerate(measures)]


def _frozen(measures: Sequence[Measures], limits: QualityLimits) -> set[int]:
    """Places of samples in stretches without any change."""
    places = groupby(range(1, len(measures)), key=lambda place: measures[place].change <= limits.unchanged)
    stretches = [list(stretch) for is_same, stretch in places if is_same]
    return {place for stretch in stretches if len(stretch) >= limits.frozen_samples for place in stretch}


def _state(measured: Measures, limits: QualityLimits, *, is_frozen: bool) -> str:
    # in this order: who looks at a wall has neither change nor sharpness
    found = (
        ("dark", measured.brightness < limits.dark),
        ("occluded", measured.plainness >= limits.occluded),
        ("frozen", is_frozen),
        ("noisy", measured.sharpness > limits.noisy),
        ("blurred", measured.sharpness < limits.blurred),
    )
    return next((state for state, holds in found if holds), "ok")


def footage_samples(
    video: str, started_at: dt.datetime, measures: Sequence[Measures], limits: QualityLimits | None = None
) -> pl.DataFrame:
    """Rows of table `FootageSamples`.

    Parameters
    ----------
    video
        The video's key.
    started_at
        True time of its first frame.
    measures
        Of all its samples, in order.
    limits
        As of `states`.
    """
    rows = [
        (video, m.sample, m.pts_s, started_at + dt.timedelta(seconds=m.pts_s), m.brightness, m.sharpness, m.change, state)
        for m, state in zip(measures, states(measures, limits), strict=True)
    ]
    return pl.DataFrame(rows, schema=FootageSamples.polars_schema(), orient="row")


def usable(samples: pl.DataFrame, detections: pl.DataFrame | None = None) -> pl.Series:
    """Whether each sample counts: its picture is fine, or people were found on it although it is not.

    Parameters
    ----------
    samples
        Table `FootageSamples`.
    detections
        Table `Detections`; without it pictures alone decide.
    """
    is_usable = pl.col("state") == "ok"
    if detections is not None:
        found = detections.select("video", "sample", found=pl.lit(True)).unique()
        samples = samples.join(found, on=["video", "sample"], how="left", maintain_order="left")
        is_usable |= pl.col("state").is_in(COUNT_WITH_PEOPLE) & pl.col("found").fill_null(value=False)
    return samples.select(usable=is_usable)["usable"]


def coverage(samples: pl.DataFrame, spans: Sequence[Span], step_s: float, *, detections: pl.DataFrame | None = None) -> float:
    """Share of time spans in which a usable sample lies within a step, before or after.

    Parameters
    ----------
    samples
        Table `FootageSamples`, of one camera; of several videos, overlapping ones too.
    spans
        Opening hours, for example; what overlaps counts once.
    step_s
        Wanted distance of samples, in seconds.
    detections
        As of `usable`.

    Returns
    -------
    float
        From 0 to 1; 0 where there is no time in the spans.
    """
    step = dt.timedelta(seconds=step_s)
    moments = samples.filter(usable(samples, detections))["at"].sort().to_list()
    seen = _united([(at - step, at + step) for at in moments])
    asked = _united(spans)
    total = sum((end - begin for begin, end in asked), dt.timedelta())
    if not total:
        return 0.0
    return _common(asked, seen) / total


def _united(spans: Sequence[Span]) -> list[Span]:
    """Spans that do not overlap, in order."""
    united: list[Span] = []
    for begin, end in sorted(spans):
        if united and begin <= united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], end)
        else:
            united.append((begin, max(begin, end)))
    return united


def _common(some: Sequence[Span], others: Sequence[Span]) -> dt.timedelta:
    """Time that two lists of spans, each in order and without overlaps, have in common."""
    total = dt.timedelta()
    place = 0
    for begin, end in some:
        while place < len(others) and others[place][1] <= begin:
            place += 1
        for other_begin, other_end in others[place:]:
            if other_begin >= end:
                break
            total += min(end, other_end) - max(begin, other_begin)
    return total
