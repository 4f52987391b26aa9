"""A small network that tells the people of the made-up shop apart, taught on crops of many of them.

``python -m simulation.shop_reid_training --out FOLDER`` makes it from its seeds alone. People are taught as a camera sees them:
near and far, half hidden, in several lights; sellers of a shop wear one uniform, on two days, so that hair, skin and build count.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from simulation.shop import SELLERS, DayKind, ShopExtent, simulate_day
from simulation.shop_picture import Renderer
from vitrina.sellers.appearance import CROP_HEIGHT, CROP_WIDTH, DEVIATION, MEAN, crop

NAME = "shop_appearance"
FIRST_TAUGHT, FIRST_JUDGED = 900_000, 950_000
"""Seeds of the first taught and of the first judged shop."""

DAYS = 2
"""Days of a shop: its sellers come on each, in other light; its customers on one."""

KINDS = (DayKind.USUAL, DayKind.OWN_CLOTHES, DayKind.BUSY, DayKind.USUAL)
LEAST_VISIBLE = 0.25
_EXTENT = ShopExtent(open_s=900, width=640, height=360, fps=5, arrivals_per_hour=110, pace=0.6)
TEMPERATURE = 0.1
"""Of the loss: how much nearer a person's own crops are wanted than those of others."""

_FEWEST = 4
"""Crops of a person without whom they are not taught."""


@dataclass(frozen=True)
class Crops:
    """Persons cut out of frames.

    Attributes
    ----------
    images
        Blue, green and red, at half the height and width that networks are given, shape (n, 128, 64, 3).
    people
        Number of each one's person, shape (n,).
    shops
        Number of each person's shop, shape (people,).
    """

    images: np.ndarray
    people: np.ndarray
    shops: np.ndarray


@dataclass(frozen=True)
class ReidLesson:
    """How much is taught: shops, frames of each of their days, steps, people of a step with 4 crops each, length of a vector."""

    shops: int = 96
    frames: int = 60
    steps: int = 3_500
    people: int = 32
    dimensions: int = 96
    seed: int = 1
    threads: int = 2


def people_on(seed: int, shop: int, kind: DayKind, frames: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Everybody seen well enough on frames of a day: a name, the picture, and a box as a detector would draw it, a little off."""
    day = simulate_day(_EXTENT, seed, kind, shop=shop)
    rng = np.random.default_rng([seed, 51])
    renderer = Renderer(day, jpeg=int(rng.integers(55, 95)))
    for moment in rng.uniform(day.opening_s, day.closing_s, frames).tolist():
        frame = renderer.frame(moment)
        for seen in frame.seen:
            if seen.visible < LEAST_VISIBLE or frame.state != "ok":
                continue
            x1, y1, x2, y2 = seen.box
            off = rng.normal(0, 0.03, 4) * np.array([x2 - x1, y2 - y1, x2 - x1, y2 - y1])
            # on days in own clothes a seller is somebody else to the eye
            name = (
                f"{seen.person.seller_id} {kind == DayKind.OWN_CLOTHES}"
                if seen.person.seller_id
                else f"{seed} {seen.person.number}"
            )
            yield f"{shop} {name}", frame.image, (np.array(seen.box) + off).astype(np.float32)


def is_staff(name: str) -> bool:
    """Whether a name of `people_on` is a seller's."""
    return name.split()[1] in SELLERS


def draw_crops(first: int, shops: int, frames: int, processes: int = 1) -> Crops:
    """Crops of people of shops from a seed on, a few frames of each of their days; shops are drawn side by side."""
    images: dict[str, list[np.ndarray]] = {}
    shop_of: dict[str, int] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for number, found in enumerate(pool.map(_crops_of, range(shops), repeat(first), repeat(frames))):
            images |= found
            shop_of |= dict.fromkeys(found, number)
    kept = [name for name, found in images.items() if len(found) >= _FEWEST]
    people = np.repeat(np.arange(len(kept)), [len(images[name]) for name in kept])
    return Crops(
        np.stack([each for name in kept for each in images[name]]),
        people,
        np.array([shop_of[name] for name in kept]),
    )


def _crops_of(number: int, first: int, frames: int) -> dict[str, list[np.ndarray]]:
    """Crops of one shop's people, by name."""
    images: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    size = (CROP_WIDTH // 2, CROP_HEIGHT // 2)
    shop = first + DAYS * number
    for day in range(DAYS):
        for name, image, box in people_on(shop + day, shop, KINDS[number % len(KINDS)], frames):
            images[name].append(cv2.resize(crop(image, box), size, interpolation=cv2.INTER_LINEAR))
    return dict(images)


def network(dimensions: int) -> Any:
    """A narrow convolutional network; what it says of four bands of the body, from head to foot, is told apart to the end."""
    from torch import nn  # noqa: PLC0415  # takes seconds to load

    def block(entering: int, leaving: int, stride: int) -> list[nn.Module]:
        return [nn.Conv2d(entering, leaving, 3, stride, 1, bias=False), nn.BatchNorm2d(leaving), nn.ReLU(inplace=True)]

    layers = [*block(3, 24, 2), *block(24, 48, 1), nn.MaxPool2d(2), *block(48, 96, 2), *block(96, 128, 1)]
    bands = nn.AvgPool2d((CROP_HEIGHT // 64, CROP_WIDTH // 16))
    return nn.Sequential(*layers, bands, nn.Flatten(), nn.Linear(128 * 4, dimensions), nn.BatchNorm1d(dimensions))


def teach(crops: Crops, lesson: ReidLesson) -> Any:
    """Teach a network: vectors of one person lie together, those of others apart.

    Half of the steps take people of one or two shops alone, who wear the same and stand in the same light.

    References
    ----------
    P. Khosla et al. (2020), Supervised Contrastive Learning, NeurIPS: the loss.
    """
    import torch  # noqa: PLC0415  # takes seconds to load
    from torch.nn import functional  # noqa: PLC0415  # as above

    torch.set_num_threads(lesson.threads)
    torch.manual_seed(lesson.seed)
    rng = np.random.default_rng(lesson.seed)
    model = network(lesson.dimensions).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=lesson.steps)
    rows_of = [np.flatnonzero(crops.people == person) for person in range(len(crops.shops))]
    model.train()
    for step in range(lesson.steps):
        people = _chosen(rng, crops, lesson.people, near=step % 2 == 1)
        rows = np.concatenate([rng.choice(rows_of[person], 4) for person in people])
        with torch.autocast("cpu", dtype=torch.bfloat16):  # twice as fast on a processor that can
            said = model(torch.from_numpy(_varied(rng, crops.images[rows])).contiguous(memory_format=torch.channels_last))
        loss = _contrast(functional.normalize(said.float()), torch.from_numpy(crops.people[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"step {step + 1} of {lesson.steps}: loss {loss.item():.3f}", flush=True)  # noqa: T201  # it takes minutes
    return model.eval()


def _chosen(rng: np.random.Generator, crops: Crops, count: int, *, near: bool) -> np.ndarray:
    """So many people of all, or of as few shops as have so many."""
    if near:
        order = rng.permutation(np.unique(crops.shops))
        return np.concatenate([rng.permutation(np.flatnonzero(crops.shops == shop)) for shop in order[:3]])[:count]
    return rng.choice(len(crops.shops), min(count, len(crops.shops)), replace=False)


def _contrast(vectors: Any, labels: Any) -> Any:
    """How improbable one's own are among all others, if the nearer are the likelier."""
    import torch  # noqa: PLC0415  # takes seconds to load

    itself = torch.eye(len(labels), dtype=torch.bool)
    near = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, -1e9)
    own = (labels[:, None] == labels[None, :]) & ~itself
    return -(torch.log_softmax(near, 1) * own).sum() / own.sum()


def _varied(rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    """What a network is given, in other light, mirrored, and partly hidden."""
    count = len(images)
    light = images.astype(np.float32) / 255 * rng.uniform(0.75, 1.3, (count, 1, 1, 1)).astype(np.float32)
    light = np.clip(light * rng.uniform(0.94, 1.06, (count, 1, 1, 3)).astype(np.float32), 0, 1)
    for place in np.flatnonzero(rng.random(count) < 0.5):
        light[place] = light[place, :, ::-1]
    for place in np.flatnonzero(rng.random(count) < 0.35):
        y, x = rng.integers(0, 110), rng.integers(0, 50)
        light[place, y : y + rng.integers(10, 50), x : x + rng.integers(10, 40)] = rng.random(3)
    return prepared(light)


def prepared(light: np.ndarray) -> np.ndarray:
    """Pictures from 0 to 1, blue, green and red, as networks of appearance are given them, shape (n, 3, height, width)."""
    return np.ascontiguousarray(((light[..., ::-1] - MEAN) / DEVIATION).transpose(0, 3, 1, 2), dtype=np.float32)


def export(model: Any, folder: Path) -> Path:
    """Write a taught network as `OnnxAppearance` reads it: ``shop_appearance.xml`` and ``.bin``."""
    import openvino as ov  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; takes a second to load
    import torch  # noqa: PLC0415  # takes seconds to load

    # crops come in twice the height and width that were taught: far people have no more pixels than these
    whole = torch.nn.Sequential(torch.nn.AvgPool2d(2), model).eval()
    made = ov.convert_model(whole, example_input=torch.zeros(1, 3, CROP_HEIGHT, CROP_WIDTH))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.xml"
    ov.save_model(made, path, compress_to_fp16=True)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw crops, teach, export; the last line says where the network is."""
    parser = argparse.ArgumentParser(description="Teach a network to tell the people of the made-up shop apart.")
    lesson = ReidLesson()
    parser.add_argument("--out", type=Path, required=True, help="folder of weights that the network is put into")
    for name in ("shops", "frames", "steps", "people", "dimensions", "seed", "threads"):
        parser.add_argument(f"--{name}", type=int, default=getattr(lesson, name))
    given = vars(parser.parse_args(arguments))
    out = given.pop("out")
    lesson = ReidLesson(**given)
    path = export(teach(draw_crops(FIRST_TAUGHT, lesson.shops, lesson.frames, lesson.threads), lesson), out)
    print(json.dumps({"network": os.fspath(path)}))  # noqa: T201  # what a command says


if __name__ == "__main__":
    main()
