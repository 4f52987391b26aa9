"""What a page shows of a clustering, as plain rows: made in another process, kept as JSON, read by any worker."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.metadata import version as installed_version
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from vitrina.files import write_atomically
from vitrina.settings import Settings
from vitrina.stores.choosing_k import Choice, Rule
from vitrina.stores.scenario import Scenario

FOLDER = "stores-answers"
MOST_KEPT = 1_000
"""Files that are kept, answers and workbooks; beyond, those that were written longest ago go. Each can be computed again."""
MOST_IN_MEMORY = 32
MOST_DIFFERENCES = 6
"""Features per cluster: what comes after them hardly sets it apart."""

_FORMAT = 1
"""Counts up when an answer holds something else."""


@dataclass(frozen=True)
class Question:
    """What is asked: a request, of a quarter, of one published version. Equal questions have equal answers.

    Attributes
    ----------
    version
        Name of the published version.
    quarter
        First day of the quarter.
    scenario
        The request as JSON, as `Scenario.to_json` writes it.
    """

    version: str
    quarter: dt.date
    scenario: str

    @cached_property
    def key(self) -> str:
        """Thirty-two hexadecimal digits that nothing but an equal question has."""
        parts = [_FORMAT, installed_version("vitrina"), self.version, self.quarter.isoformat(), self.scenario]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def cut_into(self, n_clusters: int | None) -> Question:
        """The same stores and features in another number of clusters."""
        if n_clusters is None:
            return self
        return replace(self, scenario=replace(Scenario.from_json(self.scenario), n_clusters=n_clusters).to_json())


@dataclass(frozen=True)
class Measured:
    """A number of clusters and its measures, as `ClusterQuality` says."""

    n_clusters: int
    silhouette: float | None
    davies_bouldin: float | None
    merge_distance: float | None
    height_gap: float | None
    jaccard: float | None
    smallest_cluster: int
    qualifies: bool
    mean_rank: float | None
    chosen: bool


@dataclass(frozen=True)
class Cluster:
    """A cluster: how many stores, how stable, how far apart from the others, as `ClusterStability` says; and its name."""

    cluster: int
    n_stores: int
    jaccard: float | None
    band: str
    silhouette: float | None
    revenue: float | None
    name: str = ""


@dataclass(frozen=True)
class Profile:
    """A feature beside the network: its mean and its z in cluster 1, 2, … (None where it has no value)."""

    feature: str
    role: str
    network_mean: float | None
    means: tuple[float | None, ...]
    zs: tuple[float | None, ...]
    eta_squared: float | None = None


@dataclass(frozen=True)
class Difference:
    """A cluster against all other stores in one feature, as `ClusterDifferences` says."""

    cluster: int
    feature: str
    mean: float | None
    rest_mean: float | None
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Leading:
    """A rule that leads to a cluster, as `ClusterRules` says."""

    cluster: int
    conditions: str
    n_stores: int
    precision: float
    recall: float


@dataclass(frozen=True)
class Known:
    """A feature as the catalogue knows it."""

    feature: str
    family: str
    label: str
    unit: str


@dataclass(frozen=True)
class Store:
    """A store, where it lies, and its cluster, as `ClusterAssignments` says."""

    id: str
    name: str
    format: str
    region: str | None
    latitude: float | None
    longitude: float | None
    revenue: float | None
    cluster: int
    x: float | None
    y: float | None
    next_cluster: int | None
    margin: float | None
    silhouette: float | None
    outlier: str
    nearest: str | None
    imputed: str


@dataclass(frozen=True)
class Branch:
    """A branch of the tree: the corners of its three lines, and its cluster; 0 above the cut."""

    xs: tuple[float, ...]
    heights: tuple[float, ...]
    cluster: int


@dataclass(frozen=True)
class Leaf:
    """A leaf of the truncated tree: where it stands, its stores, its cluster; 0 where it holds several."""

    x: float
    stores: int
    cluster: int


@dataclass(frozen=True)
class Answer:
    """A clustering as pages show it.

    Attributes
    ----------
    quarter, scenario, fingerprint
        What was asked of which quarter, and the fingerprint of the clusters.
    measures
        The table of k.
    clusters, profile, differences, rules, catalogue, stores
        What there is to say.
    dropped
        Feature → why it could not take part.
    n_components
        Principal components that distances are measured in.
    tree_accuracy
        Share of stores that the rules put right without having seen them.
    branches, leaves, cut_height
        The tree from where it has few branches; none where only the result is published.
    watch
        By language, what to watch before one acts.
    """

    quarter: dt.date
    scenario: str
    fingerprint: str
    measures: tuple[Measured, ...]
    clusters: tuple[Cluster, ...]
    profile: tuple[Profile, ...]
    differences: tuple[Difference, ...]
    rules: tuple[Leading, ...]
    catalogue: tuple[Known, ...]
    stores: tuple[Store, ...]
    dropped: dict[str, str] = field(default_factory=dict)
    n_components: int | None = None
    tree_accuracy: float | None = None
    branches: tuple[Branch, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    cut_height: float | None = None
    watch: dict[str, list[str]] = field(default_factory=dict)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.clusters)

    @cached_property
    def request(self) -> Scenario:
        """What was asked."""
        return Scenario.from_json(self.scenario)

    @cached_property
    def chosen(self) -> Measured | None:
        """The row of the number that is used; None where the table of k is not published."""
        return next((row for row in self.measures if row.chosen), None)

    @cached_property
    def choice(self) -> Choice | None:
        """How the number of clusters came about."""
        if self.chosen is None:
            return None
        request, considered = self.request, tuple(row.n_clusters for row in self.measures)
        qualified = any(row.qualifies for row in self.measures)
        automatic = Rule.LOWEST_RANK if qualified else Rule.NONE_QUALIFIES
        return Choice(
            n_clusters=self.chosen.n_clusters,
            rule=automatic if request.n_clusters is None else Rule.BY_HAND,
            considered=considered,
            n_competing=sum(row.mean_rank is not None for row in self.measures),
            minimum_size=request.minimum_size(len(self.stores)),
            smallest_cluster=self.chosen.smallest_cluster,
        )


_ADAPTER = TypeAdapter(Answer)


def answers_folder(settings: Settings) -> Path:
    """Where answers and workbooks are kept."""
    return settings.cache / FOLDER


def keep(settings: Settings, question: Question, answer: Answer) -> None:
    """Keep an answer for every worker."""
    write_atomically(_path(settings, question), _ADAPTER.dump_json(answer))
    forget_oldest(answers_folder(settings))


def kept(settings: Settings, question: Question) -> Answer | None:
    """The answer to a question, where it is kept."""
    path = _path(settings, question)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValidationError):
        # not there, or damaged: it is computed again
        return None


@lru_cache(MOST_IN_MEMORY)
def _read(path: Path, _written: int) -> Answer:
    return _ADAPTER.validate_json(path.read_bytes())


def forget_oldest(folder: Path, most: int = MOST_KEPT) -> None:
    """Delete the files that were written longest ago, where there are too many."""
    found = sorted((_written(path), path) for path in folder.iterdir() if not path.name.startswith("."))
    for _, path in found[: max(0, len(found) - most)]:
        path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _path(settings: Settings, question: Question) -> Path:
    return answers_folder(settings) / f"{question.key}.json"
