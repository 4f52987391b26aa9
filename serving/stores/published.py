"""What is published of clusters: quarters and their figures, a quarter's clusters, the approved model, reports to take away."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import polars as pl

from serving.stores.answers import MOST_DIFFERENCES, Answer, Cluster, Difference, Known, Leading, Measured, Profile, Store
from serving.web.problems import not_found
from serving.web.versions import Version
from vitrina.errors import PublicationError
from vitrina.files import sha256_of
from vitrina.settings import Locale, Settings
from vitrina.stores.asking import published_features

PRODUCT = "stores"
QUALITY, MEMBERS, PROFILE = "mart_cluster_quality", "mart_cluster_members", "mart_cluster_profile"
REPORTS = "cluster_report"


class Basis(StrEnum):
    """Which grouping of a quarter is looked at."""

    OWN = "own"
    MODEL = "model"

    @property
    def published(self) -> str:
        """What the marts call it."""
        return {"own": "own clustering", "model": "approved model"}[self.value]


@dataclass(frozen=True)
class QuarterFigures:
    """A published quarter: how many stores and clusters, how good they are, and which reports there are."""

    quarter: dt.date
    n_stores: int
    n_clusters: int
    silhouette: float | None
    jaccard: float | None
    smallest_cluster: int
    fingerprint: str
    scenario: str
    model_version: int | None
    locales: tuple[Locale, ...]


_QUARTERS = """
    SELECT s.quarter, s.n_stores, s.n_clusters, q.silhouette, q.jaccard, q.smallest_cluster, s.fingerprint, s.scenario
    FROM cluster_scenarios s JOIN mart_cluster_quality q ON q.quarter = s.quarter AND q.chosen
    ORDER BY s.quarter DESC
"""
_MODELS = "SELECT quarter, max(version) AS version FROM model_assignments GROUP BY quarter"
_LOCALES = "SELECT quarter, list(locale ORDER BY locale) AS locales FROM cluster_report GROUP BY quarter"


def quarters(version: Version) -> tuple[QuarterFigures, ...]:
    """The quarters that have clusters, the newest first.

    Raises
    ------
    PublicationError
        The tables that say so are not published.
    """
    return version.remembered("quarters", lambda: _quarters(version))


def _quarters(version: Version) -> tuple[QuarterFigures, ...]:
    version.require("cluster_scenarios", QUALITY)
    models = {row["quarter"]: row["version"] for row in version.rows(_MODELS)} if version.has("model_assignments") else {}
    locales = {row["quarter"]: tuple(row["locales"]) for row in version.rows(_LOCALES)} if version.has(REPORTS) else {}
    return tuple(
        QuarterFigures(**row, model_version=models.get(row["quarter"]), locales=locales.get(row["quarter"], ()))
        for row in version.rows(_QUARTERS)
    )


def quarter_of(version: Version, quarter: dt.date | None) -> QuarterFigures:
    """A published quarter, or the newest.

    Raises
    ------
    Problem
        404: that quarter has no clusters.
    PublicationError
        No quarter has.
    """
    found = quarters(version)
    if not found:
        raise PublicationError("No quarter has clusters yet.", "Deliver the sales of a whole quarter, then `make run`.")
    if quarter is None:
        return found[0]
    for one in found:
        if one.quarter == quarter:
            return one
    raise not_found("published quarter", quarter)


_STORES = """
    SELECT
        m.store_id, m.store_name, m.store_format, m.region, m.latitude, m.longitude, m.revenue,
        {cluster} AS cluster, a.component_1, a.component_2, {following} AS next_cluster, {margin} AS margin, {silhouette} AS silhouette,
        {outlier} AS outlier, {nearest} AS nearest, coalesce(m.imputed, '') AS imputed
    FROM mart_cluster_members m
    LEFT JOIN cluster_assignments a ON a.quarter = m.quarter AND a.store_id = m.store_id
    {more}
    WHERE m.quarter = ? AND {cluster} IS NOT NULL
    ORDER BY {cluster}, m.store_id
"""
_OWN = {
    "cluster": "m.cluster",
    "following": "m.next_cluster",
    "margin": "m.margin",
    "silhouette": "m.silhouette",
    "outlier": "coalesce(m.outlier, '')",
    "nearest": "a.nearest_store_id",
    "more": "",
}
_MODEL = {
    "cluster": "m.approved_cluster",
    "following": "g.next_cluster",
    "margin": "m.approved_margin",
    "silhouette": "NULL",
    "outlier": "''",
    "nearest": "g.nearest_store_id",
    "more": "LEFT JOIN model_assignments g ON g.quarter = m.quarter AND g.store_id = m.store_id",
}
_CLUSTERS = """
    SELECT {cluster} AS cluster, count(*) AS n_stores, avg(revenue) AS revenue, max({name}) AS name
    FROM mart_cluster_members WHERE quarter = ? AND {cluster} IS NOT NULL GROUP BY 1 ORDER BY 1
"""
_FEATURES = """
    SELECT feature, any_value(feature_label) AS label, any_value(unit) AS unit, any_value(network_mean) AS network_mean,
        any_value(eta_squared) AS eta_squared, list(cluster ORDER BY cluster) AS clusters,
        list(cluster_mean ORDER BY cluster) AS means, list(standardised_difference ORDER BY cluster) AS zs
    FROM mart_cluster_profile WHERE quarter = ? AND basis = ? GROUP BY feature
"""
_DIFFERENCES = """
    SELECT cluster, feature, mean, rest_mean, difference, low, high FROM cluster_differences
    WHERE quarter = ? AND place <= ? ORDER BY cluster, place
"""
_MEASURES = """
    SELECT n_clusters, silhouette, davies_bouldin, merge_distance, height_gap, jaccard, smallest_cluster, qualifies, mean_rank, chosen
    FROM mart_cluster_quality WHERE quarter = ? ORDER BY n_clusters
"""


def published_answer(version: Version, figures: QuarterFigures, basis: Basis) -> Answer:
    """A quarter's published clusters, as pages show a clustering.

    Raises
    ------
    Problem
        404: no approved model is in force in that quarter.
    """
    if basis is Basis.MODEL and figures.model_version is None:
        raise not_found("approved model of the quarter", figures.quarter)
    return version.remembered(("answer", figures.quarter, basis), lambda: _answer(version, figures, basis))


def _answer(version: Version, figures: QuarterFigures, basis: Basis) -> Answer:
    version.require(MEMBERS, PROFILE, "cluster_assignments")
    own, quarter = basis is Basis.OWN, figures.quarter
    scenario = version.rows("SELECT features, dropped, n_components FROM cluster_scenarios WHERE quarter = ?", [quarter])[0]
    rules = _rules(version, quarter) if own else []
    return Answer(
        quarter=quarter,
        scenario=figures.scenario,
        fingerprint=figures.fingerprint,
        measures=tuple(Measured(**row) for row in version.rows(_MEASURES, [quarter])) if own else (),
        clusters=_clusters(version, quarter, own=own),
        profile=_profile(version, quarter, basis, scenario["features"]),
        differences=_differences(version, quarter) if own else (),
        rules=tuple(Leading(**{name: row[name] for name in Leading.__dataclass_fields__}) for row in rules),
        catalogue=catalogue_of(version, quarter),
        stores=tuple(Store(*row.values()) for row in version.rows(_STORES.format(**(_OWN if own else _MODEL)), [quarter])),
        n_components=scenario["n_components"],
        tree_accuracy=rules[0]["tree_accuracy"] if rules else None,
    )


def _clusters(version: Version, quarter: dt.date, *, own: bool) -> tuple[Cluster, ...]:
    columns = {"cluster": "cluster", "name": "cluster_name"} if own else {"cluster": "approved_cluster", "name": "approved_name"}
    stability = {}
    if own and version.has("cluster_stability"):
        rows = version.rows("SELECT cluster, jaccard, band, silhouette FROM cluster_stability WHERE quarter = ?", [quarter])
        stability = {row["cluster"]: row for row in rows}
    unknown = {"jaccard": None, "band": "not measured", "silhouette": None}
    return tuple(
        Cluster(**{**unknown, **stability.get(row["cluster"], {}), **row, "name": row["name"] or ""})
        for row in version.rows(_CLUSTERS.format(**columns), [quarter])
    )


def _profile(version: Version, quarter: dt.date, basis: Basis, clustered: list[str]) -> tuple[Profile, ...]:
    found = {row["feature"]: row for row in version.rows(_FEATURES, [quarter, basis.published])}
    numbers = sorted({cluster for row in found.values() for cluster in row["clusters"]})
    known = [name for name in clustered if name in found]
    order = [*known, *sorted(set(found) - set(known))]
    return tuple(
        Profile(
            feature=name,
            role="clustered" if name in known else "profile only",
            network_mean=found[name]["network_mean"],
            means=_by_cluster(found[name]["clusters"], found[name]["means"], numbers),
            zs=_by_cluster(found[name]["clusters"], found[name]["zs"], numbers),
            eta_squared=found[name]["eta_squared"],
        )
        for name in order
    )


def _by_cluster(clusters: list[int], values: list[float | None], numbers: list[int]) -> tuple[float | None, ...]:
    known = dict(zip(clusters, values, strict=True))
    return tuple(known.get(number) for number in numbers)


def _differences(version: Version, quarter: dt.date) -> tuple[Difference, ...]:
    if not version.has("cluster_differences"):
        return ()
    return tuple(Difference(**row) for row in version.rows(_DIFFERENCES, [quarter, MOST_DIFFERENCES]))


def _rules(version: Version, quarter: dt.date) -> list[dict[str, Any]]:
    if not version.has("cluster_rules"):
        return []
    return version.rows("SELECT * FROM cluster_rules WHERE quarter = ? ORDER BY rule", [quarter])


def catalogue_of(version: Version, quarter: dt.date) -> tuple[Known, ...]:
    """The features that a quarter has."""
    version.require("feature_catalogue")
    sql = "SELECT DISTINCT feature, family, label, unit FROM feature_catalogue WHERE quarter = ? ORDER BY feature"
    return tuple(Known(**row) for row in version.rows(sql, [quarter]))


def features_of(version: Version, quarter: dt.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A quarter's features and their catalogue, as requests are held against them.

    Raises
    ------
    ScenarioError
        The quarter has no features.
    """
    version.require("store_features", "feature_catalogue")

    def read() -> tuple[pl.DataFrame, pl.DataFrame]:
        cursor = version.cursor()
        try:
            return published_features(cursor, quarter)
        finally:
            cursor.close()

    return version.remembered(("features", quarter), read)


def quarters_with_features(version: Version) -> tuple[dt.date, ...]:
    """Quarters of which clusters can be asked, the newest first."""
    version.require("store_features", "feature_catalogue")
    sql = "SELECT DISTINCT quarter FROM store_features ORDER BY quarter DESC"
    return version.remembered("quarters with features", lambda: tuple(row["quarter"] for row in version.rows(sql)))


def published_report(settings: Settings, version: Version, quarter: dt.date, locale: str) -> Path:
    """The Excel report of a published quarter.

    Raises
    ------
    Problem
        404: there is none.
    PublicationError
        Its file is gone, or not the one that was published.
    """
    version.require(REPORTS)
    found = version.rows("SELECT path, sha256 FROM cluster_report WHERE quarter = ? AND locale = ?", [quarter, locale])
    if not found:
        raise not_found("report of the quarter", f"{quarter} {locale}")
    path = settings.data / str(found[0]["path"])
    if not path.is_file():
        raise PublicationError(
            f"The file of the report of {quarter} is gone: {path.name}.", "`make run PRODUCT=stores` writes it again."
        )
    if version.remembered(("report", path, path.stat().st_mtime_ns), lambda: sha256_of(path)) != found[0]["sha256"]:
        raise PublicationError(
            f"The file of the report of {quarter} was changed after it was written: {path.name}.",
            "`make run PRODUCT=stores` writes it again.",
        )
    return path
