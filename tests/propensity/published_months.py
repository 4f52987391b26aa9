"""Three scored months as they are published, made by hand: two whose openings are known, and the newest."""

import datetime as dt

import numpy as np
import polars as pl

from tests.dbt_sql import select_of
from vitrina.dictionary import DataDictionary
from vitrina.propensity.campaign_file import Campaign, campaign_list, write_campaign_file
from vitrina.propensity.campaign_tables import CampaignEffect, CampaignLists, OptimiserFiles
from vitrina.propensity.deciles import decile_rows
from vitrina.propensity.tables import (
    PropensityBacktest,
    PropensityDeciles,
    PropensityDrift,
    PropensityFeatureCatalogue,
    PropensityModels,
    PropensityScores,
    PropensitySettings,
)
from vitrina.publication import Candidate, publish
from vitrina.warehouse import Warehouse, locate, replace

OLD, JUDGED, NEWEST = dt.date(2026, 4, 1), dt.date(2026, 5, 1), dt.date(2026, 8, 1)
MONTHS = (OLD, JUDGED, NEWEST)
N = 400
BUDGET, VALUE, COST, SHARE = 90, 1_000_000, 10_000, 0.1
HOSTILE = {
    3: "=1+1",
    4: "+7",
    5: "-8",
    6: "@sum",
    7: "\tтаб",
    8: "\rreturn",
    9: "'quoted",
    10: "<script>alert(1)</script>",
    11: 'кавычка"; --',
}
"""Identifiers by rank of the newest month, none of which is to do anything."""
SEGMENTS = ("small business", "individual", "<b>large</b>")
MARTS = ("mart_propensity_scores", "mart_propensity_quality", "mart_campaign_effect", "mart_exclusion_audit")
NOW = dt.datetime(2026, 9, 2, 12, tzinfo=dt.UTC)
DECLARED = (
    PropensitySettings,
    PropensityFeatureCatalogue,
    PropensityScores,
    PropensityBacktest,
    PropensityDeciles,
    PropensityDrift,
    PropensityModels,
    CampaignLists,
    OptimiserFiles,
    CampaignEffect,
)
MODEL = (0.5, 0.1, 0.01, 0.2, "artifacts/m.zip", "0" * 64, None)
EXPERIMENT = "offer against control"
POOLED = "offer against control, all months until this one, each client in the first list only"
RULE = "top of the list against today's rule"
EFFECTS = (
    (OLD, EXPERIMENT, "conversion_uplift", 0.05, 0.01, 0.09, 90, 10, 18, 1, True),
    (OLD, EXPERIMENT, "conversion_ratio", 2.0, 1.1, 4.0, 90, 10, 18, 1, True),
    (OLD, EXPERIMENT, "contacted_share_of_control", 0.1, None, None, 90, 10, 18, 1, None),
    (JUDGED, EXPERIMENT, "conversion_uplift", -0.01, -0.1, 0.08, 90, 10, 9, 1, False),
    (JUDGED, POOLED, "conversion_uplift", 0.02, -0.02, 0.06, 180, 20, 27, 2, False),
    (JUDGED, "banner, online, by the file", "cost_per_opening", 12_345.0, 10_000.0, 20_000.0, 50, 0, 4, 0, None),
    (JUDGED, "manager, by today's rule", "cost_per_opening", None, None, None, 50, 0, 0, 0, None),
    (JUDGED, RULE, "captured_openings_difference", 12.0, 6.0, 18.0, 40, 40, 20, 8, True),
    (JUDGED, RULE, "captured_openings_ratio", 2.5, 1.5, 4.0, 40, 40, 20, 8, True),
)
DRIFT = (
    (NEWEST, "n_key_rate", 7.3, True, True, "moves with the calendar, not with the client"),
    (NEWEST, "n_pay_trend", 0.3, True, False, "its distribution has moved"),
    (NEWEST, "score", 0.02, False, False, None),
    (JUDGED, "n_key_rate", 0.01, False, True, None),
    (JUDGED, "score", 0.15, False, False, None),
)


def scores(month):
    """Rows of `PropensityScores`, with whether each client opened."""
    place = np.arange(N)
    probability = 0.6 * np.exp(-place / 80) + 0.02
    opened = np.random.default_rng(month.month).random(N) < probability * (0.5 if month == OLD else 1)
    names = [f"{month.month}-{number:04d}" for number in place]
    if month == NEWEST:
        for rank, name in HOSTILE.items():
            names[rank - 1] = name
    return pl.DataFrame(
        {
            "month": [month] * N,
            "client_id": names,
            "probability": probability,
            "rank": place + 1,
            "decile": place * 10 // N + 1,
            "reason_en": "turnover: high; age of the firm: low",
            "reason_ru": "turnover: высокое значение; возраст фирмы: низкое значение",
            "version": f"{month:%Y-%m}-boosted",
            "opened": opened,
        }
    )


def campaign(month):
    return Campaign(month, month, BUDGET, VALUE, COST, SHARE)


def publish_months(settings, months=MONTHS):
    """Publish them."""
    warehouse = Warehouse(locate(settings, "propensity"))
    with warehouse.write() as connection:
        for table, frame in _frames(settings, months).items():
            replace(connection, table, frame)
        _make_marts(connection, months)
    publish_again(settings)


def publish_again(settings, *, hours=0, without=(), held_back=None):
    """Publish what the warehouse holds, some hours later: `without` some tables, `held_back` being table → failed check."""
    warehouse = Warehouse(locate(settings, "propensity"))
    with warehouse.read() as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE starts_with(table_name, 'mart_')"
        ).fetchall()
    dictionary = DataDictionary.check(pl.concat([DataDictionary.of(DECLARED), _described(columns)]))
    names = [name for name in (*MARTS, *(table.table_name() for table in DECLARED)) if name not in without]
    candidates = [Candidate(name, (held_back or {}).get(name)) for name in names]
    now = NOW + dt.timedelta(hours=hours)
    publish("propensity", candidates, dictionary, warehouse=warehouse, settings=settings, now=now, run_id="r")


def _frames(settings, months):
    by_month = {month: scores(month) for month in months}
    lists = {month: campaign_list(rows.rename({"version": "model_version"}), campaign(month)) for month, rows in by_month.items()}
    known = [month for month in months if month != NEWEST]

    def frame(table, rows):
        return pl.DataFrame(rows, schema=table.polars_schema(), orient="row")

    tables = {
        PropensitySettings: frame(PropensitySettings, [("", "liquidated", "", 3, "r1")]),
        PropensityFeatureCatalogue: frame(
            PropensityFeatureCatalogue,
            [(NEWEST, "n_key_rate", "snapshot", "number", "key_rate", 0.0, 4, NEWEST, NEWEST)],
        ),
        PropensityScores: pl.concat([rows.drop("opened") for rows in by_month.values()]),
        PropensityBacktest: frame(PropensityBacktest, [row for month in known for row in _judged(month)]),
        PropensityDeciles: pl.concat(
            [
                decile_rows(by_month[month]["probability"].to_numpy(), by_month[month]["opened"].to_numpy()).with_columns(
                    month=month
                )
                for month in known
            ]
            or [PropensityDeciles.empty()]
        ),
        PropensityDrift: frame(PropensityDrift, [row for row in DRIFT if row[0] in months]),
        PropensityModels: frame(
            PropensityModels,
            [
                (NEWEST, "boosted", "2026-08-boosted", True, OLD, OLD, OLD, OLD, 1200, 150, 30, "{}", *MODEL),
            ],
        ),
        CampaignLists: pl.concat(list(lists.values())),
        OptimiserFiles: pl.concat(
            [write_campaign_file(lists[month], campaign(month), data=settings.data, run_id="run") for month in months]
        ),
        CampaignEffect: frame(CampaignEffect, [row for row in EFFECTS if row[0] in known]),
    }
    return {table: table.check(rows.select(list(table.polars_schema()))) for table, rows in tables.items()}


def _judged(month):
    openings = int(scores(month)["opened"].sum())
    for scorer, value in (("scores", 0.5), ("one_column", 0.3), ("random", 0.01)):
        yield month, scorer, "gini", "all", "all", value, value - 0.05, value + 0.05, N, openings
    yield month, "scores", "calibration_in_the_large", "all", "all", 0.02, 0.01, 0.03, N, openings
    yield month, "scores", "gini", "segment", SEGMENTS[2], 0.4, 0.3, 0.5, 130, 40


def _make_marts(connection, months):
    clients = pl.concat([scores(month) for month in months])
    clients = clients.with_columns(
        segment=pl.Series([SEGMENTS[number % 3] for number in range(clients.height)]),
        okved=pl.Series([("47.11", "46.90", "62.01")[number % 3] for number in range(clients.height)]),
        opened=pl.when(pl.col("month") != NEWEST).then("opened"),
    )
    left_out = pl.DataFrame(
        [(month, rule, n) for month in months for rule, n in (("scored", N), ("liquidated", 7), ("already has the account", 3))],
        schema={"month": pl.Date, "excluded_by": pl.String, "n": pl.Int64},
        orient="row",
    )
    connection.register("clients", clients.select("month", "client_id", "segment", "okved", "opened"))
    connection.register("left_out", left_out)
    connection.execute("CREATE TEMP TABLE stg_clients AS FROM clients")
    connection.execute("CREATE TEMP TABLE labels AS FROM clients")
    connection.execute(
        "CREATE TEMP TABLE population AS SELECT month, nullif(excluded_by, 'scored') AS excluded_by, 'r1' AS rule_version "
        "FROM left_out, range(n)"
    )
    for mart in MARTS:
        connection.execute(f"CREATE OR REPLACE TABLE {mart} AS {select_of('propensity', mart)}")
    connection.unregister("clients")
    connection.unregister("left_out")


def _described(columns):
    rows = [(table, name, kind, "", "of a mart", True, False, False, "") for table, name, kind in columns]
    return pl.DataFrame(rows, schema=DataDictionary.polars_schema(), orient="row")
