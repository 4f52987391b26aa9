"""What the retailer delivered, and what each store was like."""

import datetime as dt

import dagster as dg
import polars as pl

from assets.stores.quarters import BY_QUARTER, PRODUCT, quarters_of
from resources.inbox_assets import inbox_assets
from resources.table_assets import table_out
from resources.warehouse import WarehouseResource
from vitrina.stores import tables as t
from vitrina.stores.contracts import CONTRACTS
from vitrina.stores.features import features_of_quarters
from vitrina.stores.network import read_network, staleness, stored_quarters
from vitrina.stores.quarterly import refuse_to_empty

SOURCES = ("stg_stores", "stg_sales", "stg_geo", "store_month_sales")

stores_inbox = inbox_assets(
    PRODUCT, CONTRACTS, refused_table=t.StoresRefusedRows, deliveries_table=t.StoresDeliveries, consequences=staleness
)


@dg.multi_asset(
    name="features_of_stores",
    outs={table.table_name(): table_out(table, code_version="2") for table in (t.StoreFeatures, t.FeatureCatalogue)},
    deps=[dg.AssetKey([PRODUCT, source]) for source in SOURCES],
    **BY_QUARTER,
)
def features_of_stores(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features of every store that sold in the trailing window, for each window and each complete quarter of the run."""
    settings = warehouse.settings
    with warehouse.of(PRODUCT).read() as connection:
        network, stored = read_network(connection), stored_quarters(connection, t.StoreFeatures)
    made = features_of_quarters(
        network,
        quarters_of(context),
        since=settings.first_quarter,
        today=dt.datetime.now(dt.UTC).date(),
        max_category_shares=settings.max_category_shares,
    )
    refuse_to_empty(stored, made.skipped, "its sales are no longer complete")
    for quarter in made.skipped:
        context.log.warning(f"{quarter}: sales are not complete, nothing was computed.")
    return made.features, made.catalogue
