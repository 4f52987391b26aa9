"""A clustering request: which stores, which features, how many clusters. Two equal requests have one identifier."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from vitrina.errors import ScenarioError

IDENTIFIER_LENGTH = 12
SMALLEST_CLUSTER = 5
SMALLEST_CLUSTER_SHARE = 0.03
FEWEST_STORES = 3


@dataclass(frozen=True)
class Scenario:
    """What a category manager asks for.

    The default parameters of the feature catalogue always take part in clustering, as far as the inbox has them.

    Attributes
    ----------
    formats
        Formats of the stores to cluster; empty for every format.
    stores
        Identifiers of the stores to cluster; empty for all of the formats.
    features
        Features that the clusters rest on besides the defaults: names, or patterns such as ``share_*``.
    profile_only
        Features that stand in the report only, never in the clusters, even where a pattern of `features` covers
        them; empty: every feature that is not clustered on.
    n_clusters
        Number of clusters, set by hand; ``None`` leaves the choice to the measures of quality.
    max_clusters
        Largest number of clusters that is considered.
    min_cluster_size
        Fewest stores that a cluster may have to be chosen automatically; ``None``: 3 % of the stores, at least 5.

    Raises
    ------
    ScenarioError
        The request contradicts itself, or a number lies outside its range.

    Examples
    --------
    >>> Scenario(formats=("Hypermarket ",)) == Scenario()
    True
    """

    formats: tuple[str, ...] = ("hypermarket",)
    stores: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    profile_only: tuple[str, ...] = ()
    n_clusters: int | None = None
    max_clusters: int = 12
    min_cluster_size: int | None = None

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for name in ("formats", "stores", "features", "profile_only"):
            object.__setattr__(self, name, _in_one_spelling(name, getattr(self, name)))
        object.__setattr__(self, "formats", tuple(sorted({known.lower() for known in self.formats})))
        _refuse_outside("n_clusters", self.n_clusters, 1)
        _refuse_outside("max_clusters", self.max_clusters, 2)
        _refuse_outside("min_cluster_size", self.min_cluster_size, 1)
        both = sorted(set(self.features) & set(self.profile_only))
        if both:
            raise ScenarioError(
                f"{', '.join(both)} stand(s) in features and in profile_only.",
                "A feature either shapes the clusters or only describes them: name it once.",
            )

    @property
    def identifier(self) -> str:
        """Twelve hexadecimal digits that equal requests share."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:IDENTIFIER_LENGTH]

    def to_json(self) -> str:
        """The request as JSON, with sorted keys and nothing left out, so that equal requests are equal texts."""
        values = {declared.name: getattr(self, declared.name) for declared in fields(self)}
        return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """Read a request from JSON; a field that is left out takes its default.

        Raises
        ------
        ScenarioError
            The text is no JSON object, names an unknown field, or a value has the wrong type.
        """
        try:
            return _adapter().validate_json(text, strict=True)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, found['loc'])) or 'request'}: {found['msg']}" for found in error.errors())
            known = ", ".join(declared.name for declared in fields(cls))
            raise ScenarioError(f"The request cannot be read: {problems}.", f"Give a JSON object with any of {known}.") from error

    def minimum_size(self, n_stores: int) -> int:
        """Fewest stores that each cluster must have for a number of clusters to be chosen automatically."""
        if self.min_cluster_size is not None:
            return self.min_cluster_size
        # 0.03 * 300 is 8.999…: rounded first, or 9 stores would be asked for where the next float gives 10
        return max(SMALLEST_CLUSTER, math.ceil(round(SMALLEST_CLUSTER_SHARE * n_stores, 9)))


def _adapter() -> TypeAdapter[Scenario]:
    return TypeAdapter(Scenario)


def _in_one_spelling(name: str, values: Any) -> tuple[str, ...]:
    """Stripped, without repetitions, sorted: the order in which things are named asks for nothing."""
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise ScenarioError(f"{name}={values!r} is not a list of texts.", f'Write {name}=("…", "…"), or () for none.')
    if not all(value.strip() for value in values):
        raise ScenarioError(f"{name} holds an empty text.", "Remove it, or name what was meant.")
    return tuple(sorted({value.strip() for value in values}))


def _refuse_outside(name: str, value: Any, least: int) -> None:
    if value is None and name != "max_clusters":
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ScenarioError(
            f"{name}={value!r} is not a whole number from {least} up.", f"Give {name} a whole number of at least {least}."
        )
