"""What was made, where it is, and what to open next."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from duckdb import DuckDBPyConnection
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vitrina.feedback.tables import FEEDBACK
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.messages import shown
from vitrina.publication import current, open_published
from vitrina.publication.versions import analysts_copy
from vitrina.settings import Settings


def show(settings: Settings, product: str, console: Console) -> None:
    """Print a product's deliveries, its published tables and its reports."""
    pointer = current(settings, product)
    delivered = Ledger(settings.ledger).deliveries(product)
    if product == FEEDBACK and pointer is None and delivered.is_empty():
        console.print(f"Nothing of [b]{product}[/b] is published yet: nobody has rated a page.")
        return
    _deliveries(settings, product, delivered, console)
    if pointer is None:
        console.print(f"Nothing of [b]{product}[/b] is published yet: nothing complete has been delivered.")
        return
    connection = open_published(settings, product)
    try:
        tables = connection.execute("SELECT table_name, n_rows, state FROM published_tables ORDER BY state, table_name").fetchall()
        reports = [
            *_newest_reports(connection),
            *_pilot_sheets(connection),
            *_optimiser_files(connection),
            *_day_reports(connection),
        ]
    finally:
        connection.close()
    made = Table(title=plain(f"{product}: version {pointer.version}"), title_justify="left")
    for name in ("table", "rows", "state"):
        made.add_column(name, justify="right" if name == "rows" else "left")
    for name, rows, state in tables:
        made.add_row(plain(name), f"{rows:,}", plain(state))
    console.print(made)
    _what_to_open(settings, product, [(what, settings.data / path) for what, path in reports], console)


def plain(text: str) -> Text:
    """Text that the terminal shows as it is: no markup, no control characters, whoever named the files in it."""
    return Text("\n".join(shown(line, len(line)) for line in text.splitlines()))


def _newest_reports(connection: DuckDBPyConnection) -> list[tuple[str, str]]:
    """What each report of the latest quarter is, and its path; none where the publication has left them out."""
    if not _published(connection, "cluster_report"):
        return []
    rows = connection.execute(
        "SELECT quarter, locale, path FROM cluster_report WHERE quarter = (SELECT max(quarter) FROM cluster_report) ORDER BY locale"
    ).fetchall()
    return [(f"Excel report, {quarter} {locale}", path) for quarter, locale, path in rows]


def _pilot_sheets(connection: DuckDBPyConnection) -> list[tuple[str, str]]:
    """What each sheet of the latest pilot is, and its path."""
    if not _published(connection, "pilot_sheets"):
        return []
    rows = connection.execute(
        "SELECT pilot, locale, path FROM pilot_sheets WHERE made_at = (SELECT max(made_at) FROM pilot_sheets) ORDER BY locale"
    ).fetchall()
    return [(f"sheet for experts, pilot {pilot}, {locale}", path) for pilot, locale, path in rows]


def _optimiser_files(connection: DuckDBPyConnection) -> list[tuple[str, str]]:
    """What each file of the latest month's campaign is, and its path."""
    if not _published(connection, "optimiser_files"):
        return []
    rows = connection.execute(
        "SELECT month, format, path FROM optimiser_files WHERE month = (SELECT max(month) FROM optimiser_files) ORDER BY format"
    ).fetchall()
    return [(f"file for the optimiser, {month:%Y-%m}, {name}", path) for month, name, path in rows]


def _day_reports(connection: DuckDBPyConnection) -> list[tuple[str, str]]:
    """What each store's report of the latest day is, and its path."""
    if not _published(connection, "day_reports"):
        return []
    rows = connection.execute(
        "SELECT store_id, day, locale, path FROM day_reports WHERE day = (SELECT max(day) FROM day_reports) ORDER BY store_id, locale"
    ).fetchall()
    return [(f"Excel report, {store} {day} {locale}", path) for store, day, locale, path in rows]


def _published(connection: DuckDBPyConnection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = ?", [table]).fetchone() is not None


def _deliveries(settings: Settings, product: str, delivered: pl.DataFrame, console: Console) -> None:
    table = Table(title=plain(f"{product}: files in the inbox {settings.inbox_folder}"), title_justify="left")
    for name in ("file", "state", "read", "loaded", "refused"):
        table.add_column(name, justify="left" if name in {"file", "state"} else "right")
    columns = ("source_file", "state", "rows_read", "rows_loaded", "rows_refused")
    for file, state, *counts in delivered.select(columns).iter_rows():
        table.add_row(plain(file), plain(state), *(f"{count:,}" for count in counts))
    console.print(table)


def _what_to_open(settings: Settings, product: str, reports: list[tuple[str, Path]], console: Console) -> None:
    data = "" if settings.data == Path("data").resolve() else f" DATA={_short(settings.data)}"
    rows = [
        *((what, _short(path)) for what, path in reports),
        ("receipts of the deliveries", _short(settings.receipts / product)),
        ("tables, for DuckDB or any tool that reads it", _short(analysts_copy(settings, product))),
        ("the graph in the Dagster UI", f"make ui{data}, then http://127.0.0.1:{settings.port}"),
        ("pages and downloads", f"make serve{data}, then http://127.0.0.1:{settings.pages_port}"),
    ]
    console.print("[i]What to open[/i]")
    width = max(len(what) for what, _ in rows)
    for what, where in rows:
        # never folded: people copy the path
        console.print(plain(f"  {what:<{width}}  {where}"), soft_wrap=True)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
