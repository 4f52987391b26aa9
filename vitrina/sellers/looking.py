"""One pass over a video's file with what the settings ask for."""

from __future__ import annotations

from vitrina.sellers.evaluation import Looked, Video, look_at
from vitrina.sellers.networks import networks
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.sources import file_of
from vitrina.sellers.video_facts import probe
from vitrina.sellers.video_ledger import VideoRecord
from vitrina.settings import Settings


def looked(record: VideoRecord, video: Video, settings: Settings, parameters: Parameters) -> tuple[Looked, tuple[str, ...]]:
    """What was seen on a video, and the names of the networks that it was looked at with.

    Raises
    ------
    VideoGoneError
        Its file is no longer there; what was seen before stays as it is.
    WeightsError
        There are no weights for the networks that the settings name.
    """
    models = networks(settings, picture=video.size)
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
    return found, names
