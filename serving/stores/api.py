"""Clusters of stores for programs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import FileResponse

from serving.stores.answers import Answer
from serving.stores.api_models import (
    AnswerOut,
    DecisionIn,
    DecisionOut,
    ProfileOut,
    QuarterOut,
    RequestIn,
    RequestOut,
    SeenOut,
    StoreOut,
)
from serving.stores.asking import ask
from serving.stores.deciding_for import decision_of
from serving.stores.decisions import as_recorded, history, record, seen_now
from serving.stores.excel import EXCEL, workbook_answer
from serving.stores.published import Basis, published_answer, quarter_of, quarters
from serving.stores.request_pages import SOON_S, WORKBOOK_S, desk_of, found_request
from serving.web.paging import Asked, Listed
from serving.web.problems import Problem, responses
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking, Visitor
from vitrina.settings import Locale
from vitrina.state.cluster_requests import ClusterRequest
from vitrina.state.roles import Action

router = guarded_router(tags=("stores",))

LONGEST_WAIT_S = 20

Quarter = Annotated[dt.date | None, Query(description="First day of the quarter; without it the newest.", examples=["2026-07-01"])]
By = Annotated[Basis, Query(alias="by", description="The quarter's own grouping, or the approved model's.")]
RequestId = Annotated[
    str, Path(max_length=40, description="Identifier of the request.", examples=["5f0c6f3a9d3b4c0f8a57c1f0e2b9d6aa"])
]
K = Annotated[int | None, Query(ge=1, le=500, description="Number of clusters; without it the request's own.")]


@router.get("/api/v1/stores/quarters")
@needs(Action.READ, "stores", versioned=True)
def list_quarters(visitor: Asking, page: Asked) -> Listed[QuarterOut]:
    """Quarters that have clusters, the newest first."""
    version = visitor.view["stores"]
    found = quarters(version)
    items = [QuarterOut.of(one) for one in found[page.offset : page.offset + page.limit]]
    return page.listed(items, len(found), version.name)


@router.get("/api/v1/stores/clusters")
@needs(Action.READ, "stores", versioned=True)
def list_members(visitor: Asking, page: Asked, quarter: Quarter = None, basis: By = Basis.OWN) -> Listed[StoreOut]:
    """The stores of a published quarter with their clusters."""
    version = visitor.view["stores"]
    return _stores(published_answer(version, quarter_of(version, quarter), basis), page, version.name)


@router.get("/api/v1/stores/profile")
@needs(Action.READ, "stores", versioned=True)
def list_profile(visitor: Asking, page: Asked, quarter: Quarter = None, basis: By = Basis.OWN) -> Listed[ProfileOut]:
    """What each published cluster is like, feature by feature."""
    version = visitor.view["stores"]
    answer = published_answer(version, quarter_of(version, quarter), basis)
    numbers = [one.cluster for one in answer.clusters]
    found = [
        ProfileOut(
            cluster=number,
            feature=row.feature,
            role=row.role,
            mean=mean,
            network_mean=row.network_mean,
            z=z,
            eta_squared=row.eta_squared,
        )
        for row in answer.profile
        for number, mean, z in zip(numbers, row.means, row.zs, strict=True)
    ]
    return page.listed(found[page.offset : page.offset + page.limit], len(found), version.name)


@router.post("/api/v1/stores/requests", status_code=201)
@needs(Action.READ, "stores")
def make_request(request: Request, visitor: Asking, asked: RequestIn) -> RequestOut:
    """Ask for clusters; the answer is there within seconds, see `GET /api/v1/stores/requests/{request_id}`."""
    made = ask(desk_of(request), visitor, quarter=asked.quarter, scenario=asked.scenario.scenario(), title=asked.title)
    return RequestOut.of(made)


@router.get("/api/v1/stores/requests")
@needs(Action.READ, "stores")
def list_requests(request: Request, visitor: Asking, page: Asked) -> Listed[RequestOut]:
    """Everybody's requests, the newest first."""
    requests = desk_of(request).requests
    items = [RequestOut.of(one) for one in requests.latest(page.limit, skip=page.offset)]
    version = visitor.view.find("stores")
    return page.listed(items, requests.count(), "" if version is None else version.name)


@router.get("/api/v1/stores/requests/{request_id}")
@needs(Action.READ, "stores")
def get_request(
    request: Request,
    visitor: Asking,
    request_id: RequestId,
    k: K = None,
    wait_s: Annotated[int, Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for an answer that is not there yet.")] = 0,
) -> AnswerOut:
    """A request: how far it has got, or its answer with the table of k."""
    desk, asked = desk_of(request), found_request(request, request_id)
    if asked.finished_at is None and wait_s:
        asked = desk.wait_for(asked, by=visitor.name, wait_s=wait_s)
    if asked.finished_at is None:
        progress = desk.progress(asked, visitor.now)
        if progress is not None:
            return AnswerOut(**RequestOut.of(asked).model_dump(), stage=progress.stage, ahead=progress.ahead)
        asked = found_request(request, request_id)
    if asked.fingerprint is None:
        return AnswerOut(**RequestOut.of(asked).model_dump())
    return AnswerOut.answered(asked, _answer(request, visitor, asked, k))


@router.get("/api/v1/stores/requests/{request_id}/members")
@needs(Action.READ, "stores")
def list_request_members(request: Request, visitor: Asking, page: Asked, request_id: RequestId, k: K = None) -> Listed[StoreOut]:
    """The stores of an answer with their clusters."""
    asked = _finished(request, request_id)
    return _stores(_answer(request, visitor, asked, k), page, asked.published_version)


@router.get(
    "/api/v1/stores/requests/{request_id}/report.xlsx",
    response_class=FileResponse,
    responses={200: {"description": "The workbook.", "content": {EXCEL: {}}}, **responses(409)},
)
@needs(Action.READ, "stores")
def get_report(
    request: Request,
    visitor: Asking,
    request_id: RequestId,
    k: K = None,
    language: Annotated[Locale | None, Query(description="Language; without it the caller's.")] = None,
) -> FileResponse:
    """The Excel report of an answer."""
    asked, locale = _finished(request, request_id), language or visitor.locale
    path = desk_of(request).workbook(asked, k, locale, by=visitor.name, wait_s=WORKBOOK_S)
    return workbook_answer(path, asked, k, locale)


@router.get("/api/v1/stores/decisions")
@needs(Action.READ, "stores")
def list_decisions(request: Request, visitor: Asking, page: Asked) -> Listed[DecisionOut]:
    """Every decision, the newest first."""
    version = visitor.view.find("stores")
    found = history(service_of(request).settings, version)
    items = [DecisionOut.of(one) for one in found[page.offset : page.offset + page.limit]]
    return page.listed(items, len(found), "" if version is None else version.name)


@router.get("/api/v1/stores/decisions/seen")
@needs(Action.READ, "stores")
def get_seen(request: Request) -> SeenOut:
    """Where the decisions stand: give `after` back with the next one, and nobody is overruled who decided in between."""
    return SeenOut.model_validate(vars(seen_now(service_of(request).settings)))


@router.post("/api/v1/stores/decisions", status_code=201, responses=responses(409))
@needs(Action.DECIDE, "stores")
def make_decision(request: Request, visitor: Asking, asked: DecisionIn) -> DecisionOut:
    """Approve or reject a request, withdraw a version, rename a cluster, move a store; the graph takes it in with its next run."""
    decision = record(service_of(request).settings, decision_of(request, visitor, asked), asked.after)
    return DecisionOut.of(as_recorded(decision))


def _stores(answer: Answer, page: Asked, version: str) -> Listed[StoreOut]:
    names = {one.cluster: one.name for one in answer.clusters}
    items = [StoreOut.of(store, names) for store in answer.stores[page.offset : page.offset + page.limit]]
    return page.listed(items, len(answer.stores), version)


def _finished(request: Request, request_id: str) -> ClusterRequest:
    asked = found_request(request, request_id)
    if asked.fingerprint is None:
        raise Problem(409, "This request has no answer.", "Wait for it, or ask again.", kind="unanswered")
    return asked


def _answer(request: Request, visitor: Visitor, asked: ClusterRequest, k: int | None) -> Answer:
    answer = desk_of(request).answer(asked, k, by=visitor.name, wait_s=SOON_S)
    if answer is None:
        raise Problem(503, "The clusters are still being computed.", "Try again in a moment.", kind="busy")
    return answer
