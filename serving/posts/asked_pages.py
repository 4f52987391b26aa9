"""Pages of what people ask: in vain, again and again; and of how good the answers are, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from serving.posts import asked, charts, quality
from serving.posts.api import Channels, Since, scope_of
from serving.posts.asked import Scope
from serving.posts.channels import channel_names, chosen
from serving.posts.pages import channels_to_choose, held_back
from serving.web.languages import LANGUAGES
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking
from vitrina.settings import Locale
from vitrina.state.roles import Action

router = guarded_router()

ROWS_AT_ONCE = 25
MOST_SKIPPED = 10_000_000
QUALITY = ("mart_answer_quality", "answer_thresholds", "search_quality", "mart_usage")

Offset = Annotated[int, Query(ge=0, le=MOST_SKIPPED, description="Rows before the page.")]


@router.get("/posts/gaps", response_class=HTMLResponse)
@needs(Action.READ, "posts")
def gaps_page(request: Request, visitor: Asking, since: Since = None, offset: Offset = 0) -> HTMLResponse:
    """What people ask and no post answers."""
    version, scope = visitor.view.find("posts"), scope_of(request, visitor)
    context = _context(version, scope, asked.GAPS, asked.WEEKS) | {"since": since, "offset": offset, "limit": ROWS_AT_ONCE}
    context["address"] = _address("/posts/gaps", since=since)
    if version is not None and version.has(asked.GAPS):
        every = asked.gaps(version, scope, since)
        context |= {"gaps": every, "still": asked.still_asked(every), "by_week": asked.gap_weeks(every)}
        context["drawn"] = _drawn_gaps(version, scope, visitor.locale)
    return service_of(request).pages.render(request, "posts/gaps.html", **context)


@router.get("/posts/repeated", response_class=HTMLResponse)
@needs(Action.READ, "posts", part="channel")
def repeated_page(
    request: Request, visitor: Asking, channel: Channels = None, since: Since = None, offset: Offset = 0
) -> HTMLResponse:
    """What people ask again and again, and the post that answers it."""
    version, scope = visitor.view.find("posts"), scope_of(request, visitor)
    context = _context(version, scope, asked.REPEATED, asked.WEEKS) | {"since": since, "offset": offset, "limit": ROWS_AT_ONCE}
    wanted = [one for one in channel or () if one]
    context |= {"chosen": wanted[0] if wanted else "", "address": _address("/posts/repeated", channel=wanted, since=since)}
    if version is not None and version.has(asked.REPEATED):
        named = chosen(wanted, None, channel_names(version))
        context["repeated"] = asked.repeated_questions(version, scope, since, named)
        context["choices"] = channels_to_choose(version, visitor)
        context |= _drawn_repeated(version, scope, visitor.locale)
    return service_of(request).pages.render(request, "posts/repeated.html", **context)


@router.get("/posts/quality", response_class=HTMLResponse)
@needs(Action.READ, "posts")
def quality_page(request: Request, visitor: Asking) -> HTMLResponse:
    """How good answers are, and what they cost."""
    version, scope = visitor.view.find("posts"), scope_of(request, visitor)
    context = _context(version, scope, *QUALITY)
    if version is not None:
        context |= _quality(version, scope, visitor.locale)
    return service_of(request).pages.render(request, "posts/quality.html", interval=charts.interval, **context)


def warm(version: Version) -> None:
    """Draw what whoever may see all will look at: the first chart of a process takes seconds."""
    for locale in LANGUAGES:
        for draw in (_drawn_gaps, _drawn_repeated, _quality):
            draw(version, Scope(), locale)


Drawn = Callable[[Version, Scope, Locale], dict[str, Any]]


def _drawn_once(draw: Drawn) -> Drawn:
    """The same for a version, a language and whatever may be seen."""

    def remembered(version: Version, scope: Scope, locale: Locale) -> dict[str, Any]:
        return version.remembered((draw.__name__, scope, locale), lambda: draw(version, scope, locale))

    return remembered


def _context(version: Version | None, scope: Scope, *tables: str) -> dict[str, Any]:
    if version is None:
        return {"version": None, "scope": scope}
    return {"version": version, "scope": scope, "names": channel_names(version), "held": held_back(version, tables)}


def _address(path: str, **asked_for: object) -> str:
    """The address of a page's list, up to its offset."""
    return f"{path}?" + urlencode({name: value for name, value in asked_for.items() if value} | {"offset": ""}, doseq=True)


@_drawn_once
def _drawn_gaps(version: Version, scope: Scope, locale: Locale) -> dict[str, Any]:
    new = asked.gap_weeks(asked.gaps(version, scope)) if version.has(asked.GAPS) else []
    weeks = asked.weeks(version, scope) if version.has(asked.WEEKS) else []
    return {
        "new": charts.new_gaps(new, locale) if new else None,
        "weeks": charts.answered_weeks(weeks, locale) if weeks else None,
        "met": sum(week.asked_of_bot for week in weeks),
        "answered": sum(week.answered for week in weeks),
    }


@_drawn_once
def _drawn_repeated(version: Version, scope: Scope, locale: Locale) -> dict[str, Any]:
    weeks = asked.weeks(version, scope) if version.has(asked.WEEKS) else []
    return {"weeks": weeks, "drawn": charts.repeated_weeks(weeks, locale) if weeks else None}


@_drawn_once
def _quality(version: Version, scope: Scope, locale: Locale) -> dict[str, Any]:
    """Everything of the page of quality; what is held back for good is empty."""
    months = quality.months(version, scope) if version.has("mart_answer_quality") else []
    promises = quality.promises(version, scope) if version.has("answer_thresholds") else []
    # everybody's months where all may be seen, else those of the channel, where it is one
    whole = [month for month in months if month.channel == quality.ALL]
    channels = sorted({month.channel for month in months} - {quality.ALL})
    main = whole or (months if len(channels) == 1 else [])
    return {
        "main": main,
        "of_channels": [month for month in reversed(months) if month.channel != quality.ALL],
        "promises": promises,
        # what rests on the most questions says most
        "promise": max(promises, key=lambda one: one.false_answers.n if one.false_answers else -1, default=None),
        "measured": quality.measured(version, scope),
        "usage": quality.usage(version, scope) if version.has("mart_usage") else [],
        "drawn": charts.shares_by_month(main, locale) if any(one.has_share for one in main) else None,
    }
