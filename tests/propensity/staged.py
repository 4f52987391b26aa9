"""What the product's SQL, with the project's macros, makes of rows of raw tables."""

import datetime as dt
from functools import cache

import duckdb
import polars as pl

from tests.dbt_sql import select_of
from vitrina.months import month_of
from vitrina.propensity.raw_tables import RawClients, RawColumnRules, RawContacts, RawOpenings, RawPayments, RawTexts
from vitrina.propensity.tables import PropensitySettings

MODELS = ("stg_clients", "stg_openings", "stg_payments", "stg_texts", "stg_contacts", "stg_column_rules", "population", "labels")
SETTINGS = {"segments": "", "liquidated_statuses": "liquidated|bankrupt", "excluded_okved": "", "horizon_months": 3}


def client(name, day, **values):
    """A row of a snapshot; a day and a month are enough: `client("a", dt.date(2024, 1, 1), x_turnover="5")`."""
    return raw(client_id=name, snapshot_date=day, **values)


def raw(**values):
    """A row of any raw table, with a place of its own."""
    raw.rows += 1
    delivery = values.pop("delivery", 1)
    return {"source_file": f"{delivery}.csv", "source_row": raw.rows, "delivery": delivery, **values}


raw.rows = 1


def opening(name, day, **values):
    return raw(client_id=name, opened_on=day, **values)


def payment(name, day, amount=100_00, direction="in", counterparty="p", **values):
    return raw(client_id=name, date=day, amount_minor=amount, direction=direction, counterparty=counterparty, **values)


def connected(  # one argument per kind of file
    clients=(), *, openings=(), payments=(), texts=(), contacts=(), rules=(), backwards=False, **settings
):
    """A database with the models of these rows."""
    connection = duckdb.connect()
    delivered = (
        (RawClients, clients),
        (RawOpenings, openings),
        (RawPayments, payments),
        (RawTexts, texts),
        (RawContacts, contacts),
        (RawColumnRules, rules),
    )
    for table, rows in delivered:
        features = sorted({name for row in rows for name in row if name.startswith("x_")})
        schema = {**table.polars_schema(), **dict.fromkeys(features, pl.String)}
        _create(connection, table.table_name(), pl.DataFrame(list(rows)[:: -1 if backwards else 1], schema=schema))
    row = {**SETTINGS, **settings, "rule_version": "r1"}
    _create(connection, "propensity_settings", pl.DataFrame([row], schema=PropensitySettings.polars_schema()))
    for model in MODELS:
        connection.execute(f"CREATE TABLE {model} AS {_rendered(model)}")
    return connection


def excluded(clients, **more):
    """Client and month → why it is left out."""
    with connected(clients, **more) as connection:
        rows = connection.execute("SELECT client_id, month, excluded_by FROM population").fetchall()
    assert len(rows) == len({row[:2] for row in rows})
    return {(name, month.month): why for name, month, why in rows}


def labels(clients, openings, **more):
    """Client and month → whether it opened the account."""
    with connected(clients, openings=openings, **more) as connection:
        rows = connection.execute("SELECT client_id, month, opened FROM labels").fetchall()
    return {(name, month.month): opened for name, month, opened in rows}


def snapshot(columns, *, month=dt.date(2024, 3, 1), **fixed):
    """Rows of `stg_clients` of one month from columns `x_…`: clients a, b, c, …"""
    n = len(next(iter({**columns, **fixed}.values())))
    names = [chr(ord("a") + place) if n <= 26 else f"c{place:04}" for place in range(n)]
    frame = pl.DataFrame(
        {"client_id": names, "snapshot_date": [month] * n, "okved": [None] * n, "registered_on": [None] * n, **fixed},
        schema_overrides={"okved": pl.String, "registered_on": pl.Date},
    )
    return frame.with_columns(
        pl.lit(month_of(month)).alias("month"), *(pl.Series(name, values, dtype=pl.String) for name, values in columns.items())
    )


@cache
def _rendered(model):
    return select_of("propensity", model)


def _create(connection, name, frame):
    connection.register("delivered", frame)
    connection.execute(f"CREATE TABLE {name} AS FROM delivered")
    connection.unregister("delivered")
