"""The pages of one's own requests: asking, waiting, the answer and the slider over it, its workbook, the history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from serving.stores.answers import Answer
from serving.stores.approved import approved_with
from serving.stores.asking import ask_again
from serving.stores.computing import STAGES
from serving.stores.decisions import seen_now
from serving.stores.desk import AnswerGoneError, Desk, question_of
from serving.stores.excel import workbook_answer
from serving.stores.naming import Naming
from serving.stores.overview_pages import InCluster, Offset
from serving.stores.shown import shown, store_page
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import Service, service_of
from serving.web.visitors import Asking, Visitor
from vitrina.settings import Locale
from vitrina.state.cluster_requests import ClusterRequest
from vitrina.state.roles import Action

router = guarded_router(tags=("stores",))

SOON_S = 4.0
"""How long a page waits for an answer before it shows how far it has got."""
MOMENT_S = 0.7
"""How long the waiting page's next question is kept waiting itself: the answer is shown the moment that it is there."""
WORKBOOK_S = 60.0
ON_A_PAGE = 30

RequestId = Annotated[str, Path(max_length=40, description="Identifier of a request.")]
K = Annotated[int | None, Query(alias="k", ge=1, le=500, description="Number of clusters; without it the request's own.")]


@router.get("/stores/requests", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def history(request: Request, visitor: Asking, offset: Offset = 0) -> HTMLResponse:
    """Everybody's requests, the newest first."""
    service, desk = service_of(request), desk_of(request)
    return service.pages.render(
        request,
        "stores/requests.html",
        requests=desk.requests.latest(ON_A_PAGE, skip=offset),
        total=desk.requests.count(),
        offset=offset,
        limit=ON_A_PAGE,
        naming=Naming(visitor.locale, service.settings.currency),
    )


@router.get("/stores/requests/{request_id}", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def result(request: Request, visitor: Asking, request_id: RequestId, k: K = None) -> Response:
    """A request: how far it has got, or its answer."""
    return _page(request, visitor, found_request(request, request_id), k, "stores/request.html")


@router.get("/stores/requests/{request_id}/part", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def part(request: Request, visitor: Asking, request_id: RequestId, k: K = None) -> Response:
    """The same without the frame: what the waiting page and the slider ask for."""
    asked = found_request(request, request_id)
    if asked.finished_at is None:
        asked = desk_of(request).wait_for(asked, by=visitor.name, wait_s=MOMENT_S)
    answer = _page(request, visitor, asked, k, "stores/request_part.html")
    if k is not None:
        # so that the page can be loaded again, and sent to somebody, as it is shown
        answer.headers["HX-Replace-Url"] = f"/stores/requests/{asked.id}?k={k}"
    return answer


@router.get("/stores/requests/{request_id}/members", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def members(  # noqa: PLR0913  # what a list is searched for
    *,
    request: Request,
    visitor: Asking,
    request_id: RequestId,
    k: K = None,
    text: Annotated[str, Query(alias="q", max_length=200)] = "",
    cluster: InCluster = "",
    offset: Offset = 0,
) -> HTMLResponse:
    """The stores of an answer, searched."""
    service, asked = service_of(request), found_request(request, request_id)
    answer = desk_of(request).answer(asked, k, by=visitor.name, wait_s=SOON_S)
    if answer is None:
        return _waiting(request, asked, k, "stores/request_part.html", None)
    return service.pages.render(
        request,
        "stores/members.html",
        stores=store_page(answer, text=text, cluster=int(cluster) if cluster else None, offset=offset),
        naming=Naming.of(answer, visitor.locale, service.settings.currency),
        address=f"/stores/requests/{asked.id}/members?k={answer.n_clusters}",
    )


@router.get("/stores/requests/{request_id}/report.xlsx", response_class=FileResponse)
@needs(Action.READ, "stores")
def download(
    request: Request, visitor: Asking, request_id: RequestId, k: K = None, language: Annotated[Locale | None, Query()] = None
) -> FileResponse:
    """The Excel report of an answer."""
    asked, locale = found_request(request, request_id), language or visitor.locale
    path = desk_of(request).workbook(asked, k, locale, by=visitor.name, wait_s=WORKBOOK_S)
    return workbook_answer(path, asked, k, locale)


@router.post("/stores/requests/{request_id}/again")
@needs(Action.READ, "stores")
def again(request: Request, visitor: Asking, request_id: RequestId, title: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Ask the same of the version that is in force now."""
    made = ask_again(desk_of(request), visitor, found_request(request, request_id), title)
    return RedirectResponse(f"/stores/requests/{made.id}", status_code=303)


def desk_of(request: Request) -> Desk:
    """The desk of the worker that answers."""
    found = service_of(request).held.get("stores")
    if not isinstance(found, Desk):
        raise TypeError("the product was not started")
    return found


def found_request(request: Request, request_id: str) -> ClusterRequest:
    """A request by its identifier.

    Raises
    ------
    Problem
        404: there is none.
    """
    found = desk_of(request).requests.find(request_id) if request_id.isprintable() else None
    if found is None:
        raise not_found("request", request_id)
    return found


def _page(request: Request, visitor: Visitor, asked: ClusterRequest, k: int | None, template: str) -> Response:
    service, desk = service_of(request), desk_of(request)
    if asked.finished_at is None:
        progress = desk.progress(asked, visitor.now)
        if progress is not None:
            return _waiting(request, asked, k, template, progress)
        asked = found_request(request, asked.id)
    if asked.fingerprint is None:
        return service.pages.render(request, template, asked=asked, state="failed", **_about(service, visitor, asked))
    try:
        answer = desk.answer(asked, k, by=visitor.name, wait_s=SOON_S)
    except AnswerGoneError:
        return service.pages.render(request, template, asked=asked, state="gone", **_about(service, visitor, asked))
    if answer is None:
        return _waiting(request, asked, k, template, None)
    return service.pages.render(
        request,
        template,
        asked=asked,
        state="answered",
        **(_about(service, visitor, asked) | _answered(service, visitor, asked, answer)),
    )


def _waiting(request: Request, asked: ClusterRequest, k: int | None, template: str, progress: Any) -> HTMLResponse:
    service, visitor = service_of(request), request.scope["vitrina.visitor"]
    stages = {stage: place for place, stage in enumerate(STAGES, 1)}
    return service.pages.render(
        request,
        template,
        asked=asked,
        state="waiting",
        progress=progress,
        reached=stages.get(progress.stage, 0) if progress is not None else 0,
        stages=len(STAGES),
        k=k,
        **_about(service, visitor, asked),
    )


def _about(service: Service, visitor: Visitor, asked: ClusterRequest) -> dict[str, Any]:
    """What every state of the page shows."""
    version = visitor.view.find("stores")
    return {
        "naming": Naming(visitor.locale, service.settings.currency),
        "version": version,
        "is_current": version is not None and version.name == asked.published_version,
    }


def _answered(service: Service, visitor: Visitor, asked: ClusterRequest, answer: Answer) -> dict[str, Any]:
    naming, version = Naming.of(answer, visitor.locale, service.settings.currency), visitor.view.find("stores")
    own = question_of(asked)
    decides = visitor.may(Action.DECIDE, "stores")
    return {
        "page": shown(answer, naming),
        "naming": naming,
        "stores": store_page(answer),
        "k": answer.n_clusters,
        "is_own_number": answer.scenario == own.scenario,
        "seconds": (asked.finished_at - asked.made_at).total_seconds() if asked.finished_at else 0.0,
        "approved": approved_with(version, answer.fingerprint) if version is not None else None,
        "decides": decides,
        "looked": seen_now(service.settings) if decides else None,
    }
