"""Payments of the made-up clients: what the bank sees of their turnover, month by month."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from simulation.propensity_snapshots import client_id

PER_MONTH = 5.0
"""Mean payments a month of a firm with a typical turnover; more with turnover, much less than in proportion."""

MOST = 60
TYPICAL_LOG_TURNOVER = 15.6
SEEN = (0.1, 0.5)
"""Share of its turnover that passes through accounts which the bank sees; each firm has its own."""

OUTGOING = (0.6, 1.05)
"""What goes out, over what comes in; each firm has its own."""

COUNTERPARTIES = (2, 14)
SMALLEST = 10.0


def payments_of(
    rng: np.random.Generator, population: pl.DataFrame, month: dt.date, last_day: dt.date, share: float
) -> pl.DataFrame:
    """Draw the payments of a month.

    Parameters
    ----------
    rng
        The randomness.
    population
        Who is listed at the month's snapshot, as of `draw_firms`.
    month
        First day of the month.
    last_day
        Nothing later is known.
    share
        Share of the clients whose payments are seen at all, the same ones every month.

    Returns
    -------
    polars.DataFrame
        ``client_id``, ``date``, ``amount`` (roubles), ``direction``, ``counterparty``, by day. What comes in adds up to the
        seen part of a month's turnover; who was liquidated before pays nothing. A counterparty's name belongs to nobody.
    """
    seen = population.filter((pl.col("chance") < share) & pl.col("liquidated_on").is_null()).sort("client")
    log_turnover = seen.get_column("log_turnover").to_numpy().astype(float)
    own = (seen.get_column("client").to_numpy() * 0.618_033_988_75) % 1
    mean = PER_MONTH * np.exp(0.35 * (log_turnover - TYPICAL_LOG_TURNOVER)).clip(0.2, MOST / PER_MONTH)
    counts = rng.poisson(mean)
    firm = np.repeat(np.arange(seen.height), counts)
    incoming = rng.random(firm.size) < 0.45
    parts = rng.gamma(1.2, 1.0, firm.size)
    group = firm * 2 + incoming
    sums = np.bincount(group, weights=parts, minlength=2 * seen.height)
    came_in = np.exp(log_turnover) / 12 * (SEEN[0] + own * (SEEN[1] - SEEN[0]))
    went_out = came_in * (OUTGOING[0] + (own * 7 % 1) * (OUTGOING[1] - OUTGOING[0]))
    monthly = np.where(incoming, came_in[firm], went_out[firm])
    known = 1 + (rng.random(firm.size) ** 1.5 * (COUNTERPARTIES[0] + own * (COUNTERPARTIES[1] - COUNTERPARTIES[0]))[firm]).astype(
        int
    )
    client = seen.get_column("client").to_numpy()[firm]
    days = (dt.date(month.year + month.month // 12, month.month % 12 + 1, 1) - month).days
    return (
        pl.DataFrame(
            {
                "client": client,
                "date": np.datetime64(month) + rng.integers(0, days, firm.size),
                "amount": np.maximum(monthly * parts / sums[group], SMALLEST).round(2),
                "direction": np.where(incoming, "in", "out"),
                "counterparty": (client * 31 + known * 104_729) % 900_000 + 100_000,
            }
        )
        .select(
            client_id(),
            pl.col("date").cast(pl.Date),
            "amount",
            "direction",
            pl.format("K-{}", "counterparty").alias("counterparty"),
        )
        .filter(pl.col("date") <= last_day)
        .sort("date", "client_id", "amount")
    )
