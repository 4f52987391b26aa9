"""The warehouse of two ratings: recorded, loaded and staged by the code that users run."""

import datetime as dt
from pathlib import Path

import polars as pl

from tests.dbt_sql import select_of
from vitrina.feedback.contracts import CONTRACTS
from vitrina.feedback.rating import rate
from vitrina.feedback.tables import FEEDBACK, FeedbackDeliveries, FeedbackRefusedRows
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.settings import Settings
from vitrina.state.store import DecisionStore
from vitrina.warehouse import Warehouse, locate, replace


def fill(settings: Settings, now: dt.datetime) -> Warehouse:
    """Every table of feedback, from the state store to the mart."""
    Path(str(settings.inbox_folder)).mkdir(parents=True, exist_ok=True)
    waited = {"requested_at": now - dt.timedelta(minutes=9), "reported_at": now - dt.timedelta(minutes=7)}
    asked = rate("stores", "requests", 5, by="somebody", at=now, subject="5f0c", **waited)
    read = rate("posts", "gaps", 2, by="somebody else", at=now, comment="The second question\nis answered in May.")
    DecisionStore(settings).record([asked, read])
    warehouse, ledger = Warehouse(locate(settings, FEEDBACK)), Ledger(settings.ledger)
    ingest(FEEDBACK, CONTRACTS, settings=settings, warehouse=warehouse, ledger=ledger, now=now, refused_table=FeedbackRefusedRows)
    with warehouse.write() as connection:
        replace(connection, FeedbackDeliveries, ledger.deliveries(FEEDBACK).cast(pl.Schema(FeedbackDeliveries.polars_schema())))
        for model in ("stg_ratings", "mart_feedback"):
            connection.execute(f"CREATE OR REPLACE TABLE {model} AS {select_of(FEEDBACK, model)}")
    return warehouse
