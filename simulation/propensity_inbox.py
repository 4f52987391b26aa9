"""The inbox of `propensity`, as the made-up bank's people would fill it.

Older snapshots are CSV, the last two Parquet. One month was delivered twice: at first with the turnover in thousands of
roubles, then, under a name that is read later, as it should be. A few cells are spoiled, each in a copy of a good row at the
end of its file, so that nothing of what is true is lost with it. A large bank's files are Parquet where they come by month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path

import polars as pl

from simulation.delivery import EXCEL, PLAIN, CsvDialect, SpoiledCell, write_csv, write_parquet
from simulation.propensity import SimulatedBank, simulate_bank
from simulation.retailer import LAST_DAY, Size

FOLDER = "propensity"
OPTIONAL = ("payments", "texts", "contacts")
"""Kinds of files that a bank may do without."""

PARQUET_MONTHS = 2
CORRECTED_MONTHS_AGO = 4
"""Which of the snapshots was delivered twice, counted from the last one."""

THOUSAND = 1_000

_SPOILED_CLIENTS = (("snapshot_date", "2026-13-01"), ("client_id", ""), ("registered_on", "30.02.2021"))
_SPOILED_OPENINGS = (("opened_on", "2093-03-15"), ("client_id", ""), ("opened_on", "вчера"))
_SPOILED_PAYMENTS = (("amount", "-1500.00"), ("direction", "возврат"), ("date", ""))
_SPOILED_TEXTS = (("text", ""), ("known_since", "недавно"))
_SPOILED_CONTACTS = (("cost", "бесплатно"), ("channel", ""))


def write_inbox(  # noqa: PLR0913  # what every product's writer takes, and what this bank may leave out
    folder: Path,
    size: Size | str,
    seed: int,
    last_day: dt.date = LAST_DAY,
    *,
    without: Collection[str] = (),
    planted_leak: bool = False,
) -> tuple[SpoiledCell, ...]:
    """Write the files of a simulated bank.

    Parameters
    ----------
    folder
        The inbox; the files go to its sub-folder ``propensity``.
    size, seed, last_day, planted_leak
        As of `simulate_bank`; the same values write the same files.
    without
        Kinds of `OPTIONAL` files that are left out.

    Returns
    -------
    tuple of SpoiledCell
        The cells that must be refused, each with its row; no other row must be.
    """
    bank = simulate_bank(size, seed, last_day, planted_leak=planted_leak)
    own, large = folder / FOLDER, Size(size) is Size.LARGE
    slips = _write_clients(own, bank, large=large)
    slips += _write_spoiled(own, "openings.csv", bank.openings, PLAIN, _SPOILED_OPENINGS)
    if "payments" not in without:
        slips += _write_payments(own, bank, large=large)
    if "texts" not in without:
        slips += _write_spoiled(own, "texts.csv", bank.texts, EXCEL, _SPOILED_TEXTS)
    if "contacts" not in without:
        slips += _write_spoiled(own, "contacts.csv", bank.contacts, EXCEL, _SPOILED_CONTACTS)
    return tuple(slips)


def _write_clients(own: Path, bank: SimulatedBank, *, large: bool) -> list[SpoiledCell]:
    """One file per snapshot, the oldest with slips; and the one that was delivered again."""
    slips: list[SpoiledCell] = []
    again = bank.months[-CORRECTED_MONTHS_AGO]
    for place, month in enumerate(bank.months):
        rows = bank.clients(month)
        name = f"clients/{month:%Y-%m}"
        if large or place >= len(bank.months) - PARQUET_MONTHS:
            write_parquet(own / f"{name}.parquet", rows)
        elif month == again:
            write_csv(own / f"{name}.csv", rows.with_columns(pl.col("turnover") // THOUSAND), PLAIN)
            # the name sorts after the first one's, so that it is read later
            write_csv(own / f"{name}_corrected.csv", rows, PLAIN)
        else:
            slips += _write_spoiled(own, f"{name}.csv", rows, PLAIN, () if place else _SPOILED_CLIENTS)
    return slips


def _write_payments(own: Path, bank: SimulatedBank, *, large: bool) -> list[SpoiledCell]:
    slips: list[SpoiledCell] = []
    for place, month in enumerate(bank.payment_months):
        rows, name = bank.payments(month), f"payments/{month:%Y-%m}"
        if large or place >= len(bank.payment_months) - PARQUET_MONTHS:
            write_parquet(own / f"{name}.parquet", rows)
        else:
            slips += _write_spoiled(own, f"{name}.csv", rows, PLAIN, () if place else _SPOILED_PAYMENTS)
    return slips


def _write_spoiled(
    own: Path, name: str, rows: pl.DataFrame, dialect: CsvDialect, spoiled: tuple[tuple[str, str], ...]
) -> list[SpoiledCell]:
    """Write a CSV file with copies of its first rows at the end, one cell of each spoiled."""
    slips = [
        SpoiledCell(f"{FOLDER}/{name}", rows.height + 2 + place, column, value) for place, (column, value) in enumerate(spoiled)
    ]
    write_csv(own / name, pl.concat([rows, rows.head(len(spoiled))]), dialect, slips)
    return slips
