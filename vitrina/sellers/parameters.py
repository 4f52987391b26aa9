"""All parameters that decide what a video comes to once people have been detected, in one place; a replay changes some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from vitrina.errors import SettingsError
from vitrina.sellers.footage_quality import QualityLimits
from vitrina.sellers.interaction_rule import InteractionRule
from vitrina.sellers.metrics import MetricRule
from vitrina.sellers.people import PEOPLE, PeopleSettings
from vitrina.sellers.phantoms import PHANTOMS, PhantomSettings
from vitrina.sellers.receipt_matching import ReceiptRule
from vitrina.sellers.roles import ROLES, RoleSettings
from vitrina.sellers.trackers import TRACKERS, TrackerSettings


@dataclass(frozen=True)
class Parameters:
    """What is decided how.

    Attributes
    ----------
    quality
        Whether anything can be seen on a frame.
    phantoms
        Which detections are of nobody.
    tracker
        Which detections follow one another; its ``method`` also chooses the defaults of the others.
    people
        Which tracks are one person.
    roles
        Who sells.
    interaction, receipts
        Who serves whom, and which purchase follows.
    metrics
        What is counted.
    """

    quality: QualityLimits = field(default_factory=QualityLimits)
    phantoms: PhantomSettings = PHANTOMS
    tracker: TrackerSettings = TRACKERS["strongsort"]
    people: PeopleSettings = PEOPLE
    roles: RoleSettings = ROLES
    interaction: InteractionRule = field(default_factory=InteractionRule)
    receipts: ReceiptRule = field(default_factory=ReceiptRule)
    metrics: MetricRule = field(default_factory=MetricRule)


def parameters(changes: Mapping[str, Any] | None = None, base: Parameters | None = None) -> Parameters:
    """Parameters with some of them changed.

    Parameters
    ----------
    changes
        Values by name, such as ``{"interaction.start_m": 1.2, "tracker.method": "ocsort"}``.
    base
        What is changed; the usual ones by default.

    Raises
    ------
    SettingsError
        A name is not known, or a value cannot be meant.
    """
    known = base or Parameters()
    wanted = dict(changes or {})
    method = wanted.pop("tracker.method", None)
    if method is not None:
        if method not in TRACKERS:
            raise SettingsError(f"There is no tracker {method!r}.", f"Choose one of {', '.join(TRACKERS)}.")
        known = replace(known, tracker=TRACKERS[method])
    changed: Any = known
    for name, value in wanted.items():
        changed = _changed(changed, name.split("."), value, name)
    # of one person's looks there is one idea: that which decides about people decides about sellers too
    roster = replace(changed.roles.roster, looks=changed.people)
    whole: Parameters = replace(changed, roles=replace(changed.roles, roster=roster))
    _check(whole)
    return whole


def _check(whole: Parameters) -> None:
    """Values that only together can or cannot be meant, once all of them are changed."""
    people, roster, phantoms = whole.people, whole.roles.roster, whole.phantoms
    for kept, wanted in (
        (0 <= people.same_distance < people.cut, "people.same_distance from 0 to below people.cut"),
        (people.gap_s > 0, "people.gap_s above 0"),
        (roster.punctual_share > 0, "roles.roster.punctual_share above 0"),
        (phantoms.samples >= 1, "phantoms.samples of at least 1"),
    ):
        if not kept:
            raise SettingsError("These parameters cannot be meant together.", f"Give {wanted}.")


def names(of: Any = None, prefix: str = "") -> tuple[str, ...]:
    """The names of all parameters that can be changed."""
    known = of or Parameters()
    found: list[str] = []
    for each in fields(known):
        value, name = getattr(known, each.name), f"{prefix}{each.name}"
        found += names(value, f"{name}.") if is_dataclass(value) else [name]
    return tuple(found)


def _changed(group: Any, path: list[str], value: Any, name: str) -> Any:
    own = {each.name for each in fields(group)}
    if path[0] not in own:
        raise SettingsError(f"There is no parameter {name!r}.", f"Known are {', '.join(names())}.")
    before = getattr(group, path[0])
    if is_dataclass(before):
        if len(path) == 1:
            raise SettingsError(f"{name!r} names a group of parameters.", f"Name one of {', '.join(names(before, f'{name}.'))}.")
        return replace(group, **{path[0]: _changed(before, path[1:], value, name)})
    if len(path) > 1:
        raise SettingsError(f"There is no parameter {name!r}.", f"Known are {', '.join(names())}.")
    return replace(group, **{path[0]: _like(before, value, name)})


def _like(before: Any, value: Any, name: str) -> Any:
    """The value as the type of the one before."""
    if isinstance(before, bool) or isinstance(value, bool) or isinstance(before, str):
        # true is a number to Python
        fits = type(value) is type(before)
        meant: Any = value
    else:
        fits = isinstance(value, int | float) and value == value and abs(value) != float("inf")  # noqa: PLR0124  # what is no number differs from itself
        meant = type(before)(value) if fits else value
        fits = fits and meant == value
    if not fits:
        raise SettingsError(f"{name} cannot be {value!r}.", f"Give a {type(before).__name__}, such as {before!r}.")
    return meant
