"""What the bank delivered, and what was known of each client before a month's snapshot."""

import dagster as dg
import polars as pl

from assets.propensity.product import BY_MONTH, POOLED, PRODUCT, keys_of, months_of, outs, read
from resources.inbox_assets import inbox_assets
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.propensity import tables as t
from vitrina.propensity.contracts import CONTRACTS
from vitrina.propensity.month_features import month_features
from vitrina.propensity.periods import propensity_settings, staleness
from vitrina.propensity.raw_tables import PropensityDeliveries, PropensityRefusedRows

propensity_inbox = inbox_assets(
    PRODUCT, CONTRACTS, refused_table=PropensityRefusedRows, deliveries_table=PropensityDeliveries, consequences=staleness
)


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=keys_of("deliveries"), **table_arguments(t.PropensitySettings), **POOLED
)
def settings_of_propensity(warehouse: WarehouseResource) -> pl.DataFrame:
    """Who is small business, who is never offered the account, and how far ahead an opening counts."""
    return propensity_settings(warehouse.settings)


@dg.multi_asset(
    name="features_of_clients",
    outs=outs(t.ClientFeatures, t.PropensityFeatureCatalogue),
    deps=keys_of("population", "stg_clients", "stg_payments", "stg_texts", "stg_column_rules"),
    **BY_MONTH,
)
def features_of_clients(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features of every client that may be scored, as of the day of the snapshot."""
    months = months_of(context)
    delivered = read(warehouse, "SELECT DISTINCT month FROM stg_clients")["month"].to_list()
    frames, catalogues, known = [], [], None
    # a month without a snapshot is a hole in a range, and an error by itself
    for month in [each for each in months if each in delivered] or months[:1]:
        with warehouse.of(PRODUCT).read() as connection:
            made = month_features(connection, month, known)
        for note in made.notes:
            context.log.info(f"{month}: {note}")
        frames.append(made.frame)
        catalogues.append(made.catalogue)
        # what a month of this run says holds for its later ones, whatever was stored of them
        known = made.kinds
    return pl.concat(frames, how="diagonal"), pl.concat(catalogues)
