"""Files to look at and to take away: clips, pictures, the Excel report."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query, Request
from fastapi.responses import FileResponse

from serving.sellers.footage import is_video_of
from serving.sellers.opening import SomeDay, StoreName, VideoKey, opened
from serving.sellers.published_files import evidence_row, served
from serving.sellers.reports import report_row
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.visitors import Asking
from vitrina.state.roles import Action

router = guarded_router()

KINDS = {"heat-map": "heat map", "timeline": "timeline", "ways": "trajectory"}
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KEPT_NOWHERE = {"Cache-Control": "private, no-store"}
"""A clip shows people: it must not stay in a browser when its time is over."""

InteractionNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the interaction within its video.")]


@router.get("/sellers/stores/{store}/clips/{interaction}.mp4", response_class=FileResponse)
@needs(Action.READ, "sellers", part="store")
def clip(request: Request, visitor: Asking, store: StoreName, interaction: InteractionNumber, video: VideoKey) -> FileResponse:
    """A clip of an interaction, heads blurred, while it is kept; parts of it by HTTP ranges."""
    page = opened(request, visitor, store)
    if not is_video_of(page.version, store, video):
        raise not_found("video", video)
    row = evidence_row(page.version, video, "clip", interaction)
    path = served(page.settings, row, "clip", f"{video}, {interaction}", visitor.now)
    return FileResponse(path, media_type="video/mp4", headers=KEPT_NOWHERE)


@router.get("/sellers/stores/{store}/pictures/{kind}.png", response_class=FileResponse)
@needs(Action.READ, "sellers", part="store", versioned=True)
def picture(  # noqa: PLR0913, PLR0917  # which picture of what
    request: Request,
    visitor: Asking,
    store: StoreName,
    kind: Annotated[Literal["heat-map", "timeline", "ways"], Path(description="What it shows.")],
    video: VideoKey,
    interaction: Annotated[int, Query(ge=0, le=2**31 - 1, description="Number of the interaction; 0 for all of the video.")] = 0,
) -> FileResponse:
    """A picture that the graph drew: no photograph, and nobody's face."""
    page = opened(request, visitor, store)
    if not is_video_of(page.version, store, video):
        raise not_found("video", video)
    row = evidence_row(page.version, video, KINDS[kind], interaction, visitor.locale)
    path = served(page.settings, row, "picture", f"{kind} {video}", visitor.now)
    return FileResponse(path, media_type="image/png")


@router.get("/sellers/stores/{store}/report.xlsx", response_class=FileResponse)
@needs(Action.READ, "sellers", part="store")
def report(
    request: Request, visitor: Asking, store: StoreName, day: Annotated[SomeDay, Query(description="Day of the report.")]
) -> FileResponse:
    """The Excel report of a store's day."""
    page = opened(request, visitor, store)
    path = served(page.settings, report_row(page.version, store, day, visitor.locale), "report", f"{store} {day}", visitor.now)
    return FileResponse(path, media_type=EXCEL, filename=f"{store}-{day}.xlsx")
