"""Pages of what cameras saw: ways and heat map, the list of evidence, and the health of footage."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from serving.sellers import days as reading
from serving.sellers.boxes import Window, boxes, boxes_file
from serving.sellers.footage import VideosWanted, drifted, footage, problem_files, videos
from serving.sellers.footage import Wanted as FootageWanted
from serving.sellers.footage_charts import footage_chart, ways_chart
from serving.sellers.interactions import Clip, Wanted, count_interactions, interactions
from serving.sellers.opening import AnyDay, Opened, StoreName, opened
from serving.sellers.published_files import evidence_row, place_of
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.visitors import Asking
from vitrina.sellers.tables import NAME_LENGTH
from vitrina.state.roles import Action

router = guarded_router()

ROWS = 25
FOOTAGE_DAYS = 28
LENGTHS = (15, 60, 240)
LONGEST = 1440
"""Minutes of a window of ways."""

Outcome = Literal["all", "purchase", "no purchase", "payment"]


@router.get("/sellers/stores/{store}/map", response_class=HTMLResponse)
@needs(Action.READ, "sellers", part="store")
def map_page(  # noqa: PLR0913, PLR0917  # which part of which film
    request: Request,
    visitor: Asking,
    store: StoreName,
    day: AnyDay = None,
    video: Annotated[str, Query(max_length=200, description="Key of a video of the day; the longest by default.")] = "",
    begin: Annotated[int, Query(ge=0, le=LONGEST * 2, description="First minute of the ways.")] = 0,
    minutes: Annotated[int, Query(ge=1, le=LONGEST, description="Minutes of the ways.")] = 60,
) -> HTMLResponse:
    """Where people walked and stood."""
    page = opened(request, visitor, store, day)
    filmed = [row for row in videos(page.version, VideosWanted(store, page.day, page.store.clock)) if row["state"] == "readable"]
    chosen = _chosen(filmed, video)
    return page.render(
        "sellers/map.html",
        "map",
        videos=[(row["video"], _film_name(page, row)) for row in filmed],
        chosen=chosen,
        name="" if chosen is None else _film_name(page, chosen),
        pictures=[] if chosen is None else [kind for kind in ("heat map", "timeline") if _is_there(page, chosen["video"], kind)],
        ways=None if chosen is None else _ways(page, chosen, begin, minutes),
        begin=begin,
        minutes=minutes,
        lengths=sorted({*LENGTHS, minutes}),
        begins=[] if chosen is None else _begins(page, chosen, begin, minutes),
    )


def _chosen(filmed: list[dict[str, Any]], video: str) -> dict[str, Any] | None:
    if not video:
        return max(filmed, key=lambda row: row["duration_s"] or 0.0, default=None)
    found = next((row for row in filmed if row["video"] == video), None)
    if found is None:
        raise not_found("video of this day", video)
    return found


def _film_name(page: Opened, row: dict[str, Any]) -> str:
    """Camera and time by the store's clock."""
    ended_at = row["started_at"] + dt.timedelta(seconds=row["duration_s"] or 0.0)
    return f"{row['camera_id']}, {page.telling.minute(row['started_at'])}–{page.telling.minute(ended_at)}"


def _is_there(page: Opened, video: str, kind: str) -> bool:
    row = evidence_row(page.version, video, kind, locale=page.visitor.locale)
    return row is not None and place_of(page.settings, row["path"], row["size"]) is not None


def _begins(page: Opened, row: dict[str, Any], begin: int, minutes: int) -> list[tuple[int, str]]:
    """Where a window of ways may begin, by the store's clock."""
    length = int((row["duration_s"] or 0.0) // 60) + 1
    starts = sorted({begin, *range(0, length, minutes)})
    return [(start, page.telling.minute(row["started_at"] + dt.timedelta(minutes=start))) for start in starts]


def _ways(page: Opened, row: dict[str, Any], begin: int, minutes: int) -> Any:
    path = boxes_file(page.version, page.settings, row["video"])
    if path is None:
        return None
    window = Window(begin * 60.0, (begin + minutes) * 60.0, followed=True)
    made = page.version.remembered(
        ("ways", row["video"], window, page.visitor.locale),
        lambda: _drawn_ways(page, boxes(path, window), (row["width"] or 640, row["height"] or 360)),
    )
    return made or None


def _drawn_ways(page: Opened, found: Any, size: tuple[int, int]) -> Any:
    return ways_chart(found, size, page.telling) if found["role"].is_in(["seller", "customer", "unknown"]).any() else ()


@router.get("/sellers/stores/{store}/evidence", response_class=HTMLResponse)
@needs(Action.READ, "sellers", part="store")
def evidence_page(  # noqa: PLR0913, PLR0917  # what is listed, and which clip is looked at
    request: Request,
    visitor: Asking,
    store: StoreName,
    day: AnyDay = None,
    seller: Annotated[str, Query(max_length=NAME_LENGTH, description="Only of this seller.")] = "",
    unnamed: Annotated[bool, Query(description="Only of sellers whom nobody could name.")] = False,  # noqa: FBT002  # a field of a form
    outcome: Annotated[Outcome, Query(description="Only those that ended so.")] = "all",
    video: Annotated[str, Query(max_length=200, description="Video of the interaction that is looked at.")] = "",
    interaction: Annotated[int, Query(ge=0, le=2**31 - 1, description="Its number; 0 for none.")] = 0,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> HTMLResponse:
    """Every interaction of a day, and its clip while it is kept."""
    page = opened(request, visitor, store, day)
    wanted = Wanted(
        store,
        page.day,
        seller or None,
        unnamed and not seller,
        {"payment": "payment", "all": None}.get(outcome, "consultation"),
        {"purchase": True, "no purchase": False}.get(outcome),
    )
    total = count_interactions(page.version, wanted)
    rows = interactions(page.version, wanted, limit=ROWS, offset=offset)
    return page.render(
        "sellers/evidence.html",
        "evidence",
        rows=[(row, Clip.of(row, page.settings, visitor.now)) for row in rows],
        total=total,
        offset=offset,
        limit=ROWS,
        seller=seller,
        unnamed=wanted.unnamed,
        outcome=outcome,
        sellers=reading.sellers_of(page.version, store),
        shown=_shown(page, video, interaction) if interaction else None,
        retention_days=page.settings.sellers_retention_days,
    )


@router.get("/sellers/stores/{store}/evidence/shown", response_class=HTMLResponse)
@needs(Action.READ, "sellers", part="store")
def shown_part(
    request: Request,
    visitor: Asking,
    store: StoreName,
    video: Annotated[str, Query(max_length=200)],
    interaction: Annotated[int, Query(ge=1, le=2**31 - 1)],
) -> HTMLResponse:
    """One interaction with its clip, as a part of the page."""
    page = opened(request, visitor, store)
    return page.render("sellers/shown.html", "evidence", shown=_shown(page, video, interaction))


def _shown(page: Opened, video: str, interaction: int) -> dict[str, Any]:
    """An interaction that is looked at, with its clip and its ways.

    Raises
    ------
    Problem
        It is none of the store's.
    """
    found = interactions(page.version, Wanted(page.store.store_id, None, counting=False, video=video, number=interaction), limit=1)
    if not found:
        raise not_found("interaction", f"{video}, {interaction}")
    ways = evidence_row(page.version, video, "trajectory", interaction, page.visitor.locale)
    return {
        "row": found[0],
        "clip": Clip.of(found[0], page.settings, page.visitor.now),
        "has_ways": ways is not None and place_of(page.settings, ways["path"], ways["size"]) is not None,
    }


@router.get("/sellers/stores/{store}/footage", response_class=HTMLResponse)
@needs(Action.READ, "sellers", part="store")
def footage_page(request: Request, visitor: Asking, store: StoreName, day: AnyDay = None) -> HTMLResponse:
    """What each camera filmed, what could be seen, and why numbers are missing."""
    page = opened(request, visitor, store, day)
    since = page.day - dt.timedelta(days=FOOTAGE_DAYS - 1)
    rows = footage(page.version, FootageWanted(store, since, page.day))
    return page.render(
        "sellers/footage.html",
        "footage",
        today=[row for row in rows if row["day"] == page.day],
        rows=rows,
        chart=page.version.remembered(
            ("footage chart", store, page.day, visitor.locale), lambda: footage_chart(rows[::-1], page.telling) if rows else None
        ),
        drifted=drifted(page.version, store, page.day),
        files=problem_files(page.version, store),
    )
