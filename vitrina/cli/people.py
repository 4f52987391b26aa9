"""People who may sign in to the pages: for whoever has a shell on the machine, when nobody can sign in any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from vitrina.cli.stores import Data, settings_of
from vitrina.cli.summary import plain
from vitrina.errors import VitrinaError
from vitrina.settings import Settings

if TYPE_CHECKING:
    from vitrina.state.people import People

commands = typer.Typer(help="People who may sign in to the pages.", no_args_is_help=True)
console = Console()

Name = Annotated[str, typer.Argument(help="What they sign in with.")]


@commands.command()
def add(
    name: Name,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="Role, product and perhaps a part: `viewer:stores`, `manager:sellers:S01`, `admin:*`."),
    ] = None,
    program: Annotated[bool, typer.Option("--program", help="A program: no password, only tokens.")] = False,  # noqa: FBT002  # a flag
    data: Data = None,
) -> None:
    """Add somebody, and print the password for the first sign-in."""
    from vitrina.state.roles import grant_of  # noqa: PLC0415  # looking at the help need not pay for it

    grants = [grant_of(word.split(":", 2)) for word in role or ()]
    with _people(settings_of(data)) as people:
        _tell(name, people.add(name, grants, dt.datetime.now(dt.UTC), program=program))


@commands.command()
def password(name: Name, data: Data = None) -> None:
    """Print a password for one sign-in, for somebody who has lost theirs; their sessions end."""
    from vitrina.state.people import PersonError, folded_name  # noqa: PLC0415  # as above

    with _people(settings_of(data)) as people:
        found = [person for person in people.everybody() if person.name == folded_name(name)]
        if not found:
            raise PersonError(f"There is no {name!r}.", "`vitrina people list` shows who is known.")
        _tell(name, people.new_password(found[0].id))


@commands.command(name="list")
def list_people(data: Data = None) -> None:
    """Show everybody with their roles."""
    with _people(settings_of(data)) as people:
        for person in people.everybody():
            roles = ", ".join(f"{grant.role}:{grant.product}:{grant.scope}" for grant in sorted(person.grants))
            console.print(plain(f"{person.name}  {roles or 'no roles'}{'' if person.active else '  (may not sign in)'}"))


@contextmanager
def _people(settings: Settings) -> Iterator[People]:
    from vitrina.state.opening import StateDatabase  # noqa: PLC0415  # as above
    from vitrina.state.people import People  # noqa: PLC0415  # as above

    if not settings.data.is_dir():
        raise VitrinaError(f"{settings.data} is not there.", "Name the data folder of the pages with --data.")
    database = StateDatabase(settings)
    try:
        yield People(database)
    finally:
        database.close()


def _tell(name: str, made: str | None) -> None:
    if made is None:
        console.print(plain(f"{name} is added; an admin makes its tokens."))
    else:
        console.print(plain(f"{name} signs in once with the password {made}"), soft_wrap=True)
