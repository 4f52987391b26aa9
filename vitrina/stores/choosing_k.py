"""How many clusters: one tree, every cut of it measured, and a rule that can be read.

Silhouette and Davies-Bouldin alone choose outliers (on 328 real hypermarkets: six clusters, two of them single
stores), so a number of clusters competes only if each cluster has a minimum size, and the whole table is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
import polars as pl

Points = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

DISTANCE_MEMORY_MIB = 64
"""Memory for one block of the distance matrix, which is never held whole."""

_TIE = 9
"""Decimals after which two measures are a tie: below lies the noise of summation."""


class Rule(Enum):
    """How a number of clusters came about."""

    BY_HAND = "by hand"
    LOWEST_RANK = "lowest mean rank among those of sufficient size"
    NONE_QUALIFIES = "lowest mean rank among all, for none has sufficient size"


@dataclass(frozen=True)
class Choice:
    """A number of clusters and the reason for it.

    Attributes
    ----------
    n_clusters
        The number that is used.
    rule
        How it came about.
    considered
        All numbers that were measured.
    n_competing
        How many of them competed.
    minimum_size
        Fewest stores that a cluster should have.
    smallest_cluster
        Stores in the smallest cluster of the chosen cut.
    """

    n_clusters: int
    rule: Rule
    considered: tuple[int, ...]
    n_competing: int
    minimum_size: int
    smallest_cluster: int

    def describe(self, translate: Callable[[str], str] = str) -> str:
        """The reason in words, and what to do where no number of clusters was good."""
        if self.rule is Rule.BY_HAND:
            text = translate("Number of clusters: {n_clusters}, set by hand.")
            if self.smallest_cluster < self.minimum_size:
                text += " " + translate(
                    "The smallest cluster has {smallest_cluster} store(s), fewer than the minimum of {minimum_size}."
                )
        elif self.rule is Rule.LOWEST_RANK:
            text = translate(
                "Number of clusters: {n_clusters}, chosen automatically by the best mean rank of silhouette, Davies-Bouldin index and height gap. "
                "Of the numbers from {first} to {last}, {n_competing} competed: those whose clusters all have at least {minimum_size} stores."
            )
        else:
            text = translate(
                "Number of clusters: {n_clusters}, chosen automatically among all from {first} to {last}, because with none of them every cluster "
                "has at least {minimum_size} stores: a few stores stand far apart from the rest. "
                "Set the number by hand, lower the minimum size, or choose other features."
            )
        return text.format(
            n_clusters=self.n_clusters,
            first=min(self.considered),
            last=max(self.considered),
            n_competing=self.n_competing,
            minimum_size=self.minimum_size,
            smallest_cluster=self.smallest_cluster,
        )


def cut(linkage: Points, n_clusters: int) -> Labels:
    """Labels 0 … `n_clusters` - 1 of the cut that has exactly so many clusters.

    Parameters
    ----------
    linkage
        SciPy's linkage matrix, shape (n - 1, 4), by rising height.
    n_clusters
        From 1 to n.
    """
    from scipy.cluster.hierarchy import fcluster  # noqa: PLC0415  # loading the definitions need not pay for it

    n = linkage.shape[0] + 1
    # by "maxclust", merges of equal height are cut together and fewer clusters come out; ranks have no ties
    ranked = linkage.copy()
    ranked[:, 2] = np.arange(1, n)
    labels: Labels = fcluster(ranked, t=n - n_clusters, criterion="distance").astype(np.int64) - 1
    return labels


def silhouettes(points: Points, cuts: Mapping[int, Labels]) -> dict[int, Points]:
    """Every point's silhouette in each of several nested cuts.

    Cuts of one tree nest, so the distances are summed once, to the clusters of the finest cut, and its columns are
    added up for the coarser ones: 19 silhouettes of 10,000 points in 0.6 s instead of 15 s.

    Parameters
    ----------
    points
        Shape (n, d).
    cuts
        Number of clusters → labels from 0, shape (n,). Each coarser cut joins clusters of each finer one.

    Returns
    -------
    dict
        Number of clusters → silhouettes, shape (n,). A point that is alone in its cluster has 0, as in scikit-learn.

    References
    ----------
    P. J. Rousseeuw (1987), Silhouettes. J. Comput. Appl. Math. 20, 53-65.
    """
    if not cuts:
        return {}
    finest = cuts[max(cuts)]
    sums = _summed_distances(points, finest)
    _, first_members = np.unique(finest, return_index=True)
    return {n_clusters: _silhouette(sums @ _one_hot(labels[first_members]), labels) for n_clusters, labels in cuts.items()}


def measure(points: Points, linkage: Points, cuts: Mapping[int, Labels], by_store: Mapping[int, Points]) -> pl.DataFrame:
    """One row per cut: silhouette, Davies-Bouldin index, merge distance, height gap, size of the smallest cluster.

    Parameters
    ----------
    points
        Shape (n, d).
    linkage
        The tree that was cut.
    cuts
        Number of clusters → labels from 0.
    by_store
        What `silhouettes` made of those cuts for which it is defined: 2 … n - 1 clusters.
    """
    from sklearn.metrics import davies_bouldin_score  # noqa: PLC0415  # loading the definitions need not pay for it

    rows = [
        {
            "n_clusters": n_clusters,
            "silhouette": float(by_store[n_clusters].mean()) if n_clusters in by_store else None,
            "davies_bouldin": float(davies_bouldin_score(points, labels)) if n_clusters in by_store else None,
            "merge_distance": _merge_distance(linkage, n_clusters),
            "height_gap": _height_gap(linkage, n_clusters),
            "smallest_cluster": int(np.bincount(labels).min()),
        }
        for n_clusters, labels in sorted(cuts.items())
    ]
    return pl.DataFrame(rows, schema=_MEASURES)


def choose(
    measures: pl.DataFrame, minimum_size: int, considered: Sequence[int], by_hand: int | None
) -> tuple[pl.DataFrame, Choice]:
    """Rank the numbers of clusters and choose one: lowest mean rank wins, the smaller number where two are equal.

    Parameters
    ----------
    measures
        From `measure`.
    minimum_size
        Fewest stores per cluster for a number to compete; where none has it, all compete and the choice says so.
    considered
        Numbers that may be chosen automatically.
    by_hand
        The number to use whatever the measures say.

    Returns
    -------
    polars.DataFrame
        The measures with ``qualifies``, ``mean_rank`` and ``chosen``.
    Choice
        The number and the reason.
    """
    eligible = pl.col("n_clusters").is_in(list(considered))
    judged = measures.with_columns((pl.col("smallest_cluster") >= minimum_size).alias("qualifies"))
    any_qualifies = not judged.filter(eligible, "qualifies").is_empty()
    competing = judged.filter(eligible, pl.col("qualifies") if any_qualifies else pl.lit(value=True))
    ranked = competing.select("n_clusters", _mean_rank().alias("mean_rank"))
    if by_hand is not None:
        rule, n_clusters = Rule.BY_HAND, by_hand
    else:
        rule = Rule.LOWEST_RANK if any_qualifies else Rule.NONE_QUALIFIES
        n_clusters = int(ranked.sort("mean_rank", "n_clusters").item(0, "n_clusters"))
    table = (
        judged.join(ranked, on="n_clusters", how="left")
        .sort("n_clusters")
        .with_columns((pl.col("n_clusters") == n_clusters).alias("chosen"))
    )
    smallest = int(table.filter("chosen").item(0, "smallest_cluster"))
    return table, Choice(n_clusters, rule, tuple(considered), competing.height, minimum_size, smallest)


_MEASURES = {
    "n_clusters": pl.Int64(),
    "silhouette": pl.Float64(),
    "davies_bouldin": pl.Float64(),
    "merge_distance": pl.Float64(),
    "height_gap": pl.Float64(),
    "smallest_cluster": pl.Int64(),
}


def _mean_rank() -> pl.Expr:
    ranks = [
        pl.col(name).round(_TIE).rank("average", descending=falling)
        for name, falling in (("silhouette", True), ("davies_bouldin", False), ("height_gap", True))
    ]
    return pl.mean_horizontal(ranks).round(_TIE)


def _merge_distance(linkage: Points, n_clusters: int) -> float | None:
    """Height at which `n_clusters` become one fewer; one cluster never does."""
    return float(linkage[-(n_clusters - 1), 2]) if n_clusters > 1 else None


def _height_gap(linkage: Points, n_clusters: int) -> float | None:
    upper = _merge_distance(linkage, n_clusters)
    if upper is None:
        return None
    lower = _merge_distance(linkage, n_clusters + 1) if n_clusters <= linkage.shape[0] else 0.0
    return upper - (lower or 0.0)


def _summed_distances(points: Points, labels: Labels) -> Points:
    """Sum of each point's distances to the points of each cluster, shape (n, clusters)."""
    from sklearn.metrics import pairwise_distances_chunked  # noqa: PLC0415  # loading the definitions need not pay for it

    members = _one_hot(labels)
    blocks = pairwise_distances_chunked(points, reduce_func=lambda block, _: block @ members, working_memory=DISTANCE_MEMORY_MIB)
    sums: Points = np.concatenate(list(blocks))
    return sums


def _silhouette(sums: Points, labels: Labels) -> Points:
    sizes = np.bincount(labels)
    own = np.arange(labels.size), labels
    others = sizes[labels] - 1
    within = sums[own] / np.maximum(others, 1)
    between = sums / sizes
    between[own] = np.inf
    nearest = between.min(axis=1)
    larger = np.maximum(within, nearest)
    defined = (others > 0) & (larger > 0)
    values: Points = np.divide(nearest - within, larger, out=np.zeros(labels.size), where=defined)
    return values


def _one_hot(labels: Labels) -> Points:
    members: Points = np.eye(int(labels.max()) + 1)[labels]
    return members
