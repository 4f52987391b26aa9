"""What might have happened to a clustering since the quarter before, for the tests of the report."""

import datetime as dt

import polars as pl

from vitrina.stores.cluster_rows import assignment_rows
from vitrina.stores.clustering import Clustering
from vitrina.stores.model_tables import ClusterDecisions, ClusterMatches, ModelAssignments, ModelComparison, ModelDrift
from vitrina.stores.report import Changes
from vitrina.stores.tables import ClusterAssignments

REASON = "=1+1 a new shopping centre opened next door"


def changes_of(clustering: Clustering, names: dict[int, str], *, approved: bool = True, before: bool = True) -> Changes:
    """Store 1 moved by itself, store 2 by hand, the last store is new; clusters are numbered as the clustering's own."""
    rows = assignment_rows(clustering)
    stores = rows.get_column("store_id").to_list()
    last = rows.get_column("cluster").max()
    previous = rows.filter(pl.col("store_id") != stores[-1]).with_columns(
        pl.when(pl.col("store_id").is_in(stores[:2]))
        .then(pl.col("cluster") % last + 1)
        .otherwise(pl.col("cluster"))
        .alias("cluster"),
        pl.lit(dt.date(2022, 4, 1)).alias("quarter"),
    )
    if not before:
        previous = ClusterAssignments.empty()
    return Changes(
        matches=_matches(clustering, names, "approved model" if approved else "quarter before" if before else "nothing"),
        previous=ClusterAssignments.check(previous),
        assignments=_assignments(rows, previous, names, stores) if approved else ModelAssignments.empty(),
        drift=_drift(clustering) if approved else ModelDrift.empty(),
        comparison=_comparison(clustering) if approved else ModelComparison.empty(),
        decisions=_decisions(clustering, stores),
    )


def _matches(clustering, names, continues):
    sizes = pl.Series(clustering.labels).value_counts().sort("")
    rows = [
        {
            "quarter": clustering.quarter,
            "cluster": cluster,
            "continues": continues,
            "matched_cluster": cluster if continues != "nothing" else None,
            "name": names.get(cluster, ""),
            "n_common": count - 1 if continues != "nothing" else 0,
            "jaccard": (count - 1) / count if continues != "nothing" else None,
            "previous_cluster": cluster if continues != "nothing" else None,
        }
        for cluster, count in sizes.iter_rows()
    ]
    return ClusterMatches.check(pl.DataFrame(rows, schema=ClusterMatches.polars_schema()))


def _assignments(rows, previous, names, stores):
    earlier = previous.select("store_id", pl.col("cluster").alias("previous_cluster"))
    frame = rows.join(earlier, on="store_id", how="left").select(
        "quarter",
        "store_id",
        pl.lit(2).cast(pl.Int64).alias("version"),
        "cluster",
        pl.col("cluster").alias("scored_cluster"),
        pl.col("cluster").replace_strict(names, default="").alias("name"),
        "distance",
        "next_cluster",
        "next_distance",
        pl.col("margin").clip(0),
        "nearest_store_id",
        "imputed",
        (pl.col("store_id") == stores[-1]).alias("is_new"),
        "previous_cluster",
        (pl.col("store_id") == stores[1]).alias("moved_by_hand"),
        pl.lit("revenue, age").alias("reason"),
    )
    return ModelAssignments.check(frame)


def _drift(clustering):
    bands = [(0.31, "drifted"), (0.12, "moderate"), (0.02, "stable"), (None, "absent")]
    rows = [
        {"quarter": clustering.quarter, "feature": feature, "version": 2, "psi": psi, "band": band, "missing_share": 0.04}
        for feature, (psi, band) in zip(clustering.features, bands * len(clustering.features), strict=False)
    ]
    return ModelDrift.check(pl.DataFrame(rows, schema=ModelDrift.polars_schema()))


def _comparison(clustering):
    row = {
        "quarter": clustering.quarter,
        "version": 2,
        "n_stores": clustering.stores.height,
        "ari_to_previous": 0.93,
        "share_moved": 0.06,
        "ari_to_fresh": 0.71,
        "ari_of_fresh": 0.44,
        "same_request": True,
        "share_reassigned": 0.15,
        "silhouette": 0.35,
        "silhouette_of_fresh": 0.41,
        "largest_psi": 0.31,
        "drifted": [clustering.features[0]],
        "n_new": 1,
        "n_gone": 3,
    }
    return ModelComparison.check(pl.DataFrame([row], schema=ModelComparison.polars_schema()))


def _decisions(clustering, stores):
    shared = {"version": 2, "quarter": clustering.quarter, "made_by": "a category manager", "outcome": "in force", "note": ""}
    empty = {"cluster": None, "name": None, "store_id": None}
    rows = [
        shared | empty | {"kind": "approve", "reason": "agreed in the quarterly meeting"},
        shared | empty | {"kind": "reject", "reason": "too many small clusters", "version": None, "outcome": "recorded"},
        shared | empty | {"kind": "rename", "reason": "easier to say", "cluster": 1, "name": "=A1 large"},
        shared
        | empty
        | {"kind": "move", "reason": REASON, "cluster": 2, "store_id": stores[1], "outcome": "refused", "note": "@note"},
    ]
    stamped = [
        row | {"decision_id": f"d{place}", "made_at": dt.datetime(2022, 10, place, 9, tzinfo=dt.UTC)}
        for place, row in enumerate(rows, start=1)
    ]
    return ClusterDecisions.check(pl.DataFrame(stamped, schema=ClusterDecisions.polars_schema()))
