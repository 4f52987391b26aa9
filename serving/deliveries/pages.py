"""What was delivered and what became of it, as pages."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from serving.deliveries.api import MOST_DELIVERIES
from serving.deliveries.desk import SELLERS, Desk, desk_of, own_products, seen_products, seen_stores
from serving.deliveries.receipts import blocks, receipt_text
from serving.deliveries.tus import ProductName
from serving.deliveries.videos import STATES
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs, signed_in
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking, Visitor
from vitrina.catalogue import CONTRACTS
from vitrina.i18n import Translate, translator
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.ledger_reading import LedgerReader
from vitrina.inbox.receipts import DOMAIN
from vitrina.settings import PRODUCTS
from vitrina.state.roles import Action

router = guarded_router()

PAGE = 50
MOST_SHOWN = 10
MOST_SKIPPED = 10_000_000

Became = Literal["", "loaded", "refused", "quarantined", "duplicate", "superseded"]
Offset = Annotated[int, Query(ge=0, le=MOST_SKIPPED)]
Number = Annotated[int, Path(ge=1, le=MOST_DELIVERIES)]


@router.get("/deliveries", response_class=HTMLResponse)
@signed_in()
def deliveries_page(
    request: Request,
    visitor: Asking,
    *,
    product: Annotated[str, Query(max_length=40)] = "",
    state: Became = "",
    offset: Offset = 0,
) -> HTMLResponse:
    """The latest deliveries, what waits, and what needs somebody."""
    desk, seen = desk_of(service_of(request)), seen_products(visitor)
    if product and product not in seen:
        raise not_found("product", product)
    chosen = [product] if product else seen
    wanted = None if state in {"", "refused"} else State(state)
    with desk.ledger.snapshot() as ledger:
        entries, total = ledger.deliveries(chosen, state=wanted, refused=state == "refused", limit=PAGE, offset=offset)
        stale = ledger.stale()
        standing = _together(ledger, chosen)
        trouble = ledger.needing_attention(chosen, MOST_SHOWN)
        waiting = {name: desk.waiting(ledger, name) for name in chosen}
    return rendered(
        request,
        visitor,
        "deliveries/index.html",
        product=product,
        chosen=chosen,
        state=state,
        states=("loaded", "refused", "quarantined", "duplicate", "superseded"),
        entries=entries,
        total=total,
        offset=offset,
        limit=PAGE,
        address=f"/deliveries?{urlencode([('product', product), ('state', state)])}&offset=",
        standing=standing,
        trouble=trouble,
        waiting=waiting,
        stale={name: stale[name] for name in chosen if name in stale},
        most_shown=MOST_SHOWN,
        is_new=not desk.settings.ledger.exists(),
    )


@router.get("/deliveries/sellers/videos", response_class=HTMLResponse)
@signed_in()
def videos_page(
    request: Request,
    visitor: Asking,
    *,
    state: Literal["", "waiting", "evaluated", "unreadable", "duplicate", "refused", "expired"] = "",
    offset: Offset = 0,
) -> HTMLResponse:
    """Videos that came, of the stores that are the visitor's."""
    desk, stores = desk_of(service_of(request)), seen_stores(visitor)
    if stores is not None and not stores:
        raise not_found("product", SELLERS)
    videos, total = desk.videos.videos(stores, state=state or None, limit=PAGE, offset=offset)
    return rendered(
        request,
        visitor,
        "deliveries/videos.html",
        videos=videos,
        on_their_way=[] if state else desk.videos_on_their_way(stores),
        total=total,
        counts=desk.videos.counts(stores),
        state=state,
        states=STATES,
        offset=offset,
        limit=PAGE,
        address=f"/deliveries/sellers/videos?{urlencode([('state', state)])}&offset=",
    )


@router.get("/deliveries/{product}/{delivery}", response_class=HTMLResponse)
@needs(Action.READ, "{product}", whole=True)
def delivery_page(request: Request, visitor: Asking, product: ProductName, delivery: Number, *, offset: Offset = 0) -> HTMLResponse:
    """A delivery: its receipt, the rows that were refused, and the other versions of the file."""
    desk, entry = _entry(request, product, delivery)
    text = receipt_text(desk.settings, entry, visitor.locale)
    contract = next((one for one in CONTRACTS if (one.product, one.name) == (product, entry.contract)), None)
    rows, total = _refused_rows(visitor.view.find(product), entry, offset, translator(visitor.locale, DOMAIN))
    return rendered(
        request,
        visitor,
        "deliveries/delivery.html",
        entry=entry,
        blocks=[block for block in blocks(text or "") if block.kind != "title"],
        has_receipt=text is not None,
        raw_table=contract.table.table_name() if contract is not None else None,
        refused_rows=rows,
        refused_total=total,
        versions=desk.ledger.versions(product, entry.path),
        offset=offset,
        limit=PAGE,
        address=f"/deliveries/{product}/{delivery}?offset=",
    )


@router.get("/deliveries/{product}/{delivery}/receipt.md")
@needs(Action.READ, "{product}", whole=True)
def receipt_file(request: Request, visitor: Asking, product: ProductName, delivery: Number) -> Response:
    """The receipt as a file."""
    desk, entry = _entry(request, product, delivery)
    text = receipt_text(desk.settings, entry, visitor.locale)
    if text is None:
        raise not_found("receipt", f"{product}/{delivery}")
    return download(text.encode(), f"receipt-{product}-{delivery}.md", "text/markdown; charset=utf-8")


def download(content: bytes, filename: str, media_type: str) -> Response:
    """A file to keep; `filename` is of our own making."""
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}"}
    )


def _entry(request: Request, product: str, delivery: int) -> tuple[Desk, Entry]:
    desk = desk_of(service_of(request))
    entry = desk.ledger.find(product, delivery) if product in PRODUCTS else None
    if entry is None:
        raise not_found("delivery", f"{product}/{delivery}")
    return desk, entry


def _refused_rows(version: Version | None, entry: Entry, offset: int, say: Translate) -> tuple[list[dict[str, Any]], int]:
    """Refused values of a delivery, where the product publishes them: the published version may be older than the delivery."""
    if version is None or not version.has("refused_rows") or not entry.rows_refused:
        return [], 0
    parameters = {"delivery": entry.delivery, "path": entry.path}
    condition = "delivery = $delivery AND source_file = $path"
    total = version.rows(f"SELECT count(*) AS n FROM refused_rows WHERE {condition}", parameters)[0]["n"]  # noqa: S608  # our own names; values are bound
    rows = version.rows(
        f"SELECT source_row, column_name, value, expectation, remedy FROM refused_rows WHERE {condition}"  # noqa: S608  # as above
        " ORDER BY source_row, column_name LIMIT $limit OFFSET $offset",
        parameters | {"limit": PAGE, "offset": offset},
    )
    # sentences with a value in them are stored as they were put together, in English; the receipt has them in all languages
    return [row | {name: say(row[name]) for name in ("expectation", "remedy")} for row in rows], total


def _together(ledger: LedgerReader, products: list[str]) -> dict[str, int]:
    found = [standing for name, standing in ledger.standing().items() if name in products]
    return {name: sum(getattr(one, name) for one in found) for name in ("files", "not_loaded", "rows_loaded", "rows_refused")}


def rendered(request: Request, visitor: Visitor, template: str, /, status: int = 200, **context: Any) -> HTMLResponse:
    """A page of deliveries, with what their navigation needs."""
    stores = seen_stores(visitor)
    return service_of(request).pages.render(
        request,
        template,
        status=status,
        seen=seen_products(visitor),
        own=own_products(visitor),
        sees_videos=stores is None or bool(stores),
        **context,
    )
