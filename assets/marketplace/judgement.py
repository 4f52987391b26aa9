"""How good the recommendations are, on a time that no model has seen."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.marketplace.product import POOLED, PRODUCT, STAGED, cache_of, inputs, outs, staged_log
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.marketplace import judgement_tables as j
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.windows import plan
from vitrina.warehouse import load

SEED = 0
WORTH_PROCESSES_S = 30
ON_TRIAL = (j.RecommenderQuality, j.CustomerTargets, j.RerankerImportance, j.RecommendationStability, j.PriceSanity)


@dg.multi_asset(
    name="search_for_parameters",
    outs=outs(j.ModelTrials, j.ChosenParameters, kinds=("python", "duckdb")),
    deps=STAGED,
    **POOLED,
)
def search_for_parameters(warehouse: WarehouseResource) -> Iterator[dg.Output[pl.DataFrame]]:
    """Hyper-parameters by rolling folds in time, all of them over before the validation window begins."""
    from vitrina.marketplace.search import search  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.marketplace.search_pictures import search_pictures  # noqa: PLC0415  # as above

    settings, log = warehouse.settings, staged_log(warehouse)
    windows = plan(log, settings.marketplace_horizon_days)
    budget_s = settings.marketplace_search_s
    # starting processes takes longer than a short search
    parameters, trials = search(log, windows, budget_s=budget_s, seed=SEED, processes=1 if budget_s < WORTH_PROCESSES_S else 2)
    chosen = pl.DataFrame(
        [
            {
                "as_of": log.end,
                "parameters": parameters.as_json(),
                "trials": trials.select("scorer", "trial").n_unique(),
                "folds": trials["fold"].n_unique(),
            }
        ],
        schema=j.ChosenParameters.polars_schema(),
    )
    pictures = {name: picture(title, png) for name, (title, png) in search_pictures(trials).items()}
    yield dg.Output(trials, output_name="model_trials", metadata=pictures)
    yield dg.Output(chosen, output_name="chosen_parameters", metadata={"parameters": dg.MetadataValue.json(parameters.as_dict())})


@dg.multi_asset(
    name="recommender_on_trial",
    ins=inputs("chosen_parameters"),
    outs=outs(*ON_TRIAL, kinds=("scikitlearn", "duckdb")),
    deps=STAGED,
    **POOLED,
)
def recommender_on_trial(warehouse: WarehouseResource, chosen_parameters: pl.DataFrame) -> Iterator[dg.Output[pl.DataFrame]]:
    """Every model on the validation and the test window, with intervals; what the re-ranker looks at; how steady it is."""
    from vitrina.marketplace.fitted import Fitted  # noqa: PLC0415  # scipy: loading the definitions need not pay for it
    from vitrina.marketplace.whole_judgement import whole_judgement  # noqa: PLC0415  # as above

    settings, log = warehouse.settings, staged_log(warehouse)
    fitted = Fitted(log, Parameters.from_json(chosen_parameters["parameters"][0]), SEED, cache_of(settings))
    windows = plan(log, settings.marketplace_horizon_days)
    store = warehouse.of(PRODUCT)
    found = whole_judgement(fitted, windows, store, min_users=settings.marketplace_min_users)
    with store.read() as connection:
        before = load(connection, j.RecommenderQuality).filter(pl.col("as_of") != log.end)
        targets_before = load(connection, j.CustomerTargets).filter(pl.col("as_of") != log.end)
    frames = found.frames()
    frames[j.RecommenderQuality] = pl.concat([before, frames[j.RecommenderQuality]])
    frames[j.CustomerTargets] = pl.concat([targets_before, frames[j.CustomerTargets]])
    for table in ON_TRIAL:
        metadata = _headline(found.headline(), found.latest_feature_at) if table is j.RecommenderQuality else {}
        yield dg.Output(frames[table], output_name=table.table_name(), metadata=metadata)


def _headline(measures: dict[str, float], latest_feature_at: dt.date) -> dict[str, dg.MetadataValue]:
    """Figures that Dagster plots over runs."""
    return {
        **{name: dg.MetadataValue.float(value) for name, value in measures.items()},
        "latest_feature_at": dg.MetadataValue.text(latest_feature_at.isoformat()),
    }
