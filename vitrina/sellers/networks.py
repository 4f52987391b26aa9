"""The networks that the settings name, loaded once; and what stands for them where there are none."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from vitrina.sellers.appearance import Appearance, ClothesColours, OnnxAppearance
from vitrina.sellers.detecting import Models
from vitrina.sellers.detector import UltralyticsDetector
from vitrina.sellers.heading import PoseHeading
from vitrina.sellers.weights import find_weights
from vitrina.sellers.yolo import has_gpu
from vitrina.settings import Settings

CLOTHES = "clothes"
"""The name of what needs no weights."""


def networks(settings: Settings) -> Models:
    """What frames are looked at with.

    Raises
    ------
    WeightsError
        Weights are missing or cannot be used; it names the file and the folder.
    """
    return _loaded(
        settings.models_folder,
        settings.sellers_detector,
        settings.sellers_appearance,
        settings.sellers_pose,
        settings.sellers_confidence,
        settings.sellers_threads or os.cpu_count() or 1,
        settings.models_download,
    )


@lru_cache(maxsize=2)
def _loaded(  # noqa: PLR0913, PLR0917  # all that a loaded network depends on
    folder: Path,
    detector: str,
    appearance: str,
    pose: str,
    confidence: float,
    threads: int,
    download: bool,  # noqa: FBT001  # as above
) -> Models:
    gpu = has_gpu()
    found = UltralyticsDetector(find_weights(detector, folder, gpu=gpu, download=download), confidence=confidence, threads=threads)
    return Models(
        found,
        _appearance(folder, appearance, threads),
        PoseHeading(find_weights(pose, folder, gpu=gpu, download=download), threads=threads) if pose else None,
    )


def _appearance(folder: Path, name: str, threads: int) -> Appearance:
    return ClothesColours() if name == CLOTHES else OnnxAppearance(find_weights(name, folder), threads=threads)
