"""What a client's payments say before the snapshot: how recent, how many, how much, with how many others."""

from __future__ import annotations

import datetime as dt

import duckdb
import polars as pl

LOOK_BACK = 12
"""Months of payments that are looked at."""
RECENT = 3
"""The last of them, which count as recent."""
EARLIER = LOOK_BACK - RECENT

LABELS = {
    "n_pay_days_since_last": "days since the last payment",
    "n_pay_count_3m": "payments in 3 months",
    "n_pay_count_12m": "payments in 12 months",
    "n_pay_in_sum_3m": "money in, 3 months",
    "n_pay_out_sum_3m": "money out, 3 months",
    "n_pay_in_sum_12m": "money in, 12 months",
    "n_pay_average_in": "average payment in",
    "n_pay_counterparties_12m": "counterparties in 12 months",
    "n_pay_top_counterparty_share": "share of the largest counterparty",
    "n_pay_trend": "turnover of 3 months against the 9 before",
}
"""Feature → name for people."""
COUNTS = ("n_pay_count_3m", "n_pay_count_12m", "n_pay_counterparties_12m")
"""0 for a client without payments; everything else is missing."""
_OF_COUNTERPARTIES = ("n_pay_counterparties_12m", "n_pay_top_counterparty_share")

_SQL = f"""
WITH included AS (
    SELECT client_id, snapshot_date AS cut FROM population WHERE month = $month AND excluded_by IS NULL
),
known AS (
    SELECT
        included.client_id, included.cut, payments.date, payments.counterparty, payments.amount_minor,
        payments.direction = 'in' AS is_in,
        payments.date >= included.cut - to_months({RECENT}) AS is_recent
    FROM stg_payments AS payments
    JOIN included ON payments.client_id = included.client_id
    -- a month has one cut: as a single value it keeps other years from being read
    WHERE
        payments.date < (SELECT max(cut) FROM included)
        AND payments.date >= (SELECT max(cut) FROM included) - to_months({LOOK_BACK})
),
-- sums of whole minor units: they are exact in any order
by_counterparty AS (
    SELECT
        client_id, cut, counterparty,
        max(date) AS last_date,
        count(*) AS n,
        count(*) FILTER (is_recent) AS n_recent,
        count(*) FILTER (is_in) AS n_in,
        sum(amount_minor) AS turnover,
        coalesce(sum(amount_minor) FILTER (is_recent), 0) AS turnover_recent,
        coalesce(sum(amount_minor) FILTER (is_in), 0) AS money_in,
        coalesce(sum(amount_minor) FILTER (is_in AND is_recent), 0) AS money_in_recent,
        coalesce(sum(amount_minor) FILTER (NOT is_in AND is_recent), 0) AS money_out_recent
    FROM known
    GROUP BY client_id, cut, counterparty
),
by_client AS (
    SELECT
        client_id, cut,
        max(last_date) AS last_date,
        sum(n) AS n,
        sum(n_recent) AS n_recent,
        sum(n_in) AS n_in,
        sum(turnover_recent) AS turnover_recent,
        sum(turnover) - sum(turnover_recent) AS turnover_earlier,
        sum(money_in) AS money_in,
        sum(money_in_recent) AS money_in_recent,
        sum(money_out_recent) AS money_out_recent,
        count(counterparty) AS counterparties,
        max(turnover) FILTER (counterparty IS NOT NULL) AS turnover_of_largest,
        sum(turnover) FILTER (counterparty IS NOT NULL) AS turnover_of_named
    FROM by_counterparty
    GROUP BY client_id, cut
)
SELECT
    client_id,
    (cut - last_date)::DOUBLE AS n_pay_days_since_last,
    n_recent::DOUBLE AS n_pay_count_3m,
    n::DOUBLE AS n_pay_count_12m,
    ln(1 + money_in_recent / 100) AS n_pay_in_sum_3m,
    ln(1 + money_out_recent / 100) AS n_pay_out_sum_3m,
    ln(1 + money_in / 100) AS n_pay_in_sum_12m,
    CASE WHEN n_in > 0 THEN ln(1 + money_in / n_in / 100) END AS n_pay_average_in,
    counterparties::DOUBLE AS n_pay_counterparties_12m,
    turnover_of_largest / nullif(turnover_of_named, 0) AS n_pay_top_counterparty_share,
    ln(1 + turnover_recent / {RECENT} / 100) - ln(1 + turnover_earlier / {EARLIER} / 100) AS n_pay_trend
FROM by_client
"""  # noqa: S608  # texts of our own

_CLIENTS = "SELECT client_id FROM population WHERE month = $month AND excluded_by IS NULL ORDER BY client_id"


def payment_features(connection: duckdb.DuckDBPyConnection, month: dt.date) -> pl.DataFrame:
    """Recency, frequency, amounts and counterparties of every scored client's payments before the snapshot.

    Parameters
    ----------
    connection
        Knows the tables `population` and `stg_payments`.
    month
        First day of the month that is scored.

    Returns
    -------
    polars.DataFrame
        ``client_id`` and the features of `LABELS` (Float64), by client. Payments count from twelve months before the snapshot to the
        day before it. Amounts are log(1 + currency units); the trend is such a logarithm of the monthly turnover of the last three
        months less that of the nine before. A client without payments has counts of 0, else null. Where nobody has any payment
        the features are not there: nothing was delivered for that time. The same holds for counterparties, where none is named.
    """
    clients = connection.execute(_CLIENTS, {"month": month}).pl()
    found = connection.execute(_SQL, {"month": month}).pl()
    if found.is_empty():
        return clients
    if not (found["n_pay_counterparties_12m"] > 0).any():
        found = found.drop(_OF_COUNTERPARTIES)
    counts = [name for name in COUNTS if name in found.columns]
    return (
        clients.join(found, on="client_id", how="left")
        .with_columns(pl.col(name).fill_null(0.0) for name in counts)
        .sort("client_id")
    )
