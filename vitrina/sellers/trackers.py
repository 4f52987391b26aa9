"""The trackers of boxmot, set for steps of about a second.

Trackers are made for 25 frames a second and forget people, or refuse to begin with them, at one; every parameter that they know
is therefore stated here. At one labelled sample a second of a mall corridor (67 boxes, 6 people, OSNet x0.25) these settings keep
67 boxes where StrongSORT's defaults keep 46.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from vitrina.errors import InvalidTableError, SettingsError

Method: TypeAlias = Literal["strongsort", "ocsort", "bytetrack"]
Overlap: TypeAlias = Literal["iou", "giou", "diou", "ciou", "centroid"]

_BEYOND = 2.0
"""Farther than any two boxes: their distance is 1 at most."""
_FRAME_S = 1 / 30
"""The trackers' noise was chosen per frame of a video of 30 frames a second."""


@dataclass(frozen=True)
class TrackerSettings:
    """How detections are made into tracks; see `TRACKERS` for each tracker's.

    Attributes
    ----------
    method
        Which tracker of boxmot.
    min_confidence
        Detections below are not looked at.
    max_cos_dist
        Greatest cosine distance between a detection and a track's appearance. With OSNet x0.25, one person's lie at .213 (95 %
        below .362), two people's at .534 (5 % below .398); below the cut that parts them best, for tracks that fell apart can be
        joined later and tracks that ran together cannot be parted. For StrongSORT alone.
    max_iou_dist
        Greatest distance of boxes, 1 less their overlap, for detections that appearance did not tell. Near 1: at a second's step
        a walking person's boxes hardly overlap.
    max_overlap_cos_dist
        Greatest cosine distance where overlap alone decides: without it, whoever takes another's place within a step, as in a
        queue, takes over the track. Between one person's and two people's distances. For StrongSORT alone.
    overlap
        What overlap is: "diou" also tells near boxes from far ones that do not overlap at all.
    n_init
        Detections before a track counts. With 1 everybody counts who was seen once; with more, boxmot decides otherwise where the
        environment variable GITHUB_ACTIONS is set.
    max_age_s
        Time unseen after which a track has ended. Whoever returns later begins another one.
    max_gap_s
        Time without samples after which nobody is followed on: tracks end, and new ones begin.
    nn_budget
        How many appearances of a track are remembered. For StrongSORT alone.
    mc_lambda
        Weight of appearance against motion. For StrongSORT alone.
    ema_alpha
        Weight of a track's appearance so far against a new detection's. For StrongSORT alone.
    inertia, delta_t
        Weight of keeping direction, and samples that direction is taken over. For OC-SORT alone.
    """

    method: Method = "strongsort"
    min_confidence: float = 0.1
    max_cos_dist: float = 0.3
    max_iou_dist: float = 0.9
    max_overlap_cos_dist: float = 0.5
    overlap: Overlap = "iou"
    n_init: int = 1
    max_age_s: float = 10.0
    max_gap_s: float = 10.0
    nn_budget: int = 100
    mc_lambda: float = 0.98
    ema_alpha: float = 0.9
    inertia: float = 0.2
    delta_t: int = 3

    def __post_init__(self) -> None:
        for name, allowed in (("method", get_args(Method)), ("overlap", get_args(Overlap))):
            if getattr(self, name) not in allowed:
                raise SettingsError(f"The tracker's {name} is {getattr(self, name)!r}.", f"Choose one of {', '.join(allowed)}.")
        for name, least, most in (
            ("min_confidence", 0, 1),
            ("max_cos_dist", 0, 2),
            ("max_iou_dist", 0, 1),
            ("max_overlap_cos_dist", 0, 2),
            ("n_init", 1, 100),
            ("max_age_s", 0, 86_400),
            ("max_gap_s", 0, 86_400),
            ("nn_budget", 1, 100_000),
            ("mc_lambda", 0, 1),
            ("ema_alpha", 0, 1),
            ("inertia", 0, 1),
            ("delta_t", 1, 100),
        ):
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"The tracker's {name} is {getattr(self, name)}.", f"Give a value from {least} to {most:,}.")


TRACKERS: dict[Method, TrackerSettings] = {
    "strongsort": TrackerSettings(),
    "ocsort": TrackerSettings(method="ocsort", overlap="diou", max_iou_dist=0.7),
    "bytetrack": TrackerSettings(method="bytetrack", overlap="diou", max_iou_dist=0.7),
}
"""Settings for steps of about a second, by tracker."""


def tracker_of(settings: TrackerSettings, max_age: int) -> Any:
    """The tracker that settings name, with every parameter that it knows stated: its class and its files differ in defaults.

    Parameters
    ----------
    settings
        Of the tracker.
    max_age
        Samples unseen after which a track has ended.
    """
    from boxmot import ByteTrack, OcSort, StrongSort  # type: ignore[import-untyped]  # noqa: PLC0415  # untyped; takes seconds to load

    # each tracker tells its parameters in a box on the terminal, once per video
    logging.getLogger("boxmot").setLevel(logging.WARNING)
    shared: dict[str, Any] = {
        "max_age": max_age,
        "max_obs": max_age + 5,
        "min_hits": settings.n_init,
        "iou_threshold": 1 - settings.max_iou_dist,
        "per_class": False,
        "asso_func": settings.overlap,
        "is_obb": False,
        "variable_dt": True,
        "kf_process_position_scale": 1.0,
        "kf_process_velocity_scale": 1.0,
        "kf_measurement_noise_scale": 1.0,
        "kf_initial_position_scale": 1.0,
        "kf_initial_velocity_scale": 1.0,
        "kf_reference_dt_s": _FRAME_S,
    }
    if settings.method == "ocsort":
        return OcSort(
            min_conf=settings.min_confidence,
            delta_t=settings.delta_t,
            inertia=settings.inertia,
            use_byte=False,
            det_thresh=settings.min_confidence,
            **shared,
        )
    if settings.method == "bytetrack":
        return ByteTrack(
            min_conf=settings.min_confidence,
            track_thresh=settings.min_confidence,
            match_thresh=settings.max_iou_dist,
            track_buffer=max_age,
            frame_rate=30,  # so that the buffer counts samples
            **shared,
        )
    tracker = StrongSort(
        min_conf=settings.min_confidence,
        max_cos_dist=settings.max_cos_dist,
        max_iou_dist=settings.max_iou_dist,
        n_init=settings.n_init,
        nn_budget=settings.nn_budget,
        mc_lambda=settings.mc_lambda,
        ema_alpha=settings.ema_alpha,
        reid_model=_NoPixels(),
        det_thresh=settings.min_confidence,
        **shared,
    )
    # cameras of a shop do not move, and their movement would be looked for in pixels
    tracker.cmc = None
    tracker.association_distance = _unlike_apart(tracker.association_distance, settings.max_overlap_cos_dist)
    return tracker


def _unlike_apart(
    distance: Callable[[Sequence[Any], Sequence[Any]], npt.NDArray[Any]], max_cos_dist: float
) -> Callable[[Sequence[Any], Sequence[Any]], npt.NDArray[Any]]:
    """StrongSORT's distance of boxes, beyond any limit for those that look like two people: by itself it sees boxes alone."""

    def distance_of(tracks: Sequence[Any], detections: Sequence[Any]) -> npt.NDArray[Any]:
        distances = distance(tracks, detections)
        if distances.size:
            known = np.stack([track.features[-1] for track in tracks])
            seen = np.stack([detection.feat for detection in detections])
            cosines = (known @ seen.T) / np.outer(np.linalg.norm(known, axis=1), np.linalg.norm(seen, axis=1))
            distances[1 - cosines > max_cos_dist] = _BEYOND
        return distances

    return distance_of


class _NoPixels:
    """Stands where boxmot would otherwise fetch a re-identification net from the network as soon as it misses a vector."""

    def get_features(self, boxes: npt.NDArray[np.float32], _image: npt.NDArray[np.uint8]) -> NoReturn:
        """Never needed: every detection comes with its appearance."""
        raise InvalidTableError(f"{len(boxes)} detections have no appearance.", "Detect on the video once more.")
