"""The warehouse of a tiny made-up bank: rows by hand and by a few draws, scored and judged by the code that users run."""

import datetime as dt

import numpy as np
import polars as pl

from tests.dbt_sql import select_of
from vitrina.months import add_months
from vitrina.propensity import tables as t
from vitrina.propensity.backtest import backtest_rows, deciles_of_months
from vitrina.propensity.campaign_effect import campaign_effect
from vitrina.propensity.campaign_file import RULE, Campaign, campaign_list, write_campaign_file
from vitrina.propensity.campaign_tables import CampaignEffect, CampaignLists, OptimiserFiles
from vitrina.propensity.models import ModelParameters
from vitrina.propensity.month_features import MonthFeatures, month_features
from vitrina.propensity.monthly import Scored, score_month
from vitrina.propensity.periods import propensity_settings
from vitrina.propensity.raw_tables import (
    PropensityDeliveries,
    PropensityRefusedRows,
    RawClients,
    RawColumnRules,
    RawContacts,
    RawOpenings,
    RawPayments,
    RawTexts,
)
from vitrina.propensity.teaching import lessons, taught_by
from vitrina.settings import Settings
from vitrina.tables import Table
from vitrina.warehouse import Warehouse, locate, replace

PRODUCT = "propensity"
STAGING = ("stg_clients", "stg_openings", "stg_payments", "stg_texts", "stg_contacts", "stg_column_rules", "population", "labels")
MARTS = ("mart_propensity_scores", "mart_propensity_quality", "mart_exclusion_audit", "mart_campaign_effect")
MONTHS = tuple(add_months(dt.date(2025, 10, 1), number) for number in range(12))
SCORED = (MONTHS[7], MONTHS[8], MONTHS[11])
"""Two whose openings are known, for figures over time, and the newest."""

DELIVERED_UNTIL = dt.date(2026, 9, 30)
N_CLIENTS = 700
CONTACTS = 100
HORIZON = 3
SMALL = {"logistic": ModelParameters(text_components=2), "boosted": ModelParameters(trees=10, text_components=2)}
RUN = "a_run"


def fill(settings: Settings, now: dt.datetime) -> Warehouse:
    """Every table of the product, from raw rows to the marts."""
    warehouse = Warehouse(locate(settings, PRODUCT))
    _store(warehouse, {**_delivered(now), t.PropensitySettings: propensity_settings(settings)})
    _build(warehouse, STAGING)
    _store(warehouse, _learnt(warehouse, settings))
    lists, files = _campaigns(warehouse, settings)
    _store(warehouse, {CampaignLists: lists, OptimiserFiles: files, RawContacts: _contacts(lists)})
    _build(warehouse, ("stg_contacts",))
    _store(warehouse, _judged(warehouse))
    _build(warehouse, MARTS)
    return warehouse


def _delivered(now: dt.datetime) -> dict[type[Table], pl.DataFrame]:
    """Firms whose propensity rests on their turnover; a rate that is the same for all clients of a month moves with the calendar."""
    rng = np.random.default_rng(1)
    names = [f"{number:05d}" for number in range(N_CLIENTS)]
    wish = rng.normal(size=N_CLIENTS)
    opens = {}
    for month in MONTHS:
        chance = 1 / (1 + np.exp(3.2 - wish))
        for place in np.flatnonzero(rng.random(N_CLIENTS) < chance):
            opens.setdefault(names[place], month + dt.timedelta(days=int(rng.integers(1, 28))))
    opens[names[0]] = DELIVERED_UNTIL
    clients = [
        {
            "client_id": name,
            "snapshot_date": month,
            "segment": "small business" if place % 3 else "micro",
            "okved": "47.11" if place % 2 else "56.10",
            "status": "liquidated" if place % 50 == 7 and month > MONTHS[6] else "active",
            "registered_on": dt.date(2015 + place % 10, 1, 1),
            "x_turnover": f"{1000 * np.exp(wish[place] + 0.1 * number):.0f}",
            "x_rate": str(10 + number),
        }
        for number, month in enumerate(MONTHS)
        for place, name in enumerate(names)
    ]
    payments = [
        {"client_id": name, "date": month + dt.timedelta(days=place % 28), "amount_minor": 100 * (place + 1), "direction": "in"}
        for month in MONTHS
        for place, name in enumerate(names)
        if place % 4 == 0
    ]
    texts = [{"client_id": name, "text": ("bread and pastry", "repair of cars")[place % 2]} for place, name in enumerate(names)]
    return {
        RawClients: _raw(RawClients, clients, "clients/all.csv"),
        RawOpenings: _raw(RawOpenings, [{"client_id": name, "opened_on": day} for name, day in opens.items()], "openings.csv"),
        RawPayments: _raw(RawPayments, payments, "payments/all.csv"),
        RawTexts: _raw(RawTexts, texts, "texts.csv"),
        RawContacts: RawContacts.empty(),
        RawColumnRules: RawColumnRules.empty(),
        PropensityDeliveries: _one(PropensityDeliveries, received_at=now, **_DELIVERY),
        PropensityRefusedRows: _one(PropensityRefusedRows, **_REFUSAL),
    }


_DELIVERY = {
    "delivery": 1, "source_file": "propensity/openings.csv", "contract": "openings", "version": 1, "state": "loaded",
    "rows_read": 2, "rows_loaded": 1, "rows_refused": 1, "fingerprint": "0" * 64, "first_date": MONTHS[0],
    "last_date": DELIVERED_UNTIL,
}  # fmt: skip
_REFUSAL = {
    "source_file": "propensity/openings.csv", "source_row": 3, "column_name": "opened_on", "contract": "openings", "delivery": 1,
    "value": "вчера", "expectation": "a date such as 2024-01-31 or 31.01.2024", "remedy": "Write the date as 2024-01-31.",
}  # fmt: skip


def _learnt(warehouse: Warehouse, settings: Settings) -> dict[type[Table], pl.DataFrame]:
    """Features of all months, and the scores of some of them."""
    made: list[MonthFeatures] = []
    with warehouse.read() as connection:
        for month in MONTHS:
            made.append(month_features(connection, month, made[-1].kinds if made else {}))
        labels = connection.execute(
            "SELECT client_id, month, opened, snapshot_date, window_until FROM labels ORDER BY month, client_id"
        ).pl()
    features, catalogue = pl.concat([of.frame for of in made], how="diagonal"), pl.concat([of.catalogue for of in made])
    names = dict(catalogue.select("feature", "label").unique().iter_rows())
    scored: list[Scored] = []
    for month in SCORED:
        taught = taught_by(lessons(labels, month), labels, lambda of: features.filter(pl.col("month").is_in(list(of))))
        folder = settings.data / "artifacts" / PRODUCT / "propensity_models" / RUN
        clients = features.filter(month=month)
        scored.append(
            score_month(
                month, clients, taught, parameters=SMALL, labels_of_columns=names, folder=folder, data=settings.data, seed=0
            )
        )
    frames = {table: pl.concat([of.frames[table] for of in scored]) for table in scored[0].frames}
    return {
        t.ClientFeatures: features,
        t.PropensityFeatureCatalogue: catalogue,
        **frames,
        t.PropensityTrials: _trial(),
        t.ModelCards: _card(str(frames[t.PropensityModels].filter("makes_scores")["version"][-1])),
    }


def _trial() -> pl.DataFrame:
    """What a search would leave behind."""
    return _one(
        t.PropensityTrials, month=SCORED[-1], family="logistic", trial=0, fold=MONTHS[7], gini=0.3, clients=N_CLIENTS,
        parameters=SMALL["logistic"].as_json(), openings=60, chosen=True,
    )  # fmt: skip


def _card(version: str) -> pl.DataFrame:
    return _one(t.ModelCards, month=SCORED[-1], locale="en", version=version, card="# Model")


def _campaigns(warehouse: Warehouse, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    lists, files = [], []
    for month in SCORED:
        campaign = Campaign(month, month, CONTACTS, 1_000_000, 10_000, 0.2)
        scores = _read(warehouse, f"SELECT *, version AS model_version FROM propensity_scores WHERE month = DATE '{month}'")
        lists.append(campaign_list(scores, campaign))
        files.append(write_campaign_file(lists[-1], campaign, data=settings.data, run_id=RUN))
    return pl.concat(lists), pl.concat(files)


def _contacts(lists: pl.DataFrame) -> pl.DataFrame:
    """Managers have called whom the file says, and others by a rule of their own."""
    offered = lists.filter(group="offer").select("client_id", date=pl.col("month").dt.offset_by("5d"), rule=pl.lit(RULE))
    others = [
        {"client_id": f"{place:05d}", "date": add_months(month, 0) + dt.timedelta(days=6), "rule": "age of the firm above 2 years"}
        for month in SCORED
        for place in range(0, N_CLIENTS, 5)
    ]
    rows = pl.concat([offered, pl.DataFrame(others).select(offered.columns)]).with_columns(
        channel=pl.lit("manager"), cost_minor=pl.lit(15_000)
    )
    return _raw(RawContacts, rows.rows(named=True), "contacts.csv")


def _judged(warehouse: Warehouse) -> dict[type[Table], pl.DataFrame]:
    predictions = _read(warehouse, "SELECT * FROM model_predictions")
    labels = _read(warehouse, "SELECT client_id, month, opened FROM labels")
    segments = _read(warehouse, "SELECT month, client_id, segment, left(okved, 2) AS activity FROM stg_clients")
    effect = campaign_effect(
        _read(warehouse, "SELECT * FROM campaign_lists"),
        _read(warehouse, "SELECT client_id, opened_on FROM stg_openings"),
        _read(warehouse, "SELECT * FROM stg_contacts"),
        delivered_until=DELIVERED_UNTIL,
        ranking=_read(warehouse, "SELECT month, client_id, rank FROM propensity_scores"),
        horizon_months=HORIZON,
        seed=0,
    )
    return {
        t.PropensityBacktest: backtest_rows(predictions, labels, segments, seed=0),
        t.PropensityDeciles: deciles_of_months(predictions, labels),
        CampaignEffect: effect,
    }


def _raw(table: type[Table], rows: list[dict[str, object]], file: str) -> pl.DataFrame:
    """Rows as the inbox would have stored them."""
    features = sorted(name for name in rows[0] if name.startswith("x_"))
    schema = {**table.polars_schema(), **dict.fromkeys(features, pl.String)}
    placed = [{"source_file": file, "source_row": place, "delivery": 1, **row} for place, row in enumerate(rows, start=2)]
    return pl.DataFrame(placed, schema=schema)


def _one(table: type[Table], **row: object) -> pl.DataFrame:
    return pl.DataFrame([row], schema=table.polars_schema())


def _read(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    with warehouse.read() as connection:
        return connection.execute(sql).pl()


def _store(warehouse: Warehouse, frames: dict[type[Table], pl.DataFrame]) -> None:
    with warehouse.write() as connection:
        for table, frame in frames.items():
            replace(connection, table, frame)


def _build(warehouse: Warehouse, models: tuple[str, ...]) -> None:
    with warehouse.write() as connection:
        for model in models:
            connection.execute(f"CREATE OR REPLACE TABLE {model} AS {select_of(PRODUCT, model)}")
