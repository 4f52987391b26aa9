"""The form in which clusters are asked for: what can be chosen, and from what was chosen to a request and back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, BeforeValidator, Field

from serving.stores.naming import Naming
from serving.web.problems import shown
from vitrina.errors import ScenarioError
from vitrina.state.cluster_requests import TITLE_LENGTH
from vitrina.stores.scenario import LARGEST_SEED, MOST_BOOTSTRAPS, MOST_CLUSTERS, ROBUST, Scenario
from vitrina.stores.selection import FAMILIES, eligible_stores
from vitrina.stores.windows import YEAR

LONGEST_LIST = 200_000
"""Characters of a list of stores."""
LONGEST_NAME = 200
MOST_CHOSEN = 2_000

_SEPARATORS = re.compile(r"[\s,;]+")
_IN_LINES = re.compile(r"[\n,;]+")

Name = Annotated[str, Field(max_length=LONGEST_NAME)]


def _number_or_none(value: Any) -> Any:
    """A field that was left empty."""
    return None if isinstance(value, str) and not value.strip() else value


Number = Annotated[int | None, BeforeValidator(_number_or_none)]


class AskForm(BaseModel):
    """What was filled in."""

    quarter: dt.date
    title: str = Field("", max_length=2000)
    formats: list[Name] = Field(default_factory=list, max_length=MOST_CHOSEN)
    regions: list[Name] = Field(default_factory=list, max_length=MOST_CHOSEN)
    stores: str = Field("", max_length=LONGEST_LIST)
    without: str = Field("", max_length=LONGEST_LIST)
    features: list[Name] = Field(default_factory=list, max_length=MOST_CHOSEN)
    profile_only: str = Field("", max_length=LONGEST_LIST)
    weights: str = Field("", max_length=LONGEST_LIST)
    transform: Literal["plain", "robust"] = "plain"
    window_quarters: Literal["1", "4"] = "4"
    how: Literal["automatic", "by_hand"] = "automatic"
    n_clusters: Number = Field(None, ge=1, le=MOST_CLUSTERS)
    min_clusters: Number = Field(None, ge=2, le=MOST_CLUSTERS)
    max_clusters: Number = Field(None, ge=2, le=MOST_CLUSTERS)
    min_cluster_size: Number = Field(None, ge=1, le=1_000_000)
    n_bootstraps: Number = Field(None, ge=0, le=MOST_BOOTSTRAPS)
    seed: Number = Field(None, ge=0, le=LARGEST_SEED)

    def scenario(self, features: pl.DataFrame) -> Scenario:
        """The request that was meant.

        Parameters
        ----------
        features
            Rows of `StoreFeatures` of the quarter: stores that are left out are left out of them.

        Raises
        ------
        ScenarioError
            It contradicts itself.
        """
        usual = Scenario()
        asked = Scenario(
            formats=tuple(self.formats),
            regions=tuple(self.regions),
            stores=_listed(self.stores),
            features=tuple(self.features),
            profile_only=_listed(self.profile_only),
            weights=_weights(self.weights),
            transform=self.transform,
            window_quarters=int(self.window_quarters),
            n_clusters=self._by_hand(),
            min_clusters=self.min_clusters or usual.min_clusters,
            max_clusters=self.max_clusters or usual.max_clusters,
            min_cluster_size=self.min_cluster_size,
            n_bootstraps=usual.n_bootstraps if self.n_bootstraps is None else self.n_bootstraps,
            seed=usual.seed if self.seed is None else self.seed,
        )
        return _without(asked, _listed(self.without), features)

    def _by_hand(self) -> int | None:
        if self.how == "automatic":
            return None
        if self.n_clusters is None:
            raise ScenarioError("The number of clusters is missing.", "Give it, or let it be chosen automatically.")
        return self.n_clusters

    @classmethod
    def of(cls, scenario: Scenario, quarter: dt.date, title: str = "") -> AskForm:
        """The form that asks for a request."""
        usual = Scenario()
        return cls(
            quarter=quarter,
            title=title,
            formats=list(scenario.formats),
            regions=list(scenario.regions),
            stores="\n".join(scenario.stores),
            features=list(scenario.features),
            profile_only=", ".join(scenario.profile_only),
            weights="\n".join(f"{name} = {weight:g}" for name, weight in scenario.weights),
            transform="robust" if scenario.transform == ROBUST else "plain",
            window_quarters="4" if scenario.window_quarters == YEAR else "1",
            how="automatic" if scenario.n_clusters is None else "by_hand",
            n_clusters=scenario.n_clusters,
            min_clusters=scenario.min_clusters,
            max_clusters=scenario.max_clusters,
            min_cluster_size=scenario.min_cluster_size,
            n_bootstraps=None if scenario.n_bootstraps == usual.n_bootstraps else scenario.n_bootstraps,
            seed=None if scenario.seed == usual.seed else scenario.seed,
        )


def title_of(text: str) -> str:
    r"""What people call a request, on one line and without what no eye can see.

    >>> title_of(" Regions \n North\x00 ")
    'Regions North'
    """
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(visible.split())[:TITLE_LENGTH].strip()


@dataclass(frozen=True)
class Choice:
    """Something to choose: its value in the request, its name for people, and how many stores it has."""

    value: str
    label: str
    n_stores: int | None = None


@dataclass(frozen=True)
class Choices:
    """What a quarter has to choose from.

    Attributes
    ----------
    formats, regions
        With their stores.
    defaults
        Features that always take part.
    families
        Family → its other features.
    n_stores
        How many stores the quarter has.
    """

    formats: tuple[Choice, ...]
    regions: tuple[Choice, ...]
    defaults: tuple[str, ...]
    families: dict[str, tuple[Choice, ...]]
    n_stores: int


def choices(features: pl.DataFrame, catalogue: pl.DataFrame, naming: Naming) -> Choices:
    """What a quarter has to choose from."""
    over_a_year, known = (frame.filter(pl.col("window_quarters") == YEAR) for frame in (features, catalogue))
    defaults = known.filter("is_default").get_column("feature").to_list()
    families = {
        family: tuple(Choice(name, naming.feature(name)) for name in _of_family(known, family) if name not in defaults)
        for family in FAMILIES
    }
    return Choices(
        formats=_counted(over_a_year, pl.col("format").str.to_lowercase()),
        regions=_counted(over_a_year, pl.col("region").str.strip_chars()),
        defaults=tuple(naming.feature(name) for name in defaults),
        families={family: found for family, found in families.items() if found},
        n_stores=over_a_year.height,
    )


def _of_family(catalogue: pl.DataFrame, family: str) -> list[str]:
    return catalogue.filter(pl.col("family") == family).get_column("feature").sort().to_list()


def _counted(stores: pl.DataFrame, column: pl.Expr) -> tuple[Choice, ...]:
    found = stores.select(column.alias("value")).drop_nulls().group_by("value").len().sort("len", "value", descending=[True, False])
    return tuple(Choice(value, value, count) for value, count in found.iter_rows())


def _listed(text: str) -> tuple[str, ...]:
    """Identifiers and names between spaces, commas, semicolons and line ends."""
    return tuple(part for part in _SEPARATORS.split(text) if part)


def _weights(text: str) -> tuple[tuple[str, float], ...]:
    """Lines such as ``assortment = 2``."""
    found = []
    for line in filter(None, map(str.strip, _IN_LINES.split(text))):
        name, sign, weight = line.partition("=")
        try:
            found.append((name.strip(), float(weight)))
        except ValueError:
            sign = ""
        if not sign:
            raise ScenarioError(f"{shown(line)} is not a feature and its weight.", "Write one per line, e.g. assortment = 2.")
    return tuple(found)


def _without(asked: Scenario, left_out: Sequence[str], features: pl.DataFrame) -> Scenario:
    """A request knows which stores it is about, not which it is not about: those are named that remain."""
    if not left_out:
        return asked
    if unknown := sorted(set(left_out) - set(features.get_column("store_id"))):
        raise ScenarioError(f"There are no stores {_few(unknown)} in this quarter to leave out.", "Correct their identifiers.")
    window = features.filter(pl.col("window_quarters") == asked.window_quarters)
    remaining = [store for store in eligible_stores(window, asked).get_column("store_id") if store not in set(left_out)]
    if not remaining:
        raise ScenarioError("No store is left.", "Leave out fewer of them.")
    return replace(asked, stores=tuple(remaining))


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return ", ".join(map(shown, listed[:5])) + more
