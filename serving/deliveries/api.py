"""The same for programs: deliveries, templates, and what is known of an upload."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field

from serving.deliveries.checking import Verdict
from serving.deliveries.delivering import deliver, prospect, what_became_of
from serving.deliveries.desk import Desk, desk_of, seen_products
from serving.deliveries.names import RECORDED_ELSEWHERE
from serving.deliveries.receipts import receipt_text
from serving.deliveries.refusals import DOMAIN as UPLOADS
from serving.deliveries.refusals import told
from serving.deliveries.tus import ProductName, UploadId
from serving.deliveries.uploads import Upload
from serving.web.problems import not_found, responses
from serving.web.routing import router as guarded_router
from serving.web.rules import needs, signed_in
from serving.web.service import service_of
from serving.web.visitors import Asking
from vitrina.catalogue import CONTRACTS
from vitrina.i18n import translator
from vitrina.inbox.contract import Contract
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.receipts import DOMAIN, content_of_receipt
from vitrina.inbox.template_files import has_template
from vitrina.settings import PRODUCTS
from vitrina.state.roles import Action

router = guarded_router(prefix="/api/v1", tags=("deliveries",))

MOST_DELIVERIES = 2**31 - 1


class DeliveryOut(BaseModel):
    """One known version of a delivered file."""

    product: str = Field(examples=["stores"])
    delivery: int = Field(description="Sequence number within the product.", examples=[7])
    path: str = Field(description="The file, relative to the inbox.", examples=["stores/sales/2026.csv"])
    contract: str = Field(description="What it was read as.", examples=["sales"])
    version: int = Field(description="1 for the first content under this name.", examples=[1])
    state: Literal["loaded", "duplicate", "quarantined", "superseded"] = Field(description="What became of it.")
    rows_read: int = Field(description="Rows in the file: read = loaded + refused.", examples=[20466])
    rows_loaded: int = Field(examples=[20464])
    rows_refused: int = Field(examples=[2])
    received_at: dt.datetime = Field(description="When it was read.")
    first_date: dt.date | None = Field(description="Earliest date of its rows, where rows have one.")
    last_date: dt.date | None = Field(description="Latest date of its rows.")
    fingerprint: str = Field(description="SHA-256 of the content.", examples=["0" * 64])
    message: str | None = Field(description="What the sender should know, in English.")

    @classmethod
    def of(cls, entry: Entry) -> DeliveryOut:
        """From the ledger."""
        return cls(**{name: getattr(entry, name) for name in cls.model_fields if name != "state"}, state=entry.state.value)


class DeliveriesOut(BaseModel):
    """A page of deliveries, the latest first."""

    total: int = Field(description="Deliveries of the whole list.", examples=[120])
    items: list[DeliveryOut]


class ReceiptOut(DeliveryOut):
    """A delivery with its receipt."""

    receipt: str | None = Field(
        description="The receipt as Markdown, in the language asked for; null where there is none any more."
    )


class ColumnOut(BaseModel):
    """A column of a file."""

    column: str = Field(examples=["store_id"])
    required: bool
    type: str = Field(examples=["text"])
    unit: str = Field(examples=["currency"])
    meaning: str = Field(examples=["Revenue net of refunds."])
    example: str = Field(examples=["1234.56"])


class TemplateOut(BaseModel):
    """A kind of file."""

    product: str = Field(examples=["stores"])
    contract: str = Field(examples=["sales"])
    paths: list[str] = Field(description="Where such files lie in the inbox.", examples=[["stores/sales/*"]])
    row: str = Field(description="What a row is.", examples=["One row per store, date and category."])
    uploadable: bool = Field(description="Whether it can be uploaded; others are recorded by Vitrina itself.")
    csv: str | None = Field(description="Address of a template; null where another program writes such files.")
    workbook: str | None = Field(description="The same as a workbook.")
    columns: list[ColumnOut]


class VerdictOut(BaseModel):
    """What the inbox would say of an uploaded file."""

    outcome: Literal["accepted", "partly", "refused", "unchecked"] = Field(description="What would become of it.")
    rows_read: int = Field(examples=[100])
    rows_loaded: int = Field(examples=[98])
    rows_refused: int = Field(examples=[2])
    text: str = Field(description="What was found, as Markdown, in the language asked for.")


class UploadOut(BaseModel):
    """An upload of one's own."""

    id: str = Field(examples=["0" * 32])
    product: str = Field(examples=["stores"])
    filename: str = Field(examples=["september.csv"])
    contract: str = Field(examples=["sales"])
    path: str = Field(description="Where it goes in the inbox.", examples=["stores/sales/september.csv"])
    length: int = Field(description="Bytes of the whole file.", examples=[1234])
    offset: int = Field(description="Bytes that have come.", examples=[1234])
    expires_at: dt.datetime = Field(description="When it is deleted if nobody goes on with it.")
    verdict: VerdictOut | None = Field(description="Null until the file is complete and was checked.")
    replaces: str | None = Field(
        description="What the inbox holds under this name, with other content: send it back to replace it. Null where the name is free."
    )
    delivered_at: dt.datetime | None = Field(description="When it was put into the inbox.")
    delivery: int | None = Field(description="Number of the delivery; null while no run has read the file.")


@router.get("/deliveries")
@signed_in()
def list_deliveries(  # noqa: PLR0913  # filters
    request: Request,
    visitor: Asking,
    *,
    product: Annotated[str | None, Query(max_length=40, description="Of this product only.", examples=["stores"])] = None,
    state: Annotated[State | None, Query(description="Only those of which this became.")] = None,
    refused: Annotated[bool, Query(description="Only those with refused rows.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="Items of a page.")] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Items before the page.")] = 0,
) -> DeliveriesOut:
    """Deliveries of every product whose deliveries you may see; a state, so it has no version."""
    seen = seen_products(visitor)
    if product is not None and product not in seen:
        raise not_found("product", product)
    found, total = desk_of(service_of(request)).ledger.deliveries(
        [product] if product is not None else seen, state=state, refused=refused, limit=limit, offset=offset
    )
    return DeliveriesOut(total=total, items=[DeliveryOut.of(entry) for entry in found])


@router.get("/deliveries/{product}/{delivery}")
@needs(Action.READ, "{product}", whole=True)
def get_delivery(
    request: Request,
    visitor: Asking,
    product: ProductName,
    delivery: Annotated[int, Path(ge=1, le=MOST_DELIVERIES, description="Number of the delivery.", examples=[1])],
) -> ReceiptOut:
    """What became of a delivery, with its receipt."""
    desk = desk_of(service_of(request))
    entry = desk.ledger.find(product, delivery) if product in PRODUCTS else None
    if entry is None:
        raise not_found("delivery", f"{product}/{delivery}")
    return ReceiptOut(**DeliveryOut.of(entry).model_dump(), receipt=receipt_text(desk.settings, entry, visitor.locale))


@router.get("/templates")
@signed_in()
def list_templates(visitor: Asking) -> list[TemplateOut]:
    """Every kind of file that the inbox reads, of the products whose deliveries you may see."""
    seen = seen_products(visitor)
    return [_template(contract) for contract in CONTRACTS if contract.product in seen]


@router.get("/uploads/{product}")
@needs(Action.DELIVER, "{product}")
def list_uploads(request: Request, visitor: Asking, product: ProductName) -> list[UploadOut]:
    """Your own uploads for a product, the latest first."""
    desk = desk_of(service_of(request))
    return [_upload(desk, one, visitor.locale) for one in desk.own(visitor) if one.product == product]


@router.get("/uploads/{product}/{upload_id}")
@needs(Action.DELIVER, "{product}")
def get_upload(request: Request, visitor: Asking, product: ProductName, upload_id: UploadId) -> UploadOut:
    """An upload of yours: how much has come, what was found in it, and what became of it."""
    desk = desk_of(service_of(request))
    with told(visitor):
        return _upload(desk, desk.upload(visitor, product, upload_id), visitor.locale)


@router.post("/uploads/{product}/{upload_id}/delivery", status_code=201, responses=responses(409, 423, 507))
@needs(Action.DELIVER, "{product}")
def deliver_upload(
    request: Request,
    visitor: Asking,
    product: ProductName,
    upload_id: UploadId,
    replaces: Annotated[str | None, Query(max_length=100, description="As the upload says, where its name is taken.")] = None,
) -> UploadOut:
    """Put a complete upload into the inbox: the next run reads it."""
    desk = desk_of(service_of(request))
    with told(visitor):
        delivered = deliver(desk, desk.upload(visitor, product, upload_id), replaces=replaces, now=visitor.now)
        return _upload(desk, delivered, visitor.locale)


def _template(contract: Contract) -> TemplateOut:
    address = f"/deliveries/templates/{contract.product}/{contract.name}" if has_template(contract) else None
    return TemplateOut(
        product=contract.product,
        contract=contract.name,
        paths=[f"{contract.product}/{pattern}" for pattern in contract.patterns],
        row=contract.table.description(),
        uploadable=(contract.product, contract.name) not in RECORDED_ELSEWHERE,
        csv=f"{address}.csv" if address else None,
        workbook=f"{address}.xlsx" if address else None,
        columns=[ColumnOut.model_validate(vars(row)) for row in contract.template()],
    )


def _upload(desk: Desk, upload: Upload, locale: str) -> UploadOut:
    received = desk.uploads.received(upload)
    under_way = upload.delivered_at is None
    verdict = desk.checker.verdict(upload) if under_way and received == upload.length else None
    ahead = prospect(desk, upload, verdict) if verdict is not None else None
    became = what_became_of(desk, upload)
    return UploadOut(
        **{name: getattr(upload, name) for name in ("id", "product", "filename", "contract", "length", "delivered_at")},
        path=upload.inbox_path,
        offset=received,
        expires_at=desk.uploads.expires_at(upload),
        verdict=None if verdict is None else _verdict(verdict, locale),
        replaces=ahead.existing.stamp if ahead is not None and ahead.existing is not None and not ahead.same else None,
        delivery=became.delivery if isinstance(became, Entry) else None,
    )


def _verdict(verdict: Verdict, locale: str) -> VerdictOut:
    found = verdict.findings
    text = translator(locale, UPLOADS)(verdict.reason) if found is None else content_of_receipt(found, locale)
    if found is not None and found.failure is not None:
        text = text or " ".join(part.translated(translator(locale, DOMAIN)) for part in found.failure)
    counts = found.counts if found is not None else None
    return VerdictOut(
        outcome=verdict.outcome.value,
        rows_read=counts.read if counts else 0,
        rows_loaded=counts.loaded if counts else 0,
        rows_refused=counts.refused if counts else 0,
        text=text,
    )
