"""How alike one person's pictures look, by what tells people apart: every net has distances of its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from vitrina.sellers.parameters import Parameters
from vitrina.sellers.weights import WeightsError

ENDING = ".looks.json"
"""What is added to the stem of a net's file for the file that tells its distances."""


@dataclass(frozen=True)
class Looks:
    """Cosine distances that decide who is who.

    Attributes
    ----------
    same_distance
        Usual distance of two pictures of one person.
    cut
        Distance that parts one person from two best.
    max_cos_dist, max_overlap_cos_dist
        As of `vitrina.sellers.trackers.TrackerSettings`.
    """

    same_distance: float
    cut: float
    max_cos_dist: float
    max_overlap_cos_dist: float


OSNET = Looks(same_distance=0.213, cut=0.37, max_cos_dist=0.3, max_overlap_cos_dist=0.5)
"""OSNet x0.25 on a mall corridor, and what is taken of a net that nobody has measured."""

CLOTHES = Looks(same_distance=0.12, cut=0.27, max_cos_dist=0.22, max_overlap_cos_dist=0.4)
"""Colours of the torso."""


def looks_of(weights: Path | None) -> Looks:
    """Distances of a net, from the file beside it; those of clothes where there is no net.

    Raises
    ------
    WeightsError
        The file beside the net cannot be read.
    """
    if weights is None:
        return CLOTHES
    beside = weights.with_name(weights.stem + ENDING)
    if not beside.is_file():
        return OSNET
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
        return Looks(**{each.name: float(said[each.name]) for each in fields(Looks)})
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(
            f"{beside} does not say {', '.join(each.name for each in fields(Looks))}.", "Copy it again from where the net is from."
        ) from error


def write_looks(weights: Path, looks: Looks) -> Path:
    """Write down a net's distances beside it."""
    beside = weights.with_name(weights.stem + ENDING)
    beside.write_text(json.dumps(asdict(looks), indent=1) + "\n", encoding="utf-8")
    return beside


def with_looks(parameters: Parameters, looks: Looks) -> Parameters:
    """Parameters that tell people apart by these distances."""
    people = replace(parameters.people, same_distance=looks.same_distance, cut=looks.cut)
    tracker = replace(parameters.tracker, max_cos_dist=looks.max_cos_dist, max_overlap_cos_dist=looks.max_overlap_cos_dist)
    roles = replace(parameters.roles, roster=replace(parameters.roles.roster, looks=people))
    return replace(parameters, people=people, tracker=tracker, roles=roles)
