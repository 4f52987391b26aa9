"""How many clusters: one tree, every cut of it measured, and a rule that can be read.

Silhouette and Davies-Bouldin alone choose outliers (on 328 real hypermarkets: six clusters, two of them single
stores), so a number of clusters competes only if each cluster has a minimum size, and the whole table is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
import polars as pl

Points = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

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
                "Number of clusters: {n_clusters}, chosen automatically by the best mean rank of silhouette, Davies-Bouldin index, height gap and stability. "
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
    return cuts_of(linkage, [n_clusters])[n_clusters]


def cuts_of(linkage: Points, numbers: Iterable[int]) -> dict[int, Labels]:
    """The cuts into several numbers of clusters: number → labels from 0, shape (n,), as the leaves of the tree stand from left to right.

    Exactly so many clusters, also where merges have equal heights: the later merge is undone first. Every merge joins two
    neighbouring stretches of the leaves, so a cut is what is left of them between the merges that are undone: one look at the
    tree serves every number, where SciPy's `fcluster` looks at it once for each.

    Parameters
    ----------
    linkage
        SciPy's linkage matrix, shape (n - 1, 4), by rising height.
    numbers
        Each from 1 to n.
    """
    places, joined_by = _in_order(linkage)
    n = places.size
    found = {}
    for n_clusters in numbers:
        labels = np.zeros(n, dtype=np.int64)
        np.cumsum(joined_by >= n - n_clusters, out=labels[1:])
        found[n_clusters] = labels[places]
    return found


def _in_order(linkage: Points) -> tuple[Labels, Labels]:
    """Where each leaf stands from left to right, shape (n,); and which merge joins each with the next, shape (n - 1,)."""
    n = linkage.shape[0] + 1
    children = linkage[:, :2].astype(np.int64).tolist()
    sizes = [1] * n
    for left, right in children:
        sizes.append(sizes[left] + sizes[right])
    begins, joined_by = [0] * (2 * n - 1), [0] * (n - 1)
    for merge in range(n - 2, -1, -1):
        left, right = children[merge]
        begins[left] = begins[n + merge]
        begins[right] = begins[left] + sizes[left]
        joined_by[begins[right] - 1] = merge
    return np.array(begins[:n], dtype=np.int64), np.array(joined_by, dtype=np.int64)


def choose(
    measures: pl.DataFrame, minimum_size: int, considered: Sequence[int], by_hand: int | None
) -> tuple[pl.DataFrame, Choice]:
    """Rank the numbers of clusters and choose one: lowest mean rank wins, the smaller number where two are equal.

    Parameters
    ----------
    measures
        From `measure`; a measure that is null for all numbers stays out of the rank.
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


def _mean_rank() -> pl.Expr:
    ranks = [
        pl.col(name).round(_TIE).rank("average", descending=falling)
        for name, falling in (("silhouette", True), ("davies_bouldin", False), ("height_gap", True), ("jaccard", True))
    ]
    return pl.mean_horizontal(ranks).round(_TIE)
