"""What the staging models' own SQL, with the project's macros, makes of rows of raw tables."""

import datetime as dt

import duckdb
import polars as pl

from tests.dbt_sql import select_of
from vitrina.marketplace.event_meanings import event_meanings, recommender_settings
from vitrina.marketplace.raw_tables import RawEvents, RawExpertVerdicts, RawItemRules, RawItems, RawShown
from vitrina.settings import Settings

MODELS = ("stg_event_rows", "event_findings", "bot_days", "stg_events", "event_quality", "stg_items", "stg_item_rules")
OTHER_MODELS = ("stg_shown", "stg_expert_verdicts")
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
"""A Monday."""


def event(items="[1]", *, kind="view_item", at=NOON, user="u", row=None, **values):
    """A row of the log; the day is that of the time unless it is given."""
    event.rows += 1
    return {
        "source_file": f"events/{values.get('delivery', 1)}.csv",
        "source_row": row or event.rows,
        "delivery": 1,
        "user_hash": user,
        "platform": "Site",
        "event_time": at,
        "event_date": None if at is None else at.date(),
        "event_type": kind,
        "items": items,
        **values,
    }


event.rows = 1


def connected(events=(), *, items=(), rules=(), shown=(), verdicts=(), cap=1000, backwards=False):
    """A database with the staging models of these rows."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    settings = Settings(marketplace_bot_events_a_day=cap)
    frames = {
        "event_meanings": event_meanings(settings),
        "recommender_settings": recommender_settings(settings),
        **{
            table.table_name(): pl.DataFrame(list(rows)[:: -1 if backwards else 1], schema=table.polars_schema())
            for table, rows in (
                (RawEvents, events),
                (RawItems, items),
                (RawItemRules, rules),
                (RawShown, shown),
                (RawExpertVerdicts, verdicts),
            )
        },
    }
    for name, frame in frames.items():
        connection.register("delivered", frame)
        connection.execute(f"CREATE TABLE {name} AS FROM delivered")
    for model in (*MODELS, *OTHER_MODELS):
        connection.execute(f"CREATE TABLE {model} AS {select_of('marketplace', model)}")
    return connection


def staged(events, select="item_id, kind, price_minor, quantity, position", **more):
    """Rows of `stg_events`."""
    with connected(events, **more) as connection:
        return connection.execute(f"SELECT {select} FROM stg_events ORDER BY source_file, source_row, position").fetchall()


def quality(events, **more):
    """What was found: finding and detail → events, and whether they are left out."""
    with connected(events, **more) as connection:
        rows = connection.execute("SELECT finding, detail, events, left_out FROM event_quality").fetchall()
        shares = dict(connection.execute("SELECT finding || coalesce(detail, ''), share FROM event_quality").fetchall())
    found = {(finding, detail) if detail else finding: (number, left_out) for finding, detail, number, left_out in rows}
    in_all = found["events in all"][0]
    assert found["used"][0] + sum(number for number, left_out in found.values() if left_out) == in_all
    assert shares["events in all"] == (1 if in_all else None)
    return found
