"""What one clustering says, as rows of its tables, each computed when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from vitrina.stores.cluster_rows import assignment_rows, method_rows, quality_rows, stability_rows
from vitrina.stores.clustering import Clustering
from vitrina.stores.comparing_methods import QUICK
from vitrina.stores.differences import differences, effects
from vitrina.stores.profile import profile
from vitrina.stores.rules import rules


@dataclass(frozen=True, eq=False)
class Findings:
    """Rows about one clustering, so that a report in two languages computes them once.

    Attributes
    ----------
    clustering
        What `cluster_stores` made.
    thorough
        Whether other methods are compared with a mixture among them, and by how stable they are: that takes as long as all the
        rest, and whoever waits for an answer of their own does without.
    """

    clustering: Clustering
    thorough: bool = True

    @cached_property
    def assignments(self) -> pl.DataFrame:
        """Rows of `ClusterAssignments`."""
        return assignment_rows(self.clustering)

    @cached_property
    def quality(self) -> pl.DataFrame:
        """Rows of `ClusterQuality`."""
        return quality_rows(self.clustering)

    @cached_property
    def stability(self) -> pl.DataFrame:
        """Rows of `ClusterStability`."""
        return stability_rows(self.clustering)

    @cached_property
    def methods(self) -> pl.DataFrame:
        """Rows of `ClusterMethods`."""
        return method_rows(self.clustering) if self.thorough else method_rows(self.clustering, methods=QUICK, n_draws=0)

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
    def sureness(self) -> dict[int, dict[str, Any]]:
        """Cluster → its row of `ClusterStability`."""
        return {row["cluster"]: row for row in self.stability.iter_rows(named=True)}

    @cached_property
    def measured_differences(self) -> dict[int, list[dict[str, Any]]]:
        """Cluster → its rows of `ClusterDifferences` that could be measured, the largest first."""
        found: dict[int, list[dict[str, Any]]] = {}
        for row in self.differences.iter_rows(named=True):
            if row["difference"] is not None:
                found.setdefault(row["cluster"], []).append(row)
        return found

    @cached_property
    def effects(self) -> pl.DataFrame:
        """Rows of `FeatureEffects`."""
        return effects(self.clustering)

    @cached_property
    def differences(self) -> pl.DataFrame:
        """Rows of `ClusterDifferences`."""
        return differences(self.clustering)

    @cached_property
    def rules(self) -> pl.DataFrame:
        """Rows of `ClusterRules`."""
        return rules(self.clustering)
