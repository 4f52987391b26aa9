"""What everybody is shown: lists for users, pages of items, strangers, and the factors of fresh answers."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.marketplace.judgement import SEED
from assets.marketplace.product import POOLED, PRODUCT, STAGED, cache_of, inputs, outs, staged_log
from resources.warehouse import WarehouseResource
from vitrina.marketplace import tables as t
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.windows import plan

SHOWN = (t.Recommendations, t.SimilarItems, t.PopularItems, t.RecommenderModels)


@dg.multi_asset(
    name="recommendations_for_everybody",
    ins=inputs("item_features", "user_features", "chosen_parameters", "recommender_quality"),
    outs=outs(*SHOWN, kinds=("scikitlearn", "duckdb")),
    # a dear purchase that turns lists dear holds them back as well
    deps=[*STAGED, dg.AssetKey([PRODUCT, "price_sanity"])],
    **POOLED,
)
def recommendations_for_everybody(  # noqa: PLR0913, PLR0917  # one parameter per input, and Dagster passes them by name
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    item_features: pl.DataFrame,
    user_features: pl.DataFrame,
    chosen_parameters: pl.DataFrame,
    recommender_quality: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Trained on the whole log with what was chosen; runs only after the judgement's blocking checks have passed."""
    from vitrina.marketplace.fitted import Fitted  # noqa: PLC0415  # scipy: loading the definitions need not pay for it
    from vitrina.marketplace.publishing import chosen_diversity, everything_shown  # noqa: PLC0415  # as above
    from vitrina.marketplace.recommending import Offer  # noqa: PLC0415  # as above

    settings, log = warehouse.settings, staged_log(warehouse)
    parameters = Parameters.from_json(chosen_parameters["parameters"][0])
    fitted = Fitted(log, parameters, SEED, cache_of(settings))
    offer = Offer(
        settings.marketplace_list_length,
        settings.marketplace_min_users,
        chosen_diversity(recommender_quality, log.end),
        settings.marketplace_repeats,
    )
    frames = everything_shown(
        fitted,
        plan(log, settings.marketplace_horizon_days),
        item_features,
        user_features,
        offer,
        data=settings.data,
        run_id=context.run.run_id,
    )
    for table in SHOWN:
        made = frames[table]
        metadata = (
            {"users": made["user_hash"].n_unique(), "items_shown": made["item_id"].n_unique()} if table is t.Recommendations else {}
        )
        yield dg.Output(made, output_name=table.table_name(), metadata=metadata)
