"""The Excel report of every quarter."""

import datetime as dt
from importlib.metadata import version

import dagster as dg
import polars as pl

from assets.stores.quarters import BY_QUARTER, PRODUCT, cache_of, inputs
from resources.table_assets import table_arguments, table_key
from resources.warehouse import WarehouseResource
from vitrina.stores import model_tables as m
from vitrina.stores import tables as t
from vitrina.stores.network import snapshot
from vitrina.stores.quarterly import recluster
from vitrina.stores.report import Provenance
from vitrina.stores.reporting import changes_by_quarter, write_reports
from vitrina.tables import Table
from vitrina.warehouse import load

OVER_TIME: tuple[type[Table], ...] = (m.ClusterMatches, m.ModelAssignments, m.ModelDrift, m.ModelComparison, m.ClusterDecisions)


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    ins=inputs("store_features", "feature_catalogue", "cluster_scenarios"),
    # read whole from the warehouse: a quarter's changes are told against the quarter before, which may be of an earlier run
    deps=[table_key(t.ClusterAssignments), *map(table_key, OVER_TIME)],
    **table_arguments(t.ClusterReport, kinds=("excel", "duckdb"), code_version="2"),
    **BY_QUARTER,
)
def cluster_report(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    store_features: pl.DataFrame,
    feature_catalogue: pl.DataFrame,
    cluster_scenarios: pl.DataFrame,
) -> pl.DataFrame:
    """The Excel workbook for the meeting, in every language of the settings."""
    settings = warehouse.settings
    clusterings = recluster(store_features, feature_catalogue, cluster_scenarios, cache_of(settings))
    with warehouse.of(PRODUCT).read() as connection:
        data, fresh = snapshot(connection), load(connection, t.ClusterAssignments)
        frames = {table: load(connection, table) for table in OVER_TIME}
    provenance = Provenance(
        run_id=context.run.run_id,
        snapshot=data,
        made_at=dt.datetime.now(dt.UTC),
        made_by=context.run.tags.get("dagster/schedule_name") or context.run.tags.get("dagster/sensor_name") or "run by hand",
        code_version=version("vitrina"),
    )
    changes = changes_by_quarter([clustering.quarter for clustering in clusterings], fresh, frames)
    reports = write_reports(clusterings, provenance, settings, changes)
    context.add_output_metadata({"reports": dg.MetadataValue.md("\n".join(f"- `{path}`" for path in reports["path"]) or "none")})
    return reports
