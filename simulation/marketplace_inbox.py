"""The inbox of `marketplace`, as the made-up marketplace's people would fill it.

Older months of ``marketplace/events/`` are CSV, the last two Parquet; a day of the last month was delivered a second time,
under another name, with corrected prices. ``items.csv`` and ``item_rules.csv`` come from Excel, the lists that were shown
from the experiment's own service as ``shown/``. Beside the good rows stand rows that a log has and nobody wants, see
`slips_of`: the inbox takes them and what comes later deals with them. A few cells it must refuse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from simulation.delivery import EXCEL, PLAIN, SpoiledCell, write_csv, write_parquet
from simulation.marketplace import SimulatedMarketplace, simulate_marketplace
from simulation.marketplace_days import event_days, shown_days
from simulation.marketplace_rows import MOMENT_WRITTEN
from simulation.retailer import LAST_DAY, Size

FOLDER = "marketplace"
DAY, MONTH = len("2026-09-30"), len("2026-09")
"""Characters of a date that name a file."""

MOMENT = "%Y-%m-%d %H:%M:%S%.f%z"
"""Format of moments as they are read back."""

PARQUET_MONTHS = 2
CORRECTED_DAYS_AGO = 13
CORRECTION = 0.95
"""What a corrected price is of the price that was delivered first."""

SLIPS = 5
"""Rows of each kind of `slips_of` in a month's file."""

DUPLICATES = 20
UNKNOWN_TYPE = "ec.mystery"
DENIED = ("Отзыв партии поставщиком.", "Не продаём без консультации.", "Временно снят с витрины.")
"""Why the items at `DENIED_RANKS` of popularity are never to be recommended: what a popularity list would show."""

DENIED_RANKS = (2, 7, 11)
ANNOUNCED = ("9999998", "9999999")
"""Items that nobody has seen yet, with what people write who do not know."""


def write_inbox(folder: Path, size: Size | str, seed: int, last_day: dt.date = LAST_DAY) -> tuple[SpoiledCell, ...]:
    """Write the files of a simulated marketplace.

    Parameters
    ----------
    folder
        The inbox; the files go to its sub-folder ``marketplace``.
    size, seed, last_day
        As of `simulate_marketplace`; the same values write the same files. A large log is written day by day, one Parquet
        file each, and has no slips beside its catalogue's.

    Returns
    -------
    tuple of SpoiledCell
        The cells that must be refused, each with its row; no other row must be.
    """
    world = simulate_marketplace(size, seed, last_day)
    if Size(size) is Size.LARGE:
        _write_days(folder, world)
        _write_shown(folder, world, DAY)
        return _write_catalogue(folder, world)
    _write_shown(folder, world, MONTH)
    return (*_write_months(folder, world), *_write_catalogue(folder, world))


def slips_of(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that stand beside the good ones of a month, made from copies of purchases and views.

    Parameters
    ----------
    rng
        Chooses what is copied.
    rows
        Delivered rows of the month.

    Returns
    -------
    polars.DataFrame
        `SLIPS` rows each of: lists of different lengths; a purchase of nothing; a price of zero; a negative price; an event
        type that nobody knows. And `DUPLICATES` exact copies. A spoiled purchase stands a second after the one that it was
        copied from, so that nobody can take it for that one's correction.
    """
    purchases = _a_second_later(rows.filter(pl.col("event_type") == "purchase").drop_nulls("utc_event_time"))
    kinds = [purchases[np.sort(rng.choice(purchases.height, SLIPS, replace=purchases.height < SLIPS))] for _ in range(4)]
    ragged, of_nothing, for_nothing, negative = kinds
    any_rows = rows[np.sort(rng.choice(rows.height, DUPLICATES + SLIPS, replace=False))]
    return pl.concat(
        [
            ragged.with_columns(pl.lit("[1, 1, 1, 1, 1, 1, 1, 1, 1]").alias("ecom.qty")),
            of_nothing.with_columns(pl.lit("[]").alias(name) for name in ("ecom.nm", "ecom.price100", "ecom.qty")),
            for_nothing.with_columns(pl.col("ecom.price100").str.replace_all(r"\d+", "0")),
            negative.with_columns(pl.col("ecom.price100").str.replace_all(r"(\d+)", "-$1")),
            any_rows.tail(SLIPS).with_columns(pl.lit(UNKNOWN_TYPE).alias("event_type")),
            any_rows.head(DUPLICATES),
        ]
    )


def corrected(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with prices multiplied by `CORRECTION`, rounded to whole roubles."""
    prices = pl.col("ecom.price100").str.strip_chars("[]").str.split(", ")
    lower = prices.list.eval(
        (pl.element().cast(pl.Int64, strict=False) * CORRECTION / 100).round().cast(pl.Int64).mul(100).cast(pl.String)
    )
    return rows.with_columns(pl.format("[{}]", lower.list.join(", ", ignore_nulls=True)).alias("ecom.price100"))


def _a_second_later(rows: pl.DataFrame) -> pl.DataFrame:
    moment = pl.col("utc_event_time").str.to_datetime(MOMENT) + pl.duration(seconds=1)
    return rows.with_columns(moment.dt.to_string(MOMENT_WRITTEN).alias("utc_event_time"))


def _write_months(folder: Path, world: SimulatedMarketplace) -> list[SpoiledCell]:
    """One file per month, older ones as CSV; and the day that was delivered again."""
    again_on = world.last_day - dt.timedelta(days=CORRECTED_DAYS_AGO)
    months = dict(_by(event_days(world), "utc_event_date", MONTH))
    slips = []
    for place, (month, rows) in enumerate(months.items()):
        rng = np.random.default_rng([world.seed, 10, place])
        delivered = pl.concat([_with_spaces(rng, rows), slips_of(rng, rows)])
        if place >= len(months) - PARQUET_MONTHS:
            write_parquet(folder / FOLDER / "events" / f"{month}.parquet", delivered)
        else:
            name = f"{FOLDER}/events/{month}.csv"
            spoiled = _slips_of_csv(name, delivered)
            write_csv(folder / name, delivered, PLAIN, spoiled)
            slips += spoiled
    day = months[f"{again_on:%Y-%m}"].filter(pl.col("utc_event_date") == again_on.isoformat())
    # the name sorts after the month's, so that it is read later
    write_parquet(folder / FOLDER / "events" / f"{again_on:%Y-%m}_corrected_{again_on:%d}.parquet", corrected(day))
    return slips


def _write_days(folder: Path, world: SimulatedMarketplace) -> None:
    for day, rows in _by(event_days(world), "utc_event_date", DAY):
        write_parquet(folder / FOLDER / "events" / f"{day}.parquet", rows)


def _write_shown(folder: Path, world: SimulatedMarketplace, period: int) -> None:
    for name, lists in _by(shown_days(world), "shown_at", period):
        write_parquet(folder / FOLDER / "shown" / f"{name}.parquet", lists)


def _by(days: Iterator[pl.DataFrame], column: str, period: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Frames of days put together by the first characters of their dates; a day without rows has none."""
    filled = (rows for rows in days if rows.height)
    for name, together in groupby(filled, key=lambda rows: str(rows.get_column(column)[0])[:period]):
        yield name, pl.concat(together)


def _write_catalogue(folder: Path, world: SimulatedMarketplace) -> tuple[SpoiledCell, ...]:
    """The catalogue, with two announced items in its last rows; and the rules, with one that is no rule."""
    items = world.items.select("nm", "title", "category", "available", "available_from")
    name, rules_name = f"{FOLDER}/items.csv", f"{FOLDER}/item_rules.csv"
    announced = items.tail(2).with_columns(pl.Series("nm", ANNOUNCED))
    items = pl.concat([items, announced])
    slips = [
        SpoiledCell(name, items.height, "available_from", "скоро"),
        SpoiledCell(name, items.height + 1, "available", "под заказ"),
    ]
    write_csv(folder / name, items, EXCEL, slips)
    denied = world.items.sort("log_popularity", descending=True).get_column("nm").gather(list(DENIED_RANKS))
    rules = pl.DataFrame({"nm": denied, "rule": ["deny"] * denied.len(), "reason": DENIED})
    unclear = pl.DataFrame({"nm": ANNOUNCED[:1], "rule": ["deny"], "reason": ["Спросить у категории."]})
    spoiled = [SpoiledCell(rules_name, rules.height + 2, "rule", "может быть")]
    write_csv(folder / rules_name, pl.concat([rules, unclear]), EXCEL, spoiled)
    return (*slips, *spoiled)


def _with_spaces(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """One user's identifier with spaces around, in some of the user's rows."""
    user = rows.filter(pl.col("event_type") == "purchase").get_column("user_id").unique().sort()[0]
    chosen = (pl.col("user_id") == user) & pl.Series(rng.random(rows.height) < 0.5)
    return rows.with_columns(pl.when(chosen).then(pl.format(" {} ", "user_id")).otherwise("user_id").alias("user_id"))


def _slips_of_csv(name: str, rows: pl.DataFrame) -> list[SpoiledCell]:
    """Cells of copies at the file's end: nothing of what is true is lost with them."""
    last = rows.height + 1
    return [SpoiledCell(name, last, "utc_event_date", "2026-13-45"), SpoiledCell(name, last - 1, "utc_event_time", "вчера вечером")]
