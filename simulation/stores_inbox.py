"""The inbox of `stores`, as the made-up retailer's people would fill it.

``stores/stores.csv`` comes from Excel, the first year of ``stores/sales/`` from a legacy system (Windows-1251,
semicolons, decimal commas), later years from a newer one, the last two months as Parquet and as a workbook. A few
cells are spoiled, a total row was left in, and an announced store has no opening day yet. Where the history is long
enough to look back on, category management approved a clustering a year ago, named its clusters and moved a store.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl

from simulation.delivery import EXCEL, LEGACY, PLAIN, SpoiledCell, write_csv, write_parquet, write_workbook
from simulation.retailer import EXTENTS, LAST_DAY, Size, months_until
from simulation.stores import SimulatedStores, simulate_stores

FOLDER = "stores"
QUARTERS_SINCE_APPROVAL = 5
QUARTERS_TO_DECIDE_ON = 8
"""Quarters of history from which the retailer's people had a clustering to approve."""


def write_inbox(folder: Path, size: Size | str, seed: int, last_day: dt.date = LAST_DAY) -> tuple[SpoiledCell, ...]:
    """Write the files of a simulated retailer's stores.

    Parameters
    ----------
    folder
        The inbox; the files go to its sub-folder ``stores``.
    size, seed, last_day
        As of `simulate_stores`; the same values write the same files.

    Returns
    -------
    tuple of SpoiledCell
        The slips: each is a row that must be refused. No other row must be, but for the sales of stores that the master
        data does not know.
    """
    retailer = simulate_stores(size, seed, last_day)
    if EXTENTS[Size(size)].quarters >= QUARTERS_TO_DECIDE_ON:
        _write_decisions(folder, retailer.stores, last_day)
    return (
        *_write_master(folder, retailer.stores),
        *_write_sales(folder, retailer),
        *_write_geo(folder, retailer.geo),
    )


def _write_decisions(folder: Path, stores: pl.DataFrame, last_day: dt.date) -> None:
    """One file per meeting, a decision per line."""
    approved_on = months_until(last_day, QUARTERS_SINCE_APPROVAL)[0]
    rebuilt = stores.filter(pl.col("format") == "hypermarket").get_column("store_id").min()
    request = {"features": ["assortment", "geography", "seasonality"], "transform": "robust", "n_clusters": 4}
    decisions: list[dict[str, object]] = [
        {"kind": "approve", "scenario": json.dumps(request), "reason": "Четыре типа, с которыми согласны все направления."},
        {"kind": "rename", "cluster": 1, "name": "Выходной день", "reason": "Крупные магазины, куда едут по выходным."},
        {"kind": "rename", "cluster": 2, "name": "Центр города", "reason": "Много соседей, частые небольшие покупки."},
        {"kind": "rename", "cluster": 3, "name": "Дачный пояс", "reason": "Сезон летом, товары для дачи и сада."},
        {"kind": "rename", "cluster": 4, "name": "Малый город", "reason": "Небольшие города, низкий чек."},
        {"kind": "move", "store_id": rebuilt, "cluster": 2, "reason": "После реконструкции торгует как магазины второго кластера."},
    ]
    meeting = dt.datetime.combine(last_day, dt.time(9), dt.UTC) - dt.timedelta(days=300)
    lines = [
        json.dumps(
            {
                "decision_id": f"{meeting:%Y%m%d}-{place}",
                "made_at": (meeting + dt.timedelta(minutes=5 * place)).isoformat(),
                "made_by": "Категорийный менеджмент",
                "quarter": approved_on.isoformat(),
                **decision,
            },
            ensure_ascii=False,
        )
        for place, decision in enumerate(decisions, start=1)
    ]
    path = folder / FOLDER / "decisions" / f"{meeting:%Y-%m-%d}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_master(folder: Path, stores: pl.DataFrame) -> list[SpoiledCell]:
    """Write the master data, with an announced store in the last row."""
    announced = stores.tail(1).with_columns(pl.lit("9999").alias("store_id"))
    rows = pl.concat([stores, announced])
    slips = [SpoiledCell(f"{FOLDER}/stores.csv", rows.height + 1, "opened_on", "скоро открытие")]
    write_csv(folder / FOLDER / "stores.csv", rows, EXCEL, slips)
    return slips


def _write_sales(folder: Path, retailer: SimulatedStores) -> list[SpoiledCell]:
    sales = retailer.sales
    *_, month_of_parquet, month_of_workbook = sales.get_column("date").unique().sort().to_list()
    in_years = sales.filter(pl.col("date") < month_of_parquet)
    years = in_years.get_column("date").dt.year().unique().sort().to_list()
    slips = []
    for year in years:
        rows = in_years.filter(pl.col("date").dt.year() == year)
        name = f"{FOLDER}/sales/{year}.csv"
        first = year == years[0]
        rows = pl.concat([rows, _total(rows)]) if first else rows
        spoiled = _slips_of_legacy(name, rows) if first else _slips_of_newer(name, rows) if year == years[-1] else []
        write_csv(folder / name, rows, LEGACY if first else PLAIN, spoiled)
        slips += spoiled
    for month, suffix in ((month_of_parquet, "parquet"), (month_of_workbook, "xlsx")):
        rows, path = sales.filter(pl.col("date") == month), folder / FOLDER / "sales" / f"{month:%Y-%m}.{suffix}"
        write_parquet(path, rows) if suffix == "parquet" else write_workbook(path, rows, "Продажи")
    return slips


def _write_geo(folder: Path, geo: pl.DataFrame) -> list[SpoiledCell]:
    name = f"{FOLDER}/geo.csv"
    slips = [SpoiledCell(name, geo.height // 2 + 2, "income_index", "#ССЫЛКА!")]
    write_csv(folder / name, geo, PLAIN, slips)
    return slips


def _total(rows: pl.DataFrame) -> pl.DataFrame:
    """Sum up, as an export does below its rows."""
    return rows.select(
        pl.lit("ИТОГО").alias("store_id"),
        pl.lit(None, dtype=pl.Date).alias("date"),
        pl.lit(None, dtype=pl.String).alias("category"),
        pl.col("revenue").sum().round(2),
        pl.col("receipts", "customers", "items").sum(),
    )


def _slips_of_legacy(name: str, rows: pl.DataFrame) -> list[SpoiledCell]:
    return [SpoiledCell(name, rows.height // 3, "revenue", "н/д"), SpoiledCell(name, rows.height + 1, "date", "")]


def _slips_of_newer(name: str, rows: pl.DataFrame) -> list[SpoiledCell]:
    a_third, two_thirds = rows.height // 3, 2 * rows.height // 3
    return [SpoiledCell(name, a_third, "date", "2026-02-31"), SpoiledCell(name, two_thirds, "items", "12 шт.")]
