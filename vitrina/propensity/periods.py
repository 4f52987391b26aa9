"""Which months can be scored, what a delivery makes stale, and which months a model may learn from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from vitrina.inbox.staleness import Staleness
from vitrina.months import add_months, month_of
from vitrina.propensity.contracts import CLIENTS, CONTACTS, OPENINGS, PAYMENTS
from vitrina.propensity.tables import PropensitySettings
from vitrina.warehouse import stored_columns

if TYPE_CHECKING:
    import duckdb

    from vitrina.inbox.entries import Entry
    from vitrina.settings import Settings
    from vitrina.warehouse import Warehouse


def staleness(entries: Sequence[Entry], warehouse: Warehouse, settings: Settings, today: dt.date) -> Staleness:
    """Months to compute anew after some deliveries, and those that can be computed: months with a snapshot.

    A model learns from earlier months, so whatever changes a month changes all later ones, too. Openings change the labels
    of the months whose horizon they lie in. Texts and rules on columns say nothing of a day: they touch every month.
    """
    del today
    with warehouse.read() as connection:
        rows = connection.execute("SELECT DISTINCT date_trunc('month', snapshot_date)::DATE FROM raw_clients ORDER BY 1").fetchall()
        computed = _computed(connection)
    months = tuple(row[0] for row in rows)
    starts = [_first_touched(entry, settings.propensity_horizon_months) for entry in entries if entry.contract != CONTACTS.name]
    since = min((start for start in starts if start), default=None)
    stale = {month for month in months if (since and month >= since) or (starts and month not in computed)}
    if any(entry.contract == CONTACTS.name for entry in entries) and months:
        # what contacts have brought is told with the newest month
        stale.add(months[-1])
    return Staleness(tuple(month.isoformat() for month in sorted(stale)), tuple(month.isoformat() for month in months))


def _first_touched(entry: Entry, horizon: int) -> dt.date | None:
    if entry.contract in {CLIENTS.name, OPENINGS.name, PAYMENTS.name}:
        if entry.changed_from is None:
            return None
        return add_months(month_of(entry.changed_from), -horizon if entry.contract == OPENINGS.name else 0)
    return dt.date.min.replace(day=1)


def _computed(connection: duckdb.DuckDBPyConnection) -> frozenset[dt.date]:
    if not stored_columns(connection, "client_features"):
        return frozenset()
    return frozenset(row[0] for row in connection.execute("SELECT DISTINCT month FROM client_features").fetchall())


def months_to_learn_from(labels: pl.DataFrame, cut: dt.date) -> list[dt.date]:
    """Months whose horizon was over on the day of a snapshot, oldest first: they may teach the model that scores it.

    Parameters
    ----------
    labels
        ``month`` and ``window_until``, the last day on which an opening counts.
    cut
        Day of the snapshot.
    """
    closed = labels.group_by("month").agg(pl.col("window_until").max()).filter(pl.col("window_until") <= cut)
    return closed["month"].sort().to_list()


def propensity_settings(settings: Settings) -> pl.DataFrame:
    """The one row of `PropensitySettings`."""
    rules = {
        "segments": "|".join(settings.propensity_segments),
        "liquidated_statuses": "|".join(settings.propensity_liquidated_statuses),
        "excluded_okved": "|".join(settings.propensity_excluded_okved),
        "horizon_months": settings.propensity_horizon_months,
    }
    version = hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:12]
    frame = pl.DataFrame([{**rules, "rule_version": version}], schema=PropensitySettings.polars_schema())
    return PropensitySettings.check(frame)
