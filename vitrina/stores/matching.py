"""Two groupings of the same stores: which cluster continues which, how alike the groupings are, who moved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from vitrina.stores.choosing_k import Points

SCHEMA = {"cluster": pl.Int64(), "matched_cluster": pl.Int64(), "n_common": pl.Int64(), "jaccard": pl.Float64()}


def match_clusters(clusters: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pair the clusters of two groupings one to one, so that the overlaps of the pairs add up to the most.

    Overlap is the Jaccard index over the stores that both groupings have.

    Parameters
    ----------
    clusters, others
        Columns ``store_id`` and ``cluster``, each store once.

    Returns
    -------
    polars.DataFrame
        One row per cluster of `clusters`, in order: ``cluster``, ``matched_cluster``, ``n_common`` and ``jaccard``. A
        cluster that was left over, or shares no store with the one left for it, is matched with nothing.

    References
    ----------
    H. W. Kuhn (1955), The Hungarian method for the assignment problem. Naval Res. Logist. Quart. 2, 83-97.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # loading the definitions need not pay for it

    rows = clusters.get_column("cluster").unique().sort().to_list()
    columns = others.get_column("cluster").unique().sort().to_list()
    shared = _shared(clusters, others, rows, columns)
    overlap = _jaccard(shared)
    pairs = {row: column for row, column in zip(*linear_sum_assignment(overlap, maximize=True), strict=True) if shared[row, column]}
    matched = [
        {
            "cluster": cluster,
            "matched_cluster": columns[pairs[row]] if row in pairs else None,
            "n_common": int(shared[row, pairs[row]]) if row in pairs else 0,
            "jaccard": float(overlap[row, pairs[row]]) if row in pairs else None,
        }
        for row, cluster in enumerate(rows)
    ]
    return pl.DataFrame(matched, schema=SCHEMA)


def carried_names(matches: pl.DataFrame, names: Mapping[int, str]) -> dict[int, str]:
    """Names along the matches: cluster → the name of the cluster that it was matched with, where that has one.

    Parameters
    ----------
    matches
        From `match_clusters`.
    names
        Matched cluster → its name.
    """
    pairs = matches.drop_nulls("matched_cluster").select("cluster", "matched_cluster").iter_rows()
    return {cluster: names[matched] for cluster, matched in pairs if names.get(matched)}


def adjusted_rand(clusters: pl.DataFrame, others: pl.DataFrame) -> float | None:
    """Adjusted Rand index over the stores that both groupings have; ``None`` where these are fewer than two.

    Parameters
    ----------
    clusters, others
        As for `match_clusters`.

    References
    ----------
    L. Hubert, P. Arabie (1985), Comparing partitions. J. Classif. 2, 193-218.
    """
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415  # loading the definitions need not pay for it

    common = _common(clusters, others)
    if common.height < 2:
        return None
    return float(adjusted_rand_score(common.get_column("cluster").to_numpy(), common.get_column("other").to_numpy()))


def share_moved(clusters: pl.DataFrame, before: pl.DataFrame) -> float | None:
    """Share of the stores of both groupings whose cluster has another number; ``None`` where there are none.

    It means something only where equal numbers mean equal clusters: two quarters scored by one model.

    Parameters
    ----------
    clusters, before
        As for `match_clusters`.
    """
    common = _common(clusters, before)
    return float((common.get_column("cluster") != common.get_column("other")).mean()) if common.height else None  # type: ignore[arg-type]  # polars types the mean of any series


def _common(clusters: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return clusters.select("store_id", "cluster").join(others.select("store_id", pl.col("cluster").alias("other")), on="store_id")


def _shared(clusters: pl.DataFrame, others: pl.DataFrame, rows: list[int], columns: list[int]) -> Points:
    """Stores in common of each pair of clusters."""
    counted = _common(clusters, others).group_by("cluster", "other").len()
    table: Points = np.zeros((len(rows), len(columns)))
    for cluster, other, count in counted.iter_rows():
        table[rows.index(cluster), columns.index(other)] = count
    return table


def _jaccard(shared: Points) -> Points:
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    overlap: Points = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    return overlap
