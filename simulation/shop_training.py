"""Weights that see people in the made-up shop: frames of many shops with labels, a network taught on them, and its 8-bit export.

``python -m simulation.shop_training --out FOLDER`` makes all of it from its seeds alone, without a network. Some kinds of days are
never taught, so that what is measured on them says how the weights do on what is new to them.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import yaml

from simulation.shop import DayKind, ShopExtent, simulate_day
from simulation.shop_picture import Frame, Renderer
from vitrina.sellers.exporting import calibrated_export
from vitrina.sellers.weights import prepare_ultralytics

NAME = "shop"

HELD_OUT = (
    DayKind.ALIKE,
    DayKind.OCCLUSION,
    DayKind.POSTER,
    DayKind.MANNEQUIN,
    DayKind.LIGHTS_OFF,
    DayKind.BLUR,
    DayKind.WALL,
    DayKind.FROZEN,
    DayKind.ABSENT_SELLER,
    DayKind.UNATTENDED,
)
"""Kinds of days that nothing is taught on."""

TAUGHT = (
    DayKind.USUAL,
    DayKind.BUSY,
    DayKind.OWN_CLOTHES,
    DayKind.SITTER,
    DayKind.BUSY,
    DayKind.GAP,
    DayKind.OWN_CLOTHES,
    DayKind.BUSY,
    DayKind.USUAL,
    DayKind.SITTER,
    DayKind.BUSY,
    DayKind.EMPTY,
)
"""Kinds of the taught days, in turn: many people, and now and then nobody."""

FIRST_TAUGHT, FIRST_JUDGED = 700_000, 800_000
"""Seeds of the first taught and of the first judged shop; no other part of the simulation comes near them."""

SERVED = 0.5
"""Share of the moments at which somebody is being served: two who stand close hide each other, and these are who has to be found."""

LEAST_VISIBLE = 0.25
"""Whoever is seen less is not labelled: nobody who labels a picture would be sure of them."""

FRAMES_PER_SHOP = 4
WIDTH, HEIGHT = 640, 360
STRIP = 320
"""Rows that are kept of a frame's `HEIGHT`, so that two frames above one another make a square: no pixel is taught in vain."""

_WIDTHS = (480, 640, 640, 1_280)
_EXTENT = ShopExtent(open_s=900, width=WIDTH, height=HEIGHT, fps=5, arrivals_per_hour=130, pace=0.6)


@dataclass(frozen=True)
class Lesson:
    """How much is taught: less than half an hour on two quiet cores that count in bfloat16.

    Attributes
    ----------
    shops
        Shops, `FRAMES_PER_SHOP` frames each; an even number.
    epochs
        Times that every frame is seen.
    image_size
        Width that frames are brought to while teaching, in pixels.
    export_size
        Height and width of the export's pictures.
    seed
        Of the network's first weights and of the order of frames.
    threads
        Of the processor.
    """

    shops: int = 320
    epochs: int = 18
    image_size: int = 512
    export_size: tuple[int, int] = (288, 512)
    seed: int = 1
    threads: int = 2


def labels_of(frame: Frame) -> np.ndarray:
    """Boxes of the whole bodies of all who are seen well enough: x1, y1, x2, y2 in pixels, shape (n, 4)."""
    found = [seen.box for seen in frame.seen if seen.visible >= LEAST_VISIBLE]
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def shop_frames(seed: int, kind: DayKind, count: int = FRAMES_PER_SHOP) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pictures of one shop, brought to `WIDTH` x `HEIGHT`, and their labels; cameras differ in pixels and compression.

    Parameters
    ----------
    seed
        Of the shop and of its day.
    kind
        Of the day.
    count
        Frames, at moments drawn from the opening hours, for a part of them from talks and payments.
    """
    day = simulate_day(_EXTENT, seed, kind)
    rng = np.random.default_rng([seed, 41])
    width = int(rng.choice(_WIDTHS))
    renderer = Renderer(day, width, width * HEIGHT // WIDTH, jpeg=int(rng.integers(45, 95)))
    taken = 0
    while taken < count:
        begin, end = day.opening_s, day.closing_s
        if day.served and rng.random() < SERVED:
            served = day.served[int(rng.integers(len(day.served)))]
            begin, end = served.begin_s, served.end_s
        frame = renderer.frame(float(rng.uniform(begin, end)))
        if frame.state == "off":
            continue
        taken += 1
        way = cv2.INTER_AREA if width > WIDTH else cv2.INTER_LINEAR
        yield cv2.resize(frame.image, (WIDTH, HEIGHT), interpolation=way), labels_of(frame) * (WIDTH / width)


def stacked(frames: Sequence[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two frames above one another, each without some of its rows, and the labels of both: centre and size as shares, shape (n, 4)."""
    strips, boxes = [], []
    for place, (image, labels) in enumerate(frames):
        cut = int(rng.integers(HEIGHT - STRIP + 1))
        strips.append(image[cut : cut + STRIP])
        rows = np.clip(labels[:, [1, 3]] - cut, 0, STRIP) + STRIP * place
        boxes.append(np.column_stack([labels[:, 0], rows[:, 0], labels[:, 2], rows[:, 1]]))
    corners = np.concatenate(boxes)
    corners = corners[(corners[:, 2] - corners[:, 0] >= 3) & (corners[:, 3] - corners[:, 1] >= 6)]
    centres, sizes = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    return np.concatenate(strips), np.column_stack([centres, sizes]) / WIDTH


def write_frames(folder: Path, first: int, shops: int, kinds: Sequence[DayKind] = TAUGHT) -> None:
    """Write frames of shops and their labels as ultralytics reads them: ``images/*.jpg`` and ``labels/*.txt``.

    Parameters
    ----------
    folder
        Where they go.
    first
        Seed of the first shop.
    shops
        How many; an even number.
    kinds
        Of their days, in turn.
    """
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([first, 42])
    for pair in range(0, shops, 2):
        both = [list(shop_frames(first + number, kinds[number % len(kinds)])) for number in (pair, pair + 1)]
        for place, frames in enumerate(zip(*both, strict=True)):
            image, labels = stacked(frames, rng)
            name = f"{first + pair}_{place}"
            cv2.imwrite(str(folder / "images" / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 97])
            lines = [f"0 {x:.5f} {y:.5f} {width:.5f} {height:.5f}\n" for x, y, width, height in labels.tolist()]
            (folder / "labels" / f"{name}.txt").write_text("".join(lines), encoding="utf-8")


def train(frames: Path, folder: Path, lesson: Lesson) -> Path:
    """Teach a YOLOv8n from nothing.

    Parameters
    ----------
    frames
        Folder with ``taught`` and ``watched``, each as of `write_frames`; the latter chooses the best epoch.
    folder
        Where ultralytics writes; ``weights/best.pt`` in it is the best so far after every epoch.
    lesson
        How much.

    Returns
    -------
    pathlib.Path
        ``shop.pt`` in `folder`.
    """
    prepare_ultralytics()
    from ultralytics import YOLO  # type: ignore[attr-defined]  # noqa: PLC0415  # exports lazily; takes seconds to load

    data = frames / "frames.yaml"
    said = {"path": str(frames.resolve()), "train": "taught/images", "val": "watched/images", "names": {0: "person"}}
    data.write_text(yaml.safe_dump(said), encoding="utf-8")
    how: dict[str, Any] = {
        "epochs": lesson.epochs,
        "imgsz": lesson.image_size,
        "batch": 8,
        "nbs": 8,  # otherwise eight batches make one step, and a short lesson has too few of them
        "optimizer": "AdamW",
        "lr0": 0.002,
        "warmup_epochs": 1.0,
        "mosaic": 0.0,
        "scale": 0.25,
        "translate": 0.05,
        "hsv_v": 0.3,
        "seed": lesson.seed,
        "deterministic": True,
    }
    switches: dict[str, Any] = {"pretrained": False, "amp": False, "plots": False, "workers": 0, "cache": "ram", "device": "cpu"}
    model = YOLO("yolov8n.yaml", task="detect")
    # ultralytics leaves one core to others, of two as of many, whatever torch was told
    with _short_numbers(), mock.patch("ultralytics.utils.torch_utils.NUM_THREADS", lesson.threads):
        model.train(data=str(data), project=str(folder.parent.resolve()), name=folder.name, exist_ok=True, **how, **switches)
    return (folder / "weights" / "best.pt").rename(folder / f"{NAME}.pt")


def _short_numbers() -> AbstractContextManager[Any]:
    """While teaching, the network counts in 16 bits and with channels last: much faster on a processor that can. Losses keep their 32."""
    import torch  # noqa: PLC0415  # takes seconds to load
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  # as above

    plain: Any = DetectionModel.predict

    def predict(self: Any, x: Any, *others: Any, **named: Any) -> Any:
        x = x.contiguous(memory_format=torch.channels_last)
        if not self.training:
            return plain(self, x, *others, **named)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return _floats(plain(self, x, *others, **named))

    return mock.patch.object(DetectionModel, "predict", predict)


def _floats(values: Any) -> Any:
    """All tensors within, in 32 bits."""
    if isinstance(values, Mapping):
        return {name: _floats(each) for name, each in values.items()}
    if isinstance(values, list | tuple):
        return [_floats(each) for each in values]
    return values.float()


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw frames, teach, export; the last line says where the export is."""
    parser = argparse.ArgumentParser(description="Teach weights on frames of the made-up shop.")
    lesson = Lesson()
    parser.add_argument("--out", type=Path, required=True, help="folder of weights that the export is put into")
    parser.add_argument("--work", type=Path, help="folder of frames and of the taught network; default: a temporary one")
    parser.add_argument("--shops", type=int, default=lesson.shops)
    parser.add_argument("--epochs", type=int, default=lesson.epochs)
    parser.add_argument("--image-size", type=int, default=lesson.image_size)
    parser.add_argument("--export-size", type=int, nargs=2, default=lesson.export_size, metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--seed", type=int, default=lesson.seed)
    parser.add_argument("--threads", type=int, default=lesson.threads)
    given = parser.parse_args(arguments)
    lesson = Lesson(given.shops, given.epochs, given.image_size, tuple(given.export_size), given.seed, given.threads)
    with tempfile.TemporaryDirectory() as temporary:
        export = make_weights(given.out, given.work or Path(temporary), lesson)
    print(json.dumps({"export": os.fspath(export)}))  # noqa: T201  # what a command says


def make_weights(out: Path, work: Path, lesson: Lesson) -> Path:
    """Draw frames, teach and export; returns the folder of the export."""
    frames = work / "frames"
    write_frames(frames / "taught", FIRST_TAUGHT, lesson.shops)
    write_frames(frames / "watched", FIRST_TAUGHT + 50_000, max(2, lesson.shops // 20 * 2))
    taught = train(frames, work / "run", lesson)
    calibration = work / "calibration"
    calibration.mkdir(parents=True, exist_ok=True)
    for number in range(max(2, lesson.shops // 8)):
        seed = FIRST_TAUGHT + 60_000 + number
        for place, (image, _) in enumerate(shop_frames(seed, TAUGHT[number % len(TAUGHT)])):
            cv2.imwrite(str(calibration / f"{seed}_{place}.png"), image)
    export = calibrated_export(taught, calibration, out, image_size=lesson.export_size)
    _describe(export, lesson)
    return export


def _describe(export: Path, lesson: Lesson) -> None:
    """Say in an export what it was taught on: ultralytics would name folders of this machine."""
    path = export / "metadata.yaml"
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said["description"] = f"YOLOv8n taught on {FRAMES_PER_SHOP * lesson.shops} frames of Vitrina's made-up shop"
    said["args"].pop("data", None)
    path.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    main()
