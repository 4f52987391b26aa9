"""The scores of each month, by models that learnt only from months whose openings were known by then."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from assets.propensity.product import BY_MONTH, PRODUCT, SEED, features_of, keys_of, months_of, outs, read
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.propensity import tables as t
from vitrina.propensity.promotion import FIRST_CHAMPION
from vitrina.tables import Table
from vitrina.warehouse import stored_columns

SCORED = (t.FeatureSuspicions, t.PropensityTrials, t.PropensityModels, t.ModelPredictions, t.PropensityScores, t.PropensityDrift)


@dg.multi_asset(
    name="scores_of_clients",
    outs=outs(*SCORED, kinds=("scikitlearn", "duckdb")),
    deps=keys_of("client_features", "feature_catalogue", "labels"),
    **BY_MONTH,
)
def scores_of_clients(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[dg.Output[pl.DataFrame]]:
    """Champion and challenger taught anew for each month, calibrated on the last closed one; the better one makes the scores."""
    from vitrina.propensity.pictures import drift_pictures  # noqa: PLC0415  # charts: loading the definitions need not pay for them
    from vitrina.propensity.rolling import Rolling  # noqa: PLC0415  # scikit-learn: as above
    from vitrina.propensity.teaching import TooEarlyError  # noqa: PLC0415  # as above

    def stored(months: Sequence[dt.date]) -> pl.DataFrame:
        return features_of(warehouse, months)

    settings, months = warehouse.settings, months_of(context)
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
        *_before(warehouse, months[0]),
    )
    frames: dict[type[Table], list[pl.DataFrame]] = {table: [table.empty()] for table in SCORED}
    for month, found in rolling.scored(months):
        if isinstance(found, TooEarlyError):
            context.log.warning(f"{month}: no scores yet. {found}")
            continue
        context.log.info(f"{month}: {found.told}")
        for table, frame in found.frames.items():
            frames[table].append(frame)
    for table in SCORED:
        frame = pl.concat(frames[table])
        drawn = drift_pictures(frame) if table is t.PropensityDrift else {}
        metadata = {name: picture(title, png) for name, (title, png) in drawn.items()}
        yield dg.Output(frame, output_name=table.table_name(), metadata=metadata)


def _before(warehouse: WarehouseResource, month: dt.date) -> tuple[str, pl.DataFrame]:
    """Family that made the scores of the last scored month before this one, and what both models said in the months before."""
    with warehouse.of(PRODUCT).read() as connection:
        if not stored_columns(connection, t.PropensityModels.table_name()):
            return FIRST_CHAMPION, t.ModelPredictions.empty()
    found = read(
        warehouse,
        "SELECT arg_max(family, month) AS family FROM propensity_models WHERE makes_scores AND month < $month",
        month=month,
    )
    said = read(warehouse, "SELECT month, client_id, logistic, boosted FROM model_predictions WHERE month < $month", month=month)
    return found["family"][0] or FIRST_CHAMPION, said
