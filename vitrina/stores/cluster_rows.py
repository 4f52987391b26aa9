"""A clustering as rows of the tables that keep it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import polars as pl

from vitrina.array_cache import key_of
from vitrina.stores.choosing_k import Labels, Points
from vitrina.stores.clustering import Clustering
from vitrina.stores.comparing_methods import METHODS, N_BOOTSTRAPS, compare_methods
from vitrina.stores.nearest_store import nearest_others
from vitrina.stores.stability import stability_band
from vitrina.stores.tables import FAR_FROM_CENTRE, SMALL_CLUSTER, ClusterAssignments, ClusterQuality, ClusterScenarios
from vitrina.stores.trust_tables import ClusterMethods, ClusterStability

FAR_OUT = 3.0
"""Interquartile ranges above the third quartile from which a distance is far out (J. W. Tukey 1977, Exploratory Data Analysis)."""

NOT_MEASURED = "not measured"


def assignment_rows(clustering: Clustering) -> pl.DataFrame:
    """Rows of `ClusterAssignments`."""
    points, kept = clustering.components.points, clustering.components.kept
    own, following, following_distance = _distances(points, clustering.labels)
    missing = clustering.stores.select(pl.col(name).is_null() for name in clustering.features).rows()
    silhouettes = clustering.store_silhouettes
    frame = clustering.stores.select("quarter", "store_id").with_columns(
        pl.Series("cluster", clustering.labels),
        pl.Series("distance", own),
        pl.Series("next_cluster", following, dtype=pl.Int64),
        pl.Series("next_distance", following_distance, dtype=pl.Float64),
        (pl.Series("next_distance", following_distance, dtype=pl.Float64) - pl.Series(own)).alias("margin"),
        _nearest_stores(clustering).alias("nearest_store_id"),
        pl.Series("silhouette", silhouettes, dtype=pl.Float64, nan_to_null=True)
        if silhouettes is not None
        else pl.lit(None, dtype=pl.Float64).alias("silhouette"),
        _outliers(clustering, own).alias("outlier"),
        pl.Series("component_1", points[:, 0]),
        pl.Series("component_2", points[:, 1]) if kept > 1 else pl.lit(None, dtype=pl.Float64).alias("component_2"),
        pl.Series(
            "imputed",
            [", ".join(name for name, gap in zip(clustering.features, gaps, strict=True) if gap) for gaps in missing],
            dtype=pl.String,
        ),
        pl.lit(clustering.scenario.identifier).alias("scenario_id"),
    )
    return ClusterAssignments.check(frame)


def quality_rows(clustering: Clustering) -> pl.DataFrame:
    """Rows of `ClusterQuality`."""
    return ClusterQuality.check(_stamped(clustering.measures, clustering))


def scenario_rows(clustering: Clustering) -> pl.DataFrame:
    """The row of `ClusterScenarios`."""
    row = {
        "quarter": clustering.quarter,
        "scenario_id": clustering.scenario.identifier,
        "scenario": clustering.scenario.to_json(),
        "window_quarters": clustering.scenario.window_quarters,
        "fingerprint": clustering.fingerprint,
        "n_stores": clustering.stores.height,
        "n_clusters": clustering.n_clusters,
        "choice": clustering.choice.describe(),
        "features": list(clustering.features),
        "dropped": json.dumps(clustering.dropped, ensure_ascii=False, sort_keys=True),
        "eigenvalues": list(clustering.components.eigenvalues),
        "n_components": clustering.components.kept,
        "note": clustering.note,
    }
    return ClusterScenarios.check(pl.DataFrame([row], schema=ClusterScenarios.polars_schema()))


def stability_rows(clustering: Clustering) -> pl.DataFrame:
    """Rows of `ClusterStability`."""
    silhouettes = clustering.store_silhouettes
    rows = []
    for cluster, jaccard in enumerate(clustering.jaccards.tolist(), start=1):
        members = clustering.labels == cluster
        measured = np.isfinite(jaccard)
        known = silhouettes[members][np.isfinite(silhouettes[members])] if silhouettes is not None else np.empty(0)
        rows.append(
            {
                "cluster": cluster,
                "n_stores": int(members.sum()),
                "jaccard": jaccard if measured else None,
                "band": stability_band(jaccard).name if measured else NOT_MEASURED,
                # alone in its cluster, a store has no silhouette; the 0 that stands for it would look like a bad one
                "silhouette": float(known.mean()) if known.size and members.sum() > 1 else None,
                "n_bootstraps": clustering.stability.n_bootstraps,
                "sample_size": clustering.stability.sample_size,
            }
        )
    schema = {name: dtype for name, dtype in ClusterStability.polars_schema().items() if name not in {"quarter", "scenario_id"}}
    return ClusterStability.check(_stamped(pl.DataFrame(rows, schema=schema), clustering))


def method_rows(clustering: Clustering, *, methods: Sequence[str] = METHODS, n_draws: int = N_BOOTSTRAPS) -> pl.DataFrame:
    """Rows of `ClusterMethods`; none for a single cluster, which every method forms alike. Without draws, ``jaccard`` is null."""
    if clustering.n_clusters < 2:
        return ClusterMethods.empty()
    points, labels = clustering.components.points, clustering.labels - 1
    compared = compare_methods(points, labels, seed=clustering.scenario.seed, methods=methods, n_bootstraps=n_draws)
    return ClusterMethods.check(_stamped(compared, clustering))


def _stamped(frame: pl.DataFrame, clustering: Clustering) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(clustering.quarter).alias("quarter"), pl.lit(clustering.scenario.identifier).alias("scenario_id")
    )


def _distances(points: Points, labels: Labels) -> tuple[Points, list[int | None], list[float | None]]:
    """Distance to the own centroid, the nearest other cluster, and the distance to its centroid."""
    from scipy.spatial.distance import cdist  # noqa: PLC0415  # loading the definitions need not pay for it

    n_clusters = int(labels.max())
    centroids = np.stack([points[labels == cluster].mean(axis=0) for cluster in range(1, n_clusters + 1)])
    table = cdist(points, centroids)
    rows = np.arange(labels.size)
    own = table[rows, labels - 1].copy()
    if n_clusters == 1:
        return own, [None] * labels.size, [None] * labels.size
    table[rows, labels - 1] = np.inf
    nearest = table.argmin(axis=1)
    return own, (nearest + 1).tolist(), table[rows, nearest].tolist()


def _nearest_stores(clustering: Clustering) -> pl.Series:
    points = clustering.components.points
    found = clustering.cache.get(key_of("nearest", 1, points), ("places",), lambda: {"places": nearest_others(points)})
    return clustering.stores.get_column("store_id").gather(found["places"])


def _outliers(clustering: Clustering, distances: Points) -> pl.Series:
    """Two rules: the own cluster is below the minimum size; or the distance to its centre is far out among all stores'."""
    sizes = np.bincount(clustering.labels)
    small = (sizes[clustering.labels] < clustering.choice.minimum_size) & (clustering.n_clusters > 1)
    low, high = np.quantile(distances, [0.25, 0.75])
    far = distances > high + FAR_OUT * (high - low)
    return pl.Series(np.where(small, SMALL_CLUSTER, np.where(far, FAR_FROM_CENTRE, "")), dtype=pl.String)
