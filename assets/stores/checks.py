"""What is checked of the tables of stores: each property says what to do where it does not hold."""

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl

from assets.stores.quarters import PRODUCT
from resources.table_assets import schema_check
from resources.warehouse import WarehouseResource
from vitrina.stores import model_tables as m
from vitrina.stores import tables as t
from vitrina.stores.network import incomplete_quarters
from vitrina.stores.quarters import LOOK_BACK, add_months, complete_quarters
from vitrina.stores.trust_tables import ClusterStability
from vitrina.tables import Table
from vitrina.warehouse import load

SHOWN = 10


@dg.asset_check(
    asset=[PRODUCT, "store_features"],
    name="quarters_are_complete",
    description="Every quarter with sales has three months of them; one that has not is not computed, and not compared.",
)
def quarters_are_complete(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """The last quarter of a feed is usually open; a hole in the middle is a delivery that is missing, and later windows rest on it."""
    settings = warehouse.settings
    with warehouse.of(PRODUCT).read() as connection:
        dates = [row[0] for row in connection.execute("SELECT DISTINCT date FROM stg_sales").fetchall()]
    complete = complete_quarters(dates, settings.first_quarter, dt.datetime.now(dt.UTC).date())
    found = incomplete_quarters(dates, complete, settings.first_quarter)
    resting = [quarter for quarter in complete if any(quarter > gap >= add_months(quarter, -3 * LOOK_BACK) for gap in found)]
    return _warning(
        {
            "quarters": len(complete) + len(found),
            "incomplete_quarters": len(found),
            "quarters_that_look_back_on_them": ", ".join(map(str, resting)) or "none",
        },
        [f"{quarter}: {months} of 3 months have sales" for quarter, months in found.items()],
        "Deliver the missing months to stores/sales/; the quarter, and those that look back on it, are then computed by themselves.",
    )


@dg.asset_check(
    asset=[PRODUCT, "cluster_quality"],
    name="number_of_clusters_qualifies",
    description="Every cluster of the number that is used has the minimum size, in every quarter.",
)
def number_of_clusters_qualifies(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """A warning, not a barrier: clusters of single stores are an answer, but one to look at."""
    used = _stored(warehouse, t.ClusterQuality).filter("chosen")
    small = used.filter(~pl.col("qualifies"))
    return _warning(
        {"quarters": used.height, "quarters_with_small_clusters": small.height},
        [f"{row['quarter']}: {row['smallest_cluster']} store(s)" for row in small.iter_rows(named=True)],
        "Look at the small clusters in the report; choose the number by hand, a smaller minimum size or other features.",
    )


@dg.asset_check(
    asset=[PRODUCT, "cluster_stability"],
    name="clusters_are_stable",
    description="No cluster of the latest quarter is unstable: a mean bootstrap Jaccard below 0.60.",
)
def clusters_are_stable(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """An unstable cluster is a warning to its reader: other stores of the same kind would have been grouped otherwise."""
    latest = _latest(_stored(warehouse, ClusterStability))
    shaky = latest.filter(pl.col("band") == "unstable")
    return _warning(
        {"clusters": latest.height, "unstable_clusters": shaky.height},
        [f"cluster {row['cluster']}: {row['jaccard']:.2f}" for row in shaky.iter_rows(named=True)],
        "Prefer fewer clusters, the robust transform or other features; do not act on an unstable cluster alone.",
    )


@dg.asset_check(
    asset=[PRODUCT, "model_drift"],
    name="approved_model_has_not_drifted",
    description="In the latest quarter, no feature of the approved model has a population stability index of 0.25 or more.",
)
def approved_model_has_not_drifted(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Names the columns: a model that was approved on other stores' figures should be approved anew, or the feed corrected."""
    latest = _latest(_stored(warehouse, m.ModelDrift))
    drifted = latest.filter(pl.col("band").is_in(["drifted", "absent"])).sort("psi", descending=True, nulls_last=False)
    return _warning(
        {"features": latest.height, "drifted_features": drifted.height},
        [
            f"{row['feature']}: {row['band']}" + ("" if row["psi"] is None else f", index {row['psi']:.2f}")
            for row in drifted.iter_rows(named=True)
        ],
        "See whether the feed of the column has changed; if the stores have, look at the challenger and approve it.",
    )


@dg.asset_check(
    asset=[PRODUCT, "cluster_decisions"],
    name="decisions_took_effect",
    description="No decision was refused.",
)
def decisions_took_effect(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """A refused decision stays on record; whoever made it should hear why."""
    decisions = _stored(warehouse, m.ClusterDecisions)
    refused = decisions.filter(pl.col("outcome") == "refused")
    return _warning(
        {"decisions": decisions.height, "refused_decisions": refused.height},
        [f"{row['kind']} of {row['made_at']:%Y-%m-%d %H:%M}: {row['note']}" for row in refused.iter_rows(named=True)],
        "Decide again as the note says; the refused decision stays on record.",
    )


CHECKS = [
    *(schema_check(table) for table in t.TABLES),
    quarters_are_complete,
    number_of_clusters_qualifies,
    clusters_are_stable,
    approved_model_has_not_drifted,
    decisions_took_effect,
]


def _stored(warehouse: WarehouseResource, table: type[Table]) -> pl.DataFrame:
    with warehouse.of(PRODUCT).read() as connection:
        return load(connection, table)


def _latest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("quarter") == pl.col("quarter").max())


def _warning(figures: dict[str, Any], examples: list[str], what_to_do: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not examples,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            **figures,
            "threshold": 0,
            "examples": "; ".join(examples[:SHOWN]),
            "what_to_do": what_to_do if examples else "nothing",
        },
    )
