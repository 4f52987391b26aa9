"""What the shop delivered, what users and items met, and what they are like."""

import dagster as dg
import polars as pl

from assets.marketplace.product import POOLED, PRODUCT, STAGED, outs
from resources.inbox_assets import inbox_assets
from resources.table_assets import table_arguments
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.marketplace import tables as t
from vitrina.marketplace.contracts import CONTRACTS
from vitrina.marketplace.event_meanings import event_meanings, recommender_settings
from vitrina.marketplace.raw_tables import MarketplaceDeliveries, MarketplaceRefusedRows
from vitrina.marketplace.staleness import log_end, staleness

marketplace_inbox = inbox_assets(
    PRODUCT, CONTRACTS, refused_table=MarketplaceRefusedRows, deliveries_table=MarketplaceDeliveries, consequences=staleness
)


@dg.multi_asset(name="settings_in_force", outs=outs(t.EventMeanings, t.RecommenderSettings), **POOLED)
def settings_in_force(warehouse: WarehouseResource) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the settings make of the log: SQL computes with it, and analysts see what was in force."""
    return event_meanings(warehouse.settings), recommender_settings(warehouse.settings)


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=[*STAGED, dg.AssetKey([PRODUCT, "event_meanings"])], **table_arguments(t.InteractionMatrix), **POOLED
)
def interaction_matrix(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> pl.DataFrame:
    """Who met what, how strongly and when: events weighed by kind and age, refunds taken back."""
    from vitrina.marketplace import matrix  # noqa: PLC0415  # altair: loading the definitions need not pay for it

    with warehouse.of(PRODUCT).read() as connection:
        made = matrix.interaction_matrix(connection, log_end(connection), warehouse.settings.marketplace_half_life_days)
        catalogue = connection.execute("SELECT item_id FROM stg_items").pl()
    context.add_output_metadata(
        {
            **matrix.matrix_measures(made, catalogue),
            "degrees": picture("How many items users met, and how many users items", matrix.degree_picture(made)),
        }
    )
    return made


@dg.multi_asset(
    name="features_of_marketplace",
    outs=outs(t.ItemFeatures, t.UserFeatures, t.FeatureEncoders),
    deps=[*STAGED, dg.AssetKey([PRODUCT, "stg_item_rules"])],
    **POOLED,
)
def features_of_marketplace(warehouse: WarehouseResource) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Platform, price band within the category, hour, weekday and category; and how each becomes numbers."""
    from vitrina.marketplace.encoding import feature_encoders  # noqa: PLC0415  # scikit-learn: as above
    from vitrina.marketplace.features import item_features, user_features  # noqa: PLC0415  # as above

    with warehouse.of(PRODUCT).read() as connection:
        as_of = log_end(connection)
        items = item_features(connection, as_of)
        users = user_features(connection, items, as_of)
    return items, users, feature_encoders(items, users)
