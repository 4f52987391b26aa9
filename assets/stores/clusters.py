"""The clusters of every quarter: the request answered on that quarter's own data."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl

from assets.stores.quarters import BY_QUARTER, PRODUCT, cache_of, inputs
from resources.scenario import ClusteringRequest
from resources.table_assets import table_key, table_out
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.stores import model_tables as m
from vitrina.stores import tables as t
from vitrina.stores.clustering import Clustering
from vitrina.stores.network import stored_quarters
from vitrina.stores.quarterly import ROWS, cluster_quarters, refuse_to_empty
from vitrina.stores.standing import approved_request
from vitrina.warehouse import load


@dg.multi_asset(
    name="clusters_of_stores",
    ins=inputs("store_features", "feature_catalogue"),
    deps=[table_key(m.ClusterModels)],
    outs={table.table_name(): table_out(table, kinds=("scikitlearn", "polars", "duckdb"), code_version="2") for table in ROWS},
    **BY_QUARTER,
)
def clusters_of_stores(
    context: dg.AssetExecutionContext,
    config: ClusteringRequest,
    warehouse: WarehouseResource,
    store_features: pl.DataFrame,
    feature_catalogue: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Gaps filled, standardised, components with an eigenvalue of at least 1, Ward; the number of clusters by hand or chosen."""
    with warehouse.of(PRODUCT).read() as connection:
        stored = stored_quarters(connection, t.ClusterAssignments)
        approved = approved_request(load(connection, m.ClusterModels))
    scenario = config.scenario(approved)
    # an approved request goes on being answered where a later quarter lacks one of its features; drift names the column
    made = cluster_quarters(
        store_features, feature_catalogue, scenario, cache_of(warehouse.settings), strict=scenario is not approved
    )
    refuse_to_empty(stored, made.unanswered, "the request cannot be answered for it")
    for quarter, reason in made.unanswered.items():
        context.log.warning(f"{quarter}: not clustered. {reason}")
    metadata = _metadata_of_latest(made.clusterings)
    for table in ROWS:
        yield dg.Output(made.rows(table), output_name=table.table_name(), metadata=metadata.get(table.table_name(), {}))


def _metadata_of_latest(clusterings: Sequence[Clustering]) -> dict[str, dict[str, Any]]:
    """Figures that Dagster plots, and pictures, of the run's last quarter, by table."""
    from vitrina.stores.pictures import metadata_pictures  # noqa: PLC0415  # altair: loading the definitions need not pay for it

    if not clusterings:
        return {}
    latest = clusterings[-1]
    pictures = {name: picture(title, png) for name, (title, png) in metadata_pictures(latest).items()}
    chosen = latest.measures.filter("chosen").row(0, named=True)
    return {
        "cluster_assignments": {
            "latest_quarter": str(latest.quarter),
            "clusters": latest.n_clusters,
            "stores": latest.stores.height,
            "components": latest.components.kept,
            "choice": latest.choice.describe(),
            "fingerprint": latest.fingerprint,
            "map": pictures["map"],
            "dendrogram": pictures["dendrogram"],
        },
        "cluster_quality": {
            "silhouette": chosen["silhouette"],
            "davies_bouldin": chosen["davies_bouldin"],
            "weighted_jaccard": chosen["jaccard"],
            "smallest_cluster": chosen["smallest_cluster"],
            "choice": latest.choice.describe(),
            "table_of_k": _markdown(latest.measures),
            "measures": pictures["measures"],
        },
    }


def _markdown(measures: pl.DataFrame) -> dg.MetadataValue:
    """The whole table of k, so that one sees why a number was chosen."""
    lines = ["| " + " | ".join(measures.columns) + " |", "|" + "---|" * measures.width]
    for row in measures.iter_rows():
        cells = ("" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value) for value in row)
        lines.append("| " + " | ".join(cells) + " |")
    return dg.MetadataValue.md("\n".join(lines))
