"""The warehouse of a tiny made-up marketplace: computed by the code that users run, with models as small as can be."""

import datetime as dt
from pathlib import Path

import polars as pl

from simulation.marketplace_inbox import write_inbox
from simulation.retailer import Size
from tests.dbt_sql import select_of
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.marketplace import judgement_tables as j
from vitrina.marketplace import pilot_tables as p
from vitrina.marketplace import tables as t
from vitrina.marketplace.contracts import CONTRACTS
from vitrina.marketplace.encoding import feature_encoders
from vitrina.marketplace.event_meanings import event_meanings, recommender_settings
from vitrina.marketplace.features import item_features, user_features
from vitrina.marketplace.fitted import Fitted
from vitrina.marketplace.log import read_log
from vitrina.marketplace.matrix import interaction_matrix
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.pilot_results import pilot_results
from vitrina.marketplace.piloting import pilots
from vitrina.marketplace.publishing import everything_shown
from vitrina.marketplace.raw_tables import MarketplaceDeliveries, MarketplaceRefusedRows, RawExpertVerdicts
from vitrina.marketplace.recommending import Offer
from vitrina.marketplace.uptake import uptake
from vitrina.marketplace.whole_judgement import whole_judgement
from vitrina.marketplace.windows import plan
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate, replace

PRODUCT = "marketplace"
STAGING = ("stg_event_rows", "event_findings", "bot_days", "stg_events", "event_quality", "stg_items", "stg_item_rules")
STAGING_OF_PEOPLE = ("stg_shown", "stg_expert_verdicts")
MARTS = ("mart_recommendation_quality", "mart_recommendation_segments", "mart_item_reach", "mart_recommendation_uptake")
SMALL = Parameters(components=8, epochs=3, trees=20, leaves=7, seeds=1)
RUN = "a run"


def fill(settings: Settings, now: dt.datetime) -> Warehouse:
    """Every table of the product, from the inbox to the marts."""
    write_inbox(Path(str(settings.inbox_folder)), Size.TINY, 1)
    warehouse = Warehouse(locate(settings, PRODUCT))
    _load(warehouse, settings, now)
    _build(warehouse, STAGING)
    with warehouse.read() as connection:
        log = read_log(connection)
        items = item_features(connection, log.end)
        users = user_features(connection, items, log.end)
        matrix = interaction_matrix(connection, log.end, settings.marketplace_half_life_days)
    windows, fitted = plan(log, settings.marketplace_horizon_days), Fitted(log, SMALL, 0)
    judged = whole_judgement(fitted, windows, warehouse, min_users=settings.marketplace_min_users)
    offer = Offer(settings.marketplace_list_length, settings.marketplace_min_users, judged.judgement.diversity)
    frames = {
        t.InteractionMatrix: matrix,
        t.ItemFeatures: items,
        t.UserFeatures: users,
        t.FeatureEncoders: feature_encoders(items, users),
        **_searched(log.end),
        **judged.frames(),
        **everything_shown(fitted, windows, items, users, offer, data=settings.data, run_id=RUN),
    }
    _store(warehouse, frames)
    _store(warehouse, _of_people(warehouse, settings, frames, now))
    _build(warehouse, MARTS)
    return warehouse


def _load(warehouse: Warehouse, settings: Settings, now: dt.datetime) -> None:
    ledger = Ledger(settings.ledger)
    ingest(PRODUCT, CONTRACTS, settings=settings, warehouse=warehouse, ledger=ledger, now=now, refused_table=MarketplaceRefusedRows)
    delivered = ledger.deliveries(PRODUCT).cast(pl.Schema(MarketplaceDeliveries.polars_schema()))
    meant = {t.EventMeanings: event_meanings(settings), t.RecommenderSettings: recommender_settings(settings)}
    _store(warehouse, {MarketplaceDeliveries: delivered, **meant})


def _searched(as_of: dt.date) -> dict[type, pl.DataFrame]:
    """What a search would leave behind: it starts processes of its own, and tables are all that is wanted here."""
    trial = {
        "scorer": "reranker", "trial": 0, "fold": as_of - dt.timedelta(days=60), "parameters": SMALL.as_json(),
        "measure": "precision_at_10", "training": 0.2, "value": 0.1, "n": 20, "chosen": True,
    }  # fmt: skip
    chosen = {"as_of": as_of, "parameters": SMALL.as_json(), "trials": 1, "folds": 1}
    return {
        j.ModelTrials: pl.DataFrame([trial], schema=j.ModelTrials.polars_schema()),
        j.ChosenParameters: pl.DataFrame([chosen], schema=j.ChosenParameters.polars_schema()),
    }


def _of_people(
    warehouse: Warehouse, settings: Settings, made: dict[type, pl.DataFrame], now: dt.datetime
) -> dict[type, pl.DataFrame]:
    """A pilot with the verdicts of two experts, who like most of what was recommended; and what users did."""
    with warehouse.read() as connection:
        events = connection.execute("SELECT * FROM stg_events ORDER BY event_time, source_row, position").pl()
    drawn = (p.PilotCases.empty(), p.PilotSheets.empty())
    cases, sheets = pilots(
        *drawn,
        *(made[table] for table in (t.Recommendations, t.ItemFeatures, t.UserFeatures)),
        histories=events, pilot=None, n_users=5, seed=0, settings=settings, now=now,
    )  # fmt: skip
    liked = pl.when("recommended").then(pl.col("position") % 4 != 0).otherwise(pl.col("position") % 3 == 0)
    verdicts = pl.concat(
        [
            cases.select("pilot", "case", "item_id", expert=pl.lit(expert), suits=liked & (pl.col("position") % often != 0))
            for expert, often in (("A. B.", 7), ("C. D.", 11))
        ]
    ).with_row_index("source_row", offset=2)
    delivered = verdicts.with_columns(source_file=pl.lit("expert_verdicts/all.xlsx"), delivery=99)
    schema = RawExpertVerdicts.polars_schema()
    _store(warehouse, {RawExpertVerdicts: delivered.select(schema.keys()).cast(pl.Schema(schema))})
    _build(warehouse, STAGING_OF_PEOPLE)
    with warehouse.read() as connection:
        given, shown = (connection.execute(f"SELECT * FROM {model}").pl() for model in ("stg_expert_verdicts", "stg_shown"))
    return {
        p.PilotCases: cases,
        p.PilotSheets: sheets,
        p.PilotResults: pilot_results(cases, given),
        p.RecommendationUptake: uptake(shown, events, seed=0),
    }


def _store(warehouse: Warehouse, frames: dict[type, pl.DataFrame]) -> None:
    with warehouse.write() as connection:
        for table, frame in frames.items():
            replace(connection, table, frame)


def _build(warehouse: Warehouse, models: tuple[str, ...]) -> None:
    with warehouse.write() as connection:
        for model in models:
            connection.execute(f"CREATE TABLE {model} AS {select_of(PRODUCT, model)}")
