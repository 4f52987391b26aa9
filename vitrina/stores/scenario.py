"""A clustering request: which stores, which features, how many clusters. Two equal requests have one identifier."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from vitrina.errors import ScenarioError
from vitrina.stores.windows import WINDOWS, YEAR

IDENTIFIER_LENGTH = 12
SMALLEST_CLUSTER = 5
SMALLEST_CLUSTER_SHARE = 0.03
FEWEST_STORES = 3
LARGEST_WEIGHT = 100.0
LARGEST_SEED = 2**32 - 1
"""What scikit-learn takes."""
MOST_CLUSTERS = 500
MOST_BOOTSTRAPS = 1_000
"""More would only take hours: the indices are steady long before."""

PLAIN = "plain"
"""The customer's own method: medians for gaps, then standardised."""
ROBUST = "robust"
"""Before that, skewed columns take log(1 + x) and the outermost hundredths are drawn in."""
TRANSFORMS = (PLAIN, ROBUST)

Weights = tuple[tuple[str, float], ...]


def _as_pairs(value: Any) -> Any:
    """JSON holds weights as an object."""
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class Scenario:
    """What a category manager asks for.

    The default parameters of the feature catalogue always take part in clustering, as far as the inbox has them.

    Attributes
    ----------
    formats
        Formats of the stores to cluster; empty for every format.
    regions
        Regions of the stores to cluster; empty for every region.
    stores
        Identifiers of the stores to cluster; empty for all of the formats and regions.
    features
        Features that the clusters rest on besides the defaults: names, families (``assortment``), or patterns such
        as ``share_*``.
    profile_only
        Features that stand in the report only, never in the clusters, even where `features` covers them; empty:
        every feature that is not clustered on.
    weights
        Name, family or pattern of features and how much they count: with a weight of 2 a feature's squared differences
        count twice. Weights are brought to a mean of 1, and a feature that is not named has 1.
    transform
        ``"plain"`` or ``"robust"``, see `TRANSFORMS`.
    window_quarters
        Quarters that the features look back on: 4, or 1 for the quarter alone.
    n_clusters
        Number of clusters, set by hand; ``None`` leaves the choice to the measures of quality.
    min_clusters, max_clusters
        Smallest and largest number of clusters that is considered.
    min_cluster_size
        Fewest stores that a cluster may have to be chosen automatically; ``None``: 3 % of the stores, at least 5.
    n_bootstraps
        Samples with replacement on which the clusters' stability is measured.
    seed
        Of these samples.

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
    regions: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    profile_only: tuple[str, ...] = ()
    weights: Annotated[Weights, BeforeValidator(_as_pairs)] = ()
    transform: str = PLAIN
    window_quarters: int = YEAR
    n_clusters: int | None = None
    min_clusters: int = 2
    max_clusters: int = 12
    min_cluster_size: int | None = None
    n_bootstraps: int = 30
    seed: int = 0

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for name in ("formats", "regions", "stores", "features", "profile_only"):
            object.__setattr__(self, name, _in_one_spelling(name, getattr(self, name)))
        object.__setattr__(self, "formats", tuple(sorted({known.lower() for known in self.formats})))
        object.__setattr__(self, "weights", _checked_weights(self.weights))
        _refuse_outside("n_clusters", self.n_clusters, 1)
        _refuse_outside("min_clusters", self.min_clusters, 2)
        _refuse_outside("max_clusters", self.max_clusters, 2)
        _refuse_outside("min_cluster_size", self.min_cluster_size, 1)
        _refuse_outside("n_bootstraps", self.n_bootstraps, 0)
        _refuse_above("n_clusters", self.n_clusters, MOST_CLUSTERS)
        _refuse_above("max_clusters", self.max_clusters, MOST_CLUSTERS)
        _refuse_above("n_bootstraps", self.n_bootstraps, MOST_BOOTSTRAPS)
        _refuse_above("seed", self.seed, LARGEST_SEED)
        _refuse_outside("seed", self.seed, 0)
        _refuse_other("transform", self.transform, TRANSFORMS)
        _refuse_other("window_quarters", self.window_quarters, WINDOWS)
        if self.min_clusters > self.max_clusters:
            raise ScenarioError(
                f"min_clusters={self.min_clusters} is larger than max_clusters={self.max_clusters}.",
                "Exchange them, or give n_clusters alone to set the number by hand.",
            )
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
        values = {declared.name: getattr(self, declared.name) for declared in fields(self)} | {"weights": dict(self.weights)}
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


@cache
def _adapter() -> TypeAdapter[Scenario]:
    """Made once: it takes longer than everything that is read with it."""
    return TypeAdapter(Scenario)


def _in_one_spelling(name: str, values: Any) -> tuple[str, ...]:
    """Stripped, without repetitions, sorted: the order in which things are named asks for nothing."""
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise ScenarioError(f"{name}={values!r} is not a list of texts.", f'Write {name}=("…", "…"), or () for none.')
    if not all(value.strip() for value in values):
        raise ScenarioError(f"{name} holds an empty text.", "Remove it, or name what was meant.")
    return tuple(sorted({value.strip() for value in values}))


def _checked_weights(weights: Any) -> Weights:
    """Sorted pairs of a name and a finite number above 0."""
    pairs = list(weights.items()) if isinstance(weights, Mapping) else list(weights)
    checked = {}
    for pair in pairs:
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str) and pair[0].strip()):
            raise ScenarioError(f"weights holds {pair!r}, which is not a feature and its weight.", 'Write {"revenue": 2.0}.')
        name, weight = pair[0].strip(), pair[1]
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= LARGEST_WEIGHT:
            raise ScenarioError(
                f"The weight of {name} is {weight!r}; it must be a number above 0, at most {LARGEST_WEIGHT:g}.",
                "Correct the weight. A feature that must not count belongs in profile_only instead of having the weight 0.",
            )
        if name in checked:
            raise ScenarioError(f"{name} has two weights.", "Name it once.")
        checked[name] = float(weight)
    return tuple(sorted(checked.items()))


def _refuse_above(name: str, value: int | None, most: int) -> None:
    if value is not None and value > most:
        raise ScenarioError(f"{name}={value} is more than {most}.", f"Give {name} a number of at most {most}.")


def _refuse_other(name: str, value: Any, known: tuple[Any, ...]) -> None:
    if isinstance(value, bool) or value not in known:
        raise ScenarioError(f"{name}={value!r} is not known.", f"Choose from {', '.join(map(str, known))}.")


def _refuse_outside(name: str, value: Any, least: int) -> None:
    if value is None and name in {"n_clusters", "min_cluster_size"}:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ScenarioError(
            f"{name}={value!r} is not a whole number from {least} up.", f"Give {name} a whole number of at least {least}."
        )
