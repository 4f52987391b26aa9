"""From what a program sends to a decision, checked as the pages check it."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request

from serving.stores.api_models import DecisionIn
from serving.stores.approved import assignments_of, model_versions
from serving.stores.decision_pages import moved, seen
from serving.web.problems import Problem, not_found
from serving.web.visitors import Visitor
from vitrina.state.decisions import Decision
from vitrina.stores import deciding, resolving

T = TypeVar("T")


def decision_of(request: Request, visitor: Visitor, asked: DecisionIn) -> Decision:
    """The decision that was meant.

    Raises
    ------
    Problem, DecisionError
        It does not say what it must, names what is not there, or is about clusters that have changed.
    """
    if asked.kind in {"approve", "reject"}:
        return _about_request(request, visitor, asked)
    if asked.kind == "rename":
        cluster, name = _given("cluster", asked.cluster), _given("name", asked.name)
        stores = assignments_of(visitor.view["stores"], asked.version)
        resolving.cluster_of(stores, str(cluster))
        about = stores[0]
        return deciding.rename(about.quarter, about.version, cluster, name, by=visitor.name, reason=asked.reason, at=visitor.now)
    return moved(visitor, asked.version, _given("store_id", asked.store_id), asked.cluster, asked.reason)


def _about_request(request: Request, visitor: Visitor, asked: DecisionIn) -> Decision:
    if asked.kind == "reject" and asked.version is not None and asked.request_id is None:
        model = next((one for one in model_versions(visitor.view["stores"]) if one.version == asked.version), None)
        if model is None:
            raise not_found("approved version", asked.version)
        return deciding.reject(model.quarter, version=asked.version, by=visitor.name, reason=asked.reason, at=visitor.now)
    quarter, scenario, fingerprint = seen(request, visitor, _given("request_id", asked.request_id), asked.k)
    if fingerprint != _given("fingerprint", asked.fingerprint):
        raise Problem(
            409,
            f"The clusters are {fingerprint}, not those that you have looked at.",
            "Look at the request again, and decide about what it shows.",
            kind="changed-meanwhile",
        )
    decide = deciding.approve if asked.kind == "approve" else deciding.reject
    return decide(
        quarter,
        scenario=scenario.to_json(),
        fingerprint=fingerprint,
        by=visitor.name,
        reason=asked.reason,
        at=visitor.now,
    )


def _given(name: str, value: T | None) -> T:
    if value is None:
        raise deciding.DecisionError(f"The {name} is missing.", f"Give {name}: this kind of decision needs it.")
    return value
