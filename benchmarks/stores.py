"""How long a category manager waits for the answer, and whether the method carries on where the network is large.

A request of 1,000 stores, from features to the Excel report; the table of k beside the loop over scikit-learn that most
people would write, turn about on the same points; and 50,000 stores in a process of their own.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.outcome import Outcome
from benchmarks.stores_load import REQUEST, store_features
from vitrina.stores.choosing_k import Points, cut
from vitrina.stores.clustering import Clustering, cluster_stores
from vitrina.stores.measures import measure, silhouettes
from vitrina.stores.report import Provenance, write_report

STORES = 1_000
MANY_STORES = 50_000
ROUNDS = 3
COMPARISONS = 7
NUMBERS = range(2, 13)
ROOT = Path(__file__).parents[1]

PROVENANCE = Provenance(
    run_id="benchmark", snapshot="made up", made_at=dt.datetime(2026, 10, 1, tzinfo=dt.UTC), made_by="benchmark", code_version="0"
)


def main() -> int:
    """Run the three parts and print the figures."""
    outcome = Outcome("stores")
    # first: a process begins with the peak of the one that started it
    carry_on(outcome)
    clustering = answer(outcome)
    compare(clustering.components.points, outcome)
    return outcome.finish()


def answer(outcome: Outcome) -> Clustering:
    """Answer one request some times: cluster, and write the report. The first time libraries are loaded, too."""
    features, catalogue = store_features(STORES, seed=1)
    clustered: list[float] = []
    requested: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(1 + ROUNDS):
            started = time.perf_counter()
            clustering = cluster_stores(features, catalogue, REQUEST)
            clustered.append(time.perf_counter() - started)
            write_report(Path(folder) / "report.xlsx", clustering, PROVENANCE, locale="ru")
            requested.append(time.perf_counter() - started)
    outcome.measure("one_request_s", median(requested[1:]), "<= 3")
    outcome.refer(
        first_request_s=requested[0],
        clustering_s=median(clustered[1:]),
        stores=STORES,
        features=len(clustering.features),
        components=clustering.components.kept,
        bootstraps=clustering.stability.n_bootstraps,
    )
    return clustering


def compare(points: Points, outcome: Outcome) -> None:
    """Make the table of k from one tree, and by a loop over scikit-learn; compare what they cost and what they say."""
    ours, loop = [], []
    for _ in range(COMPARISONS):
        table, seconds = _timed(lambda: k_table(points))
        ours.append(seconds)
        reference, seconds = _timed(lambda: k_table_by_scikit_learn(points))
        loop.append(seconds)
    difference = max(
        float((table.get_column(name) - reference.get_column(name)).abs().max())  # type: ignore[arg-type]  # polars types the extremes of any series
        for name in reference.columns
    )
    # each pair is measured back to back, and the middle pair counts: other programs slow both
    outcome.measure("k_table_speedup", median(by_loop / by_tree for by_loop, by_tree in zip(loop, ours, strict=True)), ">= 10")
    outcome.measure("k_table_largest_difference", difference, "<= 1e-6")
    outcome.refer(k_table_s=median(ours), k_table_by_scikit_learn_s=median(loop))


def carry_on(outcome: Outcome) -> None:
    """Cluster many stores and write their report in a fresh process, whose memory is its own."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.stores_load", str(MANY_STORES)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if run.returncode:
        sys.exit(f"{MANY_STORES} stores could not be clustered:\n{run.stderr}")
    told = json.loads(run.stdout.splitlines()[-1])
    outcome.measure("fifty_thousand_s", told["seconds"], "<= 60")
    outcome.measure("fifty_thousand_peak_gb", told["peak_gb"], "<= 1.5")
    outcome.refer(
        fifty_thousand_components=told["components"],
        fifty_thousand_clusters=told["n_clusters"],
        fifty_thousand_without_report_s=told["clustered_s"],
    )


def k_table(points: Points) -> pl.DataFrame:
    """Measures of all numbers of clusters from one tree, as requests have them."""
    import fastcluster  # noqa: PLC0415  # as in the code that is measured

    linkage: Points = fastcluster.linkage_vector(points, method="ward", metric="euclidean")
    cuts = {n_clusters: cut(linkage, n_clusters) for n_clusters in NUMBERS}
    return measure(points, linkage, cuts, silhouettes(points, cuts))


def k_table_by_scikit_learn(points: Points) -> pl.DataFrame:
    """The same by the loop that most people would write."""
    from sklearn.cluster import AgglomerativeClustering  # noqa: PLC0415  # only here
    from sklearn.metrics import davies_bouldin_score, silhouette_score  # noqa: PLC0415  # as above

    rows = []
    for n_clusters in NUMBERS:
        labels = AgglomerativeClustering(n_clusters=n_clusters, linkage="ward").fit_predict(points)
        rows.append(
            {"silhouette": float(silhouette_score(points, labels)), "davies_bouldin": float(davies_bouldin_score(points, labels))}
        )
    return pl.DataFrame(rows)


def _timed(make: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, float]:
    started = time.perf_counter()
    made = make()
    return made, time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
