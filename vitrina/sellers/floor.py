"""From feet in the picture to metres on the floor: the plane that a camera's measured points lie on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.errors import DeliveryError

Floats: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = tuple[float, float]
PointPair: TypeAlias = tuple[Point, Point]

LEAST_PAIRS = 4
MOST_METRES_PER_PIXEL = 1.0
"""Close below the horizon a pixel is worth metres, and a box's edge is never surer than a pixel: there, no place is told."""
_LEAST_RANK = 1e-2
"""Least ratio of the eighth singular value to the first. Rectangles of a sales floor have .08 to .3 under tilts of 10 to 80 degrees;
three points of four that miss one line by 10 of 200 pixels have less than .01, and a pixel of error then moves the plane."""
_REMEDY = (
    "Give at least four points of the floor, no three of them on one line and spread over the picture, each as "
    "[[pixel from the left, pixel from above], [metres, metres]]."
)


@dataclass(frozen=True, eq=False)
class Floor:
    """The floor as one camera sees it.

    Attributes
    ----------
    homography
        From pixels to metres, shape (3, 3); its third row is positive on the floor's side of the horizon.
    residuals_m
        How far each given point lands from its metres.
    error_m
        Root mean square of `residuals_m`. None with four pairs: four are always met exactly, so that a mistake in them shows
        nowhere; a fifth tells.
    """

    homography: Floats
    residuals_m: tuple[float, ...]
    error_m: float | None

    @classmethod
    def of(cls, pairs: Sequence[PointPair]) -> Floor:
        """The floor on which measured points lie.

        Parameters
        ----------
        pairs
            Of each point its pixel (from the left, from above) and its metres on the plan.

        Raises
        ------
        DeliveryError
            Where the points leave the plane open, or no camera can have seen them so.

        References
        ----------
        R. Hartley, A. Zisserman (2004), Multiple View Geometry in Computer Vision, 4.1 and 4.4.4.
        """
        import cv2  # noqa: PLC0415  # heavy

        pixels, metres = _checked(pairs)
        # without a method, all points count: a person measured them, so that there is no crowd of outliers to vote down
        found, _ = cv2.findHomography(pixels, metres, 0)
        if found is None:
            raise DeliveryError("The floor's points do not determine a plane.", _REMEDY)
        homography = np.asarray(found, dtype=np.float64)
        depths = _homogeneous(pixels) @ homography[2]
        if depths.min() < 0:
            homography, depths = -homography, -depths
        if depths.min() <= 0 or abs(np.linalg.det(homography)) <= np.finfo(float).tiny:
            raise DeliveryError(
                "No camera can see the floor's points so: some would lie beyond the horizon.",
                "Look whether pixels and metres of two points were exchanged, or one was mistyped.",
            )
        away = np.linalg.norm(_mapped(homography, pixels) - metres, axis=1)
        error = float(np.sqrt(np.mean(away**2))) if len(pixels) > LEAST_PAIRS else None
        return cls(homography, tuple(away.tolist()), error)

    @property
    def worst(self) -> int:
        """Which of the given pairs fits worst, from 0."""
        return int(np.argmax(self.residuals_m))

    def metres(self, pixels: npt.ArrayLike) -> Floats:
        """Where pixels are on the floor, shape (n, 2); not a number above the horizon and where a pixel is worth too much.

        Parameters
        ----------
        pixels
            Feet, shape (n, 2), from the left and from above.
        """
        places = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
        depths = _homogeneous(places) @ self.homography[2]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            found = _mapped(self.homography, places)
            # d(u / w) = (du - (u / w) dw) / w, a 2 x 2 matrix per point
            slopes = (self.homography[:2, :2] - found[:, :, None] * self.homography[2, :2]) / depths[:, None, None]
            # the Frobenius norm bounds what one pixel can be worth in any direction
            worth = np.sqrt((slopes**2).sum(axis=(1, 2)))
            known = (depths > 0) & (worth <= MOST_METRES_PER_PIXEL)
        return np.where(known[:, None], found, np.nan)


def _checked(pairs: Sequence[PointPair]) -> tuple[Floats, Floats]:
    """Pixels and metres, each of shape (n, 2), that determine a plane."""
    if len(pairs) < LEAST_PAIRS:
        raise DeliveryError(f"The floor has {len(pairs)} points.", _REMEDY)
    values = np.asarray(pairs, dtype=np.float64)
    if values.shape != (len(pairs), 2, 2) or not np.isfinite(values).all():
        raise DeliveryError("The floor's points are not all pairs of two finite numbers.", _REMEDY)
    pixels, metres = values[:, 0], values[:, 1]
    if min(_spread(pixels), _spread(metres)) == 0:
        raise DeliveryError("The floor's points are all the same one.", _REMEDY)
    # either way round: three of four points on a line in the picture alone leave the equations solvable, their solution flat
    if min(_rank(pixels, metres), _rank(metres, pixels), _flatness(pixels), _flatness(metres)) < _LEAST_RANK:
        raise DeliveryError("The floor's points do not determine a plane: too many lie on one line, or on one another.", _REMEDY)
    return pixels, metres


def _rank(source: Floats, target: Floats) -> float:
    """How far the equations of the homography are from having more than one solution: 0 where they have."""
    ones = _homogeneous(_normalised(source))
    end = _normalised(target)
    zeros = np.zeros_like(ones)
    equations = np.vstack(
        [np.hstack([ones, zeros, -end[:, :1] * ones]), np.hstack([zeros, ones, -end[:, 1:] * ones])],
    )
    singular = np.linalg.svd(equations, compute_uv=False)
    return float(singular[7] / singular[0])


def _flatness(points: Floats) -> float:
    """How far points are from having three of any four on one line: the best four's smallest triangle, of the unit square's."""
    shown = _normalised(points)
    if len(shown) > LEAST_PAIRS:
        # with more than four, the equations' rank tells enough: a fifth point off the line holds the plane
        return 1.0
    corners = [np.delete(shown, left_out, axis=0) for left_out in range(LEAST_PAIRS)]
    return float(min(abs(np.linalg.det(_homogeneous(corner))) for corner in corners))


def _normalised(points: Floats) -> Floats:
    """Points about their middle, at a mean distance of the square root of two."""
    centred = points - points.mean(axis=0)
    scaled: Floats = centred * (np.sqrt(2) / _spread(points))
    return scaled


def _spread(points: Floats) -> float:
    return float(np.linalg.norm(points - points.mean(axis=0), axis=1).mean())


def _homogeneous(points: Floats) -> Floats:
    return np.column_stack([points, np.ones(len(points))])


def _mapped(homography: Floats, points: Floats) -> Floats:
    ends = _homogeneous(points) @ homography.T
    mapped: Floats = ends[:, :2] / ends[:, 2:]
    return mapped
