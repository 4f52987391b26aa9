"""The networks that the settings name, or that lie in the folder of models, loaded once; and what they make of the parameters."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from vitrina.sellers.appearance import OPENVINO, Appearance, ClothesColours, OnnxAppearance
from vitrina.sellers.detecting import Models
from vitrina.sellers.detector import CONFIDENCE, OVERLAP, UltralyticsDetector
from vitrina.sellers.heading import PoseHeading
from vitrina.sellers.looks import looks_of, with_looks
from vitrina.sellers.parameters import Parameters, parameters
from vitrina.sellers.weights import EXPORT, INT8_EXPORT, ONNX, TORCH, WeightsError, export_facts, find_weights
from vitrina.sellers.yolo import has_gpu
from vitrina.settings import Settings

LIMITS = "limits.json"
"""The file of an export that says what its boxes are to be taken for."""

CLOTHES = "clothes"
"""The name of what needs no weights."""

USUAL_DETECTOR = "yolov8n"
"""What is looked for where the folder of models is empty."""


def networks(settings: Settings, *, confidence: float | None = None, picture: tuple[int, int] | None = None) -> Models:
    """What frames are looked at with.

    Parameters
    ----------
    settings
        Which, and where they lie.
    confidence
        Least confidence of a person, where it is not that of the settings.
    picture
        Width and height of the pictures to come: no more of them is computed than they need. None where they are of several shapes.

    Raises
    ------
    WeightsError
        Weights are missing or cannot be used, or several lie in the folder of models and the settings name none; the message
        names the file and the folder.
    """
    found = _loaded(
        settings.models_folder,
        settings.sellers_detector or _only_detector(settings.models_folder) or USUAL_DETECTOR,
        appearance_weights(settings),
        settings.sellers_pose,
        settings.sellers_threads or os.cpu_count() or 1,
        settings.models_download,
        _ratio(picture),
    )
    wanted = confidence or settings.sellers_confidence
    return replace(found.models, detector=found.detector.at(wanted)) if wanted else found.models


def appearance_weights(settings: Settings) -> Path | None:
    """The net that people are told apart by, or None where their clothes do.

    Raises
    ------
    WeightsError
        As of `networks`.
    """
    name = settings.sellers_appearance
    if name == CLOTHES:
        return None
    if name:
        return find_weights(name, settings.models_folder)
    folder = settings.models_folder
    found = [path for path in _files(folder) if path.suffix in (ONNX, OPENVINO)]
    return _only(found, "VITRINA_SELLERS_APPEARANCE", folder)


def in_force(settings: Settings) -> Parameters:
    """The parameters that the settings ask for, on top of the distances of the net that tells people apart."""
    return parameters(settings.sellers_parameters, with_looks(Parameters(), looks_of(appearance_weights(settings))))


class _Loaded(NamedTuple):
    detector: UltralyticsDetector
    models: Models


@lru_cache(maxsize=2)
def _loaded(  # noqa: PLR0913, PLR0917  # all that a loaded network depends on
    folder: Path,
    detector: str,
    appearance: Path | None,
    pose: str,
    threads: int,
    download: bool,  # noqa: FBT001  # as above
    picture: tuple[int, int] | None,
) -> _Loaded:
    gpu = has_gpu()
    weights = find_weights(detector, folder, gpu=gpu, download=download)
    limits = limits_of(weights)
    found = UltralyticsDetector(
        weights, confidence=limits["confidence"], overlap=limits["overlap"], threads=threads, picture=picture
    )
    looks: Appearance = ClothesColours() if appearance is None else OnnxAppearance(appearance, threads=threads)
    heading = PoseHeading(find_weights(pose, folder, gpu=gpu, download=download), threads=threads) if pose else None
    return _Loaded(found, Models(found, looks, heading))


def limits_of(weights: Path) -> dict[str, float]:
    """Least confidence of a person, and the overlap above which the less sure of two boxes is dropped, as an export's file says.

    Raises
    ------
    WeightsError
        The file cannot be read.
    """
    usual = {"confidence": CONFIDENCE, "overlap": OVERLAP}
    beside = weights / LIMITS
    if not beside.is_file():
        return usual
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
        return {name: float(said.get(name, value)) for name, value in usual.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"{beside} does not say confidence and overlap.", "Correct it, or remove it.") from error


def _ratio(picture: tuple[int, int] | None) -> tuple[int, int] | None:
    """Pictures of one shape share their networks, whatever their size."""
    return None if picture is None else (picture[0] // math.gcd(*picture), picture[1] // math.gcd(*picture))


def _only_detector(folder: Path) -> str | None:
    """The only detector of a folder, an export and the weights that it was made of counting as one."""
    exports = [path for path in _files(folder) if path.name.endswith(EXPORT) and export_facts(path).task == "detect"]
    names = {path.name.removesuffix(INT8_EXPORT).removesuffix(EXPORT) for path in exports}
    names |= {path.stem for path in _files(folder) if path.suffix == TORCH and not path.stem.endswith("-pose")}
    found = _only([folder / name for name in sorted(names)], "VITRINA_SELLERS_DETECTOR", folder)
    return None if found is None else found.name


def _files(folder: Path) -> Iterable[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _only(found: list[Path], setting: str, folder: Path) -> Path | None:
    if len(found) > 1:
        raise WeightsError(
            f"There are several in {folder}: {', '.join(path.name for path in found)}.", f"Name one of them in {setting}."
        )
    return found[0] if found else None
