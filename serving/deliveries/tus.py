"""Resumable uploads by the open protocol tus 1.0.0 (https://tus.io), with its extensions creation, termination and expiration.

A sender that was cut off asks with HEAD how much has come, and sends the rest with PATCH. What is complete is checked, and waits
until somebody delivers or discards it.
"""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import Header, Path, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from serving.deliveries.desk import Desk, desk_of
from serving.deliveries.receiving import append
from serving.deliveries.refusals import TUS, TooLongError, UploadGoneError, WrongOffsetError, told
from serving.deliveries.starting import LONGEST_METADATA, begin
from serving.deliveries.uploads import Upload
from serving.web.problems import Problem, not_found, responses
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking, Visitor
from vitrina.settings import PRODUCTS
from vitrina.state.roles import Action

router = guarded_router(prefix="/api/v1/uploads", tags=("uploads",))

CONTENT = "application/offset+octet-stream"
MOST_LENGTH = 2**53 - 1

ProductName = Annotated[str, Path(max_length=40, description="Product that the file is for.", examples=["stores"])]
UploadId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Identifier of the upload.", examples=["0" * 32])]
Spoken = Annotated[
    str,
    Header(
        alias="Tus-Resumable",
        max_length=20,
        description="Version of the protocol that the sender speaks.",
        examples=[TUS],
        json_schema_extra={"enum": [TUS]},
    ),
]


def _headers(**names: str) -> dict[str, Any]:
    return {
        "headers": {name.replace("_", "-"): {"description": text, "schema": {"type": "string"}} for name, text in names.items()}
    }


_ANSWERED = {"Tus_Resumable": "Version of the protocol."}
_OFFSET = {"Upload_Offset": "Bytes that have come.", "Upload_Expires": "When it is deleted if nobody goes on with it."}


@router.options(
    "/{product}",
    status_code=204,
    response_class=Response,
    responses={
        204: _headers(**_ANSWERED, Tus_Version="Versions.", Tus_Extension="Extensions.", Tus_Max_Size="Largest file, in bytes.")
    },
)
@needs(Action.DELIVER, "{product}", counted=True)
def abilities(request: Request, product: ProductName) -> Response:
    """What uploads can do, and how large a file may be."""
    _known(product)
    most = desk_of(service_of(request)).uploads.most_bytes
    return _answer(204, {"Tus-Version": TUS, "Tus-Extension": "creation,termination,expiration", "Tus-Max-Size": str(most)})


@router.post(
    "/{product}",
    status_code=201,
    response_class=Response,
    responses={201: _headers(**_ANSWERED, **_OFFSET, Location="Address of the upload."), **responses(412, 507)},
)
@needs(Action.DELIVER, "{product}")
def create(  # noqa: PLR0913  # headers of the protocol
    request: Request,
    visitor: Asking,
    product: ProductName,
    *,
    tus_resumable: Spoken,
    upload_length: Annotated[
        int, Header(alias="Upload-Length", ge=0, le=MOST_LENGTH, description="Bytes of the file.", examples=[1234])
    ],
    upload_metadata: Annotated[
        str,
        Header(
            alias="Upload-Metadata",
            max_length=LONGEST_METADATA,
            description="Pairs of a name and a value in Base64: `filename`; for a table `place` (its contract, by its name where it is "
            "left out) and `name` (its name in the inbox); for a video `store`, `camera`, `start` and `zone`.",
            examples=["filename c3RvcmVzLmNzdg=="],
        ),
    ],
) -> Response:
    """Begin an upload: `Location` says where its bytes are to be sent."""
    _speaks(tus_resumable)
    _known(product)
    desk = desk_of(service_of(request))
    with told(visitor):
        made = begin(desk, visitor, product, upload_length, upload_metadata)
    if not made.length:
        desk.checker.verdict(made)
    return _answer(201, _state(desk, made) | {"Location": f"/api/v1/uploads/{product}/{made.id}"})


@router.head(
    "/{product}/{upload_id}",
    response_class=Response,
    responses={200: _headers(**_ANSWERED, **_OFFSET, Upload_Length="Bytes of the file."), **responses(412)},
)
@needs(Action.DELIVER, "{product}", counted=True)
def how_far(request: Request, visitor: Asking, product: ProductName, upload_id: UploadId, tus_resumable: Spoken) -> Response:
    """How much of an upload has come: go on from there."""
    _speaks(tus_resumable)
    desk = desk_of(service_of(request))
    with told(visitor):
        found = _under_way(desk, visitor, product, upload_id)
    headers = {"Upload-Length": str(found.length), "Cache-Control": "no-store"}
    if found.metadata:
        headers["Upload-Metadata"] = found.metadata
    return _answer(200, _state(desk, found) | headers)


@router.patch(
    "/{product}/{upload_id}",
    status_code=204,
    response_class=Response,
    responses={204: _headers(**_ANSWERED, **_OFFSET), **responses(409, 412, 415, 423, 507)},
    openapi_extra={"requestBody": {"required": True, "content": {CONTENT: {"schema": {"type": "string", "format": "binary"}}}}},
)
@needs(Action.DELIVER, "{product}", counted=True)
async def go_on(  # noqa: PLR0913  # headers of the protocol
    request: Request,
    visitor: Asking,
    product: ProductName,
    upload_id: UploadId,
    *,
    tus_resumable: Spoken,
    upload_offset: Annotated[
        int, Header(alias="Upload-Offset", ge=0, le=MOST_LENGTH, description="Bytes that have come before.", examples=[0])
    ],
) -> Response:
    """Send the next bytes of an upload, 64 MB at most; what has come stays when the connection breaks off."""
    _speaks(tus_resumable)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT:
        raise Problem(
            415,
            f"The bytes of an upload come as {CONTENT}.",
            "Send this as Content-Type.",
            kind="media-type",
            headers={"Tus-Resumable": TUS},
        )
    desk = desk_of(service_of(request))
    with told(visitor):
        found = await run_in_threadpool(_under_way, desk, visitor, product, upload_id)
        with desk.uploads.held(found) as upload:
            received = desk.uploads.received(upload)
            if upload_offset != received:
                raise WrongOffsetError(
                    "The upload is at byte {received}, not at {offset}.",
                    "Ask with HEAD how much has come, and go on from there.",
                    received=received,
                    offset=upload_offset,
                )
            _not_more(request, upload.length - received)
            whole = await append(request, desk.uploads.part(upload), offset=received, most=upload.length - received)
    if desk.uploads.received(upload) == upload.length:
        desk.checker.verdict(upload)
    # what is still to come from a sender that was too slow belongs to no request any more
    return _answer(204, _state(desk, upload) | ({} if whole else {"Connection": "close"}))


@router.delete(
    "/{product}/{upload_id}",
    status_code=204,
    response_class=Response,
    responses={204: _headers(**_ANSWERED), **responses(412, 423)},
)
@needs(Action.DELIVER, "{product}")
def terminate(request: Request, visitor: Asking, product: ProductName, upload_id: UploadId, tus_resumable: Spoken) -> Response:
    """Discard an upload, with all that has come."""
    _speaks(tus_resumable)
    desk = desk_of(service_of(request))
    with told(visitor), desk.uploads.held(_under_way(desk, visitor, product, upload_id)) as upload:
        desk.uploads.forget(upload)
    return _answer(204, {})


def _under_way(desk: Desk, visitor: Visitor, product: str, upload_id: str) -> Upload:
    found = desk.upload(visitor, product, upload_id)
    if found.delivered_at is not None:
        raise UploadGoneError("This file was delivered.", "Begin another upload for another file.")
    return found


def _not_more(request: Request, most: int) -> None:
    """Where the sender says beforehand how much comes, nothing of too much is read."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and len(said) < 20 and int(said) > most:
        raise TooLongError("More bytes are to come than the upload is to have.", "Send no more than Upload-Length says.")


def _speaks(version: str) -> None:
    if version != TUS:
        raise Problem(
            412,
            f"Uploads speak version {TUS} of the protocol tus.",
            f"Send the header Tus-Resumable: {TUS}.",
            kind="protocol",
            headers={"Tus-Version": TUS, "Tus-Resumable": TUS},
        )


def _known(product: str) -> None:
    if product not in PRODUCTS:
        raise not_found("product", product)


def _state(desk: Desk, upload: Upload) -> dict[str, str]:
    expires = desk.uploads.expires_at(upload).astimezone(dt.UTC)
    return {"Upload-Offset": str(desk.uploads.received(upload)), "Upload-Expires": format_datetime(expires, usegmt=True)}


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": TUS} | headers)
