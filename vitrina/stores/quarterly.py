"""The same request answered for several quarters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import polars as pl

from vitrina.array_cache import NO_CACHE, ArrayCache
from vitrina.errors import ScenarioError
from vitrina.stores.cluster_rows import assignment_rows, method_rows, quality_rows, scenario_rows, stability_rows
from vitrina.stores.clustering import Clustering, cluster_stores
from vitrina.stores.differences import differences, effects
from vitrina.stores.rules import rules
from vitrina.stores.scenario import Scenario
from vitrina.stores.tables import ClusterAssignments, ClusterQuality, ClusterScenarios
from vitrina.stores.trust_tables import ClusterDifferences, ClusterMethods, ClusterRules, ClusterStability, FeatureEffects
from vitrina.tables import Table


@dataclass(frozen=True, eq=False)
class QuarterlyClusterings:
    """Clusterings by quarter.

    Attributes
    ----------
    clusterings
        One per quarter that could be answered, in order.
    unanswered
        Quarter → why it could not be: too few stores in the first quarters of a young network, for example.
    """

    clusterings: tuple[Clustering, ...]
    unanswered: dict[dt.date, str]

    def rows(self, table: type[Table]) -> pl.DataFrame:
        """Rows of one of the tables that a clustering fills: those of `ROWS`."""
        return pl.concat([table.empty(), *(ROWS[table](clustering) for clustering in self.clusterings)])


ROWS: Mapping[type[Table], Callable[[Clustering], pl.DataFrame]] = {
    ClusterAssignments: assignment_rows,
    ClusterQuality: quality_rows,
    ClusterScenarios: scenario_rows,
    ClusterStability: stability_rows,
    ClusterMethods: method_rows,
    FeatureEffects: effects,
    ClusterDifferences: differences,
    ClusterRules: rules,
}
"""Every table that a clustering fills, and how."""


def cluster_quarters(
    features: pl.DataFrame, catalogue: pl.DataFrame, scenario: Scenario, cache: ArrayCache = NO_CACHE, *, strict: bool = True
) -> QuarterlyClusterings:
    """Answer one request for every quarter that has features.

    Parameters
    ----------
    features
        Rows of `StoreFeatures`.
    catalogue
        Rows of `FeatureCatalogue`.
    scenario
        The request.
    cache
        Where trees and measures are kept.
    strict
        As for `cluster_stores`.

    Raises
    ------
    ScenarioError
        No quarter could be answered; the message is that of the last one.
    """
    clusterings, unanswered = [], {}
    failure: ScenarioError | None = None
    for quarter in features.get_column("quarter").unique().sort():
        try:
            clusterings.append(cluster_stores(_of(features, quarter), _of(catalogue, quarter), scenario, cache, strict=strict))
        except ScenarioError as error:
            unanswered[quarter], failure = str(error), error
    if failure is not None and not clusterings:
        raise failure
    return QuarterlyClusterings(tuple(clusterings), unanswered)


def refuse_to_empty(stored: Collection[dt.date], without_rows: Collection[dt.date], reason: str) -> None:
    """Stop a run before it replaces rows by nothing.

    Parameters
    ----------
    stored
        Quarters that have rows now.
    without_rows
        Quarters for which the run has none.
    reason
        Why not.

    Raises
    ------
    ScenarioError
        A quarter would lose its rows.
    """
    losing = sorted(set(stored) & set(without_rows))
    if losing:
        raise ScenarioError(
            f"{', '.join(map(str, losing))}: {reason}, but it has rows from an earlier run. Nothing was changed.",
            "Run only the other quarters, or change the request or the deliveries so that this one can be computed.",
        )


def recluster(
    features: pl.DataFrame, catalogue: pl.DataFrame, scenarios: pl.DataFrame, cache: ArrayCache = NO_CACHE
) -> tuple[Clustering, ...]:
    """The clusterings behind stored scenarios: the method is deterministic, so nothing but the request need be kept.

    Parameters
    ----------
    features, catalogue
        As for `cluster_quarters`.
    scenarios
        Rows of `ClusterScenarios`.
    cache
        Where trees and measures are kept.
    """
    return tuple(
        cluster_stores(_of(features, quarter), _of(catalogue, quarter), Scenario.from_json(request), cache, strict=False)
        for quarter, request in scenarios.sort("quarter").select("quarter", "scenario").iter_rows()
    )


def _of(frame: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
    return frame.filter(pl.col("quarter") == quarter)
