"""The pages on which people decide: approve, reject, rename, move, and look back on what was decided."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.stores.approved import assignments_of, in_force, model_versions
from serving.stores.decisions import Decided, MeanwhileProblem, Seen, as_recorded, confirmed, history, record, seen_now, since
from serving.stores.desk import AnswerGoneError, question_of
from serving.stores.naming import Naming
from serving.stores.overview_pages import InCluster
from serving.stores.published import catalogue_of
from serving.stores.request_pages import WORKBOOK_S, RequestId, desk_of, found_request
from serving.web.problems import Problem, not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking, Visitor
from vitrina.state.decisions import Decision
from vitrina.state.roles import Action
from vitrina.stores import deciding, resolving
from vitrina.stores.scenario import Scenario

router = guarded_router(tags=("stores",))

Reason = Annotated[str, Form(max_length=2000, description="Why, in words that others understand later.")]
After = Annotated[str, Form(max_length=100, description="Where the decisions stood when the page was made.")]
Known = Annotated[int, Form(ge=0, le=1_000_000_000, description="How many decisions there were then.")]
Fingerprint = Annotated[str, Form(max_length=100, description="Fingerprint of the clusters that were seen.")]
ClusterNumber = Annotated[int, Form(ge=1, le=1_000_000, description="Number of the cluster.")]
VersionNumber = Annotated[int, Form(alias="model", ge=1, le=1_000_000_000, description="The approved version.")]
StoreId = Annotated[str, Form(max_length=100, description="Identifier of the store.")]


@router.get("/stores/model", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def model_page(
    request: Request,
    visitor: Asking,
    text: Annotated[str, Query(alias="q", max_length=200)] = "",
    cluster: InCluster = "",
    recorded: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    """The approved model, its stores, and every decision."""
    service, version = service_of(request), visitor.view.find("stores")
    found = None if version is None else in_force(version)
    wanted = text.strip().casefold()
    decided = history(service.settings, version)
    approval = None if found is None else next((one for one in decided if _approves(one, found.version.version)), None)
    shown_stores = (
        []
        if found is None
        else [
            store
            for store in found.stores
            if (not cluster or store.cluster == int(cluster))
            and (wanted in store.store_id.casefold() or wanted in store.store_name.casefold())
        ]
    )
    return service.pages.render(
        request,
        "stores/model.html",
        version=version,
        found=found,
        approval=approval,
        versions=() if version is None else model_versions(version),
        decided=decided,
        stores=shown_stores,
        text=text.strip(),
        cluster=cluster,
        recorded=next((one for one in decided if one.id == recorded), None),
        naming=Naming(visitor.locale, service.settings.currency, (), {} if found is None else found.names),
        **_deciding(request, visitor),
    )


@router.get("/stores/model/stores/{store_id}", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def store_page(request: Request, visitor: Asking, store_id: Annotated[str, Path(max_length=100)]) -> HTMLResponse:
    """Where a store stands, what lies nearest, and where it may be moved."""
    service, version = service_of(request), visitor.view["stores"]
    found = in_force(version)
    if found is None:
        raise not_found("store of the approved model", store_id)
    store = found.store(store_id)
    alike = next((other for other in found.stores if other.store_id == store.nearest_store_id), None)
    decided = [one for one in history(service.settings, version) if one.store_id == store_id]
    return service.pages.render(
        request,
        "stores/model_store.html",
        version=version,
        found=found,
        store=store,
        alike=alike,
        decided=decided,
        naming=Naming(visitor.locale, service.settings.currency, catalogue_of(version, found.quarter), found.names),
        **_deciding(request, visitor),
    )


@router.post("/stores/requests/{request_id}/approve", response_class=HTMLResponse)
@needs(Action.DECIDE, "stores")
def approve(  # noqa: PLR0913  # what is approved, and what whoever approves has seen
    *,
    request: Request,
    visitor: Asking,
    request_id: RequestId,
    reason: Reason,
    fingerprint: Fingerprint,
    after: After = "",
    known: Known = 0,
    k: Annotated[int | None, Form(ge=1, le=500)] = None,
) -> Response:
    """Approve the clusters as the model that scores the quarters to come."""
    quarter, scenario = _seen(request, visitor, request_id, k, fingerprint)
    decision = deciding.approve(quarter, scenario, fingerprint, by=visitor.name, reason=reason, at=visitor.now)
    return _recorded(request, visitor, decision, Seen(after, known))


@router.post("/stores/requests/{request_id}/reject", response_class=HTMLResponse)
@needs(Action.DECIDE, "stores")
def reject(  # noqa: PLR0913  # as above
    *,
    request: Request,
    visitor: Asking,
    request_id: RequestId,
    reason: Reason,
    fingerprint: Fingerprint,
    after: After = "",
    known: Known = 0,
    k: Annotated[int | None, Form(ge=1, le=500)] = None,
) -> Response:
    """Note that the clusters were looked at and are not wanted."""
    quarter, scenario = _seen(request, visitor, request_id, k, fingerprint)
    decision = deciding.reject(quarter, scenario=scenario, fingerprint=fingerprint, by=visitor.name, reason=reason, at=visitor.now)
    return _recorded(request, visitor, decision, Seen(after, known))


@router.post("/stores/model/withdraw", response_class=HTMLResponse)
@needs(Action.DECIDE, "stores")
def withdraw(  # noqa: PLR0913  # as above
    *,
    request: Request,
    visitor: Asking,
    reason: Reason,
    version: VersionNumber,
    after: After = "",
    known: Known = 0,
) -> Response:
    """Withdraw an approved version."""
    model = next((one for one in model_versions(visitor.view["stores"]) if one.version == version), None)
    if model is None:
        raise not_found("approved version", version)
    decision = deciding.reject(model.quarter, version=version, by=visitor.name, reason=reason, at=visitor.now)
    return _recorded(request, visitor, decision, Seen(after, known))


@router.post("/stores/model/rename", response_class=HTMLResponse)
@needs(Action.DECIDE, "stores")
def rename(  # noqa: PLR0913  # what gets which name, and why
    *,
    request: Request,
    visitor: Asking,
    version: VersionNumber,
    cluster: ClusterNumber,
    name: Annotated[str, Form(max_length=1000)],
    reason: Reason,
    after: After = "",
    known: Known = 0,
) -> Response:
    """Give a cluster of the approved model another name."""
    stores = assignments_of(visitor.view["stores"], version)
    resolving.cluster_of(stores, str(cluster))
    about = stores[0]
    decision = deciding.rename(about.quarter, about.version, cluster, name, by=visitor.name, reason=reason, at=visitor.now)
    return _recorded(request, visitor, decision, Seen(after, known))


@router.post("/stores/model/move", response_class=HTMLResponse)
@needs(Action.DECIDE, "stores")
def move(  # noqa: PLR0913  # what moves where, and why
    *,
    request: Request,
    visitor: Asking,
    version: VersionNumber,
    store_id: StoreId,
    reason: Reason,
    cluster: Annotated[str, Form(max_length=9, pattern=r"^\d*$", description="Where to; empty to take a move back.")] = "",
    after: After = "",
    known: Known = 0,
) -> Response:
    """Move a store to another cluster of the approved model, or take such a move back."""
    decision = moved(visitor, version, store_id, int(cluster) if cluster else None, reason)
    return _recorded(request, visitor, decision, Seen(after, known))


def moved(visitor: Visitor, version: int | None, store_id: str, cluster: int | None, reason: str) -> Decision:
    """The decision to move a store, checked against where it stands.

    Raises
    ------
    DecisionError
        There is no such store or cluster, or it is there already.
    """
    stores = assignments_of(visitor.view["stores"], version)
    present = resolving.store_of(stores, store_id)
    target = None if cluster is None else resolving.cluster_of(stores, str(cluster))
    if target == present.cluster:
        raise deciding.DecisionError(f"The store {store_id} is in cluster {target} already.", "Nothing needs to be done.")
    return deciding.move(present.quarter, present.version, store_id, target, by=visitor.name, reason=reason, at=visitor.now)


def seen(request: Request, visitor: Visitor, request_id: str, k: int | None) -> tuple[Any, Scenario, str]:
    """Quarter, request and fingerprint of clusters that somebody decides about, as they are on the version in force.

    Raises
    ------
    Problem
        409: there is no answer, or what is published now gives another one.
    """
    desk, asked = desk_of(request), found_request(request, request_id)
    if asked.fingerprint is None:
        raise Problem(409, "This request has no answer to decide about.", "Wait for it, or ask again.", kind="unanswered")
    try:
        answer = desk.answer(asked, k, by=visitor.name, wait_s=WORKBOOK_S)
    except AnswerGoneError as error:
        raise Problem(409, error.problem, error.remedy, kind="changed-meanwhile") from error
    if answer is None:
        raise Problem(503, "The clusters are still being computed.", "Try again in a moment.", kind="busy")
    today = confirmed(desk, question_of(asked), answer, visitor.view["stores"], visitor.name)
    return today.quarter, Scenario.from_json(today.scenario), today.fingerprint


def _seen(request: Request, visitor: Visitor, request_id: str, k: int | None, fingerprint: str) -> tuple[Any, str]:
    quarter, scenario, found = seen(request, visitor, request_id, k)
    if found != fingerprint:
        raise Problem(
            409,
            "These are not the clusters that you have looked at.",
            "Load the page again, and decide about what it shows.",
            kind="changed-meanwhile",
        )
    return quarter, scenario.to_json()


def _recorded(request: Request, visitor: Visitor, decision: Decision, looked: Seen) -> Response:
    """Record a decision and show it; or what somebody else has decided in the meantime."""
    service = service_of(request)
    try:
        made = record(service.settings, decision, looked.after)
    except MeanwhileProblem as problem:
        return service.pages.render(
            request,
            "stores/meanwhile.html",
            status=problem.status,
            wanted=as_recorded(decision),
            decided=since(service.settings, looked.known),
            naming=Naming(visitor.locale, service.settings.currency),
        )
    return RedirectResponse(f"/stores/model?recorded={made.id}", status_code=303)


def _deciding(request: Request, visitor: Visitor) -> dict[str, Any]:
    decides = visitor.may(Action.DECIDE, "stores")
    return {"decides": decides, "looked": seen_now(service_of(request).settings) if decides else None}


def _approves(one: Decided, version: int) -> bool:
    return one.kind == "approve" and one.version == version
