"""Clusters and their quality as charts, for metadata, pages and reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import altair as alt
import polars as pl

from vitrina.charts import FAINT, INK, PAGE_SCALE, colour, to_png
from vitrina.stores.cluster_rows import assignment_rows, quality_rows
from vitrina.stores.clustering import Clustering
from vitrina.stores.dendrogram import dendrogram

MOST_MARKS = 4_000
"""More marks cover one another, and Altair refuses above 5,000."""

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def cluster_map(assignments: pl.DataFrame, translate: Callable[[str], str] = str) -> alt.Chart:
    """Stores on the first two principal components, coloured and shaped by cluster.

    Parameters
    ----------
    assignments
        Rows of `ClusterAssignments`. Where only one component was kept, stores lie on a line; of very many, some are drawn.
    translate
        From the English text to the reader's.
    """
    clusters = sorted(assignments.get_column("cluster").unique())
    step = -(-assignments.height // MOST_MARKS)
    # counted within a cluster, so that the smallest has a mark, too
    marked = assignments.sort("store_id").filter(pl.int_range(pl.len()).over("cluster") % step == 0)
    drawn = marked.select("cluster", "component_1", pl.col("component_2").fill_null(0.0))
    subtitle = (
        translate("One mark per store; stores that lie close together are alike")
        if step == 1
        else translate("A mark for one store in {step}; stores that lie close together are alike").format(step=step)
    )
    legend = alt.Legend(title=translate("Cluster"), symbolOpacity=1) if len(clusters) <= 20 else None
    chart = (
        alt.Chart(drawn)
        .mark_point(filled=True, size=46, opacity=0.75)
        .encode(
            x=alt.X("component_1:Q", title=translate("First principal component"), axis=alt.Axis(tickCount=6)),
            y=alt.Y("component_2:Q", title=translate("Second principal component"), axis=alt.Axis(tickCount=6)),
            color=alt.Color(
                "cluster:N", scale=alt.Scale(domain=clusters, range=[colour(known) for known in clusters]), legend=legend
            ),
            shape=alt.Shape(
                "cluster:N",
                scale=alt.Scale(domain=clusters, range=[_SHAPES[(known - 1) % len(_SHAPES)] for known in clusters]),
                legend=legend,
            ),
        )
        .properties(
            width=760,
            height=380,
            title=alt.TitleParams(
                translate("Which stores are alike"),
                subtitle=subtitle,
            ),
        )
    )
    return cast("alt.Chart", chart)


def quality_chart(quality: pl.DataFrame, translate: Callable[[str], str] = str) -> alt.HConcatChart:
    """The measures over the number of clusters, side by side; the number that was used is marked.

    Parameters
    ----------
    quality
        Rows of `ClusterQuality` of one quarter.
    translate
        From the English text to the reader's.
    """
    measures = (
        ("silhouette", translate("Silhouette: higher is better")),
        ("davies_bouldin", translate("Davies-Bouldin index: lower is better")),
        ("height_gap", translate("Height gap: higher is better")),
        ("jaccard", translate("Stability: higher is better")),
    )
    return alt.hconcat(
        *(_measure_chart(quality, name, title, translate) for name, title in measures), spacing=26, bounds="flush"
    ).properties(
        title=alt.TitleParams(
            translate("Quality by number of clusters"),
            subtitle=translate("Filled: every cluster has the minimum size. Ringed: the number that is used"),
        )
    )


def _measure_chart(quality: pl.DataFrame, name: str, title: str, translate: Callable[[str], str]) -> alt.LayerChart:
    drawn = quality.select("n_clusters", "chosen", "qualifies", pl.col(name).alias("value")).drop_nulls("value")
    base = alt.Chart(drawn).encode(
        x=alt.X("n_clusters:O", title=translate("Number of clusters"), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5)),
    )
    fill = alt.condition("datum.qualifies", alt.value(colour(1)), alt.value("white"))
    line = base.mark_line(color=FAINT, strokeWidth=2)
    points = base.mark_point(filled=True, size=60, opacity=1, stroke=colour(1), strokeWidth=1.5).encode(fill=fill)
    chosen = base.transform_filter("datum.chosen").mark_point(size=240, color=INK, strokeWidth=2)
    drawn_layers = alt.layer(line, points, chosen).properties(width=200, height=200, title=alt.TitleParams(title, fontSize=13))
    return cast("alt.LayerChart", drawn_layers)


def metadata_pictures(clustering: Clustering) -> dict[str, tuple[str, bytes]]:
    """What an asset's page shows of a clustering: name → title and PNG."""
    return {
        "map": ("Stores on the first two components", to_png(cluster_map(assignment_rows(clustering)), scales=PAGE_SCALE)),
        "dendrogram": (
            "Dendrogram",
            to_png(
                dendrogram(clustering.linkage, clustering.leaf_labels, leaf_sizes=clustering.tree.leaf_sizes), scales=PAGE_SCALE
            ),
        ),
        "measures": ("Every number of clusters", to_png(quality_chart(quality_rows(clustering)), scales=PAGE_SCALE)),
    }
