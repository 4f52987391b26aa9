"""All that is known of a month's clients before the snapshot, side by side, and where each column comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.propensity.column_types import CATEGORY, DERIVED, NUMBER, typed_snapshot
from vitrina.propensity.payment_features import LABELS, payment_features
from vitrina.propensity.raw_tables import FEATURE_PREFIX
from vitrina.warehouse import stored_columns

TEXT = "t_text"
CATALOGUE_SCHEMA = {
    "month": pl.Date,
    "feature": pl.String,
    "source": pl.String,
    "kind": pl.String,
    "label": pl.String,
    "missing_share": pl.Float64,
    "distinct": pl.Int64,
    "latest_known_at": pl.Date,
    "snapshot_date": pl.Date,
}

_INCLUDED = """
SELECT clients.*
FROM stg_clients AS clients
SEMI JOIN population
    ON
        clients.client_id = population.client_id
        AND population.month = $month
        AND population.excluded_by IS NULL
WHERE clients.month = $month
"""

_TEXTS = """
SELECT
    texts.client_id,
    string_agg(texts.text, ' ' ORDER BY texts.known_since NULLS FIRST, texts.text) AS t_text,
    max(texts.known_since) AS known_since
FROM stg_texts AS texts
JOIN population ON texts.client_id = population.client_id
WHERE
    population.month = $month
    AND population.excluded_by IS NULL
    AND coalesce(texts.known_since < population.snapshot_date, true)
GROUP BY texts.client_id
"""


_KINDS = """
SELECT label, kind
FROM feature_catalogue
WHERE source = 'snapshot' AND month < $month AND NOT list_contains($made_here, feature)
QUALIFY row_number() OVER (PARTITION BY label ORDER BY month DESC) = 1
ORDER BY label
"""


class NoClientsError(VitrinaError):
    """A month has nobody to score."""


@dataclass(frozen=True, eq=False)
class MonthFeatures:
    """What is known of one month's clients.

    Attributes
    ----------
    frame
        One row per scored client, by ``client_id``: ``month``, ``snapshot_date``, ``t_text`` (null without a text), numbers ``n_…``
        and categories ``c_…``, null where a value is missing.
    catalogue
        One row per feature, and ``t_text`` where there is any: ``feature``, ``source`` (snapshot, payments, texts), ``kind``
        (number, category, text), ``label`` (name for people), ``missing_share``, ``distinct`` (different values, missing ones
        not counted), ``latest_known_at`` (day of the latest fact that it rests on), ``month``, ``snapshot_date``.
    kinds
        Delivered column (``x_…``) → kind, of this month and, for columns that it does not have, of earlier ones: what the next
        month is held against.
    notes
        What was left out, is new, or has gone, in sentences.
    """

    frame: pl.DataFrame
    catalogue: pl.DataFrame
    kinds: dict[str, str]
    notes: tuple[str, ...]


def month_features(connection: duckdb.DuckDBPyConnection, month: dt.date, known: Mapping[str, str] | None = None) -> MonthFeatures:
    """Put together the snapshot, payments and texts of a month's clients. Nothing on or after the snapshot's day is looked at.

    Parameters
    ----------
    connection
        Knows the tables `stg_clients`, `stg_payments`, `stg_texts`, `stg_column_rules` and `population`.
    month
        First day of the month.
    known
        Kinds of columns in earlier months (`MonthFeatures.kinds`); without them, those that are stored in `feature_catalogue`, if
        there is one.

    Raises
    ------
    NoClientsError
        The month has no snapshot, or all of its clients are left out.
    ColumnTypeError
        A column no longer holds what it held.
    """
    rows = connection.execute(_INCLUDED, {"month": month}).pl()
    if rows.is_empty():
        raise _nobody(connection, month)
    rules = connection.execute("SELECT column_name, kind, use FROM stg_column_rules").pl()
    before = stored_kinds(connection, month) if known is None else known
    snapshot = typed_snapshot(rows, rules, before)
    del rows
    cut = snapshot.frame["snapshot_date"][0]
    payments = payment_features(connection, month)
    texts = connection.execute(_TEXTS, {"month": month}).pl()
    frame = (
        snapshot.frame.join(payments, on="client_id", how="left", maintain_order="left")
        .join(texts.select("client_id", TEXT), on="client_id", how="left", maintain_order="left")
        .select("client_id", "month", "snapshot_date", TEXT, pl.col("^n_.*$"), pl.col("^c_.*$"))
    )
    of_payments = [name for name in payments.columns if name in LABELS]
    # what the numbers themselves say of the last day, not what was asked for
    last_payment = cut - payments.select(pl.duration(days=pl.col("n_pay_days_since_last").min())).item() if of_payments else None
    rows_of = [(name, "snapshot", label, cut) for name, label in snapshot.labels.items()]
    rows_of += [(name, "payments", LABELS[name], last_payment) for name in of_payments]
    rows_of += [(TEXT, "texts", "texts about the client", texts["known_since"].max())] if texts.height else []
    notes = list(snapshot.notes)
    if not of_payments:
        notes.append("Payments: nobody has any in the twelve months before the snapshot, so they make no feature.")
    return MonthFeatures(frame, _catalogue(frame, rows_of), {**before, **snapshot.kinds}, tuple(notes))


def stored_kinds(connection: duckdb.DuckDBPyConnection, month: dt.date) -> dict[str, str]:
    """Kinds of the snapshots' columns in stored months before this one, the latest of each column.

    Returns
    -------
    dict
        Delivered column (``x_…``) → ``number`` or ``category``; empty where nothing is stored.
    """
    if not stored_columns(connection, "feature_catalogue"):
        return {}
    found = connection.execute(_KINDS, {"month": month, "made_here": list(DERIVED)}).fetchall()
    return {FEATURE_PREFIX + label: kind for label, kind in found}


def _catalogue(frame: pl.DataFrame, rows: list[tuple[str, str, str, dt.date | None]]) -> pl.DataFrame:
    kinds = {"n": NUMBER, "c": CATEGORY, "t": "text"}
    made = [
        {
            "month": frame["month"][0],
            "feature": name,
            "source": source,
            "kind": kinds[name[0]],
            "label": label,
            "missing_share": frame[name].null_count() / frame.height,
            "distinct": frame[name].drop_nulls().n_unique(),
            "latest_known_at": latest,
            "snapshot_date": frame["snapshot_date"][0],
        }
        for name, source, label, latest in rows
    ]
    return pl.DataFrame(made, schema=CATALOGUE_SCHEMA).sort("feature")


def _nobody(connection: duckdb.DuckDBPyConnection, month: dt.date) -> NoClientsError:
    reasons = connection.execute(
        "SELECT excluded_by, count(*) FROM population WHERE month = $month GROUP BY 1 ORDER BY 2 DESC, 1", {"month": month}
    ).fetchall()
    if not reasons:
        return NoClientsError(f"There is no snapshot of {month:%Y-%m}.", "Deliver it to propensity/clients/, or run another month.")
    counted = ", ".join(f"{reason}: {count}" for reason, count in reasons)
    return NoClientsError(
        f"Of the snapshot of {month:%Y-%m} every client is left out ({counted}).",
        "Check VITRINA_PROPENSITY_SEGMENTS, VITRINA_PROPENSITY_LIQUIDATED_STATUSES and VITRINA_PROPENSITY_EXCLUDED_OKVED.",
    )
