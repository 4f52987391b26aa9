"""The page on which clusters are asked for."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.stores.answers import Known
from serving.stores.asking import ask
from serving.stores.asking_form import AskForm, Choices, choices
from serving.stores.naming import Naming
from serving.stores.overview_pages import Quarter
from serving.stores.published import features_of, quarters_with_features
from serving.stores.request_pages import desk_of, found_request
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking, Visitor
from vitrina.errors import ScenarioError
from vitrina.settings import Locale
from vitrina.state.roles import Action
from vitrina.stores.scenario import Scenario

router = guarded_router(tags=("stores",))


@router.get("/stores/new", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def form(
    request: Request,
    visitor: Asking,
    quarter: Quarter = None,
    like: Annotated[str, Query(max_length=40, description="A request to begin with.")] = "",
) -> HTMLResponse:
    """The form, as usual or as somebody has filled it in before."""
    service, version = service_of(request), visitor.view.find("stores")
    if version is None:
        return service.pages.render(request, "stores/nothing.html", current="new")
    if like:
        before = found_request(request, like)
        filled = AskForm.of(Scenario.from_json(before.scenario), quarter or before.quarter, before.title)
    else:
        filled = _usual(version, quarter)
    return _page(request, visitor, version, filled)


@router.get("/stores/new/choices", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def form_choices(request: Request, visitor: Asking, quarter: dt.date) -> HTMLResponse:
    """What another quarter has to choose from."""
    service, version = service_of(request), visitor.view["stores"]
    return service.pages.render(
        request,
        "stores/new_choices.html",
        filled=_usual(version, quarter),
        choices=_choices(version, quarter, visitor.locale, service.settings.currency),
    )


@router.post("/stores/requests", response_class=HTMLResponse)
@needs(Action.READ, "stores")
def send(request: Request, visitor: Asking, filled: Annotated[AskForm, Form()]) -> Response:
    """Take a request; what cannot be answered is told beside the form as it was filled in."""
    version = visitor.view["stores"]
    try:
        scenario = filled.scenario(features_of(version, filled.quarter)[0])
        made = ask(desk_of(request), visitor, quarter=filled.quarter, scenario=scenario, title=filled.title)
    except ScenarioError as error:
        return _page(request, visitor, version, filled, error)
    return RedirectResponse(f"/stores/requests/{made.id}", status_code=303)


def _usual(version: Version, quarter: dt.date | None) -> AskForm:
    """The usual request, of all formats where the usual one is not there."""
    known = quarters_with_features(version)
    if not known:
        raise ScenarioError("No quarter has features yet.", "Deliver the sales of a whole quarter, then `make run`.")
    chosen = quarter if quarter in known else known[0]
    there = set(features_of(version, chosen)[0].get_column("format").str.to_lowercase())
    usual = Scenario()
    return AskForm.of(usual if set(usual.formats) <= there else Scenario(formats=()), chosen)


def _page(
    request: Request, visitor: Visitor, version: Version, filled: AskForm, error: ScenarioError | None = None
) -> HTMLResponse:
    service, locale = service_of(request), visitor.locale
    known = quarters_with_features(version)
    chosen = filled.quarter if filled.quarter in known else known[0]
    naming = Naming(locale, service.settings.currency)
    return service.pages.render(
        request,
        "stores/new.html",
        status=200 if error is None else 422,
        version=version,
        filled=filled,
        error=error,
        naming=naming,
        quarters=known,
        chosen=chosen,
        choices=_choices(version, chosen, locale, service.settings.currency),
        usual=Scenario(),
    )


def _choices(version: Version, quarter: dt.date, locale: Locale, currency: str) -> Choices:
    def read() -> Choices:
        features, catalogue = features_of(version, quarter)
        known = tuple(Known(*row) for row in catalogue.select("feature", "family", "label", "unit").unique().iter_rows())
        return choices(features, catalogue, Naming(locale, currency, known))

    return version.remembered(("choices", quarter, locale), read)
