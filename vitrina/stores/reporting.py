"""Every quarter's workbook: what goes into it, and where it lies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from vitrina.files import slug
from vitrina.settings import Settings
from vitrina.stores.clustering import Clustering
from vitrina.stores.model_tables import ClusterDecisions, ClusterMatches, ModelAssignments, ModelComparison, ModelDrift
from vitrina.stores.quarters import add_months
from vitrina.stores.report import Changes, Findings, Provenance, write_report
from vitrina.stores.tables import ClusterReport
from vitrina.tables import Table

Frames = Mapping[type[Table], pl.DataFrame]


def changes_by_quarter(quarters: Sequence[dt.date], fresh: pl.DataFrame, frames: Frames) -> dict[dt.date, Changes]:
    """What is known of some quarters over time.

    Parameters
    ----------
    quarters
        First days of the quarters.
    fresh
        Rows of `ClusterAssignments`, of the quarters and of those before them.
    frames
        Rows of `ClusterMatches`, `ModelAssignments`, `ModelDrift`, `ModelComparison` and `ClusterDecisions` of all quarters.
    """
    return {quarter: _changes(quarter, fresh, frames) for quarter in quarters}


def _changes(quarter: dt.date, fresh: pl.DataFrame, frames: Frames) -> Changes:
    matches, assignments, drift, comparison = (
        frames[table].filter(pl.col("quarter") == quarter)
        for table in (ClusterMatches, ModelAssignments, ModelDrift, ModelComparison)
    )
    versions = assignments.get_column("version").unique().implode()
    about = (pl.col("quarter") == quarter) | pl.col("version").is_in(versions)
    return Changes(
        matches=matches,
        previous=fresh.filter(pl.col("quarter") == add_months(quarter, -3)),
        assignments=assignments,
        drift=drift,
        comparison=comparison,
        decisions=frames[ClusterDecisions].filter(about, pl.col("quarter") <= quarter),
    )


def write_reports(
    clusterings: Sequence[Clustering], provenance: Provenance, settings: Settings, changes: Mapping[dt.date, Changes]
) -> pl.DataFrame:
    """Write the workbook of every quarter in every language of the settings.

    The run is in a file's name: what an earlier run wrote, and a published version names, stays as it is.

    Parameters
    ----------
    clusterings
        One per quarter.
    provenance
        Where they come from.
    settings
        For the folder, the languages and the currency.
    changes
        Quarter → what is known of it over time.

    Returns
    -------
    polars.DataFrame
        Rows of `ClusterReport`.
    """
    rows = []
    run = slug(provenance.run_id).replace("_", "")[:12]
    for clustering in clusterings:
        quarter, findings = clustering.quarter, Findings(clustering)
        for locale in settings.locales:
            path = settings.artifacts / "stores" / "cluster_report" / f"clusters_{quarter}_{locale}_{run}.xlsx"
            rows.append(
                {
                    "quarter": quarter,
                    "locale": locale,
                    "path": path.relative_to(settings.data).as_posix(),
                    "sha256": write_report(
                        path,
                        clustering,
                        provenance,
                        locale=locale,
                        currency=settings.currency,
                        changes=changes.get(quarter),
                        findings=findings,
                    ),
                    "scenario_id": clustering.scenario.identifier,
                    "run_id": provenance.run_id,
                    "snapshot": provenance.snapshot,
                    "fingerprint": clustering.fingerprint,
                }
            )
    return pl.DataFrame(rows, schema=ClusterReport.polars_schema())
