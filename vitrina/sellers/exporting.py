"""INT8 exports for processors, calibrated on frames of the user's own cameras: three to four times as fast as in full precision."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path

import yaml

from vitrina.sellers.weights import INT8_EXPORT, TORCH, WeightsError, export_facts, prepare_ultralytics
from vitrina.sellers.yolo import IMAGE_SIZE

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
MOST_FRAMES = 300
"""Frames that are calibrated on; more change nothing."""


def calibrated_export(weights: Path, frames_folder: Path, folder: Path, *, image_size: int | tuple[int, int] = IMAGE_SIZE) -> Path:
    """Export a YOLO to OpenVINO in 8-bit integers.

    The ranges of the numbers within the network are taken from frames as the user's own cameras make them. Labels are not needed.

    Parameters
    ----------
    weights
        File of torch's.
    frames_folder
        Pictures, ``*.jpg`` or ``*.png``, also in folders within; 100 to 300 are enough, of all cameras and hours.
    folder
        Our folder of weights, where the export is put; an older one of the same name gives way once the new one is complete.
    image_size
        Side that pictures will be brought to; or height and width, multiples of 32: for wide pictures, half of a square is in vain.

    Returns
    -------
    pathlib.Path
        The folder of the export.

    Raises
    ------
    WeightsError
        NNCF is not installed, there are no weights or frames, or the export failed.
    """
    if weights.suffix != TORCH or not weights.is_file():
        raise WeightsError(f"There are no weights at {weights}.", f"Exports are made of a file *{TORCH} of ultralytics.")
    frames = frames_of(frames_folder)
    if not frames:
        raise WeightsError(f"There are no pictures in {frames_folder}.", f"Put 100 to 300 frames there, as {', '.join(PICTURES)}.")
    if importlib.util.find_spec("nncf") is None:
        raise WeightsError("NNCF, which calibrates, is not installed.", "Run `pip install nncf`, and try again.")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (weights.stem + INT8_EXPORT)
    # beside the target: a folder is renamed at once only within a file system
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as temporary:
        made = _exported(weights, frames, Path(temporary), image_size)
        export_facts(made)
        if target.exists():
            target.rename(Path(temporary) / "replaced")
        made.rename(target)
    return target


def frames_of(folder: Path) -> list[Path]:
    """Pictures of a folder and those within, by name; evenly spread ones where there are more than `MOST_FRAMES`."""
    frames = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
    if len(frames) <= MOST_FRAMES:
        return frames
    return [frames[round(number * (len(frames) - 1) / (MOST_FRAMES - 1))] for number in range(MOST_FRAMES)]


def _exported(weights: Path, frames: list[Path], folder: Path, image_size: int | tuple[int, int]) -> Path:
    prepare_ultralytics()
    from ultralytics import YOLO  # type: ignore[attr-defined]  # noqa: PLC0415  # exports lazily; takes seconds to load

    # ultralytics writes beside what it is given: labels' cache and the export
    source = folder / weights.name
    shutil.copyfile(weights, source)
    images = folder / "images"
    images.mkdir()
    for number, frame in enumerate(frames):
        (images / f"{number:06d}{frame.suffix.lower()}").symlink_to(frame.resolve())
    try:
        model = YOLO(str(source))
        data = folder / "frames.yaml"
        data.write_text(
            yaml.safe_dump({"path": str(folder), "train": "images", "val": "images", "names": dict(model.names)}), encoding="utf-8"
        )
        made = model.export(
            format="openvino",
            int8=True,
            data=str(data),
            imgsz=image_size if isinstance(image_size, int) else list(image_size),
            batch=1,
            verbose=False,
        )
    except Exception as error:  # what torch, OpenVINO, NNCF and ultralytics raise has nothing in common
        raise WeightsError(f"{weights} cannot be exported: {error}", "Try other weights, or look at the frames.") from error
    return Path(made)
