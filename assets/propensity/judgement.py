"""How good past scores have been, once their openings are known, and what the optimiser's offers have brought."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.propensity.product import BY_MONTH, POOLED, PRODUCT, SEED, keys_of, months_of, outs, read
from resources.table_assets import table_arguments
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.propensity import tables as t
from vitrina.propensity.campaign_tables import CampaignEffect, CampaignLists, OptimiserFiles
from vitrina.sql import quote
from vitrina.tables import Table
from vitrina.warehouse import load

CARD_TABLES = (t.PropensityModels, t.PropensityBacktest, t.PropensityDrift, t.FeatureSuspicions)
SCORES = """
    SELECT scores.client_id, scores.probability, scores.rank, scores.version AS model_version, features.snapshot_date
    FROM propensity_scores AS scores
    INNER JOIN client_features AS features ON scores.month = features.month AND scores.client_id = features.client_id
    WHERE scores.month = $month
    ORDER BY scores.rank
"""
LABELS = "SELECT client_id, month, opened FROM labels ORDER BY month, client_id"


@dg.multi_asset(
    name="backtest_of_scores",
    outs=outs(t.PropensityBacktest, t.PropensityDeciles, kinds=("python", "duckdb")),
    deps=keys_of("model_predictions", "labels", "stg_clients"),
    **POOLED,
)
def backtest_of_scores(warehouse: WarehouseResource) -> Iterator[dg.Output[pl.DataFrame]]:
    """Gini, KS, lift and calibration by month, with intervals, for champion, challenger and what a sceptic would use instead."""
    from vitrina.propensity import pictures  # noqa: PLC0415  # a chart library: loading the definitions need not pay for it
    from vitrina.propensity.backtest import backtest_rows, deciles_of_months  # noqa: PLC0415  # as above

    predictions = read(warehouse, "SELECT * FROM model_predictions ORDER BY month, client_id")
    labels = read(warehouse, LABELS)
    segments = read(warehouse, "SELECT month, client_id, segment, left(okved, 2) AS activity FROM stg_clients")
    backtest, deciles = backtest_rows(predictions, labels, segments, seed=SEED), deciles_of_months(predictions, labels)
    for table, frame, drawn in (
        (t.PropensityBacktest, backtest, pictures.backtest_pictures(backtest)),
        (t.PropensityDeciles, deciles, pictures.decile_pictures(deciles)),
    ):
        metadata = {name: picture(title, png) for name, (title, png) in drawn.items()}
        yield dg.Output(frame, output_name=table.table_name(), metadata=metadata)


@dg.multi_asset(
    name="file_for_the_optimiser",
    outs=outs(CampaignLists, OptimiserFiles, kinds=("csv", "parquet")),
    # a column that gives the answer away, or scores that rank no better than chance, hold the file back
    deps=keys_of("propensity_scores", "propensity_backtest", "client_features", "stg_clients"),
    **BY_MONTH,
)
def file_for_the_optimiser(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Whom to offer the account, whom to leave alone so that the effect can be proven: CSV, Parquet and manifest."""
    from vitrina.propensity.campaign_file import Campaign, campaign_list, write_campaign_file  # noqa: PLC0415  # as above

    settings, lists, files = warehouse.settings, [CampaignLists.empty()], [OptimiserFiles.empty()]
    newest = read(warehouse, "SELECT max(month) AS month FROM stg_clients")["month"][0]
    for month in months_of(context):
        kept = [_stored(warehouse, table, month) for table in (CampaignLists, OptimiserFiles)]
        if month != newest and kept[0].height:
            # it has been handed over: what came of it is measured on the very same clients
            lists.append(kept[0])
            files.append(kept[1])
            continue
        scores = read(warehouse, SCORES, month=month)
        if scores.is_empty():
            continue
        campaign = Campaign(
            month,
            scores["snapshot_date"][0],
            settings.propensity_contacts,
            round(settings.propensity_opening_value * 100),
            round(settings.propensity_contact_cost * 100),
            settings.propensity_control_share,
            SEED,
        )
        listed = campaign_list(scores, campaign)
        if listed.is_empty():
            context.log.warning(f"{month}: no client is worth the cost of a contact; there is no file.")
            continue
        lists.append(listed)
        files.append(write_campaign_file(listed, campaign, data=settings.data, run_id=context.run.run_id))
    return pl.concat(lists), pl.concat(files)


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=keys_of("campaign_lists", "propensity_scores", "stg_openings", "stg_contacts"), **table_arguments(CampaignEffect), **POOLED
)
def campaign_effects(warehouse: WarehouseResource) -> pl.DataFrame:
    """Uplift against those who were left alone, cost per opening by channel, and today's rules at equal budget."""
    from vitrina.propensity.campaign_effect import campaign_effect  # noqa: PLC0415  # as above

    openings = read(warehouse, "SELECT client_id, opened_on FROM stg_openings ORDER BY client_id, opened_on")
    if openings.is_empty():
        return CampaignEffect.empty()
    return campaign_effect(
        read(warehouse, "SELECT * FROM campaign_lists ORDER BY month, rank"),
        openings,
        read(warehouse, "SELECT * FROM stg_contacts ORDER BY client_id, date, channel"),
        delivered_until=openings.select(pl.col("opened_on").max()).item(),
        ranking=read(warehouse, "SELECT month, client_id, rank FROM propensity_scores ORDER BY month, rank"),
        horizon_months=warehouse.settings.propensity_horizon_months,
        seed=SEED,
    )


def _stored(warehouse: WarehouseResource, table: type[Table], month: dt.date) -> pl.DataFrame:
    with warehouse.of(PRODUCT).read() as connection:
        return load(connection, table, {"month": [month]})


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    deps=keys_of("propensity_models", "propensity_backtest", "propensity_drift", "feature_suspicions", "population"),
    **table_arguments(t.ModelCards),
    **POOLED,
)
def model_cards(warehouse: WarehouseResource) -> pl.DataFrame:
    """What each month's model is, what it learnt from, how good it has been, where its limits are; in both languages."""
    from vitrina.propensity import cards  # noqa: PLC0415  # as above

    frames = (read(warehouse, f"SELECT * FROM {quote(table.table_name())}") for table in CARD_TABLES)  # noqa: S608  # quoted
    models, backtest, drift, suspicions = frames
    excluded = read(
        warehouse, "SELECT month, coalesce(excluded_by, 'scored') AS rule, count(*) AS clients FROM population GROUP BY ALL"
    )
    return cards.model_cards(models, backtest, drift, excluded, suspicions)
