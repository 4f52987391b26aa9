"""Commands; each `make` target is one of them."""

import datetime as dt
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from vitrina.catalogue import CONTRACTS, FOLLOWING, PRODUCTS_WITH_ASSETS, find_table, tables_of
from vitrina.cli import asking as _asking  # noqa: F401  # adds its commands to those of stores
from vitrina.cli import decisions as _decisions  # noqa: F401  # as above
from vitrina.cli import launch, people, posts, sellers, stores, summary
from vitrina.errors import VitrinaError
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.staleness import WHOLE, stretches
from vitrina.inbox.validate import validate_file
from vitrina.publication import current
from vitrina.publication import rollback as roll_back
from vitrina.runs import covering
from vitrina.sellers.tables import SELLERS
from vitrina.settings import PRODUCTS, Settings
from vitrina.warehouse import Warehouse, locate
from vitrina.warehouse import migrate as migrate_table

app = typer.Typer(help="A retailer's machine learning as one typed, checked, published graph.", no_args_is_help=True)
app.add_typer(stores.commands, name="stores")
app.add_typer(posts.commands, name="posts")
app.add_typer(sellers.commands, name="sellers")
app.add_typer(people.commands, name="people")
console = Console()

DEMO_SEED = 20260930

Data = Annotated[Path | None, typer.Option("--data", help="Folder for everything that is written; default: VITRINA_DATA or data/.")]
Inbox = Annotated[
    str | None,
    typer.Option("--inbox", help="Folder with the delivered files; default: VITRINA_INBOX or inbox/ in the data folder."),
]
Product = Enum("Product", {name: name for name in PRODUCTS_WITH_ASSETS}, type=str)  # type: ignore[misc]  # one list of names
ProductArgument = Annotated[Product, typer.Argument(help="Product.")]


@app.command()
def demo(data: Data = None, seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = DEMO_SEED) -> None:
    """Simulate a retailer, run the whole graph on it, and say what to open. Again: only what has changed is done."""
    settings = _settings(data, None)
    inbox = settings.inbox_folder
    # people rate the demo's pages themselves: of feedback nothing is made up
    for product in PRODUCTS:
        if not (inbox / product).exists():
            with console.status(summary.plain(f"{product}: simulating a retailer into {inbox}")):
                command = ["simulation", "--product", product, "--size", "demo", "--seed", str(seed), "--inbox", str(inbox)]
                launch.run_module(settings, command, log=settings.data / "logs" / f"simulation_{product}.log")
    launch.put_demo_weights(settings)
    _run(settings, PRODUCTS_WITH_ASSETS)


@app.command()
def run(
    product: Annotated[Product | None, typer.Option("--product", help="Product; default: all.")] = None,
    inbox: Inbox = None,
    data: Data = None,
    moved_inbox: Annotated[bool, typer.Option("--moved-inbox", help="The inbox has moved; its files are the same ones.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Load what is new in the inbox, compute what that made stale, and publish."""
    settings = _settings(data, inbox)
    Ledger(settings.ledger).claim_inbox(str(settings.inbox_folder), moved=moved_inbox)
    _run(settings, (product.value,) if product else PRODUCTS_WITH_ASSETS)


@app.command()
def ui(inbox: Inbox = None, data: Data = None) -> None:
    """Open the Dagster UI with its daemon: sensors load new files by themselves."""
    launch.become_ui(_settings(data, inbox))


@app.command()
def serve(data: Data = None) -> None:
    """Open the pages over what was published."""
    launch.become_pages(_settings(data, None))


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="File to be delivered.", exists=True, dir_okay=False)],
    contract: Annotated[
        str | None, typer.Option("--contract", help="Contract to read it under, e.g. sales; default: by its name.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="en or ru.")] = "en",
) -> None:
    """Say what the inbox would say of a file, before it is delivered. Ends with 1 where anything would be refused."""
    verdict = validate_file(file, CONTRACTS, today=dt.datetime.now(dt.UTC).date(), contract=contract)
    console.print(summary.plain(verdict.text(language)), soft_wrap=True)
    if not verdict.accepted:
        raise typer.Exit(1)


@app.command()
def rollback(
    product: ProductArgument,
    to: Annotated[str | None, typer.Option("--to", help="Version to return to; default: the one before.")] = None,
    data: Data = None,
) -> None:
    """Put an earlier published version back into force."""
    pointer = roll_back(product.value, settings=_settings(data, None), to_version=to)
    console.print(
        summary.plain(f"{pointer.product}: version {pointer.version} is in force, instead of {pointer.rolled_back_from}.")
    )


@app.command()
def migrate(
    product: ProductArgument, table: Annotated[str | None, typer.Argument(help="Table; default: all.")] = None, data: Data = None
) -> None:
    """Bring stored tables under their declarations after an update; what does not convert is computed again by the next run."""
    settings = _settings(data, None)
    wanted = tables_of(product.value) if table is None else (find_table(product.value, table),)
    with Warehouse(locate(settings, product.value), settings.lock_timeout_s).write() as connection:
        lost = {declared.table_name(): migrate_table(connection, declared) for declared in wanted}
    periods = sorted({period for found in lost.values() for period in found})
    Ledger(settings.ledger).mark_stale(product.value, periods, dt.datetime.now(dt.UTC))
    dropped = ", ".join(name for name, found in lost.items() if found)
    console.print(summary.plain(f"{len(wanted)} table(s) of {product.value} follow their declarations."))
    if dropped:
        console.print(
            summary.plain(f"Rows of {dropped} do not convert: the next `make run` computes {len(periods)} period(s) again."),
            soft_wrap=True,
        )


def main() -> None:
    """Run the command line; errors meant for people are printed as such."""
    try:
        app()
    except VitrinaError as error:
        Console(stderr=True).print(
            Text.assemble(
                (type(error).__name__, "red"),
                ": ",
                summary.plain(error.problem),
                ("\nWhat to do:", "bold"),
                " ",
                summary.plain(error.remedy),
            ),
            soft_wrap=True,
        )
        raise SystemExit(1) from error


def _settings(data: Path | None, inbox: str | None) -> Settings:
    """The configuration in force; a data folder remembers its inbox, so that naming the one names the other."""
    chosen = Settings() if data is None else Settings(data=data)
    known = inbox or chosen.inbox or Ledger(chosen.ledger).inbox()
    return chosen if known is None else chosen.model_copy(update={"inbox": known})


def _run(settings: Settings, products: tuple[str, ...]) -> None:
    failed = 0
    for product in products:
        with launch.alone(settings, product):
            if product == SELLERS:
                sellers.fetch_sheet(settings)
            with console.status(f"{product}: loading the inbox"):
                launch.execute_job(settings, f"{product}_ingest")
            if product == SELLERS:
                failed = sellers.evaluate_videos(settings)
            stale = _stale(settings, product)
            for first, last in stretches(stale, FOLLOWING[product]):
                what = "computing" if first == WHOLE else f"computing {first} to {last}"
                with console.status(f"{product}: {what}"):
                    _refresh(settings, product, covering(first, last))
        summary.show(settings, product, console)
    if failed:
        raise launch.RunFailedError(
            f"{failed} video(s) could not be evaluated; what is published leaves them out.",
            "The reasons stand above; the next run tries them again.",
        )


def _stale(settings: Settings, product: str) -> list[str]:
    """Periods to compute anew; videos have been, one by one, and what is left of them is what failed."""
    marks = [period for period, _ in Ledger(settings.ledger).stale(product)]
    return [period for period in marks if product != SELLERS or period == WHOLE]


def _refresh(settings: Settings, product: str, tags: dict[str, str]) -> None:
    """Compute and publish; after a failure what is good is published all the same, as the sensor would do."""
    try:
        launch.execute_job(settings, f"{product}_refresh", tags=tags)
    except launch.RunFailedError:
        if current(settings, product) is not None:
            launch.execute_job(settings, f"{product}_publish")
        raise
