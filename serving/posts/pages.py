"""The page of search: posts with what was found in them, and what the bot would answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from serving.home.published import PublishedTable, published
from serving.posts import asked
from serving.posts.api import Channels, scope_of
from serving.posts.channels import channel_names, channels_of, chosen, web_link
from serving.posts.excerpts import Piece, Shown, pieces, shown
from serving.posts.searching import LONGEST_QUESTION, MOST_POSTS, Found, FoundPost, search_of
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking, Visitor
from vitrina.errors import VitrinaError
from vitrina.posts.answering import Answered
from vitrina.posts.hits import PostRef
from vitrina.state.roles import Action

router = guarded_router()

POSTS_AT_ONCE = 10
MOST_EXAMPLES = 6
TABLES = ("post_indexes", "answer_models", "answer_thresholds", "posts")

Question = Annotated[str, Query(max_length=LONGEST_QUESTION, description="The question.")]
Posts = Annotated[int, Query(ge=1, le=MOST_POSTS, description="Posts, at most.")]


@dataclass(frozen=True)
class Other:
    """A channel with posts that say nearly the same: its name, the first of them, and how many more there are."""

    name: str
    link: str | None
    more: int


@dataclass(frozen=True)
class PostShown:
    """A post that was found, as the page shows it.

    Attributes
    ----------
    found
        The post.
    link
        Where it can be read, if a browser may follow that.
    passage
        Its passage.
    others
        Channels with posts that say nearly the same.
    """

    found: FoundPost
    link: str | None
    passage: Shown
    others: tuple[Other, ...]


@dataclass(frozen=True)
class Results:
    """What the page shows of a search.

    Attributes
    ----------
    found
        What was found.
    answered
        What the bot would do.
    posts
        The same posts, ready to be shown.
    quote
        What the bot would say, in pieces.
    address
        The page of this search, without its beginning.
    more
        The page of this search with more posts; None where there are none, or no more are shown.
    """

    found: Found
    answered: Answered
    posts: tuple[PostShown, ...]
    quote: list[Piece]
    address: str
    more: str | None


@router.get("/posts", response_class=HTMLResponse)
@needs(Action.READ, "posts", part="channel", counted=True)
def search_page(
    request: Request, visitor: Asking, q: Question = "", channel: Channels = None, k: Posts = POSTS_AT_ONCE
) -> HTMLResponse:
    """Search, and what can be searched."""
    version = visitor.view.find("posts")
    context: dict[str, Any] = {
        "version": version,
        "q": q,
        "chosen": next(iter(channel or ()), ""),
        "results": None,
        "lacks": None,
        "longest": LONGEST_QUESTION,
    }
    if version is not None:
        context |= {"names": channel_names(version), "held": held_back(version, TABLES)}
        context["choices"] = channels_to_choose(version, visitor)
        try:
            search_of(version)
        except VitrinaError as error:
            context["lacks"] = error
        else:
            context["results"] = _results(version, visitor, q, channel, k) if q.strip() else None
        if context["results"] is None:
            context |= _beginning(request, version, visitor)
    return service_of(request).pages.render(request, "posts/search.html", **context)


@router.get("/posts/results", response_class=HTMLResponse)
@needs(Action.READ, "posts", part="channel", counted=True, versioned=True)
def search_results(
    request: Request, visitor: Asking, q: Question = "", channel: Channels = None, k: Posts = POSTS_AT_ONCE
) -> HTMLResponse:
    """The part of the page that changes with the question."""
    version = visitor.view["posts"]
    results = _results(version, visitor, q, channel, k)
    page = service_of(request).pages.render(
        request, "posts/results.html", version=version, names=channel_names(version), results=results
    )
    page.headers["HX-Push-Url"] = results.address
    return page


def held_back(version: Version, tables: tuple[str, ...]) -> list[PublishedTable]:
    """Tables of a page that a check holds at an earlier version."""
    return [table for table in published(version).held_back if table.name in tables]


def channels_to_choose(version: Version, visitor: Visitor) -> list[tuple[str, str]]:
    """Identifiers and names of the channels that a visitor may see, by name."""
    names, allowed = channel_names(version), visitor.parts("posts")
    return sorted(
        ((channel, name) for channel, name in names.items() if allowed is None or channel in allowed), key=lambda one: one[1]
    )


def _results(version: Version, visitor: Visitor, q: str, channel: list[str] | None, k: int) -> Results:
    search, names = search_of(version), channel_names(version)
    channels = chosen(channel, visitor.parts("posts"), search.channels)
    found = search.find(q, channels, k)
    said = search.say(q, found)
    asked_for = [("q", q), *(("channel", one) for one in channel or () if one)]
    more = None
    if len(found.posts) == k < MOST_POSTS:
        more = _address([*asked_for, ("k", str(min(k + POSTS_AT_ONCE, MOST_POSTS)))])
    return Results(
        found=found,
        answered=said.answered,
        posts=tuple(
            PostShown(
                post,
                web_link(post.hit.link),
                shown(post.hit.text, post.marked),
                _others(post, names),
            )
            for post in found.posts
        ),
        quote=pieces(said.answered.quote, said.marked),
        address=_address([*asked_for, *([("k", str(k))] if k != POSTS_AT_ONCE else [])]),
        more=more,
    )


def _others(post: FoundPost, names: Mapping[str, str]) -> tuple[Other, ...]:
    """Channels with posts that say nearly the same, each once."""
    found: dict[str, list[PostRef]] = {}
    for other in post.hit.others:
        found.setdefault(other.channel, []).append(other)
    return tuple(Other(names.get(channel, channel), web_link(posts[0].link), len(posts) - 1) for channel, posts in found.items())


def _address(asked_for: list[tuple[str, str]]) -> str:
    # what is no text cannot stand in an address, and nobody has typed it
    return "/posts?" + urlencode(asked_for, errors="replace")


def _beginning(request: Request, version: Version, visitor: Visitor) -> dict[str, Any]:
    """What stands there before anybody has asked: what can be searched, and what others ask."""
    scope = scope_of(request, visitor)
    frequent = asked.repeated_questions(version, scope)[:MOST_EXAMPLES] if version.has(asked.REPEATED) else []
    channels = channels_of(version, visitor.parts("posts")) if version.has("posts") else ()
    return {"channels": channels, "examples": [one.question for one in frequent]}
