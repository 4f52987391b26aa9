"""The last merges of Ward's tree as a picture: where the cut lies, and how far apart the clusters are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from vitrina.charts import FAINT, INK, colour
from vitrina.stores.choosing_k import Labels, Points

if TYPE_CHECKING:
    import altair as alt

MAX_LEAVES = 30
ABOVE = 0
"""Stands for "no cluster" in the branches above the cut."""

_WIDTH, _HEIGHT = 760, 380


def dendrogram(
    linkage: Points, labels: Labels, translate: Callable[[str], str] = str, *, leaf_sizes: Labels | None = None
) -> alt.LayerChart:
    """Draw the last merges; branches below the cut have their cluster's colour, leaves their number of stores.

    Parameters
    ----------
    linkage
        SciPy's linkage matrix, shape (n - 1, 4).
    labels
        Cluster of each leaf from 1, shape (n,), from a cut of that tree.
    translate
        From the English text to the reader's.
    leaf_sizes
        Stores per leaf, shape (n,); 1 each by default.
    """
    import altair as alt  # noqa: PLC0415  # whoever asks for the branches alone need not pay for it

    branches, leaves = branches_and_leaves(linkage, labels, leaf_sizes)
    used = [cluster for cluster in range(1, int(labels.max()) + 1) if cluster in set(leaves["cluster"])]
    scale = alt.Scale(domain=[ABOVE, *used], range=[FAINT, *(colour(cluster) for cluster in used)])
    legend = (
        alt.Legend(title=translate("Cluster"), values=used, symbolType="stroke", symbolStrokeWidth=4, columns=1)
        if len(used) <= 20
        else None
    )
    shown = alt.Color("cluster:N", scale=scale, legend=legend)
    lines = (
        alt.Chart(branches)
        .mark_line(strokeWidth=2, strokeCap="round", strokeJoin="round")
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(nice=False, padding=14)),
            y=alt.Y("height:Q", title=translate("Ward distance"), scale=alt.Scale(domainMin=0)),
            detail="branch:N",
            order="corner:Q",
            color=shown,
        )
    )
    counts = (
        alt.Chart(leaves)
        .mark_text(dy=12, fontSize=10, baseline="middle")
        .encode(x="x:Q", y=alt.datum(0), text="stores:Q", color=shown)
    )
    layers = [lines, counts]
    height = cut_height(linkage, int(labels.max()))
    if height is not None:
        cut_line = alt.Chart(pl.DataFrame({"height": [height], "text": [translate("cut")]}))
        layers.append(cut_line.mark_rule(strokeDash=[6, 4], color=INK).encode(y="height:Q"))
        layers.append(
            cut_line.mark_text(align="right", dx=-4, dy=-7, color=INK, fontSize=11).encode(
                x=alt.value(_WIDTH), y="height:Q", text="text:N"
            )
        )
    title = alt.TitleParams(
        translate("How the clusters came together"),
        subtitle=translate("The last {merges} merges; below each branch its number of stores").format(merges=leaves.height - 1),
    )
    return cast("alt.LayerChart", alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=title))


def cut_height(linkage: Points, n_clusters: int) -> float | None:
    """Half-way between the merge that was undone last and the one that was not; none for a single cluster."""
    if n_clusters < 2:
        return None
    undone = float(linkage[-(n_clusters - 1), 2])
    done = float(linkage[-n_clusters, 2]) if n_clusters <= linkage.shape[0] else 0.0
    return (undone + done) / 2


def drawn_leaves(linkage: Points, n_clusters: int) -> int:
    """Leaves of the truncated tree: enough to show each cluster, as long as they can be told apart."""
    return min(int(linkage.shape[0]) + 1, max(MAX_LEAVES, n_clusters) if n_clusters <= 2 * MAX_LEAVES else MAX_LEAVES)


def branches_and_leaves(linkage: Points, labels: Labels, leaf_sizes: Labels | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Corners of the branches of the truncated tree, and its leaves.

    Returns
    -------
    branches : polars.DataFrame
        Four corners per branch: ``branch``, ``corner``, ``x``, ``height``, ``cluster`` (0 above the cut).
    leaves : polars.DataFrame
        From left to right: ``x``, ``stores``, ``cluster`` (0 where a leaf holds several).
    """
    from scipy.cluster import hierarchy  # noqa: PLC0415  # loading the definitions need not pay for it

    n = linkage.shape[0] + 1
    n_clusters = int(labels.max())
    clusters = _cluster_of_nodes(linkage, labels)
    tree = hierarchy.dendrogram(
        linkage,
        p=drawn_leaves(linkage, n_clusters),
        truncate_mode="lastp",
        no_plot=True,
        link_color_func=lambda node: str(clusters[node]),
    )
    drawn = list(zip(tree["icoord"], tree["dcoord"], tree["color_list"], strict=True))
    branches = pl.DataFrame(
        [
            {"branch": branch, "corner": corner, "x": float(x), "height": float(height), "cluster": int(cluster)}
            for branch, (xs, heights, cluster) in enumerate(drawn)
            for corner, (x, height) in enumerate(zip(xs, heights, strict=True))
        ]
    )
    sizes = _stores_of_nodes(linkage, np.ones(n, dtype=np.int64) if leaf_sizes is None else leaf_sizes)
    leaves = pl.DataFrame(
        [
            # SciPy puts the i-th leaf at 5 + 10 i
            {"x": 5.0 + 10.0 * place, "stores": int(sizes[node]), "cluster": int(clusters[node])}
            for place, node in enumerate(tree["leaves"])
        ]
    )
    return branches, leaves


def _stores_of_nodes(linkage: Points, leaf_sizes: Labels) -> Labels:
    """Stores below every node of the tree, leaves first."""
    sizes = np.concatenate([leaf_sizes, np.zeros(linkage.shape[0], dtype=np.int64)])
    for merge, (left, right) in enumerate(linkage[:, :2].astype(int)):
        sizes[leaf_sizes.size + merge] = sizes[left] + sizes[right]
    return sizes


def _cluster_of_nodes(linkage: Points, labels: Labels) -> Labels:
    """Cluster of every node of the tree, leaves first; 0 for a node above the cut."""
    clusters = np.concatenate([labels, np.zeros(linkage.shape[0], dtype=np.int64)])
    for merge, (left, right) in enumerate(linkage[:, :2].astype(int)):
        if clusters[left] == clusters[right]:
            clusters[labels.size + merge] = clusters[left]
    return clusters
