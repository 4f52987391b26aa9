"""The scores of each month, by models that learnt only from months whose openings were known by then."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from assets.propensity.product import BY_MONTH, PRODUCT, SEED, features_of, keys_of, months_of, outs, read
from resources.warehouse import WarehouseResource
from vitrina.propensity import tables as t
from vitrina.tables import Table

SCORED = (t.FeatureSuspicions, t.PropensityTrials, t.PropensityModels, t.ModelPredictions, t.PropensityScores, t.PropensityDrift)


@dg.multi_asset(
    name="scores_of_clients",
    outs=outs(*SCORED, kinds=("scikitlearn", "duckdb")),
    deps=keys_of("client_features", "feature_catalogue", "labels"),
    **BY_MONTH,
)
def scores_of_clients(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[dg.Output[pl.DataFrame]]:
    """Champion and challenger taught anew for each month, calibrated on the last closed one; the better one makes the scores."""
    from vitrina.propensity.rolling import Rolling  # noqa: PLC0415  # as above
    from vitrina.propensity.teaching import TooEarlyError  # noqa: PLC0415  # scikit-learn: loading the definitions need not pay for it

    def stored(months: Sequence[dt.date]) -> pl.DataFrame:
        return features_of(warehouse, months)

    settings = warehouse.settings
    rolling = Rolling(
        read(warehouse, "SELECT client_id, month, opened, snapshot_date, window_until FROM labels ORDER BY month, client_id"),
        stored,
        settings.propensity_training_months,
        settings.data / "artifacts" / PRODUCT / t.PropensityModels.table_name(),
        settings.data,
        SEED,
        # the newest name of a column is the one that people know
        dict(read(warehouse, "SELECT feature, arg_max(label, month) FROM feature_catalogue GROUP BY feature").iter_rows()),
        context.run.run_id[:8],
    )
    frames: dict[type[Table], list[pl.DataFrame]] = {table: [table.empty()] for table in SCORED}
    for month, found in rolling.scored(months_of(context)):
        if isinstance(found, TooEarlyError):
            context.log.warning(f"{month}: no scores yet. {found}")
            continue
        context.log.info(f"{month}: {found.told}")
        for table, frame in found.frames.items():
            frames[table].append(frame)
    for table in SCORED:
        yield dg.Output(pl.concat(frames[table]), output_name=table.table_name())
