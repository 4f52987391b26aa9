"""Uploading by hand: choose a file, read what the inbox would say of it, then deliver or discard it."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.deliveries.checking import Verdict
from serving.deliveries.delivering import deliver, discard, prospect, what_became_of
from serving.deliveries.desk import SELLERS, Desk, desk_of, may_deliver, own_products
from serving.deliveries.names import places
from serving.deliveries.pages import rendered
from serving.deliveries.receipts import blocks
from serving.deliveries.refusals import DOMAIN, UploadError, told
from serving.deliveries.tus import ProductName, UploadId
from serving.deliveries.uploads import Upload
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs, signed_in
from serving.web.service import service_of
from serving.web.visitors import Asking, Visitor
from vitrina.i18n import translator
from vitrina.inbox.entries import Entry
from vitrina.inbox.receipts import content_of_receipt
from vitrina.sellers.video_names import SUFFIXES
from vitrina.state.roles import Action

router = guarded_router()

AT_FIRST_S = 0.3
"""How long a page waits for a verdict before it says that the file is being checked."""

ZONES = sorted(available_timezones())


@router.get("/deliveries/new", response_class=HTMLResponse)
@signed_in()
def new_page(request: Request, visitor: Asking, product: Annotated[str, Query(max_length=40)] = "") -> HTMLResponse:
    """The form, and what is still under way."""
    desk, own = desk_of(service_of(request)), own_products(visitor)
    if product and product not in own:
        raise not_found("product", product)
    product = product or (own[0] if own else "")
    stores = visitor.parts(SELLERS, Action.DELIVER) if product == SELLERS else []
    return rendered(
        request,
        visitor,
        "deliveries/new.html",
        product=product,
        places=places(product) if product and may_deliver(visitor, product, "") else [],
        takes_videos=product == SELLERS,
        stores=stores,
        cameras=desk.videos.cameras(stores) if product == SELLERS else [],
        zones=ZONES,
        zone=desk.settings.sellers_time_zone,
        suffixes=sorted(SUFFIXES),
        limit=desk.settings.pages_upload_gb,
        hours=desk.settings.pages_upload_hours,
        uploads=[(one, desk.uploads.received(one)) for one in desk.own(visitor)],
    )


@router.get("/deliveries/uploads/{product}/{upload_id}", response_class=HTMLResponse)
@needs(Action.DELIVER, "{product}")
def upload_page(request: Request, visitor: Asking, product: ProductName, upload_id: UploadId) -> Response:
    """An upload of one's own: how far it is, its verdict, or what became of it."""
    desk = desk_of(service_of(request))
    with told(visitor):
        upload = desk.upload(visitor, product, upload_id)
    became = what_became_of(desk, upload)
    if isinstance(became, Entry) and visitor.may_all(Action.READ, product):
        return RedirectResponse(f"/deliveries/{product}/{became.delivery}", status_code=303)
    if upload.delivered_at is None and desk.uploads.received(upload) == upload.length:
        desk.checker.wait(upload, AT_FIRST_S)
    return _page(request, visitor, desk, upload)


@router.get("/deliveries/uploads/{product}/{upload_id}/verdict", response_class=HTMLResponse)
@needs(Action.DELIVER, "{product}", counted=True)
def verdict_part(request: Request, visitor: Asking, product: ProductName, upload_id: UploadId) -> HTMLResponse:
    """The verdict, as a part of its page, once it is there; until then the part asks again."""
    desk = desk_of(service_of(request))
    with told(visitor):
        upload = desk.upload(visitor, product, upload_id)
    return service_of(request).pages.render(request, "deliveries/verdict.html", **_context(desk, visitor, upload))


@router.post("/deliveries/uploads/{product}/{upload_id}/deliver", response_class=HTMLResponse)
@needs(Action.DELIVER, "{product}")
def deliver_form(
    request: Request,
    visitor: Asking,
    product: ProductName,
    upload_id: UploadId,
    *,
    replaces: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Put the file into the inbox."""
    desk = desk_of(service_of(request))
    with told(visitor):
        upload = desk.upload(visitor, product, upload_id)
    try:
        deliver(desk, upload, replaces=replaces or None, now=visitor.now)
    except UploadError as error:
        return _page(request, visitor, desk, upload, problem=" ".join(error.told_in(visitor.locale)), status=error.status)
    return RedirectResponse(f"/deliveries/uploads/{product}/{upload_id}", status_code=303)


@router.post("/deliveries/uploads/{product}/{upload_id}/discard", response_class=HTMLResponse)
@needs(Action.DELIVER, "{product}")
def discard_form(request: Request, visitor: Asking, product: ProductName, upload_id: UploadId) -> Response:
    """Delete the upload."""
    desk = desk_of(service_of(request))
    with told(visitor):
        discard(desk, desk.upload(visitor, product, upload_id))
    return RedirectResponse(f"/deliveries/new?product={product}", status_code=303)


def _page(  # noqa: PLR0913  # whose, of what, and what went wrong
    request: Request, visitor: Visitor, desk: Desk, upload: Upload, *, problem: str = "", status: int = 200
) -> HTMLResponse:
    return rendered(request, visitor, "deliveries/upload.html", status=status, problem=problem, **_context(desk, visitor, upload))


def _context(desk: Desk, visitor: Visitor, upload: Upload) -> dict[str, Any]:
    received = desk.uploads.received(upload)
    under_way = upload.delivered_at is None
    verdict = desk.checker.verdict(upload) if under_way and received == upload.length else None
    return {
        "upload": upload,
        "received": received,
        "expires_at": desk.uploads.expires_at(upload),
        "verdict": verdict,
        "reason": "" if verdict is None else translator(visitor.locale, DOMAIN)(verdict.reason),
        "blocks": [] if verdict is None else _blocks(verdict, visitor),
        "ahead": None if verdict is None else prospect(desk, upload, verdict),
        "became": what_became_of(desk, upload),
    }


def _blocks(verdict: Verdict, visitor: Visitor) -> list[Any]:
    return [] if verdict.findings is None else blocks(content_of_receipt(verdict.findings, visitor.locale))
