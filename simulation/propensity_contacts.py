"""Whom the made-up bank has made an offer to: a rule of thumb, and some of those who satisfy it each month."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from simulation.propensity_firms import ACTIVITIES, is_offered
from simulation.propensity_snapshots import client_id

RULE = "старше двух лет: торговля, стройка, перевозки, общепит"
RULE_OKVED = ("41", "43", "45", "46", "47", "49", "56")
RULE_DAYS = 730
CHOSEN = 0.2
"""Share of those who satisfy the rule that are contacted in a month."""

TO_MANAGERS = 0.3
COSTS = {"manager": 850.0, "banner": 3.5}
"""Roubles per contact."""


def contacts_of(rng: np.random.Generator, population: pl.DataFrame, number: int, month: dt.date, last_day: dt.date) -> pl.DataFrame:
    """Draw the contacts of a month.

    Parameters
    ----------
    rng
        The randomness.
    population
        Who is listed at the month's snapshot, as of `draw_firms`.
    number, month
        Number and first day of the month.
    last_day
        Nothing later is known.

    Returns
    -------
    polars.DataFrame
        ``client_id``, ``date``, ``channel``, ``cost`` (roubles), ``rule``, by day. Whoever has an account at the snapshot is left out.
    """
    trades = np.array([drawn.okved.startswith(RULE_OKVED) for drawn in ACTIVITIES])
    meant = (
        is_offered(population, number)
        & trades[population.get_column("activity").to_numpy()]
        & (population.get_column("registered_on").to_numpy() < np.datetime64(month - dt.timedelta(days=RULE_DAYS)))
        & population.get_column("opened_on").is_null().to_numpy()
    )
    chosen = population.filter(pl.Series(meant & (rng.random(population.height) < CHOSEN))).sort("client")
    channel = np.where(rng.random(chosen.height) < TO_MANAGERS, "manager", "banner")
    days = np.datetime64(month) + rng.integers(0, 28, chosen.height)
    return (
        chosen.select(
            client_id(),
            pl.Series("date", days).cast(pl.Date),
            pl.Series("channel", channel, dtype=pl.String),
            pl.Series("cost", np.where(channel == "manager", COSTS["manager"], COSTS["banner"])),
            pl.lit(RULE).alias("rule"),
        )
        .filter(pl.col("date") <= last_day)
        .sort("date", "client_id")
    )
