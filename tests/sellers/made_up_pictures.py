"""Pictures of people in plain colours, and a detector that sees what is far brighter than the floor."""

from dataclasses import dataclass

import cv2
import numpy as np

from vitrina.sellers.detector import Boxes

FLOOR = 60
HEIGHT, WIDTH = 240, 320


@dataclass(frozen=True)
class MadeUpSample:
    number: int
    pts_s: float
    image: np.ndarray


def picture(*people, noise=0, seed=0, height=HEIGHT, width=WIDTH):
    """People as (left, upper, right, lower, (blue, green, red)) on a grey floor."""
    image = np.full((height, width, 3), FLOOR, dtype=np.int16)
    for left, upper, right, lower, colour in people:
        image[upper:lower, left:right] = colour
    if noise:
        image += np.random.default_rng(seed).integers(-noise, noise + 1, image.shape, dtype=np.int16)
    return np.clip(image, 0, 255).astype(np.uint8)


def samples_of(*pictures, step_s=1.0):
    return [MadeUpSample(number, number * step_s, image) for number, image in enumerate(pictures)]


class BrightPeople:
    """Regions brighter than the floor; larger ones are surer. Counts what it looked at."""

    name = "bright-people"

    def __init__(self):
        self.looked = []

    def detect(self, images):
        self.looked.append(len(images))
        return [self._boxes(image) for image in images]

    @staticmethod
    def _boxes(image):
        _, _, regions, _ = cv2.connectedComponentsWithStats((image.max(axis=2) > FLOOR + 60).astype(np.uint8))
        left, upper, width, height, size = regions[1:].T.astype(np.float32)
        return Boxes(np.stack([left, upper, left + width, upper + height], axis=1), size / (size + 100))
