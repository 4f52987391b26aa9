"""What the report's sheets share: the clusters, where they come from, and how things are called."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from vitrina.errors import ScenarioError
from vitrina.i18n import Translate
from vitrina.stores.clustering import Clustering
from vitrina.stores.profile import profile
from vitrina.stores.wording import Wording


@dataclass(frozen=True)
class Provenance:
    """Where a report comes from.

    Attributes
    ----------
    run_id
        The run that made it.
    snapshot
        Version of the data that the features were computed from.
    made_at
        When, with a time zone.
    made_by
        Person or schedule that asked for it.
    code_version
        Version of Vitrina.
    """

    run_id: str
    snapshot: str
    made_at: dt.datetime
    made_by: str
    code_version: str

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ScenarioError(f"made_at={self.made_at} has no time zone.", "Give an aware moment, e.g. datetime.now(UTC).")


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that the sheets show, in one language.

    Attributes
    ----------
    clustering
        The clusters and what led there.
    provenance
        Where they come from.
    wording
        How things are called.
    """

    clustering: Clustering
    provenance: Provenance
    wording: Wording

    @property
    def translate(self) -> Translate:
        """From the English text to the reader's."""
        return self.wording.translate

    @property
    def footer(self) -> str:
        """What stands at the foot of each printed page, so that a sheet of paper can be traced."""
        return f"Vitrina · {self.wording.quarter(self.clustering.quarter)} · {self.provenance.run_id}"

    @cached_property
    def assignments(self) -> pl.DataFrame:
        """Rows of `ClusterAssignments`."""
        return self.clustering.assignments()

    @cached_property
    def quality(self) -> pl.DataFrame:
        """Rows of `ClusterQuality`."""
        return self.clustering.quality()

    @cached_property
    def profile(self) -> pl.DataFrame:
        """What each cluster is like beside the network."""
        return profile(self.clustering)

    @cached_property
    def stores(self) -> pl.DataFrame:
        """Clustered stores with their features and their assignment, cluster by cluster."""
        return self.clustering.stores.join(self.assignments.drop("quarter"), on="store_id").sort("cluster", "store_id")

    @cached_property
    def sizes(self) -> dict[int, int]:
        """Cluster → stores."""
        counted = self.assignments.group_by("cluster").len().sort("cluster")
        return {int(cluster): int(count) for cluster, count in counted.iter_rows()}

    @cached_property
    def silhouette(self) -> float | None:
        """Mean silhouette of the clusters that are used."""
        value = self.quality.filter("chosen").item(0, "silhouette")
        return None if value is None else float(value)
