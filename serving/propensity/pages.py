"""Propensity for people."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from fastapi import Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from serving.propensity import judging, pictures
from serving.propensity.client_list import Wanted, find
from serving.propensity.downloads import MOST_EXCEL_ROWS, as_optimiser_csv, as_workbook, optimiser_file, optimiser_files
from serving.propensity.effect_story import channel_costs, experiments
from serving.propensity.filling_in import ContactsAsked, ControlAsked, Filled, Form, MonthAsked, MonthPath, Offset
from serving.propensity.gains import gains
from serving.propensity.planning import MOST_MONTHS, outcomes, planned, reference
from serving.propensity.scored_months import ScoredMonth, chosen_month, horizon, scored_months, segments
from serving.web.drawing import Chart
from serving.web.guard import noted
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking
from vitrina.i18n import translator
from vitrina.propensity.reasons import DOMAIN, SEPARATOR
from vitrina.propensity.two_proportions import wilson
from vitrina.settings import Locale
from vitrina.state.roles import Action

PRODUCT = "propensity"
ROWS = 50
FIRST_ROWS = 10
CONTROL_SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)

router = guarded_router("/propensity", tags=(PRODUCT,))


@router.get("", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def month_page(
    request: Request,
    visitor: Asking,
    month: MonthAsked = None,
    contacts: ContactsAsked = None,
    control: ControlAsked = None,
) -> HTMLResponse:
    """The month: how many openings are expected, what a budget brings, the file for the optimiser."""
    version = visitor.view[PRODUCT]
    chosen = chosen_month(version, month)
    known = reference(version, chosen)
    top = None if known is None else known.at(chosen.top_clients / chosen.clients)
    return service_of(request).pages.render(
        request,
        "propensity/month.html",
        version=version,
        months=list(scored_months(version)),
        chosen=chosen,
        horizon=horizon(version),
        top=top,
        top_interval=None if top is None else wilson(round(top.came), top.clients),
        average=None if known is None else known.came[-1] / known.places[-1],
        promised=None if known is None else known.promised[-1] / known.places[-1],
        first=find(version, Wanted(chosen.month), FIRST_ROWS, 0).rows,
        files=[row for row in optimiser_files(version) if row["month"] == chosen.month],
        default_contacts=service_of(request).settings.propensity_contacts,
        rule_name=translator(visitor.locale, DOMAIN),
        separator=SEPARATOR,
        **_plan(request, version, chosen, contacts, control),
    )


@router.get("/plan", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT, versioned=True)
def plan_part(
    request: Request,
    visitor: Asking,
    month: MonthAsked = None,
    contacts: ContactsAsked = None,
    control: ControlAsked = None,
) -> HTMLResponse:
    """What a budget brings, as a part of the month's page."""
    version = visitor.view[PRODUCT]
    chosen = chosen_month(version, month)
    return service_of(request).pages.render(
        request,
        "propensity/plan.html",
        chosen=chosen,
        horizon=horizon(version),
        **_plan(request, version, chosen, contacts, control),
    )


@router.get("/list", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def list_page(
    request: Request,
    visitor: Asking,
    form: Filled,
    month: MonthAsked = None,
    offset: Offset = 0,
) -> HTMLResponse:
    """The month's clients, filtered, a page at a time."""
    version = visitor.view[PRODUCT]
    chosen = chosen_month(version, month)
    return service_of(request).pages.render(
        request,
        "propensity/list.html",
        months=list(scored_months(version)),
        segments=segments(version),
        **_clients(version, chosen, form, offset, visitor),
    )


@router.get("/list/rows", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT, versioned=True)
def list_part(request: Request, visitor: Asking, form: Filled, month: MonthAsked = None) -> HTMLResponse:
    """The first page of the clients, as a part of the page; the address in the browser follows the filter."""
    version = visitor.view[PRODUCT]
    chosen = chosen_month(version, month)
    answer = service_of(request).pages.render(request, "propensity/clients.html", **_clients(version, chosen, form, 0, visitor))
    answer.headers["HX-Replace-Url"] = f"/propensity/list?{form.address(month=chosen.month)}"
    return answer


@router.get("/list/{month}.csv", response_class=StreamingResponse)
@needs(Action.READ, PRODUCT, versioned=True)
def list_as_csv(request: Request, visitor: Asking, form: Filled, month: MonthPath) -> StreamingResponse:
    """The clients as the optimiser takes them."""
    version = visitor.view[PRODUCT]
    chosen = chosen_month(version, month)
    noted(request, filter=form.address())
    return as_optimiser_csv(version, chosen, form.of(chosen), service_of(request).settings)


@router.get("/list/{month}.xlsx", response_class=Response)
@needs(Action.READ, PRODUCT, versioned=True)
def list_as_workbook(request: Request, visitor: Asking, form: Filled, month: MonthPath) -> Response:
    """The clients with reasons, for Excel."""
    version = visitor.view[PRODUCT]
    chosen = chosen_month(version, month)
    noted(request, filter=form.address())
    return as_workbook(version, chosen, form.of(chosen), service_of(request).settings, visitor.locale)


@router.get("/files/{month}/{file_format}", response_class=StreamingResponse)
@needs(Action.READ, PRODUCT)
def file_for_the_optimiser(
    request: Request, visitor: Asking, month: MonthPath, file_format: Literal["csv", "parquet"]
) -> StreamingResponse:
    """The optimiser's file, as it was published."""
    return optimiser_file(visitor.view[PRODUCT], service_of(request).settings, month, file_format)


@router.get("/quality", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def quality_page(request: Request, visitor: Asking, month: MonthAsked = None) -> HTMLResponse:
    """How good past scores were, what has moved, and what checks said."""
    version, locale = visitor.view[PRODUCT], visitor.locale
    rows, drift = judging.quality(version), judging.drift(version)
    judged = sorted({row["month"] for row in rows if row["scorer"] == judging.SCORES}, reverse=True)
    chosen = month if month in judged else next(iter(judged), None)
    newest_drift = drift[0]["month"] if drift else None
    scored = next(iter(scored_months(version)), None) if version.has("mart_propensity_scores") else None
    return service_of(request).pages.render(
        request,
        "propensity/quality.html",
        version=version,
        judged=judged,
        chosen=chosen,
        of={(row["scorer"], row["measure"]): row for row in rows if row["month"] == chosen},
        gini=version.remembered(("gini", locale), lambda: pictures.gini_by_month(rows, locale)),
        calibration=None if chosen is None else _calibration(version, chosen, locale),
        by_month=[row for row in rows if row["scorer"] == judging.SCORES and row["measure"] == "calibration_in_the_large"],
        segments=[] if chosen is None else judging.segments_judged(version, chosen),
        drift=version.remembered(("drift", locale), lambda: pictures.moved(drift, locale)),
        drift_month=newest_drift,
        drifted=[row for row in drift if row["month"] == newest_drift and row["has_drifted"]],
        checks=judging.checks(version),
        model_month=scored,
        model=None if scored is None else judging.model_of(version, scored),
        feature_name=lambda row: pictures.feature_name(row, locale),
    )


@router.get("/effect", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def effect_page(request: Request, visitor: Asking) -> HTMLResponse:
    """What the offers have brought."""
    version, locale = visitor.view[PRODUCT], visitor.locale
    rows = judging.effects(version)
    return service_of(request).pages.render(
        request,
        "propensity/effect.html",
        version=version,
        months=sorted({row["month"] for row in rows}, reverse=True),
        experiments=experiments(rows),
        costs=channel_costs(rows),
        against_rule=version.remembered(("against rule", locale), lambda: pictures.top_against_rule(rows, locale)),
        top={row["measure"]: row for row in reversed(rows) if row["measure"].startswith("captured_")},
    )


def _calibration(version: Version, month: dt.date, locale: Locale) -> Chart | None:
    deciles = judging.deciles(version, month)
    return version.remembered(("calibration", month, locale), lambda: pictures.promised_and_came(deciles, month, locale))


def _plan(request: Request, version: Version, month: ScoredMonth, contacts: int | None, control: float | None) -> dict[str, Any]:
    found = planned(version, month, service_of(request).settings, contacts, control)
    known = reference(version, month)
    curve = None if known is None or found.plan is None else gains(outcomes(version), known, found.plan.listed / month.clients)
    shares = sorted({*CONTROL_SHARES, found.campaign.control_share})
    return {"found": found, "plan": found.plan, "curve": curve, "shares": shares, "most_months": MOST_MONTHS}


def _clients(version: Version, month: ScoredMonth, form: Form, offset: int, visitor: Asking) -> dict[str, Any]:
    wanted = form.of(month)
    return {
        "version": version,
        "chosen": month,
        "form": form,
        "wanted": wanted,
        "found": find(version, wanted, ROWS, offset),
        "offset": offset,
        "limit": ROWS,
        "most_excel_rows": MOST_EXCEL_ROWS,
        "reason": f"reason_{visitor.locale}",
        "separator": SEPARATOR,
        "rule_name": translator(visitor.locale, DOMAIN),
    }
