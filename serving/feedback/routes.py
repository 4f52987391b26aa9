"""What people say of a result: a rating and a comment, which enter the graph like any decision."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Form, Path, Request
from fastapi.responses import HTMLResponse

from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs, signed_in
from serving.web.service import Service, service_of
from serving.web.visitors import Asking
from vitrina.feedback.rating import rate
from vitrina.feedback.tables import FEEDBACK
from vitrina.settings import PRODUCTS
from vitrina.state.cluster_requests import ClusterRequests
from vitrina.state.roles import Action
from vitrina.state.store import DecisionStore

router = guarded_router()

MOST_COMMENTS = 200

_PAGES = """
    SELECT about, page, count(*) AS ratings, avg(rating) AS mean, median(minutes_to_report) AS minutes, max(made_at) AS latest
    FROM mart_feedback WHERE about IN (SELECT unnest($about::VARCHAR[])) GROUP BY ALL ORDER BY about, page
"""
_COMMENTS = """
    SELECT made_at, about, page, subject, rating, comment FROM mart_feedback
    WHERE about IN (SELECT unnest($about::VARCHAR[])) AND comment <> '' ORDER BY made_at DESC, feedback_id LIMIT $most
"""


@router.get("/feedback", response_class=HTMLResponse)
@signed_in()
def feedback(request: Request, visitor: Asking) -> HTMLResponse:
    """What people said of the products whose decisions the visitor makes."""
    about = [product for product in PRODUCTS if visitor.may_all(Action.DECIDE, product)]
    version = visitor.view.find(FEEDBACK)
    pages, comments = [], []
    if version is not None and version.has("mart_feedback"):
        pages = version.rows(_PAGES, {"about": about})
        comments = version.rows(_COMMENTS, {"about": about, "most": MOST_COMMENTS})
    return service_of(request).pages.render(
        request, "feedback/index.html", about=about, version=version, rated=pages, comments=comments
    )


@router.post("/feedback/{product}", response_class=HTMLResponse)
@needs(Action.READ, "{product}")
def give_feedback(  # noqa: PLR0913, PLR0917  # the fields of a form
    request: Request,
    visitor: Asking,
    product: Annotated[str, Path(max_length=40)],
    page: Annotated[str, Form(max_length=60)],
    rating: Annotated[int, Form(ge=1, le=5)],
    comment: Annotated[str, Form(max_length=4000)] = "",
    subject: Annotated[str, Form(max_length=200)] = "",
) -> HTMLResponse:
    """Take a rating and a comment."""
    if product not in PRODUCTS:
        raise not_found("product", product)
    service = service_of(request)
    version = visitor.view.find(product)
    requested_at, reported_at = _times(service, product, subject)
    DecisionStore(service.settings).record(
        [
            rate(
                product,
                page,
                rating,
                by=visitor.name,
                comment=comment,
                subject=subject,
                published_version=None if version is None else version.name,
                requested_at=requested_at,
                reported_at=reported_at,
                at=visitor.now,
            )
        ]
    )
    return service.pages.render(request, "feedback/thanks.html")


def _times(service: Service, product: str, subject: str) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When a result was asked for and when it was there: of what is computed on request, as we know it ourselves."""
    found = ClusterRequests(service.database).find(subject) if product == "stores" and subject else None
    return (None, None) if found is None else (found.made_at, found.finished_at)
