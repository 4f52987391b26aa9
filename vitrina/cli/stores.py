"""What category managers decide about clusters: approve, reject, rename, move, and look back."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from vitrina.array_cache import ArrayCache
from vitrina.cli.answers import show_clustering
from vitrina.cli.summary import plain
from vitrina.publication import open_published
from vitrina.settings import Settings
from vitrina.stores import deciding, resolving
from vitrina.stores.asking import ask, read_request
from vitrina.stores.deciding import DecisionError
from vitrina.stores.scenario import Scenario

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vitrina.state.decisions import Decision
    from vitrina.stores.clustering import Clustering

commands = typer.Typer(
    help="Ask for clusters of stores and decide about them: each decision keeps who, when and why.", no_args_is_help=True
)
console = Console()

Quarter = Annotated[str, typer.Argument(help="First day of a quarter, e.g. 2024-01-01, or 2024-Q1.")]
Cluster = Annotated[str, typer.Argument(help="The cluster's number, or its present name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words that others understand later.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; default: the user of the operating system.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder for everything that is written; default: VITRINA_DATA or data/.")]
Version = Annotated[int | None, typer.Option("--version", help="The approved version; default: that of the newest quarter.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before it is recorded.")]
Rejected = Annotated[
    int | None, typer.Option("--version", help="The approved version to withdraw; default: the quarter's request is rejected.")
]


@commands.command()
def approve(  # noqa: PLR0913  # the options of a command
    *,
    quarter: Quarter,
    reason: Reason,
    request: Annotated[
        str | None, typer.Option("--request", help="Another request than the quarter's own: JSON, or a file with it.")
    ] = None,
    yes: Yes = False,
    by: By = None,
    data: Data = None,
) -> None:
    """Approve a request on a quarter, after a look at its clusters: as a model it scores the quarters to come."""
    settings = settings_of(data)
    cache = ArrayCache(settings.cache / deciding.PRODUCT)
    with opened(settings) as connection:
        if request is None:
            found = _own(connection, quarter, cache)
        else:
            found = ask(connection, resolving.day_of(quarter), read_request(request), cache)
    decision = deciding.approve(found.quarter, found.scenario.to_json(), found.fingerprint, by=author(by), reason=reason, at=_now())
    show_clustering(console, found)
    _confirm("Approve these clusters?", yes=yes)
    _record(settings, decision)


def _own(connection: DuckDBPyConnection, quarter: str, cache: ArrayCache) -> Clustering:
    """What the quarter's published clusters are, computed again."""
    own = resolving.request_of(connection, quarter)
    found = ask(connection, own.quarter, Scenario.from_json(own.scenario), cache)
    if found.fingerprint != own.fingerprint:
        raise DecisionError(
            f"The published clusters of {own.quarter} are {own.fingerprint}; its published features now give {found.fingerprint}.",
            "`make run` computes the clusters again; then look at them, and approve those.",
        )
    return found


@commands.command()
def reject(quarter: Quarter, reason: Reason, version: Rejected = None, by: By = None, data: Data = None) -> None:
    """Reject the request that a quarter's clusters answer, or withdraw an approved version."""
    settings = settings_of(data)
    with opened(settings) as connection:
        found = resolving.request_of(connection, quarter)
        if version is not None:
            resolving.assignments(connection, version)
        standing = resolving.versions_of(connection, found) if version is None else ()
    request = (found.scenario, found.fingerprint) if version is None else (None, None)
    _record(
        settings,
        deciding.reject(
            found.quarter, scenario=request[0], fingerprint=request[1], version=version, by=author(by), reason=reason, at=_now()
        ),
    )
    for number in standing:
        console.print(
            plain(
                f"Version {number} was approved with this request and stays in force. To withdraw it: "
                f"`vitrina stores reject {found.quarter} --version {number} --reason …`."
            ),
            soft_wrap=True,
        )


@commands.command()
def rename(  # noqa: PLR0913  # the options of a command
    *,
    cluster: Cluster,
    name: Annotated[str, typer.Argument(help="The new name.")],
    reason: Reason,
    version: Version = None,
    by: By = None,
    data: Data = None,
) -> None:
    """Give a cluster of the approved version another name."""
    settings = settings_of(data)
    with opened(settings) as connection:
        stores = resolving.assignments(connection, version)
    number = resolving.cluster_of(stores, cluster)
    about = stores[0]
    _record(settings, deciding.rename(about.quarter, about.version, number, name, by=author(by), reason=reason, at=_now()))


@commands.command()
def move(  # noqa: PLR0913  # the options of a command
    *,
    store: Annotated[str, typer.Argument(help="Identifier of the store.")],
    reason: Reason,
    cluster: Annotated[str | None, typer.Argument(help="The cluster's number, or its present name.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Take a move by hand back, instead of naming a cluster.")] = False,
    yes: Yes = False,
    version: Version = None,
    by: By = None,
    data: Data = None,
) -> None:
    """Move a store to another cluster of the approved version by hand, after a look at what lies nearest."""
    if (cluster is None) != back:
        raise DecisionError(
            "It is not clear where the store is to go.", "Name a cluster, or take a move back with --back; not both."
        )
    settings = settings_of(data)
    with opened(settings) as connection:
        stores = resolving.assignments(connection, version)
    present = resolving.store_of(stores, store)
    target = None if cluster is None else resolving.cluster_of(stores, cluster)
    if target == present.cluster:
        raise DecisionError(f"The store {store} is in cluster {target} already.", "Nothing needs to be done.")
    decision = deciding.move(present.quarter, present.version, store, target, by=author(by), reason=reason, at=_now())
    _show(present, resolving.names_of(stores), target)
    _confirm("Record this move?", yes=yes)
    _record(settings, decision)


def _show(present: resolving.Assignment, names: dict[int, str], target: int | None) -> None:
    """What a person should know before a store is moved."""
    margin = "" if present.margin is None else f", {present.margin:.2f} standard deviations farther"
    following = "none" if present.next_cluster is None else f"{_called(present.next_cluster, names)}{margin}"
    rows = (
        ("store", present.store_id),
        ("now in", f"{_called(present.cluster, names)} (version {present.version}, quarter {present.quarter})"),
        ("most alike", present.nearest_store_id or "none"),
        ("next-nearest cluster", following),
        ("to be moved to", "where the model puts it" if target is None else _called(target, names)),
    )
    for what, value in rows:
        console.print(plain(f"  {what:<20}  {value}"), soft_wrap=True)


def _called(cluster: int, names: dict[int, str]) -> str:
    return f"cluster {cluster}" + (f" “{names[cluster]}”" if names.get(cluster) else "")


def _confirm(question: str, *, yes: bool) -> None:
    """Ask before something is recorded, unless the answer was given beforehand."""
    if not yes and not typer.confirm(question):
        console.print("Nothing was recorded.")
        raise typer.Exit(1)


def _record(settings: Settings, decision: Decision) -> None:
    from vitrina.state.store import DecisionStore  # noqa: PLC0415  # looking at the help need not pay for it

    DecisionStore(settings).record([decision])
    console.print(
        plain(f"Recorded: {decision.kind} {decision.id}. `make run`, or a running `make ui`, takes it into the graph."),
        soft_wrap=True,
    )


@contextmanager
def opened(settings: Settings) -> Iterator[DuckDBPyConnection]:
    """The published version of stores, closed at the end."""
    connection = open_published(settings, deciding.PRODUCT)
    try:
        yield connection
    finally:
        connection.close()


def author(by: str | None) -> str:
    """Who acts: the name that was given, or that of the operating system's user."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        # a container's user may have no name
        raise DecisionError("The operating system does not say who you are.", "Say it with --by.") from error


def settings_of(data: Path | None) -> Settings:
    """The configuration of a data folder."""
    return Settings() if data is None else Settings(data=data)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
