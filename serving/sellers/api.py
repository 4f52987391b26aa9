"""Stores, days, hours, interactions, footage, videos and boxes, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request

from serving.sellers import days as day_rows
from serving.sellers import footage as footage_rows
from serving.sellers import interactions as interaction_rows
from serving.sellers.answers import DayOut, DetectionOut, FootageOut, HourOut, InteractionOut, StoreOut, VideoOut
from serving.sellers.boxes import Window, boxes, count_boxes, insist_on_boxes
from serving.sellers.opening import PRODUCT, SomeDay, StoreName, VideoKey
from serving.sellers.stores import store_named, stores
from serving.web.paging import Asked, Listed
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking
from vitrina.sellers.metrics import ALL
from vitrina.sellers.tables import NAME_LENGTH
from vitrina.state.roles import Action

router = guarded_router("/api/v1/sellers", tags=("sellers",))

Since = Annotated[SomeDay | None, Query(alias="from", description="First day.", examples=["2026-10-01"])]
Until = Annotated[SomeDay | None, Query(alias="to", description="Last day.", examples=["2026-10-14"])]
OneDay = Annotated[SomeDay, Query(description="Day by the store's clock.", examples=["2026-10-14"])]
Seller = Annotated[str | None, Query(max_length=NAME_LENGTH, description="Only of this seller.", examples=["S01"])]
MOST_SECONDS = 1e7


@router.get("/stores")
@needs(Action.READ, "sellers", versioned=True)
def list_stores(visitor: Asking, paging: Asked) -> Listed[StoreOut]:
    """Stores that you may see, with their cameras."""
    version = visitor.view[PRODUCT]
    seen = stores(version, visitor.parts(PRODUCT))
    page = seen[paging.offset : paging.offset + paging.limit]
    return paging.listed([StoreOut.of(store) for store in page], len(seen), version.name)


@router.get("/stores/{store}/days")
@needs(Action.READ, "sellers", part="store", versioned=True)
def list_days(  # noqa: PLR0913, PLR0917  # which days of whom
    visitor: Asking,
    paging: Asked,
    store: StoreName,
    since: Since = None,
    until: Until = None,
    seller: Seller = None,
    whole: Annotated[bool, Query(description="Only the store as a whole.")] = False,  # noqa: FBT002  # a parameter of an address
) -> Listed[DayOut]:
    """Days of a store and its sellers, the latest first: each number with its interval, or the reason why there is none."""
    version = visitor.view[PRODUCT]
    store_named(version, store)
    version.require(day_rows.DAILY)
    wanted = day_rows.Wanted(store, since, until, ALL if whole else seller or None)
    found = day_rows.days(version, wanted, limit=paging.limit, offset=paging.offset)
    return paging.listed([DayOut.of(one) for one in found], day_rows.count_days(version, wanted), version.name)


@router.get("/stores/{store}/hours")
@needs(Action.READ, "sellers", part="store", versioned=True)
def list_hours(visitor: Asking, paging: Asked, store: StoreName, day: OneDay) -> Listed[HourOut]:
    """Hours of a store's day in which a video ran that counts."""
    version = visitor.view[PRODUCT]
    store_named(version, store)
    version.require(day_rows.HOURLY)
    found = day_rows.hours(version, store, day)
    page = found[paging.offset : paging.offset + paging.limit]
    return paging.listed([HourOut.of(row) for row in page], len(found), version.name)


@router.get("/stores/{store}/evidence")
@needs(Action.READ, "sellers", part="store", versioned=True)
def list_evidence(  # noqa: PLR0913, PLR0917  # which interactions
    visitor: Asking,
    paging: Asked,
    store: StoreName,
    day: OneDay,
    seller: Seller = None,
    unnamed: Annotated[bool, Query(description="Only of sellers whom nobody could name.")] = False,  # noqa: FBT002  # as above
    kind: Annotated[Literal["consultation", "payment"] | None, Query(description="Only of this kind.")] = None,
) -> Listed[InteractionOut]:
    """Interactions of a day in their order, each with its receipt, and with its clip while it is kept."""
    version = visitor.view[PRODUCT]
    store_named(version, store)
    wanted = interaction_rows.Wanted(store, day, seller or None, unnamed, kind, counting=False)
    total = interaction_rows.count_interactions(version, wanted)
    found = interaction_rows.interactions(version, wanted, limit=paging.limit, offset=paging.offset)
    return paging.listed([InteractionOut.of(row) for row in found], total, version.name)


@router.get("/stores/{store}/footage")
@needs(Action.READ, "sellers", part="store", versioned=True)
def list_footage(visitor: Asking, paging: Asked, store: StoreName, since: Since = None, until: Until = None) -> Listed[FootageOut]:
    """Days of a store's cameras, the latest first: what could be seen, and why not more."""
    version = visitor.view[PRODUCT]
    store_named(version, store)
    wanted = footage_rows.Wanted(store, since, until)
    found = footage_rows.footage(version, wanted, limit=paging.limit, offset=paging.offset)
    return paging.listed([FootageOut.of(row) for row in found], footage_rows.count_footage(version, wanted), version.name)


@router.get("/stores/{store}/videos")
@needs(Action.READ, "sellers", part="store", versioned=True)
def list_videos(
    visitor: Asking,
    paging: Asked,
    store: StoreName,
    day: Annotated[SomeDay | None, Query(description="Only those that begin on this day.", examples=["2026-10-14"])] = None,
) -> Listed[VideoOut]:
    """Videos of a store: their keys, times and sizes."""
    version = visitor.view[PRODUCT]
    wanted = footage_rows.VideosWanted(store, day, store_named(version, store).clock)
    found = footage_rows.videos(version, wanted, limit=paging.limit, offset=paging.offset)
    return paging.listed([VideoOut.of(row) for row in found], footage_rows.count_videos(version, wanted), version.name)


@router.get("/stores/{store}/detections")
@needs(Action.READ, "sellers", part="store", versioned=True)
def list_detections(  # noqa: PLR0913, PLR0917  # which part of which video
    request: Request,
    visitor: Asking,
    paging: Asked,
    store: StoreName,
    video: VideoKey,
    from_s: Annotated[float, Query(ge=0, le=MOST_SECONDS, description="From this time in the video on, in seconds.")] = 0.0,
    to_s: Annotated[float, Query(ge=0, le=MOST_SECONDS, description="Before this time, in seconds.")] = MOST_SECONDS,
    role: Annotated[Literal["seller", "customer", "unknown", "fixture"] | None, Query(description="Only of these.")] = None,
) -> Listed[DetectionOut]:
    """Boxes around people on a video, frame by frame, with the track and the person each is held for."""
    version = visitor.view[PRODUCT]
    store_named(version, store)
    if not footage_rows.is_video_of(version, store, video):
        raise not_found("video", video)
    path = insist_on_boxes(version, service_of(request).settings, video)
    window = Window(from_s, to_s, role)
    found = boxes(path, window, limit=paging.limit, offset=paging.offset)
    return paging.listed([DetectionOut(**row) for row in found.to_dicts()], count_boxes(path, window), version.name)
