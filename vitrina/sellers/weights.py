"""Where the weights of models lie, and what is said where there are none; nothing is downloaded unless somebody asks for it."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from vitrina.errors import VitrinaError

INT8_EXPORT = "_int8_openvino_model"
EXPORT = "_openvino_model"
TORCH = ".pt"
ONNX = ".onnx"


class WeightsError(VitrinaError):
    """Weights of a model are missing, or cannot be used."""


@dataclass(frozen=True)
class ExportFacts:
    """What an OpenVINO export says of itself.

    Attributes
    ----------
    task
        ``"detect"`` or ``"pose"``, among others.
    image_size
        Height and width that pictures are brought to.
    names
        Names of the classes by number.
    """

    task: str
    image_size: tuple[int, int]
    names: dict[int, str]


def prepare_ultralytics(folder: Path | None = None) -> None:
    """Keep ultralytics, which has to be imported after this, from the network, from pip and from the user's own folders.

    Without ``YOLO_AUTOINSTALL=false`` it installs what it misses by pip in the middle of a run.

    Parameters
    ----------
    folder
        Where it keeps its settings; default: a folder of ours among the temporary ones. What the environment says comes first.
    """
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    if "YOLO_CONFIG_DIR" not in os.environ:
        folder = folder or Path(tempfile.gettempdir()) / f"vitrina-ultralytics-{os.getuid() if sys.platform != 'win32' else 0}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ["YOLO_CONFIG_DIR"] = str(folder)


def find_weights(name: str, folder: Path, *, gpu: bool = False, download: bool = False) -> Path:
    """The file or folder with the weights that a setting names.

    Parameters
    ----------
    name
        A path; or the name of a model such as ``"yolov8n"``, with or without an ending, that is looked for in `folder`.
    folder
        Our folder of weights.
    gpu
        Whether torch's own file comes before exports, which are for processors.
    download
        Whether ultralytics may download one of its own models into `folder` where there is none.

    Raises
    ------
    WeightsError
        There are none; the message says which file goes where.
    """
    name = name.strip()
    if not name:
        raise WeightsError(
            "The setting of the weights is empty.", f"Name a path, or a model such as `yolov8n` whose weights lie in {folder}."
        )
    given = Path(name).expanduser()
    if given.is_absolute() or len(given.parts) > 1:
        if given.exists():
            return given
        raise WeightsError(f"There are no weights at {given}.", "Put them there, or correct the setting.")
    candidates = _candidates(name, gpu=gpu)
    for candidate in candidates:
        if (folder / candidate).exists():
            return folder / candidate
    if download:
        return _downloaded(name, folder)
    looked = ", ".join(candidates)
    raise WeightsError(f"There are no weights of {name!r} in {folder}: looked for {looked}.", _remedy(name, folder))


def export_facts(export: Path) -> ExportFacts:
    """What an OpenVINO export of ultralytics says of itself.

    Parameters
    ----------
    export
        Its folder.

    Raises
    ------
    WeightsError
        The folder is no complete export.
    """
    networks = sorted(export.glob("*.xml"))
    description = export / "metadata.yaml"
    remedy = f"Copy the whole folder again: a file *.xml, the file *.bin of the same name, and metadata.yaml belong into {export}."
    if len(networks) != 1 or not networks[0].with_suffix(".bin").is_file() or not description.is_file():
        there = ", ".join(sorted(path.name for path in export.iterdir())) or "nothing"
        raise WeightsError(f"{export} is no complete OpenVINO export: there is {there}.", remedy)
    try:
        said = yaml.safe_load(description.read_text(encoding="utf-8"))
        height, width = (int(side) for side in said["imgsz"])
        names = {int(number): str(label) for number, label in said["names"].items()}
        return ExportFacts(str(said["task"]), (height, width), names)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{description} does not say task, imgsz and names.", remedy) from error


def _candidates(name: str, *, gpu: bool) -> tuple[str, ...]:
    if name.endswith((TORCH, ONNX, EXPORT, ".xml")):
        return (name,)
    exports = (name + INT8_EXPORT, name + EXPORT)
    return (name + TORCH, *exports, name + ONNX) if gpu else (*exports, name + TORCH, name + ONNX)


def _downloaded(name: str, folder: Path) -> Path:
    prepare_ultralytics()
    from ultralytics.utils.downloads import (  # noqa: PLC0415  # takes seconds to load
        GITHUB_ASSETS_NAMES,
        attempt_download_asset,
    )

    file = name if name.endswith(TORCH) else name + TORCH
    if file not in GITHUB_ASSETS_NAMES:
        raise WeightsError(f"{file} is neither in {folder} nor among the models that ultralytics offers.", _remedy(name, folder))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        attempt_download_asset(folder / file)
    except OSError as error:
        raise WeightsError(f"{file} is not in {folder}, and cannot be downloaded: {error}.", _remedy(name, folder)) from error
    if not (folder / file).is_file():
        raise WeightsError(f"{file} is not in {folder}, and cannot be downloaded.", _remedy(name, folder))
    return folder / file


def _remedy(name: str, folder: Path) -> str:
    if name.endswith(ONNX):
        return f"Put the file {name} into {folder}, or set a path."
    stem = name.removesuffix(TORCH).removesuffix(INT8_EXPORT).removesuffix(EXPORT)
    return (
        f"Put the folder {stem}{INT8_EXPORT} (with {stem}.xml, {stem}.bin and metadata.yaml) or the file {stem}{TORCH} into {folder}, "
        f"or set a path. On a machine with a network, `yolo export model={stem}{TORCH} format=openvino` downloads and exports it."
    )
