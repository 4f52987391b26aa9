"""The page on which groupings are compared."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from serving.stores.comparing import MODEL, PUBLISHED, compare, side_of
from serving.stores.naming import Naming
from serving.stores.request_pages import WORKBOOK_S, desk_of
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking
from vitrina.state.roles import Action

router = guarded_router(tags=("stores",))

MOST_COMPARED = 3

Key = Annotated[str, Query(max_length=40, description=f"A request, or “{PUBLISHED}” or “{MODEL}”; empty for none.")]
Keys = Annotated[list[str] | None, Query(alias="one", max_length=50, description="The same as a list: of a form with boxes.")]


@router.get("/stores/compare", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def compare_page(*, request: Request, visitor: Asking, a: Key = "", b: Key = "", c: Key = "", one: Keys = None) -> HTMLResponse:  # noqa: PLR0913  # what is compared
    """Two or three groupings."""
    service, desk = service_of(request), desk_of(request)
    keys = list(dict.fromkeys(key for key in (a, b, c, *(one or [])) if key))
    naming = Naming(visitor.locale, service.settings.currency)
    if not 2 <= len(keys) <= MOST_COMPARED:
        choice = desk.requests.latest(50)
        return service.pages.render(
            request,
            "stores/compare_choose.html",
            keys=keys,
            requests=[asked for asked in choice if asked.fingerprint],
            naming=naming,
        )
    first, *others = (side_of(desk, visitor.view, key, by=visitor.name, wait_s=WORKBOOK_S) for key in keys)
    return service.pages.render(
        request,
        "stores/compare.html",
        first=first,
        comparisons=[compare(desk, first, other, by=visitor.name) for other in others],
        sides=[first, *others],
        namings={side.key: Naming.of(side.answer, visitor.locale, service.settings.currency) for side in (first, *others)},
        naming=naming,
    )
