"""A clustering on the terminal: why this number of clusters, the table of k, and how good each cluster is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

from vitrina.cli.summary import plain
from vitrina.stores.asking import describe_request

if TYPE_CHECKING:
    from rich.console import Console

    from vitrina.stores.clustering import Clustering

DECIMALS = 3
SHOWN = {
    "n_clusters": "k",
    "silhouette": "silhouette",
    "davies_bouldin": "Davies-B.",
    "height_gap": "height gap",
    "jaccard": "Jaccard",
    "smallest_cluster": "smallest",
    "mean_rank": "mean rank",
    "chosen": "used",
}
"""Columns of the table of k, as narrow as a terminal needs."""


def show_clustering(console: Console, found: Clustering) -> None:
    """Print what a person should know before a clustering is used."""
    lines = [f"{found.quarter}: {found.stores.height} stores, request {describe_request(found.scenario)}", found.choice.describe()]
    for line in (*lines, *filter(None, [found.note])):
        console.print(plain(line), soft_wrap=True)
    table = Table(title="Numbers of clusters", title_justify="left")
    for name in SHOWN.values():
        table.add_column(name, justify="right")
    for row in found.measures.select(*SHOWN).iter_rows():
        table.add_row(*(plain(_cell(value)) for value in row))
    console.print(table)
    sizes = ", ".join(f"{cluster}: {(found.labels == cluster).sum()}" for cluster in range(1, found.n_clusters + 1))
    stable = ", ".join(
        f"{cluster}: {'not measured' if math.isnan(jaccard) else format(jaccard, f'.{DECIMALS}f')}"
        for cluster, jaccard in enumerate(found.jaccards.tolist(), start=1)
    )
    console.print(plain(f"Stores per cluster: {sizes}. Fingerprint {found.fingerprint}."), soft_wrap=True)
    console.print(plain(f"Stability per cluster (bootstrap Jaccard): {stable}."), soft_wrap=True)


def _cell(value: object) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    return f"{value:.{DECIMALS}f}" if isinstance(value, float) else str(value)
