"""The approved model as it is published: its clusters, its stores, its versions, how steady it has been."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from serving.web.problems import not_found
from serving.web.versions import Version
from vitrina.stores import resolving

ASSIGNMENTS, MODELS = "model_assignments", "cluster_models"

_NEWEST = "SELECT quarter, max(version) AS version FROM model_assignments GROUP BY quarter ORDER BY quarter DESC LIMIT 1"
_STORES = """
    SELECT g.store_id, coalesce(m.store_name, g.store_id) AS store_name, m.store_format, m.region, g.cluster, g.scored_cluster, g.name,
        g.distance, g.next_cluster, g.next_distance, g.margin, g.nearest_store_id, g.imputed, g.is_new, g.previous_cluster,
        g.moved_by_hand, g.reason
    FROM model_assignments g
    LEFT JOIN mart_cluster_members m ON m.quarter = g.quarter AND m.store_id = g.store_id
    WHERE g.quarter = ? AND g.version = ?
    ORDER BY g.cluster, g.store_id
"""
_VERSIONS = """
    SELECT version, quarter, n_clusters, fitted_stores, coalesce(withdrawn, false) AS withdrawn, scenario, sizes, share_reassigned
    FROM cluster_models ORDER BY version DESC
"""
_COMPARISON = """
    SELECT quarter, ari_to_previous, share_moved, ari_to_fresh, largest_psi, drifted, n_new, n_gone, silhouette, silhouette_of_fresh
    FROM model_comparison WHERE version = ? ORDER BY quarter DESC
"""


@dataclass(frozen=True)
class Placed:
    """A store where the approved model, and people, put it in the newest quarter."""

    store_id: str
    store_name: str
    store_format: str | None
    region: str | None
    cluster: int
    scored_cluster: int
    name: str
    distance: float
    next_cluster: int | None
    next_distance: float | None
    margin: float | None
    nearest_store_id: str | None
    imputed: str
    is_new: bool
    previous_cluster: int | None
    moved_by_hand: bool
    reason: str


@dataclass(frozen=True)
class ModelVersion:
    """A version that was ever approved."""

    version: int
    quarter: dt.date
    n_clusters: int
    fitted_stores: int
    withdrawn: bool
    scenario: str
    sizes: tuple[int, ...]
    share_reassigned: float | None


@dataclass(frozen=True)
class InForce:
    """The model in force in the newest quarter that one has scored.

    Attributes
    ----------
    quarter, version
        Which.
    stores
        Where every store stands.
    names
        Cluster → name; empty where it has none.
    steadiness
        Rows of `ModelComparison`, the newest quarter first.
    """

    quarter: dt.date
    version: ModelVersion
    stores: tuple[Placed, ...]
    names: dict[int, str]
    steadiness: tuple[dict[str, Any], ...]

    def store(self, store_id: str) -> Placed:
        """Where one store stands.

        Raises
        ------
        Problem
            404: there is no such store.
        """
        for store in self.stores:
            if store.store_id == store_id:
                return store
        raise not_found("store of the approved model", store_id)

    def size_of(self, cluster: int) -> int:
        """How many stores a cluster has."""
        return sum(store.cluster == cluster for store in self.stores)


def model_versions(version: Version) -> tuple[ModelVersion, ...]:
    """Every version that was ever approved, the newest first; none where that is not published."""
    if not version.has(MODELS):
        return ()
    rows = version.remembered("model versions", lambda: version.rows(_VERSIONS))
    return tuple(ModelVersion(**{**row, "sizes": tuple(row["sizes"])}) for row in rows)


def in_force(version: Version) -> InForce | None:
    """The model in force; None where none was approved."""
    if not version.has(ASSIGNMENTS, MODELS, "mart_cluster_members"):
        return None
    return version.remembered("model in force", lambda: _in_force(version))


def _in_force(version: Version) -> InForce | None:
    newest = version.rows(_NEWEST)
    if not newest:
        return None
    quarter, number = newest[0]["quarter"], newest[0]["version"]
    model = next(one for one in model_versions(version) if one.version == number)
    stores = tuple(Placed(**row) for row in version.rows(_STORES, [quarter, number]))
    given = {store.cluster: store.name for store in stores}
    steadiness = version.rows(_COMPARISON, [number]) if version.has("model_comparison") else []
    return InForce(
        quarter=quarter,
        version=model,
        stores=stores,
        names={cluster: given.get(cluster) or "" for cluster in range(1, model.n_clusters + 1)},
        steadiness=tuple(steadiness),
    )


def approved_with(version: Version, fingerprint: str) -> ModelVersion | None:
    """The version that stands and was approved with these very clusters, if any."""
    if not version.has(MODELS):
        return None
    sql = (
        "SELECT version FROM cluster_models WHERE fingerprint = ? AND NOT coalesce(withdrawn, false) ORDER BY version DESC LIMIT 1"
    )
    rows = version.rows(sql, [fingerprint])
    return next((one for one in model_versions(version) if rows and one.version == rows[0]["version"]), None)


def assignments_of(version: Version, number: int | None) -> tuple[resolving.Assignment, ...]:
    """Where every store stands by an approved version, as decisions are checked against it.

    Raises
    ------
    DecisionError
        There is no such version, or none at all.
    """
    cursor = version.cursor()
    try:
        return resolving.assignments(cursor, number)
    finally:
        cursor.close()
