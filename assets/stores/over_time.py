"""Clusters over time: what people decided, the approved models, and what they say of every quarter."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from assets.stores.quarters import PRODUCT, cache_of, inputs
from resources.table_assets import table_key, table_out
from resources.warehouse import WarehouseResource
from vitrina.array_cache import ArrayCache
from vitrina.errors import ScenarioError
from vitrina.stores import model_tables as m
from vitrina.stores.backtest import backtest
from vitrina.stores.network import read_decisions
from vitrina.stores.over_time import over_time
from vitrina.stores.quarters import consecutive
from vitrina.stores.scenario import Scenario
from vitrina.stores.standing import fold_decisions
from vitrina.warehouse import load

LAST_QUARTERS = 6
"""Quarters that the stability of the approved model is averaged over."""


@dg.multi_asset(
    name="decisions_on_clusters",
    ins=inputs("store_features", "feature_catalogue"),
    deps=[dg.AssetKey([PRODUCT, "stg_decisions"])],
    outs={table.table_name(): table_out(table) for table in (m.ClusterDecisions, m.ClusterModels)},
    pool=PRODUCT,
)
def decisions_on_clusters(
    warehouse: WarehouseResource, store_features: pl.DataFrame, feature_catalogue: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decisions applied in their order; an approved request becomes a model once, and stays what it is."""
    with warehouse.of(PRODUCT).read() as connection:
        decisions, stored = read_decisions(connection), load(connection, m.ClusterModels)
    standing = fold_decisions(decisions, store_features, feature_catalogue, stored, cache_of(warehouse.settings))
    return standing.decisions, standing.models


TABLES = (m.ModelAssignments, m.ModelDrift, m.ModelComparison, m.ClusterMatches)


@dg.multi_asset(
    name="clusters_over_time",
    ins=inputs("store_features", "feature_catalogue", "cluster_assignments", "cluster_models"),
    deps=[table_key(m.ClusterDecisions)],
    outs={table.table_name(): table_out(table) for table in TABLES},
    pool=PRODUCT,
)
def clusters_over_time(  # one argument per table that is read
    warehouse: WarehouseResource,
    store_features: pl.DataFrame,
    feature_catalogue: pl.DataFrame,
    cluster_assignments: pl.DataFrame,
    cluster_models: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame]]:
    """The approved model in force scores every quarter; the quarter's own clustering stands beside it as the challenger."""
    with warehouse.of(PRODUCT).read() as connection:
        decisions = read_decisions(connection)
    cache = cache_of(warehouse.settings)
    standing = fold_decisions(decisions, store_features, feature_catalogue, cluster_models, cache)
    made = over_time(store_features, cluster_assignments, standing)
    frames = (made.assignments, made.drift, made.comparison, made.matches)
    metadata = _stability(made.comparison) | _backtest(store_features, feature_catalogue, standing.request or Scenario(), cache)
    for table, frame in zip(TABLES, frames, strict=True):
        yield dg.Output(frame, output_name=table.table_name(), metadata=metadata if table is m.ModelComparison else {})


def _stability(comparison: pl.DataFrame) -> dict[str, Any]:
    """Figures that Dagster plots: how far the approved model's clusters stay what they are."""
    last = comparison.drop_nulls("ari_to_previous").sort("quarter").tail(LAST_QUARTERS)
    if last.is_empty():
        return {"quarters_compared": 0}
    fresh = last.get_column("ari_of_fresh").drop_nulls()
    return {
        "quarters_compared": last.height,
        "mean_ari_of_last_quarters": _number(last.get_column("ari_to_previous").mean()),
        "mean_ari_of_fresh_clusters": _number(fresh.mean()) if fresh.len() else None,
        "share_moved_last_quarter": _number(last.item(-1, "share_moved")),
        "largest_psi": _number(last.item(-1, "largest_psi")),
    }


def _backtest(features: pl.DataFrame, catalogue: pl.DataFrame, request: Scenario, cache: ArrayCache) -> dict[str, Any]:
    """Had the request been approved before the last quarters: what a person should know before approving it."""
    quarters = consecutive(features.get_column("quarter").unique().sort().to_list())[-LAST_QUARTERS - 1 :]
    if len(quarters) < 2:
        return {"backtest_quarters": 0}
    fitted_on, *scored = quarters
    try:
        found = backtest(features, catalogue, request, fitted_on=fitted_on, quarters=scored, cache=cache)
    except ScenarioError as error:
        return {"backtest_quarters": 0, "backtest_note": str(error)}
    return {
        "backtest_quarters": found.height,
        "backtest_fitted_on": str(fitted_on),
        "backtest_mean_ari": _number(found.get_column("ari").mean()),
        "backtest_mean_ari_of_challenger": _number(found.get_column("ari_of_challenger").mean()),
        "backtest_mean_share_moved": _number(found.get_column("share_moved").mean()),
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
