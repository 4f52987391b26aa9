"""What category managers ask of the published clusters: a request of their own, new stores, whether a report is current."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vitrina.array_cache import ArrayCache
from vitrina.cli.answers import DECIMALS, show_clustering
from vitrina.cli.stores import Data, Quarter, author, commands, console, opened, settings_of
from vitrina.cli.summary import plain
from vitrina.files import sha256_of
from vitrina.stores import resolving
from vitrina.stores.asking import ask, model_in_force, read_request, reports_in_force
from vitrina.stores.network import snapshot
from vitrina.stores.new_stores import read_new_stores

if TYPE_CHECKING:
    from vitrina.settings import Settings
    from vitrina.stores.clustering import Clustering

Language = Annotated[str, typer.Option("--language", help="Language of the report: en or ru.")]


@commands.command()
def cluster(
    quarter: Quarter,
    request: Annotated[str, typer.Option("--request", help='JSON such as {"n_clusters": 5}, or a file with it.')] = "{}",
    report: Annotated[Path | None, typer.Option("--report", help="Excel file to write.", dir_okay=False)] = None,
    language: Language = "en",
    data: Data = None,
) -> None:
    """Answer a request on a published quarter: the table of k, why, and an Excel report. Nothing is stored."""
    settings = settings_of(data)
    scenario = read_request(request)
    with opened(settings) as connection:
        day = resolving.day_of(quarter)
        found = ask(connection, day, scenario, ArrayCache(settings.cache / "stores"))
        data_version = snapshot(connection)
    show_clustering(console, found)
    if report is not None:
        _write(report, found, settings, data_version, language)


@commands.command()
def assign(
    quarter: Quarter,
    file: Annotated[
        Path, typer.Argument(help="CSV or Excel with store_id and any of the model's features.", exists=True, dir_okay=False)
    ],
    data: Data = None,
) -> None:
    """Assign new or planned stores by the approved model: cluster, margin, and what speaks for it."""
    import polars as pl  # noqa: PLC0415  # looking at the help need not pay for it

    settings = settings_of(data)
    with opened(settings) as connection:
        model = model_in_force(connection, resolving.day_of(quarter))
    assigned = model.assign(read_new_stores(file, model.features))
    table = Table(title=plain(f"Version {model.version}, fitted on {model.quarter}"), title_justify="left")
    for name in ("store", "cluster", "next", "margin", "speaks for it", "took the median"):
        table.add_column(name)
    shown = ("store_id", "scored_cluster", "next_cluster", "margin", "reason", "imputed")
    for row in assigned.select(shown).with_columns(pl.col("margin").round(DECIMALS)).iter_rows():
        table.add_row(*(plain("" if value is None else str(value)) for value in row))
    console.print(table)


@commands.command()
def report(
    file: Annotated[Path, typer.Argument(help="A report of store clusters.", exists=True, dir_okay=False)],
    language: Language = "en",
    data: Data = None,
) -> None:
    """Say whether an Excel report is current, or what has replaced it. Ends with 1 where it is not current."""
    from vitrina.i18n import translator  # noqa: PLC0415  # looking at the help need not pay for it
    from vitrina.stores.report.staleness import Verdict, judge_report  # noqa: PLC0415  # as above
    from vitrina.stores.report.wording import DOMAIN  # noqa: PLC0415  # as above

    with opened(settings_of(data)) as connection:
        standing = judge_report(file, reports_in_force(connection))
    console.print(plain(standing.describe(translator(language, DOMAIN))), soft_wrap=True)
    if standing.verdict not in {Verdict.CURRENT, Verdict.ASKED}:
        raise typer.Exit(1)


def _write(path: Path, found: Clustering, settings: Settings, data_version: str, language: str) -> None:
    from vitrina.stores.report import Provenance, write_report  # noqa: PLC0415  # as above
    from vitrina.stores.report.staleness import ASKED  # noqa: PLC0415  # as above

    provenance = Provenance(
        run_id=f"{ASKED}{found.fingerprint}",
        snapshot=data_version,
        made_at=dt.datetime.now(dt.UTC),
        made_by=author(None),
        code_version=version("vitrina"),
    )
    write_report(path, found, provenance, locale=language, currency=settings.currency)
    console.print(plain(f"Report: {path} (SHA-256 {sha256_of(path)[:12]}…)"), soft_wrap=True)
