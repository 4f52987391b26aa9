"""Posts for programs: search, channels, and what people ask."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints
from starlette.concurrency import run_in_threadpool

from serving.posts import asked, quality
from serving.posts.answers import ChannelOut, GapOut, QualityOut, RepeatedOut, SearchOut
from serving.posts.asked import Scope
from serving.posts.channels import channel_names, channels_of, chats_of, chosen, web_link
from serving.posts.searching import LONGEST_QUESTION, MOST_POSTS, Found, FoundPost, Said, Search, search_of
from serving.web.paging import Asked, Listed
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking, Visitor
from vitrina.posts.answering import Answered
from vitrina.posts.highlighting import Highlight
from vitrina.state.roles import Action

router = guarded_router(tags=("posts",))

Channels = Annotated[
    list[Annotated[str, StringConstraints(max_length=200)]] | None,
    Query(max_length=50, description="Channel, as `<platform>:<channel>`; may be repeated. Default: all that you may see."),
]
Since = Annotated[
    dt.date | None, Query(description="Leave out what nobody has asked since this day, UTC.", examples=["2026-09-01"])
]


@router.get("/api/v1/posts/search", response_model=SearchOut)
@needs(Action.READ, "posts", part="channel", counted=True, versioned=True)
async def search(
    visitor: Asking,
    q: Annotated[
        str,
        Query(
            min_length=1, max_length=LONGEST_QUESTION, description="The question, as people ask it.", examples=["как вернуть товар"]
        ),
    ],
    channel: Channels = None,
    k: Annotated[int, Query(ge=1, le=MOST_POSTS, description="Posts, at most.")] = 10,
    answer: Annotated[bool, Query(description="Whether to say what the bot would answer, too.")] = False,  # noqa: FBT002  # a parameter of the address
) -> Response:
    """Posts that a question is about, the best first; of posts that say nearly the same, one.

    Words are found in any form, and mistyped ones are corrected. Questions are written to no log.
    """
    version = visitor.view["posts"]
    found_by = search_of(version)
    channels = chosen(channel, visitor.parts("posts"), found_by.channels)
    if found_by.is_quick(q):
        found = found_by.find(q, channels, k)
    else:
        found = await run_in_threadpool(found_by.find, q, channels, k)
    told = _search_out(version, found_by, found, found_by.say(q, found) if answer else None)
    # as it is: `SearchOut` holds of it, and checking that would take longer than the search
    return Response(json.dumps(told, ensure_ascii=False, separators=(",", ":")), media_type="application/json")


@router.get("/api/v1/posts/channels")
@needs(Action.READ, "posts", versioned=True)
def list_channels(visitor: Asking, paging: Asked) -> Listed[ChannelOut]:
    """Channels that you may see, the largest first."""
    version = visitor.view["posts"]
    every = channels_of(version, visitor.parts("posts"))
    items = [ChannelOut.model_validate(one, from_attributes=True) for one in _page(every, paging)]
    return paging.listed(items, len(every), version.name)


@router.get("/api/v1/posts/gaps")
@needs(Action.READ, "posts", versioned=True)
def list_gaps(request: Request, visitor: Asking, paging: Asked, since: Since = None) -> Listed[GapOut]:
    """What people ask and no post answers, the most frequent first.

    Whoever may see some channels alone gets what was asked in chats where nothing but these channels is shown.
    """
    version = visitor.view["posts"]
    every = asked.gaps(version, scope_of(request, visitor), since)
    items = [GapOut.model_validate(one, from_attributes=True) for one in _page(every, paging)]
    return paging.listed(items, len(every), version.name)


@router.get("/api/v1/posts/repeated")
@needs(Action.READ, "posts", part="channel", versioned=True)
def list_repeated(
    request: Request, visitor: Asking, paging: Asked, channel: Channels = None, since: Since = None
) -> Listed[RepeatedOut]:
    """What people ask again and again, the most frequent first, with the post that answers it.

    Whoever may see some channels alone gets what these channels' posts answer, and what was asked in chats where nothing
    else is shown.
    """
    version = visitor.view["posts"]
    named = chosen(channel, None, channel_names(version)) if channel else None
    every = asked.repeated_questions(version, scope_of(request, visitor), since, named)
    items = [RepeatedOut.model_validate(one, from_attributes=True) for one in _page(every, paging)]
    return paging.listed(items, len(every), version.name)


@router.get("/api/v1/posts/quality")
@needs(Action.READ, "posts", versioned=True)
def get_quality(request: Request, visitor: Asking) -> QualityOut:
    """How good answers are, and what they cost; of the channels that you may see, and of all together if you may see all."""
    version, scope = visitor.view["posts"], scope_of(request, visitor)
    return QualityOut.model_validate(
        {
            "version": version.name,
            "months": quality.months(version, scope) if version.has("mart_answer_quality") else [],
            "promises": quality.promises(version, scope) if version.has("answer_thresholds") else [],
            "measured": quality.measured(version, scope),
            "usage": quality.usage(version, scope) if version.has("mart_usage") else [],
        },
        from_attributes=True,
    )


def scope_of(request: Request, visitor: Visitor) -> Scope:
    """What of the questions a visitor may see."""
    channels = visitor.parts("posts")
    if channels is None:
        return Scope()
    chats = chats_of(service_of(request).settings, channels)
    return Scope(frozenset(channels), frozenset(chats or ()))


def _page(every: Sequence[Any], paging: Asked) -> Sequence[Any]:
    return every[paging.offset : paging.offset + paging.limit]


def _search_out(version: Version, search: Search, found: Found, said: Said | None) -> dict[str, Any]:
    names = channel_names(version)
    return {
        "version": version.name,
        "index": search.answerer.searcher.version,
        "corrected": [{"typed": typed, "searched": searched} for typed, searched in found.corrected],
        "answer": None if said is None else _answer_out(said.answered, said.marked),
        "hits": [_hit_out(post, names.get(post.hit.channel)) for post in found.posts],
    }


def _answer_out(answered: Answered, marked: Sequence[Highlight]) -> dict[str, Any]:
    says = answered.outcome == "answered" and answered.hit is not None
    hit = answered.hit if says else None
    return {
        "outcome": answered.outcome,
        "probability": answered.probability,
        "threshold": answered.threshold,
        "quote": answered.quote if says else None,
        "highlights": [(one.start, one.end) for one in marked] if says else [],
        "channel": hit and hit.channel,
        "post_id": hit and hit.post_id,
        "link": hit and web_link(hit.link),
    }


def _hit_out(post: FoundPost, name: str | None) -> dict[str, Any]:
    hit = post.hit
    return {
        "channel": hit.channel,
        "channel_name": name,
        "post_id": hit.post_id,
        "posted_at": None if hit.posted_at is None else hit.posted_at.isoformat().replace("+00:00", "Z"),
        "link": web_link(hit.link),
        "passage": hit.text,
        "highlights": [(one.start, one.end) for one in post.marked],
        "score": hit.score,
        "others": [{"channel": other.channel, "post_id": other.post_id, "link": web_link(other.link)} for other in hit.others],
    }
