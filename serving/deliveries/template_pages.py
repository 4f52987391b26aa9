"""Every kind of file that the inbox reads: what its columns mean, and files to begin with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response

from serving.deliveries.desk import desk_of, own_products, seen_products
from serving.deliveries.names import RECORDED_ELSEWHERE
from serving.deliveries.pages import download, rendered
from serving.deliveries.tus import ProductName
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import signed_in
from serving.web.service import service_of
from serving.web.visitors import Asking, Visitor
from vitrina.catalogue import CONTRACTS
from vitrina.i18n import translator
from vitrina.inbox.contract import Contract
from vitrina.inbox.template_files import DOMAIN, has_template, template_csv, template_workbook
from vitrina.settings import PRODUCTS

router = guarded_router()

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/deliveries/templates", response_class=HTMLResponse)
@signed_in()
def templates_page(request: Request, visitor: Asking, kind: Annotated[str, Query(max_length=80)] = "") -> HTMLResponse:
    """Every kind of file, by product."""
    desk = desk_of(service_of(request))
    seen = sorted({*seen_products(visitor), *own_products(visitor)}, key=PRODUCTS.index)
    return rendered(
        request,
        visitor,
        "deliveries/templates.html",
        contracts={product: [one for one in CONTRACTS if one.product == product] for product in seen},
        opened=kind,
        say=translator(visitor.locale, DOMAIN),
        has_template=has_template,
        uploadable=lambda contract: (contract.product, contract.name) not in RECORDED_ELSEWHERE,
        videos=desk.settings.sellers_videos,
    )


@router.get("/deliveries/templates/{product}/{contract}.csv")
@signed_in()
def csv_template(visitor: Asking, product: ProductName, contract: ProductName) -> Response:
    """A template as CSV."""
    found = _contract(visitor, product, contract)
    return download(template_csv(found), f"{found.name}.csv", "text/csv; charset=utf-8")


@router.get("/deliveries/templates/{product}/{contract}.xlsx")
@signed_in()
def workbook_template(visitor: Asking, product: ProductName, contract: ProductName) -> Response:
    """A template as a workbook that explains its columns."""
    found = _contract(visitor, product, contract)
    return download(template_workbook(found, visitor.locale, visitor.now), f"{found.name}.xlsx", WORKBOOK)


def _contract(visitor: Visitor, product: str, name: str) -> Contract:
    if product in {*seen_products(visitor), *own_products(visitor)}:
        for contract in CONTRACTS:
            if (contract.product, contract.name) == (product, name) and has_template(contract):
                return contract
    raise not_found("template", f"{product}/{name}")
