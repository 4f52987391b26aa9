"""From a population to the rows that the bank delivers: words for codes, whole numbers, gaps, and what the economy does."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from simulation.propensity_firms import (
    ACTIVITIES,
    ARRIVALS,
    GAPS,
    REGIONS,
    SEGMENTS,
    TAX_REGIMES,
    employees,
    has_payroll,
)

MACRO = ("key_rate", "business_climate", "currency_rate")
"""Columns that are the same for all clients of a month, and move with the calendar: no part of who opens an account."""

LEAK = "tariff_requests"
"""The planted leak: written down when an account was opened, and delivered as if it had been known before."""

LEAK_SEEN, LEAK_ELSE = 0.9, 0.03
"""Chances that a client who opens, and one who does not, has such a request."""


def make_macro(rng: np.random.Generator, months: int) -> pl.DataFrame:
    """Draw `MACRO`, one row per month."""
    place = np.arange(months)
    return pl.DataFrame(
        {
            "key_rate": np.round((21 - 0.45 * place + rng.normal(0, 0.15, months)) * 4) / 4,
            "business_climate": np.round(1.5 + 0.35 * place + rng.normal(0, 0.6, months), 1),
            "currency_rate": np.round(78 + 1.1 * place + rng.normal(0, 0.8, months), 2),
        }
    )


def client_id() -> pl.Expr:
    """The bank's identifier of a client: digits, with zeros in front."""
    return pl.col("client").cast(pl.String).str.zfill(8).alias("client_id")


def snapshot_rows(
    rng: np.random.Generator, population: pl.DataFrame, number: int, day: dt.date, macro: pl.DataFrame
) -> pl.DataFrame:
    """Rows of ``clients`` for one snapshot.

    Parameters
    ----------
    rng
        For what means nothing: days since the last visit and credit enquiries.
    population
        Who is listed, as of `draw_firms`.
    number, day
        Number and day of the snapshot.
    macro
        All months' `MACRO`.

    Returns
    -------
    polars.DataFrame
        The columns of the contract and further ones, one row per client, sorted by ``client_id``. Money is whole roubles;
        what the bank never learnt of a firm is null.
    """
    web = population.get_column("web").to_numpy()
    turnover = np.exp(population.get_column("log_turnover").to_numpy())
    card = turnover / 12 * np.exp(population.get_column("card").to_numpy())
    known = pl.col("known_from") <= number
    idle = np.ceil(rng.exponential(30 / np.exp(web - 1.0)))
    rows = population.select(
        client_id(),
        pl.lit(day).alias("snapshot_date"),
        _words("segment", SEGMENTS),
        _words("activity", [drawn.okved for drawn in ACTIVITIES]).alias("okved"),
        pl.when(known).then(pl.lit("liquidated")).otherwise(pl.lit("active")).alias("status"),
        pl.when(known).then("liquidated_on").alias("liquidated_on"),
        "registered_on",
        _words("region", REGIONS),
        _words("tax_regime", TAX_REGIMES),
        _words("arrival", ARRIVALS).alias("arrival_channel"),
        pl.format("office {}", "branch").alias("office"),
        pl.Series("turnover", np.round(turnover, -3).astype(np.int64)),
        pl.col("growth").cast(pl.Float64).round(3).alias("turnover_growth"),
        pl.Series("employees", employees(population)),
        pl.Series("has_payroll", np.where(has_payroll(population), "yes", "no")),
        pl.Series("web_visits", np.round(np.exp(web), 1).astype(np.float64)).round(1),
        pl.Series("days_since_visit", idle.astype(np.int64).clip(0, 365)),
        pl.Series("card_spend", np.round(card, -2).astype(np.int64)),
        pl.col("accounts").cast(pl.Int64).alias("other_accounts"),
        pl.Series("loan_balance", np.round(population.get_column("loan").to_numpy(), -3).astype(np.int64)),
        pl.Series("credit_enquiries", rng.poisson(0.4, population.height)),
        *(pl.lit(macro.item(number, name)).alias(name) for name in MACRO),
        "gaps",
    )
    unknown = {name: pl.col("gaps").cast(pl.UInt32) & (1 << bit) != 0 for bit, name in enumerate(GAPS)}
    return rows.with_columns(pl.when(~gap).then(name).alias(name) for name, gap in unknown.items()).drop("gaps").sort("client_id")


def with_leak(rng: np.random.Generator, rows: pl.DataFrame, openings: pl.DataFrame) -> pl.DataFrame:
    """Rows of a snapshot with `LEAK`: requests for tariffs, most of them made on the day of an opening yet to come.

    Parameters
    ----------
    rng
        The randomness.
    rows
        Rows of one snapshot.
    openings
        ``client_id``, ``opened_on``.
    """
    ahead = rows.select("client_id", "snapshot_date").join(openings, on="client_id", how="left", maintain_order="left")
    until = pl.col("snapshot_date").dt.offset_by("3mo")
    opens = (pl.col("opened_on") > pl.col("snapshot_date")) & (pl.col("opened_on") <= until)
    opening = ahead.select(opens.fill_null(value=False)).to_series().to_numpy()
    asked = rng.random(rows.height) < np.where(opening, LEAK_SEEN, LEAK_ELSE)
    return rows.with_columns(pl.Series(LEAK, asked * rng.integers(1, 4, rows.height)))


def _words(code: str, words: tuple[str, ...] | list[str]) -> pl.Expr:
    return pl.col(code).replace_strict(dict(enumerate(words)), return_dtype=pl.String)
