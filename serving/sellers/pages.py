"""Pages of stores and sellers, by day and hour."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse

from serving.sellers import days as reading
from serving.sellers.day_charts import days_chart, hours_chart, seller_hours_chart
from serving.sellers.days import SellerDay, Wanted, hours, whole_and_sellers
from serving.sellers.footage import footage_of_day
from serving.sellers.interactions import consultations_by_hour, unnamed_and_all
from serving.sellers.opening import PRODUCT, AnyDay, StoreDay, StoreName, opened
from serving.sellers.reports import report_row
from serving.sellers.stores import Store, stores
from serving.sellers.telling import LEAST_SEEN, WELL_SEEN, Telling
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking
from vitrina.sellers import metrics as m
from vitrina.sellers.tables import NAME_LENGTH
from vitrina.state.roles import Action

router = guarded_router()

PERIOD = 28
PERIODS = (7, 28, 90)
STORES_ON_A_PAGE = 50
OVER_DAYS = (
    m.INTERACTION_RATIO,
    m.INTERACTIONS,
    m.SUCCESSFUL,
    m.WITH_CONSULTATION,
    m.WITHOUT_CONSULTATION,
    m.PRESENT_S,
    m.IDLE_S,
    m.WAITING_UNSERVED,
)
OF_A_SELLER = tuple(metric for metric in OVER_DAYS if m.BY_NAME[metric].refused_per_seller is None)
AT_A_GLANCE = (m.CUSTOMERS_PRESENT, m.INTERACTION_RATIO, m.INTERACTIONS, m.SUCCESSFUL)
FIGURES = (m.CUSTOMERS_PRESENT, m.INTERACTION_RATIO, m.INTERACTIONS, m.SUCCESSFUL, m.WAITING_UNSERVED)

MetricName = Annotated[str, Query(max_length=60, description="What is drawn over days.")]


@router.get("/sellers", response_class=HTMLResponse)
@needs(Action.READ, "sellers")
def stores_page(request: Request, visitor: Asking, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0) -> HTMLResponse:
    """How each store did on its latest day."""
    version = visitor.view[PRODUCT]
    seen = stores(version, visitor.parts(PRODUCT))
    settings = service_of(request).settings
    shown = [
        _at_a_glance(store, Telling(visitor.locale, settings.currency, store.zone), visitor.now)
        for store in seen[offset : offset + STORES_ON_A_PAGE]
    ]
    return service_of(request).pages.render(
        request,
        "sellers/stores.html",
        version=version,
        stores=shown,
        n_stores=len(seen),
        n_silent=sum(store.latest is None or store.latest.refused for store in seen),
        n_cameras=sum(len(store.cameras) for store in seen),
        n_poor=sum(len(store.poor_cameras) for store in seen),
        offset=offset,
        limit=STORES_ON_A_PAGE,
        may_deliver=visitor.may(Action.DELIVER, PRODUCT),
    )


def _at_a_glance(store: Store, telling: Telling, now: dt.datetime) -> dict[str, Any]:
    latest = store.latest
    yesterday = now.astimezone(store.zone).date() - dt.timedelta(days=1)
    return {
        "store": store,
        "telling": telling,
        "is_yesterday": latest is not None and latest.day == yesterday,
        "numbers": {} if latest is None else {metric: telling.number(metric, latest.number(metric)) for metric in AT_A_GLANCE},
    }


@router.get("/sellers/stores/{store}", response_class=HTMLResponse)
@needs(Action.READ, "sellers", part="store")
def day_page(
    request: Request, visitor: Asking, store: StoreName, day: AnyDay = None, metric: MetricName = m.INTERACTION_RATIO
) -> HTMLResponse:
    """A store's day: what came of it, hour by hour and seller by seller."""
    page = opened(request, visitor, store, day)
    drawn = metric if metric in OVER_DAYS else m.INTERACTION_RATIO
    return page.render("sellers/day.html", "day", **told_of_day(page.shown, drawn))


def told_of_day(of: StoreDay, metric: str = m.INTERACTION_RATIO) -> dict[str, Any]:
    """Everything that stands on the page of a day, with a metric over the days before; found once per version."""
    key = ("day page", of.store.store_id, of.day, of.telling.locale, metric)
    return of.version.remembered(key, lambda: _told_of_day(of, metric))


def _told_of_day(of: StoreDay, metric: str) -> dict[str, Any]:
    telling, version, store, shown = of.telling, of.version, of.store.store_id, of.day
    whole, sellers = whole_and_sellers(version, store, shown)
    by_hour = hours(version, store, shown)
    unnamed, consultations = unnamed_and_all(version, store, shown)
    return {
        "whole": whole,
        "numbers": {} if whole is None else {name: telling.number(name, whole.number(name)) for name in m.BY_NAME},
        "warnings": _warnings(of, whole, by_hour),
        "figures": FIGURES,
        "refusals": [] if whole is None else _refusals(whole, telling),
        "sellers": [_seller_row(one, telling) for one in sellers],
        "together": None if whole is None else _seller_row(whole, telling),
        "difference_is_sure": whole is not None and _is_sure(whole.number(m.DIFFERENCE)),
        "unnamed": unnamed,
        "consultations": consultations,
        "hours": hours_chart(by_hour, telling) if by_hour else None,
        "over_days": _over_days(of, "", metric, PERIOD),
        "metric": metric,
        "metrics": [(name, telling.name(name)) for name in OVER_DAYS],
        "meanings": [(telling.name(one.name), telling.meaning(one.name)) for one in m.METRICS],
        "report": report_row(version, store, shown, telling.locale) is not None,
    }


def _warnings(of: StoreDay, whole: SellerDay | None, by_hour: list[dict[str, Any]]) -> dict[str, Any]:
    """What has to be known before any number is read: nothing, little or not every hour could be seen, and by which camera."""
    cameras = footage_of_day(of.version, of.store.store_id, of.day)
    # one reason for all of a day's numbers stands once
    reasons = (
        {}
        if whole is None or not whole.refused
        else dict.fromkeys(number.refused for number in whole.numbers.values() if number.refused)
    )
    shop_wide = {metric.refused_per_seller for metric in m.METRICS}
    return {
        "none": whole is None or whole.refused,
        "reasons": [of.telling.reason(why) for why in reasons if why not in shop_wide],
        "coverage": None if whole is None else whole.coverage,
        "poor": whole is not None and whole.coverage < WELL_SEEN,
        "unseen_hours": [(row["hour"], of.telling.reason(row["refused"])) for row in by_hour if row["refused"]],
        "pale_hours": sum(row["refused"] is None and row["share_seen"] < LEAST_SEEN for row in by_hour),
        "cameras": [(row["camera_id"], of.telling.reason(row["worst_reason"])) for row in cameras if row["worst"]],
    }


def _refusals(whole: SellerDay, telling: Telling) -> list[dict[str, Any]]:
    """Each reason once, with the numbers that it stands for and what to do about it."""
    found: dict[str, dict[str, Any]] = {}
    for name, number in whole.numbers.items():
        if number.value is None:
            told = telling.number(name, number)
            found.setdefault(told.why, {"why": told.why, "remedy": told.remedy, "names": []})["names"].append(told.name)
    return list(found.values())


def _is_sure(difference: Any) -> bool:
    return difference.low is not None and difference.high is not None and not difference.low <= 0 <= difference.high


def _seller_row(one: SellerDay, telling: Telling) -> dict[str, Any]:
    present, idle = one.number(m.PRESENT_S), one.number(m.IDLE_S)
    return {
        "seller": one.seller_id,
        "coverage": one.coverage,
        "numbers": {name: telling.number(name, one.number(name)) for name in m.BY_NAME},
        "receipts_with": telling.receipts(one.number(m.WITH_CONSULTATION)),
        "receipts_without": telling.receipts(one.number(m.WITHOUT_CONSULTATION)),
        "refused": _one_reason(one, telling),
        "idle_share": None if not present.value or idle.value is None else idle.value / present.value,
    }


def _one_reason(one: SellerDay, telling: Telling) -> str:
    """Why a day has no number at all, where that is one reason for all; empty where there are numbers."""
    shop_wide = {metric.refused_per_seller for metric in m.METRICS}
    reasons = {number.refused for number in one.numbers.values()} - shop_wide
    return telling.reason(reasons.pop()) if one.refused and len(reasons) == 1 else ""


def _over_days(of: StoreDay, seller: str, metric: str, period: int) -> Any:
    """The period up to the day that is shown, as a chart; None where it has no number."""
    last = of.day
    first = last - dt.timedelta(days=period - 1)
    found = reading.days(of.version, Wanted(of.store.store_id, first, last, seller)) if of.version.has(reading.DAILY) else []
    if all(one.number(metric).value is None for one in found):
        return None
    telling = of.telling.of_a_seller if seller else of.telling
    return days_chart(found, metric, max(first, min(one.day for one in found)), last, telling)


@router.get("/sellers/stores/{store}/sellers/{seller:path}", response_class=HTMLResponse)
@needs(Action.READ, "sellers", part="store")
def seller_page(  # noqa: PLR0913, PLR0917  # what is shown of whom
    request: Request,
    visitor: Asking,
    store: StoreName,
    seller: Annotated[str, Path(min_length=1, max_length=NAME_LENGTH, description="Seller, as the shifts name them.")],
    day: AnyDay = None,
    metric: MetricName = m.INTERACTIONS,
    period: Annotated[int, Query(ge=1, le=400, description="Days up to that one.")] = PERIOD,
) -> HTMLResponse:
    """A seller over days, and the hours of one."""
    page = opened(request, visitor, store, day)
    page.version.require(reading.DAILY)
    if seller not in reading.sellers_of(page.version, store):
        raise not_found("seller", seller)
    drawn = metric if metric in OF_A_SELLER else m.INTERACTIONS
    key = ("seller page", store, seller, page.day, period, visitor.locale, drawn)
    return page.render(
        "sellers/seller.html", "day", **page.version.remembered(key, lambda: _days_of_a_seller(page.shown, seller, drawn, period))
    )


def _days_of_a_seller(of: StoreDay, seller: str, metric: str, period: int) -> dict[str, Any]:
    """Everything that stands on the page of a seller."""
    telling, version, store = of.telling.of_a_seller, of.version, of.store.store_id
    found = reading.days(version, Wanted(store, of.day - dt.timedelta(days=period - 1), of.day, seller))
    by_hour = consultations_by_hour(version, store, of.day, seller, of.store.clock)
    rows = [(one.day, _seller_row(one, telling)) for one in found]
    return {
        "seller": seller,
        "rows": rows,
        "today": next((row for day, row in rows if day == of.day), None),
        "totals": _totals(found, telling),
        "chart": _over_days(of, seller, metric, period),
        "hours": seller_hours_chart(by_hour, hours(version, store, of.day), telling) if by_hour else None,
        "metric": metric,
        "metrics": [(name, telling.name(name)) for name in OF_A_SELLER],
        "period": period,
        "periods": sorted({*PERIODS, period}),
        "figures": (m.INTERACTIONS, m.INTERACTION_RATIO, m.SUCCESSFUL, m.WITH_CONSULTATION, m.PRESENT_S, m.IDLE_S),
    }


def _totals(found: list[SellerDay], telling: Telling) -> dict[str, str | int]:
    """Sums over the days whose numbers can be told, and on how many they rest."""
    told = [one for one in found if one.number(m.INTERACTIONS).value is not None]
    values = {metric: [one.number(metric).value for one in told] for metric in (m.INTERACTIONS, m.SUCCESSFUL, m.PRESENT_S)}
    sums = {metric: sum(value for value in given if value is not None) for metric, given in values.items()}
    receipts_known = all(value is not None for value in values[m.SUCCESSFUL]) and bool(told)
    return {
        "days": len(found),
        "told": len(told),
        "interactions": telling.wording.whole(sums[m.INTERACTIONS]),
        "successful": telling.wording.whole(sums[m.SUCCESSFUL]) if receipts_known else "",
        "present": telling.wording.duration(sums[m.PRESENT_S]),
    }
