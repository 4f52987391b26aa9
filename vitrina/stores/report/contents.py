"""What the report's sheets share: the clusters, where they come from, what changed, and how things are called."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from vitrina.errors import ScenarioError
from vitrina.i18n import Translate
from vitrina.stores.clustering import Clustering
from vitrina.stores.findings import Findings
from vitrina.stores.report.wording import Wording

QUARTER_BEFORE = "quarter before"
"""What a cluster continues where no model is approved, see `ClusterMatches`."""


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
class Changes:
    """What became of the clusters since the quarter before, and what people decided; all frames are of this quarter.

    Attributes
    ----------
    matches
        Rows of `ClusterMatches`.
    previous
        Rows of `ClusterAssignments` of the quarter before; empty where there is none.
    assignments
        Rows of `ModelAssignments`; empty where no model is approved.
    drift
        Rows of `ModelDrift`.
    comparison
        Rows of `ModelComparison`, at most one.
    decisions
        Rows of `ClusterDecisions` about this quarter or the version in force.
    """

    matches: pl.DataFrame
    previous: pl.DataFrame
    assignments: pl.DataFrame
    drift: pl.DataFrame
    comparison: pl.DataFrame
    decisions: pl.DataFrame

    @property
    def is_approved(self) -> bool:
        """Whether a model is in force."""
        return not self.assignments.is_empty()


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that the sheets show, in one language.

    Attributes
    ----------
    findings
        What the clusters say.
    provenance
        Where they come from.
    wording
        How things are called.
    changes
        What changed since the quarter before; ``None`` where nobody looked.
    """

    findings: Findings
    provenance: Provenance
    wording: Wording
    changes: Changes | None = None

    @property
    def clustering(self) -> Clustering:
        """The clusters and what led there."""
        return self.findings.clustering

    @property
    def translate(self) -> Translate:
        """From the English text to the reader's."""
        return self.wording.translate

    @property
    def footer(self) -> str:
        """What stands at the foot of each printed page, so that a sheet of paper can be traced."""
        return f"Vitrina · {self.wording.quarter(self.clustering.quarter)} · {self.provenance.run_id}"

    @property
    def stores(self) -> pl.DataFrame:
        """Clustered stores with their features and their assignment, cluster by cluster."""
        return self.findings.stores

    @cached_property
    def store_names(self) -> dict[str, str]:
        """Identifier → name of every store of the quarter that was clustered."""
        return dict(self.clustering.stores.select("store_id", "name").iter_rows())

    @property
    def sizes(self) -> dict[int, int]:
        """Cluster → stores."""
        return self.findings.sizes

    @cached_property
    def silhouette(self) -> float | None:
        """Mean silhouette of the clusters that are used."""
        value = self.findings.quality.filter("chosen").item(0, "silhouette")
        return None if value is None else float(value)

    @cached_property
    def jaccard(self) -> float | None:
        """Bootstrap Jaccard of the clusters that are used, weighted by their sizes; ``None`` where it was not measured."""
        value = self.findings.quality.filter("chosen").item(0, "jaccard")
        return None if value is None else float(value)

    @cached_property
    def moves(self) -> pl.DataFrame:
        """Stores of this quarter and the one before: ``store_id``, ``before``, ``now``, in one numbering of clusters.

        The approved model's where one is in force; else that of the quarter before, in which ``now`` is the cluster that
        the store's own cluster continues, and null where it continues none.
        """
        if self.changes is None:
            return pl.DataFrame(schema={"store_id": pl.String(), "before": pl.Int64(), "now": pl.Int64()})
        if self.changes.is_approved:
            known = self.changes.assignments.filter(pl.col("previous_cluster").is_not_null())
            return known.select("store_id", pl.col("previous_cluster").alias("before"), pl.col("cluster").alias("now"))
        continued = self.changes.matches.filter(pl.col("continues") == QUARTER_BEFORE)
        present = self.findings.assignments.select("store_id", "cluster").join(
            continued.select("cluster", pl.col("matched_cluster").alias("now")), on="cluster", how="left"
        )
        before = self.changes.previous.select("store_id", pl.col("cluster").alias("before"))
        return before.join(present, on="store_id").select("store_id", "before", "now")

    @cached_property
    def new_stores(self) -> frozenset[str]:
        """Stores that no earlier quarter has, or, without an approved model, that the quarter before does not have."""
        if self.changes is None:
            return frozenset()
        if self.changes.is_approved:
            return frozenset(self.changes.assignments.filter("is_new").get_column("store_id"))
        return frozenset(self.store_names) - frozenset(self.changes.previous.get_column("store_id"))

    @cached_property
    def names(self) -> dict[int, str]:
        """Cluster → the name that was carried over to it, for those that have one."""
        if self.changes is None:
            return {}
        named = self.changes.matches.filter(pl.col("name") != "")
        return {int(cluster): str(name) for cluster, name in named.select("cluster", "name").iter_rows()}

    def cluster(self, number: int) -> str:
        """A cluster of the quarter's own clustering in words."""
        return self.wording.cluster(number, self.names.get(number, ""))
