"""Ask the published posts a question, have something forgotten, run the bot."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vitrina.cli import launch
from vitrina.cli.stores import Data, settings_of
from vitrina.cli.summary import plain

commands = typer.Typer(help="Ask what channels have answered before, have things forgotten, run the bot.", no_args_is_help=True)
console = Console()

Channel = Annotated[
    list[str] | None,
    typer.Option("--channel", help="Channel to look in, as <platform>:<identifier>; may be repeated. Default: all."),
]


@commands.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question, as subscribers ask it.")],
    channel: Channel = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="Posts to show.")] = 5,
    data: Data = None,
) -> None:
    """Show what the bot would say, and the best posts. Ends with 1 where it would keep silent."""
    from vitrina.posts.published import published_answerer  # noqa: PLC0415  # NumPy and SciPy, which other commands do not need

    answerer = published_answerer(settings_of(data))
    answered = answerer.answer(question, channel, k=k)
    hits = answerer.searcher.search(question, channel, k=k).hits
    says = answered.quote if answered.outcome == "answered" else "nothing: it is not sure enough"
    console.print(plain(f"The bot says: {says}"), soft_wrap=True)
    console.print(plain(f"Probability {answered.probability:.3f}, needed {answered.threshold:.3f}."))
    for wrong, right in answered.corrected:
        console.print(plain(f"Searched for {right} instead of {wrong}."))
    for place, hit in enumerate(hits, start=1):
        first = " ".join(hit.text.split())[:160]
        console.print(plain(f"{place}. {hit.channel} {hit.post_id} {hit.link or ''}\n   {first}"), soft_wrap=True)
    if answered.outcome != "answered":
        raise typer.Exit(1)


@commands.command()
def forget(
    post: Annotated[str | None, typer.Option("--post", help="A post: <platform>:<channel>:<post>.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="A person: <platform>:<identifier>.")] = None,
    data: Data = None,
) -> None:
    """Have a post, or everything of a person, erased by the next run: from tables, indexes, files and published versions."""
    from vitrina.posts.requesting import request_erasure  # noqa: PLC0415  # polars and pandera, as above

    if (post is None) == (user is None):
        raise typer.BadParameter("Name either --post or --user.")
    settings, now = settings_of(data), dt.datetime.now(dt.UTC)
    found = (
        request_erasure(settings, "user", user, now=now)
        if user is not None
        else request_erasure(settings, "post", post or "", now=now)
    )
    console.print(
        plain(
            f"Request {found.request_id} is written. It is fulfilled by the next run: `make run PRODUCT=posts`, or by itself while "
            f"`make ui` is open. The receipt will be {_receipt(settings.receipts, found.request_id)}."
        ),
        soft_wrap=True,
    )


@commands.command()
def bot(data: Data = None) -> None:
    """Run the Telegram bot over what is published; it needs VITRINA_POSTS_BOT_TOKEN and VITRINA_POSTS_CHATS."""
    launch.become_bot(settings_of(data))


def _receipt(receipts: Path, request_id: str) -> Path:
    return receipts / "posts" / f"erasure-{request_id}.en.md"
