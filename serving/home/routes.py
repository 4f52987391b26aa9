"""The first page, what is in a product's published version, and its tables as a file."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Form, Path, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from serving.deliveries.home import delivery_cards
from serving.home.published import Published, published
from serving.web.addresses import local
from serving.web.guard import is_secure
from serving.web.languages import COOKIE, LANGUAGES
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import anybody, needs, signed_in
from serving.web.service import service_of
from serving.web.visitors import Asking
from vitrina.publication.versions import analysts_copy
from vitrina.settings import PRODUCTS, Settings
from vitrina.state.roles import Action

router = guarded_router(tags=("published",))

ProductName = Annotated[str, Path(max_length=40, description="Product.", examples=["stores"])]


class TableOut(BaseModel):
    """A published table."""

    name: str = Field(examples=["mart_cluster_members"])
    rows: int = Field(examples=[1436])
    meaning: str = Field(examples=["One row per quarter and store."])
    as_of: dt.datetime = Field(description="When its rows were written.")
    held_back: str | None = Field(description="The check that holds it at an earlier version; null where it is fresh.")


class ProductOut(BaseModel):
    """What is published of a product."""

    product: str = Field(examples=["stores"])
    version: str = Field(examples=["20260930T120000000000Z"])
    published_at: dt.datetime
    rolled_back_from: str | None = Field(description="The version that was in force before a rollback.")
    tables: list[TableOut]

    @classmethod
    def of(cls, found: Published) -> ProductOut:
        """From what was found."""
        return cls.model_validate({**vars(found), "tables": [vars(table) for table in found.tables]})


@router.get("/", response_class=HTMLResponse)
@signed_in()
def home(request: Request, visitor: Asking) -> HTMLResponse:
    """What is fresh, what is not, and where to go."""
    seen = [product for product in PRODUCTS if visitor.may(Action.READ, product)]
    found = {product: published(version) for product in seen if (version := visitor.view.find(product)) is not None}
    service = service_of(request)
    delivered = delivery_cards(service, visitor)
    return service.pages.render(request, "home/index.html", seen=seen, found=found, delivered=delivered, now=visitor.now)


@router.get("/published/{product}", response_class=HTMLResponse)
@needs(Action.READ, "{product}")
def tables_page(request: Request, product: ProductName, visitor: Asking) -> HTMLResponse:
    """Every table of the published version."""
    found = published(visitor.view[product])
    return service_of(request).pages.render(request, "home/tables.html", found=found)


@router.get("/files/{product}.duckdb", response_class=FileResponse)
@needs(Action.READ, "{product}", whole=True)
def tables_file(request: Request, product: ProductName) -> FileResponse:
    """All published tables of a product as one DuckDB file."""
    path = analysts_copy(settings_of(request), product)
    if product not in PRODUCTS or not path.exists():
        raise not_found("published file", product)
    return FileResponse(path, media_type="application/octet-stream", filename=f"{product}.duckdb")


@router.post("/language")
@anybody()
def choose_language(
    request: Request, language: Annotated[str, Form(max_length=8)], back: Annotated[str, Form(max_length=2000)] = "/"
) -> Response:
    """Read on in another language."""
    if language not in LANGUAGES:
        raise not_found("language", language)
    answer = RedirectResponse(local(back), status_code=303)
    answer.set_cookie(COOKIE, language, max_age=31536000, httponly=True, samesite="lax", secure=is_secure(service_of(request)))
    return answer


@router.get("/api/v1/products")
@signed_in()
def list_products(visitor: Asking) -> list[ProductOut]:
    """What is published of every product that you may see: version, tables, freshness."""
    versions = [visitor.view.find(product) for product in PRODUCTS if visitor.may(Action.READ, product)]
    return [ProductOut.of(published(version)) for version in versions if version is not None]


@router.get("/api/v1/products/{product}")
@needs(Action.READ, "{product}", versioned=True)
def get_product(product: ProductName, visitor: Asking) -> ProductOut:
    """What is published of a product."""
    return ProductOut.of(published(visitor.view[product]))


def settings_of(request: Request) -> Settings:
    """The configuration."""
    return service_of(request).settings
