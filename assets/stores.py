"""Which stores are alike, and what differs between the groups? From the inbox to the Excel report."""

import datetime as dt
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import dagster as dg
import polars as pl

from resources.inbox_assets import inbox_assets
from resources.partitions import QUARTERS
from resources.scenario import ClusteringRequest
from resources.table_assets import schema_check, table_arguments, table_out
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.stores import tables as t
from vitrina.stores.clustering import Clustering
from vitrina.stores.contracts import CONTRACTS
from vitrina.stores.features import features_of_quarters
from vitrina.stores.network import read_network, snapshot, staleness, stored_quarters
from vitrina.stores.quarterly import cluster_quarters, recluster, refuse_to_empty, write_reports
from vitrina.stores.report import Provenance
from vitrina.warehouse import load

PRODUCT = "stores"
SOURCES = ("stg_stores", "stg_sales", "stg_geo", "store_month_sales")
BY_QUARTER: dict[str, Any] = {"partitions_def": QUARTERS, "backfill_policy": dg.BackfillPolicy.single_run(), "pool": PRODUCT}

stores_inbox = inbox_assets(
    PRODUCT, CONTRACTS, refused_table=t.StoresRefusedRows, deliveries_table=t.StoresDeliveries, consequences=staleness
)


@dg.multi_asset(
    name="features_of_stores",
    outs={table.table_name(): table_out(table) for table in (t.StoreFeatures, t.FeatureCatalogue)},
    deps=[dg.AssetKey([PRODUCT, source]) for source in SOURCES],
    **BY_QUARTER,
)
def features_of_stores(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features of every store that sold in the trailing window, for each complete quarter of the run."""
    settings = warehouse.settings
    with warehouse.of(PRODUCT).read() as connection:
        network, stored = read_network(connection), stored_quarters(connection, t.StoreFeatures)
    made = features_of_quarters(
        network,
        _quarters(context),
        since=settings.first_quarter,
        today=dt.datetime.now(dt.UTC).date(),
        window_quarters=settings.window_quarters,
        max_category_shares=settings.max_category_shares,
    )
    refuse_to_empty(stored, made.skipped, "its sales are no longer complete")
    for quarter in made.skipped:
        context.log.warning(f"{quarter}: sales are not complete, nothing was computed.")
    return made.features, made.catalogue


@dg.multi_asset(
    name="clusters_of_stores",
    ins={name: dg.AssetIn(key=[PRODUCT, name]) for name in ("store_features", "feature_catalogue")},
    outs={
        table.table_name(): table_out(table, kinds=("scikitlearn", "polars", "duckdb"))
        for table in (t.ClusterAssignments, t.ClusterQuality, t.ClusterScenarios)
    },
    **BY_QUARTER,
)
def clusters_of_stores(
    context: dg.AssetExecutionContext,
    config: ClusteringRequest,
    warehouse: WarehouseResource,
    store_features: pl.DataFrame,
    feature_catalogue: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Medians for gaps, standardised, components with an eigenvalue of at least 1, Ward; the number of clusters by hand or chosen."""
    made = cluster_quarters(store_features, feature_catalogue, config.scenario())
    with warehouse.of(PRODUCT).read() as connection:
        stored = stored_quarters(connection, t.ClusterAssignments)
    refuse_to_empty(stored, made.unanswered, "the request cannot be answered for it")
    for quarter, reason in made.unanswered.items():
        context.log.warning(f"{quarter}: not clustered. {reason}")
    _show_latest(context, made.clusterings)
    return made.assignments(), made.quality(), made.scenarios()


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    ins={name: dg.AssetIn(key=[PRODUCT, name]) for name in ("store_features", "feature_catalogue", "cluster_scenarios")},
    **table_arguments(t.ClusterReport, kinds=("excel", "duckdb")),
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
    with warehouse.of(PRODUCT).read() as connection:
        data = snapshot(connection)
    provenance = Provenance(
        run_id=context.run.run_id,
        snapshot=data,
        made_at=dt.datetime.now(dt.UTC),
        made_by=context.run.tags.get("dagster/schedule_name") or context.run.tags.get("dagster/sensor_name") or "run by hand",
        code_version=version("vitrina"),
    )
    reports = write_reports(recluster(store_features, feature_catalogue, cluster_scenarios), provenance, warehouse.settings)
    context.add_output_metadata({"reports": dg.MetadataValue.md("\n".join(f"- `{path}`" for path in reports["path"]) or "none")})
    return reports


@dg.asset_check(
    asset=[PRODUCT, "cluster_quality"],
    name="number_of_clusters_qualifies",
    description="Every cluster of the number that is used has the minimum size, in every quarter.",
)
def number_of_clusters_qualifies(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """A warning, not a barrier: clusters of single stores are an answer, but one to look at."""
    with warehouse.of(PRODUCT).read() as connection:
        used = load(connection, t.ClusterQuality).filter("chosen")
    small = used.filter(~pl.col("qualifies"))
    return dg.AssetCheckResult(
        passed=small.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "quarters": used.height,
            "quarters_with_small_clusters": small.height,
            "threshold": 0,
            "examples": ", ".join(
                f"{row['quarter']}: {row['smallest_cluster']} store(s)" for row in small.head(10).iter_rows(named=True)
            ),
            "what_to_do": "Look at the small clusters in the report; choose the number by hand, a smaller minimum size or other features.",
        },
    )


CHECKS = [*(schema_check(table) for table in t.TABLES), number_of_clusters_qualifies]


def _quarters(context: dg.AssetExecutionContext) -> list[dt.date]:
    return [dt.date.fromisoformat(key) for key in context.partition_keys]


def _show_latest(context: dg.AssetExecutionContext, clusterings: Sequence[Clustering]) -> None:
    """Figures that Dagster plots, and pictures, of the run's last quarter."""
    from vitrina.stores.pictures import metadata_pictures  # noqa: PLC0415  # altair: loading the definitions need not pay for it

    if not clusterings:
        return
    latest = clusterings[-1]
    pictures = {name: picture(title, png) for name, (title, png) in metadata_pictures(latest).items()}
    chosen = latest.quality().filter("chosen").row(0, named=True)
    context.add_output_metadata(
        {
            "latest_quarter": str(latest.quarter),
            "clusters": latest.n_clusters,
            "stores": latest.stores.height,
            "components": latest.components.kept,
            "choice": latest.choice.describe(),
            "map": pictures["map"],
            "dendrogram": pictures["dendrogram"],
        },
        output_name="cluster_assignments",
    )
    context.add_output_metadata(
        {
            "silhouette": chosen["silhouette"],
            "davies_bouldin": chosen["davies_bouldin"],
            "smallest_cluster": chosen["smallest_cluster"],
            "measures": pictures["measures"],
        },
        output_name="cluster_quality",
    )
