"""A made-up bank and its business clients: who opens a settlement account, and how likely that truly was.

Everything is simulated; no client exists. Firms are drawn by `propensity_firms`, their chances by `propensity_hazard`. The
calendar runs from snapshot to snapshot, each on the first of a month: some open an account, some are liquidated, all change
a little, and newcomers take the place of who is no longer listed. Contacts change nothing in who opens an account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.propensity_contacts import contacts_of
from simulation.propensity_firms import MONTHLY_LIQUIDATION, after_a_month, draw_firms, is_offered
from simulation.propensity_hazard import WINDOW, Calendar, make_calendar
from simulation.propensity_payments import payments_of
from simulation.propensity_snapshots import client_id, make_macro, snapshot_rows, with_leak
from simulation.propensity_texts import texts_of
from simulation.retailer import LAST_DAY, Size

BEFORE = 12
"""Months that pass before the first snapshot, so that it is a month like any other."""

PAYMENTS_BEFORE = 3
"""Months of payments before the first snapshot."""

SHOCK_AT = 0.55
"""Place of the first shocked month in the calendar."""

STILL_LISTED = 0.05
"""Share of those who opened an account that the next snapshots go on listing, for `LISTED_MONTHS`."""

LISTED_MONTHS = 2
LIQUIDATED_LISTED = 6
"""Months for which who is known as liquidated stays in the snapshots."""


@dataclass(frozen=True)
class BankExtent:
    """Counts behind a size.

    Attributes
    ----------
    clients
        In every snapshot.
    months
        Snapshots.
    with_payments
        Share of the clients whose payments are delivered.
    """

    clients: int
    months: int
    with_payments: float


BANK_EXTENTS = {
    Size.TINY: BankExtent(clients=600, months=14, with_payments=0.7),
    Size.DEMO: BankExtent(clients=6_000, months=18, with_payments=0.7),
    Size.LARGE: BankExtent(clients=52_000, months=24, with_payments=0.03),
}


@dataclass(frozen=True)
class SimulatedBank:
    """What the bank delivers, and what it does not know.

    Attributes
    ----------
    extent, seed, last_day
        What it was drawn from.
    months
        Days of the snapshots, each the first of a month.
    shock_months
        Months (first days) in which the base rate is half as high and two coefficients are others.
    openings
        ``client_id``, ``opened_on``, by day, until `last_day`.
    texts
        ``client_id``, ``text``, ``known_since`` (null: as long as the client).
    contacts
        ``client_id``, ``date``, ``channel``, ``cost`` (roubles), ``rule``: whom today's rule of thumb has chosen.
    truth
        ``client_id``, ``month``, ``propensity`` (true chance to open within three months, see `Calendar.propensity`),
        ``offered`` (whether offers may be made to the client), ``shocked`` (whether the three months meet the shock). One row
        per listed client that has no account yet.
    populations
        Number of the month → the clients listed then, as of `draw_firms`; from `PAYMENTS_BEFORE` months before the first.
    macro
        One row per month, see `make_macro`.
    planted_leak
        Whether the snapshots have a column that knows the future.
    """

    extent: BankExtent
    seed: int
    last_day: dt.date
    months: tuple[dt.date, ...]
    shock_months: tuple[dt.date, ...]
    openings: pl.DataFrame
    texts: pl.DataFrame
    contacts: pl.DataFrame
    truth: pl.DataFrame
    populations: Mapping[int, pl.DataFrame]
    macro: pl.DataFrame
    planted_leak: bool

    def clients(self, month: dt.date) -> pl.DataFrame:
        """Rows of ``clients`` of one snapshot, see `snapshot_rows`; drawn when asked for, always the same."""
        number = self.months.index(month)
        rows = snapshot_rows(np.random.default_rng([self.seed, 20, number]), self.populations[number], number, month, self.macro)
        if not self.planted_leak:
            return rows
        return with_leak(np.random.default_rng([self.seed, 21, number]), rows, self.openings)

    @property
    def payment_months(self) -> tuple[dt.date, ...]:
        """Months with payments: those of the snapshots and `PAYMENTS_BEFORE` earlier ones."""
        return tuple(_month(self.months[0], number) for number in self.populations)

    def payments(self, month: dt.date) -> pl.DataFrame:
        """``client_id``, ``date``, ``amount`` (roubles), ``direction``, ``counterparty`` of one month; always the same."""
        number = self.payment_months.index(month) - PAYMENTS_BEFORE
        rng = np.random.default_rng([self.seed, 22, number + PAYMENTS_BEFORE])
        return payments_of(rng, self.populations[number], month, self.last_day, self.extent.with_payments)


def simulate_bank(
    size: Size | str | BankExtent, seed: int, last_day: dt.date = LAST_DAY, *, planted_leak: bool = False
) -> SimulatedBank:
    """Draw the bank.

    Parameters
    ----------
    size
        How many clients and snapshots: one of `BANK_EXTENTS`, or another extent.
    seed
        The same seed draws the same bank.
    last_day
        Last day that anything is delivered of; its month has the last snapshot.
    planted_leak
        Whether the snapshots get a column built from openings yet to come: something that a gate must find.
    """
    extent = size if isinstance(size, BankExtent) else BANK_EXTENTS[Size(size)]
    first = _month(last_day.replace(day=1), 1 - extent.months)
    months = tuple(_month(first, number) for number in range(extent.months))
    shock = round(SHOCK_AT * extent.months)
    populations, opened, calendar = _run(extent, seed, first, shock)
    listed = pl.concat([populations[number] for number in range(extent.months)])
    firms = listed.unique("client", keep="first", maintain_order=True)
    delivered = opened.join(firms, on="client", how="semi").filter(pl.col("opened_on") <= last_day)
    return SimulatedBank(
        extent=extent,
        seed=seed,
        last_day=last_day,
        months=months,
        shock_months=tuple(_month(first, int(number)) for number in np.flatnonzero(calendar.shocked)),
        openings=delivered.select(client_id(), "opened_on").sort("opened_on", "client_id"),
        texts=texts_of(np.random.default_rng([seed, 23]), firms, months, last_day),
        contacts=pl.concat(
            contacts_of(np.random.default_rng([seed, 24, number]), populations[number], number, month, last_day)
            for number, month in enumerate(months)
        ),
        truth=pl.concat(_truth(populations[number], calendar, number, first) for number in range(extent.months)),
        populations={number: populations[number] for number in range(-PAYMENTS_BEFORE, extent.months)},
        macro=make_macro(np.random.default_rng([seed, 25]), extent.months),
        planted_leak=planted_leak,
    )


def _run(extent: BankExtent, seed: int, first: dt.date, shock: int) -> tuple[dict[int, pl.DataFrame], pl.DataFrame, Calendar]:
    """Populations by number of the month, all openings, and the calendar, which is solved for at the first snapshot."""
    day = _month(first, -BEFORE)
    population = draw_firms(np.random.default_rng([seed, 1]), 0, extent.clients, -BEFORE, day, newcomers=False)
    calendar = make_calendar(np.random.default_rng([seed, 2]), population, np.datetime64(day), extent.months, shock)
    populations, opened, firms = {}, [], extent.clients
    for number in range(-BEFORE, extent.months):
        day, following = _month(first, number), _month(first, number + 1)
        if number == 0:
            calendar = make_calendar(np.random.default_rng([seed, 2]), population, np.datetime64(day), extent.months, shock)
        populations[number] = population
        rng = np.random.default_rng([seed, 3, number + BEFORE])
        chance = calendar.hazard(population, np.datetime64(day), number)
        passed = _with_liquidations(rng, _with_openings(rng, population, chance, first, number), first, number)
        opened.append(passed.filter(pl.col("opened_on") > day).select("client", "opened_on"))
        staying = after_a_month(rng, passed).filter(pl.col("leaves_at") > number + 1)
        newcomers = draw_firms(rng, firms, extent.clients - staying.height, number + 1, following, newcomers=True)
        firms += newcomers.height
        population = pl.concat([staying, newcomers])
    return populations, pl.concat(opened), calendar


def _with_openings(
    rng: np.random.Generator, population: pl.DataFrame, chance: np.ndarray, first: dt.date, number: int
) -> pl.DataFrame:
    """Who opens an account after a snapshot and until the day of the next one, that day included."""
    able = population.select(pl.col("opened_on").is_null() & pl.col("liquidated_on").is_null()).to_series().to_numpy()
    opens = pl.Series((rng.random(population.height) < chance) & able)
    days = _days_after(rng, population.height, first, number)
    listed = np.where(rng.random(population.height) < STILL_LISTED, LISTED_MONTHS, 0)
    return population.with_columns(
        pl.when(opens).then(pl.Series(days).cast(pl.Date)).otherwise("opened_on").alias("opened_on"),
        pl.when(opens).then(pl.Series(number + 1 + listed).cast(pl.Int16)).otherwise("leaves_at").alias("leaves_at"),
    )


def _with_liquidations(rng: np.random.Generator, population: pl.DataFrame, first: dt.date, number: int) -> pl.DataFrame:
    """Who is liquidated in the month, which the bank learns one to three months later."""
    able = population.select(pl.col("opened_on").is_null() & pl.col("liquidated_on").is_null()).to_series().to_numpy()
    chance = np.array(MONTHLY_LIQUIDATION)[population.get_column("stage").to_numpy()]
    ends = pl.Series((rng.random(population.height) < chance) & able)
    days = _days_after(rng, population.height, first, number)
    known = number + rng.integers(2, 4, population.height)
    return population.with_columns(
        pl.when(ends).then(pl.Series(days).cast(pl.Date)).otherwise("liquidated_on").alias("liquidated_on"),
        pl.when(ends).then(pl.Series(known).cast(pl.Int16)).otherwise("known_from").alias("known_from"),
        pl.when(ends).then(pl.Series(known + LIQUIDATED_LISTED).cast(pl.Int16)).otherwise("leaves_at").alias("leaves_at"),
    )


def _days_after(rng: np.random.Generator, count: int, first: dt.date, number: int) -> np.ndarray:
    """Days after a snapshot and until that of the next one, any of them alike."""
    day, following = _month(first, number), _month(first, number + 1)
    return np.asarray(np.datetime64(day) + rng.integers(1, (following - day).days + 1, count))


def _truth(population: pl.DataFrame, calendar: Calendar, number: int, first: dt.date) -> pl.DataFrame:
    days = [np.datetime64(_month(first, number + ahead)) for ahead in range(WINDOW)]
    without = population.filter(pl.col("opened_on").is_null())
    return without.select(
        client_id(),
        pl.lit(_month(first, number)).alias("month"),
        pl.Series("propensity", calendar.propensity(without, number, days)),
        pl.Series("offered", is_offered(without, number)),
        pl.lit(bool(calendar.shocked[number : number + WINDOW].any())).alias("shocked"),
    ).sort("client_id")


def _month(first: dt.date, number: int) -> dt.date:
    """First day of the month so many months after another."""
    index = first.year * 12 + first.month - 1 + number
    return dt.date(index // 12, index % 12 + 1, 1)
