"""The same request answered for several quarters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from vitrina.errors import ScenarioError
from vitrina.files import slug
from vitrina.settings import Settings
from vitrina.stores.clustering import Clustering, cluster_stores
from vitrina.stores.report import Provenance, write_report
from vitrina.stores.scenario import Scenario
from vitrina.stores.tables import ClusterAssignments, ClusterQuality, ClusterReport, ClusterScenarios


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

    def assignments(self) -> pl.DataFrame:
        """Rows of `ClusterAssignments`."""
        return pl.concat([ClusterAssignments.empty(), *(clustering.assignments() for clustering in self.clusterings)])

    def quality(self) -> pl.DataFrame:
        """Rows of `ClusterQuality`."""
        return pl.concat([ClusterQuality.empty(), *(clustering.quality() for clustering in self.clusterings)])

    def scenarios(self) -> pl.DataFrame:
        """Rows of `ClusterScenarios`."""
        return pl.concat([ClusterScenarios.empty(), *(clustering.scenario_row() for clustering in self.clusterings)])


def cluster_quarters(features: pl.DataFrame, catalogue: pl.DataFrame, scenario: Scenario) -> QuarterlyClusterings:
    """Answer one request for every quarter that has features.

    Parameters
    ----------
    features
        Rows of `StoreFeatures`.
    catalogue
        Rows of `FeatureCatalogue`.
    scenario
        The request.

    Raises
    ------
    ScenarioError
        No quarter could be answered; the message is that of the last one.
    """
    clusterings, unanswered = [], {}
    failure: ScenarioError | None = None
    for quarter in features.get_column("quarter").unique().sort():
        try:
            clusterings.append(cluster_stores(_of(features, quarter), _of(catalogue, quarter), scenario))
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


def recluster(features: pl.DataFrame, catalogue: pl.DataFrame, scenarios: pl.DataFrame) -> tuple[Clustering, ...]:
    """The clusterings behind stored scenarios: the method is deterministic, so nothing but the request need be kept.

    Parameters
    ----------
    features, catalogue
        As for `cluster_quarters`.
    scenarios
        Rows of `ClusterScenarios`.
    """
    return tuple(
        cluster_stores(_of(features, quarter), _of(catalogue, quarter), Scenario.from_json(request))
        for quarter, request in scenarios.sort("quarter").select("quarter", "scenario").iter_rows()
    )


def _of(frame: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
    return frame.filter(pl.col("quarter") == quarter)


def write_reports(clusterings: Sequence[Clustering], provenance: Provenance, settings: Settings) -> pl.DataFrame:
    """Write the workbook of every quarter in every language of the settings.

    The run is in a file's name: what an earlier run wrote, and a published version names, stays as it is.

    Returns
    -------
    polars.DataFrame
        Rows of `ClusterReport`.
    """
    rows = []
    run = slug(provenance.run_id).replace("_", "")[:12]
    for clustering in clusterings:
        quarter = clustering.quarter
        for locale in settings.locales:
            path = settings.artifacts / "stores" / "cluster_report" / f"clusters_{quarter}_{locale}_{run}.xlsx"
            rows.append(
                {
                    "quarter": quarter,
                    "locale": locale,
                    "path": path.relative_to(settings.data).as_posix(),
                    "sha256": write_report(path, clustering, provenance, locale=locale, currency=settings.currency),
                    "scenario_id": clustering.scenario.identifier,
                    "run_id": provenance.run_id,
                }
            )
    return pl.DataFrame(rows, schema=ClusterReport.polars_schema())
