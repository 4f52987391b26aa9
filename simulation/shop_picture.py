"""A frame of the made-up shop's camera at any moment, and what is true of everybody on it.

A frame depends on the day and the moment alone: any can be had without those before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from simulation.shop import TIME_ZONE, ShopDay
from simulation.shop_figure import Painted, body, paint
from simulation.shop_people import Person, Stance
from simulation.shop_scene import lit, make_scene, place

NOISE_TILES = 64
"""By how many pixels the tile of noise is larger than the picture, so that it can be shifted."""

DARK = 0.07
"""What is left of the light when the lamps are off."""


@dataclass(frozen=True)
class Seen:
    """What is true of somebody on a frame.

    Attributes
    ----------
    person
        Their number.
    box
        Of the whole body as it would be seen were nothing before it, cut at the picture's edge; pixels.
    visible_box
        Of what is seen of it; None where nothing is.
    visible
        Share of the body that is seen, of all of it.
    depth
        Metres from the lens to the waist, along its axis.
    stance
        Where they are on the floor.
    """

    person: Person
    box: tuple[float, float, float, float]
    visible_box: tuple[float, float, float, float] | None
    visible: float
    depth: float
    stance: Stance


@dataclass(frozen=True)
class Frame:
    """A picture, blue, green and red, height x width x 3, and who is on it, the nearest last; in `state` see `ShopDay.state`."""

    image: np.ndarray
    seen: tuple[Seen, ...]
    state: str


class Renderer:
    """Makes frames of a day.

    Parameters
    ----------
    day
        What happens.
    width, height
        Of the picture; by default those of the day's lens.
    jpeg
        Quality of the picture's compression in the camera, 0 to 100; None leaves it out, since a film is compressed anyway.
    """

    def __init__(self, day: ShopDay, width: int | None = None, height: int | None = None, jpeg: int | None = 80) -> None:
        self.day = day
        self.lens = day.lens.sized(width or day.lens.width, height or day.lens.height)
        self.scene = make_scene(day.floor, self.lens, day.seed)
        self._jpeg = jpeg
        rng = np.random.default_rng([day.seed, 31])
        self._noise_level = float(rng.uniform(2.0, 4.5))
        shape = (self.lens.height + NOISE_TILES, self.lens.width + NOISE_TILES)
        luma = cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (3, 3), 0.5)
        chroma = cv2.resize(rng.normal(0, 0.5, (shape[0] // 2 + 1, shape[1] // 2 + 1, 3)).astype(np.float32), shape[::-1])
        self._noise = np.clip((luma[..., None] + chroma) * 24, -127, 127).astype(np.int8)

    def frame(self, moment: float) -> Frame:
        """The picture at a moment, in seconds of the film."""
        state = self.day.state(moment)
        if state == "frozen":
            begin = next(part.begin_s for part in self.day.spoiled if part.state == "frozen")
            return replace(self.frame(begin - 0.5), state=state)  # and who is seen is who was there then
        if state == "wall":
            return Frame(self._finished(_wall(self.lens.width, self.lens.height, self.day.seed), moment, 1.0), (), state)
        if state == "off":
            return Frame(np.zeros((self.lens.height, self.lens.width, 3), np.uint8), (), state)
        colours, depth = self.scene.colours.copy(), self.scene.depth.copy()
        seen = self._people(colours, depth, moment)
        if state == "blurred":
            colours = cv2.GaussianBlur(colours, (0, 0), self.lens.width / 110)
        return Frame(self._finished(colours, moment, DARK if state == "dark" else 1.0), tuple(seen), state)

    def _people(self, colours: np.ndarray, depth: np.ndarray, moment: float) -> list[Seen]:
        """Paint everybody from the farthest to the nearest, then see what is left of each."""
        painted: list[tuple[Person, Stance, Painted]] = []
        for person, stance in self.day.present(moment):
            figure = paint(body(person.look, stance, moment), stance, self.lens, lit(self.scene, stance.x, stance.y))
            if figure is not None:
                painted.append((person, stance, figure))
        painted.sort(key=lambda each: -float(each[2].depth.min()))
        for _, stance, _ in painted:
            self._shadow(colours, stance)
        owner = np.zeros(depth.shape, np.int32)
        for number, (_, _, figure) in enumerate(painted, start=1):
            shows = place(colours, depth, figure)
            np.copyto(_patch(owner, figure), number, where=shows)
        return [
            self._seen(person, stance, figure, _patch(owner, figure) == n) for n, (person, stance, figure) in enumerate(painted, 1)
        ]

    def _seen(self, person: Person, stance: Stance, figure: Painted, mask: np.ndarray) -> Seen:
        x1, y1, x2, y2 = figure.box
        cut = (max(x1, 0.0), max(y1, 0.0), min(x2, float(self.lens.width)), min(y2, float(self.lens.height)))
        inside = max(0.0, cut[2] - cut[0]) * max(0.0, cut[3] - cut[1]) / ((x2 - x1) * (y2 - y1))
        whole = int((figure.cover > 0.5).sum())
        visible = float(mask.sum()) / max(whole, 1) * inside
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = None
        if rows.size:
            left, top = figure.left, figure.top
            box = (float(left + columns[0]), float(top + rows[0]), float(left + columns[-1] + 1), float(top + rows[-1] + 1))
        return Seen(
            person, cut, box, min(visible, 1.0), float(self.lens.project(np.array([[stance.x, stance.y, 1.0]]))[1][0]), stance
        )

    def _shadow(self, colours: np.ndarray, stance: Stance) -> None:
        """A soft ellipse below the feet, on the floor alone."""
        middle, edge = self.lens.project(np.array([[stance.x, stance.y, 0.0], [stance.x, stance.y, 0.0]]))
        x, y = middle[0].tolist()
        wide = 0.42 * self.lens.focal / float(edge[0])
        flat = wide * (self.lens.position[2] / float(edge[0])) * 0.9
        x1, x2 = max(0, int(x - wide)), min(self.lens.width, int(x + wide) + 1)
        y1, y2 = max(0, int(y - flat)), min(self.lens.height, int(y + flat) + 1)
        if x2 <= x1 or y2 <= y1:
            return
        across = (np.arange(x1, x2, dtype=np.float32) - x) / wide
        along = (np.arange(y1, y2, dtype=np.float32) - y) / flat
        square = across[None, :] ** 2 + along[:, None] ** 2
        shade = 1 - 0.5 * np.exp(-3.2 * square) * (square < 1) * self.scene.is_floor[y1:y2, x1:x2]
        colours[y1:y2, x1:x2] *= shade[..., None]

    def _finished(self, colours: np.ndarray, moment: float, light: float) -> np.ndarray:
        """What a cheap camera makes of the light: soft edges, noise, the clock in the corner, compression."""
        rng = np.random.default_rng([self.day.seed, 32, round(moment * 1_000)])
        gain = light * (1 + 0.01 * np.sin(moment / 7)) * 255
        image = cv2.convertScaleAbs(cv2.GaussianBlur(colours, (3, 3), 0.55), alpha=float(gain))
        dx, dy = rng.integers(NOISE_TILES, size=2)
        tile = self._noise[dy : dy + self.lens.height, dx : dx + self.lens.width]
        level = self._noise_level * (2.2 if light < 0.5 else 1.0) / 24
        image = cv2.addWeighted(image, 1.0, tile, level, 0.0, dtype=cv2.CV_8U)
        self._clock(image, moment)
        if self._jpeg is None:
            return image
        return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._jpeg])[1], cv2.IMREAD_COLOR))

    def _clock(self, image: np.ndarray, moment: float) -> None:
        text = self.day.at(moment).astimezone(ZoneInfo(TIME_ZONE)).strftime("%Y-%m-%d %H:%M:%S")
        scale = self.lens.width / 1_400
        origin = (round(8 * scale * 2), round(32 * scale))
        cv2.putText(image, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(image, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA)


def _patch(whole: np.ndarray, figure: Painted) -> np.ndarray:
    height, width = figure.cover.shape
    return whole[figure.top : figure.top + height, figure.left : figure.left + width]


@lru_cache(maxsize=4)
def _wall(width: int, height: int, seed: int) -> np.ndarray:
    """What a camera sees that was turned to the wall."""
    rng = np.random.default_rng([seed, 33])
    rough = cv2.resize(rng.normal(0, 0.02, (height // 3, width // 3)).astype(np.float32), (width, height))
    slope = np.linspace(0.75, 0.5, width, dtype=np.float32)[None, :] * np.linspace(1.0, 0.85, height, dtype=np.float32)[:, None]
    return np.asarray((slope + rough)[..., None] * np.array([0.9, 0.95, 1.0], np.float32), np.float32)
