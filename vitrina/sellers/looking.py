"""One pass over a video's file with what the settings ask for; a file that turns out to be unreadable gives no frames."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from vitrina.sellers.evaluation import Video, look_at
from vitrina.sellers.networks import networks
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.sources import file_of
from vitrina.sellers.video_facts import probe
from vitrina.sellers.video_ledger import VideoRecord
from vitrina.settings import Settings


@dataclass(frozen=True)
class Seen:
    """What was seen on a video.

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
    models
        Names of what was looked with.
    """

    detections: pl.DataFrame
    samples: pl.DataFrame
    skipped: int
    notes: tuple[str, ...]
    took_s: float
    models: tuple[str, ...]


def looked(record: VideoRecord, video: Video, settings: Settings, parameters: Parameters) -> Seen:
    """Look at a video.

    Raises
    ------
    VideoGoneError
        Its file is no longer there; what was seen before stays as it is.
    WeightsError
        There are no weights for the networks that the settings name.
    """
    models = networks(settings)
    with file_of(record, settings) as path:
        found = look_at(
            path,
            probe(path),
            video,
            models,
            parameters=parameters,
            step_s=settings.sellers_step_s,
            longest_px=settings.sellers_longest_px,
            skip_still=settings.sellers_skip_still,
            threads=settings.sellers_threads,
        )
    names = (models.detector.name, models.appearance.name, *((models.heading.name,) if models.heading else ()))
    return Seen(found.detections, found.samples, found.skipped, found.notes, found.took_s, names)
