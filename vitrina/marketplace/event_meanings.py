"""What the settings make of the log, as tables: SQL computes with them, and analysts see what was in force."""

from __future__ import annotations

import polars as pl

from vitrina.marketplace.tables import EventMeanings, RecommenderSettings
from vitrina.settings import Settings


def event_meanings(settings: Settings) -> pl.DataFrame:
    """Rows of `EventMeanings`, by event type. A refund weighs nothing by itself: it takes a purchase back."""
    rows = [
        (event_type, kind, 0.0 if kind == "refund" else settings.marketplace_weights[kind])
        for event_type, kind in sorted(settings.marketplace_event_kinds.items())
    ]
    return EventMeanings.check(pl.DataFrame(rows, schema=EventMeanings.polars_schema(), orient="row"))


def recommender_settings(settings: Settings) -> pl.DataFrame:
    """The one row of `RecommenderSettings`."""
    row = {name: getattr(settings, f"marketplace_{name}") for name in RecommenderSettings.polars_schema()}
    return RecommenderSettings.check(pl.DataFrame([row], schema=RecommenderSettings.polars_schema()))
