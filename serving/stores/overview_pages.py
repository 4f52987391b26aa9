"""The pages of what is published: a quarter's clusters, and its reports."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse

from serving.stores.charts import history_chart
from serving.stores.excel import EXCEL
from serving.stores.naming import Naming
from serving.stores.published import Basis, published_answer, published_report, quarter_of, quarters
from serving.stores.shown import shown, store_page
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking
from vitrina.settings import Locale
from vitrina.state.roles import Action

router = guarded_router(tags=("stores",))

Quarter = Annotated[dt.date | None, Query(description="First day of the quarter; without it the newest.", examples=["2026-07-01"])]
By = Annotated[Basis, Query(alias="by", description="The quarter's own grouping, or the approved model's.")]
Text = Annotated[str, Query(max_length=200, description="Part of a name, identifier, region or format.")]
InCluster = Annotated[str, Query(max_length=9, pattern=r"^\d*$", description="Number of a cluster; empty for all.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Stores before the page.")]


@router.get("/stores", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def overview(request: Request, visitor: Asking, quarter: Quarter = None, basis: By = Basis.OWN) -> HTMLResponse:
    """A published quarter: the answer, the pictures, the tables."""
    service, version = service_of(request), visitor.view.find("stores")
    if version is None:
        return service.pages.render(request, "stores/nothing.html", current="overview")
    found = quarter_of(version, quarter)
    answer = published_answer(version, found, basis)
    locale, currency = visitor.locale, service.settings.currency
    naming = Naming.of(answer, locale, currency)
    page = version.remembered(("shown", found.quarter, basis, locale), lambda: shown(answer, naming))
    return service.pages.render(
        request,
        "stores/overview.html",
        version=version,
        found=found,
        basis=basis,
        page=page,
        naming=naming,
        quarters=quarters(version),
        history=version.remembered(("history", locale), lambda: _history(version, naming)),
        stores=store_page(answer),
    )


def _history(version: Version, naming: Naming) -> object:
    found = quarters(version)
    return history_chart(found, {one.quarter: naming.quarter(one.quarter) for one in found}, naming.locale)


@router.get("/stores/members", response_class=HTMLResponse)
@needs(Action.READ, "stores", versioned=True)
def overview_members(  # noqa: PLR0913  # what a list is searched for
    *,
    request: Request,
    visitor: Asking,
    quarter: Quarter = None,
    basis: By = Basis.OWN,
    text: Annotated[str, Query(alias="q", max_length=200)] = "",
    cluster: InCluster = "",
    offset: Offset = 0,
) -> HTMLResponse:
    """The stores of a published quarter, searched."""
    service, version = service_of(request), visitor.view["stores"]
    found = quarter_of(version, quarter)
    answer = published_answer(version, found, basis)
    return service.pages.render(
        request,
        "stores/members.html",
        stores=store_page(answer, text=text, cluster=int(cluster) if cluster else None, offset=offset),
        naming=Naming.of(answer, visitor.locale, service.settings.currency),
        address=f"/stores/members?version={version.name}&quarter={found.quarter}&by={basis.value}",
    )


@router.get("/stores/reports/{quarter}/{language}", response_class=FileResponse)
@needs(Action.READ, "stores")
def report(
    request: Request,
    visitor: Asking,
    quarter: Annotated[dt.date, Path(description="First day of the quarter.")],
    language: Annotated[Locale, Path(description="Language of the report.")],
) -> FileResponse:
    """The published Excel report of a quarter; which file that is, the published table says, never the address."""
    path = published_report(service_of(request).settings, visitor.view["stores"], quarter, language)
    return FileResponse(path, media_type=EXCEL, filename=path.name)
