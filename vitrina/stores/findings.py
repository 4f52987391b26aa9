"""What one clustering says, as rows of its tables, each computed when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from vitrina.stores.cluster_rows import assignment_rows, method_rows, quality_rows, stability_rows
from vitrina.stores.clustering import Clustering
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
    """

    clustering: Clustering

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
        return method_rows(self.clustering)

    @cached_property
    def profile(self) -> pl.DataFrame:
        """What each cluster is like beside the network."""
        return profile(self.clustering)

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
